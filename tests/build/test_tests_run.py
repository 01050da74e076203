"""``codebuild-tests-run``: shards share files out, with this machine's shells and busybox."""

import shutil
import subprocess

import pytest

from cicd.build.shell.tests_run import TESTS_RUN

APPLETS = ("sh", "sed", "sort", "sha256sum", "cut", "tr", "printf", "seq", "cat", "test")
SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]


@pytest.fixture(params=SHELLS)
def run(request, tmp_path):
    """Run it as one shard of several; gives status, output and errors."""
    (tmp_path / "codebuild-tests-run").write_text(TESTS_RUN)
    path, shell = "/usr/bin:/bin", request.param
    if shell == "busybox":
        for applet in APPLETS:
            (tmp_path / applet).symlink_to(shutil.which("busybox"))
        path, shell = str(tmp_path), tmp_path / "sh"

    def run(*words, shard=None, shards=None):
        environment = {"PATH": path}
        if shards is not None:
            environment |= {
                "CICD_FANOUT_SHARD": str(shard),
                "CICD_FANOUT_PARALLELISM": str(shards),
            }
        done = subprocess.run(
            [shell, tmp_path / "codebuild-tests-run", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def parts(run, search, shards, *words):
    """What each shard gets."""
    found = []
    for shard in range(1, shards + 1):
        status, out, said = run(
            "--files-search",
            search,
            "--test-command",
            r"printf '%s\n'",
            *words,
            shard=shard,
            shards=shards,
        )
        assert (0, "") == (status, said)
        found.append([] if "no test files" in out else out.splitlines())
    return found


@pytest.mark.parametrize(("count", "shards"), [(7, 3), (6, 3), (2, 4), (1, 1)])
def test_equal_distribution_gives_contiguous_parts_that_differ_by_one_at_most(run, count, shards):
    names = sorted(str(n) for n in range(1, count + 1))
    found = parts(run, f"seq 1 {count}", shards)
    assert names == [name for part in found for name in part]
    sizes = [len(part) for part in found]
    assert max(sizes) - min(sizes) <= 1


def test_names_are_sorted_and_kept_whole(run):
    search = r"""printf "b c\nit's\n\na\n" """
    assert [["a", "b c"], ["it's"]] == parts(run, search, 2)


def test_stability_shares_out_all_and_a_new_file_moves_no_other(run):
    words = ("--sharding-strategy", "stability")
    before = parts(run, "seq 1 40", 3, *words)
    assert sorted(str(n) for n in range(1, 41)) == sorted(name for part in before for name in part)
    assert all(before)
    after = parts(run, "seq 1 41", 3, *words)
    assert before == [[name for name in part if name != "41"] for part in after]


def test_a_shard_more_moves_only_what_it_gets(run):
    words = ("--sharding-strategy=stability",)
    three, four = parts(run, "seq 1 40", 3, *words), parts(run, "seq 1 40", 4, *words)
    for before, after in zip(three, four, strict=False):
        assert set(after) <= set(before)


def test_the_list_is_for_the_test_command_that_reads_it_itself(run):
    status, out, _ = run(
        "--files-search=seq 1 3", '--test-command=echo "$CODEBUILD_CURRENT_SHARD_FILES" | cat'
    )
    assert (0, "1\n2\n3\n") == (status, out)


def test_outside_a_fan_out_there_is_one_shard_with_all(run):
    status, out, _ = run("--files-search", "seq 1 3", "--test-command", "echo")
    assert (0, "1 2 3\n") == (status, out)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((), 2),
        (("--test-command", "echo"), 2),
        (("--files-search", "seq 1", "--test-command"), 2),
        (("--files-search", "seq 1", "--test-command", "echo", "--sharding-strategy", "x"), 2),
        (("--files-search", "exit 5", "--test-command", "echo"), 5),
        (("--files-search", "seq 1", "--test-command", "exit 7;"), 7),
        (("--files-search", ":", "--test-command", "exit 7;"), 0),
    ],
)
def test_its_exit_status(run, words, status):
    assert status == run(*words)[0]
