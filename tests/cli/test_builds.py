"""`cicd builds` from outside, with builds that run, were left running, or ended."""

import json
import sys

import pytest

from tests.cli.killed import (
    Outside,
    assert_a_build_killed_while_its_session_is_made_is_built,
    assert_nothing_lost_and_nothing_twice,
    begun,
)

FOREVER = 1_000_000


@pytest.fixture
def outside(tmp_path):
    return Outside(tmp_path)


@pytest.mark.parametrize("runner", ["host", *(["sandbox"] if sys.platform == "linux" else [])])
def test_a_killed_build_resumes_without_losing_or_repeating_anything(outside, runner):
    assert_nothing_lost_and_nothing_twice(outside, "--runner", runner)


def test_a_build_that_was_killed_while_its_session_was_made_is_built(outside):
    assert_a_build_killed_while_its_session_is_made_is_built(
        outside, "cicd.backends.runner_host:HostChannel.start", "--runner", "host"
    )


def test_a_running_build_is_stopped_from_another_terminal(outside):
    process = begun(outside, "--runner", "host", lines=FOREVER)
    (build_id,) = outside.ids()
    status, _, said = outside.run("builds", "resume", build_id)
    assert (4, True) == (status, "is being driven by process" in said)
    status, out, _ = outside.run("builds", "stop", build_id)
    assert (0, f"{build_id} has been asked to stop\n") == (status, out)
    rest, _ = process.communicate(timeout=60)
    assert 1 == process.returncode
    assert f"Build {build_id}: STOPPED" in rest.decode().splitlines()[-1]
    status, out, said = outside.run("builds", "resume", build_id)
    assert (1, f"build {build_id} has ended already\nBUILD STOPPED\n") == (status, said)


def test_a_build_that_was_left_running_can_be_stopped(outside):
    process = begun(outside, "--runner", "host", lines=FOREVER)
    process.kill()
    process.communicate()
    (build_id,) = outside.ids()
    status, out, _ = outside.run("builds", "stop", build_id, "--output", "json")
    assert (0, "STOPPED") == (status, json.loads(out.splitlines()[-1])["buildStatus"])
    assert [] == list((outside.directory / ".cicd" / "sessions").iterdir())


def test_an_id_that_several_builds_begin_with_is_refused_with_what_to_write(outside):
    (outside.directory / "buildspec.yml").write_text("version: 0.2\nphases: {build: }\n")
    for _ in range(2):
        assert 0 == outside.run("build", "--runner", "host")[0]
    later, earlier = outside.ids()
    name = later.partition(":")[0]
    for words in (("show",), ("logs",), ("stop",), ("resume",)):
        status, out, said = outside.run("builds", *words, name, "--output", "json")
        error = json.loads(out.splitlines()[-1])["error"]
        assert (2, 2, "") == (status, error["exitCode"], said)
        assert later in error["hint"]
        assert earlier in error["hint"]
    assert 0 == outside.run("builds", "show", later.partition(":")[2])[0]


def test_the_newest_build_is_meant_where_none_is_named_and_a_number_names_one(outside):
    assert "there is no build yet" in outside.run("builds", "show")[2]
    (outside.directory / "buildspec.yml").write_text("version: 0.2\nphases: {build: }\n")
    for _ in range(2):
        assert 0 == outside.run("build", "--runner", "host")[0]
    second, first = outside.ids()
    assert outside.run("builds", "show")[1].startswith(second)
    assert outside.run("builds", "show", "1")[1].startswith(first)
    assert "there is no build 'x3'" in outside.run("builds", "logs", "x3")[2]


def test_a_project_without_builds_is_named(outside):
    assert (
        "no builds of project 'web' yet\n" == outside.run("builds", "list", "--project", "web")[2]
    )
