"""Artifacts laid where the user wants them: over what is there, as an upload to S3 does."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.ports import Artifact, ArtifactFile, ArtifactStore


def deliver_files(artifact: Artifact, artifacts: ArtifactStore, there: Path) -> None:
    """
    Put the files of an artifact into the directory ``there``, made if need be.

    Files of the same names are replaced, others stay; a link is replaced, never written through.
    Raises ``Unavailable`` where a directory stands in a file's place.
    """
    there.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that each file is moved and none is ever there in part.
    with tempfile.TemporaryDirectory(prefix=".cicd-artifact-", dir=there.parent) as fresh:
        artifacts.unpack(artifact, Path(fresh))
        _lay_over(Path(fresh), there)


def move_files(files: Iterable[ArtifactFile], there: Path) -> None:
    """
    Put files that nobody else needs into ``there``, as ``deliver_files`` puts those of a zip.

    They are those of an artifact that the store has taken, so their paths stay below ``there``.
    """
    there.mkdir(parents=True, exist_ok=True)
    made: set[str] = set()
    with tempfile.TemporaryDirectory(prefix=".cicd-artifact-", dir=there.parent) as name:
        fresh = Path(name, "file")
        for each in files:
            above = each.path.rpartition("/")[0]
            if above not in made:
                _make_room(there / above, there)
                made.add(above)
            target = f"{there}/{each.path}"
            if each.link is not None:
                fresh.symlink_to(each.link)
                _replace(fresh, target)
                continue
            each.source.chmod(each.mode)
            try:
                _replace(each.source, target)
            except OSError as problem:
                if problem.errno != errno.EXDEV:
                    raise
                shutil.copy2(each.source, fresh)
                _replace(fresh, target)


def deliver_zip(artifact: Artifact, artifacts: ArtifactStore, there: Path) -> None:
    """Put the zip itself at ``there``, in place of what is there."""
    there.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cicd-artifact-", dir=there.parent) as fresh:
        copy = Path(fresh, there.name)
        shutil.copyfile(artifacts.path(artifact), copy)
        _replace(copy, str(there))


def _make_room(directory: Path, top: Path) -> None:
    if directory == top:
        return
    _make_room(directory.parent, top)
    if directory.is_symlink() or directory.is_file():
        directory.unlink()
    directory.mkdir(exist_ok=True)


def _lay_over(fresh: Path, there: Path) -> None:
    for path in sorted(fresh.iterdir()):
        target = there / path.name
        if not path.is_dir() or path.is_symlink():
            _replace(path, str(target))
            continue
        if target.is_symlink() or target.is_file():
            target.unlink()
        target.mkdir(exist_ok=True)
        _lay_over(path, target)


def _replace(path: Path, target: str) -> None:
    try:
        os.replace(path, target)  # noqa: PTH105 - there are tens of thousands of them
    except IsADirectoryError:
        raise Unavailable(
            f"{target} is a directory, where a file of the artifact belongs",
            hint="remove it, or choose another directory with --artifacts",
        ) from None
