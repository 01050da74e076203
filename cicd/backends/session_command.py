"""What the driver is given for one command: its script, and the frame it is started in."""

from __future__ import annotations

import os
import re
import secrets
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
    shell: str = "sh",
    variables: Mapping[str, str] | None = None,
    directory: str,
    user: str | None = None,
) -> str:
    """Write what the driver reads before it starts a command; see ``driver.sh``."""
    missing = shlex.quote(f"there is no directory '{directory}' here")
    lines = [
        f"_cicd_shell={shlex.quote(shell)}",
        f"_cicd_user={shlex.quote(user or '')}",
        f"cd {shlex.quote(directory)} 2>/dev/null || _cicd_no={missing}",
    ]
    for name, value in (variables or {}).items():
        export = f"export {name}={shlex.quote(value)}"
        guard = f"({export}) 2>/dev/null && " if name in READ_ONLY else ""
        lines.append(guard + export)
    return "\n".join(lines) + "\n"


def prepare(io: Path, name: str, files: Mapping[str, str]) -> Path:
    """Put a command's files into ``io/name``: all of them, or no directory at all."""
    made = io / f".new-{secrets.token_hex(8)}"
    made.mkdir(mode=0o755)
    for file, text in files.items():
        # The frame holds variables' values; the script is read by whoever runs it.
        mode = 0o644 if file == "script" else 0o600
        descriptor = os.open(made / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(os.fsencode(text))
    return made.rename(io / name)
