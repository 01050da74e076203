"""``cicd pipeline graph``: the visual workflow, and why an execution took so long."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.offers import ids, names
from cicd.cli.options import shared_options
from cicd.cli.template_parameters import given_parameters, parameter_options
from cicd.cli.written import write_out
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.pipeline.drawing.html import Execution
    from cicd.pipeline.drawing.seen import Seen
    from cicd.pipeline.spec import PipelineDeclaration


@click.command(
    epilog="""\b
Examples:
  cicd pipeline graph
  cicd pipeline graph ci/pipeline.json --format mermaid > pipeline.mmd
  cicd pipeline graph template.yml --parameter Stage=dev
  cicd pipeline graph --execution 1b2c3d4e      with that execution's statuses
  cicd pipeline graph --format html -o shop.html --execution shop
  cicd pipeline graph --why-slow                what the newest execution waited for
"""
)
@click.argument(
    "definition",
    metavar="[NAME|FILE]",
    required=False,
    shell_complete=names("pipeline", section="pipelines", otherwise="file"),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "mermaid", "dot", "svg", "html")),
    help="text; or what the name of -o ends in.",
)
@click.option(
    "--out",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it there; without it, it is printed.",
)
@click.option(
    "--execution",
    metavar="ID",
    help="Mark what this execution has done.",
    shell_complete=ids("pipeline"),
)
@click.option("--why-slow", is_flag=True, help="Say what an execution waited for, and slack.")
@parameter_options
@shared_options
def graph(
    invocation: Invocation,
    *,
    definition: str | None,
    form: str | None,
    out: Path | None,
    execution: str | None,
    why_slow: bool,
    parameters: tuple[str, ...],
    parameters_file: Path | None,
) -> int:
    """
    Draw a pipeline: stages, groups of actions, and the artifacts between them.

    Of an execution it is the pipeline as that execution found it. FILE may be a CloudFormation
    template, too: all its pipelines are drawn. A value that is not known here stands in the
    drawing as the name of what it waits for.
    """
    specs: tuple[PipelineDeclaration, ...] = ()
    if execution is None or definition is not None:
        specs = _defined(definition, given_parameters(parameters, parameters_file))
    seen: Mapping[str, Seen] = {}
    about: Execution | None = None
    if execution or why_slow:
        spec, seen, about = _seen(invocation, execution or specs[0].name)
        if specs and spec.name not in {each.name for each in specs}:
            raise UsageError(
                f"'{execution}' is an execution of pipeline {spec.name}, not of '{definition}'",
                hint=f"leave '{definition}' out: the execution says which pipeline it is of",
            )
        specs = (spec,)
    if why_slow:
        return _show_why(invocation, specs[0], seen, about)
    form = form or _by_name(out)
    drawn = _drawn(form, specs, seen, about)
    if out is None:
        invocation.show.text(drawn)
    else:
        write_out(out, f"{drawn}\n")
        invocation.show.text(f"{specs[0].name}: {out}")
    invocation.show.result({"pipeline": specs[0].name, "graph": drawn})
    return ExitCode.SUCCEEDED


def _defined(definition: str | None, given: Mapping[str, str]) -> tuple[PipelineDeclaration, ...]:
    from cicd.document.cloudformation.parameters import Given
    from cicd.document.resources import Resources
    from cicd.pipeline.definition import find_definition, project_directory, start_of
    from cicd.pipeline.from_template import inspect

    here = Path.cwd()
    directory = project_directory(definition, here)
    resources = Resources.load(directory)
    start = start_of(definition, here, directory)
    found = find_definition(definition, resources, start, Given(parameters=given))
    return inspect(found, given, resources)


def _drawn(
    form: str,
    specs: tuple[PipelineDeclaration, ...],
    seen: Mapping[str, Seen],
    about: Execution | None,
) -> str:
    from cicd.pipeline.drawing.critical_path import why_slow
    from cicd.pipeline.drawing.dot import as_dot
    from cicd.pipeline.drawing.html import as_html
    from cicd.pipeline.drawing.mermaid import as_mermaid
    from cicd.pipeline.drawing.svg import as_svg
    from cicd.pipeline.drawing.text import as_text

    if form in {"svg", "html"}:
        if len(specs) > 1:
            raise UsageError(
                f"a picture is of one pipeline, and there are {len(specs)}",
                hint="the formats text, mermaid and dot draw them all",
            )
        if form == "html":
            return as_html(specs[0], seen, about)
        steps = why_slow(specs[0], seen).steps
        return as_svg(specs[0], seen, [step.key for step in steps if step.critical])
    draw = {"text": as_text, "mermaid": as_mermaid, "dot": as_dot}[form]
    return "\n".join(draw(spec, seen) for spec in specs)


def _by_name(out: Path | None) -> str:
    endings = {".svg": "svg", ".html": "html", ".htm": "html", ".dot": "dot", ".mmd": "mermaid"}
    return endings.get(out.suffix.lower(), "text") if out is not None else "text"


def _seen(
    invocation: Invocation, execution: str
) -> tuple[PipelineDeclaration, Mapping[str, Seen], Execution]:
    from cicd.pipeline.drawing.carried_out import carried_out
    from cicd.pipeline.drawing.html import Execution
    from cicd.pipeline.drawing.seen import seen_in
    from cicd.pipeline.run import execution_state, find_execution

    with invocation.services() as services:
        record = find_execution(execution, services)
        state = execution_state(record.stream, services)
        plan = state.plan
        assert plan is not None, "execution_state asks for one"
        about = Execution(
            id=plan.execution_id,
            status=state.status().value,
            started=state.started_at,
            trigger=f"{plan.trigger_type} by {plan.triggered_by}".removesuffix(" by "),
        )
        return carried_out(plan), seen_in(state, services.clock.now()), about


def _show_why(
    invocation: Invocation,
    spec: PipelineDeclaration,
    seen: Mapping[str, Seen],
    about: Execution | None,
) -> int:
    from cicd.pipeline.drawing.critical_path import why_slow
    from cicd.pipeline.drawing.seen import duration

    slow = why_slow(spec, seen)
    whole = slow.total or 1.0
    show: Presenter = invocation.show
    show.table(
        ("ACTION", "PROVIDER", "BEGAN", "TOOK", "SHARE", "SLACK", ""),
        [
            (
                step.key,
                step.provider,
                f"+{duration(step.start)}",
                duration(step.seconds),
                f"{100 * step.seconds / whole:.0f} %",
                duration(step.slack) if step.slack > 0 else "–",
                "waited for" if step.critical else "",
            )
            for step in slow.steps
        ],
    )
    show.text(
        f"{duration(slow.total)} in all: {duration(slow.total - slow.overhead)} in the actions "
        f"that were waited for, {duration(slow.overhead)} between them"
    )
    if slow.total - slow.by_artifacts > max(1.0, slow.overhead):
        show.text(
            f"{duration(slow.by_artifacts)} would do if each action began as soon as its "
            "artifacts were there: a stage, or a runOrder, is what it waits for now"
        )
    show.result(
        {
            "pipelineExecutionId": about.id if about is not None else "",
            "seconds": slow.total,
            "overhead": slow.overhead,
            "byArtifacts": slow.by_artifacts,
            "actions": [
                {
                    "action": step.key,
                    "start": step.start,
                    "seconds": step.seconds,
                    "slack": step.slack,
                    "critical": step.critical,
                }
                for step in slow.steps
            ],
        }
    )
    return ExitCode.SUCCEEDED
