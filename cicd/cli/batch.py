"""What ``cicd build --batch`` and ``cicd batches`` have in common: running one, and its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.cli.show.tree import Branch
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from cicd.build.batch.plan import BatchNode, BatchPlan
    from cicd.build.batch.run import BatchResult, NodeResult
    from cicd.build.environment_variable import Variable
    from cicd.build.request import BuildRequest
    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.ports import Services
    from cicd.settings import Settings

LAST_LINES = 10  # of a failed build's log, shown at the end


def build_batch(
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
    Run the batch of a buildspec, or say what it would be, or what has no effect in it.

    ``directory`` is where the settings are from; the source may be a checkout of its own.
    ``given`` picks the values of the env file that are variables, out of those of the builds.
    """
    from cicd.build.batch.run import check_batch, run_batch
    from cicd.cli.leftovers import clear_leftovers
    from cicd.cli.needed_secrets import tell_missing
    from cicd.cli.show.ledger import ledger_line, show_ledger

    with invocation.services(directory, env_file=env_file, profile=profile) as services:
        plan, warnings = check_batch(request, services)
        if env_file is not None:
            known = [v for node in plan.nodes for v in node.build.variables]
            request = replace(request, variables=(*given(known), *request.variables))
            plan, _ = check_batch(request, services)
        show = invocation.show
        invocation.warn(warnings)
        if only_ledger:
            show_ledger(show, plan.ledger)
            return ExitCode.SUCCEEDED
        if only_plan:
            show_plan(show, plan)
            return ExitCode.SUCCEEDED
        tell_of_others(show, services)
        clear_leftovers(services)
        tell_missing(show, [v for node in plan.nodes for v in node.build.variables], services)
        limit = request.project.concurrent_build_limit
        announce(show, plan)
        result = run_batch(plan, at_once(services, settings, limit=limit))
        if plan.ledger:
            show.notice(ledger_line(plan.ledger, "cicd build --batch --ledger"))
        return conclude(show, result, services)


def tell_of_others(show: Presenter, services: Services) -> None:
    """Say in a line that a batch was left running by a process that is gone."""
    for record in services.executions.list(kind="build-batch"):
        if record.status == "IN_PROGRESS" and not record.driven and record.parent is None:
            name = record.stream.partition("/")[2]
            text = f"batch {name} was left running: cicd batches resume {name}"
            show.notice(text, Level.WARNING)


def at_once(services: Services, settings: Settings, *, limit: int | None = None) -> Services:
    """Let as many builds run at once as somebody said, else as this machine can carry."""
    from cicd.build.batch.capacity import capacity

    jobs = settings.jobs if settings.jobs_chosen else capacity()
    return replace(services, jobs=jobs if limit is None else min(jobs, limit))


def announce(show: Presenter, plan: BatchPlan) -> None:
    """Tell of the builds of a batch that is about to be submitted."""
    show.branches(
        f"build-batch/{plan.batch_id}",
        [
            Branch(
                key=f"build/{node.identifier}",
                stream=f"build/{node.build.build_id}",
                name=node.identifier,
                needs=node.depends_on,
                status=node.carried.status if node.carried is not None else "",
            )
            for node in plan.nodes
        ],
    )


def announce_known(show: Presenter, result: BatchResult) -> None:
    """Tell of the builds of a batch that is under way already."""
    show.branches(
        result.stream,
        [
            Branch(
                key=f"build/{node.identifier}",
                stream=node.stream,
                name=node.identifier,
                needs=node.depends_on,
                status=node.status,
            )
            for node in result.nodes
        ],
    )


def conclude(show: Presenter, result: BatchResult, services: Services) -> ExitCode:
    """Show how a batch ended, with the last words of what failed, and give the exit status."""
    from cicd.cli.show.build_end import EXIT_CODES

    show_nodes(show, result.nodes)
    show_what_failed(show, result.nodes, services)
    if not result.nodes and result.message:
        show.notice(result.message, Level.FAILURE)
    if result.reports:
        from cicd.cli.show.reports import show_reports

        show_reports(show, result.reports, failures=True)
    show.result(result.batch)
    return EXIT_CODES[result.status]


def show_what_failed(show: Presenter, nodes: Sequence[NodeResult], services: Services) -> None:
    """Show the block of each build of a batch that failed."""
    for node in nodes:
        if node.status not in {"", "SUCCEEDED", "IN_PROGRESS", "STOPPED"}:
            _last_words(show, node, services)


def show_nodes(show: Presenter, nodes: Sequence[NodeResult]) -> None:
    """Show how each build of a batch stands."""
    show.table(
        ("IDENTIFIER", "STATUS", "TOOK", "BUILD"),
        [
            (
                node.identifier,
                node.status or "not started",
                _took(node.started, node.ended),
                node.build_id if node.status else node.message,
            )
            for node in nodes
        ],
    )


def show_plan(show: Presenter, plan: BatchPlan) -> None:
    """Show what a batch would run, and in which order."""
    from cicd.cli.show.ledger import show_ledger_lines
    from cicd.engine.codec import encode

    fast = ", fast-fail" if plan.fast_fail else ""
    show.text(f"Project {plan.project}, {plan.kind}{fast}: {len(plan.nodes)} builds")
    if plan.refused is not None:
        show.text(f"{plan.refused.code}: {plan.refused.message}", Level.FAILURE)
    rows = [
        (
            node.identifier,
            ", ".join(node.depends_on),
            node.build.buildspec or "(text)",
            node.build.image or f"({node.build.runner})",
            _particulars(node),
        )
        for node in plan.nodes
    ]
    show.table(("IDENTIFIER", "AFTER", "BUILDSPEC", "IMAGE", "WITH"), rows)
    show_ledger_lines(show, plan.ledger)
    show.result(encode(plan))


def _particulars(node: BatchNode) -> str:
    """Say what sets a build apart from the others."""
    said = [f"{name}={value}" for name, value in node.combination if name != "buildspec"]
    if node.build.shards:
        said.append(f"shard {node.build.shard} of {node.build.shards}")
    said += [f"fleet={node.fleet}"] if node.fleet else []
    said += ["ignore-failure"] if node.ignore_failure else []
    return ", ".join(said)


def _last_words(show: Presenter, node: NodeResult, services: Services) -> None:
    from cicd.build.run import build_result
    from cicd.cli.show.failed_command import failed_command

    show.text("")
    show.text(f"{node.identifier}  {node.status}", Level.FAILURE)
    began = services.log.read(node.stream)
    failure = build_result(node.stream, services).failure if began else None
    if failure is not None and failure.has_line:
        show.problems((failed_command(failure),))
        show.text(f"  all of it: cicd builds logs {node.build_id}", Level.DETAIL)
        return
    lines = [line.text for _, line in services.logs.read(node.stream)]
    said = [text for text in lines if text.strip() and not text.startswith("[Container]")]
    for text in said[-LAST_LINES:]:
        show.text(f"  {text}")
    if node.message:
        show.text(f"  {node.message}", Level.FAILURE)
    hint = node.hint or (failure.hint if failure is not None else "")
    if hint:
        show.text("  hint: " + hint.replace("\n", "\n        "))
    show.text(f"  all of it: cicd builds logs {node.build_id}", Level.DETAIL)


def _took(started: datetime | None, ended: datetime | None) -> str:
    return "" if started is None or ended is None else f"{(ended - started).total_seconds():.1f} s"
