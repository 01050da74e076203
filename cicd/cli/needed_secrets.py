"""What a build must look up: said before it starts, with where it is, or how to give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.secrets.resolve import needed
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.build.environment_variable import Variable
    from cicd.build.plan import BuildPlan
    from cicd.cli.show import Presenter
    from cicd.event import JSON
    from cicd.ports import Services


def tell_missing(show: Presenter, variables: Iterable[Variable], services: Services) -> None:
    """
    Name what is missing before anything starts, once each.

    How to give it is told where the build fails for it.
    """
    asked = tuple(dict.fromkeys(v for v in variables if v.type != "PLAINTEXT"))
    missing = [each for each in needed(asked, services.secrets) if each.place is None]
    for each in missing:
        variable = each.variable
        show.notice(f"{variable.value} for {variable.name} is missing", Level.WARNING)


def show_needed(show: Presenter, plan: BuildPlan, services: Services) -> list[JSON]:
    """Show what is looked up and where it was found, never a value; give the same for programs."""
    found = needed(plan.variables, services.secrets)
    if not found:
        return []
    show.table(
        ("VARIABLE", "TYPE", "NAME", "FOUND IN"),
        [
            (
                each.variable.name,
                each.variable.type.value,
                each.variable.value,
                each.place or f"missing: {each.hint}",
            )
            for each in found
        ],
    )
    return [
        {
            "name": each.variable.name,
            "type": each.variable.type.value,
            "value": each.variable.value,
            "found": each.place is not None,
            "place": each.place or "",
            "hint": each.hint,
        }
        for each in found
    ]
