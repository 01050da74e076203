"""One lifecycle event on one instance: what the agent does, and what it reports."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.at_work import at_work, waiting
from cicd.deploy.agent.configuration import DEFAULTS, PLACE, AgentStopped, read_configuration
from cicd.deploy.agent.fault import AgentFault, LifecycleErrorCode
from cicd.deploy.agent.hooks import ScriptLog, run_scripts
from cicd.deploy.agent.installing import install
from cicd.deploy.agent.instance import ARCHIVE, InstanceDisk, Layout
from cicd.deploy.agent.own_files import OwnFiles
from cicd.deploy.fleet.fault import FaultKind
from cicd.deploy.fleet.trouble import Unreached
from cicd.deploy.lifecycle import PREVIOUS_REVISION, LifecycleEvent
from cicd.deploy.revision import read_as_agent
from cicd.deploy.traffic.control import allow_traffic, block_traffic
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.errors import CicdError
from cicd.ports import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cicd.deploy.agent.download import Download
    from cicd.deploy.fleet.trouble import Trouble
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.spec import AppSpec
    from cicd.engine.process import Scope
    from cicd.event import JSON
    from cicd.ports import InstanceTarget, Services


def _diagnostics(
    code: LifecycleErrorCode, message: str, *, script: str = "", tail: str = ""
) -> dict[str, JSON]:
    return {"errorCode": str(code), "scriptName": script, "message": message, "logTail": tail}


RESTARTED: Final[Mapping[str, JSON]] = {
    "diagnostics": _diagnostics(
        LifecycleErrorCode.UNKNOWN_ERROR,
        "Failed: Failing in-progress lifecycle event after an agent restart.",
    )
}
"""What is reported of an event whose agent died."""


class Agent:
    """
    The agent at one lifecycle event on one instance.

    Args:
        plan: The deployment.
        services: The services.
        target: The instance.
        event: Which one.
        scope: Of the command.
        download: The revision, which all instances of the deployment get.
        trouble: What may keep the agent from it.

    """

    def __init__(
        self,
        plan: DeploymentPlan,
        services: Services,
        target: InstanceTarget,
        event: LifecycleEvent,
        scope: Scope,
        *,
        download: Download,
        trouble: Trouble,
    ) -> None:
        """Take the event; nothing is done yet."""
        self._plan = plan
        self._services = services
        self._target = target
        self._event = event
        self._download = download
        self._trouble = trouble
        self._scope = scope
        self._disk = InstanceDisk(target)
        self._configuration = DEFAULTS
        self._layout = Layout(
            root=target.agent_root,
            group_id=plan.deployment_group_id,
            deployment_id=plan.deployment_id,
        )
        self._files = OwnFiles(target, self._disk)
        self._log = ScriptLog(
            layout=self._layout, files=self._files, clock=services.clock, say=self._say
        )

    def perform(self) -> Outcome:
        """Carry the event out; what the agent would report is in the outcome."""
        try:
            self._trouble.reach()
            with at_work():
                self._target.check()
                self._configuration = read_configuration(self._disk, self._files)
                self._log.of_all = self._configuration.enable_deployments_log
                if self._event is self._plan.events_of(self._target.id)[0]:
                    self._trouble.check_clock(self._target)
                    self._tell_of_lost(self._configuration.lost)
                with self._tracked():
                    with waiting():
                        self._trouble.before(self._event)
                    self._carry_out()
        except (Unreached, AgentStopped) as why:
            return Outcome(
                status=OutcomeStatus.FAULT,
                detail={
                    **self._failed(LifecycleErrorCode.UNKNOWN_ERROR, str(why)),
                    "unreached": True,
                },
            )
        except AgentFault as fault:
            if self._scope.cancel.reason is not None:
                return Outcome(
                    status=OutcomeStatus.CANCELLED,
                    reason=self._scope.cancel.reason,
                    detail=self._failed(fault.code, fault.message, fault.script),
                )
            return Outcome(
                status=OutcomeStatus.FAILED,
                detail=self._failed(fault.code, fault.message, fault.script),
            )
        except (CicdError, OSError) as reason:
            # The instance is at fault, not the deployment: the others go on.
            message = reason.message if isinstance(reason, CicdError) else str(reason)
            return Outcome(
                status=OutcomeStatus.FAULT,
                detail=self._failed(LifecycleErrorCode.UNKNOWN_ERROR, message),
            )
        finally:
            self._disk.release()
        return Outcome(status=OutcomeStatus.DONE)

    def _failed(self, code: LifecycleErrorCode, message: str, script: str = "") -> dict[str, JSON]:
        return {"diagnostics": _diagnostics(code, message, script=script, tail=self._log.tail())}

    def _tell_of_lost(self, keys: Sequence[str]) -> None:
        if keys:
            verb = "has" if len(keys) == 1 else "have"
            self._say(f"{PLACE}: {', '.join(keys)} {verb} no effect here")

    def _say(self, text: str) -> None:
        line = LogLine(at=self._services.clock.now(), origin=self._scope.key, text=text)
        self._services.logs.append(self._scope.stream, line)
        for reporter in self._services.reporters:
            reporter.line(self._scope.stream, line)

    @contextmanager
    def _tracked(self) -> Iterator[None]:
        layout, files = self._layout, self._files
        files.make(layout.deployment)
        files.make(layout.install_json.parent)
        files.write(layout.tracking, self._scope.key)
        try:
            yield
        finally:
            self._log.close()
            files.remove(layout.tracking)

    def _carry_out(self) -> None:
        match self._event:
            case LifecycleEvent.DOWNLOAD_BUNDLE:
                self._download.onto(self._layout, self._disk, self._files, self._configuration)
            case LifecycleEvent.INSTALL:
                self._install()
            case LifecycleEvent.BLOCK_TRAFFIC if self._plan.traffic is not None:
                with waiting():
                    block_traffic(self._plan.traffic, self._target.id, self._services)
            case LifecycleEvent.ALLOW_TRAFFIC if self._plan.traffic is not None:
                with waiting():
                    allow_traffic(
                        self._plan.traffic,
                        self._target.id,
                        self._services,
                        self._scope.cancel,
                        ill=lambda: self._trouble.suffers(FaultKind.UNHEALTHY),
                        say=self._say,
                    )
            case _:
                self._run_hooks()

    # ── Install ───────────────────────────────────────────────────────────────────────────────

    def _install(self) -> None:
        archive = f"{self._layout.deployment_inside}/{ARCHIVE}"
        install(
            self._appspec(archive),
            self._plan.file_exists_behavior,
            layout=self._layout,
            disk=self._disk,
            files=self._files,
            notice=self._say,
            is_full=lambda: self._trouble.suffers(FaultKind.DISK_FULL),
        )

    # ── Hooks ─────────────────────────────────────────────────────────────────────────────────

    def _run_hooks(self) -> None:
        archive = self._archive()
        if archive is None:
            return
        scripts = self._appspec(archive).hooks.get(self._event, ())
        if not scripts:
            return
        run_scripts(
            scripts,
            self._event,
            archive=archive,
            variables={
                "LIFECYCLE_EVENT": self._event,
                "DEPLOYMENT_ID": self._plan.deployment_id,
                "APPLICATION_NAME": self._plan.application_name,
                "DEPLOYMENT_GROUP_NAME": self._plan.deployment_group_name,
                "DEPLOYMENT_GROUP_ID": self._plan.deployment_group_id,
            },
            target=self._target,
            disk=self._disk,
            log=self._log,
            cancel=self._scope.cancel,
        )

    def _archive(self) -> str | None:
        """Say whose scripts run: "previous" is the last whose Install ended, not the last good."""
        layout = self._layout
        blue_green = self._plan.blue_green
        if blue_green is not None and blue_green.rollback:
            # Nothing is downloaded: what ran is what the instances have.
            blocks = self._event in PREVIOUS_REVISION
            kept = layout.most_recent_install if blocks else layout.last_successful_install
            recorded = self._files.recorded(kept)
            return None if recorded is None else f"{recorded}/{ARCHIVE}"
        if self._event in PREVIOUS_REVISION and not layout.archive.exists():
            recorded = self._files.recorded(layout.last_successful_install)
            return None if recorded is None else f"{recorded}/{ARCHIVE}"
        return f"{layout.deployment_inside}/{ARCHIVE}"

    def _appspec(self, archive: str) -> AppSpec:
        name = self._plan.appspec
        place = self._disk.followed(f"{archive}/{name}")
        if not place.is_file():
            raise AgentFault(
                "The CodeDeploy agent did not find an AppSpec file within the unpacked revision "
                f'directory at revision-relative path "{name}". The revision was unpacked to '
                f'directory "{archive}", and the AppSpec file was expected but not found at path '
                f'"{archive}/{name}". Consult the AWS CodeDeploy Appspec documentation for more '
                "information at "
                "http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html"
            )
        with self._disk.pinned(place) as pinned:
            appspec = read_as_agent(Path(pinned), name)
        if appspec.fault is not None:
            raise AgentFault(appspec.fault)
        return appspec
