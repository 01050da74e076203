"""The seam to what makes the members of fleets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from cicd.ports.instance import TargetSpec
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOrder:
    """A member of a fleet that is to be made."""

    target: TargetSpec  # its location is free
    image: str = ""  # CONTAINER: what it is made from
    command: tuple[str, ...] = ()  # CONTAINER: in place of the image's own
    port: int | None = None  # CONTAINER: where it listens inside
    labels: Mapping[str, str] = field(default_factory=dict)  # its tags


class Machines(Protocol):
    """Makes and removes the members of fleets, of one kind."""

    def make(self, order: MachineOrder) -> TargetSpec:
        """Make one that runs, and give it with what is known only now: where it listens.
        Raises ``Unavailable``; nothing is left then."""

    def runs(self, target: TargetSpec) -> bool:
        """Tell whether it is there and runs."""

    def remove(self, target: TargetSpec) -> None:
        """End it and remove it with its files; fine when it has gone."""

    def strays(self, keep: Callable[[str, str], bool]) -> tuple[TargetSpec, ...]:
        """Give those of this home, by (fleet, id), that ``keep`` does not want."""
