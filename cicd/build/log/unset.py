"""A command that failed for want of a variable: which one, and how to give it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.shell.script import value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# "sh: 2: eval: NAME: parameter not set", "bash: line 2: NAME: unbound variable"; of ${NAME:?},
# "NAME: parameter not set or null", "NAME: parameter null or not set".
_SAID = re.compile(
    r"(?:^|[:\s])(?P<name>[A-Za-z_]\w*): (?:unbound variable|parameter (?:null or )?not set\b)"
)
_QUOTED = re.compile(r"'[^']*'")  # what the shell does not look into, as awk's own $NF
_SOURCE = "CODEBUILD_SRC_DIR_"
# As environments spell them; ${NAME:-other} can do without.
_NAME = rf"{_SOURCE}\w+|[A-Z][A-Z0-9_]+"
_USED = re.compile(rf"(?<!\\)\$(?:\{{(?P<braced>{_NAME})\}}|(?P<plain>{_NAME})(?!\w))")
_MADE = r"(?<![\w$]){name}(?:\+?=| in\b)|\bread\b[^\n]*\b{name}\b"  # within the command itself
_WEBHOOK = "CODEBUILD_WEBHOOK_"


def unset_hint(said: Sequence[str]) -> str:
    """Give what helps where a shell said that a variable is not set, else ""."""
    found = [match["name"] for line in said if (match := _SAID.search(line))]
    return f"{found[-1]} is not set in this build\n{_give(found[-1])}" if found else ""


def empty_hint(command: str, look: Callable[[Sequence[str]], Sequence[str]]) -> str:
    """
    Name the variables that a failed command uses and that hold nothing; "" if there are none.

    Args:
        command: Its text.
        look: What expands expressions in the build's shell, as it is after the command.
    """
    shown = _QUOTED.sub("", command)
    used = (match["braced"] or match["plain"] for match in _USED.finditer(shown))
    names = [
        name
        for name in dict.fromkeys(used)
        if not re.search(_MADE.format(name=re.escape(name)), shown)
    ]
    if not names:
        return ""
    values = look([value_of(name) for name in names])
    empty = [name for name, value in zip(names, values, strict=True) if not value[1:]]
    if not empty:
        return ""
    several = len(empty) > 1
    told = f"{', '.join(empty[:-1])} and {empty[-1]}" if several else empty[0]
    what = "have no values" if several else "has no value"
    return f"the command uses {told}, which {what} in this build\n{_give(empty[0])}"


def _give(name: str) -> str:
    if name.startswith(_WEBHOOK):
        return "only a build that a webhook starts has it: --event push"
    if name.startswith(_SOURCE):
        source = name.removeprefix(_SOURCE)
        return (
            f"no source is called {source} here: --secondary-source {source}=DIR says where it is"
        )
    if name == "CODEBUILD_RESOLVED_SOURCE_VERSION":
        return "the source is no git repository that has a commit"
    if name.startswith("CODEBUILD_"):
        return "names that begin so are the service's, which sets this one for other builds"
    return (
        f"give it with --env {name}=VALUE or --env-file, or in 'env: variables:' of the "
        "buildspec; what the project on AWS sets belongs in cicd.yml"
    )
