"""A build's process, played without any hands."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cicd.build.commands import RunCommand
from cicd.build.plan import (
    ArtifactPlan,
    BuildPlan,
    CommandLine,
    PhasePlan,
    ReportPlan,
    SourcePlan,
)
from cicd.build.process import BuildProcess
from cicd.build.spec import COMMAND_PHASES, PhaseType
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import Event, EventKind

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def plan(*phases: PhasePlan, artifacts: int = 0, reports: int = 0) -> BuildPlan:
    given_phases = {p.phase: p for p in phases}
    return BuildPlan(
        build_id="app:1",
        number=1,
        project="app",
        account="123456789012",
        region="us-east-1",
        created=NOW,
        runner="scripted",
        image="",
        build_image="aws/codebuild/standard:7.0",
        environment_type="LINUX_CONTAINER",
        compute_type="BUILD_GENERAL1_SMALL",
        privileged=False,
        sources=(SourcePlan(identifier="", directory=Path("/src")),),
        buildspec="buildspec.yml",
        phases=tuple(
            given_phases.get(p, PhasePlan(phase=p, present=False)) for p in COMMAND_PHASES
        ),
        artifacts=tuple(
            ArtifactPlan(identifier="", output="", name="a") for _ in range(artifacts)
        ),
        reports=tuple(
            ReportPlan(group="g", files=("x",), file_format="JUNITXML") for _ in range(reports)
        ),
        timeout=timedelta(minutes=60),
        queued_timeout=timedelta(minutes=480),
        initiator="tester",
    )


def phase(name: str, *commands: str, finally_: tuple[str, ...] = (), **more) -> PhasePlan:
    return PhasePlan(
        phase=PhaseType(name),
        present=True,
        commands=tuple(CommandLine(text=c, where="b:1:1") for c in commands),
        finally_commands=tuple(CommandLine(text=c, where="b:2:1") for c in finally_),
        **more,
    )


class Run:
    """Plays the loop: a second passes with every event."""

    def __init__(self, of: BuildPlan):
        self.process = BuildProcess(of)
        self.events = []
        self.state = self.process.initial()
        self.now = NOW
        self.started = []
        self.add(EventKind.SUBMITTED)

    def add(self, kind, key="", **data):
        self.now += timedelta(seconds=1)
        event = Event(kind=kind, at=self.now, key=key, data=data)
        self.events.append(event)
        self.state = self.process.apply(self.state, event)

    def decide(self):
        return self.process.decide(self.state, self.now)

    def start(self):
        (command,) = self.decide().start
        self.started.append(command)
        self.add(EventKind.STARTED, command.key, command=encode(command))
        return command

    def finish(self, status=OutcomeStatus.DONE, reason=None, **detail):
        outcome = Outcome(status=status, detail=detail, reason=reason)
        self.add(EventKind.FINISHED, self.state.running.key, outcome=encode(outcome))

    def to_the_end(self, failing=()):
        """Run on; commands whose text is in ``failing`` exit with 1."""
        while not (conclusion := self.decide().conclude):
            command = self.start()
            text = (
                self.process.command_line(command).text if isinstance(command, RunCommand) else ""
            )
            if text in failing:
                self.finish(OutcomeStatus.FAILED, exitStatus=1)
            else:
                self.finish()
        self.add(EventKind.CONCLUDED, status=conclusion)
        return self

    @property
    def texts(self):
        return [
            self.process.command_line(c).text for c in self.started if isinstance(c, RunCommand)
        ]

    @property
    def phases(self):
        return {r.phase.value: r.status.value for r in self.state.phases if r.phase != "COMPLETED"}
