"""The three runners against the one contract."""

import os
import subprocess
import sys

import pytest

from cicd.backends import RUNNERS, session_driver, session_mounts
from cicd.backends.runner_docker import DockerRunner
from cicd.backends.runner_host import HostRunner
from cicd.backends.runner_sandbox import SandboxRunner
from cicd.errors import Unavailable
from cicd.ports import Environment, Exit, Mount, MountMode
from cicd.testing.contracts_runner import RunnerContract, left_in, run

sandboxed = sys.platform == "linux"


class TestHostRunner(RunnerContract):
    isolates = False
    switches_users = False

    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls, home):
        return HostRunner(home)

    def test_who_does_not_end_when_asked_is_killed(self, session, monkeypatch):
        monkeypatch.setattr(session_driver, "GRACE", 0.2)
        script = "trap 'echo asked' TERM; echo ready; while :; do :; done"
        expected = (Exit(status=137, cancelled="STOPPED"), b"ready\nasked\n")
        assert expected == run(session, script, cancel_at=b"ready")

    def test_a_copy_serves_where_an_overlay_does_not(self, runner, tmp_path, monkeypatch):
        monkeypatch.setattr(session_mounts, "overlay", lambda *_: None)
        self.test_hidden_entries_are_not_seen_and_not_touched(runner, tmp_path)

    def test_a_home_inside_the_source_is_not_copied_into_itself(self, tmp_path, monkeypatch):
        monkeypatch.setattr(session_mounts, "overlay", lambda *_: None)
        self._a_home_inside(tmp_path)

    def test_a_home_inside_the_source_is_not_seen(self, tmp_path):
        self._a_home_inside(tmp_path)

    def _a_home_inside(self, tmp_path):
        home = tmp_path / "deep" / "state"
        home.mkdir(parents=True)
        (home / "f").write_text("state")
        (tmp_path / "deep" / "g").write_text("g")
        mount = Mount(name="src", source=tmp_path, mode=MountMode.COPY_ON_WRITE)
        session = HostRunner(home).open("own", Environment(mounts=(mount,)), stream="build/o")
        try:
            paths = [entry.path for entry in session.files(session.places["src"])]
            assert ["deep/g"] == paths
        finally:
            session.close()

    def test_a_daemon_that_left_its_session_is_ended_too(self, runner, home):
        session = runner.open("daemon", Environment(), stream="build/d")
        run(session, "setsid sh -c 'sleep 700 & sleep 700' >/dev/null 2>&1 & sleep 0.1")
        session.close()
        found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        assert "sleep 700" not in found.stdout.splitlines()

    def test_what_it_cannot_do_is_refused(self, runner, home):
        before = left_in(home)
        for environment in (
            Environment(network="bridge"),
            Environment(cpus=1.0),
            Environment(memory=2**30),
        ):
            with pytest.raises(Unavailable, match="the host runner cannot"):
                runner.open("no", environment, stream="build/no")
        assert before == left_in(home)


if sandboxed:

    class TestSandboxRunner(RunnerContract):
        switches_users = os.geteuid() == 0

        @pytest.fixture(scope="class")
        @classmethod
        def runner(cls, home):
            return SandboxRunner(home)

        def test_homes_and_temporary_files_of_this_machine_are_not_seen(self, session, tmp_path):
            (tmp_path / "f").write_text("f")
            assert Exit(status=1) == run(session, f"test -e {tmp_path}/f")[0]
            assert (Exit(status=0), b"/root\n") == run(
                session, "echo $HOME; ls ~; ls /home; ls /tmp"
            )

        def test_tools_of_this_machine_are_read_only(self, session):
            assert 0 != run(session, "echo x >/usr/cicd-test")[0].status

        def test_processes_of_this_machine_are_not_seen(self, session):
            status, output = run(session, "ls -d /proc/[0-9]* | wc -l")
            assert (0, True) == (status.status, int(output) < 20)

        def test_without_overlays_a_copy_serves(self, runner, tmp_path, monkeypatch):
            monkeypatch.setattr("cicd.backends.sandbox_command.overlays_work", lambda _: False)
            self.test_hidden_entries_are_not_seen_and_not_touched(runner, tmp_path)

        def test_what_it_cannot_do_is_refused(self, runner):
            for environment in (
                Environment(network="some"),
                Environment(privileged=True),
                Environment(cpus=1.0),
            ):
                with pytest.raises(Unavailable, match="the sandbox runner cannot"):
                    runner.open("no", environment, stream="build/no")


@pytest.mark.docker
class TestDockerRunner(RunnerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls, home, docker_image):
        cls.image = docker_image
        return DockerRunner(home, offline=True)


def test_the_table_of_runners_leads_to_them():
    expected = {"docker": DockerRunner, "sandbox": SandboxRunner, "host": HostRunner}
    assert expected == {name: RUNNERS.get(name) for name in RUNNERS}
