"""Members of fleets that are directories: made empty, and removed with all that is in them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.backends import instance_end
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.ports import MachineOrder, TargetSpec

_MARK: Final = ".cicd-fleet"
"""A file beside a member's directory: it was made by a fleet, and may be removed."""


class DirectoryMachines:
    """Makes and removes directories."""

    def __init__(self, home: Path) -> None:
        """Need nothing of the home: a fleet says where its members are."""
        del home

    def make(self, order: MachineOrder) -> TargetSpec:
        """Make the directory; raises ``Unavailable`` where something is in its place."""
        place = Path(order.target.location)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            # First the mark: who dies in between leaves nothing that nobody would remove.
            if not os.path.lexists(place):
                _mark(place).touch()
            place.mkdir()
        except FileExistsError:
            raise Unavailable(
                f"'{place}' is there already, and no fleet made it",
                hint="move it away, or give the fleet another --directory",
            ) from None
        except OSError as reason:
            raise Unavailable(
                f"'{place}' cannot be made: {reason.strerror}",
                hint="give the fleet a --directory that you may write to",
            ) from reason
        return order.target

    def runs(self, target: TargetSpec) -> bool:
        """Tell whether the directory is there: nothing else can happen to one."""
        return Path(target.location).is_dir()

    def remove(self, target: TargetSpec) -> None:
        """End its processes, and remove it; what no fleet made stays."""
        place = Path(target.location)
        if not _mark(place).exists():
            return
        instance_end.end(place)
        try:
            if place.exists():
                shutil.rmtree(place)
            _mark(place).unlink()
        except OSError as reason:
            raise Unavailable(
                f"'{place}' cannot be removed: {reason.strerror}",
                hint="remove it yourself",
            ) from reason

    def strays(self, keep: Callable[[str, str], bool]) -> tuple[TargetSpec, ...]:
        """Give none: where directories may be, only the fleets' own streams tell."""
        del keep
        return ()


def _mark(place: Path) -> Path:
    return place.with_name(f"{_MARK}-{place.name}")
