"""What holds between the documents of a repository: files, artifacts, names and variables."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cicd.build.spec import Buildspec
from cicd.deploy.spec import AppSpec
from cicd.document.load import load
from cicd.document.node import Node, NodeKind
from cicd.document.problem import Problem, Problems
from cicd.errors import CicdError, DocumentError
from cicd.lint import links_bundle, links_project
from cicd.lint.ignore import without_ignored
from cicd.pipeline.spec import PipelineDeclaration
from cicd.record import dataclass

PIPELINES = ("pipeline.json", "pipeline.yml", "pipeline.yaml", "codepipeline.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The documents that belong together by their usual names; what is broken counts as absent."""

    root: Path
    prefix: str  # of the names in problems: "" or "app/"
    buildspec: Buildspec | None
    appspec: AppSpec | None
    declaration: PipelineDeclaration | None


def check_links(directory: Path, prefix: str = "") -> tuple[Problem, ...]:
    """
    Note what the documents of one directory say of each other, as far as it can be decided.

    Args:
        directory: Where ``cicd.yml``, ``buildspec.yml`` and ``appspec.yml`` are looked for.
        prefix: What stands before their names in problems.

    """
    problems = Problems()
    path = directory / "buildspec.yml"
    repository = Repository(
        root=directory,
        prefix=prefix,
        buildspec=read_buildspec(path, f"{prefix}{path.name}") if _matters(path) else None,
        appspec=_appspec(directory, prefix),
        declaration=_declaration(_pipeline(directory, prefix)),
    )
    links_bundle.check(repository, problems)
    links_project.check(repository, problems)
    return without_ignored(problems)


def _matters(buildspec: Path) -> bool:
    """Tell whether anything stands beside a buildspec, or in it, that it could be held against."""
    beside = ("appspec.yml", "cicd.yml", *PIPELINES)
    if any((buildspec.parent / name).is_file() for name in beside):
        return True
    with suppress(OSError):
        return b"buildspec" in buildspec.read_bytes()  # of a build of its batch
    return False


def read_buildspec(path: Path, name: str) -> Buildspec | None:
    """Read a buildspec for what it offers to others; None where it cannot be read."""
    from cicd.build.buildspec.reader import read_buildspec as read

    node = _node(path, name)
    try:
        return read(node, Problems()) if node is not None else None
    except DocumentError:
        return None


def _appspec(directory: Path, prefix: str) -> AppSpec | None:
    node = _node(directory / "appspec.yml", f"{prefix}appspec.yml")
    if node is None:
        return None
    from cicd.deploy.appspec.reader import read_appspec
    from cicd.deploy.spec import ComputePlatform, compute_platform

    if compute_platform(node) is not ComputePlatform.SERVER:
        return None
    return read_appspec(node, Problems())


def _pipeline(directory: Path, prefix: str) -> Node | None:
    for name in PIPELINES:
        node = _node(directory / name, f"{prefix}{name}")
        if node is not None:
            return node
    return None


def _declaration(node: Node | None) -> PipelineDeclaration | None:
    if node is None:
        return None
    from cicd.pipeline.envelope import declaration_of
    from cicd.pipeline.spec import read_declaration

    try:
        declaration = declaration_of(node, Problems())
    except CicdError:
        return None
    if declaration is None or declaration.kind is not NodeKind.MAPPING:
        return None
    return read_declaration(declaration, Problems())


def _node(path: Path, name: str) -> Node | None:
    if not path.is_file():
        return None
    try:
        return load(path, name)
    except CicdError:
        return None  # what is wrong with it is said when it is checked
