"""``cicd deploy report``: what was seen of a traffic shift, as a chart and as a page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cicd.cli.offers import ids
from cicd.cli.options import shared_options
from cicd.cli.written import write_out
from cicd.errors import CicdError, ExitCode, Unavailable
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.event import JSON
    from cicd.ports import Services

_LEAST: Final = 20  # cells of a chart
_USUAL: Final = 60
_MOST: Final = 100


@click.command(epilog="\b\nExample:\n  cicd deploy report d-ABCDEFGHI -o page.html\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@click.option(
    "--out",
    "-o",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page of HTML that needs nothing else.",
)
@shared_options
def report(invocation: Invocation, *, deployment_id: str | None, page: Path | None) -> int:
    """Show what both versions answered while traffic was shifted. The newest if none is named."""
    from cicd.cli.deployments import newest
    from cicd.deploy.shift_report.chart import chart
    from cicd.deploy.shift_report.collect import story_of
    from cicd.deploy.shift_report.page import page as page_of
    from cicd.deploy.shift_report.story import stages

    with invocation.services() as services:
        story = story_of(deployment_id or newest(services), services)
    show = invocation.show
    show.text(f"{story.deployment_id}: {story.title}, {story.config}, {story.status}")
    for line in chart(story, _cells()):
        show.text(line)
    if page is not None:
        try:
            write_out(page, page_of(story))
        except OSError as reason:
            raise Unavailable(
                f"{page} cannot be written: {reason.strerror}", hint="name another file"
            ) from reason
        show.text(f"{page} has it as a page", Level.SUCCESS)
    steps: list[JSON] = [
        {"weight": each.weight, "old": each.old.shape(), "new": each.new.shape()}
        for each in stages(story)
    ]
    show.result({"deploymentId": story.deployment_id, "status": story.status, "steps": steps})
    return ExitCode.SUCCEEDED


def show_shift(show: Presenter, deployment_id: str, services: Services) -> None:
    """Draw a shift that is over, if anybody asked its load balancer for something meanwhile."""
    from cicd.deploy.shift_report.chart import chart
    from cicd.deploy.shift_report.collect import story_of

    try:
        story = story_of(deployment_id, services)
    except CicdError:
        return  # it got to no step, or its log cannot be had: the result says how it ended
    if not story.answered:
        return
    for line in chart(story, _cells()):
        show.text(line)
    show.text(f"'cicd deploy report {deployment_id} -o page.html' has it as a page")


def _cells() -> int:
    """Give how many cells of a chart fit: what is not a terminal has room enough."""
    from cicd.deploy.shift_report.chart import MARGIN

    columns = shutil.get_terminal_size((_USUAL + MARGIN, 1)).columns
    return max(_LEAST, min(_MOST, columns - MARGIN))
