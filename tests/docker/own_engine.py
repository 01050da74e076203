"""An engine of a test's own, which it may kill: nothing of it touches the machine's."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from cicd.backends import docker_container
from cicd.backends.docker_engine import Engine
from cicd.errors import Unavailable
from tests.absent import absent
from tests.docker.small import small_image

IMAGE = "small:1"


def need_own_engine():
    """Skip where no engine of a test's own can be had; fail where one is required."""
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        absent("an engine of the test's own needs root and dockerd")


class OwnEngine:
    """One ``dockerd`` with state, socket and processes of its own, and no network."""

    def __init__(self, hidden=None):
        """``hidden``: a directory of which this engine sees nothing."""
        self.hidden = hidden
        # Paths of sockets are short.
        self.place = Path(tempfile.mkdtemp(prefix="own-"))
        self.url = f"unix://{self.place}/s"
        self.process = None
        self.starts = 0

    @property
    def execution(self):
        return self.place / f"exec{self.starts}"

    def start(self):
        place = self.place
        self.starts += 1  # what a killed one has left is not taken over
        (place / "pid").unlink(missing_ok=True)
        log = (place / "log").open("ab")
        # An engine without a bridge removes docker0, whosesoever it is: not out of here.
        apart = ["unshare", "--net"]
        if self.hidden is not None:
            cover = 'mount -t tmpfs none "$0" && exec "$@"'
            apart += ["--mount", "sh", "-c", cover, str(self.hidden)]
        self.process = subprocess.Popen(
            [
                *(*apart, "dockerd"),
                f"--data-root={place}/data",
                f"--exec-root={self.execution}",
                f"--pidfile={place}/pid",
                f"--host={self.url}",
                "--bridge=none",
                "--iptables=false",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        deadline = time.monotonic() + 30
        while True:
            try:
                Engine(self.url).ping()
            except Unavailable:
                said = (place / "log").read_text()[-2000:]
                assert self.process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)
            else:
                return

    def load(self):
        import docker

        client = docker.APIClient(base_url=self.url)
        client.import_image_from_data(small_image(), "small", "1")
        client.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        # What it leaves: its containerd, and what holds each container, whose child that is.
        for pid in self._processes():
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                for child in task.read_text().split():
                    os.kill(int(child), signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)

    def _processes(self):
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = path.read_bytes().decode(errors="replace")
                if f"{self.execution}/" in words and "containerd" in words.split("\0")[0]:
                    found.append(int(path.parent.name))
        return found

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def remove(self):
        """End it with all that its containers are, even if it was killed."""
        if self.process.poll() is not None:
            self.start()
        engine = Engine(self.url)
        for container in engine.call("GET", "/containers/json", query={"all": "1"}):
            docker_container.remove(engine, container["Id"])
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)
