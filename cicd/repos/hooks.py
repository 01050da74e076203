"""The pre-push hook of a repository: put in beside whatever is there, and taken out again."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.errors import Unavailable, UsageError
from cicd.record import dataclass
from cicd.repos.git_command import common_directory, run_git

if TYPE_CHECKING:
    from cicd.repos.git import Repository

NAME: Final = "pre-push"
BEFORE: Final = "pre-push.before-cicd"
_MARK: Final = b"# cicd's pre-push hook."


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPlace:
    """Where a repository's hooks are, and what is there."""

    directory: Path
    shared: bool = False  # by all repositories of a user, or of this machine
    installed: bool = False  # the pre-push hook there is ours
    current: bool = False  # and as this version would write it
    foreign: bool = False  # there is a pre-push hook that is not ours
    chained: bool = False  # a hook that was there before is kept beside ours

    @property
    def path(self) -> Path:
        """The hook itself."""
        return self.directory / NAME


def hook_place(repository: Repository) -> HookPlace:
    """Look where git would look for a pre-push hook; ``core.hooksPath`` counts."""
    directory, shared = _directory(repository)
    found = _content(directory / NAME)
    installed = found is not None and _MARK in found
    return HookPlace(
        directory=directory,
        shared=shared,
        installed=installed,
        current=installed and found == _script(),
        foreign=not installed and os.path.lexists(directory / NAME),
        chained=os.path.lexists(directory / BEFORE),
    )


def install_hook(repository: Repository, *, shared: bool = False) -> HookPlace:
    """
    Put the hook in; one that is there is kept beside it, and runs first. Safe to repeat.

    Raises:
        UsageError: Other repositories use the same hooks, and ``shared`` is False; or two hooks
            are there already that could both be the one to keep.
        Unavailable: The directory cannot be written to.

    """
    place = hook_place(repository)
    if place.shared and not shared:
        raise UsageError(
            f"core.hooksPath is {place.directory}, which serves other repositories, too",
            hint="put it there with --shared, or give this repository hooks of its own: "
            f"git config core.hooksPath {shlex.quote(str(_own(repository)))}",
        )
    if place.foreign and place.chained:
        raise UsageError(
            f"{place.path} is not ours, and {BEFORE} beside it is in its way",
            hint="remove one of the two, or move it elsewhere",
        )
    try:
        place.directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=place.directory, prefix=f".{NAME}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_script())
            Path(name).chmod(0o755)
            if place.foreign:
                place.path.rename(place.directory / BEFORE)
            Path(name).replace(place.path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise _refused(place, error) from error
    return hook_place(repository)


def uninstall_hook(repository: Repository) -> HookPlace:
    """
    Take the hook out, and put back the one that was there before. Safe to repeat.

    Raises:
        UsageError: The pre-push hook is not ours: somebody has replaced it.
        Unavailable: The directory cannot be written to.

    """
    place = hook_place(repository)
    if place.foreign:
        raise UsageError(
            f"{place.path} is not ours, and stays as it is", hint="cicd hooks status looks at it"
        )
    try:
        if place.chained:
            (place.directory / BEFORE).replace(place.path)
        elif place.installed:
            place.path.unlink()
    except OSError as error:
        raise _refused(place, error) from error
    return hook_place(repository)


def _directory(repository: Repository) -> tuple[Path, bool]:
    """Give the directory of hooks, and whether other repositories have it, too."""
    asked = ("config", "-z", "--show-scope", "--path", "--get-all", "core.hooksPath")
    variables = {"GIT_DIR": str(repository.git_dir)}
    said = os.fsdecode(run_git(repository.root, asked, variables).stdout).split("\0")
    # Our own way of calling git sets it, too, with the scope "command".
    given = [
        (scope, value)
        for scope, value in zip(said[::2], said[1::2], strict=False)
        if scope != "command"
    ]
    if not given or not given[-1][1]:
        return _own(repository), False
    scope, value = given[-1]
    return repository.root / value, scope not in {"local", "worktree"} and Path(
        value
    ).is_absolute()


def _own(repository: Repository) -> Path:
    return common_directory(repository.git_dir).resolve() / "hooks"


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _script() -> bytes:
    """Give the hook, which knows by what it can be run, and where that says its version."""
    package = resources.files("cicd")
    text = package.joinpath("repos/pre_push.sh").read_text("utf-8")
    version = str(package.joinpath("__init__.py"))
    program = Path(sys.executable).parent / "cicd"
    for mark, value in (("@PROGRAM@", str(program)), ("@VERSION@", version)):
        text = text.replace(mark, shlex.quote(value))
    return os.fsencode(text)


def _refused(place: HookPlace, error: OSError) -> Unavailable:
    return Unavailable(
        f"{place.directory} cannot be written to: {error.strerror}",
        hint="look at its permissions",
    )
