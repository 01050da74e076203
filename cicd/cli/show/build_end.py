"""How a build ended: its failure, its reports, its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.build.run import BuildResult
    from cicd.cli.show import Presenter

EXIT_CODES = {
    "SUCCEEDED": ExitCode.SUCCEEDED,
    "FAILED": ExitCode.FAILED,
    "TIMED_OUT": ExitCode.FAILED,
    "STOPPED": ExitCode.FAILED,
    "IN_PROGRESS": ExitCode.SUCCEEDED,
    "FAULT": ExitCode.UNAVAILABLE,
}


def conclude(show: Presenter, result: BuildResult, *, told: bool = True) -> ExitCode:
    """Show how a build ended, and give the exit status; ``told``: its events were shown."""
    from cicd.cli.show.failed_command import failed_command

    failure = result.failure
    if failure is not None:
        if failure.where:
            show.problems((failed_command(failure),))
            looked_at = "debugSession" in result.build
            if result.status == "FAILED" and failure.command and not (failure.hint or looked_at):
                show.text("hint: look into it where it happens: cicd build --break-on failure")
        else:
            if not told:
                said = failure.message.strip() or f"{failure.phase} {failure.status}"
                show.notice(said, Level.FAILURE)
            if failure.hint:
                show.notice("hint: " + failure.hint.replace("\n", "\n      "))
    if result.reports:
        from cicd.cli.show.reports import show_reports

        show_reports(show, result.reports)
    show.result(result.build)
    return EXIT_CODES[result.status]
