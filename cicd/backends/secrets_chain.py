"""Several sources of secrets, asked one after another, made when first asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.ports import SecretSource

USUAL = ("environment", "store")
GIVER = "store"  # where people are told to put what is missing, if it is among the sources


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretOrigin:
    """What a source of secrets may be made out of."""

    home: Path
    environ: Mapping[str, str]
    env_file: Path | None = None
    profile: str | None = None  # of AWS


class SecretChain:
    """The ``SecretSource`` over others: the first one that has a value gives it."""

    def __init__(self, names: Sequence[str], origin: SecretOrigin) -> None:
        """Take names of ``SECRET_SOURCES`` in the order in which they are asked."""
        self._names = tuple(dict.fromkeys(names))
        self._origin = origin

    def load(self) -> None:
        """Make the sources now, so that what is wrong with one is told before anything runs."""
        _ = self._sources

    def parameter(self, name: str) -> str | None:
        """Value of a parameter; None: no source has it."""
        return self._first(lambda source: source.parameter(name))

    def secret(self, reference: str) -> str | None:
        """Value behind a reference; None: no source has it. See the sources for what is raised."""
        return self._first(lambda source: source.secret(reference))

    def parameter_place(self, name: str) -> str | None:
        """Say which source has it; None: no one."""
        return self._first(lambda source: source.parameter_place(name))

    def secret_place(self, reference: str) -> str | None:
        """Say which source has it; None: no one."""
        return self._first(lambda source: source.secret_place(reference))

    def parameter_hint(self, name: str) -> str:
        """Say how it is given."""
        return self._giver().parameter_hint(name)

    def secret_hint(self, reference: str) -> str:
        """Say how it is given."""
        return self._giver().secret_hint(reference)

    @cached_property
    def _sources(self) -> dict[str, SecretSource]:
        from cicd.backends import SECRET_SOURCES

        return {name: SECRET_SOURCES.get(name)(self._origin) for name in self._names}

    def _giver(self) -> SecretSource:
        return self._sources.get(GIVER) or next(iter(self._sources.values()))

    def _first(self, ask: Callable[[SecretSource], str | None]) -> str | None:
        for source in self._sources.values():
            found = ask(source)
            if found is not None:
                return found
        return None
