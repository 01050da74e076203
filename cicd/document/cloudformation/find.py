"""Templates among the files of a repository: told by what is written in them."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.instances import is_instance
from cicd.document.load import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = frozenset({".yml", ".yaml", ".json", ".template"})
_OURS = (
    b"AWS::Code",  # CodePipeline, CodeBuild, CodeDeploy, CodeCommit
    b"AWS::StepFunctions::StateMachine",
)
_SYNTHESIZED = "cdk.out"  # what the CDK makes of an app: its templates, and copies of files
_SKIPPED = frozenset({"node_modules", "venv", "__pycache__", _SYNTHESIZED})
_MOST = 5000  # files looked into


def is_template_of_ours(path: Path) -> bool:
    """Tell whether a file may be a template that makes something of ours, by its bytes."""
    return _holds(path, *_OURS)


def templates_that_make(kind: str, directory: Path) -> Iterator[str]:
    """
    Give the paths, from ``directory``, of files below it that may make a kind of resource.

    Hidden directories, those of dependencies, and instances are passed over; so is what the CDK
    has synthesized, unless there is nothing else.
    """
    found = False
    for path in islice(_documents(directory), _MOST):
        if _holds(path, kind.encode()):
            found = True
            yield str(path.relative_to(directory))
    if not found:
        for path in sorted((directory / _SYNTHESIZED).glob("*.template.json")):
            if _holds(path, kind.encode()):
                yield str(path.relative_to(directory))


def _documents(directory: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(directory):
        folders[:] = sorted(
            f
            for f in folders
            if f not in _SKIPPED and not f.startswith(".") and not is_instance(f"{place}/{f}")
        )
        for file in sorted(files):
            path = Path(place, file)
            if path.suffix.lower() in SUFFIXES:
                yield path


def _holds(path: Path, *words: bytes) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return False
        content = path.read_bytes()
    except OSError:
        return False
    return b"Resources" in content and any(each in content for each in words)
