"""What a project asks for beside its image: limits, networks, file systems, an engine."""

import os
import platform
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cicd.backends import docker_engine
from cicd.backends.docker_engine import Engine
from cicd.backends.docker_layers import layers_of, remove_layers
from cicd.backends.runner_docker import DockerRunner
from cicd.errors import Unavailable
from cicd.ports import Environment, Exit, Mount, MountMode
from cicd.testing.contracts_runner import in_time, left_in, run
from tests.absent import absent
from tests.docker.small import small_image

pytestmark = pytest.mark.docker
VPC = "cicd-test-vpc"


@pytest.fixture
def engine(docker_image):
    return Engine(docker_engine.endpoint())


@pytest.fixture
def opened(tmp_path, docker_image):
    sessions = []

    def open_one(**wishes):
        environment = replace(Environment(image=docker_image), **wishes)
        name = f"s{len(sessions)}"
        sessions.append(DockerRunner(tmp_path / "home").open(name, environment, stream="b/s"))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()
    assert [] == left_in(tmp_path / "home")
    home = tmp_path / "home"
    in_time(lambda: all(remove_layers(kept.project, home) for kept in layers_of(home)))


def inspected(engine, session):
    return engine.find(f"/containers/{session.directory.record().state['container']}/json")


def test_limits_are_the_container_s(opened, engine):
    host = inspected(engine, opened(cpus=1.5, memory=256 * 1024 * 1024))["HostConfig"]
    assert (1_500_000_000, 256 * 1024 * 1024) == (host["NanoCpus"], host["Memory"])


def test_more_processors_than_there_are_is_no_limit(opened):
    assert (Exit(status=0), b"ran\n") == run(opened(cpus=4096.0), "echo ran")


def test_a_vpc_becomes_a_network_that_leads_nowhere_and_is_joined_again(opened, engine):
    try:
        for _ in range(2):
            session = opened(network=VPC, make_network="internal")
            assert VPC == inspected(engine, session)["HostConfig"]["NetworkMode"]
        assert engine.find(f"/networks/{VPC}")["Internal"]
    finally:
        for container in engine.find(f"/networks/{VPC}")["Containers"]:
            engine.call("POST", f"/networks/{VPC}/disconnect", {"Container": container})
        engine.call("DELETE", f"/networks/{VPC}")


def test_without_a_network_there_is_only_the_machine_itself(opened):
    said = run(opened(network="none"), "cat /proc/net/route | wc -l")
    assert (Exit(status=0), b"1\n") == said


def test_a_network_that_is_not_there_is_said_with_how_to_make_it(opened):
    with pytest.raises(Unavailable, match="no-such-net") as caught:
        opened(network="no-such-net")
    assert "docker network create" in caught.value.hint


def test_a_file_system_is_made_mounted_and_outlives_the_build(opened, tmp_path):
    mount = Mount(
        name="file-system-data",
        source=tmp_path / "deep" / "data",
        mode=MountMode.READ_WRITE,
        place="/mnt/data",
        make=True,
    )
    session = opened(mounts=(mount,))
    assert "/mnt/data" == session.places["file-system-data"]
    assert (Exit(status=0), b"") == run(session, "echo kept >/mnt/data/f")
    assert (Exit(status=0), b"kept\n") == run(opened(mounts=(mount,)), "cat /mnt/data/f")


def test_a_privileged_build_speaks_to_this_engine_and_its_sources_are_at_the_same_path(
    opened, docker_image, tmp_path
):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "f").write_text("original")
    mount = Mount(name="src", source=tmp_path / "src", mode=MountMode.COPY_ON_WRITE)
    session = opened(mounts=(mount,), privileged=True, docker="socket")
    place = session.places["src"]
    inner = """
import http.client, json, os, socket, sys
class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")
def call(method, path, body=None):
    engine = Engine("d")
    engine.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
    answer = engine.getresponse().read()
    return json.loads(answer) if answer.strip() else None
made = call("POST", "/containers/create", {
    "Image": sys.argv[1], "Cmd": ["sh", "-c", "echo inner >> /w/f"],
    "HostConfig": {"Binds": [os.getcwd() + ":/w"]}})
call("POST", "/containers/" + made["Id"] + "/start")
call("POST", "/containers/" + made["Id"] + "/wait")
call("DELETE", "/containers/" + made["Id"])
"""
    script = f"cat >/tmp/i.py <<'END'\n{inner}\nEND\npython3 /tmp/i.py {docker_image} && cat f"
    assert (Exit(status=0), b"originalinner\n") == run(session, script, directory=place)
    assert "original" == (tmp_path / "src" / "f").read_text()


def test_who_is_not_privileged_finds_no_engine(opened):
    assert 1 == run(opened(), "test -e /var/run/docker.sock")[0].status


def test_a_nested_engine_needs_an_image_that_has_one(opened):
    with pytest.raises(Unavailable, match="the image has no dockerd") as caught:
        opened(privileged=True, docker="nested")
    assert 'docker = "socket"' in caught.value.hint


@pytest.fixture
def nested(opened, tmp_path):
    """Open sessions whose engine inside is this machine's, its tools seen through a mount."""
    if shutil.which("dockerd") != "/usr/sbin/dockerd":
        absent("there is no Debian dockerd on this machine to be run inside")
    links = tmp_path / "links"
    links.mkdir()
    for name in ("iptables", "ip6tables", "iptables-save", "ip6tables-save"):
        multi = Path(os.path.realpath("/usr/sbin/iptables")).name
        (links / name).symlink_to(f"/opt/tools/sbin/{multi}")
    sees = {"links": links, "tools": Path("/usr")}
    libraries = f"/opt/tools/lib/{platform.machine()}-linux-gnu"
    (tmp_path / "small.tar").write_bytes(small_image())

    def open_one(**wishes):
        session = opened(
            privileged=True,
            docker="nested",
            mounts=tuple(
                Mount(name=name, source=source, mode=MountMode.READ_ONLY, place=f"/opt/{name}")
                for name, source in sees.items()
            ),
            variables={
                "PATH": "/opt/links:/usr/sbin:/usr/bin:/opt/tools/sbin:/opt/tools/bin",
                "LD_LIBRARY_PATH": libraries,
                "XTABLES_LIBDIR": f"{libraries}/xtables",
            },
            **wishes,
        )
        session.copy_in(tmp_path / "small.tar", f"{session.scratch}/small.tar")
        # Who starts a container starts anew without the variables that lead to its libraries.
        copied = f"cp -n {libraries}/libseccomp.so.2 /usr/lib/$(uname -m)-linux-gnu/"
        assert (Exit(status=0), b"") == run(session, copied)
        return session

    return open_one


def test_a_nested_engine_is_up_before_the_first_command_and_runs_containers(nested):
    script = (
        "docker import small.tar small >/dev/null && "
        "docker run --rm --network none -v /tmp:/w small sh -c 'echo inner >/w/f' && cat /tmp/f"
    )
    assert (Exit(status=0), b"inner\n") == run(nested(), script)


def test_layers_of_a_nested_engine_are_found_again_and_nothing_else(nested, tmp_path):
    home = tmp_path / "home"
    build = (
        "mkdir -p c && echo x >c/x && printf 'FROM small\\nCOPY x /x\\n' >c/Dockerfile && "
        "DOCKER_BUILDKIT=0 docker build --network none -t app c | grep -c 'Using cache'"
    )
    first = nested(layers="app")
    much = (
        "docker import small.tar small && docker network create kept && "
        "docker run -d --restart always --network none -v vol:/v small sleep 600"
    )
    assert 0 == run(first, much)[0].status
    assert (Exit(status=1), b"0\n") == run(first, build)
    first.close()
    second = nested(layers="app")
    assert (Exit(status=0), b"1\n") == run(second, build)
    left = "docker ps -aq; docker volume ls -q; docker network ls -q --filter name=kept"
    assert (Exit(status=0), b"") == run(second, left)
    # Two engines cannot have one directory.
    beside = nested(layers="app")
    assert (Exit(status=0), b"") == run(beside, "docker images -q")
    assert not remove_layers("app", home)
    assert ["app"] == [kept.project for kept in layers_of(home)]
    second.close()
    in_time(lambda: remove_layers("app", home))
    assert [] == layers_of(home)
