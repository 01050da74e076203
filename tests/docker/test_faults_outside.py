"""What this machine could not do is exit status 4, whoever is at fault, and nothing stays."""

import json
import subprocess

import pytest

from tests.cli.killed import PATIENCE, Outside, begun

pytestmark = pytest.mark.docker
QUICK = "version: 0.2\nphases: {build: {commands: ['true']}}\n"


def sessions(outside):
    return list((outside.directory / ".cicd" / "sessions").iterdir())


def test_an_image_that_cannot_be_had_exits_4(tmp_path, docker_image):
    (tmp_path / "buildspec.yml").write_text(QUICK)
    outside = Outside(tmp_path)
    status, out, said = outside.run("build", "--image", "127.0.0.1:1/none:1", "--output", "json")
    assert 4 == status, said
    build = json.loads(out.splitlines()[-1])
    assert ("FAULT", True) == (build["buildStatus"], build["buildComplete"])


def test_a_container_that_dies_under_a_build_exits_4_and_the_next_one_finds_nothing_of_it(
    tmp_path, docker_image
):
    outside = Outside(tmp_path)
    process = begun(outside, "--image", docker_image, lines=2000)
    (session,) = sessions(outside)
    found = subprocess.run(
        ["docker", "ps", "-q", "--filter", f"label=cicd.session={session.name}"],
        capture_output=True,
        text=True,
        check=True,
    )
    subprocess.run(["docker", "kill", *found.stdout.split()], capture_output=True, check=True)
    out, _ = process.communicate(timeout=PATIENCE)
    assert 4 == process.returncode, out.decode()
    assert b"Build container found dead before completing the build." in out
    (tmp_path / "buildspec.yml").write_text(QUICK)
    assert 0 == outside.run("build", "--image", docker_image)[0]
    assert [] == sessions(outside)
