"""What ``cicd build`` does without ``--batch``: one build, or what it would be."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cicd.backends.head_start import HeadStart
    from cicd.build.environment_variable import Variable
    from cicd.build.request import BuildRequest
    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.ports import Services
    from cicd.settings import Settings


def build_one(
    invocation: Invocation,
    request: BuildRequest,
    settings: Settings,
    *,
    directory: Path,
    env_file: Path | None,
    profile: str | None,
    given: Callable[[Iterable[Variable]], tuple[Variable, ...]],
    only_plan: bool,
    only_ledger: bool,
) -> ExitCode:
    """
    Run a build, or say what it would be, or what has no effect in it.

    ``directory`` is where the settings are from; the source may be a checkout of its own.
    ``given`` picks the values of the env file that are variables, out of those of the build.
    """
    with (
        # Who may have to wait in the queue begins nothing before.
        nullcontext()
        if only_plan or only_ledger or settings.builds
        else _begun(request, settings.home) as ahead,
        invocation.services(
            directory, env_file=env_file, ahead=ahead, profile=profile
        ) as services,
    ):
        from cicd.build.run import check_build, plan_build, run_build
        from cicd.cli.leftovers import clear_leftovers
        from cicd.cli.show.build_end import conclude
        from cicd.cli.show.ledger import ledger_line, show_ledger

        plan, warnings = check_build(request, services)
        if env_file is not None:
            request = replace(request, variables=(*given(plan.variables), *request.variables))
            plan = plan_build(request, services)
        show = invocation.show
        invocation.warn(warnings)
        if only_ledger:
            show_ledger(show, plan.ledger)
            return ExitCode.SUCCEEDED
        if only_plan:
            from cicd.cli.show.build_plan import show_plan

            show_plan(show, plan, services)
            return ExitCode.SUCCEEDED
        _tell_of_others(show, services)
        clear_leftovers(services)
        if any(variable.type != "PLAINTEXT" for variable in plan.variables):
            from cicd.cli.needed_secrets import tell_missing

            tell_missing(show, plan.variables, services)
        result = run_build(request, services, plan=plan)
        if settings.artifact_max_age or settings.artifact_max_size:
            from cicd.cli.home.retention import keep_to_limits

            keep_to_limits(settings, services, show)
        if plan.ledger:  # before the result, which programs take as the last word
            show.notice(ledger_line(plan.ledger))
        return conclude(show, result)


@contextmanager
def _begun(request: BuildRequest, home: Path) -> Iterator[HeadStart | None]:
    """Have the session of a build opened while the rest of us is loaded and the build planned."""
    from cicd.build.request import expected_environment
    from cicd.wiring.machine import head_start

    buildspec = request.buildspec or request.project.source.buildspec or "buildspec.yml"
    with head_start(home, request.runner) as ahead:
        # A cache is part of the session, and known only with the buildspec.
        cached = request.project.cache.type != "NO_CACHE"
        if ahead is not None and not cached and _is_there(request.source / buildspec):
            stream = f"build/{request.project.name}:{request.uuid}"
            ahead.begin(request.uuid, expected_environment(request, home), stream=stream)
        yield ahead


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a whole buildspec is no name of a file
        return False


def _tell_of_others(show: Presenter, services: Services) -> None:
    """Say in a line that a build was left running by a process that is gone."""
    for record in services.executions.list(kind="build"):
        if record.status == "IN_PROGRESS" and not record.driven and record.parent is None:
            name = record.stream.partition("/")[2]
            show.notice(f"build {name} was left running: cicd builds resume {name}", Level.WARNING)
