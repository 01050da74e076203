"""A command that failed for want of a file: where it looked, and what is there."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from cicd.build.elsewhere import in_the_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.build.plan import BuildPlan

_SAID = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bcd: can't cd to (?P<path>\S+)",
        r"\bcannot open (?P<path>[^\s:]+): No such file",  # dash, of "<" and "."
        r"can't open file '(?P<path>[^']+)': \[Errno 2\]",  # Python, of what it is to run
        r"[Nn]o such file or directory(?:, \w+|:)? '(?P<path>[^']+)'",  # Python, Node.js
        r"Cannot find module '(?P<path>/[^']+)'",
        r"(?P<path>[^\s:]+): Cannot \w+: No such file",  # tar
        r"(?P<path>[^\s:'\"‘’`]+)['\"’]?: No such file or directory",
        r"(?:^|[:\s])(?P<path>[^\s:]*/[^\s:]*): not found\s*$",  # dash, of a script
    )
)
# Of a compiler and of the loader, which look along paths of their own.
_ELSEWHERE = ("fatal error:", "cannot open shared object file:")
_LAST = 5  # lines that may tell why a command ended; before them much may have been missing
_SHOWN = 12  # names of what is there


def no_such_path_hint(
    plan: BuildPlan, said: Sequence[str], look: Callable[[Sequence[str]], Sequence[str]]
) -> str:
    """
    Say where a path was looked for, and what is there; "" where no path is missing.

    Args:
        plan: The build.
        said: The last lines that the command wrote.
        look: What expands expressions in the build's shell, as it is after the command.
    """
    path = _missing(said[-_LAST:])
    if not path or plan.version != "0.2":  # of 0.1 nobody knows where a command went
        return ""
    name = quote(path)
    looked = f"[ -e {name} ] && echo there && [ -f {name} ] && head -c 200 -- {name}"
    here, start, found, names = look(
        ["$PWD", "$CODEBUILD_SRC_DIR", f"$({looked} 2> /dev/null)", "$(ls -1Ap)"]
    )
    if found:
        _, _, first = found.partition("\n")
        return _interpreter(path, first.partition("\n")[0]) if first.startswith("#!") else ""
    if not here:
        return ""
    path = path.removeprefix(f"{here}/")  # npm and others make it absolute
    if path.startswith("/"):
        sees = f"the build sees the files of the image {plan.image} and its sources, no others"
        return f"{path} is not there: {sees}" if plan.image else ""
    below = here.removeprefix(f"{start}/")
    place = "the source's directory" if here == start else here
    if below != here:
        place = f"the source's {below}/"
    moved = "" if here == start else ": a 'cd' lasts from one command to the next"
    listed = names.splitlines()
    others = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    there = f"there is {', '.join(listed[:_SHOWN])}{others}" if listed else "nothing is there"
    source = plan.sources[0].directory
    more = "" if moved else in_the_repository(path, source, plan.buildspec)
    return "\n".join(
        filter(None, (f"'{path}' is not in {place}, where the command ran{moved}", there, more))
    )


def _missing(said: Sequence[str]) -> str:
    for line in reversed(said):
        if any(words in line for words in _ELSEWHERE):
            continue
        for saying in _SAID:
            if found := saying.search(line):
                return found["path"]
    return ""


def _interpreter(path: str, first: str) -> str:
    """Say why a script that is there is "not found": what its first line names is not."""
    program = first[2:].strip()
    if first.endswith("\r"):
        return (
            f"{path} is there, but its lines end in CR LF, so that '{program}' is not found\n"
            f"sed -i 's/\\r$//' {path}, or 'eol=lf' for it in .gitattributes"
        )
    return f"{path} is there, but not what its first line wants: '{program}'"
