"""``cicd builds``: what was built, and what is left to do about it."""

from __future__ import annotations

import click

from cicd.cli.builds.act import enter, resume, retry, stop
from cicd.cli.builds.look import badge, list_builds, logs, show
from cicd.cli.group import Commands


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd builds list --project web --status FAILED
  cicd builds show                 the newest
  cicd builds show web:1b2c        by its id, the beginning of it, or its number
  cicd builds logs web:1b2c --follow
  cicd builds enter web:1b2c       a shell in the session of a build that waits
  cicd builds resume web:1b2c      go on with a build that waits, or whose cicd died
  cicd builds retry web:1b2c --from BUILD:2
""",
)
def builds() -> None:
    """Look at builds; stop, resume, retry or enter them."""


for _command in (list_builds, show, logs, badge, stop, resume, retry, enter):
    builds.add_command(_command)
