"""Which pipelines are known: those that a repository describes, and those that were run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.resources import Resources
from cicd.errors import CicdError
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.definition import every_definition, find_definition
from cicd.pipeline.execution import execution_state
from cicd.pipeline.from_template import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cicd.event import JSON
    from cicd.pipeline.plan import PipelinePlan
    from cicd.pipeline.spec import PipelineDeclaration
    from cicd.ports import Services

_ANY: Final = "-"  # of a variable that a start must be given, in a plan that is only looked at


def described(directory: Path) -> Mapping[str, PipelineDeclaration]:
    """Give a directory's pipelines by their names; a wrong document has none."""
    found: dict[str, PipelineDeclaration] = {}
    try:
        resources = Resources.load(directory)
        definitions = every_definition(resources, directory)
    except CicdError:  # lint and run say what is wrong
        return found
    for definition in definitions:
        try:
            specs = inspect(definition, {}, resources)
        except CicdError:
            continue
        for spec in specs:
            found.setdefault(spec.name, spec)
    return found


def check_described(name: str, directory: Path) -> None:
    """
    Say why a pipeline is not among the described ones.

    Raises:
        UsageError: No document describes it.
        DocumentError: The one that does is wrong, or ``cicd.yml`` is.

    """
    resources = Resources.load(directory)
    inspect(find_definition(name, resources, directory), {}, resources)


def pipelines(directory: Path, services: Services) -> list[dict[str, JSON]]:
    """
    Give ListPipelines' elements: the repository's pipelines, then others that were run.

    ``created`` and ``updated`` are those of the executions: one that never ran has neither.
    """
    found: dict[str, dict[str, JSON]] = {
        name: {
            "name": name,
            "version": spec.version,
            "pipelineType": spec.pipeline_type.value,
            "executionMode": spec.execution_mode.value,
        }
        for name, spec in described(directory).items()
    }
    for record in reversed(services.executions.list(kind="pipeline")):
        shape = found.setdefault(record.name, {"name": record.name})
        shape.setdefault("created", record.created_at.isoformat())
        shape["updated"] = record.updated_at.isoformat()
    return list(found.values())


def newest_plan(name: str, services: Services) -> PipelinePlan | None:
    """Give the plan of a pipeline's newest execution that has all its stages; None: none has."""
    return next(_plans(name, services), None)


def plan_of(name: str, directory: Path, services: Services) -> PipelinePlan | None:
    """Give what a pipeline is: as it was run last, else as it is described; None: it is not."""
    newest = newest_plan(name, services)
    if newest is not None:
        return newest
    spec = described(directory).get(name)
    if spec is None:
        return None
    asked = {each.name: _ANY for each in spec.variables if each.default is None}
    return compile_plan(spec, Start(variables=asked), root=directory, new_id=services.new_id)


def _plans(name: str, services: Services) -> Iterator[PipelinePlan]:
    for record in services.executions.list(kind="pipeline", name=name):
        plan = execution_state(record.stream, services).plan
        if plan is not None and not plan.rolls_back_to:
            yield plan
