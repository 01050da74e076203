"""The life of a fleet's member: made, deployed to, in service; stopped, and removed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.deploy.fleet import ledger
from cicd.deploy.fleet.fleet import LifecycleState
from cicd.deploy.fleet.hooks import launch_plan, termination_plan
from cicd.deploy.fleet.leftover import finish
from cicd.engine.codec import encode
from cicd.errors import CicdError
from cicd.ports import Level, MachineOrder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.deploy.fleet.fleet import Fleet, Member
    from cicd.deploy.fleet.planning import NewMember
    from cicd.deploy.group import DeploymentGroup
    from cicd.deploy.result import DeploymentResult
    from cicd.event import JSON
    from cicd.ports import Machines, Services, TargetSpec


class MemberLife:
    """Begins and ends members of one fleet, for the deployment groups that name it."""

    def __init__(
        self, fleet: Fleet, services: Services, groups: Sequence[DeploymentGroup]
    ) -> None:
        """Take the fleet as it is; of its members only the given ones are asked for."""
        self._fleet = fleet
        self._services = services
        self._groups = groups

    def begin(self, new: NewMember) -> str:
        """
        Make a member, and deploy the last good revision to it.

        Gives "" when it is in service, else why it was abandoned: made, and ended again.
        Raises ``Unavailable`` when it cannot be made.
        """
        target = self.make(new)
        for group in self._groups:
            failed = self._launch(group, target)
            if failed is not None:
                why = f"{failed.deployment_id} {failed.status}: ABANDON"
                self._note("terminating", target, f"is abandoned: {why}", Level.FAILURE, cause=why)
                for each in self._groups:
                    self._block(each, target)  # it may have been given traffic
                self._remove(target)
                return f"{why}\n{failed.failure}" if failed.failure else why
        self.join(target)
        return ""

    def make(self, new: NewMember) -> TargetSpec:
        """Make a member that runs; nothing is deployed to it."""
        spec = self._fleet.spec
        written = encode(new.target)
        self._note("launching", new.target, target=written, number=new.number, slot=new.slot)
        order = MachineOrder(
            target=new.target,
            image=spec.image,
            command=spec.command,
            port=spec.port,
            labels=dict(spec.labels),
        )
        try:
            target = self._services.machines(spec.kind).make(order)
        except CicdError as reason:
            words = f"cannot be made: {reason.message}"
            self._note("terminating", new.target, words, Level.FAILURE, cause=reason.message)
            self._note("terminated", new.target)
            raise
        self._note("made", target, "is Pending", target=encode(target))
        return target

    def join(self, target: TargetSpec) -> None:
        """Have a member be in service: deployments go to it."""
        self._note("in-service", target, "is InService", Level.SUCCESS)

    def end(self, member: Member, cause: str) -> str:
        """Have a member run the termination hooks, and remove it whatever they said."""
        target = member.target
        self._note("terminating", target, f"is Terminating: {cause}", cause=cause)
        if not member.served:
            finish(self._fleet.name, target, self._services)
        for group in self._groups:
            self._leave(group, member)
        self._remove(target)
        return ""

    def why_end(self, member: Member, machines: Machines) -> str:
        """Say why a member is surplus."""
        if member.state is not LifecycleState.IN_SERVICE:
            return "a dead run left it behind"
        return "the fleet becomes smaller" if machines.runs(member.target) else "it does not run"

    def show_health(self, target: TargetSpec, *, ill: bool) -> None:
        """Have a member leave the load balancers that it serves behind, or join them again."""
        from cicd.deploy.history import last_good
        from cicd.deploy.traffic.plan import plan_traffic

        for group in self._groups:
            if not group.load_balancers or not last_good(group.name, group.id, self._services):
                continue  # nothing serves yet
            endpoint = plan_traffic(group.load_balancers, (target,)).endpoint(target.id)
            for each in group.load_balancers:
                router = self._services.router(each.router)
                if ill:
                    router.deregister(each.group, endpoint, drain=timedelta())
                else:
                    router.register(each.group, endpoint)

    def _launch(self, group: DeploymentGroup, target: TargetSpec) -> DeploymentResult | None:
        """Deploy what is good to a new member; give the deployment if it did not succeed."""
        from cicd.deploy.compile import deployment_id
        from cicd.deploy.history import last_good
        from cicd.deploy.run import run_plan

        good = last_good(group.name, group.id, self._services)
        while good is not None:
            fresh = deployment_id(self._services.new_id())
            plan = launch_plan(group, good, target, fresh)
            result = run_plan(plan, self._services, parent=ledger.stream_of(self._fleet.name))
            if result.status != "Succeeded":
                return result
            # Another deployment may have succeeded meanwhile, without this member.
            newest = last_good(group.name, group.id, self._services)
            changed = newest is not None and newest.deployment_id != good.deployment_id
            good = newest if changed and group.update_outdated else None
        return None

    def _leave(self, group: DeploymentGroup, member: Member) -> None:
        from cicd.deploy.compile import deployment_id
        from cicd.deploy.history import last_good
        from cicd.deploy.run import run_plan

        good = last_good(group.name, group.id, self._services)
        if good is None:
            return
        target = member.target
        # One that was terminating when its driver died may have run its hooks, or some of them.
        ran = member.state is LifecycleState.TERMINATING and finish(
            self._fleet.name, target, self._services, group.id
        )
        if group.termination_hook and member.served and not ran:
            fresh = deployment_id(self._services.new_id())
            plan = termination_plan(group, good, target, fresh)
            run_plan(plan, self._services, parent=ledger.stream_of(self._fleet.name))
        # Also after hooks that failed: nothing is to be sent to what is no more.
        self._block(group, target)

    def _block(self, group: DeploymentGroup, target: TargetSpec) -> None:
        from cicd.deploy.traffic.control import block_traffic
        from cicd.deploy.traffic.plan import plan_traffic

        if group.load_balancers:
            traffic = plan_traffic(group.load_balancers, (target,))
            block_traffic(traffic, target.id, self._services)

    def _remove(self, target: TargetSpec) -> None:
        self._services.machines(target.kind).remove(target)
        self._note("terminated", target, "is Terminated")

    def _note(
        self,
        signal: str,
        member: TargetSpec,
        said: str = "",
        level: Level = Level.INFO,
        **data: JSON,
    ) -> None:
        words = f"{member.id} {said}" if said else ""
        name = self._fleet.name
        ledger.note(name, self._services, signal, words, level, member=member.id, **data)
