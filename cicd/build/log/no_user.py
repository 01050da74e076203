"""A phase whose user there is not: what to do about it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan

_SAID = re.compile(r"cicd: there is no user '(.+)' here")  # of the driver
_CURATED = "codebuild-user"


def no_user_hint(plan: BuildPlan, said: Sequence[str]) -> str:
    """Give what helps where ``run-as`` names nobody, by the last lines that were written."""
    found = next((match for line in said if (match := _SAID.fullmatch(line))), None)
    if found is None:
        return ""
    name = found[1]
    where = f"the image {plan.image}" if plan.image else "this machine"
    curated = ", as curated images do" if name == _CURATED else ""
    return (
        f"'run-as' asks for {name}, and {where} has no such user\n"
        f"take an image that has one (--image){curated}, "
        f"or make one in an earlier phase, as root: useradd -m {name}"
    )
