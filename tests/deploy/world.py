"""Instances that are directories, a real artifact store, and everything else in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from cicd.backends.target_directory import DirectoryTarget
from cicd.backends.watcher import MachineWatcher
from cicd.deploy.config import PREDEFINED
from cicd.deploy.group import DeploymentGroup
from cicd.deploy.run import DeploymentRequest, run_deployment
from cicd.engine.clock import SystemClock
from cicd.errors import UsageError
from cicd.ports import Services, TargetSpec
from cicd.store.artifacts import ArtifactFiles
from cicd.store.caches import CacheFiles
from cicd.testing.fakes import (
    MemoryEventLog,
    MemoryExecutionIndex,
    MemoryLogStore,
    RecordingReporter,
    counting_ids,
)

GROUP_ID = "6f5b"
AGENT_ROOT = "opt/codedeploy-agent/deployment-root"


def nothing(_):
    raise UsageError("there is no such thing in this world")


class NoSecrets:
    def parameter(self, name):
        return None

    def secret(self, reference):
        return None


@dataclass
class World:
    """One group of instances below ``root``; revisions are written and deployed by name."""

    root: Path
    ids: tuple[str, ...] = ("web-1",)
    config: str = "OneAtATime"
    rollback: tuple = ()
    group_name: str = "web"
    group_id: str = GROUP_ID
    isolated: bool | None = None
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    executions: MemoryExecutionIndex = field(default_factory=MemoryExecutionIndex)
    logs: MemoryLogStore = field(default_factory=MemoryLogStore)
    watcher: object = field(default_factory=MachineWatcher)
    reporter: RecordingReporter = field(default_factory=RecordingReporter)

    def __post_init__(self):
        self.services = Services(
            home=self.root / "home",
            log=self.log,
            executions=self.executions,
            logs=self.logs,
            artifacts=ArtifactFiles(self.root / "home" / "artifacts"),
            caches=CacheFiles(self.root / "home", SystemClock()),
            secrets=NoSecrets(),
            clock=SystemClock(),
            reporters=(self.reporter,),
            new_id=counting_ids(),
            runner=nothing,
            source=nothing,
            working_tree=nothing,
            target=lambda spec: DirectoryTarget(spec, isolated=self.isolated),
            watcher=lambda: self.watcher,
        )

    def listen(self, reporter):
        """Tell ``reporter`` what happens from now on."""
        self.services = replace(self.services, reporters=(reporter,))

    def spec(self, name):
        return TargetSpec(
            id=name,
            location=str(self.root / name),
            variables=(("NAME", name),),
            endpoint=f"http://{name}",
        )

    @property
    def group(self):
        return DeploymentGroup(
            application_name="shop",
            name=self.group_name,
            id=self.group_id,
            config=PREDEFINED[f"CodeDeployDefault.{self.config}"],
            targets=tuple(self.spec(name) for name in self.ids),
            rollback_events=self.rollback,
        )

    def revision(self, name, appspec, files=None):
        """Write a revision: ``appspec`` goes below "version" and "os"."""
        directory = self.root / "revisions" / name
        directory.mkdir(parents=True)
        if appspec is not None:
            (directory / "appspec.yml").write_text("version: 0.0\nos: linux\n" + appspec)
        for path, content in (files or {}).items():
            place = directory / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
            if content.startswith("#!"):
                place.chmod(0o755)
        return directory

    def request(self, revision, **options):
        options.setdefault("refuse_invalid", False)
        return DeploymentRequest(group=self.group, revision=revision, **options)

    def deploy(self, revision, **options):
        return run_deployment(self.request(revision, **options), self.services)

    def at(self, path, instance="web-1"):
        """Say where a path of an instance is here."""
        return self.root / instance / path.lstrip("/")

    def agent(self, path, instance="web-1"):
        return self.root / instance / AGENT_ROOT / path

    def text(self, path, instance="web-1"):
        return self.at(path, instance).read_text()

    def script_log(self, result, instance="web-1"):
        """Give the lines of scripts.log without their times."""
        place = self.agent(f"{self.group_id}/{result.deployment_id}/logs/scripts.log", instance)
        if not place.exists():
            return []
        return [line[20:] for line in place.read_text().splitlines()]


def events(result, instance="web-1"):
    """Give {event: status} of one instance."""
    for target in result.deployment["deploymentTargets"]:
        shape = target["instanceTarget"]
        if shape["targetId"] == instance:
            return {e["lifecycleEventName"]: e["status"] for e in shape["lifecycleEvents"]}
    raise KeyError(instance)


def message(result):
    """Give what the first failed event says."""
    return result.detail["diagnostics"]["message"]


def statuses(result):
    return [
        target["instanceTarget"]["status"] for target in result.deployment["deploymentTargets"]
    ]


def hooks(**scripts):
    """Write a hooks section: hooks(AfterInstall="a.sh")."""
    lines = ["hooks:"]
    for event, location in scripts.items():
        lines += [f"  {event}:", f"    - location: {location}"]
    return "\n".join(lines) + "\n"


SH = "#!/bin/sh\n"
