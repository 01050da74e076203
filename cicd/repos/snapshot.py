"""
The files of one commit in a private place, as a repository of its own.

Nothing of the repository that it comes from is written to: its objects are borrowed, by what git
calls alternates, and the index is the snapshot's own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.repos.git_command import common_directory, git_said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cicd.repos.git import Repository

# Pointers of Git LFS stay pointers: fetching what they mean would go to the network.
_CHECKOUT = (
    *("-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"),
    *("-c", "core.symlinks=true"),
)
_PREFIX = "push-"
_FEW = 2000  # files and directories that are removed at once
_PATIENCE = 1.0  # seconds to wait for the removal of more of them


class Snapshot:
    """The files of a commit, at ``root``: all of them, or of a large one what was asked for."""

    def __init__(self, root: Path, commit: str) -> None:
        """Name the place, which has a repository and no files yet."""
        self.root = root
        self.logs = root.parent / "logs"  # for what checks say; it goes with the snapshot
        self._commit = commit
        self._indexed = self._whole = False

    def check_out(self) -> None:
        """Write all files, over whatever is there of them."""
        if not self._whole:
            self._git(*_CHECKOUT, "read-tree", "--reset", "-u", self._commit)
            self._whole = True

    def check_out_some(self, paths: Iterable[str]) -> None:
        """Write some files; git knows of all others, too."""
        if self._whole:
            return
        if not self._indexed:
            self._git("read-tree", self._commit)
            self._indexed = True
        listed = b"".join(os.fsencode(path) + b"\0" for path in paths)
        self._git(*_CHECKOUT, "checkout-index", "-f", "-q", "-z", "--stdin", given=listed)

    def make_whole(self) -> None:
        """Copy the history in, so that a build in a container, too, finds what git asks for."""
        borrowed = self.root / ".git" / "objects" / "info" / "alternates"
        if borrowed.exists():
            self._git("repack", "-a", "-d", "-q")
            borrowed.unlink()

    def _git(self, *words: str, given: bytes = b"") -> None:
        variables = {
            "GIT_DIR": str(self.root / ".git"),
            "GIT_WORK_TREE": str(self.root),
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_LFS_SKIP_SMUDGE": "1",
        }
        git_said(self.root, *words, variables=variables, given=given)


@contextmanager
def snapshot(repository: Repository, commit: str, ref: str, directory: Path) -> Iterator[Snapshot]:
    """
    Make room for a commit's files below ``directory``, and take it all away again at the end.

    Its ``HEAD`` is the branch ``ref``, or detached where that is none; submodules are empty
    directories. What killed processes left below ``directory`` is removed first. What takes
    longer than a second to remove goes on being removed in the background.
    Safe for several processes at once.

    Raises:
        Unavailable: git cannot go on, or the disk takes no more.

    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory):
            _sweep(directory)
            place = directory / f"{_PREFIX}{os.urandom(8).hex()}"
            place.mkdir(mode=0o700)
            lock = os.open(place, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise _no_room(directory, error) from error
    try:
        root = place / "tree"
        try:
            _prepare(repository, commit, ref, root)
            (place / "logs").mkdir()
        except OSError as error:
            raise _no_room(root, error) from error
        yield Snapshot(root, commit)
    finally:
        _remove(place, lock)
        os.close(lock)


def _prepare(repository: Repository, commit: str, ref: str, root: Path) -> None:
    """Write down a repository, which takes git itself two more starts."""
    own = root / ".git"
    (own / "objects" / "info").mkdir(parents=True)
    (own / "refs").mkdir()
    whole = common_directory(repository.git_dir)
    borrowed = _quoted(os.fsencode(whole.resolve() / "objects"))
    (own / "objects" / "info" / "alternates").write_bytes(borrowed + b"\n")
    if (whole / "shallow").exists():
        (own / "shallow").write_bytes((whole / "shallow").read_bytes())
    branch = ref.startswith("refs/heads/")
    head = f"ref: {ref}\n" if branch else f"{commit}\n"
    (own / "HEAD").write_bytes(os.fsencode(head))
    refs = git_said(
        repository.root,
        "for-each-ref",
        "--format=%(objectname) %(refname)",
        "refs/tags",
        variables={"GIT_DIR": str(repository.git_dir)},
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
                _remove(place, lock)
            finally:
                os.close(lock)


def _remove(place: Path, lock: int) -> None:
    """Remove a snapshot, unwritable as a build may have left it; its lock is held until then."""
    if sum(1 for _ in islice(_entries(place), _FEW)) < _FEW:
        _remove_few(place)
    if not place.exists():
        return
    remover = subprocess.Popen(
        ("sh", "-c", 'chmod -R u+rwX "$1"; exec rm -rf "$1"', "sh", str(place)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(lock,),
    )
    with suppress(subprocess.TimeoutExpired):
        remover.wait(_PATIENCE)


def _remove_few(place: Path) -> None:
    """Remove a snapshot as far as that goes; what does it in the library takes longer to load."""
    for at, folders, files in os.walk(place, topdown=False):
        with suppress(OSError):
            for name in files:
                Path(at, name).unlink()
            for name in folders:
                below = Path(at, name)
                if below.is_symlink():
                    below.unlink()
                else:
                    below.rmdir()
    with suppress(OSError):
        place.rmdir()


def _entries(place: Path) -> Iterator[str]:
    for _, folders, files in os.walk(place):
        yield from folders
        yield from files


def _no_room(place: Path, error: OSError) -> Unavailable:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return Unavailable(
        f"{place} cannot be used: {error.strerror}",
        hint=("free some space" if full else "make it writable for you")
        + ", or use another home with --home",
    )
