"""How the process of a function is kept apart from this machine: not at all, or by bubblewrap."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.backends import sandbox_command
from cicd.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE = Path(__file__).parent


def isolated(runner: str, command: Sequence[str], *, code: Path, private: Path) -> tuple[str, ...]:
    """
    Give the command line that runs ``command`` as ``runner`` does.

    In a sandbox this machine's tools and the runtime are there, read-only, ``/tmp`` is the
    instance's own directory, and other processes and everybody's files are out of sight; the
    network is this machine's, for the calls to AWS's endpoint.

    Raises:
        UsageError: Functions do not run on such a runner.
        Unavailable: There is no bubblewrap.

    """
    if runner == "host":
        return tuple(command)
    if runner != "sandbox":
        raise UsageError(
            f"functions do not run on the runner '{runner}'", hint="take host, or sandbox"
        )
    program = shutil.which("bwrap")
    if program is None:
        raise Unavailable(
            "the sandbox of functions needs bubblewrap, and there is no bwrap on PATH",
            hint="install bubblewrap, or take --runner host",
        )
    words = [program, *sandbox_command.tools(), "--dev", "/dev", "--proc", "/proc"]
    words += ["--bind", str(private), "/tmp"]  # noqa: S108 - the sandbox's own
    words += _runtime(command[0])
    for shown in (code, _HERE):
        words += ["--ro-bind", str(shown), str(shown)]
    words += ["--bind", str(private), str(private)]
    words += ["--remount-ro", "/", "--unshare-pid", "--unshare-ipc", "--chdir", str(code), "--"]
    return (*words, *command)


def _runtime(program: str) -> list[str]:
    """Show what a runtime is made of, where that is not among the tools."""
    if program == sys.executable:
        # Its modules are in the one, and it may itself be in the other.
        places = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve()}
        return [word for place in sorted(places) for word in _read_only(place)]
    itself = Path(program).resolve()
    words = _read_only(itself) and _read_only(itself.parent.parent)  # of bin/node
    if Path(program) != itself and _read_only(Path(program)):
        words += ["--symlink", str(itself), program]  # not with all that lies beside the link
    return words


def _read_only(place: Path) -> list[str]:
    if any(place.is_relative_to(shown) for shown in sandbox_command.SHOWN):
        return []
    return ["--ro-bind", str(place), str(place)]
