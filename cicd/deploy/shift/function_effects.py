"""The hands of a deployment to a function: its alias is moved, and its hooks are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.alarms.carry_out import watch_alarms
from cicd.deploy.plan import RunLifecycleEvent, WatchAlarms
from cicd.deploy.shift.fault import LOST, ShiftFault, outcome_of
from cicd.deploy.shift.hook_call import call_hook
from cicd.deploy.shift.machine_time import machine_time
from cicd.deploy.shift.plan import SetWeights
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.functions.refusal import FunctionRefused
from cicd.functions.run import Functions

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.engine.process import Command, Scope
    from cicd.event import JSON
    from cicd.ports import Services

_WHERE: Final = "INVALID_LAMBDA_CONFIGURATION"


class FunctionEffects:
    """Performs the commands of one deployment to a function."""

    def __init__(self, plan: DeploymentPlan, services: Services, *, rerun: bool = True) -> None:
        """With ``rerun`` False an event whose driver died is not run again: it is lost."""
        assert plan.shift is not None
        assert plan.shift.function is not None
        self._plan = plan
        self._shift = plan.shift
        self._function = plan.shift.function
        self._services = services
        self._functions = Functions(services)
        self._rerun = rerun

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Carry out one command; what went wrong is in the outcome."""
        return self._do(command, scope, again=False)

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Do it again: an alias that was moved is moved to the same place."""
        if not self._rerun:
            return LOST
        return self._do(command, scope, again=True)

    def _do(self, command: Command, scope: Scope, *, again: bool) -> Outcome:
        try:
            match command:
                case WatchAlarms():
                    return watch_alarms(self._plan, command, scope, self._services)
                case SetWeights(weight=weight):
                    return self._set(weight, again=again)
                case RunLifecycleEvent(event=event):
                    if event is self._plan.events[0]:
                        self._check()
                    return call_hook(self._plan, event, self._services, scope)
                case _:
                    raise TypeError(f"{command} is not a command of a function's deployment")
        except ShiftFault as fault:
            return outcome_of(fault, scope.cancel)

    def close(self) -> None:
        """Nothing is held between commands."""

    def _check(self) -> None:
        """
        Refuse an alias that is not where the AppSpec says, or is split already.

        Source: CodeDeploy User Guide, "AppSpec 'resources' section for AWS Lambda deployments".
        """
        wanted = self._function
        if wanted.current_version == wanted.target_version:
            raise ShiftFault(
                _WHERE, f"CurrentVersion and TargetVersion are both {wanted.target_version}."
            )
        try:
            function = self._functions.find(wanted.name)
        except FunctionRefused as refusal:
            raise ShiftFault("INVALID_LAMBDA_FUNCTION", refusal.message) from None
        try:
            alias = function.alias(wanted.alias)
            for version in (wanted.current_version, wanted.target_version):
                function.version(version)
        except FunctionRefused as refusal:
            raise ShiftFault(_WHERE, refusal.message) from None
        where = f"The alias '{wanted.alias}' of the function '{wanted.name}'"
        if alias.function_version != wanted.current_version:
            raise ShiftFault(
                _WHERE,
                f"{where} points to version {alias.function_version}, and the AppSpec's "
                f"CurrentVersion is {wanted.current_version}.",
            )
        if alias.additional:
            other = ", ".join(alias.additional)
            raise ShiftFault(
                _WHERE,
                f"{where} sends a part of its traffic to version {other} already: "
                f"'cicd function alias {wanted.name} {wanted.alias} --version "
                f"{alias.function_version}' ends that.",
            )

    def _set(self, weight: int, *, again: bool) -> Outcome:
        """Give the target version its weight; with all of it the alias points there."""
        wanted = self._function
        first = self._shift.steps[0].weight
        is_first = weight == first and not self._shift.hook(self._plan.events[0])
        moved = again and self._is_moved(weight)
        if is_first and not self._shift.rollback and not moved:
            self._check()
        version, additional = _routing(wanted.current_version, wanted.target_version, weight)
        try:
            self._functions.put_alias(wanted.name, wanted.alias, version, additional)
        except FunctionRefused as refusal:
            raise ShiftFault(_WHERE, refusal.message) from None
        shares: dict[str, JSON] = {
            wanted.current_version: 100 - weight,
            wanted.target_version: weight,
        }
        machine = machine_time(self._services.clock)
        return Outcome(status=OutcomeStatus.DONE, detail={"weights": shares, "machine": machine})

    def _is_moved(self, weight: int) -> bool:
        """Tell whether the alias is already where this step moves it: a dead driver did that."""
        wanted = self._function
        try:
            alias = self._functions.find(wanted.name).alias(wanted.alias)
        except FunctionRefused:
            return False
        version, additional = _routing(wanted.current_version, wanted.target_version, weight)
        return (alias.function_version, dict(alias.additional)) == (version, additional)


def _routing(current: str, target: str, weight: int) -> tuple[str, dict[str, float]]:
    """Give where an alias points, and what else gets a part of its traffic."""
    return (target, {}) if weight == 100 else (current, {target: weight / 100})
