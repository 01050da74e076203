"""The command line that a hook's script is started with, or why the system would not start it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.ports import HookRun

_BINARIES: Final = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xcf")


def command_of(hook: HookRun, place: Path) -> list[str]:
    """Give the command line; a shell runs what the system itself does not know how to."""
    if hook.runas is not None:
        return ["su", hook.runas, "-c", hook.script]
    return [hook.script] if _is_program(place) else ["/bin/sh", hook.script]


def refusal(hook: HookRun, place: Path, exists: Callable[[str], bool]) -> str | None:
    """
    Say why the system would not execute a script, in the agent's words; None: it would.

    Args:
        hook: What is to be run; another user's shell finds out by itself.
        place: Where its script is on this machine.
        exists: Tells whether the instance has a program by that absolute path.

    """
    if hook.runas is not None:
        return None
    script = hook.script
    if place.exists() and not place.is_file():
        return f"Errno::EACCES with message Permission denied - {script}"
    try:
        with place.open("rb") as file:
            first = file.readline(256)
    except OSError as reason:
        return f"Errno::EACCES with message {reason.strerror} - {script}"
    if not first.startswith(b"#!"):
        return None
    words = os.fsdecode(first[2:].rstrip(b"\n")).strip(" \t").split(" ")
    # A carriage return belongs to the interpreter's name, and there is no such program.
    if not exists(words[0]):
        return f"Errno::ENOENT with message No such file or directory - {script}"
    return None


def _is_program(place: Path) -> bool:
    """Tell whether the system itself knows how to run a file."""
    with place.open("rb") as file:
        first = file.read(4)
    executable = bool(place.stat().st_mode & stat.S_IXUSR)
    return executable and (first[:2] == b"#!" or first in _BINARIES)
