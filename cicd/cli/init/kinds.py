"""Kinds of repositories: what tells them, and which facts of theirs the templates ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = Path(__file__).with_name("templates")
EVERYTHING = "**/*"
_LOOKED_AT = 256 * 1024  # bytes of a file: who says more says it before
_FILES = 200  # of one pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that is true of a repository or not: files, and what they say; other facts."""

    files: tuple[str, ...] = ()  # patterns of names, relative to the root
    text: str | None = None  # a pattern that one of the files must hold
    unless: str | None = None  # and which that one must not
    any_of: tuple[str, ...] = ()  # one of these facts is true; beside ``files``, instead of them
    none_of: tuple[str, ...] = ()  # and none of these

    def holds(self, root: Path, known: Mapping[str, bool]) -> bool:
        """Look; ``known`` are the facts of the same kind that stand before this one."""
        if any(known[name] for name in self.none_of):
            return False
        return any(known[name] for name in self.any_of) or any(
            self._says(path) for path in _matching(root, self.files)
        )

    def _says(self, path: Path) -> bool:
        if self.text is None:
            return True
        try:
            with path.open("rb") as file:
                said = file.read(_LOOKED_AT).decode("utf-8", "replace")
        except OSError:  # nothing can be read out of it: it says nothing
            return False
        return re.search(self.text, said) is not None and not (
            self.unless and re.search(self.unless, said)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of repository, a row of ``templates/kinds.toml``."""

    name: str
    title: str  # in a sentence: "Python", "a static site"
    files: tuple[str, ...]  # one of these tells it
    image: str  # what its builds run in
    deploys: str | None = None  # the fact that says that it is deployed
    commands: tuple[str, ...] = ()  # what builds it, where it has no template of its own
    leaves: str = EVERYTHING  # the files that those commands leave behind
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def is_at(self, root: Path) -> bool:
        """Tell whether a repository is of this kind."""
        return next(_matching(root, self.files), None) is not None

    def found_at(self, root: Path) -> list[str]:
        """Give the files of a repository that tell it is of this kind, relative to its root."""
        found = (sorted(_matching(root, (pattern,))) for pattern in self.files)
        names = (path.relative_to(root).as_posix() for paths in found for path in paths)
        return [*dict.fromkeys(names)]

    def facts_of(self, root: Path) -> dict[str, bool]:
        """Say which facts are true of a repository, in the order of the table."""
        known: dict[str, bool] = {"part": self.leaves != EVERYTHING}
        for name, fact in self.facts.items():
            known[name] = fact.holds(root, known)
        return known


def kinds() -> tuple[Kind, ...]:
    """Read the table of kinds, in the order in which they are tried."""
    import tomllib

    table = tomllib.loads((TEMPLATES / "kinds.toml").read_text("utf-8"))
    return tuple(
        Kind(
            name=row["name"],
            title=row["title"],
            files=tuple(row["files"]),
            image=row["image"],
            deploys=row.get("deploys"),
            commands=tuple(row.get("commands", ())),
            leaves=row.get("leaves", EVERYTHING),
            facts={name: _fact(fact) for name, fact in row.get("facts", {}).items()},
        )
        for row in table["kinds"]
    )


def _fact(written: Mapping[str, list[str] | str]) -> Fact:
    text, unless = written.get("text"), written.get("unless")
    return Fact(
        files=tuple(written.get("files", ())),
        text=None if text is None else str(text),
        unless=None if unless is None else str(unless),
        any_of=tuple(written.get("any_of", ())),
        none_of=tuple(written.get("none_of", ())),
    )


def _matching(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        for number, path in enumerate(root.glob(pattern)):
            if number == _FILES:
                break
            if path.is_file():
                yield path
