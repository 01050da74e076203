"""Sessions on an engine that shares no directory with us, by tcp and by ssh."""

import threading

import pytest

from cicd.backends.runner_docker import DockerRunner
from cicd.errors import Unavailable
from cicd.ports import Environment, Exit, Mount, MountMode
from cicd.testing.contracts_runner import RunnerContract, left_in, run
from tests.docker.far_engine import FarEngine
from tests.docker.own_engine import need_own_engine

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def far(docker_image, tmp_path_factory):
    need_own_engine()
    engine = FarEngine(hidden=tmp_path_factory.getbasetemp())
    engine.load(docker_image)
    yield engine
    engine.remove()


class FarContract(RunnerContract):
    isolates = False  # a source that may not be written to is a copy of its own
    shares = False
    way = ""

    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls, home, far, docker_image):
        cls.image = docker_image
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", getattr(far, cls.way))
            patch.setenv("PATH", far.path())
            yield DockerRunner(home, offline=True)


class TestByTcp(FarContract):
    way = "tcp"

    def test_a_network_that_breaks_loses_nothing(self, session, far):
        script = "i=0; while [ $i -lt 15 ]; do echo $i; i=$((i+1)); sleep 0.1; done; exit 6"
        timer = threading.Timer(0.6, far.cut)
        timer.start()
        expected = b"".join(b"%d\n" % i for i in range(15))
        assert (Exit(status=6), expected) == run(session, script)

    def test_a_layer_lies_over_the_source(self, runner, tmp_path):
        source, layer = tmp_path / "source", tmp_path / "layer"
        for path in (source, layer / "deep"):
            path.mkdir(parents=True)
        (source / "f").write_text("below")
        (layer / "f").write_text("above")
        (layer / "deep" / "g").write_text("g")
        mode = MountMode.COPY_ON_WRITE
        mount = Mount(name="src", source=source, mode=mode, layer=layer)
        session = runner.open("layer", Environment(image=self.image, mounts=(mount,)), stream="l")
        try:
            found = run(session, "cat f deep/g", directory=session.places["src"])
            assert (Exit(status=0), b"aboveg") == found
        finally:
            session.close()

    def test_what_takes_a_directory_of_both_machines_is_refused(self, runner, home, tmp_path):
        before = left_in(home)
        shared = Mount(name="fs_data", source=tmp_path, mode=MountMode.READ_WRITE)
        with pytest.raises(Unavailable, match="cannot be shared"):
            runner.open("no", Environment(image=self.image, mounts=(shared,)), stream="n")
        socket = Environment(image=self.image, privileged=True, docker="socket")
        with pytest.raises(Unavailable, match="cannot use the Docker engine") as caught:
            runner.open("no", socket, stream="n")
        assert "nested" in caught.value.hint
        assert before == left_in(home)


class TestBySsh(FarContract):
    way = "ssh"
