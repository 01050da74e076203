"""How the process of a function is kept apart from this machine: not at all, or by bubblewrap."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE = Path(__file__).parent


def isolated(runner: str, command: Sequence[str], *, code: Path, private: Path) -> tuple[str, ...]:
    """
    Give the command line that runs ``command`` as ``runner`` does.

    In a sandbox this machine is read-only, ``/tmp`` is the instance's own directory, and other
    processes are out of sight; the network is this machine's, for the calls to AWS's endpoint.

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
    words = [program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    words += ["--bind", str(private), "/tmp"]  # noqa: S108 - the sandbox's own
    for shown in (code, _HERE):
        words += ["--ro-bind", str(shown), str(shown)]
    words += ["--bind", str(private), str(private)]
    words += ["--unshare-pid", "--unshare-ipc", "--chdir", str(code), "--"]
    return (*words, *command)
