"""A command that failed since a file may not be run: how to let it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_EXECUTABLE = 126  # a shell's status
_SAID = re.compile(r"(?:^|\s)(\.{0,2}/?[\w@+./-]+): [Pp]ermission denied$")


def not_executable_hint(status: int, said: Sequence[str]) -> str:
    """Give what helps with such a file, by the status and the last lines that were written."""
    found = next((match for line in said if (match := _SAID.search(line))), None)
    if status != NOT_EXECUTABLE or found is None:
        return ""
    path = found[1].removeprefix("./")
    return (
        f"'{found[1]}' is there, and may not be run as a program\n"
        f"git update-index --chmod=+x {path} keeps that with the file; or run it by sh {path}"
    )
