"""A command whose program is not there: the hint says where not, and what to do."""

from dataclasses import replace

import pytest

from cicd.build.environment_variable import Variable
from cicd.build.log.hint import failure_hint
from cicd.build.log.not_found import not_found_hint
from tests.build.machine import plan

IN_IMAGE = replace(plan(), runner="docker", image="mine:1", build_image="mine:1")


def nothing(asked):
    return [""] * len(asked)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("/codebuild/session/3.script: 1: eval: npm: not found", "npm"),
        ("bash: line 2: docker-compose: command not found", "docker-compose"),
        ("sh: g++: not found", "g++"),
    ],
)
def test_a_program_that_the_image_has_not_is_named(line, name):
    first, second = not_found_hint(IN_IMAGE, 127, ("before", line), nothing).splitlines()
    assert f"'{name}' is not in the image mine:1" == first
    assert "--image" in second


def test_a_path_that_the_buildspec_did_not_mean_is_told():
    given = (Variable(name="PATH", value="$PATH:/opt/x"),)
    said = not_found_hint(
        replace(IN_IMAGE, variables=given), 127, ("sh: 1: ls: not found",), nothing
    )
    assert said.startswith("the build's PATH is literally '$PATH:/opt/x'")


def test_a_stand_in_and_a_machine_are_told_apart():
    said = ("sh: 1: npm: not found",)
    stand_in = replace(IN_IMAGE, build_image="aws/codebuild/standard:7.0")
    assert "which stands in for aws/codebuild/standard:7.0" in not_found_hint(
        stand_in, 127, said, nothing
    )
    here = not_found_hint(replace(IN_IMAGE, runner="host", image=""), 127, said, nothing)
    assert "the PATH of this machine" in here
    assert "--runner docker" in here
    apart = not_found_hint(replace(IN_IMAGE, runner="sandbox", image=""), 127, said, nothing)
    assert "that a sandbox sees, which are none of a home's" in apart
    assert "--runner host" in apart


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (1, "sh: 1: npm: not found"),
        (127, "sh: 1: eval: ./build/setup.sh: not found"),
        (127, "nothing like it"),
        (127, "page not found, says the server"),
    ],
)
def test_of_anything_else_nothing_is_said(status, line):
    assert not not_found_hint(IN_IMAGE, status, (line,), nothing)


@pytest.mark.parametrize(
    ("command", "other"),
    [
        ("if(-Not($Env:TOKEN -eq $null)) {\n  exit 1\n}", True),
        ("$Env:RETRY = '3'", True),
        ("Invoke-WebRequest -Uri https://example.org -OutFile x", True),
        ("docker tag app $env:latest", False),
        ("./Get-Ready.sh && aws-Get-Thing", False),
        ("apt-get Install", False),
    ],
)
def test_a_command_of_another_system_is_told_of(command, other):
    said = failure_hint(IN_IMAGE, command, 2, ("sh: 1: Syntax error",), list)
    assert other == ("this is PowerShell" in said)


def test_a_program_that_goes_by_another_name_is_told_of():
    said = ("sh: 1: eval: python: not found",)
    there = {"$(command -v python3)": "/usr/bin/python3"}
    hint = not_found_hint(IN_IMAGE, 127, said, lambda asked: [there[each] for each in asked])
    assert "python3 is there, which curated images have as python, too" in hint.splitlines()
    assert "python3" not in not_found_hint(IN_IMAGE, 127, said, nothing)


def test_a_user_that_is_not_there_is_told_of_with_how_to_make_one():
    said = ("cicd: there is no user 'codebuild-user' here",)
    first, second = failure_hint(IN_IMAGE, "make", 1, said, nothing).splitlines()
    assert "'run-as' asks for codebuild-user, and the image mine:1 has no such user" == first
    assert second.endswith("useradd -m codebuild-user")
    assert "as curated images do" in second


@pytest.mark.parametrize(
    ("command", "line", "named"),
    [
        ("[[ 1 == 1 ]]", "2.script: 1: eval: [[: not found", "[["),
        ("source ./env.sh", "2.script: 1: eval: source: not found", "source"),
        ("echo ${A:0:3}", "2.script: 1: eval: Bad substitution", "${A:0:3}"),
        ("a=(1 2)", '2.script: 1: eval: Syntax error: "(" unexpected', "a=("),
        ("test a == b", "2.script: 1: test: a: unexpected operator", "=="),
        ("set -o pipefail", "2.script: 1: set: Illegal option -o pipefail", "set -o pipefail"),
    ],
)
def test_what_only_bash_knows_is_told_and_no_program_is_missed(command, line, named):
    hint = failure_hint(IN_IMAGE, command, 127, (line,), nothing)
    assert [f"'{named}' is bash's, and sh runs the commands", "add 'shell: bash' to 'env'"] == (
        hint.splitlines()
    )
    in_bash = failure_hint(replace(IN_IMAGE, shell="bash"), command, 127, (line,), nothing)
    assert "bash's" not in in_bash
    assert "bash's" not in failure_hint(IN_IMAGE, command, 1, ("another reason",), nothing)


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it up?",
        "failed to connect to the docker API at unix:///var/run/docker.sock; check the path",
    ],
)
def test_without_privileged_mode_the_engine_is_missed_as_at_aws(line):
    hint = failure_hint(IN_IMAGE, "docker build .", 1, (line,), nothing)
    assert "'privilegedMode' is off in the project app" in hint
    assert hint.endswith("environment: {privilegedMode: true}")
    for other in (replace(IN_IMAGE, privileged=True), replace(IN_IMAGE, image="")):
        assert "privilegedMode" not in failure_hint(other, "docker build .", 1, (line,), nothing)


def test_a_file_that_may_not_be_run_is_told_of_with_how_to_let_it():
    said = ("/codebuild/session/2.script: 1: eval: ./gradlew: Permission denied",)
    first, second = failure_hint(IN_IMAGE, "./gradlew build", 126, said, nothing).splitlines()
    assert "'./gradlew' is there, and may not be run as a program" == first
    assert "git update-index --chmod=+x gradlew" in second
    bash = ("2.script: line 54: ./gradlew: Permission denied",)
    assert "may not be run" in failure_hint(IN_IMAGE, "./gradlew build", 126, bash, nothing)
    other = ("cat: /root/x: Permission denied",)
    assert "may not be run" not in failure_hint(IN_IMAGE, "cat /root/x", 1, other, nothing)
