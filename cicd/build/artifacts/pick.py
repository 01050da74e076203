"""Out of the session: which files the patterns of a buildspec mean, and their bytes."""

from __future__ import annotations

import os
import posixpath
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cicd.build.artifacts.nothing import no_base_directory, nothing_matched
from cicd.build.artifacts.patterns import (
    Placed,
    base_directories,
    deepest,
    is_pattern,
    normal,
    reach,
    select,
    split_pattern,
    stays_inside,
)
from cicd.build.shell.script import names_in, value_of
from cicd.errors import UsageError
from cicd.ports import ArtifactFile, Session
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.ports import FileEntry

Say: TypeAlias = Callable[..., None]
Ask: TypeAlias = Callable[[str, Sequence[str]], list[str]]


class NothingFound(Exception):
    """
    There is nothing to take; the text is the service's CLIENT_ERROR message.

    ``hint`` says what is there instead; ``base``: there is not even the base directory.
    """

    def __init__(self, message: str, *, hint: str = "", base: bool = False) -> None:
        """Take what to say."""
        super().__init__(message)
        self.hint = hint
        self.base = base


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the patterns of one artifact or report chose in a session."""

    files: tuple[tuple[str, str], ...]  # (directory, path) pairs
    links: dict[str, str]  # those that stay links, and others: absolute path → its text
    skipped: tuple[str, ...]  # what was not taken, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """
    Picks files of one session.

    ``say`` writes lines to the build's log; ``ask(what, expressions)`` lets the build's shell
    expand them; ``home`` is where files stay on their way.
    """

    session: Session
    home: Path
    say: Say
    ask: Ask

    def values(self, what: str, texts: Sequence[str]) -> dict[str, str]:
        """Give the values of the variables that ``texts`` name, of those that the shell has."""
        names = tuple(dict.fromkeys(name for text in texts for name in names_in(text)))
        if not names:
            return {}
        answers = self.ask(what, [value_of(name) for name in names])
        return {name: a[1:] for name, a in zip(names, answers, strict=True) if a}

    def choose(
        self,
        base: str,
        patterns: Sequence[str],
        excludes: Sequence[str],
        *,
        keep_links: bool = False,
    ) -> Choice:
        """
        Give the files that patterns choose.

        Links that lead out of their directory, or are not kept, are followed; what leads to no
        file, or round, is left out then.
        Raises ``NothingFound`` when there is no such base directory.

        Source: user guide, "artifacts"; absolute patterns outside the base directory land by
        their last component, which the guide does not say.
        """
        self.say(f"Expanding base directory path: {base}", "Assembling file list")
        self.say(f"Expanding {base}")
        roots = self._roots(base, deepest(patterns))
        if not roots:
            message = f"no matching base directory path found for {base}"
            raise NothingFound(message, base=True)
        self.say(f"Expanding file paths for base directory {base}")
        inside, outside = _by_root(patterns, tuple(roots))
        known = {path for entries in roots.values() for path in entries}
        selection = select(sorted(known), inside, excludes)
        self.say(*selection.log)
        skipped = [f"{pattern} is no file that is there" for pattern in selection.missing]
        links = {
            f"{root}/{path}": entry.link
            for root, entries in roots.items()
            for path, entry in entries.items()
            if keep_links and entry.link is not None and stays_inside(path, entry.link)
        }
        chosen = [
            (root, path)
            for root, entries in roots.items()
            for path in selection.paths
            if path in entries
            and (f"{root}/{path}" in links or self._leads(root, path, entries[path], skipped))
        ]
        for pattern in outside:
            directory, rest = split_pattern(pattern)
            entries = self._files(directory, reach(rest)) or {}
            found = select(sorted(entries), [rest], [])
            self.say(f"Expanding {pattern}", *found.log[2:])
            skipped += [f"{pattern} is no file that is there" for _ in found.missing]
            chosen += [
                (posixpath.dirname(f"{directory}/{path}"), posixpath.basename(path))
                for path in found.paths
                if self._leads(directory, path, entries[path], skipped)
            ]
        return Choice(files=tuple(chosen), links=links, skipped=tuple(skipped))

    def why_nothing(self, base: str, patterns: Sequence[str], excludes: Sequence[str]) -> str:
        """Say what is there where ``choose`` found nothing."""
        roots = self._roots(base)
        if not roots:
            return no_base_directory(base, sorted(self._files(self.session.places["src"]) or ()))
        files = sorted({path for entries in roots.values() for path in entries})
        inside, outside = _by_root(patterns, tuple(roots))
        return nothing_matched(base, files, [*inside, *outside], excludes)

    def _leads(self, root: str, path: str, entry: FileEntry, skipped: list[str]) -> bool:
        """Tell whether an entry can be followed to a file or a directory's end; else note it."""
        if entry.link is None:
            return True
        place = f"{root}/{path}"
        there = normal(posixpath.join(posixpath.dirname(place), entry.link))
        if not entry.broken and not place.startswith(f"{there.rstrip('/')}/"):
            return True
        why = f"{path}: the link leads to no file, or round"
        self.say(f"Skipping invalid file path {why}")
        skipped.append(why)
        return False

    def _roots(self, base: str, depth: int | None = None) -> dict[str, dict[str, FileEntry]]:
        """Give the directories that a base directory means, each with its files so deep."""
        source = self.session.places["src"]
        if not is_pattern(base):
            root = normal(posixpath.join(source, base))
            entries = self._files(root, depth)
            return {} if entries is None else {root: entries}
        if base.startswith("/"):
            top, pattern = split_pattern(base)
        else:
            top, pattern = source, base
        everything = self._files(top) or {}
        return {
            f"{top}/{directory}": {
                path.removeprefix(f"{directory}/"): entry
                for path, entry in everything.items()
                if path.startswith(f"{directory}/")
            }
            for directory in base_directories(everything, pattern)
        }

    def _files(self, directory: str, depth: int | None = None) -> dict[str, FileEntry] | None:
        try:
            return {entry.path: entry for entry in self.session.files(directory, depth=depth)}
        except UsageError:  # it is not a directory
            return None

    @contextmanager
    def out(
        self, placed: Sequence[Placed], links: dict[str, str]
    ) -> Iterator[tuple[ArtifactFile, ...]]:
        """Copy files out of the session for as long as the block lasts."""
        with tempfile.TemporaryDirectory(dir=self.home, prefix="collect-") as name:
            files: list[ArtifactFile] = []
            directories = dict.fromkeys(item.directory for item in placed)
            for number, directory in enumerate(directories):
                here = [item for item in placed if item.directory == directory]
                there = Path(name) / str(number)
                there.mkdir()
                linked = {item.path: links.get(f"{directory}/{item.path}") for item in here}
                plain = [item.path for item in here if linked[item.path] is None]
                self.session.copy_out(directory, plain, there)
                for item in here:
                    files += _artifact_files(there / item.path, item.target, linked[item.path])
            yield tuple(files)


def unset(texts: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Say which variables that ``texts`` name the build's shell does not have."""
    return [
        f"the variable {name} of '{text}' is not set at the end of the build"
        for text in texts
        for name in names_in(text)
        if name not in values
    ]


def _by_root(patterns: Sequence[str], roots: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part patterns into those below a root, made relative to it, and absolute ones elsewhere."""
    inside: list[str] = []
    outside: list[str] = []
    for pattern in patterns:
        absolute = pattern
        if not pattern.startswith("/"):
            if not normal(pattern).startswith("../"):
                inside.append(pattern)
                continue
            absolute = normal(posixpath.join(roots[0], pattern))
        root = next((r for r in roots if absolute.startswith(f"{r}/")), None)
        if root is None:
            outside.append(absolute)
        else:
            inside.append(absolute.removeprefix(f"{root}/"))
    return inside, outside


def _artifact_files(source: Path, target: str, link: str | None) -> list[ArtifactFile]:
    if link is not None:
        return [ArtifactFile(path=target, source=source, link=link)]
    mode = os.stat(source).st_mode  # noqa: PTH116 - there are tens of thousands of them
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):  # it is since it was chosen
        raise UsageError(f"'{target}' is neither a file nor a directory")
    if stat.S_ISREG(mode):
        return [ArtifactFile(path=posixpath.normpath(target), source=source, mode=mode & 0o777)]
    inner = sorted(path for path in source.rglob("*") if path.is_file())  # a link, followed
    return [
        ArtifactFile(
            path=posixpath.normpath(f"{target}/{path.relative_to(source).as_posix()}"),
            source=path,
            mode=path.stat().st_mode & 0o777,
        )
        for path in inner
    ]
