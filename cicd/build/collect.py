"""Out of the session: the files of artifacts and of reports."""

from __future__ import annotations

import posixpath
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cicd.build.artifacts import (
    Placed,
    base_directories,
    is_pattern,
    key,
    normal,
    place,
    select,
    split_pattern,
)
from cicd.build.plan import BuildPlan
from cicd.build.reports import REPORT_FORMATS
from cicd.build.reports.model import CaseStatus, Report, ReportUnreadable, TestCase
from cicd.build.script import expand, names_in, value_of
from cicd.engine.output import Redactor
from cicd.errors import UsageError
from cicd.ports import ArtifactFile, Services, Session

if TYPE_CHECKING:
    from cicd.build.plan import ArtifactPlan, ReportPlan
    from cicd.event import JSON
    from cicd.ports import Artifact, FileEntry

Say: TypeAlias = Callable[..., None]
Ask: TypeAlias = Callable[[str, Sequence[str]], list[str]]

SHOWN_CASES = 50  # failed cases that an event tells of
SHOWN_MESSAGE = 1000  # characters of each


class CollectFailed(Exception):
    """An artifact could not be made; the text is the service's CLIENT_ERROR message."""


@dataclass(frozen=True, kw_only=True)
class Collector:
    """
    Collects what one command of the build is after.

    ``say`` writes lines to the build's log; ``ask(what, expressions)`` lets the build's shell
    expand them.
    """

    plan: BuildPlan
    session: Session
    services: Services
    redactor: Redactor
    say: Say
    ask: Ask

    def artifact(self, wanted: ArtifactPlan) -> dict[str, JSON]:
        """Pick the files of one artifact, keep them, deliver them; raises ``CollectFailed``."""
        if wanted.problem:
            raise CollectFailed(wanted.problem)
        texts = (wanted.base_directory, *wanted.files, *wanted.exclude_paths)
        values = self._values(wanted.output or "primary", texts)
        base = expand(wanted.base_directory, values)
        chosen, links = self._choose(
            base,
            [expand(pattern, values) for pattern in wanted.files],
            [expand(pattern, values) for pattern in wanted.exclude_paths],
        )
        if not chosen:
            raise CollectFailed("no matching artifact paths found")
        placed, clashes = place(chosen, discard_paths=wanted.discard_paths)
        self.say(*(f"Several files are called {name}: the last one is taken" for name in clashes))
        with self._out(placed, links if wanted.enable_symlinks else {}) as files:
            kept = self.services.artifacts.put(files)
        name = wanted.name
        if wanted.evaluate_name:
            (name,) = self.ask(f"{wanted.output or 'primary'}/name", [wanted.name])
        location = self._deliver(wanted, name, kept)
        return {
            "output": wanted.output,
            "identifier": wanted.identifier,
            "name": name,
            "packaging": wanted.packaging,
            "digest": kept.digest,
            "size": kept.size,
            "files": kept.files,
            "location": location,
        }

    def report(self, wanted: ReportPlan) -> dict[str, JSON]:
        """Read the files of one report group, and give its summary with what failed."""
        texts = (wanted.group, wanted.base_directory, *wanted.files)
        values = self._values("names", texts)
        group = expand(wanted.group, values)
        try:
            chosen, _ = self._choose(
                expand(wanted.base_directory, values),
                [expand(pattern, values) for pattern in wanted.files],
                [],
            )
        except CollectFailed as problem:
            self.say(str(problem))
            chosen = ()
        placed, _ = place(chosen, discard_paths=False)
        cases: list[TestCase] = []
        unreadable: list[str] = []
        with self._out(placed, {}) as files:
            for file in files:
                try:
                    cases += REPORT_FORMATS.get(wanted.file_format)(file.source.read_bytes())
                except ReportUnreadable as problem:
                    unreadable.append(f"{file.path}: {problem}")
        self.say(*(f"Unable to parse report file {text}" for text in unreadable))
        return self._summary(
            group, wanted, Report(cases=tuple(cases), unreadable=tuple(unreadable))
        )

    # ── Choosing ──────────────────────────────────────────────────────────────────────────────

    def _values(self, what: str, texts: Sequence[str]) -> dict[str, str]:
        names = tuple(dict.fromkeys(name for text in texts for name in names_in(text)))
        if not names:
            return {}
        answers = self.ask(what, [value_of(name) for name in names])
        return {name: answer[1:] for name, answer in zip(names, answers, strict=True)}

    def _choose(
        self, base: str, patterns: Sequence[str], excludes: Sequence[str]
    ) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
        """
        Give (directory, path) pairs, and the links among them: absolute path → its text.

        Source: user guide, "artifacts"; absolute patterns outside the base directory land by
        their last component, which the guide does not say.
        """
        self.say(f"Expanding base directory path: {base}", "Assembling file list")
        self.say(f"Expanding {base}")
        roots = self._roots(base)
        if not roots:
            raise CollectFailed(f"no matching base directory path found for {base}")
        self.say(f"Expanding file paths for base directory {base}")
        inside, outside = _by_root(patterns, tuple(roots))
        known = {path for entries in roots.values() for path in entries}
        selection = select(sorted(known), inside, excludes)
        self.say(*selection.log)
        chosen = [
            (root, path)
            for root, entries in roots.items()
            for path in selection.paths
            if path in entries
        ]
        links = {
            f"{root}/{path}": entry.link
            for root, entries in roots.items()
            for path, entry in entries.items()
            if entry.link is not None
        }
        for pattern in outside:
            directory, rest = split_pattern(pattern)
            found = select(sorted(self._files(directory) or ()), [rest], [])
            self.say(f"Expanding {pattern}", *found.log[2:])
            chosen += [
                (posixpath.dirname(f"{directory}/{path}"), posixpath.basename(path))
                for path in found.paths
            ]
        return tuple(chosen), links

    def _roots(self, base: str) -> dict[str, dict[str, FileEntry]]:
        """Give the directories that a base directory means, each with its files."""
        source = self.session.places["src"]
        if not is_pattern(base):
            root = normal(posixpath.join(source, base))
            entries = self._files(root)
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

    def _files(self, directory: str) -> dict[str, FileEntry] | None:
        try:
            return {entry.path: entry for entry in self.session.files(directory)}
        except UsageError:  # it is not a directory
            return None

    @contextmanager
    def _out(
        self, placed: Sequence[Placed], links: dict[str, str]
    ) -> Iterator[tuple[ArtifactFile, ...]]:
        """Copy files out of the session for as long as the block lasts."""
        with tempfile.TemporaryDirectory(dir=self.services.home, prefix="collect-") as name:
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

    # ── Results ───────────────────────────────────────────────────────────────────────────────

    def _deliver(self, wanted: ArtifactPlan, name: str, kept: Artifact) -> str:
        """Put the artifact where the user wants it, too; gives the place or ""."""
        if self.plan.artifacts_directory is None:
            return ""
        below = key(
            name,
            packaging=wanted.packaging,
            path=wanted.path,
            namespace=wanted.namespace_type,
            build_uuid=self.plan.uuid,
            s3_prefix=wanted.s3_prefix,
        )
        place_ = self.plan.artifacts_directory / below
        if wanted.packaging == "ZIP":
            place_.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.services.artifacts.path(kept), place_)
        else:
            place_.mkdir(parents=True, exist_ok=True)
            self.services.artifacts.unpack(kept, place_)
        return str(place_)

    def _summary(self, group: str, wanted: ReportPlan, report: Report) -> dict[str, JSON]:
        plan = self.plan
        name = group if group.startswith("arn:") else f"{plan.project}-{group}"
        bad = [c for c in report.cases if c.status in {CaseStatus.FAILED, CaseStatus.ERROR}]
        redact = self.redactor.redact
        return {
            "name": name.rpartition("/")[2],
            "arn": f"arn:aws:codebuild:{plan.region}:{plan.account}:report/{name}:{plan.uuid}",
            "fileFormat": wanted.file_format,
            "status": report.status.value,
            "truncated": len(report.kept()) < len(report.cases),
            "total": len(report.cases),
            "statusCounts": {status.value: n for status, n in report.counts().items() if n},
            "durationInNanoSeconds": int(sum(c.seconds for c in report.cases) * 1_000_000_000),
            "unreadable": [redact(text) for text in report.unreadable],
            "failed": [
                {
                    "name": redact(case.name),
                    "testSuiteName": redact(case.suite),
                    "prefix": redact(case.prefix),
                    "status": case.status.value,
                    "message": redact(case.message)[:SHOWN_MESSAGE],
                }
                for case in bad[:SHOWN_CASES]
            ],
        }


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
    if source.is_dir():  # a link to a directory, followed
        inner = sorted(path for path in source.rglob("*") if path.is_file())
    else:
        inner = [source]
    return [
        ArtifactFile(
            path=posixpath.normpath(f"{target}/{path.relative_to(source).as_posix()}"),
            source=path,
            mode=path.stat().st_mode & 0o777,
        )
        for path in inner
    ]
