"""`cicd build --batch` and `cicd batches` from outside."""

import json
import time

import pytest

from tests.cli.killed import PATIENCE, Outside

BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - echo "begun $CODEBUILD_BATCH_BUILD_IDENTIFIER" >> "$MARK"
      - while [ ! -e "$MARK.go" ]; do sleep 0.05; done
      - echo "ended $CODEBUILD_BATCH_BUILD_IDENTIFIER" >> "$MARK"
batch:
  build-graph:
    - identifier: one
    - identifier: two
    - {identifier: three, depend-on: [one, two]}
"""
QUICK = """version: 0.2
phases: {build: {commands: ['echo "I am $CODEBUILD_BATCH_BUILD_IDENTIFIER"; exit $E']}}
batch:
  build-list:
    - {identifier: good, env: {variables: {E: "0"}}}
    - {identifier: bad, env: {variables: {E: "3"}}}
"""


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "buildspec.yml").write_text(QUICK)
    return Outside(tmp_path)


@pytest.fixture
def under_way(outside):
    """A batch two of whose builds run; gives its process, its id and where they make marks."""
    mark = outside.directory / "mark"
    (outside.directory / "buildspec.yml").write_text(BUILDSPEC)
    words = ("build", "--batch", "--runner", "host", "--jobs", "3", "--env", f"MARK={mark}")
    process = outside.start(*words, start_new_session=True)
    until = time.monotonic() + PATIENCE
    while not mark.exists() or len(mark.read_text().splitlines()) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    (batch_id,) = ids(outside)
    return process, batch_id, mark


def ids(outside):
    _, out, _ = outside.run("batches", "list", "--output", "json")
    return json.loads(out.splitlines()[-1])["ids"]


def test_lines_carry_the_identifier_and_the_end_says_what_failed(outside):
    status, out, err = outside.run("build", "--batch", "--runner", "host")
    assert 1 == status
    assert "[good] I am good" in out.splitlines()
    tail = out[out.index("\nIDENTIFIER") + 1 :].splitlines()
    assert ["good", "SUCCEEDED"] == tail[1].split()[:2]
    assert ["bad", "FAILED"] == tail[2].split()[:2]
    assert "bad  FAILED" in tail
    block = err[err.index("error[build/command-failed]") :].splitlines()
    assert "       I am bad" in block


def test_what_no_line_explains_is_told_with_its_hint(outside):
    (outside.directory / "buildspec.yml").write_text(f"{QUICK}artifacts: {{files: }}\n")
    status, out, _ = outside.run("build", "--batch", "--runner", "host", "--env", "E=0")
    assert 1 == status
    tail = out[out.index("\nIDENTIFIER") :]
    assert "  hint: name its files: 'artifacts: {files: [...]}'" in tail.splitlines()


def test_the_result_has_the_shape_of_a_build_batch(outside):
    _, out, _ = outside.run("build", "--batch", "--runner", "host", "--output", "json")
    batch = json.loads(out.splitlines()[-1])
    assert ("FAILED", True, ["good", "bad"]) == (
        batch["buildBatchStatus"],
        batch["complete"],
        [group["identifier"] for group in batch["buildGroups"]],
    )
    build_id = batch["buildGroups"][0]["currentBuildSummary"]["arn"].partition("build/")[2]
    _, out, _ = outside.run("builds", "show", build_id, "--output", "json")
    (build,) = json.loads(out.splitlines()[-1])["builds"]
    assert batch["arn"] == build["buildBatchArn"]


def test_the_plan_prints_the_combinations_and_starts_nothing(outside):
    (outside.directory / "buildspec.yml").write_text(
        "version: 0.2\nphases: {build: {commands: [a]}}\n"
        "batch: {build-matrix: {dynamic: {env: {variables: {V: [1, 2], W: [x]}}}}}\n"
    )
    status, out, _ = outside.run("build", "--batch", "--plan", "--runner", "host")
    assert (0, "env.variables.V=1, env.variables.W=x") == (
        status,
        out.splitlines()[2].split("  ")[-1],
    )
    assert [] == ids(outside)


def test_a_batch_is_stopped_from_another_terminal_with_all_its_builds(outside, under_way):
    process, batch_id, mark = under_way
    status, out, _ = outside.run("batches", "stop", batch_id)
    assert (0, f"{batch_id} has been asked to stop\n") == (status, out)
    assert 1 == process.wait(PATIENCE)
    _, out, _ = outside.run("batches", "show", batch_id)
    rows = {line.split()[0]: line for line in out.splitlines()[2:] if line}
    assert "STOPPED" in rows["one"]
    assert "STOPPED" in rows["two"]
    assert "not started" in rows["three"]
    assert {"begun one", "begun two"} == set(mark.read_text().splitlines())


def test_a_killed_batch_resumes_without_running_a_build_twice(outside, under_way):
    process, batch_id, mark = under_way
    process.kill()
    process.wait(PATIENCE)
    mark.with_name("mark.go").touch()
    status, _, said = outside.run("batches", "resume", batch_id)
    assert (0, "") == (status, said)
    lines = mark.read_text().splitlines()
    assert {f"{w} {n}" for w in ("begun", "ended") for n in ("one", "two", "three")} == set(lines)
    assert 6 == len(lines)
    assert ["begun three", "ended three"] == lines[-2:]
    status, _, said = outside.run("batches", "resume", batch_id)
    assert (0, f"batch {batch_id} has ended already\n") == (status, said)


def test_what_did_not_succeed_is_tried_again(outside):
    outside.run("build", "--batch", "--runner", "host")
    (first,) = ids(outside)
    status, out, _ = outside.run("batches", "retry", first, "--failed")
    assert 1 == status
    assert [] == [line for line in out.splitlines() if line.startswith("[good]")]
    assert "[bad] I am bad" in out.splitlines()
    assert 2 == len(ids(outside))


def test_an_unknown_batch_is_said_with_where_to_look(outside):
    assert (2, True) == (
        (ran := outside.run("batches", "show", "x"))[0],
        "there is no batch 'x'" in ran[2],
    )


def test_a_batch_alone_says_how_it_is_run(outside):
    (outside.directory / "buildspec.yml").write_text(
        "version: 0.2\nbatch: {build-list: [{identifier: a, buildspec: a.yml}]}\n"
    )
    status, _, said = outside.run("build", "--runner", "host")
    assert 0 == status
    assert "--batch runs it" in said


def test_without_a_batch_it_is_said_what_makes_one(outside):
    status, _, said = outside.run("batches", "show")
    assert (2, True) == (status, "hint: 'cicd build --batch' makes one" in said)
