"""What a build leaves: artifacts, reports and exported variables, out of its session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.commands import DiscoverReports, ReadReport, UploadArtifacts
from cicd.build.download_source import failed
from cicd.build.log.journal import Journal
from cicd.build.plan import BuildPlan
from cicd.build.shell.script import value_of
from cicd.build.shell.shell import BuildShell
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.errors import CicdError
from cicd.ports import Services
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.build.artifacts.pick import Picker
    from cicd.build.reports.read import ReportReader
    from cicd.event import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """The hands of UPLOAD_ARTIFACTS, and of what FINALIZING takes along."""

    plan: BuildPlan
    stream: str
    services: Services
    journal: Journal
    shell: BuildShell

    def artifacts(self) -> Outcome:
        """Pick, keep and deliver what the buildspec names."""
        from cicd.build.artifacts.collect import Collector
        from cicd.build.artifacts.pick import NothingFound

        collector = Collector(
            plan=self.plan,
            artifacts=self.services.artifacts,
            redactor=self.shell.values()[1],
            picker=self._picker(UploadArtifacts().key),
        )
        made: list[JSON] = []
        for wanted in self.plan.artifacts:
            try:
                made.append(collector.artifact(wanted))
            except NothingFound as problem:
                why = failed("CLIENT_ERROR", str(problem), hint=problem.hint)
                taken = (*wanted.files, "")[0], wanted.where
                text, where = (wanted.base_directory, wanted.base_where) if problem.base else taken
                pattern = [self.journal.redacted(text), where]
                return replace(why, detail={**why.detail, "artifacts": made, "pattern": pattern})
        return Outcome(status=OutcomeStatus.DONE, detail={"artifacts": made})

    def report(self, command: ReadReport) -> Outcome:
        """Read one report of the buildspec."""
        report = self._reader(command.key).read(self.plan.reports[command.index])
        # A report says how the tests went; the commands' exit statuses decide about the build.
        return Outcome(status=OutcomeStatus.DONE, detail={"report": report})

    def discovered(self, command: DiscoverReports) -> Outcome:
        """Read the reports that nobody has named."""
        reports: list[JSON] = []
        try:
            reports.extend(self._reader(command.key).discover())
        except CicdError as problem:
            # Nobody asked for these reports, so that none is found changes nothing.
            self.journal.say(command.key, f"Reports could not be discovered: {problem.message}")
        return Outcome(status=OutcomeStatus.DONE, detail={"reports": reports})

    def exported(self, key: str) -> list[JSON]:
        """Give the variables that the buildspec exports, less those that hold a secret."""
        names = self.plan.exported_variables
        try:
            answers = self.shell.ask(f"{key}/exported", [value_of(name) for name in names])
            _, redactor = self.shell.values()
        except CicdError as problem:
            # What is exported is not worth losing the build's status over.
            self.journal.tell(key, f"Exported variables could not be read: {problem.message}")
            return []
        found: list[JSON] = []
        for name, answer in zip(names, answers, strict=True):
            value = answer[1:]
            if not answer:
                self.journal.tell(key, f"Exported variable {name} is not set")
            elif redactor.redact(value) != value:
                self.journal.tell(key, f"Exported variable {name} holds a secret: left out")
            else:
                found.append({"name": name, "value": value})
        return found

    def _picker(self, key: str) -> Picker:
        from cicd.build.artifacts.pick import Picker

        return Picker(
            session=self.shell.session,
            home=self.services.home,
            say=lambda *texts: self.journal.say(key, *texts),
            ask=lambda what, asked: self.shell.ask(f"{key}/{what}", asked),
        )

    def _reader(self, key: str) -> ReportReader:
        from cicd.build.reports.read import ReportReader

        _, redactor = self.shell.values()
        return ReportReader(
            plan=self.plan,
            stream=self.stream,
            services=self.services,
            redactor=redactor,
            picker=self._picker(key),
            search=lambda asked, script: self.shell.ask_and_run(f"{key}/search", asked, script),
        )
