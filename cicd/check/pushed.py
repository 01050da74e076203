"""
What git tells a pre-push hook: which commits go to which refs. Pure.

Source: githooks(5), "pre-push".
"""

from __future__ import annotations

import re

from cicd.errors import UsageError
from cicd.record import dataclass

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRef:
    """One ref that is pushed."""

    local: str  # what is pushed, as its name: "refs/heads/main", "(delete)", "HEAD~2"
    id: str  # of a commit or an annotated tag; "": the ref is deleted
    ref: str  # where to: "refs/heads/main"; "": nobody knows, as with a detached head
    before: str = ""  # what it was there; "": it is new

    @property
    def tag(self) -> str:
        """The tag's name; "" if it is none."""
        return self.ref.removeprefix("refs/tags/") if self.ref.startswith("refs/tags/") else ""

    @property
    def branch(self) -> str:
        """The branch's name; "" if it is none."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""

    def __str__(self) -> str:
        """Say it in words."""
        if self.tag:
            return f"tag {self.tag}"
        return f"branch {self.branch}" if self.branch else self.ref or self.local


def read_pushed(text: str) -> tuple[PushedRef, ...]:
    """
    Read the standard input of a pre-push hook; () when nothing is pushed.

    Raises:
        UsageError: A line is not what git writes.

    """
    # Not splitlines(), which ends lines at characters that a ref may hold.
    return tuple(_pushed(line) for line in text.split("\n") if line.strip())


def _pushed(line: str) -> PushedRef:
    words = line.split(" ")
    # A name such as "HEAD@{1 day ago}" holds blanks; the other three never do.
    if len(words) < 4 or not (_ID.fullmatch(words[-3]) and _ID.fullmatch(words[-1])):
        raise UsageError(
            f"'{line[:80]}' is not a line of git's to a pre-push hook",
            hint="--stdin reads: local ref, its id, remote ref, its id; by hand leave --stdin out",
        )
    local, own, ref, before = " ".join(words[:-3]), *words[-3:]
    return PushedRef(local=local, id=_or_none(own), ref=ref, before=_or_none(before))


def _or_none(identifier: str) -> str:
    return identifier if identifier.strip("0") else ""
