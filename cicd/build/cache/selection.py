"""Which files of a session the paths of a cache mean."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from cicd.build.artifacts.patterns import is_pattern, normal, reach, select, split_pattern
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.ports import FileEntry, Session

SOURCE, ROOT = "src", "root"  # parts of an entry's tree: what they are relative to


def find_files(session: Session, paths: Iterable[str]) -> dict[str, dict[str, FileEntry]]:
    """
    Give the files of a cache: SOURCE and ROOT → path relative to it → entry.

    A directory, named or matched, means all that is in it.
    Source: user guide, "cache/paths"; bare directories are what people write.
    """
    found: dict[str, dict[str, FileEntry]] = {SOURCE: {}, ROOT: {}}
    source = session.places["src"]
    for pattern in paths:
        part, path = _placed(pattern, source)
        base = source if part == SOURCE else ""
        if is_pattern(path):
            above, rest = split_pattern(f"/{path}")
            every = [rest] if rest.rpartition("/")[2] in ("*", "**") else [rest, f"{rest}/**/*"]
            listed = _list(session, f"{base}{above}", reach(every[-1]))
            chosen: Iterable[str] = select(tuple(listed), every, ()).paths
        else:
            above, listed = f"/{path}", _list(session, f"{base}/{path}")
            chosen = listed
            if not listed:
                above = posixpath.dirname(f"/{path}")
                name = posixpath.basename(path)
                listed = _list(session, f"{base}{above}", 1)
                chosen = [name] if name in listed else ()
        for name in chosen:
            found[part][posixpath.join(above, name).lstrip("/")] = listed[name]
    return found


def is_file(session: Session, pattern: str) -> bool:
    """Tell a path that is one file and no directory, which a local cache does not take."""
    part, path = _placed(pattern, session.places["src"])
    if is_pattern(path):
        return False
    base = session.places["src"] if part == SOURCE else ""
    above, name = posixpath.split(f"{base}/{path}")
    return name in _list(session, above or "/", 1)


def _placed(pattern: str, source: str) -> tuple[str, str]:
    """Say what a path is relative to, and the rest of it; "." for all of that."""
    if not pattern.startswith("/"):
        path = normal(pattern)
        if not (path == ".." or path.startswith("../")):
            return SOURCE, path
        pattern = posixpath.join(source, path)
    path = posixpath.normpath(pattern)
    if path == source or path.startswith(f"{source}/"):
        return SOURCE, path[len(source) + 1 :] or "."
    return ROOT, path.lstrip("/") or "."


def _list(session: Session, directory: str, depth: int | None = None) -> dict[str, FileEntry]:
    try:
        listed = session.files(posixpath.normpath(directory), depth=depth)
        return {entry.path: entry for entry in listed}
    except UsageError:  # it is not a directory
        return {}
