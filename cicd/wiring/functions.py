"""Functions and their endpoint: loaded when something is first invoked, or served."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.server import Endpoint
    from cicd.ports import (
        ArtifactStore,
        FunctionAnswer,
        FunctionCall,
        FunctionHost,
        HookFunctions,
        Services,
    )
    from cicd.settings import Settings


class Functions:
    """A ``FunctionHost`` that is loaded when something is first invoked; so is its endpoint."""

    def __init__(self, home: Path, artifacts: ArtifactStore, images: Mapping[str, str]) -> None:
        """Keep functions of ``home``; ``services`` are given before anything is invoked."""
        self.services: Services | None = None
        self.endpoint: Endpoint | None = None
        self._rows = images
        self._home = home
        self._artifacts = artifacts
        self._lock = threading.Lock()
        self._host: FunctionHost | None = None

    def invoke(self, call: FunctionCall) -> FunctionAnswer:
        """See ``FunctionHost``."""
        with self._lock:
            if self._host is None:
                from cicd.backends.functions.host import LocalFunctions

                self._host = LocalFunctions(
                    self._home, self._artifacts, self._listen, self._images
                )
        return self._host.invoke(call)

    def close(self) -> None:
        """End the functions' processes, and the endpoint, once what it started has ended."""
        if self.endpoint is not None:
            self.endpoint.drained()
        if self._host is not None:
            self._host.close()
        if self.endpoint is not None:
            self.endpoint.close()

    def _images(self) -> Mapping[str, str]:
        from cicd.build.find_project import local_images
        from cicd.document.resources import Resources

        return {**self._rows, **local_images(Resources.load(Path.cwd()))}

    def _listen(self) -> str:
        with self._lock:
            if self.endpoint is None:
                from cicd.backends.endpoint.server import Endpoint
                from cicd.wiring.kept import record_call

                assert self.services is not None, "nothing is invoked before there are services"
                self.endpoint = Endpoint(self.services, record=partial(record_call, self._home))
            return self.endpoint.url


def serve(services: Services, port: int, settings: Settings | None = None) -> Endpoint:
    """
    Start the endpoint of a home, for everybody on this machine; raises ``Unavailable``.

    ``settings`` say how pipelines that are started through it are run.
    """
    from cicd.backends.endpoint.server import Endpoint
    from cicd.wiring.kept import record_call

    start = None
    if settings is not None:
        from cicd.pipeline.compile import Start
        from cicd.pipeline.local_builds import LocalBuilds

        start = Start(builds=LocalBuilds.chosen(settings))
    endpoint = Endpoint(services, port, record=partial(record_call, services.home), start=start)
    assert isinstance(services.functions, Functions), "services are made here"
    services.functions.endpoint = endpoint
    return endpoint


def hook_functions(services: Services) -> HookFunctions:
    """Give the functions that deployments call as hooks."""
    from cicd.backends.functions.hook_functions import LocalHookFunctions

    return LocalHookFunctions(services)
