"""The seam to servers that speak HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One request."""

    url: str  # of http or https
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a password
    body: bytes | None = field(default=None, repr=False)
    timeout: int = 30  # seconds until something must have come


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What was answered, whatever it was."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in small letters
    body: bytes = b""  # empty where it went into a file


class HttpClient(Protocol):
    """Asks servers."""

    def __call__(self, call: HttpCall, into: Path | None = None) -> HttpAnswer:
        """Ask once; a body of a status below 300 goes into the file ``into`` if that is given.
        Raises ``Unavailable`` when nobody answers."""
