"""`cicd status`, `logs`, `prune`, `state` and `doctor` from outside, around real runs."""

import json
import os
import subprocess
import time

import pytest

from tests.cli.killed import PATIENCE, Outside, begun

SPEC = r"""version: 0.2
phases:
  build:
    commands:
      - printf '\033[31mred\033[0m caf\303\251\tend\n'
      - echo plain
artifacts: {files: [buildspec.yml]}
"""


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path / "app")
    made.directory.mkdir()
    (made.directory / "buildspec.yml").write_text(SPEC)
    return made


def build(outside):
    assert 0 == outside.run("build", "--runner", "host")[0]


def result(outside, *words):
    status, out, said = outside.run(*words, "--output", "json")
    assert 0 == status, said
    return json.loads(out.splitlines()[-1])


def test_before_anything_has_run_nothing_is_made(outside):
    for words in (["status"], ["prune"]):
        assert 0 == outside.run(*words)[0]
    assert 2 == outside.run("state", "check")[0]
    assert not (outside.directory / ".cicd").exists()


def test_status_tells_of_the_last_runs_and_of_the_disk(outside):
    build(outside)
    said = result(outside, "status")
    assert ["SUCCEEDED"] == [each["status"] for each in said["executions"]["build"]]
    assert said["disk"]["state"] > 0
    status, out, _ = outside.run("status")
    assert (0, True, True) == (status, "app 1" in out, "on the disk" in out)


def test_status_says_how_to_go_on_with_what_was_left_in_the_middle(outside):
    process = begun(outside, "--runner", "host", lines=200)
    process.kill()
    process.wait()
    (build_id,) = outside.ids()
    _, out, _ = outside.run("status")
    assert f"{build_id} was left in the middle: cicd builds resume {build_id}" in out
    _, out, _ = outside.run("status", "--output", "json")
    assert json.loads(out.splitlines()[-1])["executions"]["build"][0]["leftInTheMiddle"] is True
    follower = outside.start("logs", "-f", stderr=subprocess.PIPE)
    assert f"{build_id} was left in the middle" in follower.stderr.readline().decode()
    assert 0 == outside.run("builds", "stop", build_id)[0]
    assert 0 == follower.wait(PATIENCE)
    follower.stderr.close()
    assert [] == result(outside, "prune", "--older-than", "0s")["removed"]
    assert 0 == outside.run("builds", "stop", build_id)[0]


def test_logs_are_what_was_written_byte_by_byte(outside):
    raw = r"printf 'raw \377\000\355\240\200\n'"
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("echo plain", raw))
    build(outside)
    done = subprocess.run(
        [*outside.command, "logs", "--grep", "^(red|raw)"],
        cwd=outside.directory,
        env={**os.environ, "PYTHONPATH": str(outside.root), "LC_ALL": "C", "CICD_HOME": ".cicd"},
        capture_output=True,
        check=True,
    )
    assert b"\x1b[31mred\x1b[0m caf\xc3\xa9\tend\nraw \xff\0\xed\xa0\x80\n" == done.stdout
    assert ("", 0) == (outside.run("logs", "--grep", "nothing says this")[1], 0)
    assert "" == outside.run("logs", "--since", "2099-01-01")[1]
    assert "\x1b[31mred" in outside.run("logs", "--since", "1h", "--grep", "red")[1]


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (["nothing"], "'cicd status' shows the last ones"),
        (["--grep", "("], r"a backslash before a character takes it as it is: '\('"),
        (["--since", "soon"], "write 10m, 2h, or 2026-01-31T12:00"),
    ],
)
def test_words_that_logs_does_not_understand_are_refused_with_a_way_out(outside, words, way_out):
    build(outside)
    status, _, said = outside.run("logs", *words)
    assert (2, True) == (status, way_out in said), said


def test_a_pattern_that_would_never_end_is_refused(outside):
    command = f"echo plain {'a' * 60}!"
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("echo plain", command))
    build(outside)
    status, _, said = outside.run("logs", "--grep", "(a|aa)+$")
    assert (2, True) == (status, "is not answered for a line of" in said), said


def test_logs_follow_a_build_to_its_end(outside):
    process = begun(outside, "--runner", "host", lines=30)
    status, out, _ = outside.run("logs", "--follow")
    process.wait(PATIENCE)
    assert (0, True) == (status, "after kept 30" in out)


def test_prune_takes_old_logs_and_artifacts_and_leaves_what_is_needed(outside):
    for _ in range(3):
        build(outside)
    long_ago = time.time() - 7200
    (artifact,) = (outside.directory / ".cicd/artifacts").glob("??/*.zip")
    orphan = artifact.parents[1] / "00" / f"{'0' * 64}.zip"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(artifact.read_bytes())
    for path in (artifact, orphan):
        os.utime(path, (long_ago, long_ago))
    would = result(outside, "prune", "--older-than", "0s", "--dry-run")["removed"]
    assert orphan.exists()
    did = result(outside, "prune", "--older-than", "0s")["removed"]
    assert would == did
    assert ["artifact", "log", "log"] == sorted(each["kind"] for each in did)
    assert (False, True) == (orphan.exists(), artifact.exists())
    assert "plain" in outside.run("logs")[1]
    status, out, said = outside.run("logs", outside.ids()[-1])
    assert (0, "", True) == (status, out, "is kept" in said)
    assert [] == result(outside, "prune")["removed"]


def test_a_backup_brings_back_what_ran(outside, tmp_path):
    build(outside)
    archive = str(tmp_path / "saved.tar.gz")
    assert 0 == outside.run("state", "backup", archive)[0]
    build(outside)
    assert 2 == len(outside.ids())
    assert 4 == outside.run("state", "restore", archive)[0]
    (outside.directory / ".cicd/state.db").write_bytes(b"damaged" * 1000)
    assert 4 == outside.run("state", "check")[0]
    assert 0 == outside.run("state", "restore", "--replace", archive)[0]
    assert 1 == len(outside.ids())
    assert [] == result(outside, "state", "check")["faults"]


def test_nothing_is_restored_over_what_runs(outside, tmp_path):
    process = begun(outside, "--runner", "host", lines=100)
    archive = str(tmp_path / "saved.tar.gz")
    assert 0 == outside.run("state", "backup", archive)[0]
    status, _, said = outside.run("state", "restore", "--replace", archive)
    assert (4, True) == (status, "runs in this home" in said)
    process.terminate()
    process.wait(PATIENCE)


def test_doctor_names_a_taken_port_and_a_damaged_state_with_the_fix(outside):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (outside.directory / "cicd.yml").write_text(f"local: {{loadBalancers: {{web: {port}}}}}\n")
        status, out, _ = outside.run("doctor", "--json")
    found = {each["subject"]: each for each in json.loads(out.splitlines()[-1])["findings"]}
    assert (4, False) == (status, found["ports"]["ok"])
    assert "loadBalancers" in found["ports"]["hint"]
    assert {"git", "disk", "clock", "state", "leftovers"} <= set(found)
    assert outside.run("doctor")[1].count("  ports: free, or ours: web") == 1
    build(outside)
    (outside.directory / ".cicd/state.db").write_bytes(b"no database" * 100)
    status, out, _ = outside.run("doctor")
    assert (4, True) == (status, "is not a database" in out)
