"""Whole builds in a container."""

import os
import subprocess
import sys

import pytest

from cicd.build.project import default_project
from cicd.build.request import BuildRequest
from cicd.build.run import run_build
from cicd.settings import Settings
from cicd.testing.contracts_session import left_in
from cicd.wiring import make_services
from tests.cli.killed import (
    Outside,
    assert_a_build_killed_while_its_session_is_made_is_built,
    assert_nothing_lost_and_nothing_twice,
)

pytestmark = pytest.mark.docker


@pytest.fixture
def build(tmp_path, docker_image):
    """Run a buildspec in a container; give the result and what its commands wrote."""
    source = tmp_path / "app"
    source.mkdir()

    def run(text):
        (source / "buildspec.yml").write_text(text)
        with make_services(Settings(home=tmp_path / ".cicd"), reporters=()) as services:
            result = run_build(
                BuildRequest(
                    source=source,
                    project=default_project("app"),
                    image=docker_image,
                    artifacts_directory=tmp_path / "out",
                ),
                services,
            )
            log = [line for _, line in services.logs.read(result.stream)]
        phases = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
        return result, [line.text for line in log if line.origin.startswith(phases)]

    return run


def test_a_killed_build_resumes_without_losing_or_repeating_anything(tmp_path, docker_image):
    words = ("--runner", "docker", "--image", docker_image)
    assert_nothing_lost_and_nothing_twice(Outside(tmp_path), *words)


@pytest.mark.parametrize(
    "place",
    [
        "cicd.backends.docker_container:create!",
        "cicd.build.effects:BuildEffects._provision!",
    ],
)
def test_a_build_that_was_killed_while_its_session_was_made_is_built(
    tmp_path, docker_image, place
):
    words = ("--runner", "docker", "--image", docker_image)
    assert_a_build_killed_while_its_session_is_made_is_built(Outside(tmp_path), place, *words)


def test_a_build_runs_as_root_and_hands_its_files_to_the_user(build, tmp_path):
    result, output = build(
        "version: 0.2\nphases:\n  build:\n    commands:\n"
        "      - id -u; echo $HOME; A=1\n      - echo $A > made\n"
        "artifacts: {files: [made]}\n"
    )
    assert ("SUCCEEDED", ["0", "/root"]) == (result.status, output)
    made = tmp_path / "out" / "made"
    assert ("1\n", os.getuid()) == (made.read_text(), made.stat().st_uid)


def test_another_user_sees_the_state_of_root_and_root_sees_his(build):
    result, output = build(
        "version: 0.2\nrun-as: nobody\nphases:\n"
        "  install: {run-as: root, commands: [A=root]}\n"
        "  build: {commands: ['id -un; echo $A; B=nobody']}\n"
        "  post_build: {run-as: root, commands: ['id -un; echo $B']}\n"
    )
    assert ("SUCCEEDED", ["nobody", "root", "root", "nobody"]) == (result.status, output)


def test_a_file_of_the_root_directory_is_an_artifact(build, tmp_path):
    spec = "version: 0.2\nphases: {build: {commands: [echo 1 >/a.json]}}\nartifacts: {files: "
    for number, pattern in enumerate(("/a.json", "/*.json")):
        result, _ = build(f"{spec}'{pattern}'}}\n")
        assert ("SUCCEEDED", number) == (result.status, result.build["buildNumber"] - 1)
        assert ["a.json"] == [path.name for path in (tmp_path / "out").rglob("*.json")]


def test_an_image_that_is_not_there_is_a_fault_with_a_hint(build, docker_image, tmp_path):
    source = tmp_path / "app"
    (source / "buildspec.yml").write_text("version: 0.2\nphases: {build: {commands: [a]}}\n")
    with make_services(Settings(home=tmp_path / ".cicd"), reporters=()) as services:
        request = BuildRequest(
            source=source, project=default_project("app"), default_image="127.0.0.1:1/none:1"
        )
        result = run_build(request, services)
    assert ("FAULT", "PROVISIONING") == (result.status, result.failure.phase)
    assert "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE" == result.failure.code
    assert result.failure.message.startswith(
        "Unable to pull customer's container image. Image '127.0.0.1:1/none:1', which stands in "
        "for 'aws/codebuild/standard:7.0', is not on this machine"
    )
    assert "cicd images set aws/codebuild/standard:7.0 IMAGE" in result.failure.hint
    assert "--image" in result.failure.hint


def test_an_invalid_buildspec_leaves_no_session_that_was_begun_ahead(tmp_path, docker_image):
    (tmp_path / "buildspec.yml").write_text("version: 0.2\nphases: {build: {commands: {a: b}}}\n")
    done = subprocess.run(
        [sys.executable, "-m", "cicd", "build", str(tmp_path), "--image", docker_image],
        check=False,
        capture_output=True,
    )
    assert (3, []) == (done.returncode, left_in(tmp_path / ".cicd"))
