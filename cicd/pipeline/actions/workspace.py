"""An action's own directory: what is unpacked there, and what is packed from there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from cicd.ports import ArtifactFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def as_code_zip(tree: Path) -> Iterator[ArtifactFile]:
    """
    Give the files of a fetched tree as a CODE_ZIP source hands them on.

    There is no ``.git``, and a symbolic link arrives as a small file that holds its target,
    which is why links are replaced in ``tree``.
    """
    for folder, folders, files in os.walk(tree):
        here = tree.__class__(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(set(folders) - set(links) - {".git"})
        for name in sorted((*files, *links)):
            path = here / name
            if path.is_symlink():
                target = path.readlink()
                path.unlink()
                path.write_text(str(target), encoding="utf-8", errors="surrogateescape")
            yield ArtifactFile(
                path=path.relative_to(tree).as_posix(),
                source=path,
                mode=path.stat().st_mode & 0o777,
            )


def clear(workspace: Path) -> None:
    """Remove an action's directory; safe when there is none."""
    if os.path.lexists(workspace):
        shutil.rmtree(workspace, ignore_errors=True)
