"""A command that failed because it is written for another system's shell. Pure."""

from __future__ import annotations

import re

_CMDLET = re.compile(
    r"(?<![\w/.-])(?:Add|Clear|Copy|Expand|Get|Import|Install|Invoke|Move|New|Out|Read|Remove|Select"
    r"|Set|Start|Stop|Test|Where|Write)-[A-Z][A-Za-z]+\b"
)
_VARIABLE = re.compile(r"\$[Ee][Nn][Vv]:[A-Za-z_]\w*\s*(?:=|-eq|-ne)|\(\s*-Not\b|\$null\b")


def powershell_hint(command: str) -> str:
    """Give what helps where a command speaks PowerShell, else ""."""
    if not _CMDLET.search(command) and not _VARIABLE.search(command):
        return ""
    return (
        "this is PowerShell, and builds run in sh or bash here\n"
        "buildspecs for Windows containers cannot be run on this machine"
    )
