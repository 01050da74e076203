"""What must hold between actions: artifacts and variables come from something earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.problem import Label
from cicd.document.rules import rule
from cicd.nearest import closest
from cicd.pipeline.rules.referred import Use, placed_rules, uses
from cicd.pipeline.rules.structure import ACTION
from cicd.pipeline.variables import CODEPIPELINE, EXECUTION_ID, RESERVED, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cicd.document.position import Span
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration, ArtifactName, PipelineDeclaration


@rule("pipeline/output-name-twice")
def output_names(spec: PipelineDeclaration, problems: Problems) -> None:
    """An output artifact's name is used once in the whole pipeline."""
    seen: dict[str, ArtifactName] = {}
    for _, action in _placed(spec):
        for output in action.outputs:
            if output.name in seen:
                problems.error(
                    "pipeline/output-name-twice",
                    f"the artifact '{output.name}' is made twice",
                    output.span,
                    hint="give it a name of its own",
                    labels=(Label(span=seen[output.name].span, text="first made here"),),
                    note=f"{ACTION}: UniqueConstraint: Output Artifact Bundle name must be unique "
                    f"within the pipeline. {output.name} has been used more than once.",
                )
            seen.setdefault(output.name, output)


@rule("pipeline/input-order")
def input_order(spec: PipelineDeclaration, problems: Problems) -> None:
    """An input comes from an earlier stage, or from a lower ``runOrder`` of the same one."""
    made = {
        output.name: (place, action)
        for place, action in _placed(spec)
        for output in action.outputs
    }
    for place, taker, name, span in _taken(spec):
        source = made.get(name)
        if source is not None and source[0] < place:
            continue
        if source is None:
            message = f"nothing makes the artifact '{name}'"
            near = closest(name, made)
            hint = f"did you mean '{near}'?" if near else None
        else:
            message = f"'{name}' is made by '{source[1].name}', which does not come first"
            hint = f"give '{taker}' a higher runOrder, or a later stage"
        problems.error(
            "pipeline/input-order",
            message,
            span,
            hint=hint,
            note=f"{ACTION}: Input Artifact Bundle {name} in action {taker} is not declared as "
            "Output Artifact Bundle in any of the preceding actions",
        )


@rule("pipeline/input-twice")
def input_twice(spec: PipelineDeclaration, problems: Problems) -> None:
    """An action takes an artifact once: each of its inputs has a directory of that name."""
    for _, action in _placed(spec):
        seen: dict[str, ArtifactName] = {}
        for taken in action.inputs:
            if taken.name in seen:
                problems.error(
                    "pipeline/input-twice",
                    f"'{action.name}' takes the artifact '{taken.name}' twice",
                    taken.span,
                    hint="remove one of the two",
                    labels=(Label(span=seen[taken.name].span, text="first taken here"),),
                )
            seen.setdefault(taken.name, taken)


@rule("pipeline/clone-reference")
def clone_references(spec: PipelineDeclaration, problems: Problems) -> None:
    """A source's CODEBUILD_CLONE_REF holds no files: every action but CodeBuild's fails on it."""
    references = {
        output.name
        for _, action in _placed(spec)
        if action.configuration.get("OutputArtifactFormat") == "CODEBUILD_CLONE_REF"
        for output in action.outputs
    }
    for _, action in _placed(spec):
        for taken in action.inputs:
            if taken.name in references and action.type_id.provider != "CodeBuild":
                problems.warning(
                    "pipeline/clone-reference",
                    f"'{taken.name}' is a reference to a git repository, which only CodeBuild "
                    "can take",
                    taken.span,
                    hint="let its source hand on CODE_ZIP, or put a build between the two",
                )


@rule("pipeline/namespace")
def namespaces(spec: PipelineDeclaration, problems: Problems) -> None:
    """A namespace is used once, is not a reserved word, and is not an artifact's name."""
    artifacts = {output.name for _, action in _placed(spec) for output in action.outputs}
    seen: set[str] = set()
    for _, action in _placed(spec):
        name = action.namespace
        if name is None:
            continue
        if name in RESERVED:
            message = f"the namespace '{name}' is reserved"
        elif name in artifacts:
            message = f"the namespace '{name}' is also an artifact's name"
        elif name in seen:
            message = f"the namespace '{name}' is used twice"
        else:
            seen.add(name)
            continue
        problems.error(
            "pipeline/namespace",
            message,
            action.span("namespace"),
            hint="choose another name",
            note=f"{ACTION}: a namespace is unique, not reserved, and not an artifact's name",
        )


@rule("pipeline/variable-reference")
def variable_references(spec: PipelineDeclaration, problems: Problems) -> None:
    """A `#{namespace.name}` has that form, and its namespace belongs to an earlier action."""
    owners = {
        action.namespace: place for place, action in _placed(spec) if action.namespace is not None
    }
    declared = {variable.name for variable in spec.variables}
    for use in uses(spec):
        wrong = _wrong(use, owners, declared)
        if wrong is not None:
            message, known = wrong
            near = closest(use.reference.namespace, known) if known else None
            problems.error(
                "pipeline/variable-reference",
                message,
                use.span,
                hint=f"did you mean '{near}'?" if near else None,
                note=f"{ACTION}: Valid format for a pipeline execution variable reference is a "
                "namespace and a key separated by a period (.). The following pipeline execution "
                f"variables are referencing a namespace that does not exist. {use.reference.text}",
            )


def _wrong(
    use: Use, owners: Mapping[str, tuple[int, int]], declared: Collection[str]
) -> tuple[str, Collection[str]] | None:
    """Say what is wrong with a reference, and which namespaces may have been meant."""
    text, namespace, key = use.reference.text, use.reference.namespace, use.reference.key
    if not namespace:
        return f"'{text}' is not of the form #{{namespace.name}}", ()
    if namespace == CODEPIPELINE:
        known = key == EXECUTION_ID
        return None if known else (f"'{CODEPIPELINE}' holds {EXECUTION_ID} only, not '{text}'", ())
    if namespace == VARIABLES:
        if use.source:
            return f"a source action cannot use pipeline variables, such as '{text}'", ()
        return None if key in declared else (f"the pipeline declares no variable '{key}'", ())
    if namespace not in owners:
        return f"no action has the namespace '{namespace}' of '{text}'", (*owners, *RESERVED)
    if owners[namespace] >= use.place:
        return f"'{text}' comes from an action that does not come first", ()
    return None


def _placed(spec: PipelineDeclaration) -> Iterator[tuple[tuple[int, int], ActionDeclaration]]:
    """Give each action with its place in the order: stage and ``runOrder``; lists mean nothing."""
    for index, stage in enumerate(spec.stages):
        for action in stage.actions:
            yield (index, action.run_order), action


def _taken(spec: PipelineDeclaration) -> Iterator[tuple[tuple[int, int], str, str, Span]]:
    """Give each input: its taker's place and name, an action or a rule, the artifact, the span."""
    for where, action in _placed(spec):
        for taken in action.inputs:
            yield where, action.name, taken.name, taken.span
    for where, item in placed_rules(spec):
        name, inputs = item.entries.get("name"), item.entries.get("inputArtifacts")
        for each in inputs.value.items if inputs else ():
            artifact = each.entries.get("name")
            if artifact is not None:
                found = artifact.value
                yield where, name.value.text if name else "", found.text, found.span
