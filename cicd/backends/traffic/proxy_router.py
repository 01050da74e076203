"""The embedded router: our own proxy in a process of its own, told what to do on its socket."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cicd.backends.traffic.access_log import answered_since
from cicd.backends.traffic.control_socket import connected
from cicd.backends.traffic.router_state import (
    DIRECTORY,
    forget,
    forget_all,
    has_targets,
    locked,
    remember,
    settings_of,
)
from cicd.backends.traffic.weights import check_weights, unknown_route
from cicd.errors import Unavailable, UsageError
from cicd.ports import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from cicd.event import JSON
    from cicd.ports import Answered, RouterSpec

CONTROL: Final = "control.sock"
LOCK: Final = "lock"  # held as long as a process of the proxy lives
_PATIENCE: Final = 10.0  # seconds for an answer, beside what draining takes
_RETRY: Final = 0.02  # seconds


class ProxyRouter:
    """
    A router that is a proxy of ours; it is started when first needed, and found again.

    Args:
        home: The state directory; the proxy's own is below it.
        spec: What it listens on. A running one that listens elsewhere is replaced.
    """

    def __init__(self, home: Path, spec: RouterSpec) -> None:
        """Look at nothing yet."""
        self._spec = spec
        self._proxy = RunningProxy(home / DIRECTORY / spec.name)
        self._ready = False

    def set_weights(self, route: str, weights: Mapping[str, int]) -> None:
        """Share a route's requests out over groups."""
        check_weights(weights)
        self.weights(route)
        self._ask({"do": "weights", "route": route, "weights": dict(weights)})

    def weights(self, route: str) -> Mapping[str, int]:
        """Give the weights that are in force."""
        known = _mapping(self._ask({"do": "show"})["weights"])
        if route not in known:
            raise unknown_route(self._spec.name, route, known)
        return {name: _whole(weight) for name, weight in _mapping(known[route]).items()}

    def register(self, group: str, endpoint: Endpoint) -> None:
        """Let a target have requests of its group as soon as it is healthy."""
        self._ask({"do": "register", "group": group, "host": endpoint.host, "port": endpoint.port})

    def deregister(self, group: str, endpoint: Endpoint, *, drain: timedelta) -> None:
        """Send a target nothing new; returns when its requests have ended, or after ``drain``."""
        with locked(self._proxy.directory):
            if not self._proxy.lives():
                forget(self._proxy.directory, group, endpoint)
                return
        wish: dict[str, JSON] = {
            "do": "deregister",
            "group": group,
            "host": endpoint.host,
            "port": endpoint.port,
            "drain": drain.total_seconds(),
        }
        self._ask(wish, patience=_PATIENCE + drain.total_seconds())

    def retire(self) -> None:
        """End it, and forget what it was told, if it has no target."""
        with locked(self._proxy.directory):
            if not has_targets(self._proxy.directory):
                self._proxy.stop()
                forget_all(self._proxy.directory)
                self._ready = False

    def answered(self, route: str, since: datetime) -> Sequence[Answered]:
        """Give a route's requests that were answered since then, whether it still runs or not."""
        known = [each.name for each in self._spec.routes]
        if route not in known:
            raise unknown_route(self._spec.name, route, known)
        with suppress(OSError):  # one that is dead has written what it knew
            self._proxy.ask({"do": "flush"})
        return answered_since(self._proxy.directory, route, since)

    def healthy(self, group: str) -> frozenset[Endpoint]:
        """Give the targets of a group that have requests."""
        return frozenset(_endpoint(m) for m in self._members(group) if m["state"] == "healthy")

    def ill(self, group: str) -> Mapping[Endpoint, str]:
        """Give the targets of a group whose last check failed, and what it saw."""
        # A proxy that an earlier version of ours started does not tell.
        return {_endpoint(m): str(m["seen"]) for m in self._members(group) if m.get("seen")}

    def _members(self, group: str) -> Iterator[Mapping[str, JSON]]:
        members = _mapping(self._ask({"do": "show"})["groups"]).get(group, [])
        assert isinstance(members, list)
        return map(_mapping, members)

    def _ask(self, wish: Mapping[str, JSON], patience: float = _PATIENCE) -> Mapping[str, JSON]:
        if not self._ready:
            self._ensure()
        try:
            return self._proxy.ask(wish, patience)
        except OSError:
            # It died since; what it knew is on the disk, and every wish may be repeated.
            self._ensure()
        try:
            return self._proxy.ask(wish, patience)
        except OSError as reason:
            raise Unavailable(
                f"load balancer '{self._spec.name}' does not answer: {reason}",
                hint=f"its log is {self._proxy.directory / 'proxy.log'}",
            ) from reason

    def _ensure(self) -> None:
        settings = settings_of(self._spec)
        with locked(self._proxy.directory):
            running = self._proxy.settings()
            if running is not None and running != settings:
                self._proxy.stop()
                running = None
            if running is None:
                remember(self._proxy.directory, self._spec)
                self._proxy.start(self._spec.name)
        self._ready = True


class RunningProxy:
    """A proxy's directory, and the process that may be alive in it."""

    def __init__(self, directory: Path) -> None:
        """Look at nothing yet."""
        self.directory = directory

    def ask(self, wish: Mapping[str, JSON], patience: float = _PATIENCE) -> Mapping[str, JSON]:
        """
        Ask, and give the answer.

        Raises:
            OSError: Nobody answers.
            UsageError: It does not understand.

        """
        with connected(self.directory, CONTROL, patience) as connection:
            connection.sendall(json.dumps(wish).encode() + b"\n")
            said = b""
            while not said.endswith(b"\n"):
                data = connection.recv(65536)
                if not data:
                    raise ConnectionResetError("it hung up")
                said += data
        answer = _mapping(json.loads(said))
        if "refused" in answer:
            raise UsageError(f"the load balancer refuses: {answer['refused']}")
        return answer

    def show(self) -> Mapping[str, JSON] | None:
        """Give what it is doing; None: it does not run."""
        try:
            return self.ask({"do": "show"})
        except OSError:
            return None

    def lives(self) -> bool:
        """Tell whether a process of it lives, also one that does not answer just now."""
        try:
            with (self.directory / LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def settings(self) -> Mapping[str, JSON] | None:
        """Give what it was made with; None: it does not run."""
        shown = self.show()
        return None if shown is None else _mapping(shown["settings"])

    def stop(self) -> bool:
        """End it, and wait until its ports are free; False: it did not run."""
        try:
            self.ask({"do": "stop"})
        except OSError:
            return False
        until = time.monotonic() + _PATIENCE
        control = self.directory / CONTROL
        while (control.exists() or self.lives()) and time.monotonic() < until:
            time.sleep(_RETRY)
        return True

    def start(self, name: str) -> None:
        """Begin with what is remembered; raises ``Unavailable``."""
        made = subprocess.run(
            [sys.executable, "-P", "-m", "cicd.backends.proxy", str(self.directory.absolute())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise Unavailable(
                f"load balancer '{name}' cannot listen: {made.stderr.strip()}",
                hint="choose another port under 'local: loadBalancers' of cicd.yml",
            )


def _mapping(value: JSON) -> Mapping[str, JSON]:
    assert isinstance(value, dict)
    return value


def _whole(value: JSON) -> int:
    assert isinstance(value, int)
    return value


def _endpoint(member: Mapping[str, JSON]) -> Endpoint:
    return Endpoint(host=str(member["host"]), port=_whole(member["port"]))
