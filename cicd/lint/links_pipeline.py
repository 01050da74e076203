"""What the builds of a pipeline take and leave, held against the buildspecs that they run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.build.spec import Buildspec
from cicd.document.position import brief
from cicd.lint.links_bundle import check_revision
from cicd.nearest import closest
from cicd.pipeline.rules.referred import uses
from cicd.pipeline.spec import ActionDeclaration
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cicd.build.spec import ArtifactsSpec, Text
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration

_DIRECTORY: Final = re.compile(r"\bCODEBUILD_SRC_DIR_(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One action of a pipeline, and the buildspec that it runs; None: it is not known before."""

    action: ActionDeclaration
    spec: Buildspec | None
    sources: tuple[str, ...] = ()  # identifiers of the project's secondary sources

    @property
    def leaves(self) -> Buildspec | None:
        """Its buildspec, where that says what it leaves: a batch's builds have artifacts apart."""
        is_batch = self.action.configuration.get("BatchEnabled", "").lower() == "true"
        return None if is_batch else self.spec


def builds_of(declaration: PipelineDeclaration) -> tuple[ActionDeclaration, ...]:
    """Give the actions that are builds."""
    return tuple(a for a in declaration.actions() if a.type_id.provider == "CodeBuild")


def check(declaration: PipelineDeclaration, builds: tuple[Built, ...], problems: Problems) -> None:
    """Note what does not fit between a pipeline's builds and their buildspecs."""
    taken = frozenset(a.name for action in declaration.actions() for a in action.inputs)
    for built in builds:
        if built.leaves is not None:
            _outputs(built.action, built.leaves, taken, problems)
    _variables(declaration, builds, problems)
    _sources(builds, problems)
    _revisions(declaration, builds, problems)


def _outputs(
    action: ActionDeclaration, spec: Buildspec, taken: frozenset[str], problems: Problems
) -> None:
    """
    Several outputs are filled from the secondary artifacts of those names, one from the primary.

    Source: CodePipeline User Guide, "AWS CodeBuild action reference".
    """
    known = [artifact.identifier for artifact in spec.secondary_artifacts]
    if len(action.outputs) > 1:
        for output in action.outputs:
            if output.name not in known:
                problems.warning(
                    "links/artifact-identifier",
                    f"the build has no secondary artifact '{output.name}'",
                    output.span,
                    hint=_meant(output.name, known) or "add it to 'secondary-artifacts'",
                    note=f"its secondary artifacts are {', '.join(known) or 'none'}",
                )
        return
    left = spec.artifacts is not None and bool(spec.artifacts.files)
    for output in action.outputs:
        message = (
            f"the build '{action.name}' makes no '{output.name}': its buildspec has no 'artifacts'"
        )
        if not left and output.name in taken:
            problems.warning(
                "links/no-artifact",
                message,
                output.span,
                hint="add 'artifacts' with 'files' to the buildspec",
                note="the build succeeds, and whatever takes the artifact fails",
            )
        elif not left:
            problems.remark(
                "links/no-artifact",
                message,
                output.span,
                hint="nothing takes it either: leave it out of 'outputArtifacts'",
            )
    if not action.outputs and left:
        problems.remark(
            "links/lost-artifact",
            f"the artifacts of the build '{action.name}' are thrown away: it declares no output",
            action.span("name"),
            hint="add 'outputArtifacts', or take 'artifacts' out of the buildspec",
        )


def _variables(
    declaration: PipelineDeclaration, builds: tuple[Built, ...], problems: Problems
) -> None:
    """A build's namespace holds what its buildspec exports."""
    owners = {built.action.namespace: built for built in builds if built.action.namespace}
    for use in uses(declaration):
        built = owners.get(use.reference.namespace)
        if built is None or built.spec is None:
            continue
        known = [name.text for name in built.spec.exported_variables]
        if use.reference.key not in known:
            problems.warning(
                "links/not-exported",
                f"the build '{built.action.name}' exports no '{brief(use.reference.key)}'",
                use.span,
                hint=_meant(use.reference.key, known)
                or "add it to 'exported-variables' of the buildspec",
                note=f"it exports {', '.join(known) or 'nothing'}; the action fails",
            )


def _sources(builds: tuple[Built, ...], problems: Problems) -> None:
    """The directory of a secondary source is called after an input of the action, or a source."""
    specs = {id(built.spec.node): built.spec for built in builds if built.spec is not None}
    for key, spec in specs.items():
        using = [
            built for built in builds if built.spec is not None and id(built.spec.node) == key
        ]
        given = [name for built in using for name in (*_inputs(built.action), *built.sources)]
        told: set[str] = set()
        for text in _texts(spec):
            for name in _DIRECTORY.findall(text.text):
                if name in given or name in told:
                    continue
                told.add(name)
                problems.warning(
                    "links/source-identifier",
                    f"no build has a secondary source '{name}'",
                    text.span.within(f"CODEBUILD_SRC_DIR_{name}"),
                    hint=_meant(name, given)
                    or "add an input artifact of that name, or a secondary source",
                    note=f"the secondary sources are {', '.join(given) or 'none'}; the variable "
                    "is empty",
                )


def _revisions(
    declaration: PipelineDeclaration, builds: tuple[Built, ...], problems: Problems
) -> None:
    """What CodeDeploy takes is a revision: it holds its AppSpec."""
    makers = {output.name: built for built in builds for output in built.action.outputs}
    for action in declaration.actions():
        for artifact in action.inputs if action.type_id.provider == "CodeDeploy" else ():
            made = _artifacts(makers.get(artifact.name), artifact.name)
            if made is not None:
                check_revision(made, problems)


def _artifacts(built: Built | None, name: str) -> ArtifactsSpec | None:
    if built is None or built.leaves is None:
        return None
    if len(built.action.outputs) == 1:
        return built.leaves.artifacts
    return next((a for a in built.leaves.secondary_artifacts if a.identifier == name), None)


def _inputs(action: ActionDeclaration) -> Iterator[str]:
    """Give the inputs beside the one that the build starts in."""
    primary = action.configuration.get("PrimarySource")
    for artifact in action.inputs if len(action.inputs) > 1 else ():
        if artifact.name != primary:
            yield artifact.name


def _texts(spec: Buildspec) -> Iterator[Text]:
    for phase in spec.phases:
        yield from phase.commands
        yield from phase.finally_commands
    for artifacts in (spec.artifacts, *spec.secondary_artifacts):
        if artifacts is not None:
            yield from artifacts.files


def _meant(word: str, options: Iterable[str]) -> str | None:
    near = closest(word, options)
    return f"did you mean '{near}'?" if near else None
