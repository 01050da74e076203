"""Which files an artifact is made of, and where they land in it. Pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from cicd.build.artifacts.glob import compiled
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the patterns of one artifact or report chose below one directory."""

    paths: tuple[str, ...]  # relative to the directory, sorted, each once
    log: tuple[str, ...]  # the service's lines about it
    missing: tuple[str, ...]  # the patterns that are names of files, and of none that is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One file of the output."""

    directory: str  # absolute, in the session
    path: str  # relative to it
    target: str  # its path in the output


def is_pattern(text: str) -> bool:
    """Tell whether a path has wildcards; braces are literal."""
    return any(sign in text for sign in "*?[")


def select(entries: Sequence[str], patterns: Iterable[str], excludes: Iterable[str]) -> Selection:
    """
    Choose among the files below a directory.

    Args:
        entries: Paths of regular files and links, relative, "/"-separated.
        patterns: ``files``, relative: ``*`` stays in one component, ``**`` crosses them.
        excludes: ``exclude-paths``; what they match is taken out again.

    Source: user guide, "artifacts/files", "artifacts/exclude-paths"; the lines are the logs'.
    """
    known = frozenset(entries)
    chosen: set[str] = set()
    missing = []
    log = ["Assembling file list"]
    for pattern in patterns:
        wanted = normal(pattern)
        log.append(f"Expanding {pattern}")
        if is_pattern(wanted):
            matches = compiled(wanted)
            found = {path for path in entries if matches.fullmatch(path)}
        else:
            found = {wanted} & known
            if not found:
                missing += [pattern] if pattern else []  # a variable that is not set leaves none
                log.append(f"Skipping invalid file path {pattern}")
        if found:
            log.append(f"Found {len(found)} file(s)")
        chosen |= found
    for exclude in excludes:
        matches = compiled(normal(exclude))
        chosen = {path for path in chosen if not matches.fullmatch(path)}
    return Selection(paths=tuple(sorted(chosen)), log=tuple(log), missing=tuple(missing))


def base_directories(entries: Iterable[str], pattern: str) -> tuple[str, ...]:
    """Give the directories, relative, that a ``base-directory`` with wildcards means; sorted."""
    matches = compiled(normal(pattern))
    return tuple(sorted(d for d in directories(entries) if matches.fullmatch(d)))


def directories(entries: Iterable[str]) -> set[str]:
    """Give every directory that files are in, however deep."""
    found: set[str] = set()
    for path in entries:
        parent = posixpath.dirname(path)
        while parent and parent not in found:
            found.add(parent)
            parent = posixpath.dirname(parent)
    return found


def split_pattern(pattern: str) -> tuple[str, str]:
    """Split an absolute pattern into the directory before its first wildcard and the rest."""
    parts = pattern.split("/")
    literal = next((i for i, part in enumerate(parts) if is_pattern(part)), len(parts) - 1)
    return "/".join(parts[:literal]) or "/", "/".join(parts[literal:])


def reach(pattern: str) -> int | None:
    """Give how many components what a relative pattern matches has; None: any number."""
    return None if "**" in pattern else pattern.count("/") + 1


def deepest(patterns: Sequence[str]) -> int | None:
    """Give the most components that what one of the patterns matches has; None: any number."""
    most = 1
    for pattern in patterns:
        depth = reach(normal(pattern))
        if depth is None:
            return None
        most = max(most, depth)
    return most


def place(
    chosen: Iterable[tuple[str, str]], *, discard_paths: bool
) -> tuple[tuple[Placed, ...], tuple[str, ...]]:
    """
    Say where (directory, path) pairs land, and which targets two of them wanted.

    The last in sorted order of the path wins: the local rule, since the guide is silent.
    """
    placed: dict[str, Placed] = {}
    clashes: list[str] = []
    for directory, path in sorted(chosen, key=lambda pair: (pair[1], pair[0])):
        target = posixpath.basename(path) if discard_paths else path
        if target in placed:
            clashes.append(target)
        placed[target] = Placed(directory=directory, path=path, target=target)
    return tuple(placed[target] for target in sorted(placed)), tuple(dict.fromkeys(clashes))


def key(
    name: str,
    *,
    packaging: str,
    path: str = "",
    namespace: str = "NONE",
    build_uuid: str = "",
    s3_prefix: str = "",
) -> str:
    """
    Give the key an artifact has in a bucket, or below the directory it is delivered to.

    For packaging NONE it is a folder, "" for the root. Never absolute, never with "..".
    Source: user guide, "Create a build project", Path, Namespace type, Name, Packaging.
    """
    middle = build_uuid if namespace == "BUILD_ID" else ""
    parts = [s3_prefix, path, middle, name]
    if packaging == "ZIP" and not name.strip("/"):
        parts[3] = "artifact.zip"
    joined = posixpath.normpath("/" + "/".join(part for part in parts if part)).lstrip("/")
    return "" if joined == "." else joined


def stays_inside(path: str, link: str) -> bool:
    """Tell whether a link leads to a place of the tree that it is in, at the relative ``path``."""
    if link.startswith("/"):
        return False
    there = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    return there != ".." and not there.startswith("../")


def normal(path: str) -> str:
    """Take "./" and doubled slashes out of a relative path or pattern; "." for the whole."""
    return posixpath.normpath(path) if path.strip() else "."
