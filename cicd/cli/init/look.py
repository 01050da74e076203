"""What a repository is: which part of it is meant, its kind, and what nobody could know of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.cli.init.documents import written
from cicd.cli.init.kinds import EVERYTHING, Kind, kinds
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

USUAL_IMAGE: Final = "public.ecr.aws/codebuild/standard:7.0"  # has something of every language
PARTS: Final = 5  # of a repository that are named
NAMED: Final = 4  # files at most


def part(top: Path, *, said: bool) -> Path:
    """Give where the documents go: the top, or a part of it that somebody stands in."""
    here = Path.cwd()
    if here == top or any(kind.is_at(top) for kind in kinds()):
        return top
    return here if said or any(kind.is_at(here) for kind in kinds()) else top


def kind_of(root: Path, asked: str | None, commands: Sequence[str]) -> tuple[Kind, list[Kind]]:
    """Give what the repository is, and what else it could be."""
    if any(not command.strip() for command in commands):
        raise UsageError(
            "an empty --command builds nothing", hint="leave it out, or say a command"
        )
    every = kinds()
    found = [kind for kind in every if kind.is_at(root)]
    if asked is not None:
        chosen = next(kind for kind in every if kind.name == asked)
    elif found:
        chosen = found[0]
    elif commands:
        chosen = Kind(name="commands", title="built as you say", files=(), image=USUAL_IMAGE)
    else:
        parts = _parts(root, every)
        raise UsageError(
            f"nothing in '{root}' says how it is built",
            hint=f"run 'cicd init' in a part of it: {', '.join(parts[:PARTS])}"
            if parts
            else "say so: cicd init --command './build.sh' --image IMAGE; "
            f"or with --kind: {', '.join(kind.name for kind in every)}",
        )
    if commands:
        chosen = replace(chosen, commands=tuple(map(written, commands)), leaves=EVERYTHING)
    return chosen, [kind for kind in found if kind.name != chosen.name]


def doubts(kind: Kind, found: Sequence[str], facts: Mapping[str, bool]) -> Iterator[str]:
    """Say what could not be known of it, and what its build lacks."""
    if kind.files and not found:
        yield f"its build needs what is not here yet: {' or '.join(kind.files[:NAMED])}"
    if len(found) > 1 and not facts.get("usual", True):
        yield f"{found[0]} is what is built; there are also {', '.join(found[1:NAMED])}"


def _parts(root: Path, every: Sequence[Kind]) -> list[str]:
    """Name what stands one or two directories below, each by the first kind that it is."""
    found: dict[Path, Kind] = {}
    for path in sorted((*root.glob("[!.]*/"), *root.glob("[!.]*/[!.]*/"))):
        kind = next((kind for kind in every if kind.is_at(path)), None)
        if kind is not None and not path.is_symlink() and path.parent not in found:
            found[path] = kind
    return [f"{path.relative_to(root)} ({kind.title})" for path, kind in found.items()]
