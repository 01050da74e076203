"""Which repository a directory stands in."""

from __future__ import annotations

import os
from pathlib import Path

from cicd.errors import UsageError
from cicd.repos.git import Repository
from cicd.repos.git_command import as_text, refusal, run_git


def find_repository(path: Path) -> Repository | None:
    """
    Find the repository that ``path``, a directory, stands in; None: in none.

    Raises:
        UsageError: There is no such directory.
        Unavailable: There is no git for it, or it does not trust the owner of that repository.

    """
    if not path.is_dir():
        raise UsageError(f"{path} is not a directory", hint="name a directory that is there")
    # What git would look for; two starts of it take longer than all else that a build plans.
    here = path.resolve()
    if not any(
        os.path.lexists(f"{d}/.git") or (d / "HEAD").exists() for d in (here, *here.parents)
    ):
        return None
    asked: tuple[str, ...] = ("rev-parse", "--is-bare-repository", "--absolute-git-dir")
    said = run_git(path, (*asked, "--show-toplevel", "--show-prefix"), {})
    answers = os.fsdecode(said.stdout).split("\n")
    if said.returncode == 0 and len(answers) == 5:
        _, git_dir, top, prefix, _ = answers
        return Repository(
            root=Path(top), git_dir=Path(git_dir), prefix=prefix.rstrip("/"), bare=False
        )
    # There is no working tree; or a path holds an end of line itself, so that no more than two
    # values can be told apart.
    said = run_git(path, asked, {})
    if said.returncode != 0:
        words = as_text(said.stderr)
        if "not a git repository" in words:
            return None
        raise refusal(path, words)
    bare, _, git_dir = os.fsdecode(said.stdout).removesuffix("\n").partition("\n")
    if bare == "true":
        root = Path(git_dir)
        return Repository(root=root, git_dir=root, prefix="", bare=True)
    said = run_git(path, ("rev-parse", "--show-toplevel", "--show-prefix"), {})
    if said.returncode != 0:
        # Inside ".git" itself there is no working tree.
        raise UsageError(
            f"{path} is inside a git directory", hint="name the directory that holds the files"
        )
    top, prefix = _root_and_prefix(os.fsdecode(said.stdout).removesuffix("\n"), here)
    return Repository(root=Path(top), git_dir=Path(git_dir), prefix=prefix.rstrip("/"), bare=False)


def _root_and_prefix(said: str, here: Path) -> tuple[str, str]:
    """Split what git says into two paths that lead to ``here``: either may hold an end of line."""
    lines = said.split("\n")
    for count in range(1, len(lines)):
        root, prefix = "\n".join(lines[:count]), "\n".join(lines[count:])
        if f"{root}/{prefix}".rstrip("/") == str(here):
            return root, prefix
    return lines[0], lines[1]


def open_repository(path: Path) -> Repository:
    """Find the repository that ``path`` stands in; raises UsageError when it is in none."""
    repository = find_repository(path)
    if repository is None:
        raise UsageError(
            f"{path} is not in a git repository",
            hint="run git init and commit; a pipeline takes the files as they are with "
            "--working-tree",
        )
    return repository
