"""The commands on a build's PATH, with the tools of this machine and with busybox alone."""

import hashlib
import shutil
import subprocess

import pytest

from cicd.build.shell.commands import SHELL_COMMANDS

APPLETS = ("sh", "sed", "grep", "sort", "find", "sha256sum", "cut")
TOOLS = [name for name in ("machine", "busybox") if name == "machine" or shutil.which(name)]


@pytest.fixture(params=TOOLS)
def run(request, tmp_path):
    """Run one of the commands in a source with files in it; gives status, output and errors."""
    commands, source = tmp_path / "bin", tmp_path / "src"
    commands.mkdir()
    for name, text in SHELL_COMMANDS.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    path = f"{commands}:/usr/bin:/bin"
    shell = "sh" if request.param == "machine" else commands / "sh"
    if request.param == "busybox":
        for applet in APPLETS:
            (commands / applet).symlink_to(shutil.which("busybox"))
        path = str(commands)
    for file in ("a.py", "b+c.py", "d/a.py", "d/e/test_a.py", "d/e/f g.txt", ".git/config"):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_text(file)
    environment = {"PATH": path, "CODEBUILD_SRC_DIR": str(source)}

    def run(*words, directory=source):
        done = subprocess.run(
            [shell, commands / words[0], *words[1:]],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (["*.py"], ["a.py", "b+c.py"]),
        (["**/*.py"], ["a.py", "b+c.py", "d/a.py", "d/e/test_a.py"]),
        (["./d/?.py"], ["d/a.py"]),
        (["d/**"], ["d/a.py", "d/e/f g.txt", "d/e/test_a.py"]),
        (["d/**/test_*.py"], ["d/e/test_a.py"]),
        (["b+c.py"], ["b+c.py"]),
        (["a.p"], []),
        (["apy"], []),
        (["d"], []),
        (["**/config"], []),
        (["*.py", "a.*"], ["a.py", "b+c.py"]),
    ],
)
def test_a_glob_finds_files_and_no_directories(run, globs, found):
    status, output, said = run("codebuild-glob-search", *globs)
    assert (0, found) == (status, output.splitlines())
    assert ("" if found else f"No files match {globs[0]}\n") == said


def test_a_glob_is_searched_below_the_current_directory(run, tmp_path):
    found = run("codebuild-glob-search", "**/*.py", directory=tmp_path / "src" / "d")
    assert (0, "a.py\ne/test_a.py\n", "") == found


def test_a_hash_is_of_the_sources_files_wherever_it_is_asked_for(run, tmp_path):
    lines = "".join(
        f"{hashlib.sha256(name.encode()).hexdigest()}  - {name}\n" for name in ("a.py", "b+c.py")
    )
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert (0, f"{expected}\n", "") == run("codebuild-hash-files", "*.py")
    elsewhere = tmp_path / "src" / "d"
    assert (0, f"{expected}\n", "") == run("codebuild-hash-files", "*.py", directory=elsewhere)


def test_a_hash_changes_with_a_files_content_and_with_its_name(run, tmp_path):
    def of_d():
        return run("codebuild-hash-files", "d/**")[1]

    hashes = [of_d()]
    (tmp_path / "src/d/a.py").write_text("changed")
    hashes.append(of_d())
    (tmp_path / "src/d/a.py").rename(tmp_path / "src/d/z.py")
    hashes.append(of_d())
    assert 3 == len(set(hashes))


def test_nothing_to_hash_is_said_and_has_no_hash(run):
    assert (0, "", "No files match none.*\n") == run("codebuild-hash-files", "none.*")


def test_without_a_glob_both_say_how_they_are_used(run):
    for name in ("codebuild-glob-search", "codebuild-hash-files"):
        assert (2, "", f"usage: {name} GLOB...\n") == run(name)
