"""Packed revisions: told apart, and looked into."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.entries import damage, opened
from cicd.deploy.plan import BundleType
from cicd.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.deploy.agent.entries import Entry

_LARGEST_DOCUMENT: Final = 2 * 1024 * 1024  # bytes; document/load.py refuses half of that


def bundle_type(path: Path) -> BundleType:
    """
    Tell what a revision is packed as, by what it holds and not by its name.

    Raises:
        UsageError: There is nothing, or nothing we know.

    """
    if path.is_dir():
        return BundleType.DIRECTORY
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except FileNotFoundError:
        raise UsageError(
            f"the revision '{path}' does not exist",
            hint="name a directory, or a zip, tar or tgz file",
        ) from None
    except OSError as reason:
        raise Unavailable(f"the revision '{path}' cannot be read: {reason.strerror}") from reason
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return BundleType.ZIP
    if start[:2] == b"\x1f\x8b":
        return BundleType.TGZ
    if start[257:262] == b"ustar":
        return BundleType.TAR
    raise UsageError(
        f"the revision '{path}' is neither a directory nor a zip, tar or tgz file",
        hint="pack it with zip or tar, or name the directory itself",
    )


def names(path: Path, kind: BundleType) -> dict[str, Entry]:
    """List what an archive holds, by path as it will be on the instance."""
    with _opened_for_reading(path, kind) as entries:
        listed = {entry.path: entry for entry in entries}
    inner = _only_directory(listed)
    if inner is None:
        return listed
    return {name.removeprefix(inner + "/"): entry for name, entry in listed.items()}


def read(path: Path, kind: BundleType, name: str) -> bytes | None:
    """Read one file out of an archive; None: it is not there."""
    with _opened_for_reading(path, kind) as entries:
        listed = {entry.path: entry for entry in entries}
        inner = _only_directory(listed)
        entry = listed.get(f"{inner}/{name}" if inner else name)
        if entry is None or entry.open is None:
            return None
        with entry.open() as file:
            return file.read(_LARGEST_DOCUMENT)


@contextmanager
def _opened_for_reading(path: Path, kind: BundleType) -> Iterator[Iterator[Entry]]:
    """Open a revision that was not deployed yet: here damage is the caller's mistake."""
    try:
        with opened(path, kind) as entries:
            yield entries
    except damage() as reason:
        raise UsageError(
            f"the revision '{path}' cannot be unpacked: {reason}", hint="pack it again"
        ) from reason


def _only_directory(listed: dict[str, Entry]) -> str | None:
    tops = {name.partition("/")[0] for name in listed}
    if len(tops) != 1:
        return None
    (top,) = tops
    children = [PurePosixPath(name) for name in listed]
    holds = any(len(path.parts) == 2 and "appspec" in path.parts[1].lower() for path in children)
    return top if holds else None
