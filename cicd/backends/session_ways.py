"""The ways that a session's driver, its files and its spool are reached, whatever holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cicd.ports import FileEntry


class Channel(Protocol):
    """The way to one driver, and to its end."""

    io: str  # where the session's directory ``io`` is inside

    def send(self, request: str) -> None:
        """Hand over one request line; a dead driver is no exception, ``alive`` tells."""

    def alive(self) -> bool:
        """Say whether the driver is there; cheap."""

    def end(self) -> None:
        """Kill the driver and all that runs beside it, and return when they are gone."""

    def enter(self, command: Sequence[str]) -> int:
        """Run a command beside the driver, at our own terminal, and give its exit status."""

    def forget(self) -> None:
        """Remove what is left of it on this machine, its directory included."""

    def post_mortem(self, since: float, status: int, *, dead: bool) -> str:
        """Say why something ended with ``status`` after ``since`` (seconds since the epoch),
        or the session itself died; "" where nothing is known of it."""


class Files(Protocol):
    """The way to the files of one session."""

    def files(self, directory: str, *, depth: int | None = None) -> Iterator[FileEntry]:
        """See ``ports.Session``."""

    def copy_in(self, source: Path, destination: str) -> None:
        """See ``ports.Session``."""

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """See ``ports.Session``."""


class Ferry(Protocol):
    """Between ``io`` on this machine and the one inside, where those are two directories."""

    def command(self, number: int) -> None:
        """Take a command's files over, once."""

    def take(self, *paths: Path) -> None:
        """Take files and directories below ``io`` over."""

    def errand(self, at: Path, luggage: Path | None) -> int | None:
        """Run the script of a directory, with another one beside it, and bring it back.
        Gives the exit status; None where the session has died."""

    def follow(self) -> None:
        """Let the spool here grow as the one inside does."""

    def drain(self) -> None:
        """Wait for the last bytes of a dead session's spool."""

    def close(self) -> None:
        """Follow the spool no longer."""
