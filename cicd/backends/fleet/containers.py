"""Members of fleets that are containers: made from an image, found again by their labels."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from cicd.backends import docker_container, docker_engine, docker_images
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.docker_labels import HOME, home_label
from cicd.errors import Unavailable
from cicd.ports import TargetKind, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cicd.event import JSON
    from cicd.ports import MachineOrder

FLEET: Final = "cicd.fleet"
MEMBER: Final = "cicd.member"
_HOST: Final = "127.0.0.1"


class ContainerMachines:
    """Makes and removes containers of this machine's engine."""

    def __init__(self, home: Path) -> None:
        """Ask the engine nothing yet; ``home`` is in a label of each container."""
        self._home = home_label(home)
        self._engine = Engine(docker_engine.endpoint())

    def make(self, order: MachineOrder) -> TargetSpec:
        """Make and start a container; raises ``Unavailable``, and then it is not there."""
        target = order.target
        image = docker_images.find(self._engine, order.image, "", lambda _line: None)
        try:
            docker_container.create(self._engine, target.location, self._body(order, image))
        except Refused as refused:
            raise self._not_made(target, image, refused.message) from None
        try:
            self._engine.call("POST", f"/containers/{_path(target)}/start")
            return self._listening(target, order.port)
        except Refused as refused:
            self.remove(target)
            raise self._not_made(target, image, refused.message) from None
        except BaseException:
            self.remove(target)
            raise

    def runs(self, target: TargetSpec) -> bool:
        """Tell whether its container runs; one that is paused will go on."""
        found = self._found(target)
        state = cast("Mapping[str, JSON]", found["State"]) if found is not None else {}
        return bool(state.get("Running"))

    def remove(self, target: TargetSpec) -> None:
        """Kill its container and remove it, with its volumes."""
        docker_container.remove(self._engine, _path(target))

    def strays(self, keep: Callable[[str, str], bool]) -> tuple[TargetSpec, ...]:
        """Give the containers of this home's fleets that ``keep`` does not want."""
        filters = json.dumps({"label": [f"{HOME}={self._home}", FLEET]})
        query = {"all": "1", "filters": filters}
        found = cast(
            "list[Mapping[str, JSON]]",
            self._engine.call("GET", "/containers/json", query=query),
        )
        strays = []
        for each in found:
            labels = cast("Mapping[str, str]", each["Labels"])
            fleet, member = labels[FLEET], labels.get(MEMBER, "")
            if not keep(fleet, member):
                place = str(each["Id"])
                strays.append(
                    TargetSpec(id=member, kind=TargetKind.CONTAINER, location=place, fleet=fleet)
                )
        return tuple(strays)

    def _body(self, order: MachineOrder, image: str) -> JSON:
        host: dict[str, JSON] = {"Init": True}
        body: dict[str, JSON] = {
            "Image": image,
            "Hostname": order.target.id[:63],
            # An image whose command is a shell is a machine that stays on, as with a terminal.
            "Tty": True,
            "OpenStdin": True,
            "Env": [f"{name}={value}" for name, value in order.target.variables],
            "Labels": {
                **order.labels,
                HOME: self._home,
                FLEET: order.target.fleet,
                MEMBER: order.target.id,
            },
            "HostConfig": host,
        }
        if order.command:
            body |= {"Entrypoint": list(order.command), "Cmd": []}
        if order.port is not None:
            port = f"{order.port}/tcp"
            body["ExposedPorts"] = {port: {}}
            host["PortBindings"] = {port: [{"HostIp": _HOST, "HostPort": ""}]}
        return body

    def _listening(self, target: TargetSpec, port: int | None) -> TargetSpec:
        """Give the target with its endpoint, once it is known to have stayed up."""
        found = self._found(target)
        state = cast("Mapping[str, JSON]", found["State"]) if found is not None else {}
        if found is None or not state.get("Running"):
            raise Unavailable(
                f"the container of '{target.id}' ended at once, with {state.get('ExitCode')}",
                hint="an instance stays on: give it a command, such as --command 'sleep infinity'",
            )
        if port is None:
            return target
        network = cast("Mapping[str, JSON]", found["NetworkSettings"])
        ports = cast("Mapping[str, list[Mapping[str, str]]]", network["Ports"])
        public = ports[f"{port}/tcp"][0]["HostPort"]
        return replace(target, endpoint=f"http://{_HOST}:{public}")

    def _found(self, target: TargetSpec) -> Mapping[str, JSON] | None:
        try:
            return self._engine.find(f"/containers/{_path(target)}/json")
        except Refused as refused:
            raise Unavailable(
                f"container '{target.location}' cannot be looked at: {refused.message}"
            ) from None

    def _not_made(self, target: TargetSpec, image: str, words: str) -> Unavailable:
        return Unavailable(
            f"the container of '{target.id}' cannot be made from '{image}': {words}",
            hint="try it by hand: `docker run --rm -it " + image + "`",
        )


def _path(target: TargetSpec) -> str:
    return quote(target.location, safe="")
