"""A command that failed since it is bash's, and sh has run it: what to do about it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.shell.bash_only import bash_only
from cicd.document.position import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan

# How dash and busybox complain of what they do not know.
_SAID = re.compile(
    r"Bad substitution|bad substitution|[Ss]yntax error: |unexpected operator|unknown operand"
    r"|Illegal option -o pipefail|(?:\[\[|source|pushd|declare|function): not found"
)


def needs_bash_hint(plan: BuildPlan, command: str, said: Sequence[str]) -> str:
    """Give what helps with such a command, by its text and the last lines that it wrote."""
    if plan.shell != "sh" or not any(_SAID.search(line) for line in said):
        return ""
    found = bash_only(command)
    if found is None:
        return ""
    return f"'{brief(found[0])}' is bash's, and sh runs the commands\nadd 'shell: bash' to 'env'"
