"""Running git so that it neither asks, nor runs hooks, nor touches what is the user's."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from cicd.errors import CicdError, Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# No hook or monitor of a repository may run or ask; bytes come out as they went in. Its filters
# (git-lfs is one) run where files are written, as git does it.
CONFIGURATION = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.sparseCheckout": "false",
    "core.autocrlf": "false",
    "core.quotePath": "false",
    "submodule.recurse": "false",
    "i18n.logOutputEncoding": "UTF-8",
}
QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GCM_INTERACTIVE": "never",
    "GIT_OPTIONAL_LOCKS": "0",  # reading the status must not rewrite the user's index
    "LC_ALL": "C",
}
# Set when we are called from a hook, and then about another repository than the one asked for.
FOREIGN = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"),
)
"""Variables that mean one repository, and must not reach commands about another."""
_LOGIN = re.compile(r"(\w+://)([^/\s]+)@")


def git_said(
    directory: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    given: bytes = b"",
) -> bytes:
    """Give what git prints; raises ``Unavailable`` in its own words when it refuses."""
    said = run_git(directory, arguments, variables or {}, given)
    if said.returncode != 0:
        raise refusal(directory, as_text(said.stderr))
    return said.stdout


def run_git(
    directory: Path,
    arguments: tuple[str, ...],
    variables: Mapping[str, str],
    given: bytes = b"",
) -> subprocess.CompletedProcess[bytes]:
    """Run git in ``directory``; whatever it says and however it ends is the caller's to judge."""
    settings = [word for pair in CONFIGURATION.items() for word in ("-c", "=".join(pair))]
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment.update(QUIET)
    environment.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    environment.update(variables)
    try:
        return subprocess.run(
            ["git", *settings, *arguments],
            cwd=directory,
            env=environment,
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        if not directory.is_dir():
            raise UsageError(
                f"{directory} is not a directory", hint="name a directory that is there"
            ) from error
        raise Unavailable("git is not installed", hint="install git, then try again") from error
    except OSError as error:
        raise Unavailable(
            f"git cannot be run in {directory}: {error.strerror}", hint="look at its permissions"
        ) from error


def as_variables(configuration: Mapping[str, str]) -> dict[str, str]:
    """Say a configuration by environment, after what the user says that way already."""
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(configuration))}
    for n, (key, value) in enumerate(configuration.items(), first):
        variables |= {f"GIT_CONFIG_KEY_{n}": key, f"GIT_CONFIG_VALUE_{n}": value}
    return variables


def refusal(directory: Path, said: str) -> CicdError:
    """Turn what git printed before it gave up into words of ours, with the way out."""
    if "dubious ownership" in said:
        owned = re.search(r"repository at '(.+?)'", said)
        where = owned[1] if owned else str(directory)
        return Unavailable(
            f"git does not trust {where}: somebody else owns it",
            hint=f"git config --global --add safe.directory '{where}'",
        )
    # Of a write that the disk refuses while it fills up, git names the file but not the reason.
    if re.search("No space left on device|Disk quota exceeded|unable to write file", said):
        return Unavailable(
            f"git found no room to write in {directory}", hint="free some space, then try again"
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines[-1:]
    reason = re.sub(r"^(fatal|error): ", "", fatal[0]) if fatal else "it gave no reason"
    return Unavailable(
        f"git cannot go on in {directory}: {without_password(reason)}",
        hint="run git status and git fsck there",
    )


def common_directory(git_dir: Path) -> Path:
    """Give the directory that holds objects and refs: a worktree's is that of its repository."""
    try:
        written = (git_dir / "commondir").read_bytes()
    except OSError:
        return git_dir
    return git_dir / os.fsdecode(written).removesuffix("\n")


def as_text(data: bytes) -> str:
    """Decode what git printed; what is not UTF-8 is replaced."""
    return data.decode("utf-8", "replace")


def without_password(text: str) -> str:
    """
    Give a text without users and passwords in its URLs; the user of ``ssh://`` stays.

    Over http a user may be a token; over ssh it names an account, and the place is another
    without it. ``git@host:path`` has no room for a password.
    """
    return _LOGIN.sub(
        lambda found: (
            f"{found[1]}{found[2].partition(':')[0]}@" if found[1].endswith("ssh://") else found[1]
        ),
        text,
    )


def make_directory(directory: Path) -> None:
    """Make ``directory`` if it is not there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{directory} cannot be made: {error.strerror}", hint="look at its permissions"
        ) from error


def empty_directory(directory: Path) -> None:
    """Take back what was begun in ``directory``, which stays."""
    import shutil

    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
