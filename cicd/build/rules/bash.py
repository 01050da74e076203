"""Commands that are bash's, where sh runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.rules.commands import commands_of
from cicd.build.shell.bash_only import bash_only
from cicd.document.position import brief
from cicd.document.rules import rule

if TYPE_CHECKING:
    from cicd.build.spec import Buildspec
    from cicd.document.problem import Problems


@rule("build/bash-in-sh")
def bash_in_sh(spec: Buildspec, problems: Problems) -> None:
    """The shell is ``sh`` unless ``env.shell`` says otherwise; it does not know bash's words."""
    if spec.shell != "sh":
        return
    for command in commands_of(spec):
        found = bash_only(command.text)
        if found is not None:
            words, becomes = found
            problems.warning(
                "build/bash-in-sh",
                f"'{brief(words)}' is bash's, and these commands are run by sh",
                command.span.within(words),
                hint="add 'shell: bash' to 'env'",
                note=f"where sh is dash, as in Ubuntu's images, {becomes}",
            )
