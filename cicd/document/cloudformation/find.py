"""Templates among the files of a repository: told by what is written in them."""

from __future__ import annotations

import os
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
_PIPELINE = b"AWS::CodePipeline::Pipeline"
_SKIPPED = frozenset({"node_modules", "venv", "__pycache__", "cdk.out"})
_MOST = 5000  # files looked into


def is_template_of_ours(path: Path) -> bool:
    """Tell whether a file may be a template that makes something of ours, by its bytes."""
    return _holds(path, *_OURS)


def pipeline_templates(directory: Path) -> Iterator[str]:
    """
    Give the paths, from ``directory``, of files below it that may be templates with a pipeline.

    Hidden directories, those of dependencies, and instances are passed over.
    """
    seen = 0
    for place, folders, files in os.walk(directory):
        folders[:] = sorted(
            f
            for f in folders
            if f not in _SKIPPED and not f.startswith(".") and not is_instance(f"{place}/{f}")
        )
        for file in sorted(files):
            path = Path(place, file)
            if path.suffix.lower() not in SUFFIXES:
                continue
            seen += 1
            if seen > _MOST:
                return
            if _holds(path, _PIPELINE):
                yield str(path.relative_to(directory))


def _holds(path: Path, *words: bytes) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return False
        content = path.read_bytes()
    except OSError:
        return False
    return b"Resources" in content and any(each in content for each in words)
