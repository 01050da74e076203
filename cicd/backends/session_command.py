"""What the driver is given for one command: its script, and the frame it is started in."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Variables that a shell may own and refuse to have set: the attempt must not end the driver.
READ_ONLY = frozenset({"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"})
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_variables(variables: Mapping[str, str]) -> None:
    """Refuse what no shell could pass on; raises ``UsageError``."""
    for name, value in variables.items():
        if not NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' cannot be the name of an environment variable",
                hint="use letters, digits and underscores, and no digit first",
            )
        if "\0" in value:
            raise UsageError(f"the value of '{name}' holds a NUL character")


def frame(
    *,
    key: str = "",
    shell: str = "sh",
    variables: Mapping[str, str] | None = None,
    directory: str,
    user: str | None = None,
) -> str:
    """Write what the driver reads before it starts a command, its key first; see driver.sh."""
    missing = shlex.quote(f"there is no directory '{directory}' here")
    lines = [
        f"# {json.dumps(key)}",
        f"_cicd_shell={shlex.quote(shell)}",
        f"_cicd_user={shlex.quote(user or '')}",
        f"cd {shlex.quote(directory)} 2>/dev/null || _cicd_no={missing}",
    ]
    for name, value in (variables or {}).items():
        export = f"export {name}={shlex.quote(value)}"
        guard = f"({export}) 2>/dev/null && " if name in READ_ONLY else ""
        lines.append(guard + export)
    return "\n".join(lines) + "\n"


def prepare(prefix: str, frame: str, script: str) -> None:
    """
    Put down what the driver needs: the frame, whose appearance says that the rest is there.

    ``prefix`` is the beginning of both paths; what a dead process left of them is replaced.
    """
    # The frame holds variables' values; the script is read by whoever runs it.
    _write(f"{prefix}script", script, 0o644)
    _write(f"{prefix}frame.new", frame, 0o600)
    os.rename(f"{prefix}frame.new", f"{prefix}frame")  # noqa: PTH104 - a prefix is no Path


def numbered(io: Path) -> dict[str, int]:
    """Give the numbers of the commands that were put down, by their keys."""
    found = {}
    for path in io.glob("[0-9]*.frame"):
        with path.open(encoding="utf-8", errors="surrogateescape") as frame:
            found[json.loads(frame.readline().removeprefix("# "))] = int(path.stem)
    return found


def _write(path: str, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        data = memoryview(os.fsencode(text))
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)
