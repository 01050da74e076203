"""A command that failed for want of a program: where it is missing, and what to do. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.build.plan import BuildPlan

NOT_FOUND = 127  # a shell's status
# "sh: 1: npm: not found", "bash: line 2: npm: command not found"; not a path.
_SAID = re.compile(r"(?:^|[:\s])(?P<name>[\w.+-]+): (?:command )?not found\s*$")


# Curated images have these by both names, many others by one.
_OTHER_NAMES = {"python": "python3", "pip": "pip3"}


def not_found_hint(
    plan: BuildPlan,
    status: int,
    said: Sequence[str],
    look: Callable[[Sequence[str]], Sequence[str]],
) -> str:
    """
    Give what helps where a shell did not find a program, else "".

    Args:
        plan: The build.
        status: How the command ended.
        said: The last lines that it wrote.
        look: What expands expressions in the build's shell.
    """
    found = [match for line in said if (match := _SAID.search(line))]
    if status != NOT_FOUND or not found:
        return ""
    literal = next((v.value for v in plan.variables if v.name == "PATH" and "$" in v.value), "")
    if literal:
        return (
            f"the build's PATH is literally '{literal}': nothing is expanded in it\n"
            'leave it out, and set it in a command: export PATH="$PATH:…"'
        )
    name = found[-1]["name"]
    other = _OTHER_NAMES.get(name, "")
    also = ""
    if other and any(look([f"$(command -v {other})"])):
        also = f"\n{other} is there, which curated images have as {name}, too"
    if not plan.image and plan.runner == "sandbox":
        return (
            f"'{name}' is not among the tools of this machine that a sandbox sees, which are none "
            f"of a home's{also}\n"
            "install it for all, or take --runner host, or an image that has it: --runner docker"
        )
    if not plan.image:
        return (
            f"'{name}' is not on the PATH of this machine, whose tools the build has{also}"
            "\ninstall it, or build in an image that has it: --runner docker"
        )
    stands_for = (
        "" if plan.image == plan.build_image else f", which stands in for {plan.build_image}"
    )
    return (
        f"'{name}' is not in the image {plan.image}{stands_for}{also}\n"
        "take an image that has it (--image), or install it in the install phase"
    )
