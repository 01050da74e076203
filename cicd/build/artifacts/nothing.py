"""Patterns that took no file: what they were looked for in, what is there, what is near. Pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from cicd.build.artifacts.patterns import directories, is_pattern, normal, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN = 12  # names of what is there
_NEAR = 3  # places that a file of the same name is in


def no_base_directory(base: str, files: Sequence[str]) -> str:
    """
    Say that there is no such directory, and what there is.

    Args:
        base: ``base-directory``.
        files: All files below the source's directory, relative to it.
    """
    wanted = posixpath.basename(normal(base))
    near = sorted({d for d in directories(files) if posixpath.basename(d) == wanted})
    lines = [f"no directory of the source is '{base}'"]
    lines += [f"there is {', '.join(f'{d}/' for d in near[:_NEAR])}"] if near else []
    return "\n".join([*lines, *([] if near else [_there(files, "the source's directory")])])


def nothing_matched(
    base: str, files: Sequence[str], patterns: Sequence[str], excludes: Sequence[str]
) -> str:
    """
    Say that no file is left, and what may have been meant.

    Args:
        base: ``base-directory``; "." where there is none.
        files: The files below it, relative to it.
        patterns: ``files``.
        excludes: ``exclude-paths``.
    """
    place = "the source's directory" if normal(base) == "." else f"'{base}'"
    taken = select(files, patterns, []).paths
    if taken and not excludes:
        return f"all that match are links that lead nowhere: {len(taken)} file(s)"
    if taken:
        return f"'exclude-paths' takes out again all that match: {len(taken)} file(s)"
    lines = [f"nothing in {place} matches {' or '.join(patterns)}"]
    near = [hint for pattern in patterns if (hint := _near(normal(pattern), files))]
    if near:
        return "\n".join([*lines, *near])
    return "\n".join([*lines, _there(files, place)])


def _near(pattern: str, files: Sequence[str]) -> str:
    """Say what may be meant by a pattern that takes nothing; "" if nothing is like it."""
    if is_pattern(pattern):
        return ""
    if any(path.startswith(f"{pattern}/") for path in files):
        return f"'{pattern}' is a directory: its files are '{pattern}/**/*'"
    name = posixpath.basename(pattern)
    found = [p for p in files if posixpath.basename(p).lower() == name.lower()]
    if not found:
        return ""
    more = f" and {len(found) - _NEAR} more" if len(found) > _NEAR else ""
    return (
        f"there is {', '.join(found[:_NEAR])}{more}: patterns begin at the same place wherever "
        "a 'cd' went"
    )


def _there(files: Iterable[str], place: str) -> str:
    names = sorted({head + slash for head, slash, _ in (p.partition("/") for p in files)})
    shown = [name for name in names if name != ".git/"]
    if not shown:
        return f"{place} is empty"
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"there is {', '.join(shown[:_SHOWN])}{more}"
