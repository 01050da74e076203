"""What keeps the agent of an instance from doing a lifecycle event: no way to it, a wrong clock,
and what a member of a fleet is made to suffer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.fault import AgentFault, LifecycleErrorCode
from cicd.deploy.fleet.fault import Fault, FaultKind, parse_fault

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.ports import CancelToken, InstanceTarget, Services, TargetSpec

START_LIMIT: Final = timedelta(minutes=5)
"""
Within this a lifecycle event must begin.

Source: CodeDeploy User Guide, "Lifecycle event hook timeouts" (an event that does not start).
"""
MOST_SKEW: Final = timedelta(minutes=5)
"""
How far a clock may be off before a signature that was made by it is refused.

Source: Signature Version 4, the time stamp of a request.
"""
_DID_NOT_RUN: Final = (
    "One or more lifecycle events did not run and the deployment was unsuccessful. Possible "
    "causes include: (1) Multiple deployments are attempting to run at the same time on the same "
    "instance; (2) The deployment was aborted during the instance deployment; (3) The agent of "
    "the instance does not run, or cannot be reached."
)


class Unreached(Exception):
    """A lifecycle event never began on an instance; the words say why."""


class Trouble:
    """What stands between the service and one instance."""

    def __init__(self, spec: TargetSpec, services: Services, cancel: CancelToken) -> None:
        """Look at nothing yet: a fault may come and go at any moment."""
        self._spec = spec
        self._services = services
        self._cancel = cancel

    def fault(self) -> Fault | None:
        """Give what a member of a fleet is made to suffer now."""
        if not self._spec.fleet:
            return None
        from cicd.deploy.fleet.ledger import read

        fleet = read(self._spec.fleet, self._services)
        member = None if fleet is None else fleet.members.get(self._spec.id)
        return None if member is None or not member.fault else parse_fault(member.fault)

    def suffers(self, kind: FaultKind) -> bool:
        """Tell whether it is this."""
        fault = self.fault()
        return fault is not None and fault.kind is kind

    def reach(self) -> None:
        """Reach the instance, and wait for one that is cut off; raises ``Unreached``."""
        deadline = self._services.clock.now() + START_LIMIT
        inbox = self._services.clock.inbox()
        while self.suffers(FaultKind.PARTITIONED):
            if self._services.clock.now() >= deadline or self._cancel.reason is not None:
                minutes = int(START_LIMIT.total_seconds() // 60)
                raise Unreached(
                    f"{_DID_NOT_RUN} '{self._spec.id}' was not reached within {minutes} minutes."
                )
            inbox.take(deadline)

    def before(self, event: LifecycleEvent) -> None:
        """Suffer what comes before an event: raises ``AgentFault``, or takes its time."""
        fault = self.fault()
        if fault is None:
            return
        if fault.kind is FaultKind.SLOW:
            until = self._services.clock.now() + fault.time
            inbox = self._services.clock.inbox()
            while self._services.clock.now() < until and self._cancel.reason is None:
                inbox.take(until)
        if fault.kind is FaultKind.FAILING_HOOK and fault.event is event:
            script = f"cicd fleet fault {self._spec.fleet} {self._spec.id}"
            raise AgentFault(
                f"Script at specified location: {script} failed with exit code 1",
                code=LifecycleErrorCode.SCRIPT_FAILED,
                script=script,
            )

    def check_clock(self, target: InstanceTarget) -> None:
        """Look at the instance's clock; raises ``Unreached`` when it is off too far."""
        fault = self.fault()
        rehearsed = fault.time if fault and fault.kind is FaultKind.SKEW else timedelta()
        skew = target.skew() + rehearsed
        if abs(skew) <= MOST_SKEW:
            return
        ours = self._services.clock.now()
        behind = skew < timedelta()
        edge = ours - MOST_SKEW if behind else ours + MOST_SKEW
        minutes = int(abs(skew).total_seconds() // 60)
        said = (
            f"Signature expired: {_basic(ours + skew)} is now {'earlier' if behind else 'later'} "
            f"than {_basic(edge)} ({_basic(ours)} {'-' if behind else '+'} 5 min.)"
        )
        raise Unreached(
            "Cannot reach InstanceService: Aws::CodeDeployCommand::Errors::"
            f"InvalidSignatureException - {said}. The clock of '{self._spec.id}' is {minutes} "
            f"minutes {'behind' if behind else 'ahead of'} this machine's, and may be off by 5: "
            "the service would answer none of its agent's requests. Set its clock, by NTP say. "
            f"{_DID_NOT_RUN}"
        )


def _basic(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"
