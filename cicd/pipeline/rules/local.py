"""What AWS accepts and nothing here carries out yet: said before, so that nobody is surprised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.node import NodeKind, ScalarStyle
from cicd.document.rules import rule
from cicd.pipeline.action_type import find_action_type
from cicd.pipeline.fidelity import reason_against
from cicd.pipeline.rules.gates import gates, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.position import Span
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

CUSTOM: Final = "Custom"


@rule("pipeline/provider-not-here")
def provider_not_here(spec: PipelineDeclaration, problems: Problems) -> None:
    """An action of a provider that nothing here carries out will fail, and say so."""
    for stage in spec.stages:
        for action in stage.actions:
            # Whether there is a worker of a custom one is told beside cicd.yml.
            if find_action_type(action.type_id) and action.type_id.owner != CUSTOM:
                note_provider(action, problems)


def note_provider(action: ActionDeclaration, problems: Problems) -> None:
    """Warn of an action that nothing here carries out."""
    refusal = reason_against(str(action.type_id))
    if refusal is not None:
        problems.warning(
            "pipeline/provider-not-here",
            f"'{action.name}': {action.type_id} is not carried out here: {refusal}",
            action.span("actionTypeId", "provider"),
            hint="the action will be Failed with the code LocalUnsupported",
        )


@rule("pipeline/condition-not-here")
def condition_not_here(spec: PipelineDeclaration, problems: Problems) -> None:
    """A condition without rules cannot be asked, so a run is refused."""
    for span, what in unfulfilled(spec):
        problems.warning(
            "pipeline/condition-not-here",
            f"{what} asks nothing: it has no rules",
            span,
            hint="a run of this pipeline is refused: what would come of it is not known",
        )


@rule("pipeline/blocker")
def blocker(spec: PipelineDeclaration, problems: Problems) -> None:
    """Blockers hold nothing up, here as at AWS."""
    for stage in spec.stages:
        blockers = stage.node.entries.get("blockers")
        if blockers is not None and blockers.value.items:
            problems.warning("pipeline/blocker", "blockers do nothing", blockers.key_span)


@rule("pipeline/not-text")
def not_text(spec: PipelineDeclaration, problems: Problems) -> None:
    """The API takes text where templates write numbers and booleans; here they become text."""
    for stage in spec.stages:
        for action in stage.actions:
            entry = action.node.entries.get("configuration")
            values = entry.value.entries.values() if entry else ()
            for value in values:
                plain = value.value.plain()
                if isinstance(plain, bool | int | float):
                    problems.warning(
                        "pipeline/not-text",
                        f"'{value.key}' is not text, which is what the API takes",
                        value.value.span,
                        hint=f'write "{value.value.text}"',
                    )
            for path in (("runOrder",), ("actionTypeId", "version")):
                node = action.node
                for key in path:
                    found = node.entries.get(key)
                    if found is None:
                        break
                    node = found.value
                else:
                    if node.kind is NodeKind.SCALAR and (
                        (node.style is ScalarStyle.QUOTED) is (path[-1] == "runOrder")
                    ):
                        right = f'"{node.text}"' if path[-1] == "version" else node.text
                        problems.warning(
                            "pipeline/not-text",
                            f"'{path[-1]}' is a {'number' if path[-1] == 'version' else 'text'}, "
                            "which the API does not take",
                            node.span,
                            hint=f"write {right}",
                        )


def unfulfilled(spec: PipelineDeclaration) -> Iterator[tuple[Span, str]]:
    """Give what would change the result if a run left it out: conditions without rules."""
    for stage, key, entry in gates(spec):
        listed = entry.value.entries.get("conditions")
        asked = listed.value.items if listed is not None else ()
        bare = not asked and "result" not in entry.value.entries and not entry.value.is_null
        if bare or not all(rules_of(condition) for condition in asked):
            yield entry.key_span, f"'{key}' of the stage '{stage.name}'"
