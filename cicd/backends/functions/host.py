"""The functions of this machine: instances are started, kept warm, and ended."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.backends.docker_labels import home_label
from cicd.backends.functions.answers import answer
from cicd.backends.functions.instance import End, Instance
from cicd.backends.functions.instance_environment import instance_environment, log_stream_name
from cicd.backends.functions.isolation import isolated
from cicd.backends.functions.process_place import ProcessPlace
from cicd.backends.functions.runtimes import contained_command, runtime_command
from cicd.errors import Unavailable
from cicd.temporary import Temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cicd.backends.functions.instance import Place
    from cicd.ports import ArtifactStore, FunctionAnswer, FunctionCall

_IDLE: Final = 16  # warm instances that are kept, of all functions together
_FAREWELL: Final = 5.0  # seconds that the end of the instances may take
_BUSY: Final = 100  # invocations at once


class LocalFunctions:
    """The ``FunctionHost`` of a home. Its instances end with it, whatever they do."""

    def __init__(
        self,
        home: Path,
        artifacts: ArtifactStore,
        endpoint: Callable[[], str],
        images: Callable[[], Mapping[str, str]],
    ) -> None:
        """
        Keep unpacked code below ``home``; nothing is started yet.

        Args:
            home: The state directory.
            artifacts: Where the code is.
            endpoint: The URL that functions reach AWS's calls at; asked before the first starts.
            images: Which image stands in for which; asked before the first container starts.

        """
        self._label = home_label(home)
        self._home = home / "functions"
        self._artifacts = artifacts
        self._endpoint = endpoint
        self._images = images
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._idle: list[tuple[str, Instance]] = []
        self._all: set[Instance] = set()
        self._free = threading.BoundedSemaphore(_BUSY)
        self._closed = False

    def invoke(self, call: FunctionCall) -> FunctionAnswer:
        """Invoke on a warm instance, or on a new one."""
        with self._free:
            instance, init = self._take(call.identity), None
            if instance is None:
                instance = self._start(call)
                loaded = instance.ready()
                init = loaded.seconds
                if loaded.end is not End.ANSWERED or not loaded.head.get("ready"):
                    self._end(instance)
                    return answer(
                        call, loaded, memory=instance.max_memory, init=init, moment=_moment()
                    )
            exchange = instance.invoke(call)
            if exchange.end is End.ANSWERED:
                self._give_back(call.identity, instance)
            else:
                self._end(instance)
        return answer(call, exchange, memory=instance.max_memory, init=init, moment=_moment())

    def close(self) -> None:
        """End every instance; those that answer somebody are closed by whoever waits for them."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = self._all - {instance for _, instance in idle}
        for instance in busy:
            instance.kill()
        for _, instance in idle:
            self._end(instance)
        with self._ended:
            self._ended.wait_for(lambda: not self._all, _FAREWELL)

    def _take(self, identity: str) -> Instance | None:
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place][0] == identity:
                    return self._idle.pop(place)[1]
        return None

    def _give_back(self, identity: str, instance: Instance) -> None:
        with self._lock:
            over: Instance | None = instance
            if not self._closed:
                self._idle.append((identity, instance))
                over = self._idle.pop(0)[1] if len(self._idle) > _IDLE else None
        if over is not None:
            self._end(over)

    def _end(self, instance: Instance) -> None:
        instance.close()
        with self._ended:
            self._all.discard(instance)
            self._ended.notify_all()

    def _start(self, call: FunctionCall) -> Instance:
        where = self._container if call.runner == "docker" else self._process
        instance = Instance(where(call), call.memory_size)
        with self._lock:
            closed = self._closed
            if not closed:
                self._all.add(instance)
        if closed:
            instance.close()
            raise Unavailable("functions are not run any more: this run ends")
        return instance

    def _process(self, call: FunctionCall) -> Place:
        command = runtime_command(call.runtime)
        code = self._code(call)
        path = os.environ.get("PATH", os.defpath)
        with _until_begun() as private:
            own = private.path
            environment = self._environment(call, own, path, (code, own))
            isolate = isolated(call.runner, command, code=code, private=own)
            return ProcessPlace(isolate, environment, code=code, private=private)

    def _container(self, call: FunctionCall) -> Place:
        from cicd.backends import docker_engine, docker_images
        from cicd.backends.functions import container_place as container
        from cicd.build.images.table import stand_in

        engine = docker_engine.Engine(docker_engine.endpoint())
        if engine.remote:
            raise Unavailable(
                f"functions run in containers of this machine, and {engine.url} is another one",
                hint="take --runner host, or an engine of this machine",
            )
        stands_for = "" if call.image else call.runtime
        wanted = call.image or stand_in(call.runtime, self._images(), None)
        image = docker_images.find(engine, wanted, stands_for, lambda _line: None)
        code = self._code(call)
        inside = (container.TASK_ROOT, container.PRIVATE)
        with _until_begun() as private:
            return container.ContainerPlace(
                engine,
                image,
                contained_command(call.runtime, container.RUNTIMES),
                self._environment(call, private.path, container.PATH, inside),
                code=code,
                private=private,
                memory_size=call.memory_size,
                labels=container.labels_of(self._label, call.function_name, private.path),
            )

    def _environment(
        self, call: FunctionCall, private: Path, path: str, inside: tuple[Path, Path]
    ) -> dict[str, str]:
        """Give an instance's variables; ``inside`` is where it sees its code, and its own."""
        code, own = inside
        instance = private.name.rpartition("-")[2]
        return instance_environment(
            call,
            code=code,
            private=own,
            path=path,
            endpoint=self._endpoint(),
            log_stream=log_stream_name(f"{datetime.now(UTC):%Y/%m/%d}", call, instance),
        )

    def _code(self, call: FunctionCall) -> Path:
        """Unpack the code, once; whoever is second finds it, or throws away what it made."""
        place = self._home / call.code
        if place.is_dir():
            return place
        artifact = self._artifacts.find(call.code)
        if artifact is None:
            raise Unavailable(
                f"the code of {call.function_name}:{call.version} is not in the artifact store",
                hint=f"cicd function update {call.function_name} --code DIR",
            )
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Node looks upwards for whether code is of modules: the user's own package.json, in whose
        # repository the home is, says nothing about a function.
        (self._home / "package.json").write_text("{}\n")
        with tempfile.TemporaryDirectory(dir=self._home, prefix=".part-") as part:
            tree = Path(part) / "code"
            self._artifacts.unpack(artifact, tree)
            try:
                tree.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
        return place


@contextmanager
def _until_begun() -> Iterator[Temporary]:
    """Give an instance's own directory, which is the instance's to remove once it has begun."""
    private = Temporary("function")
    try:
        yield private
    except BaseException:
        private.remove()
        raise


def _moment() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
