"""
What an archive that anybody may have made is allowed to become: names, links, sizes. Pure.

The store and the agent of a deployment both unpack such archives; what each refuses beyond this,
and in whose words, is its own.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Deflate gives at most 1032 to 1, and text that people really pack seldom more than 50.
MAXIMUM_RATIO = 200
ALWAYS_ALLOWED = 1 << 30  # bytes unpacked that need no justification by the archive's size
MAXIMUM_ENTRIES = 500_000  # each costs the disk more than its content
LINK_LENGTH = 4096  # bytes
NAME_LENGTH = 255  # bytes; no file system in use takes more
_LINK_STEPS = 40  # as many as Linux follows


@dataclass(slots=True, kw_only=True)
class Allowance:
    """What may come out of one archive; told of each entry before any of it is written."""

    archive_size: int  # bytes
    entries: int = 0  # so far
    size: int = 0  # bytes unpacked so far

    def take(self, size: int) -> None:
        """Count one entry of ``size`` bytes in; raises ``UsageError`` for one too many."""
        self.entries += 1
        self.size += size
        if self.entries > MAXIMUM_ENTRIES:
            raise UsageError(
                f"more than {MAXIMUM_ENTRIES} entries would come out of it",
                hint="so many are taken for an attack on the disk",
            )
        if self.size > self.most:
            raise UsageError(
                f"{self.size} bytes or more would come out of an archive of {self.archive_size}",
                hint=f"more than {MAXIMUM_RATIO} to 1 is taken for an attack on the disk",
            )

    @property
    def most(self) -> int:
        """The bytes that may come out."""
        return max(ALWAYS_ALLOWED, MAXIMUM_RATIO * self.archive_size)


def clean_path(name: str) -> str:
    """
    Give ``name`` without "." and doubled slashes.

    Raises UsageError when it could escape, or no file system would take it.
    """
    # Backslashes separate names to Windows, and so to some tools on the way.
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if (
        not parts
        or name.startswith(("/", "\\"))
        or "\0" in name
        or ".." in re.split(r"[/\\]", name)
        or re.match(r"[A-Za-z]:", parts[0])
    ):
        raise UsageError(f"'{name}' would leave the directory", hint="pack relative paths only")
    for part in parts:
        length = len(part.encode("utf-8", "surrogateescape"))
        if length > NAME_LENGTH:
            raise UsageError(
                f"a name of {length} bytes, '{part[:40]}…', is longer than files' names can be",
                hint=f"{NAME_LENGTH} bytes are the most",
            )
    return "/".join(parts)


def same_place(path: str) -> str:
    """Give what two paths have in common that some file systems cannot tell apart."""
    return unicodedata.normalize("NFC", path).casefold()


def judge_links(links: Mapping[str, str]) -> None:
    """Refuse links (path → text) that lead out of the directory, also by way of each other."""
    for path, text in links.items():
        if not text or "\0" in text or len(text.encode("utf-8", "replace")) > LINK_LENGTH:
            raise UsageError(f"'{path}' is a link to nothing", hint="pack it again without it")
        if not _stays_inside(path, links):
            raise UsageError(
                f"'{path}' is a link to '{text}', which is outside", hint="pack what it points to"
            )


def _stays_inside(path: str, links: Mapping[str, str]) -> bool:
    here = path.split("/")[:-1]
    ahead = links[path].split("/")
    steps = 0
    if links[path].startswith("/"):
        return False
    while ahead:
        part = ahead.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return False
            here.pop()
            continue
        here.append(part)
        target = links.get("/".join(here))
        if target is not None:
            steps += 1
            # A circle of links leads nowhere, so not outside either.
            if target.startswith("/"):
                return False
            if steps > _LINK_STEPS:
                return True
            here.pop()
            ahead = [*target.split("/"), *ahead]
    return True
