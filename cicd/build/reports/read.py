"""Reports out of a session: their files picked and read, the whole kept, its summary given."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cicd.build.artifacts.delivery import deliver_zip, move_files
from cicd.build.artifacts.patterns import Placed, select
from cicd.build.artifacts.pick import NothingFound, Picker, unset
from cicd.build.plan import BuildPlan
from cicd.build.reports import discover
from cicd.build.reports.formats import COVERAGE_FORMATS, REPORT_FORMATS
from cicd.build.reports.history import summaries
from cicd.build.reports.kept import keep_report, masked
from cicd.build.reports.model import ReportType, ReportUnreadable
from cicd.build.reports.summary import group_name, summary
from cicd.build.reports.tally import Tally
from cicd.build.shell.script import expand
from cicd.engine.redaction import Redactor
from cicd.errors import CicdError
from cicd.ports import Services
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cicd.build.plan import ReportPlan
    from cicd.event import JSON
    from cicd.ports import ArtifactFile

EXPORTS = "exports"  # below the home: a directory for each bucket
BUILDS_BEFORE = 20  # that are looked at for a group's report before this one


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReader:
    """Reads the reports that one command of the build is after."""

    plan: BuildPlan
    stream: str
    services: Services
    picker: Picker
    redactor: Redactor
    search: Callable[[Sequence[str], str], tuple[list[str], str, int]]  # BuildShell.ask_and_run

    def read(self, wanted: ReportPlan) -> dict[str, JSON]:
        """Read the files of one report group, and give the report's summary."""
        picker = self.picker
        texts = (wanted.group, wanted.base_directory, *wanted.files)
        values = picker.values("names", texts)
        chosen: tuple[tuple[str, str], ...] = ()
        base = expand(wanted.base_directory, values)
        patterns = [expand(pattern, values) for pattern in wanted.files]
        try:
            chosen = picker.choose(base, patterns, []).files
        except NothingFound as problem:
            picker.say(str(problem))
        report = self._report(
            chosen,
            group=self.redactor.redact(expand(wanted.group, values)),
            file_format=wanted.file_format,
            flat=wanted.discard_paths,
        )
        wrong = unset(texts, values)
        if not chosen:
            wrong.append(picker.why_nothing(base, patterns, []))
        if not wrong:
            return report
        return {**report, "nothing": self.redactor.redact(f"{wanted.where}: " + "\n".join(wrong))}

    def discover(self) -> Iterator[dict[str, JSON]]:
        """
        Look for reports that no group names, and give the summary of one for each format.

        Source: user guide, "Test report auto-discovery"; the lines are the logs'.
        """
        picker = self.picker
        began = self.services.clock.now()
        root = picker.session.places["src"]
        (switch, directory), said, status = self.search(
            [f"${{{discover.SWITCH}-}}", f"${{{discover.DIRECTORY}-}}"],
            discover.search_script(root),
        )
        if discover.is_off(switch):
            return
        picker.say(f"Set report auto-discover timeout to {discover.SECONDS} seconds")
        found = self._found(root, directory, said, status)
        took = (self.services.clock.now() - began).total_seconds()
        by_format = self._by_format(root, found)
        if not by_format:
            picker.say("No matching auto-discover report paths found")
        picker.say(f"Report auto-discover file discovery took {took:.6f} seconds")
        for file_format, chosen in by_format.items():
            group = discover.group_of(file_format)
            yield self._report(chosen, group=group, file_format=file_format)

    def _by_format(self, root: str, paths: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        """Look into the files, and give those that are reports by their format."""
        found: dict[str, list[tuple[str, str]]] = {}
        with self.picker.out(_placed((root, path) for path in paths), {}) as files:
            for file in files:
                with file.source.open("rb") as opened:
                    head = opened.read(discover.HEAD)
                file_format = discover.file_format_of(file.path, head)
                if file_format is not None:
                    found.setdefault(file_format, []).append((root, file.path))
        return found

    def _found(self, root: str, directory: str, said: str, status: int) -> tuple[str, ...]:
        """Give the files below ``root`` that may be reports and that no group has read."""
        picker = self.picker
        picker.say("Expanding base directory path:  .", "Assembling file list", "Expanding .")
        picker.say("Expanding file paths for base directory .")
        known = discover.found_in(said)
        selection = select(known, discover.patterns_of(directory), [])
        picker.say(*selection.log)
        if status == discover.TIMED_OUT:
            picker.say("Report auto-discover file discovery timed out")
        return self._untaken(root, selection.paths)

    def _untaken(self, root: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Leave out what the report groups of the buildspec have read."""
        if not paths or not self.plan.reports:
            return paths
        texts = [t for r in self.plan.reports for t in (r.base_directory, *r.files)]
        values = self.picker.values("names", texts)
        for wanted in self.plan.reports:
            taken = discover.taken(
                paths,
                root=root,
                base=expand(wanted.base_directory, values),
                patterns=[expand(pattern, values) for pattern in wanted.files],
            )
            paths = tuple(path for path in paths if path not in taken)
        return paths

    def _report(
        self,
        chosen: Sequence[tuple[str, str]],
        *,
        group: str,
        file_format: str,
        flat: bool = False,
    ) -> dict[str, JSON]:
        """Read the files, (directory, path) pairs, and keep what they say."""
        is_coverage = file_format in COVERAGE_FORMATS
        tally = Tally(type=ReportType.CODE_COVERAGE if is_coverage else ReportType.TEST)
        try:
            with self.picker.out(_placed(chosen, flat=flat), {}) as files:
                for file in files:
                    self._read_file(file, file_format, tally)
                self._export(group, files)
        except CicdError as problem:  # a report is not worth the build's status
            tally.unreadable.append(problem.message)
        report = masked(tally.report(), self.redactor)
        self.picker.say(*(f"Unable to parse report file {text}" for text in report.unreadable))
        return summary(
            report,
            plan=self.plan,
            group=group,
            file_format=file_format,
            created=self.services.clock.now(),
            digest=keep_report(report, self.services.artifacts, home=self.services.home),
            previous=self._previous(group_name(self.plan, group)),
        )

    def _read_file(self, file: ArtifactFile, file_format: str, tally: Tally) -> None:
        """Add up one file; nothing of it counts if its end cannot be read."""
        read = REPORT_FORMATS.get(file_format)
        own = Tally(type=tally.type)
        try:
            with file.source.open("rb") as opened:
                own.add(read(opened), path=file.path)
        except ReportUnreadable as problem:
            tally.unreadable.append(problem.at(file.path))
        except OSError as problem:
            tally.unreadable.append(f"{file.path}: {problem.strerror}")
        else:
            tally.take(own)

    def _export(self, group: str, files: Sequence[ArtifactFile]) -> None:
        """
        Lay the raw files where their group exports them to.

        Source: API Reference, "ReportExportConfig"; below which names is not documented.
        """
        name = group_name(self.plan, group)
        wanted = next((e for e in self.plan.report_exports if e.group == name), None)
        if wanted is None or not files:
            return
        there = self.services.home / EXPORTS / wanted.place / name / self.plan.uuid
        try:
            each = tuple({file.path: file for file in files}.values())
            kept = self.services.artifacts.put(each)
            if wanted.packaging == "ZIP":
                there = there.with_name(f"{there.name}.zip")
                deliver_zip(kept, self.services.artifacts, there)
            else:
                move_files(each, there)
        except CicdError as problem:
            self.picker.say(f"Raw data of {name} could not be exported: {problem.message}")
        else:
            self.picker.say(f"Raw data of {name} is exported to {there}")

    def _previous(self, name: str) -> Mapping[str, JSON] | None:
        """Give the summary of the group's newest report of a build before this one."""
        plan = self.plan
        if plan.shards:  # the others have other tests
            return None
        batch = f"build-batch/{plan.batch_id}" if plan.batch_id else None
        found = summaries(self.services, project=plan.project, builds=BUILDS_BEFORE, beside=batch)
        return next((s for at, s in found if at != self.stream and s["name"] == name), None)


def _placed(chosen: Iterable[tuple[str, str]], *, flat: bool = False) -> list[Placed]:
    """Say where each file is; two of one name are both read, unlike files of an artifact."""
    return [
        Placed(directory=at, path=path, target=posixpath.basename(path) if flat else path)
        for at, path in chosen
    ]
