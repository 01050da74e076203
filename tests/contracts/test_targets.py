"""The instances against their contract."""

import os

import pytest

from cicd.backends import instance_world
from cicd.backends.target_directory import DirectoryTarget
from cicd.ports import TargetSpec
from cicd.testing.contracts_target import InstanceTargetContract
from tests.deploy.hostile import HostileDeployments


class TestDirectoryTarget(InstanceTargetContract):
    """Hooks run on this machine itself."""

    isolated = False
    switches_users = os.geteuid() == 0

    @pytest.fixture
    def target(self, tmp_path):
        spec = TargetSpec(id="a", location=str(tmp_path / "a"), variables=(("PORT", "80"),))
        return DirectoryTarget(spec, isolated=self.isolated)

    @pytest.fixture
    def unusable(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        spec = TargetSpec(id="b", location=str(tmp_path / "file" / "b"))
        return DirectoryTarget(spec, isolated=self.isolated)


if instance_world.works():

    class TestIsolatedDirectoryTarget(TestDirectoryTarget):
        """Hooks see the directory as their root."""

        isolated = True


class TestHostileDirectory(HostileDeployments):
    """Bad revisions, and bad places."""

    @pytest.fixture
    def spec(self, tmp_path):
        return TargetSpec(id="a", location=str(tmp_path / "a"))
