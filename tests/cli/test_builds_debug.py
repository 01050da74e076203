"""A build that waits, seen from outside: entered, mended, driven on; through a terminal, too."""

import json
import sys

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from tests.cli.waiting import (
    SPEC,
    assert_a_failure_is_looked_into_mended_and_passed,
    assert_a_killed_front_end_is_no_loss,
    assert_a_shell_in_the_middle_of_a_command_lets_it_go_on,
    assert_ctrl_c_stops_it,
    outside_of,
    rest_of,
    waiting,
)

RUNNERS = ["host", *(["sandbox"] if sys.platform == "linux" else [])]


@pytest.fixture
def outside(tmp_path):
    return outside_of(tmp_path)


@pytest.fixture
def asked(outside, monkeypatch, capsys):
    """Run the command in this process, for what needs no other; give status, output, notices."""
    monkeypatch.chdir(outside.directory)
    monkeypatch.setenv("CICD_HOME", str(outside.directory / ".cicd"))
    monkeypatch.setenv("CICD_RUNNER", "host")

    def ask(*words):
        status = run(cicd, list(words))
        said = capsys.readouterr()
        return status, said.out, said.err

    return ask


def ids(asked):
    return json.loads(asked("builds", "list", "--output", "json")[1].splitlines()[-1])["ids"]


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_failure_is_looked_into_mended_and_passed(outside, runner):
    assert_a_failure_is_looked_into_mended_and_passed(outside, "--runner", runner)


def test_a_build_whose_cicd_was_killed_while_it_waits_goes_on(outside):
    assert_a_killed_front_end_is_no_loss(outside, "--runner", "host")


def test_going_back_without_a_front_end_drives_the_build_here(outside):
    process, build_id, _ = waiting(outside, "--runner", "host", "--break-on", "failure")
    process.kill()
    process.communicate()
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("exit 3", "true"))
    status, out, _ = outside.run(
        "builds", "retry", build_id, "--from", "BUILD:1", "--env-file", "secrets"
    )
    assert (0, 1) == (status, out.count("$ echo one"))


def test_ctrl_c_stops_a_build_that_waits(outside):
    assert_ctrl_c_stops_it(outside, "--runner", "host")


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_shell_in_the_middle_of_a_command_sees_what_it_exports_and_lets_it_go_on(
    outside, runner
):
    assert_a_shell_in_the_middle_of_a_command_lets_it_go_on(outside, "--runner", runner)


def test_what_does_not_wait_is_told_apart(outside, asked):
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("exit 3", "true"))
    assert 0 == asked("build", "--env-file", "secrets")[0]
    (build_id,) = ids(asked)
    assert 2 == asked("builds", "retry", build_id, "--from", "BUILD")[0]
    assert 2 == asked("builds", "enter", build_id)[0]
    status, _, said = asked("build", "--break-on", "99")
    assert (2, True) == (status, "commands begin at these: 8, 11, 12, 14, 17" in said)


def test_breakpoints_are_nothing_without_a_debug_session(outside, asked):
    (outside.directory / "buildspec.yml").write_text(
        "version: 0.2\nphases: {build: {commands: [codebuild-breakpoint, codebuild-resume]}}\n"
    )
    assert 0 == asked("build")[0]


def test_an_old_build_is_built_once_more_as_a_new_one(outside, asked):
    assert 1 == asked("build", "--env-file", "secrets")[0]
    (first,) = ids(asked)
    status, out, _ = asked("builds", "retry", first, "--env-file", "secrets", "--output", "json")
    again = json.loads(out.splitlines()[-1])
    assert (1, 2, "FAILED") == (status, again["buildNumber"], again["buildStatus"])
    assert [again["id"], first] == ids(asked)


def test_lists_logs_and_badges_say_what_was_asked_for(outside, asked):
    assert "UNKNOWN" in asked("builds", "badge")[1]
    assert 1 == asked("build", "--env-file", "secrets")[0]
    assert "no SUCCEEDED builds yet\n" == asked("builds", "list", "--status", "succeeded")[2]
    assert "FAILED" in asked("builds", "list", "--status", "FAILED")[1]
    (build_id,) = ids(asked)
    log = asked("builds", "logs", build_id, "--phase", "post_build")[1]
    lines = [line.split(" ", 3)[-1] for line in log.splitlines() if line]
    assert "Entering phase POST_BUILD" == lines[0]
    assert "succeeding 0" in log.splitlines()
    assert "Phase complete: POST_BUILD State: SUCCEEDED" == lines[-2]
    assert 2 == asked("builds", "logs", build_id, "--phase", "test")[0]
    assert "b.svg: FAILING\n" == asked("builds", "badge", "-o", "b.svg")[1]
    assert "<title>build: FAILING</title>" in (outside.directory / "b.svg").read_text()
    assert "UNKNOWN" in asked("builds", "badge", "--branch", "nowhere")[1]


def test_going_back_takes_up_what_env_says_now(outside):
    """What commands made of other variables stays; what another has the last word on, too."""
    (outside.directory / "secrets").write_text("/token=tell-nobody\n/other=nor-this\n")
    process, build_id, _ = waiting(
        outside, "--runner", "host", "--env", "FIXED=typed", "--break-on", "failure"
    )
    (outside.directory / "buildspec.yml").write_text(
        SPEC.replace('"hello world"', '"it\'s $new", ADDED: 1, FIXED: no')
        .replace("TOKEN: /token", "TOKEN: /other")
        .replace(
            'exit 3"',
            'echo [$GREETING] [$ADDED] [$hidden] [$FIXED] [$TOKEN]; test $TOKEN = nor-this"',
        )
        .replace("parameter-store", "exported-variables: [ADDED]\n  parameter-store")
    )
    status, _, said = outside.run("builds", "retry", build_id, "--from", "here")
    assert (2, True) == (status, "parameter does not exist: /other" in said)
    back = ("builds", "retry", build_id, "--from", "here", "--env-file", "secrets")
    assert 0 == outside.run(*back)[0]
    status, said = rest_of(process)
    assert 0 == status, said
    assert "[it's $new] [1] [unexported] [typed] [***]" in said.splitlines()
    _, out, _ = outside.run("builds", "show", build_id, "--output", "json")
    (build,) = json.loads(out.splitlines()[-1])["builds"]
    assert [{"name": "ADDED", "value": "1"}] == build["exportedEnvironmentVariables"]


def test_a_build_that_has_begun_keeps_its_shell(outside):
    process, build_id, _ = waiting(outside, "--runner", "host", "--break-on", "failure")
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("env:", "env:\n  shell: bash"))
    status, _, said = outside.run("builds", "retry", build_id, "--from", "here")
    assert (2, True) == (status, "keeps its shell" in said)
    assert 0 == outside.run("builds", "stop", build_id)[0]
    rest_of(process)


@pytest.mark.parametrize("killed", [False, True])
def test_going_back_takes_up_what_a_build_leaves_now(outside, killed):
    """Its reports, its artifacts by the project's own keys, and its cache."""
    (outside.directory / "cicd.yml").write_text(
        "projects: [{name: app, source: {type: NO_SOURCE}, cache: {type: S3, location: b/c},\n"
        "  artifacts: {type: S3, location: bucket, name: out, packaging: ZIP}}]\n"
    )
    left = (
        "reports: {unit: {files: [%s], file-format: JUNITXML}}\n"
        "artifacts: {files: [%s]}\ncache: {key: %s, paths: [%s]}\n"
    )
    (outside.directory / "buildspec.yml").write_text(
        SPEC + left % ("old.xml", "old.txt", "old-key", "old-kept")
    )
    process, build_id, _ = waiting(outside, "--runner", "host", "--break-on", "failure")
    if killed:
        process.kill()
        process.communicate()
    made = "printf '<testsuite><testcase name=\"t\"/></testsuite>' > new.xml; echo x > new.txt"
    (outside.directory / "buildspec.yml").write_text(
        SPEC.replace('"cat data; exit 3"', "cd .. && sh tools.sh")
        + left % ("new.xml", "new.txt", "new-key", "new-kept")
    )
    (outside.directory / "tools.sh").write_text(f"{made}; mkdir new-kept; touch new-kept/f\n")
    back = ("builds", "retry", build_id, "--from", "here", "--env-file", "secrets")
    status, said, _ = outside.run(*back)
    if not killed:
        assert 0 == status
        status, said = rest_of(process)
    assert 0 == status, said
    assert "1 file(s) under the key new-key" in outside.run("builds", "logs", build_id)[1]
    _, out, _ = outside.run("builds", "show", build_id, "--output", "json")
    (build,) = json.loads(out.splitlines()[-1])["builds"]
    assert ["md5sum", "sha256sum"] == [name for name in build["artifacts"] if name != "location"]
    assert ["app-unit"] == [arn.split("/")[1].split(":")[0] for arn in build["reportArns"]]
