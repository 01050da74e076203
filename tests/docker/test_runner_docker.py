"""What only the docker runner promises."""

import errno
import io
import subprocess
import tarfile
from dataclasses import replace

import pytest

from cicd.backends import docker_engine, session_mounts
from cicd.backends.docker_engine import Engine
from cicd.backends.runner_docker import DockerRunner
from cicd.backends.session_directory import SessionDirectory
from cicd.errors import Unavailable
from cicd.ports import Environment, Exit, Mount, MountMode
from cicd.testing.contracts_runner import in_time, left_in, run

pytestmark = pytest.mark.docker


@pytest.fixture
def runner(tmp_path, docker_image):
    return DockerRunner(tmp_path / "home", offline=True)


@pytest.fixture
def opened(runner):
    """Open sessions that are closed whatever happens."""
    sessions = []

    def open_one(environment, name="one"):
        sessions.append(runner.open(name, environment, stream=f"build/{name}"))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()


@pytest.fixture
def engine(docker_image):
    return Engine(docker_engine.endpoint())


@pytest.fixture
def derived(engine, docker_image):
    """Make images of the one under test by a change to it, as a Dockerfile would."""
    made = []

    def derive(change):
        created = engine.call("POST", "/containers/create", {"Image": docker_image, "Cmd": ["x"]})
        query = {"container": created["Id"], "repo": "cicd-test-derived", "changes": change}
        made.append(engine.call("POST", "/commit", {}, query=query)["Id"])
        engine.call("DELETE", f"/containers/{created['Id']}")
        return made[-1]

    yield derive
    for image in made:
        engine.call("DELETE", f"/images/{image}", query={"force": "1"})


def test_commands_are_root_whatever_user_the_image_names(derived, opened):
    """Trap 32 of the CodeBuild reference."""
    session = opened(Environment(image=derived("USER nobody")))
    assert (Exit(status=0), b"0\n/root\n") == run(session, "id -u; echo $HOME")


def test_what_was_cut_off_right_after_it_began_is_reaped(runner, docker_image, monkeypatch):
    save, calls = SessionDirectory.save, []

    def cut_off(directory, record):
        calls.append(record)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(directory, record)

    monkeypatch.setattr(SessionDirectory, "save", cut_off)
    with pytest.raises(OSError, match="No space left"):
        runner.open("one", Environment(image=docker_image), stream="build/one")
    assert ["one"] == runner.reap(lambda stream: stream != "build/one")
    assert [] == runner.reap(lambda _: False)


def test_the_entry_point_of_an_image_is_not_used(derived, opened):
    session = opened(Environment(image=derived('ENTRYPOINT ["/bin/false"]')))
    assert (Exit(status=0), b"ran\n") == run(session, "echo ran")


def test_the_variables_of_the_image_are_there_and_may_be_replaced(derived, opened):
    image = derived("ENV ONE=image TWO=image")
    session = opened(Environment(image=image, variables={"TWO": "given"}))
    assert (Exit(status=0), b"image given\n") == run(session, "echo $ONE $TWO")


def test_nothing_is_left_on_the_engine(runner, opened, engine, docker_image, tmp_path):
    volumes = {volume["Name"] for volume in engine.call("GET", "/volumes")["Volumes"] or ()}
    (tmp_path / "src").mkdir()
    mount = Mount(name="src", source=tmp_path / "src", mode=MountMode.COPY_ON_WRITE)
    session = opened(Environment(image=docker_image, mounts=(mount,)))
    name = session.directory.record().state["container"]
    found = engine.find(f"/containers/{name}/json")
    labels = found["Config"]["Labels"]
    assert ("one", "build/one") == (labels["cicd.session"], labels["cicd.stream"])
    # Linux lays no overlay over one: where this runs in a container, it is a copy.
    what = ("stat", "-f", "-c", "%T", str(tmp_path))
    system = subprocess.run(what, check=True, capture_output=True, text=True).stdout.strip()
    kind = "bind" if system == "overlayfs" else "volume"
    assert [kind] == [m["Type"] for m in found["Mounts"] if m["Destination"].endswith("/src")]
    session.close()
    in_time(lambda: engine.find(f"/containers/{name}/json") is None)
    after = {volume["Name"] for volume in engine.call("GET", "/volumes")["Volumes"] or ()}
    assert set() == {name for name in after - volumes if name in str(found["Mounts"])}


def test_a_copy_serves_where_the_engine_cannot_mount_an_overlay(
    opened, docker_image, tmp_path, monkeypatch
):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "f").write_text("f")
    monkeypatch.setattr(session_mounts.Overlay, "options", lambda _: "lowerdir=/no/such/place")
    mount = Mount(name="src", source=tmp_path / "src", mode=MountMode.COPY_ON_WRITE)
    session = opened(Environment(image=docker_image, mounts=(mount,)))
    place = session.places["src"]
    assert (Exit(status=0), b"f") == run(session, "cat f; echo x >f", directory=place)
    assert "f" == (tmp_path / "src" / "f").read_text()


def test_a_container_killed_from_outside_is_a_lost_command(opened, engine, docker_image):
    session = opened(Environment(image=docker_image))
    path = f"/containers/{session.directory.record().state['container']}/kill"
    killing = "echo begun; sleep 60"
    seen = []

    def output(data):
        seen.append(data)
        engine.call("POST", path)

    from cicd.ports import CancelToken

    ended = session.run("k", killing, output=output, cancel=CancelToken())
    assert (True, [b"begun\n"]) == (ended.lost, seen)


def test_a_container_whose_directory_is_gone_is_reaped(runner, engine, docker_image, tmp_path):
    session = runner.open("orphan", Environment(image=docker_image), stream="build/orphan")
    name = session.directory.record().state["container"]
    subprocess.run(["rm", "-rf", str(tmp_path / "home")], check=True)
    assert ["orphan"] == runner.reap(lambda _: False)
    assert None is engine.find(f"/containers/{name}/json")


def test_another_home_is_not_reaped(opened, docker_image, tmp_path):
    session = opened(Environment(image=docker_image))
    assert [] == DockerRunner(tmp_path / "other").reap(lambda _: False)
    assert (Exit(status=0), b"here\n") == run(session, "echo here")


def test_an_image_that_is_not_there_is_said(runner, tmp_path):
    with pytest.raises(Unavailable, match="'no/such:image' is not on this machine") as caught:
        runner.open("no", Environment(image="no/such:image"), stream="s")
    assert "--image" in caught.value.hint
    assert [] == left_in(tmp_path / "home")


def test_a_curated_image_that_was_made_here_serves_under_its_own_name(
    runner, docker_image, engine
):
    own = {"repo": "aws/codebuild/cicd-test", "tag": "1"}
    engine.call("POST", f"/images/{docker_image}/tag", query=own)
    environment = Environment(
        image="public.ecr.aws/codebuild/cicd-test:1", stands_for="aws/codebuild/cicd-test:1"
    )
    try:
        session = runner.open("own", environment, stream="s")
        session.close()
        with pytest.raises(Unavailable, match="'no/such:1', which stands in for 'aws/"):
            runner.open("no", replace(environment, image="no/such:1"), stream="s")
    finally:
        engine.call("DELETE", "/images/aws/codebuild/cicd-test:1")


def test_an_image_without_a_shell_is_said(runner, tmp_path, docker_image):
    import docker

    client = docker.from_env()
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    client.api.import_image_from_data(data.getvalue(), "cicd-test-empty", "latest")
    try:
        with pytest.raises(Unavailable, match="has no 'sh'"):
            runner.open("no", Environment(image="cicd-test-empty:latest"), stream="s")
    finally:
        client.images.remove("cicd-test-empty:latest", force=True)
    assert [] == left_in(tmp_path / "home")


def test_a_pull_that_is_refused_names_the_image(tmp_path, docker_image):
    lines = []
    environment = Environment(image="127.0.0.1:1/none:1")
    with pytest.raises(Unavailable, match=r"'127\.0\.0\.1:1/none:1' is not on this machine"):
        DockerRunner(tmp_path).open("no", environment, stream="s", say=lines.append)
    assert ["Pulling image 127.0.0.1:1/none:1"] == lines


def test_an_unknown_network_is_said_and_nothing_stays(runner, docker_image, tmp_path):
    with pytest.raises(Unavailable, match="did not start"):
        runner.open("no", Environment(image=docker_image, network="no-such-net"), stream="s")
    assert [] == left_in(tmp_path / "home")
