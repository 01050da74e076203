"""``local: networks:`` and ``local: fileSystems:`` of ``cicd.yml``, read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.compute.place import LocalPlaces, Network
from cicd.document.node import NodeKind

if TYPE_CHECKING:
    from cicd.document.fields import Fields
    from cicd.document.resources import Resources


def local_places(resources: Resources) -> LocalPlaces:
    """
    Say what stands in for VPCs and file systems; raises ``DocumentError``.

    A network is the name of one of the engine's, or ``{name: …, internal: yes}``.
    """
    if resources.local is None:
        return LocalPlaces()
    from cicd.document.fields import Fields
    from cicd.document.problem import Problems

    problems = Problems()
    local = Fields(resources.local, problems, room="build", what="'local'")
    places = LocalPlaces(
        networks=_networks(local.mapping("networks")),
        file_systems=_file_systems(local.mapping("fileSystems"), resources.root),
    )
    problems.raise_errors()
    return places


def _networks(fields: Fields | None) -> dict[str, Network]:
    found = {}
    for entry in fields.entries() if fields is not None else ():
        if entry.value.kind is NodeKind.SCALAR:
            found[entry.key] = Network(name=entry.value.text or entry.key)
            continue
        assert fields is not None, "it has entries"
        inner = fields.inner(entry.value, what=f"the network of '{entry.key}'")
        found[entry.key] = Network(
            name=inner.text("name") or entry.key, internal=inner.flag("internal", default=False)
        )
        inner.unknown()
    return found


def _file_systems(fields: Fields | None, root: Path) -> dict[str, Path]:
    if fields is None:
        return {}
    names = (entry.key for entry in fields.entries())
    written = {name: fields.text(name) for name in names}
    return {
        name: (root / Path(place).expanduser()).absolute()
        for name, place in written.items()
        if place
    }
