"""What a build would do, as ``cicd build --plan`` says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan
    from cicd.cli.show import Presenter
    from cicd.ports import Services


def show_plan(show: Presenter, plan: BuildPlan, services: Services) -> None:
    """Show the plan of a build, with what it needs and what has no effect in it."""
    from cicd.cli.needed_secrets import show_needed
    from cicd.cli.show.ledger import show_ledger_lines
    from cicd.engine.codec import encode

    show.text(f"Project {plan.project}, {plan.runner} runner, image {plan.image or '(none)'}")
    for variable in plan.variables:
        secret = "" if variable.type == "PLAINTEXT" else f" ({variable.type})"
        show.text(f"  {variable.name}={variable.value}{secret}", Level.DETAIL)
    for phase in plan.phases:
        show.text(str(phase.phase))
        for line in (*phase.commands, *phase.finally_commands):
            in_finally = "finally: " if line in phase.finally_commands else ""
            show.text(f"  {in_finally}{line.text.rstrip()}  ({line.where})")
    _show_products(show, plan)
    secrets = show_needed(show, plan, services)
    show_ledger_lines(show, plan.ledger)
    whole = encode(plan)
    assert isinstance(whole, dict), "a plan is an object"
    show.result({**whole, "secrets": secrets})


def _show_products(show: Presenter, plan: BuildPlan) -> None:
    rows: list[Sequence[str]] = [
        ("report", report.group, ", ".join(report.files)) for report in plan.reports
    ]
    rows += [
        ("artifact", artifact.identifier or "primary", ", ".join(artifact.files))
        for artifact in plan.artifacts
    ]
    show.table(("KIND", "NAME", "FILES"), rows)
