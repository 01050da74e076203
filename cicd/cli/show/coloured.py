"""Lines of output as a terminal may have them: with their colours, and nothing that steers it."""

from __future__ import annotations

import re
from typing import Final

# Controls of both kinds but the tab, and what turns the direction of writing or ends a line.
_UNSAFE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_CONTROL: Final = re.compile(
    r"(?P<colour>\x1b\[[0-9;:]{0,60}m)"  # longer ones mean nothing, and numbers could be endless
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|\Z)"
    r"|\x1b[ -/]*[0-~]?"
    r"|(?P<turn>[\u2028-\u202e\u2066-\u2069])"
    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f]"
)


def coloured(line: str) -> str:
    """
    Give a line of a program's output with no sequence of a terminal but colours.

    Titles, cursors, links, resets, the clipboard and the like go with all that is in them: who
    looks at a log must not have a screen that is not what was written. What turns the
    direction of writing becomes "�".
    """
    if line.isascii() and line.isprintable():
        return line
    if _UNSAFE.search(line) is None:
        return line
    return _CONTROL.sub(lambda found: found["colour"] or ("�" if found["turn"] else ""), line)
