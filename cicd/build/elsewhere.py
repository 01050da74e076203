"""What a build does not find in its source, and what stands elsewhere in the repository."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DEPTHS: Final = ("", "*/", "*/*/", "*/*/*/")  # of a directory that may hold a buildspec
_NAMED: Final = 3
_OTHERS: Final = frozenset({"node_modules", "venv", "cdk.out"})


def buildspecs_below(directory: Path) -> str:
    """Name some files of a directory and those in it that look like buildspecs; "": none."""
    found = [str(path) for path in islice(_buildspecs(directory), _NAMED + 1)]
    more = " and others" if len(found) > _NAMED else ""
    return f"{', '.join(found[:_NAMED])}{more}"


def in_the_repository(path: str, source: Path, buildspec: str) -> str:
    """
    Say that a path is in the repository that a source is a part of; "": it is not.

    Of a repository AWS takes all, wherever in it the buildspec is.
    """
    if (source / ".git").exists():
        return ""
    root = next((each for each in source.parents if (each / ".git").exists()), None)
    if root is None or not (root / path).exists():
        return ""
    here = source.relative_to(root)
    return (
        f"it is in the repository, and on AWS the source is all of that: "
        f"cicd build {root} --buildspec {here / (buildspec or 'buildspec.yml')}"
    )


def _buildspecs(directory: Path) -> Iterator[Path]:
    for depth in _DEPTHS:
        for path in sorted(directory.glob(f"{depth}*buildspec*.y*ml")):
            below = path.relative_to(directory)
            if not any(part.startswith(".") or part in _OTHERS for part in below.parts[:-1]):
                yield below
