"""The seam to whatever runs commands: a runner makes sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from cicd.ports.cancel import CancelToken
    from cicd.ports.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a command ended: 0–255, signals as 128 + n. ``cancelled``: the token's reason."""

    status: int
    cancelled: str | None = None
    lost: bool = False  # the session died under it
    note: str = ""  # what the runner knows of a violent end: whose memory ran out, say


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One regular file, or symbolic link, below a directory of a session."""

    path: str  # relative, "/"-separated
    mode: int  # permission bits
    size: int  # bytes
    link: str | None = None  # the link's text, when it is a link
    broken: bool = False  # a link that leads to no file and no directory, or round to itself


class Session(Protocol):
    """
    One such place, from provisioning to close. One command at a time.

    The driver inside outlives us: a command that was given to it goes on when we die,
    and ``run`` with the same key joins it again instead of running it twice.
    """

    places: Mapping[str, str]  # a mount's name → its absolute path inside
    scratch: str  # absolute path inside of a private, writable directory outside all mounts

    def run(
        self,
        key: str,
        script: str,
        *,
        shell: str = "sh",
        variables: Mapping[str, str] = ...,
        directory: str | None = None,
        user: str | None = None,
        output: Callable[[bytes], None],
        cancel: CancelToken,
    ) -> Exit:
        """
        Run ``script`` in a fresh ``shell``, and return once it has ended.

        Standard input is empty; standard output and error reach ``output`` merged,
        in the order written, complete before this returns.
        Background children do not hold it up.
        ``variables`` are added to the environment's; ``directory`` defaults to ``scratch``.
        ``user`` None is the session's own (root in a container).

        A key that already ran gives its output from the first byte and its exit again,
        one that is running is joined: nothing runs twice.

        When cancelled: terminate to the command's processes, ten seconds' grace, kill;
        reason "KILLED" skips the grace.
        """

    def check_user(self, user: str | None) -> None:
        """Raise ``Unavailable`` where no command of this session can run as ``user``."""

    def files(self, directory: str, *, depth: int | None = None) -> Iterator[FileEntry]:
        """
        List regular files and links below ``directory`` (absolute), sorted.

        Links to directories are listed as links, not entered. ``depth``: how many components a
        path has at most, 1 or more. What goes away meanwhile may be left out.
        Raises UsageError when it is not a directory.
        """

    def copy_in(self, source: Path, destination: str) -> None:
        """Copy a file or a directory's content to ``destination`` inside, making parents."""

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """Copy ``paths`` (relative to ``directory``) out, keeping modes and their sub-paths.
        Links are followed. What leaves is owned by the invoking user."""

    def enter(
        self,
        script: str,
        *,
        shell: str = "sh",
        variables: Mapping[str, str] = ...,
        directory: str | None = None,
        user: str | None = None,
    ) -> int:
        """
        Run ``script`` at the caller's own terminal, beside whatever runs, and give its status.

        Its standard streams are this process's; nothing of it is remembered.
        Raises ``Unavailable`` where this machine has no way in.
        """

    def close(self) -> None:
        """End everything inside and forget it; safe twice; never takes a token."""


class Runner(Protocol):
    """Makes places in which commands run."""

    name: str  # "docker", "sandbox", "host"

    def check(self) -> None:
        """Raise ``Unavailable``, with a hint, when this machine cannot run it now."""

    def open(
        self,
        session_id: str,
        environment: Environment,
        *,
        stream: str,
        say: Callable[[str], None] | None = None,
    ) -> Session:
        """Make a session; raises ``Unavailable`` for a missing image and the like.
        ``stream`` is the execution it belongs to, kept in a label so that it can be reaped;
        ``say`` gets a line now and then where this takes long."""

    def attach(self, session_id: str) -> Session | None:
        """Find a session that a dead process left running, or None."""

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """End every session whose stream ``keep`` does not want; return what was removed."""
