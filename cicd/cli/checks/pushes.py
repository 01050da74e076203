"""What is pushed: told by git to a hook, or guessed from what somebody types."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.check.choice import Push
from cicd.check.pushed import PushedRef, read_pushed
from cicd.errors import UsageError
from cicd.repos.commits import (
    changed_paths,
    checked_out,
    files_of,
    find_commit,
    find_commits,
    left_remote_at,
    pushed_before,
    remote_of,
)
from cicd.repos.find import find_repository
from cicd.repos.git import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.repos.commits import Commit


def repository_here() -> Repository:
    """
    Find the repository that a push is from: around the working directory, else by GIT_DIR.

    Raises:
        UsageError: There is none.

    """
    chosen = os.environ.get("GIT_DIR")
    try:
        found = find_repository(Path.cwd())
    except UsageError:
        if not chosen:
            raise
        found = None
    if found is None and chosen:
        # Its working tree is elsewhere, as people have it who keep their home in git.
        place = Path(chosen).absolute()
        found = Repository(root=place, git_dir=place, prefix="", bare=True)
    if found is None:
        raise UsageError(
            f"{Path.cwd()} is not in a git repository",
            hint="go into one, or make this one with 'git init'",
        )
    return found


def refs_of_hook() -> tuple[PushedRef, ...]:
    """Read what git writes to a pre-push hook."""
    return read_pushed(os.fsdecode(sys.stdin.buffer.read()))


def refs_of_range(repository: Repository, words: str) -> tuple[PushedRef, ...]:
    """
    Give what REF..REF means: a push of the second one to a remote that has the first.

    Raises:
        UsageError: It is not of that form, or names what is not there.

    """
    before, dots, after = words.partition("..")
    if not dots or after.startswith("."):
        raise UsageError(f"'{words}' is not REF..REF", hint="write main~1..main, say")
    commits = [_named(repository, name) if name else None for name in (before, after or "HEAD")]
    old, new = commits
    assert new is not None, "the second one has a name"
    ref = checked_out(repository) if after in ("", "HEAD") else _ref(repository, after)
    return (PushedRef(local=after or "HEAD", id=new.id, ref=ref, before=old.id if old else ""),)


def refs_of_framework(environ: Mapping[str, str]) -> tuple[PushedRef, ...]:
    """
    Read what pre-commit tells its hooks of a push; () when it tells nothing.

    Source: pre-commit's documentation, "pre-push".
    """
    commit, ref = environ.get("PRE_COMMIT_TO_REF"), environ.get("PRE_COMMIT_REMOTE_BRANCH")
    if not commit or not ref:
        return ()
    return (
        PushedRef(
            local=environ.get("PRE_COMMIT_LOCAL_BRANCH") or commit,
            id=commit,
            ref=ref,
            before=environ.get("PRE_COMMIT_FROM_REF", ""),
        ),
    )


def refs_of_head(repository: Repository) -> tuple[PushedRef, ...]:
    """Give what a push now would send: the branch that is checked out; () without commits."""
    head = find_commit(repository, "HEAD")
    if head is None:
        return ()
    ref = checked_out(repository)
    before = pushed_before(repository) if ref else ""
    return (PushedRef(local="HEAD", id=head.id, ref=ref, before=before),)


def look_at(
    repository: Repository, refs: tuple[PushedRef, ...], remote: str | None
) -> tuple[list[tuple[Commit, list[Push]]], list[tuple[PushedRef, str]]]:
    """
    Look the pushed refs up.

    Returns:
        The commits that are to be checked, each with the refs that it is pushed to; and refs
        of which there is nothing to check, each with a reason.

    """
    from_remote = remote or remote_of(repository)
    known = find_commits(repository, {pushed.id: None for pushed in refs if pushed.id})
    found: dict[str, tuple[Commit, list[Push]]] = {}
    left: list[tuple[PushedRef, str]] = []

    # Many refs are of few commits: git is asked once for each pair of them.
    @cache
    def changed(before: str, commit: str) -> tuple[str, ...] | None:
        return changed_paths(repository, before, commit)

    @cache
    def base_of(commit: str) -> str:
        return left_remote_at(repository, from_remote, commit)

    for pushed in refs:
        if not pushed.id:
            left.append((pushed, "it is deleted"))
            continue
        commit = known.get(pushed.id)
        if commit is None:
            left.append((pushed, "it is no commit"))
            continue
        files = None
        if pushed.before:
            # After somebody else's push, or before a fetch, what was there may not be here.
            files = changed(pushed.before, commit.id)
        compared = files is not None
        if files is None and (base := base_of(commit.id)):
            files = changed(base, commit.id)
        push = Push(
            pushed=pushed if compared else replace(pushed, before=""),
            commit=commit.id,
            files=tuple(files_of(repository, commit.id)) if files is None else files,
            existed=bool(pushed.before),
            message=commit.message,
        )
        found.setdefault(commit.id, (commit, []))[1].append(push)
    return list(found.values()), left


def _named(repository: Repository, name: str) -> Commit:
    found = find_commit(repository, name)
    if found is None:
        raise UsageError(
            f"'{name}' is not a commit, branch or tag of {repository.root}",
            hint="git log shows what is there",
        )
    return found


def _ref(repository: Repository, name: str) -> str:
    for form in ("refs/heads/", "refs/tags/"):
        full = name if name.startswith(form) else form + name
        if find_commit(repository, full) is not None:
            return full
    return checked_out(repository)
