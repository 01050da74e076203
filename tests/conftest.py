"""What the tests of several rooms share."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.absent import absent

# How fast a machine is, and how busy, is no finding about the program.
settings.register_profile(
    "any-speed", deadline=None, suppress_health_check=(HealthCheck.too_slow,)
)
settings.load_profile("any-speed")

pytest.register_assert_rewrite("cicd.testing")

# Compiled files are kept, as they are on anybody's machine: tests start the program hundreds of
# times, and compiling it each time takes three times as long as all else that it does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session")
def s3_endpoint():
    """Give the URL of an S3 of this machine, which lasts as long as the tests."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint, monkeypatch):
    """Have ``s3://`` mean the S3 of this machine; gives the URL of a bucket that is not there."""
    import uuid

    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "eu-central-1",  # where a bucket must be told its region
    }.items():
        monkeypatch.setenv(name, value)
    return f"s3://{uuid.uuid4()}"


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
        absent(reason)
    return image
