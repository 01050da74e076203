"""The promises of an instance that is this machine: run by test_this_machine.py, in a root of its
own. Nothing collects this file by itself: it writes to ``/``."""

import shutil
from pathlib import Path

import pytest

from cicd.backends.target_directory import this_machine
from cicd.errors import Unavailable
from cicd.ports import TargetKind, TargetSpec
from cicd.testing.contracts_target import InstanceTargetContract
from tests.deploy.hostile import HostileDeployments


def spec(location="/"):
    return TargetSpec(
        id="here", kind=TargetKind.MACHINE, location=location, variables=(("PORT", "80"),)
    )


@pytest.fixture(autouse=True)
def _unused():
    """Take away what a test left: the next one is to find the machine unused."""
    known = set(_names())
    yield
    for place in set(_names()) - known:
        place.unlink() if place.is_symlink() or not place.is_dir() else shutil.rmtree(place)


def _names():
    return [place for top in ("/", "/opt", "/srv", "/var") for place in Path(top).iterdir()]


class TestThisMachine(InstanceTargetContract):
    @pytest.fixture
    def target(self):
        return this_machine(spec())

    @pytest.fixture
    def unusable(self):
        return this_machine(spec("/etc/passwd/none"))

    def test_a_terminated_instance_runs_nothing_any_more(self, target):
        """It is not terminated: that would be the end of us, too."""
        with pytest.raises(Unavailable, match="not terminated"):
            target.terminate()


class TestHostileMachine(HostileDeployments):
    @pytest.fixture
    def spec(self):
        return spec()
