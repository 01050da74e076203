"""What projects and pipelines name of a repository's buildspecs: files, artifacts, variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.node import NodeKind
from cicd.document.position import brief
from cicd.document.resources import Resources
from cicd.errors import CicdError
from cicd.lint import links_machine, links_pipeline
from cicd.lint.links_pipeline import Built
from cicd.nearest import closest

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.spec import Buildspec
    from cicd.document.node import Node
    from cicd.document.position import Span
    from cicd.document.problem import Problems
    from cicd.lint.links import Repository
    from cicd.pipeline.spec import ActionDeclaration


def check(repository: Repository, problems: Problems) -> None:
    """Note what projects of ``cicd.yml`` and the actions that use them do not find."""
    try:
        resources = Resources.load(repository.root)
    except CicdError:
        return
    if repository.buildspec is not None:
        _batch(repository, repository.buildspec, problems)
    for node in resources.section("projects").values():
        _project(repository, node, problems)
    spec = repository.declaration
    if spec is not None and resources.section("projects"):
        actions = links_pipeline.builds_of(spec)
        builds = tuple(_built(repository, action, resources) for action in actions)
        links_pipeline.check(spec, builds, problems)
        for action in actions:
            written = action.configuration.get("BuildspecOverride", "")
            span = action.span("configuration", "BuildspecOverride")
            _buildspec_file(repository, written, span, problems)


def _project(repository: Repository, node: Node, problems: Problems) -> None:
    written = _under(node, "source", "buildspec")
    if written is not None:
        _buildspec_file(repository, written.text, written.span, problems)
    spec = _buildspec_of(repository, node)
    if spec is not None:
        image, kind = (_under(node, "environment", key) for key in ("image", "type"))
        fleet = _under(node, "environment", "fleet", "fleetArn")
        links_machine.check(image, kind, fleet, spec, problems)


def _batch(repository: Repository, spec: Buildspec, problems: Problems) -> None:
    """The builds of a batch may have buildspecs of their own, from the primary source's root."""
    batch = spec.node.entries.get("batch")
    waiting = [batch.value] if batch is not None else []
    while waiting:
        node = waiting.pop(0)
        waiting += node.items
        for key, entry in node.entries.items():
            if key != "buildspec":
                waiting.append(entry.value)
                continue
            for named in entry.value.items or (entry.value,):
                _buildspec_file(repository, named.text, named.span, problems)


def _buildspec_file(repository: Repository, written: str, span: Span, problems: Problems) -> None:
    path = repository.root / written
    if not written or not _is_path(written) or "$" in written or "#{" in written or path.is_file():
        return
    problems.warning(
        "links/missing-buildspec",
        f"there is no '{brief(written)}' here",
        span,
        hint=_meant(written, path.parent),
        note="YAML_FILE_ERROR Message: stat: no such file or directory",
    )


def _built(repository: Repository, action: ActionDeclaration, resources: Resources) -> Built:
    """Give the buildspec that a build action runs, where that is known before a run."""
    node = resources.section("projects").get(action.configuration.get("ProjectName", ""))
    if node is None or action.configuration.get("BuildspecOverride"):
        return Built(action=action, spec=None)
    secondary = node.entries.get("secondarySources")
    items = secondary.value.items if secondary is not None else ()
    sources = [_under(item, "sourceIdentifier") for item in items]
    return Built(
        action=action,
        spec=_buildspec_of(repository, node),
        sources=tuple(source.text for source in sources if source is not None),
    )


def _buildspec_of(repository: Repository, project: Node) -> Buildspec | None:
    from cicd.lint.links import read_buildspec

    written = _under(project, "source", "buildspec")
    if written is None:
        return repository.buildspec
    if not _is_path(written.text):
        return None
    return read_buildspec(repository.root / written.text, repository.prefix + written.text)


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
