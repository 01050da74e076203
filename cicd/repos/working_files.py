"""The files of a working tree, as a snapshot of it holds them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cicd.repos.find import open_repository
from cicd.repos.git_command import git_said

if TYPE_CHECKING:
    from cicd.repos.git import Repository


def working_files(repository: Repository) -> tuple[str, ...]:
    """
    List what a snapshot of the working tree holds: tracked and untracked, not ignored.

    Paths are relative to the repository's ``directory`` and sorted; a nested repository's files
    are listed like its own, an empty submodule as its directory. Deleted files are left out.
    """
    listed = git_said(
        repository.directory, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
    )
    found: set[str] = set()
    for name in {os.fsdecode(each).rstrip("/") for each in listed.split(b"\0") if each}:
        path = repository.directory / name
        if path.is_symlink() or not path.is_dir():
            if os.path.lexists(path):
                found.add(name)
        elif (path / ".git").exists():
            found.update(f"{name}/{inner}" for inner in working_files(open_repository(path)))
        else:
            found.add(name)
    return tuple(sorted(found))
