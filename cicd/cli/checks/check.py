"""``cicd check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation


@click.command(
    epilog="""\b
Examples:
  cicd check                        what a push of this branch would be checked for
  cicd check --plan                 which checks those are, and why; nothing is run
  cicd check origin/main..HEAD      the same for what HEAD has since origin/main
  cicd check --all                  all that 'check' of cicd.yml names
  CICD_SKIP=build git push          without builds; or names: CICD_SKIP=ruff,web
  git push --no-verify              without any check

Checks run in a snapshot of the commit: what is not committed neither helps nor hurts.

Exit status: 0 all passed, 1 one did not, 2 usage, 3 cicd.yml is invalid,
4 this machine cannot do it now, 130 interrupted.
"""
)
@click.argument("commits", metavar="[REF..REF]", required=False)
@click.option("--all", "every", is_flag=True, help="All that is named, whatever has changed.")
@click.option("--stdin", is_flag=True, help="Read what git tells a pre-push hook.")
@click.option("--remote", metavar="NAME", help="Where it is pushed to; else the usual one.")
@click.option("--plan", is_flag=True, help="Say what would be checked, and why; run nothing.")
@click.option("--no-receipt", is_flag=True, help="Do it again, even if it has passed before.")
@shared_options
def check(
    invocation: Invocation,
    *,
    commits: str | None,
    every: bool,
    stdin: bool,
    remote: str | None,
    plan: bool,
    no_receipt: bool,
) -> int:
    """
    Check the commits that a push would send: documents, builds, pipelines, commands.

    Without REF..REF that is the branch that is checked out, since what its remote has.
    """
    from cicd.cli.checks.before_push import check_pushed

    return check_pushed(
        invocation,
        commits=commits,
        every=every,
        stdin=stdin,
        remote=remote,
        plan=plan,
        no_receipt=no_receipt,
    )
