"""The hands of a deployment to a service: task sets, hooks, and the weights of its listeners."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.alarms.carry_out import watch_alarms
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import DeploymentPlan, RunLifecycleEvent, TerminateInstance, WatchAlarms
from cicd.deploy.shift.fault import LOST, ShiftFault, outcome_of
from cicd.deploy.shift.history import restarts_then, weight_now
from cicd.deploy.shift.hook_call import call_hook
from cicd.deploy.shift.machine_time import machine_time
from cicd.deploy.shift.plan import PRODUCTION, TEST, SetWeights, WatchHealth
from cicd.deploy.shift.process import ShiftProcess
from cicd.deploy.shift.task_health import crash_of, restarts_of
from cicd.deploy.shift.task_sets import order_of, secrets_of, service_key
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.errors import Unavailable
from cicd.ports import LogLine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.shift.plan import ServicePlan, TaskSetRef
    from cicd.engine.process import Command, Scope
    from cicd.event import JSON
    from cicd.ports import Services, TaskState, TrafficRouter

_DONE: Final = Outcome(status=OutcomeStatus.DONE)
_UNSTEADY: Final = (
    "The deployment timed out while waiting for the replacement task set to become healthy. This "
    "time out period is {minutes} minutes."
)
_LOOKS_TO_BEGIN: Final = 15  # at a load balancer that has not asked anybody yet: 3 s
_LOOKS_A_TASK: Final = 5  # at the load balancer, for one at the engine, which costs more
_NOT_BEHIND: Final = (
    "The ELB could not be updated due to the following error: Primary taskset target group must "
    "be behind listener"
)


class ServiceEffects:
    """Performs the commands of one deployment to a service."""

    def __init__(self, plan: DeploymentPlan, services: Services, *, rerun: bool = True) -> None:
        """With ``rerun`` False an event whose driver died is not run again: it is lost."""
        assert plan.shift is not None
        assert plan.shift.service is not None
        self._plan = plan
        self._shift = plan.shift
        self._service: ServicePlan = plan.shift.service
        self._services = services
        self._rerun = rerun

    @property
    def _router(self) -> TrafficRouter:
        return self._services.router(self._service.router)

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Carry out one command; what went wrong is in the outcome."""
        try:
            return self._perform(command, scope)
        except ShiftFault as fault:
            return outcome_of(fault, scope.cancel)

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Do it again: all is repeatable."""
        if not self._rerun:
            return LOST
        try:
            match command:
                case WatchHealth():
                    weight = weight_now(ShiftProcess(self._plan), self._services)
                    if weight is not None:
                        self._set(PRODUCTION, weight)
                    return self._watch_health(scope)
                case _:
                    return self._perform(command, scope)
        except ShiftFault as fault:
            return outcome_of(fault, scope.cancel)

    def close(self) -> None:
        """Nothing is held between commands."""

    def _perform(self, command: Command, scope: Scope) -> Outcome:
        match command:
            case WatchAlarms():
                return watch_alarms(self._plan, command, scope, self._services)
            case WatchHealth():
                return self._watch_health(scope)
            case SetWeights(weight=weight):
                return self._step(weight)
            case TerminateInstance():
                self._remove(self._service.original)
                return _DONE
            case RunLifecycleEvent(event=LifecycleEvent.INSTALL):
                return self._install(scope)
            case RunLifecycleEvent(event=LifecycleEvent.ALLOW_TEST_TRAFFIC):
                self._require_healthy()
                self._set(TEST, 100)
                return _DONE
            case RunLifecycleEvent(event=event):
                return call_hook(self._plan, event, self._services, scope)
            case _:
                raise TypeError(f"{command} is not a command of a deployment")

    # ── Task sets ─────────────────────────────────────────────────────────────────────────────

    def _install(self, scope: Scope) -> Outcome:
        """Make the replacement, and wait until it can take requests."""
        try:
            return self._make(scope)
        except (ShiftFault, Unavailable):
            if not self._service.original.id:
                self._leave_nothing()
            raise

    def _leave_nothing(self) -> None:
        """End what a first deployment has begun, as nobody would: it has nothing to go back to."""
        with suppress(Unavailable):  # of the engine, say: that has been told
            self._forget(self._service.replacement.id)
        with suppress(Unavailable):
            self._router.retire()

    def _make(self, scope: Scope) -> Outcome:
        service, sets = self._service, self._services.task_sets()
        self._check_primary()
        for stale in sets.known(service_key(service)):
            if stale not in (service.original.id, service.replacement.id):
                self._forget(stale)
        secrets = secrets_of(service, self._services)
        try:
            sets.create(order_of(service), secrets=secrets)
        except Unavailable as reason:
            why = f"{reason.message}; {reason.hint}" if reason.hint else reason.message
            raise ShiftFault("ECS_UPDATE_ERROR", why) from None
        return self._become_healthy(scope)

    def _become_healthy(self, scope: Scope) -> Outcome:
        """Wait until the load balancer and their own checks like all tasks of the replacement."""
        service = self._service
        deadline = self._services.clock.now() + service.healthy_within
        inbox = self._services.clock.inbox()
        scope.cancel.on_cancel(lambda: inbox.put(None))
        said: dict[int, str] = {}
        while True:
            tasks = self._tasks(service.replacement)
            self._tell(tasks, said, scope)
            for task in tasks:
                if task.endpoint is not None and task.running:
                    self._router.register(service.replacement.target_group, task.endpoint)
            behind = self._router.healthy(service.replacement.target_group)
            well = [t for t in tasks if t.running and t.healthy and t.endpoint in behind]
            if len(well) >= service.desired_count:
                return Outcome(
                    status=OutcomeStatus.DONE,
                    detail={
                        "tasks": [str(task.endpoint) for task in well],
                        "restarts": restarts_of(tasks),
                    },
                )
            if scope.cancel.reason is not None:
                raise ShiftFault("TIMEOUT", "the wait for the replacement was cut short")
            if self._services.clock.now() >= deadline:
                minutes = int(service.healthy_within.total_seconds() // 60)
                ill = self._router.ill(service.replacement.target_group)
                unanswered = (
                    f"task {task.number}: the load balancer says: {ill[task.endpoint]}"
                    for task in tasks
                    if task.running and task.endpoint is not None and task.endpoint in ill
                )
                why = "; ".join((*said.values(), *unanswered))
                raise ShiftFault(
                    "CUSTOMER_APPLICATION_UNHEALTHY",
                    _UNSTEADY.format(minutes=minutes) + (f" {why}" if why else ""),
                )
            inbox.take(deadline)

    def _check_primary(self) -> None:
        """
        Refuse a service whose traffic is not where its primary task set is.

        Source: CodeDeploy User Guide, "Troubleshoot Amazon ECS deployment issues".
        """
        original = self._service.original
        weights = self._router.weights(PRODUCTION)  # it listens before any task is made
        if original.id and weights.get(original.target_group) != 100:
            raise ShiftFault("ECS_UPDATE_ERROR", _NOT_BEHIND)

    def _tasks(self, task_set: TaskSetRef) -> tuple[TaskState, ...]:
        return self._services.task_sets().look(service_key(self._service), task_set.id)

    def _tell(self, tasks: tuple[TaskState, ...], said: dict[int, str], scope: Scope) -> None:
        for task in tasks:
            words = f"task {task.number}: {task.said}" if task.said else ""
            ended = task.number in said and said[task.number].split(": ")[:2]
            if words and ended != words.split(": ")[:2]:
                said[task.number] = words
                self._log(words, scope)

    def _log(self, words: str, scope: Scope) -> None:
        for text in words.splitlines():
            line = LogLine(at=self._services.clock.now(), origin=scope.key, text=text)
            self._services.logs.append(scope.stream, line)
            for reporter in self._services.reporters:
                reporter.line(scope.stream, line)

    def _forget(self, task_set: str) -> None:
        """End a task set of an earlier deployment that got nowhere; it has no traffic."""
        service = self._service
        sets = self._services.task_sets()
        for task in sets.look(service_key(service), task_set):
            if task.endpoint is not None:
                for group in service.target_groups:
                    self._router.deregister(group, task.endpoint, drain=timedelta())
        sets.remove(service_key(service), task_set)

    def _remove(self, task_set: TaskSetRef) -> None:
        """Let the requests of a task set end, and then the task set."""
        for task in self._tasks(task_set):
            if task.endpoint is not None:
                self._router.deregister(
                    task_set.target_group, task.endpoint, drain=self._service.drain
                )
        self._services.task_sets().remove(service_key(self._service), task_set.id)

    # ── Traffic ───────────────────────────────────────────────────────────────────────────────

    def _step(self, weight: int) -> Outcome:
        self._require_healthy()
        self._set(PRODUCTION, weight)
        if self._shift.rollback and self._service.has_test_listener:
            self._set(TEST, weight)
        weights: dict[str, JSON] = dict(self._weights(weight))
        return Outcome(
            status=OutcomeStatus.DONE,
            detail={"weights": weights, "machine": machine_time(self._services.clock)},
        )

    def _weights(self, weight: int) -> dict[str, int]:
        service = self._service
        if not service.original.id:
            weight = 100  # there is nothing else that could answer
        shares = {
            service.original.target_group: 100 - weight,
            service.replacement.target_group: weight,
        }
        return {name: shares[name] for name in service.target_groups}

    def _set(self, route: str, weight: int) -> None:
        self._router.set_weights(route, self._weights(weight))

    def _require_healthy(self) -> None:
        """Never send traffic to what cannot take it."""
        if self._is_ill():
            raise ShiftFault(
                "CUSTOMER_APPLICATION_UNHEALTHY",
                f"no task of '{self._service.replacement.target_group}' is healthy: traffic "
                "stays where it is",
            )

    def _is_ill(self) -> bool:
        """
        Tell whether no task of the replacement can take requests.

        A load balancer that died has begun anew: what it has not asked yet is not ill, and it
        gets a moment to ask.
        """
        group = self._service.replacement.target_group
        inbox = self._services.clock.inbox()
        for _ in range(_LOOKS_TO_BEGIN):
            if self._router.healthy(group):
                return False
            if self._router.ill(group):
                break
            inbox.take(None)
        return True

    def _watch_health(self, scope: Scope) -> Outcome:
        """
        Look at the replacement until the deployment is over.

        When none of its tasks is healthy any more, or one of them ended, traffic goes back at
        once: it is not to be sent to a version that failed, also where no rollback follows.
        """
        inbox = self._services.clock.inbox()
        scope.cancel.on_cancel(lambda: inbox.put(None))
        before = restarts_then(ShiftProcess(self._plan), self._services)
        looks = 0
        while scope.cancel.reason is None:
            ill = self._is_ill()
            crash = self._crash(before) if ill or looks % _LOOKS_A_TASK == 0 else None
            if ill:
                why = "no task of the replacement is healthy any more"
                raise self._gone_back(why if crash is None else f"{why} ({crash})")
            if crash is not None:
                raise self._gone_back(f"a task of the replacement failed: {crash}")
            looks += 1
            inbox.take(None)
        return Outcome(status=OutcomeStatus.CANCELLED, reason=scope.cancel.reason)

    def _crash(self, before: Mapping[str, JSON]) -> str | None:
        try:
            return crash_of(self._tasks(self._service.replacement), before)
        except Unavailable:
            return None  # nobody knows; the load balancer's check goes on

    def _gone_back(self, why: str) -> ShiftFault:
        """Send all traffic back, if there is somewhere; give the fault that says so."""
        original = self._service.original
        back = original.id and self._router.healthy(original.target_group)
        if back:
            self._set(PRODUCTION, 0)
        gone = "traffic is back at the original" if back else "there is nothing else"
        return ShiftFault("CUSTOMER_APPLICATION_UNHEALTHY", f"{why}; {gone}")
