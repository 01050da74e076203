"""What a push would change: commits, their trees, and what a remote is known to have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cicd.errors import CicdError
from cicd.record import dataclass
from cicd.repos.git_command import as_text, git_said, run_git

if TYPE_CHECKING:
    from cicd.repos.git import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit, as far as a check looks at it."""

    id: str
    tree: str
    message: str


def find_commit(repository: Repository, name: str) -> Commit | None:
    """Give the commit that a name or an annotated tag leads to; None: it leads to none here."""
    if not name or name.startswith("-"):
        return None
    asked = (
        "log",
        "-1",
        "--no-show-signature",
        "--format=%H%x00%T%x00%B",
        f"{name}^{{commit}}",
        "--",
    )
    said = run_git(repository.root, asked, _directory(repository))
    if said.returncode != 0:
        return None
    identifier, tree, message = as_text(said.stdout).split("\0", 2)
    return Commit(id=identifier, tree=tree, message=message.rstrip("\n"))


def paths_of(repository: Repository, commit: str) -> tuple[str, ...]:
    """List all files of a commit."""
    return _paths(repository, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)


def changed_paths(repository: Repository, before: str, after: str) -> tuple[str, ...] | None:
    """List the files that differ between two commits; None: one of them is not here."""
    words = ("diff-tree", "-r", "-z", "--name-only", "--no-commit-id", "--no-renames")
    try:
        return _paths(repository, *words, before, after)
    except CicdError:
        return None


def left_remote_at(repository: Repository, remote: str, commit: str) -> str:
    """Give the last commit that a remote's default branch is known to have; "" if unknown."""
    for name in ("HEAD", "main", "master"):
        tracking = f"refs/remotes/{remote}/{name}"
        said = run_git(repository.root, ("merge-base", tracking, commit), _directory(repository))
        if said.returncode == 0:
            return as_text(said.stdout).strip()
    return ""


def checked_out(repository: Repository) -> str:
    """Give the ref that ``HEAD`` names; "": it is detached."""
    said = run_git(repository.root, ("symbolic-ref", "--quiet", "HEAD"), _directory(repository))
    return as_text(said.stdout).strip()


def pushed_before(repository: Repository) -> str:
    """Give what the branch that is checked out would replace when it is pushed; "": nothing."""
    for name in ("@{push}", "@{upstream}"):
        found = find_commit(repository, name)
        if found is not None:
            return found.id
    return ""


def remote_of(repository: Repository) -> str:
    """Give the remote that a push goes to when nobody says which: "origin", most often."""
    said = run_git(repository.root, ("remote",), _directory(repository))
    names = as_text(said.stdout).split()
    return names[0] if len(names) == 1 else "origin"


def _directory(repository: Repository) -> dict[str, str]:
    """Say where the repository is: a work tree may be far from it."""
    return {"GIT_DIR": str(repository.git_dir)}


def _paths(repository: Repository, *words: str) -> tuple[str, ...]:
    said = git_said(repository.root, *words, variables=_directory(repository))
    return tuple(sorted(os.fsdecode(name) for name in said.split(b"\0") if name))
