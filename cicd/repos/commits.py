"""What a push would change: commits, their trees, and what a remote is known to have."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from cicd.errors import CicdError
from cicd.record import dataclass
from cicd.repos.git_command import as_text, git_said, run_git

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cicd.repos.git import Repository


_FORMAT = "%H%x00%T%x00%B"


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
        f"--format={_FORMAT}",
        f"{name}^{{commit}}",
        "--",
    )
    said = run_git(repository.root, asked, _directory(repository))
    if said.returncode != 0:
        return None
    return _commit(*as_text(said.stdout).split("\0", 2))


def find_commits(repository: Repository, ids: Collection[str]) -> Mapping[str, Commit]:
    """Give the commits that these ids of objects lead to, however many, by id; see above."""
    if len(ids) == 1:
        (one,) = ids
        alone = find_commit(repository, one)
        return {one: alone} if alone is not None else {}
    # git is asked twice, and not once for each: git log says nothing of commits that are not here.
    variables = _directory(repository)
    asked = "".join(f"{each}^{{commit}}\n" for each in ids).encode()
    batch = ("cat-file", "--batch-check=%(objectname)")
    answers = as_text(git_said(repository.root, *batch, variables=variables, given=asked))
    leads = {
        each: answer
        for each, answer in zip(ids, answers.splitlines(), strict=True)
        if not answer.endswith(" missing")
    }
    if not leads:
        return {}
    words = ("log", "--no-walk=unsorted", "--no-show-signature", "-z", f"--format={_FORMAT}")
    wanted = "\n".join(dict.fromkeys(leads.values())).encode()
    said = git_said(repository.root, *words, "--stdin", variables=variables, given=wanted)
    *fields, _ = as_text(said).split("\0")
    commits = {
        commit.id: commit for commit in map(_commit, fields[::3], fields[1::3], fields[2::3])
    }
    return {each: commits[commit] for each, commit in leads.items()}


@lru_cache(maxsize=4)
def files_of(repository: Repository, commit: str) -> Mapping[str, str]:
    """List all files of a commit, sorted, each with its mode: "100755" of a program, say."""
    asked = ("ls-tree", "-r", "-z", "--full-tree", commit)
    said = git_said(repository.root, *asked, variables=_directory(repository))
    # Of each the mode, the kind, the object; a tab, and the path to the end.
    lines = os.fsdecode(said).split("\0")
    return dict(sorted((line[line.index("\t") + 1 :], line[:6]) for line in lines if line))


def changed_paths(repository: Repository, before: str, after: str) -> tuple[str, ...] | None:
    """List the files that differ between two commits; None: one of them is not here."""
    words = ("diff-tree", "-r", "-z", "--name-only", "--no-commit-id", "--no-renames")
    try:
        return _paths(repository, *words, before, after)
    except CicdError:
        return None


def left_remote_at(repository: Repository, remote: str, commit: str) -> str:
    """Give the last commit that a remote's default branch is known to have; "" if unknown."""
    names = [f"refs/remotes/{remote}/{name}" for name in ("HEAD", "main", "master")]
    asked = ("for-each-ref", "--format=%(refname)", *names)
    known = as_text(run_git(repository.root, asked, _directory(repository)).stdout).split()
    for tracking in (name for name in names if name in known):
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


def _commit(identifier: str, tree: str, message: str) -> Commit:
    return Commit(id=identifier, tree=tree, message=message.rstrip("\n"))


def _directory(repository: Repository) -> dict[str, str]:
    """Say where the repository is: a work tree may be far from it."""
    return {"GIT_DIR": str(repository.git_dir)}


def _paths(repository: Repository, *words: str) -> tuple[str, ...]:
    said = git_said(repository.root, *words, variables=_directory(repository))
    return tuple(sorted(os.fsdecode(name) for name in said.split(b"\0") if name))
