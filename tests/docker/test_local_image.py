"""What the engine knows of an image, as sources of ECR ask for it."""

import pytest

from cicd.backends.docker_images import local_image

pytestmark = pytest.mark.docker


def test_an_image_has_its_id_and_its_tags_and_another_is_not_there():
    found = local_image("cicd-test:latest")
    assert found.id.startswith("sha256:")
    assert "cicd-test:latest" in found.tags
    assert found.size > 0
    assert None is local_image("cicd-test:there-is-none")
