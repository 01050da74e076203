"""What the tests of several rooms share."""

import os
import sys

import pytest

pytest.register_assert_rewrite("cicd.testing")

# Compiled files are kept, as they are on anybody's machine: tests start the program hundreds of
# times, and compiling it each time takes three times as long as all else that it does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session")
def docker_image():
    """Name the image under test; skips without an engine, fails where one is required."""
    from cicd.backends import docker_engine
    from cicd.backends.docker_engine import Engine
    from cicd.errors import Unavailable

    image = os.environ.get("CICD_TEST_IMAGE", "cicd-test:latest")
    try:
        found = Engine(docker_engine.endpoint()).find(f"/images/{image}/json")
        reason = None if found else f"image '{image}' is not on this machine"
    except Unavailable as unavailable:
        reason = unavailable.message
    if reason is not None:
        if os.environ.get("CICD_REQUIRE_DOCKER") == "1":
            pytest.fail(f"CICD_REQUIRE_DOCKER=1, but {reason}")
        pytest.skip(reason)
    return image
