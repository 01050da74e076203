"""
What git knows, read without touching the user's index, working tree, ``HEAD`` or hooks.

The only importer of GitPython, and only where a repository is made:
importing it takes ten times as long as asking git itself, which every build does.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cicd.errors import CicdError, UsageError
from cicd.ports import Revision
from cicd.record import dataclass
from cicd.repos.git_command import (
    CONFIGURATION,
    QUIET,
    as_text,
    as_variables,
    empty_directory,
    git_said,
    make_directory,
    refusal,
    run_git,
    without_password,
)

_FORMAT = "%H%x00%an%x00%aI%x00%cI%x00%B"
_PINNED = re.compile(r"(?P<ref>refs/(?:heads|tags)/.+)\^\{(?P<commit>[0-9a-fA-F]{7,64})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """
    A git repository, seen from one directory of it.

    Every method raises ``Unavailable`` when git itself cannot go on.
    """

    root: Path  # top of the working tree; of a bare repository its directory
    git_dir: Path
    prefix: str  # where the directory asked for is below the root: "", or "services/api"
    bare: bool

    @property
    def directory(self) -> Path:
        """The directory that was asked for."""
        return self.root / self.prefix

    def is_empty(self) -> bool:
        """Tell whether ``HEAD`` has no commit yet."""
        return self._ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None

    def describe(self) -> Revision:
        """Say what ``HEAD`` is; ``dirty`` counts untracked files that are not ignored."""
        return self._revision(self.resolve(None), self.branch(), "", dirty=self._dirty())

    def revision(self, version: str | None) -> Revision:
        """Describe a commit, branch or tag without fetching it; see ``resolve``."""
        return self._named(self.resolve(version), version)

    def resolve(self, version: str | None) -> str:
        """
        Give the full commit id of a commit, branch or tag; None is ``HEAD``.

        A branch that only "origin" has counts too, and so does CodePipeline's own form
        "refs/heads/main^{commit}". Raises UsageError for anything else.
        """
        if version is None:
            found = self._ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
            if found is None:
                raise UsageError(
                    f"{self.root} has no commit yet",
                    hint="commit first; a pipeline takes files as they are with --working-tree",
                )
            return found
        pinned = _PINNED.fullmatch(version)
        for name in (pinned["commit"],) if pinned else (version, f"refs/remotes/origin/{version}"):
            # What begins with a dash would be an option; no ref can.
            if name and not name.startswith("-") and "\0" not in name:
                found = self._ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
                if found is not None:
                    return found
        branches = self._lines("for-each-ref", "--format=%(refname:strip=2)", "refs/heads")
        shown = ", ".join(branches[:5]) or "none"
        raise UsageError(
            f"'{version}' is not a commit, branch or tag of {self.root}",
            hint=f"its branches: {shown}{', …' if len(branches) > 5 else ''}",
        )

    def export(self, version: str | None, into: Path) -> Revision:
        """
        Write the files of ``version`` below ``prefix`` into ``into``, without ``.git``.

        Executable bits and symbolic links are kept, submodules stay empty directories.
        ``into`` is an empty directory, made if need be, and empty again when this raises.
        """
        commit = self.resolve(version)
        tree = self._ask("rev-parse", "--verify", "--quiet", f"{commit}:{self.prefix}")
        if tree is None:
            raise UsageError(
                f"'{self.prefix}' is not in commit {commit[:12]} of {self.root}",
                hint="commit it first; a pipeline takes the files as they are with --working-tree",
            )
        make_directory(into)
        from cicd.temporary import temporary

        with temporary("index") as private:
            try:
                git_said(
                    into,
                    "read-tree",
                    "--reset",
                    "-u",
                    tree,
                    variables={
                        "GIT_DIR": str(self.git_dir),
                        "GIT_WORK_TREE": str(into.absolute()),
                        "GIT_INDEX_FILE": str(private / "index"),
                    },
                )
            except CicdError:
                empty_directory(into)
                raise
        return self._named(commit, version)

    def clone(self, version: str | None, into: Path) -> Revision:
        """
        Make a repository of its own in ``into``, with the whole history, detached at ``version``.

        Its "origin" is the one of this repository. No object is shared with it,
        since a build may be root and write where it likes.
        """
        import git

        commit = self.resolve(version)
        revision = self._named(commit, version)
        make_directory(into)
        try:
            git.Repo.clone_from(
                str(self.git_dir if self.bare else self.root),
                str(into),
                env={**QUIET, **as_variables(CONFIGURATION), "GIT_TEMPLATE_DIR": ""},
                no_checkout=True,
                no_hardlinks=True,
            ).close()
            git_said(into, "remote", "set-url", "origin", revision.url)
            git_said(into, "checkout", "--quiet", "--detach", commit)
        except git.GitCommandError as error:
            empty_directory(into)
            raise refusal(self.root, str(error.stderr)) from error
        except CicdError:
            empty_directory(into)
            raise
        return revision

    def parent(self, commit: str) -> str:
        """Give the first parent of a commit; "" for the first one of all."""
        return self._ask("rev-parse", "--verify", "--quiet", f"{commit}^") or ""

    def fork(self, base: str, commit: str) -> str:
        """Give the commit at which ``commit`` left ``base``; raises UsageError without one."""
        at = self.resolve(base)
        return self._ask("merge-base", at, commit) or at

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """List the files that differ between two commits; before "" there was nothing."""
        sides = (before, after) if before else ("--root", after)
        listed = git_said(
            self.root, "diff-tree", "-r", "-z", "--name-only", "--no-commit-id", *sides
        )
        return tuple(sorted(os.fsdecode(name) for name in listed.split(b"\0") if name))

    def default_branch(self) -> str:
        """Give what "origin" calls its default branch, else "main" or "master"; "" for neither."""
        said = self._ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD") or ""
        found = said.removeprefix("origin/")
        heads = ("main", "master")
        return found or next((name for name in heads if self._has(f"refs/heads/{name}")), "")

    def is_tag(self, name: str) -> bool:
        """Tell whether a name is that of a tag, and not of a branch, too; "refs/tags/v1" is."""
        short = name.removeprefix("refs/tags/")
        doubted = short == name and self._has(f"refs/heads/{name}")
        return self._has(f"refs/tags/{short}") and not doubted

    def executables(self) -> dict[str, bool]:
        """Tell of each tracked file, by path below ``directory``, whether it is executable."""
        listed = git_said(self.directory, "ls-files", "-z", "--stage")
        found = {}
        for line in listed.split(b"\0"):
            facts, _, name = line.partition(b"\t")
            if name:
                found[os.fsdecode(name)] = facts.startswith(b"100755")
        return found

    def _named(self, commit: str, version: str | None) -> Revision:
        """Describe ``commit`` as ``version`` named it."""
        if version is None:
            return self._revision(commit, self.branch(), "")
        pinned = _PINNED.fullmatch(version)
        name = pinned["ref"] if pinned else version
        short = re.sub(r"^refs/(heads|tags|remotes/origin)/", "", name)
        if self._has(f"refs/remotes/{name}"):
            short = name.removeprefix("origin/")
        tag = name == f"refs/tags/{short}" or self._has(f"refs/tags/{short}")
        branch = not tag and any(
            self._has(f"{where}/{short}") for where in ("refs/heads", "refs/remotes/origin")
        )
        return self._revision(commit, short if branch else "", short if tag else "")

    def _revision(self, commit: str, branch: str, tag: str, *, dirty: bool = False) -> Revision:
        said = as_text(
            self._git("log", "-1", "--no-show-signature", f"--format={_FORMAT}", commit)
        )
        found, author, author_date, committer_date, message = said.split("\0", 4)
        tags = self._lines(
            "for-each-ref",
            "--sort=-version:refname",
            "--format=%(refname:strip=2)",
            f"--points-at={commit}",
            "refs/tags",
        )
        return Revision(
            id=found,
            branch=branch,
            tag=tag or (tags[0] if tags else ""),
            message=message.rstrip("\n"),
            author=author,
            author_date=author_date,
            committer_date=committer_date,
            url=self._url(),
            dirty=dirty,
        )

    def branch(self) -> str:
        """Give the branch that HEAD is on; "" for a detached one."""
        return self._ask("symbolic-ref", "--quiet", "--short", "HEAD") or ""

    def _dirty(self) -> bool:
        if self.bare:
            return False
        return bool(git_said(self.directory, "status", "--porcelain", "-z", "--", "."))

    def _has(self, ref: str) -> bool:
        # A rule of git's, such as "main~1", is no ref, whatever it leads to.
        return self._ask("show-ref", "--verify", "--quiet", ref) is not None

    def _url(self) -> str:
        """Address of "origin", or of the only remote, without a password; else the directory."""
        said = self._ask("config", "--get-regexp", r"^remote\..*\.url$") or ""
        remotes = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        url = remotes.get("remote.origin.url") or next(iter(remotes.values()), "")
        return without_password(url) if url else str(self.root)

    def _git(self, *arguments: str) -> bytes:
        return git_said(self.root, *arguments)

    def _lines(self, *arguments: str) -> list[str]:
        return as_text(self._git(*arguments)).splitlines()

    def _ask(self, *arguments: str) -> str | None:
        """Ask something that git answers with status 1 when there is no answer."""
        said = run_git(self.root, arguments, {})
        if said.returncode == 0:
            return as_text(said.stdout).strip()
        words = as_text(said.stderr).strip()
        # These say that there is no such version; anything else, that git cannot go on.
        if words and not re.search(r"revision|ambiguous|not a valid|dereferences", words):
            raise refusal(self.root, words)
        return None
