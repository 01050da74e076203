"""``cicd pipeline actions``: every action type, and how true it is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.any_case import AnyCase
from cicd.cli.options import shared_options
from cicd.errors import ExitCode

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.event import JSON


@click.command(
    epilog="""\b
Examples:
  cicd pipeline actions
  cicd pipeline actions --category Deploy
  cicd pipeline actions --output json | jq '.actionTypes[0]'
"""
)
@click.option(
    "--category",
    type=AnyCase(("Source", "Build", "Test", "Deploy", "Compute", "Approval", "Invoke")),
    help="Only these.",
)
@shared_options
def actions(invocation: Invocation, *, category: str | None) -> int:
    """
    List all action types, and whether their work is done here.

    "works": as AWS does it; "approximated": nearly so; "refused": the action fails and says why.
    """
    from cicd.pipeline.action_type import ACTION_TYPES, ActionTypeId
    from cicd.pipeline.fidelity import all_standings, as_api

    chosen = {
        name: standing
        for name, standing in all_standings().items()
        if category is None or name.partition("/")[0] == category
    }
    invocation.show.table(
        ("Action type", "Here", "What it does, or why not"),
        [(name, standing.fidelity.value, standing.words) for name, standing in chosen.items()],
    )
    types: list[JSON] = []
    for name in chosen:
        if name in ACTION_TYPES:
            kind, owner, provider = name.split("/")
            types.append(as_api(ActionTypeId(category=kind, owner=owner, provider=provider)))
    fidelity: dict[str, JSON] = {
        name: {"fidelity": standing.fidelity.value, "words": standing.words}
        for name, standing in chosen.items()
    }
    invocation.show.result({"actionTypes": types, "fidelity": fidelity})
    return ExitCode.SUCCEEDED
