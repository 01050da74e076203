"""A home that came with a repository: what git has of it beside the settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from cicd.errors import Unavailable
from cicd.repos.git_command import run_git

if TYPE_CHECKING:
    from pathlib import Path

_WRITTEN_OUT: Final = (b"DIRC\0\0\0\2", b"DIRC\0\0\0\3")
_COMMON: Final = (".gitignore", "config.toml")  # what is there to be committed


def refuse_committed(home: Path) -> None:
    """
    Raise ``Unavailable`` for a home of which git has more than its settings.

    Who cloned it would believe another's state: files would be written through the links in it,
    sessions in it ended, and git run with the configuration of the repositories in it.
    """
    if not os.path.lexists(home):
        return
    git = next((d / ".git" for d in home.parents if os.path.lexists(d / ".git")), None)
    if git is None or not _may_name(git, home.name):
        return
    # Some file systems take other letters for the same name.
    said = run_git(home.parent, ("ls-files", "-z", "--", f":(icase,literal){home.name}"), {})
    if said.returncode != 0:
        return  # git does not look into that repository, and nobody has cloned it
    names = [os.fsdecode(name) for name in said.stdout.split(b"\0") if name]
    foreign = [name for name in names if name.partition("/")[2] not in _COMMON]
    if foreign:
        more = f" and {len(foreign) - 1} more files" if len(foreign) > 1 else ""
        raise Unavailable(
            f"{home} came with the repository: git has {foreign[0]}{more}",
            hint=f"remove it, or name another place with --home; if it is your own, and was "
            f"committed by mistake: git rm -r --cached {home.name}",
        )


def _may_name(git: Path, name: str) -> bool:
    """
    Tell whether git's index may name something in a directory; most often it is seen not to.

    A process of git's would cost each command of ours more than all else that it looks at.
    Source: gitformat-index: versions 2 and 3 write every path out.
    """
    try:
        if any(git.glob("sharedindex.*")):
            return True  # it is in two parts
        index = (git / "index").read_bytes()
    except FileNotFoundError:
        return False  # nothing is tracked
    except OSError:  # a worktree's, say: a file that leads to it
        return True
    if not name.isascii() or index[:8] not in _WRITTEN_OUT:
        return True
    return name.lower().encode() in index.lower()
