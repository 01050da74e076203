"""The code of a function: a directory or a zip, kept in the artifact store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.errors import UsageError
from cicd.functions.refusal import invalid
from cicd.ports import ArtifactFile
from cicd.temporary import temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.ports import Artifact, ArtifactStore

LARGEST_CODE: Final = 262_144_000
"""Bytes that code may weigh unpacked. Source: Lambda Developer Guide, "Quotas"."""
_PASSED_OVER: Final = frozenset({".git", ".cicd", "__pycache__"})


def read_code(path: Path, artifacts: ArtifactStore) -> Artifact:
    """Keep the code at ``path``; raises ``UsageError`` for what is neither directory nor zip."""
    if path.is_dir():
        files = tuple(_files(path))
        if not files:
            raise UsageError(f"there is no file in '{path}'")
        size = sum(each.source.stat().st_size for each in files if each.link is None)
        if size > LARGEST_CODE:
            raise invalid(f"Unzipped size must be smaller than {LARGEST_CODE} bytes")
        return artifacts.put(files)
    if not path.exists():
        raise UsageError(f"there is no code at '{path}'", hint="name a directory, or a zip")
    return artifacts.put_zip(path)


def keep_text(file: str, text: str, artifacts: ArtifactStore) -> Artifact:
    """Keep code that is one file of this text."""
    with temporary("code") as scratch:
        path = scratch / file
        path.write_text(text, encoding="utf-8")
        return artifacts.put((ArtifactFile(path=file, source=path),))


def _files(tree: Path) -> Iterator[ArtifactFile]:
    for folder, folders, files in os.walk(tree):
        here = Path(folder)
        folders[:] = sorted(set(folders) - _PASSED_OVER)
        for name in sorted(files):
            path = here / name
            link = str(path.readlink()) if path.is_symlink() else None
            mode = 0o644 if link is not None else path.stat().st_mode & 0o777 | 0o444
            yield ArtifactFile(
                path=path.relative_to(tree).as_posix(), source=path, mode=mode, link=link
            )
