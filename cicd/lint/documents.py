"""Which files of a repository are documents of ours, and what each of them is."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.cloudformation.find import is_template_of_ours
from cicd.document.instances import is_instance
from cicd.document.node import NodeKind
from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node

SUFFIXES = frozenset({".yml", ".yaml", ".json"})
MACHINES = (".asl.json", ".asl.yaml", ".asl.yml")
SKIPPED = frozenset(
    {".git", ".cicd", ".venv", "venv", "node_modules", "__pycache__", ".tox", "cdk.out"}
)


STDIN = Path("-")
"""Standard input, where a document's path is asked for."""


class Kind(StrEnum):
    """What a document is."""

    BUILDSPEC = "buildspec"
    APPSPEC = "appspec"
    PIPELINE = "pipeline"
    RESOURCES = "resources"
    TEMPLATE = "template"  # CloudFormation
    STATE_MACHINE = "state-machine"  # Step Functions


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file that may be a document; ``name`` is as the user would type it."""

    path: Path
    name: str
    given: bool  # the user named this very file

    def is_json(self, content: bytes) -> bool:
        """Tell whether it is read as JSON: by its name, or by how it begins if it has none."""
        if self.path == STDIN:
            return content.lstrip()[:1] == b"{"
        return self.path.suffix.lower() == ".json"


def candidates(paths: tuple[Path, ...]) -> Iterator[Candidate]:
    """
    Give the files named, and those below the directories named that look like ours.

    They do by their names; or they are CloudFormation templates with resources of ours.

    Raises:
        UsageError: A path does not exist.

    """
    for path in paths:
        if path == STDIN:
            yield Candidate(path=STDIN, name="stdin", given=True)
        elif path.is_dir():
            yield from _below(path)
        elif path.exists():
            yield Candidate(path=path, name=str(path), given=True)
        else:
            raise UsageError(f"there is no '{path}'", hint="name a file or a directory")


def kind_by_name(name: str) -> Kind | None:
    """Tell a document by its file's name."""
    stem = Path(name).name.lower()
    if stem == "cicd.yml":
        return Kind.RESOURCES
    if stem.endswith(MACHINES):
        return Kind.STATE_MACHINE
    for kind in (Kind.BUILDSPEC, Kind.APPSPEC, Kind.PIPELINE):
        if kind.value in stem:
            return kind
    return None


def kind_by_content(node: Node) -> Kind | None:
    """Tell a document by what it holds."""
    if node.kind is not NodeKind.MAPPING:
        return None
    keys = frozenset(node.entries)
    from cicd.document.cloudformation.template import is_template
    from cicd.pipeline.envelope import form_of

    if is_template(node):
        return Kind.TEMPLATE
    form = form_of(node)
    if form is not None:
        return Kind.PIPELINE
    if {"StartAt", "States"} <= keys:
        return Kind.STATE_MACHINE
    if keys & {"phases", "batch"}:
        return Kind.BUILDSPEC
    lowered = {key.lower() for key in keys}
    if "version" in lowered and lowered & {"os", "hooks", "resources", "files", "permissions"}:
        return Kind.APPSPEC
    return None


def _below(directory: Path) -> Iterator[Candidate]:
    for place, folders, files in os.walk(directory):
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED and not is_instance(f"{place}/{name}")
        )
        for file in sorted(files):
            path = Path(place, file)
            if path.suffix.lower() not in SUFFIXES:
                continue
            if kind_by_name(file) is not None or is_template_of_ours(path):
                yield Candidate(path=path, name=os.path.normpath(path), given=False)
