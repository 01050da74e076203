"""Every `#{namespace.name}` of a declaration, where it stands, and what comes before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.position import Span
from cicd.pipeline.action_type import Category
from cicd.pipeline.rules.gates import conditions, rules_of
from cicd.pipeline.variables import Reference, references
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

_BEFORE_ALL: Final = 0  # of a stage's run orders, which begin at 1
_AFTER_ALL: Final = 1000  # and end at 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """
    One reference, and who makes it: an action, or a rule of a stage's condition.

    ``place`` is a stage's index and a ``runOrder``: what is lower has run by then.
    """

    reference: Reference
    span: Span
    place: tuple[int, int]
    source: bool  # made by a source action, which reads no pipeline variable


def uses(spec: PipelineDeclaration) -> Iterator[Use]:
    """
    Give every reference where the service replaces it, in configurations, commands and variables.

    Source: CodePipeline User Guide, "Working with variables".
    """
    for index, stage in enumerate(spec.stages):
        for action in stage.actions:
            source = action.type_id.category == Category.SOURCE
            for text, span in _texts(action):
                for reference in references(text):
                    yield Use(
                        reference=reference,
                        span=span.within(reference.text),
                        place=(index, action.run_order),
                        source=source,
                    )
    for place, item in placed_rules(spec):
        for value in _values(item, "configuration"):
            for reference in references(value.text):
                yield Use(
                    reference=reference,
                    span=value.span.within(reference.text),
                    place=place,
                    source=False,
                )


def placed_rules(spec: PipelineDeclaration) -> Iterator[tuple[tuple[int, int], Node]]:
    """Give each rule of a condition with the place at which it is asked."""
    indexes = {stage.name: index for index, stage in enumerate(spec.stages)}
    for stage, gate, condition in conditions(spec):
        order = _BEFORE_ALL if gate == "beforeEntry" else _AFTER_ALL
        for item in rules_of(condition):
            yield (indexes[stage.name], order), item


def _texts(action: ActionDeclaration) -> Iterator[tuple[str, Span]]:
    for key, text in action.configuration.items():
        yield text, action.span("configuration", key)
    commands = action.node.entries.get("commands")
    for command in commands.value.items if commands else ():
        yield command.text, command.span
    variables = action.node.entries.get("environmentVariables")
    for variable in variables.value.items if variables else ():
        entry = variable.entries.get("value")
        if entry is not None:
            yield entry.value.text, entry.value.span


def _values(item: Node, key: str) -> Iterator[Node]:
    entry = item.entries.get(key)
    for each in entry.value.entries.values() if entry else ():
        yield each.value
