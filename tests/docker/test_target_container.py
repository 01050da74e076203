"""Containers as instances."""

import subprocess
import sys
from datetime import timedelta

import pytest

from cicd.backends import docker_engine
from cicd.backends.docker_engine import Engine
from cicd.backends.target_container import ContainerTarget
from cicd.errors import Unavailable
from cicd.ports import CancelToken, HookFailure, HookRun, TargetKind, TargetSpec
from cicd.testing.contracts_target import InstanceTargetContract
from tests.deploy.hostile import HostileDeployments

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(docker_image):
    return Engine(docker_engine.endpoint())


@pytest.fixture
def container(engine, docker_image):
    """Give a container that only sleeps."""
    made = engine.call(
        "POST",
        "/containers/create",
        {
            "Image": docker_image,
            "Entrypoint": ["sleep", "600"],
            "HostConfig": {"Init": True},
        },
    )["Id"]
    engine.call("POST", f"/containers/{made}/start")
    yield made
    engine.call("DELETE", f"/containers/{made}", query={"force": "1"})


def target_of(container):
    spec = TargetSpec(
        id="a", kind=TargetKind.CONTAINER, location=container, variables=(("PORT", "80"),)
    )
    return ContainerTarget(spec)


class TestContainerTarget(InstanceTargetContract):
    """The promises of every instance; the test image's own ``su`` has no PAM to ask."""

    switches_users = False

    @pytest.fixture
    def target(self, container):
        return target_of(container)

    @pytest.fixture
    def unusable(self, docker_image):
        return target_of("cicd-no-such-container")


class TestHostileContainer(HostileDeployments):
    """Bad revisions, and bad places."""

    @pytest.fixture
    def spec(self, container):
        return TargetSpec(id="a", kind=TargetKind.CONTAINER, location=container)


def test_a_disk_of_a_container_that_fills_up_fails_install(tmp_path, engine, docker_image):
    made = engine.call(
        "POST",
        "/containers/create",
        {
            "Image": docker_image,
            "Entrypoint": ["sleep", "600"],
            "HostConfig": {"Init": True, "Tmpfs": {"/srv": "size=64k"}},
        },
    )["Id"]
    try:
        engine.call("POST", f"/containers/{made}/start")
        (tmp_path / "r").mkdir()
        (tmp_path / "r/big").write_bytes(b"x" * 500_000)
        (tmp_path / "r/appspec.yml").write_text(
            "version: 0.0\nos: linux\nfiles: [{source: big, destination: /srv}]\n"
        )
        done = deployed(tmp_path / "r", made)
        assert done.returncode == 1
        assert "No space left on device - /srv/big" in done.stdout
        (tmp_path / "r/big").write_bytes(b"small")
        assert deployed(tmp_path / "r", made).returncode == 0
    finally:
        engine.call("DELETE", f"/containers/{made}", query={"force": "1"})


def test_a_paused_container_says_so(engine, container):
    engine.call("POST", f"/containers/{container}/pause")
    with pytest.raises(Unavailable) as refused:
        target_of(container).check()
    assert refused.value.hint == f"`docker unpause {container}`"


def test_a_stopped_container_says_so_and_nothing_is_written_any_more(engine, container):
    target = target_of(container)
    target.check()
    engine.call("POST", f"/containers/{container}/kill")
    engine.call("POST", f"/containers/{container}/wait")
    with pytest.raises(Unavailable) as refused:
        target.check()
    assert refused.value.hint == f"`docker start {container}`"
    with pytest.raises(OSError, match="Not a directory"):
        target.path("/srv").mkdir()


def test_a_container_that_dies_under_a_hook_fails_it(engine, container):
    target = target_of(container)
    target.check()
    script = target.path("/hook.sh")
    script.write_text("#!/bin/sh\necho up; sleep 600\n")
    script.chmod(0o755)

    def output(_stream, _line):
        engine.call("POST", f"/containers/{container}/kill")

    hook = HookRun(script="/hook.sh", runas=None, timeout=timedelta(seconds=30), variables={})
    ended = target.run_hook(hook, output=output, cancel=CancelToken())
    assert (ended.failure, ended.status in (None, 137)) == (HookFailure.EXIT, True)


def test_a_container_without_a_shell_cannot_execute(engine, container):
    target = target_of(container)
    target.check()
    target.path("/hook.sh").write_text("echo ran\n")
    target.path("/bin/sh").unlink()
    hook = HookRun(script="/hook.sh", runas=None, timeout=timedelta(seconds=30), variables={})
    ended = target.run_hook(hook, output=lambda *_: None, cancel=CancelToken())
    assert ended.message == "Errno::ENOENT with message No such file or directory - /bin/sh"


def deployed(revision, container):
    """Deploy from outside, with the home beside the revision."""
    home = ("--home", str(revision.parent / "home"))
    command = [sys.executable, "-m", "cicd", "deploy", str(revision), *home]
    return subprocess.run(
        [*command, "--instance", f"web=container:{container}"],
        cwd=revision,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_revision_goes_into_a_container_with_owner_and_mode(tmp_path, container):
    revision = tmp_path / "revision"
    revision.mkdir()
    (revision / "app.txt").write_text("app\n")
    (revision / "stop.sh").write_text("#!/bin/sh\ntest -f /srv/app/app.txt\n")
    (revision / "stop.sh").chmod(0o755)
    (revision / "appspec.yml").write_text(
        "version: 0.0\nos: linux\n"
        "files: [{source: app.txt, destination: /srv/app}]\n"
        "permissions: [{object: /srv/app, pattern: '*.txt', owner: www-data, mode: 640}]\n"
        "hooks: {ValidateService: [{location: stop.sh, timeout: 20}]}\n"
    )
    done = deployed(revision, container)
    assert done.returncode == 0, done.stderr
    target = target_of(container)
    target.check()
    placed = target.path("/srv/app/app.txt").stat()
    assert (placed.st_uid, placed.st_mode & 0o7777) == (33, 0o640)


def test_a_container_whose_clock_is_off_gets_the_diagnosis_in_words(tmp_path, container):
    target = target_of(container)
    target.check()
    date = target.path("/usr/local/bin/date")
    date.parent.mkdir(parents=True, exist_ok=True)
    date.write_text('#!/bin/sh\nexec /bin/date -d "-1 hour" "$@"\n')
    date.chmod(0o755)
    assert -3605 < target.skew().total_seconds() < -3595
    (tmp_path / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    done = deployed(tmp_path, container)
    assert done.returncode == 1
    assert "InvalidSignatureException - Signature expired" in done.stdout
    assert "60 minutes behind" in done.stdout
    assert not target.path("/opt/codedeploy-agent/deployment-root/ongoing-deployment").exists()


def test_a_container_that_is_paused_under_a_hook_does_not_hold_us_for_ever(
    engine, container, monkeypatch
):
    monkeypatch.setattr("cicd.backends.hook_process.GRACE", 0.3)
    monkeypatch.setattr("cicd.backends.hook_process._LAST", 0.3)
    target = target_of(container)
    target.check()
    script = target.path("/hook.sh")
    script.write_text("#!/bin/sh\necho up; sleep 600\n")
    script.chmod(0o755)
    cancel = CancelToken()

    def output(_stream, _line):
        engine.call("POST", f"/containers/{container}/pause")
        cancel.cancel("TIMED_OUT")  # the event's hour is over

    hook = HookRun(script="/hook.sh", runas=None, timeout=timedelta(seconds=60), variables={})
    ended = target.run_hook(hook, output=output, cancel=cancel)
    assert (ended.failure, ended.status) == (HookFailure.EXIT, None)
    engine.call("POST", f"/containers/{container}/unpause")
