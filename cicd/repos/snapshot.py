"""
The files of one commit in a private place, as a repository of its own.

Nothing of the repository that it comes from is written to: its objects are borrowed, by what git
calls alternates, and the index is the snapshot's own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.record import dataclass
from cicd.repos.git_command import git_said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.repos.git import Repository

# Pointers of Git LFS stay pointers: fetching what they mean would go to the network.
_CHECKOUT = (
    *("-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"),
    *("-c", "core.symlinks=true"),
)
_PREFIX = "push-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files of a commit, at ``root``."""

    root: Path

    def make_whole(self) -> None:
        """Copy the history in, so that a build in a container, too, finds what git asks for."""
        borrowed = self.root / ".git" / "objects" / "info" / "alternates"
        if borrowed.exists():
            git_said(self.root, "repack", "-a", "-d", "-q", variables=_own(self.root))
            borrowed.unlink()


@contextmanager
def snapshot(repository: Repository, commit: str, ref: str, directory: Path) -> Iterator[Snapshot]:
    """
    Check a commit out below ``directory``, and take it away again at the end.

    Its ``HEAD`` is the branch ``ref``, or detached where that is none; submodules are empty
    directories. What killed processes left below ``directory`` is removed first.
    Safe for several processes at once.

    Raises:
        Unavailable: git cannot go on, or the disk takes no more.

    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory):
            _sweep(directory)
            place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=directory))
            lock = os.open(place, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise _no_room(directory, error) from error
    try:
        root = place / "tree"
        try:
            _prepare(repository, commit, ref, root)
        except OSError as error:
            raise _no_room(root, error) from error
        git_said(root, *_CHECKOUT, "read-tree", "--reset", "-u", commit, variables=_own(root))
        yield Snapshot(root=root)
    finally:
        _remove(place)
        os.close(lock)


def _own(root: Path) -> dict[str, str]:
    return {
        "GIT_DIR": str(root / ".git"),
        "GIT_WORK_TREE": str(root),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def _prepare(repository: Repository, commit: str, ref: str, root: Path) -> None:
    """Write down a repository, which takes git itself two more starts."""
    own = root / ".git"
    (own / "objects" / "info").mkdir(parents=True)
    (own / "refs").mkdir()
    where = {"GIT_DIR": str(repository.git_dir)}
    said = git_said(repository.root, "rev-parse", "--git-common-dir", variables=where)
    whole = repository.root / os.fsdecode(said).removesuffix("\n")
    borrowed = _quoted(os.fsencode(whole.resolve() / "objects"))
    (own / "objects" / "info" / "alternates").write_bytes(borrowed + b"\n")
    if (whole / "shallow").exists():
        shutil.copyfile(whole / "shallow", own / "shallow")
    branch = ref.startswith("refs/heads/")
    head = f"ref: {ref}\n" if branch else f"{commit}\n"
    (own / "HEAD").write_bytes(os.fsencode(head))
    refs = git_said(
        repository.root,
        "for-each-ref",
        "--format=%(objectname) %(refname)",
        "refs/tags",
        variables=where,
    )
    own_ref = os.fsencode(f"{commit} {ref}\n") if branch else b""
    (own / "packed-refs").write_bytes(own_ref + refs)
    version = "repositoryformatversion = 0"
    if len(commit) > 40:
        version = "repositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n[core]"
    (own / "config").write_text(f"[core]\n\t{version}\n\tbare = false\n", encoding="utf-8")


def _quoted(path: bytes) -> bytes:
    """Write a path into ``alternates``: as it is, or as C does where it holds a line's end."""
    if not (b"\n" in path or path.startswith((b'"', b"#"))):
        return path
    kept = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + kept + b'"'


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Let one process at a time make or sweep snapshots: a new one is never without its lock."""
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _sweep(directory: Path) -> None:
    """Remove snapshots whose process has gone: nobody holds their lock."""
    for place in directory.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = os.open(place, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(place)
            finally:
                os.close(lock)


def _remove(place: Path) -> None:
    """Remove a snapshot; what a build has made unwritable is made writable for it."""
    for directory, _, _ in os.walk(place):
        with suppress(OSError):
            os.chmod(directory, 0o700)  # noqa: PTH101
    shutil.rmtree(place, ignore_errors=True)


def _no_room(place: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"{place} cannot be used: {error.strerror}", hint="free some space, or use another --home"
    )
