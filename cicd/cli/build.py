"""``cicd build``: what may be asked for, and who is asked to do it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.build_request import Options, not_secret, request_of, source_of
from cicd.cli.offers import names, runners
from cicd.cli.options import shared_options
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.invocation import Invocation


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
    help="Which project of cicd.yml, or of a template.",
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
        from cicd.cli.batch import build_batch as carry_out
    else:
        from cicd.cli.single_build import build_one as carry_out
    return carry_out(
        invocation,
        request,
        settings,
        directory=directory,
        env_file=env_file,
        profile=profile,
        given=lambda variables: not_secret(from_file, variables),
        only_plan=plan,
        only_ledger=ledger,
    )
