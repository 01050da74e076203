"""What projects and pipelines name of a repository's buildspecs: files, artifacts, variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.nearest import closest
from cicd.document.node import NodeKind
from cicd.document.position import brief
from cicd.document.problem import Problems
from cicd.document.resources import Resources
from cicd.errors import CicdError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.spec import Buildspec
    from cicd.document.node import Node
    from cicd.lint.links import Repository
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration


def check(repository: Repository, problems: Problems) -> None:
    """Note what projects of ``cicd.yml`` and the actions that use them do not find."""
    try:
        resources = Resources.load(repository.root)
    except CicdError:
        return
    for node in resources.section("projects").values():
        _project(repository, node, problems)
    if repository.pipeline is not None and resources.section("projects"):
        spec = _declaration(repository.pipeline)
        if spec is not None:
            _outputs(repository, spec, resources, problems)
            _variables(repository, spec, resources, problems)


def _project(repository: Repository, node: Node, problems: Problems) -> None:
    written = _under(node, "source", "buildspec")
    if written is not None and _is_path(written.text):
        path = repository.root / written.text
        if not path.is_file():
            problems.warning(
                "links/missing-buildspec",
                f"there is no '{brief(written.text)}' here",
                written.span,
                hint=_meant(written.text, path.parent),
                note="YAML_FILE_ERROR Message: stat: no such file or directory",
            )
    image = _under(node, "environment", "image")
    spec = _buildspec_of(repository, node)
    if image is None or spec is None or image.text.startswith("aws/codebuild/"):
        return
    for phase in spec.phases:
        for name, _ in phase.runtime_versions[:1]:
            problems.warning(
                "links/runtime-without-image",
                f"'{brief(image.text)}' selects no '{name}': only AWS's own images have runtimes",
                image.span,
                hint="use an image of aws/codebuild, or one that holds the version",
                note="Skipping install of runtimes. Runtime version selection is not supported "
                "by this build image",
            )


def _outputs(
    repository: Repository, spec: PipelineDeclaration, resources: Resources, problems: Problems
) -> None:
    """Several outputs of a build are filled from the secondary artifacts of those names."""
    for action in _builds(spec):
        built = _built(repository, action, resources)
        if built is None or len(action.outputs) < 2:
            continue
        known = [artifact.identifier for artifact in built.secondary_artifacts]
        for output in action.outputs:
            if output.name not in known:
                near = closest(output.name, known)
                problems.warning(
                    "links/artifact-identifier",
                    f"the build has no secondary artifact '{output.name}'",
                    output.span,
                    hint=f"did you mean '{near}'?" if near else "add it to 'secondary-artifacts'",
                    note=f"its secondary artifacts are {', '.join(known) or 'none'}",
                )


def _variables(
    repository: Repository, spec: PipelineDeclaration, resources: Resources, problems: Problems
) -> None:
    """A build's namespace holds what its buildspec exports."""
    from cicd.pipeline.variables import references

    owners = {action.namespace: action for action in _builds(spec) if action.namespace}
    for stage in spec.stages:
        for action in stage.actions:
            for key, value in action.configuration.items():
                for reference in references(value):
                    owner = owners.get(reference.namespace)
                    built = _built(repository, owner, resources) if owner else None
                    if owner is None or built is None:
                        continue
                    known = [name.text for name in built.exported_variables]
                    if reference.key not in known:
                        near = closest(reference.key, known)
                        problems.warning(
                            "links/not-exported",
                            f"the build '{owner.name}' exports no '{brief(reference.key)}'",
                            action.span("configuration", key).within(reference.text),
                            hint=f"did you mean '{near}'?"
                            if near
                            else "add it to 'exported-variables' of the buildspec",
                            note=f"it exports {', '.join(known) or 'nothing'}; the action fails",
                        )


def _built(
    repository: Repository, action: ActionDeclaration, resources: Resources
) -> Buildspec | None:
    """Give the buildspec that a build action runs, where that is known before a run."""
    node = resources.section("projects").get(action.configuration.get("ProjectName", ""))
    if node is None or action.configuration.get("BuildspecOverride"):
        return None
    return _buildspec_of(repository, node)


def _buildspec_of(repository: Repository, project: Node) -> Buildspec | None:
    from cicd.lint.links import read_buildspec

    written = _under(project, "source", "buildspec")
    if written is None:
        return repository.buildspec
    if not _is_path(written.text):
        return None
    return read_buildspec(repository.root / written.text, repository.prefix + written.text)


def _builds(spec: PipelineDeclaration) -> list[ActionDeclaration]:
    return [
        action
        for stage in spec.stages
        for action in stage.actions
        if action.type_id.provider == "CodeBuild"
    ]


def _declaration(node: Node) -> PipelineDeclaration | None:
    from cicd.pipeline.envelope import declaration_of
    from cicd.pipeline.spec import read_declaration

    try:
        declaration = declaration_of(node, Problems())
    except CicdError:
        return None
    if declaration is None or declaration.kind is not NodeKind.MAPPING:
        return None
    return read_declaration(declaration, Problems())


def _under(node: Node, *path: str) -> Node | None:
    for key in path:
        entry = node.entries.get(key)
        if entry is None or entry.value.is_null:
            return None
        node = entry.value
    return node if node.kind is NodeKind.SCALAR and node.text else None


def _is_path(text: str) -> bool:
    """Tell a buildspec's path from its text and from the address of an object."""
    return "\n" not in text and not text.startswith("arn:") and ": " not in text


def _meant(name: str, directory: Path) -> str | None:
    try:
        names = [path.name for path in directory.iterdir() if path.suffix in {".yml", ".yaml"}]
    except OSError:
        return None
    near = closest(name.rpartition("/")[2], names)
    return f"did you mean '{near}'?" if near else None
