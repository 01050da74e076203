"""``cicd build``."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.build_request import Options, not_secret, request_of, source_of
from cicd.cli.offers import names, runners
from cicd.cli.options import shared_options
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cicd.backends.head_start import HeadStart
    from cicd.build.plan import BuildPlan
    from cicd.build.request import BuildRequest
    from cicd.build.run import BuildResult
    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.ports import Services

EXIT_CODES = {
    "SUCCEEDED": ExitCode.SUCCEEDED,
    "FAILED": ExitCode.FAILED,
    "TIMED_OUT": ExitCode.FAILED,
    "STOPPED": ExitCode.FAILED,
    "IN_PROGRESS": ExitCode.SUCCEEDED,
    "FAULT": ExitCode.UNAVAILABLE,
}


@click.command(
    epilog="""\b
Examples:
  cicd build                                  run ./buildspec.yml in a container
  cicd build --runner sandbox                 the same, without a container engine
  cicd build --image python:3.12-slim         in this image
  cicd build --env STAGE=test --artifacts out put the artifacts into ./out
  cicd build --batch --jobs 4                 all builds of the batch, four at once
  cicd build --project web --plan             say what would be done, and do nothing
  cicd build --break-on failure               wait at a failed command, to be looked into
  cicd build --watch                          build again after every change
  cicd build --source-version v1.2            what git has there, not the files as they are
  cicd build --event push:main                as the project's webhook would start it

Exit status: 0 SUCCEEDED, 1 FAILED, TIMED_OUT or STOPPED, 3 the buildspec is invalid,
4 FAULT: this machine could not do it.
"""
)
@click.argument("source", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--buildspec", metavar="FILE", help="Instead of the project's, or buildspec.yml.")
@click.option(
    "--project",
    metavar="NAME",
    help="Which project of cicd.yml.",
    shell_complete=names("build", section="projects"),
)
@click.option(
    "--source-version",
    metavar="VERSION",
    help="A commit, branch or tag of SOURCE, not the files as they are.",
)
@click.option("--image", metavar="IMAGE", help="Instead of the project's image.")
@click.option("--privileged", is_flag=True, help="With a Docker engine, as by privilegedMode.")
@click.option(
    "--runner",
    metavar="NAME",
    help="docker (the default), sandbox or host.",
    shell_complete=runners,
)
@click.option("--network", metavar="NAME", help="A Docker network, none, host or bridge.")
@click.option("--env", metavar="NAME=VALUE", multiple=True, help="Overrides a variable.")
@click.option(
    "--env-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="NAME=VALUE lines: variables of the build, and what secrets are looked up in.",
)
@click.option("--profile", metavar="NAME", help="Look secrets up in AWS, too, by this profile.")
@click.option(
    "--secondary-source", metavar="NAME=DIR", multiple=True, help="CODEBUILD_SRC_DIR_NAME."
)
@click.option(
    "--artifacts",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Put the artifacts here, too.",
)
@click.option("--timeout", metavar="MINUTES", type=click.IntRange(1, 2160), help="Instead of 60.")
@click.option("--event", metavar="EVENT", help="What happened: push[:REF], pull_request[:BASE].")
@click.option("--batch", is_flag=True, help="Run all builds of the buildspec's batch section.")
@click.option("--debug", is_flag=True, help="codebuild-breakpoint pauses, as with a session.")
@click.option(
    "--break-on",
    metavar="WHERE",
    multiple=True,
    help="Pause: failure, BUILD, BUILD:2 (its second command), or 14 (a line). Implies --debug.",
)
@click.option("--watch", is_flag=True, help="Build again when the source changes.")
@click.option("--plan", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--ledger", is_flag=True, help="Say which keys have no effect here, or another.")
@shared_options
def build(
    invocation: Invocation,
    *,
    source: Path | None,
    buildspec: str | None,
    project: str | None,
    source_version: str | None,
    image: str | None,
    privileged: bool,
    runner: str | None,
    network: str | None,
    env: tuple[str, ...],
    env_file: Path | None,
    profile: str | None,
    secondary_source: tuple[str, ...],
    artifacts: Path | None,
    timeout: int | None,
    event: str | None,
    batch: bool,
    debug: bool,
    break_on: tuple[str, ...],
    watch: bool,
    plan: bool,
    ledger: bool,
) -> int:
    """
    Run a buildspec here, as CodeBuild would.

    SOURCE is the directory to build; without it, the one around that holds buildspec.yml
    or cicd.yml. It is never changed: the build works on a view of it.
    """
    options = Options(
        source=source,
        buildspec=buildspec,
        project=project,
        source_version=source_version,
        image=image,
        privileged=privileged,
        runner=runner,
        network=network,
        env=env,
        secondary_source=secondary_source,
        artifacts=artifacts,
        timeout=timeout,
        debug=debug,
        break_on=break_on,
    )
    directory = source_of(options)
    if watch and not plan and not ledger:
        from cicd.cli.watch import watch_and_build

        return watch_and_build(invocation, directory, without=artifacts)
    from_file: Mapping[str, str] = {}
    if env_file is not None:
        from cicd.backends.env_file import read_env_file

        from_file = read_env_file(env_file)
    from cicd.build.request import RUNNERS_WITHOUT_IMAGES

    settings = invocation.settings(directory, profile=profile)
    request = request_of(options, directory, settings)
    if request.runner in RUNNERS_WITHOUT_IMAGES:
        for option, typed in (("--image", image is not None), ("--privileged", privileged)):
            if typed:
                words = f"{option} has no effect: the {request.runner} runner has no images"
                invocation.show.notice(words, Level.WARNING)
    if source_version is not None:
        from cicd.cli.source_version import at_version

        request = at_version(request, source_version, settings.home, invocation.show)
    if request.project.secondary_sources:
        from cicd.cli.fetched_sources import with_fetched

        request = with_fetched(request, settings.home, invocation.show)
    if event is not None:
        from cicd.cli.event import for_event

        started = for_event(request, event, invocation.show)
        if started is None:
            return ExitCode.SUCCEEDED
        request = started
        webhook = request.project.webhook
        batch = batch or (webhook is not None and webhook.build_type == "BUILD_BATCH")
    if batch:
        from cicd.cli.batch import build_batch

        return build_batch(
            invocation,
            request,
            settings,
            env_file=env_file,
            profile=profile,
            given=lambda variables: not_secret(from_file, variables),
            only_plan=plan,
            only_ledger=ledger,
        )
    with (
        # Who may have to wait in the queue begins nothing before.
        nullcontext()
        if plan or ledger or settings.builds
        else _begun(request, settings.home) as ahead,
        invocation.services(
            directory, env_file=env_file, ahead=ahead, profile=profile
        ) as services,
    ):
        from cicd.build.run import check_build, plan_build, run_build
        from cicd.cli.leftovers import clear_leftovers
        from cicd.cli.show.ledger import ledger_line, show_ledger

        planned, warnings = check_build(request, services)
        if from_file:
            given = not_secret(from_file, planned.variables)
            request = replace(request, variables=(*given, *request.variables))
            planned = plan_build(request, services)
        show = invocation.show
        invocation.warn(warnings)
        if ledger:
            show_ledger(show, planned.ledger)
            return ExitCode.SUCCEEDED
        if plan:
            _show_plan(show, planned, services)
            return ExitCode.SUCCEEDED
        _tell_of_others(show, services)
        clear_leftovers(services)
        if any(variable.type != "PLAINTEXT" for variable in planned.variables):
            from cicd.cli.needed_secrets import tell_missing

            tell_missing(show, planned.variables, services)
        result = run_build(request, services, plan=planned)
        if settings.artifact_max_age or settings.artifact_max_size:
            from cicd.cli.home.retention import keep_to_limits

            keep_to_limits(settings, services, show)
        if planned.ledger:  # before the result, which programs take as the last word
            show.notice(ledger_line(planned.ledger))
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


def _tell_of_others(show: Presenter, services: Services) -> None:
    """Say in a line that a build was left running by a process that is gone."""
    for record in services.executions.list(kind="build"):
        if record.status == "IN_PROGRESS" and not record.driven and record.parent is None:
            name = record.stream.partition("/")[2]
            show.notice(f"build {name} was left running: cicd builds resume {name}", Level.WARNING)


def _show_plan(show: Presenter, plan: BuildPlan, services: Services) -> None:
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
