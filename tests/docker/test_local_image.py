"""What the engine knows of an image, as sources of ECR ask for it, and the doctor."""

import json

import pytest

from cicd.backends.docker_images import local_image
from tests.cli.killed import Outside

pytestmark = pytest.mark.docker


def test_an_image_has_its_id_and_its_tags_and_another_is_not_there():
    found = local_image("cicd-test:latest")
    assert found.id.startswith("sha256:")
    assert "cicd-test:latest" in found.tags
    assert found.size > 0
    assert None is local_image("cicd-test:there-is-none")


def test_doctor_tells_of_the_image_of_a_build_without_a_project(
    tmp_path, monkeypatch, docker_image
):
    for image, said in (("none/such:1", "not here yet: none/such:1"), (docker_image, "is here")):
        monkeypatch.setenv("CICD_IMAGE", image)
        _, out, _ = Outside(tmp_path).run("doctor", "--json")
        found = {each["subject"]: each for each in json.loads(out.splitlines()[-1])["findings"]}
        assert said in found["images"]["text"]
