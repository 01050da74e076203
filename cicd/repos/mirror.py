"""Copies of a repository that is elsewhere: cloned once, brought up to date, checked out."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.repos.find import open_repository
from cicd.repos.git_command import (
    as_text,
    make_directory,
    run_git,
    without_password,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What git takes for a host and a path, and no drive or directory of this machine.
_URL = re.compile(r"(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_PULL_REQUEST = re.compile(r"pr/([1-9]\d*)")
KEPT = timedelta(days=3)  # longer than any build may take


def is_url(place: str) -> bool:
    """Tell whether a place is a repository elsewhere, not a directory of this machine."""
    return _URL.fullmatch(place) is not None


def mirror(url: str, directory: Path) -> Path:
    """
    Give a bare copy of ``url`` below ``directory``, with its branches and tags as they are now.

    Safe for several processes at once.

    Raises:
        Unavailable: It cannot be reached, or read with what git is given for it here.

    """
    make_directory(directory)
    copy = directory / hashlib.sha256(url.encode()).hexdigest()[:16]
    with _locked(copy.with_suffix(".lock")):
        if (copy / "HEAD").exists():
            _git(url, copy, "fetch", "--quiet", "--prune", "origin")
            return copy
        part = copy.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        _git(url, directory, "clone", "--quiet", "--mirror", "--", url, str(part))
        part.rename(copy)
    return copy


def check_out(url: str, version: str | None, directory: Path, now: datetime) -> Path:
    """
    Give a clone of ``url`` at a commit, branch, tag or "pr/25"; None: its default branch.

    It is made once for a commit and never changed; only what the mirror lacks is fetched.
    Those that nobody has asked for since ``KEPT`` go. Raises as ``mirror`` does, and UsageError
    for a version that is not there.
    """
    copy = mirror(url, directory)
    repository = open_repository(copy)
    asked = _PULL_REQUEST.fullmatch(version or "")
    commit = repository.resolve(f"refs/pull/{asked[1]}/head" if asked else version)
    trees = copy.with_suffix(".trees")
    make_directory(trees)
    tree = trees / commit
    with _locked(copy.with_suffix(".lock")):
        for old in trees.iterdir():
            used = datetime.fromtimestamp(old.stat().st_mtime, tz=UTC)
            if old != tree and now - used > KEPT:
                shutil.rmtree(old, ignore_errors=True)
        if not tree.exists():
            part = trees / f"{commit}.part"
            shutil.rmtree(part, ignore_errors=True)
            repository.clone(commit, part)
            part.rename(tree)
        os.utime(tree, (now.timestamp(), now.timestamp()))
    return tree


def _git(url: str, directory: Path, *words: str) -> None:
    said = run_git(directory, words, {})
    if said.returncode != 0:
        shown = without_password(url)
        raise Unavailable(
            f"{shown} cannot be fetched: {without_password(_reason(as_text(said.stderr)))}",
            hint=f"git ls-remote {shown} has to work here without asking for anything",
        )


def _reason(said: str) -> str:
    """Give why git could not: its own word, or that of ssh where git has none."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if line.startswith("fatal:"):
            from_ssh = number > 0 and "Could not read from remote repository" in line
            return lines[number - 1] if from_ssh else line.removeprefix("fatal: ")
    return "git gave no reason"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
