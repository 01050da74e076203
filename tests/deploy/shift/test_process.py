from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.deploy.config import PREDEFINED as SERVER_CONFIGS
from cicd.deploy.lifecycle import SERVICE, LifecycleEvent
from cicd.deploy.plan import BundleType, DeploymentPlan, RevisionPlan, RollbackEvent
from cicd.deploy.rollback import is_wanted, plan_rollback
from cicd.deploy.shapes import deployment_targets, error_information
from cicd.deploy.shift.config import PREDEFINED, ShiftConfig, TrafficRoutingType
from cicd.deploy.shift.plan import ServicePlan, ShiftPlan, TaskSetRef
from cicd.deploy.shift.process import ShiftProcess
from cicd.deploy.spec import ComputePlatform
from cicd.deploy.state import Status
from cicd.deploy.taskdef.definition import TaskContainer, TaskDefinition
from cicd.deploy.traffic.plan import BlueGreenOptions, ReadyAction
from cicd.engine.codec import decode, encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import Event, EventKind
from cicd.ports import ContainerOrder, Endpoint, RouterSpec, RouteSpec, TargetKind, TargetSpec
from cicd.testing.clock import START

MINUTE = timedelta(minutes=1)
LINEAR = ShiftConfig(
    name="mine",
    compute_platform=ComputePlatform.ECS,
    type=TrafficRoutingType.TIME_BASED_LINEAR,
    percentage=30,
    interval=2 * MINUTE,
)
CANARY = PREDEFINED["CodeDeployDefault.ECSCanary10Percent5Minutes"]
BAKED = BlueGreenOptions(termination_wait=5 * MINUTE)
ASKED = BlueGreenOptions(ready_action=ReadyAction.STOP_DEPLOYMENT, ready_wait=10 * MINUTE)
HOOKS = tuple((event, f"on{event}") for event in SERVICE if "After" in event or "Before" in event)


def definition(image="shop:1"):
    web = ContainerOrder(name="web", image=image, ports=(8000,))
    return TaskDefinition(
        family="shop", containers=(TaskContainer(order=web),), name="taskdef.json"
    )


def plan(config=LINEAR, options=BAKED, original="OLD", hooks=(), events=None, **more):
    endpoint = Endpoint(host="127.0.0.1", port=1)
    route = RouteSpec(name="production", listen=endpoint, weights=(("blue", 100),))
    service = ServicePlan(
        name="web",
        cluster="local",
        definition=definition(),
        container_name="web",
        container_port=8000,
        desired_count=2,
        target_groups=("blue", "green"),
        router=RouterSpec(name="web", routes=(route,)),
        original=TaskSetRef(id=original, target_group="blue"),
        replacement=TaskSetRef(id="NEW", target_group="green"),
    )
    calling = {event for event, _ in hooks}
    own = (LifecycleEvent.INSTALL, LifecycleEvent.ALLOW_TRAFFIC)
    return DeploymentPlan(
        deployment_id="d-ABCDEFGHI",
        application_name="shop",
        deployment_group_name="web",
        deployment_group_id="1",
        config=replace(SERVER_CONFIGS["CodeDeployDefault.AllAtOnce"], name=config.name),
        targets=(TargetSpec(id="web", kind=TargetKind.SERVICE, location="local/web"),),
        events=events or tuple(e for e in SERVICE if e in own or e in calling),
        revision=RevisionPlan(digest="0", bundle_type=BundleType.DIRECTORY, name="v1"),
        shift=ShiftPlan(config=config, options=options, hooks=hooks, service=service),
        **more,
    )


class Life:
    """A process that lives without threads; what begins ends a second later."""

    def __init__(self, plan, *failing):
        self.process = ShiftProcess(plan)
        self.state = self.process.initial()
        self.failing = failing
        self.now = START
        self.begun = []  # (minutes since the first step, key)
        self.status = None
        self.running = []
        self.tell(EventKind.SUBMITTED, plan=encode(plan))

    def tell(self, kind, key="", **data):
        event = Event(kind=kind, at=self.now, key=key, data=data)
        self.state = self.process.apply(self.state, event)

    def end(self, key, status=OutcomeStatus.DONE, **detail):
        self.running = [each for each in self.running if each != key]
        outcome = Outcome(status=status, detail=detail)
        self.tell(EventKind.FINISHED, key, outcome=encode(outcome))

    def run(self, until=None):
        """Go on until it is over, ``until`` has begun, or its moment has come."""
        while self.status is None:
            decision = self.process.decide(self.state, self.now)
            for cancel in decision.cancel:
                self.end(cancel.key, OutcomeStatus.CANCELLED)
            if decision.start:
                for command in decision.start:
                    self.begun.append((self.now, command.key))
                    self.tell(EventKind.STARTED, command.key)
                    self.running.append(command.key)
                    if not command.key.endswith("/WatchHealth"):
                        bad = command.key in self.failing
                        self.end(
                            command.key,
                            OutcomeStatus.FAILED if bad else OutcomeStatus.DONE,
                            code="HOOK_EXECUTION_FAILURE",
                        )
                if isinstance(until, str) and any(key == until for _, key in self.begun):
                    return self
            elif decision.conclude:
                self.status = str(decision.conclude)
                self.tell(EventKind.CONCLUDED, status=self.status)
            elif decision.wake_at and not (
                isinstance(until, timedelta) and decision.wake_at > START + until
            ):
                self.now = decision.wake_at
            else:
                return self
        return self

    @property
    def weights(self):
        return [
            ((at - START) / MINUTE, int(key.rpartition("/")[2]))
            for at, key in self.begun
            if "/AllowTraffic/" in key
        ]

    def names(self):
        return [key.partition("/")[2] for _, key in self.begun]


def test_a_plan_reads_back_as_it_was_written():
    assert decode(DeploymentPlan, encode(plan(hooks=HOOKS))) == plan(hooks=HOOKS)


def test_traffic_is_shifted_by_the_schedule_and_the_original_ends_after_its_wait():
    life = Life(plan()).run()
    assert life.status == "Succeeded"
    assert life.weights == [(0, 30), (2, 60), (4, 90), (6, 100)]
    assert life.names()[-1] == "Terminate"
    assert (life.now - START) / MINUTE == 11


def test_a_canary_has_two_steps_and_all_at_once_has_one():
    """Trap 49."""
    assert Life(plan(CANARY)).run().weights == [(0, 10), (5, 100)]
    at_once = PREDEFINED["CodeDeployDefault.ECSAllAtOnce"]
    assert Life(plan(at_once)).run().weights == [(0, 100)]


def test_the_first_deployment_takes_everything_at_once_and_ends_nothing():
    life = Life(plan(original="")).run()
    assert life.weights == [(0, 100)]
    assert "Terminate" not in life.names()
    assert life.status == "Succeeded"


def test_every_event_runs_in_order_and_the_last_hook_after_all_traffic():
    events = Life(plan(hooks=HOOKS, events=SERVICE)).run().names()
    assert [key for key in events if "AllowTraffic/" not in key and key != "WatchHealth"] == [
        *(str(event) for event in SERVICE if event is not LifecycleEvent.ALLOW_TRAFFIC),
        "Terminate",
    ]
    assert events.index("AllowTraffic/100") < events.index("AfterAllowTraffic")


@pytest.mark.parametrize("event", ["BeforeInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic"])
def test_a_failed_hook_ends_the_deployment_before_any_traffic(event):
    """Traps 50, 51: without a rollback everything stays as it is."""
    life = Life(plan(hooks=HOOKS, events=SERVICE), f"web/{event}").run()
    assert life.status == "Failed"
    assert life.weights == []
    assert error_information(life.process, life.state)["code"] == "HOOK_EXECUTION_FAILURE"
    assert not is_wanted(life.process.plan, life.state)
    target = deployment_targets(life.process, life.state)[0]["ecsTarget"]
    assert [each["trafficWeight"] for each in target["taskSetsInfo"]] == [100, 0]


@pytest.mark.parametrize("signal", ["stop", "alarm"])
def test_a_stop_or_an_alarm_ends_shifting_between_two_steps(signal):
    """Trap 48: an alarm stops; only DEPLOYMENT_STOP_ON_ALARM rolls that back."""
    events = (RollbackEvent.DEPLOYMENT_FAILURE, RollbackEvent.DEPLOYMENT_STOP_ON_ALARM)
    life = Life(plan(rollback_events=events)).run(until=3 * MINUTE)
    assert life.process.weight(life.state) == 60
    if signal == "stop":
        life.tell(EventKind.SIGNALLED, signal="stop", reason="STOPPED")
    else:
        life.tell(EventKind.STARTED, "alarms")
        life.tell(
            EventKind.FINISHED,
            "alarms",
            outcome=encode(Outcome(status=OutcomeStatus.FAILED, detail={"alarm": "errors"})),
        )
    life.run()
    assert life.status == "Stopped"
    assert life.weights == [(0, 30), (2, 60)]
    assert life.process.event_status(life.state, "web", LifecycleEvent.ALLOW_TRAFFIC) == "Failed"
    assert is_wanted(life.process.plan, life.state) is (signal == "alarm")


def test_a_replacement_that_gets_ill_fails_the_deployment_at_once():
    life = Life(plan()).run(until=3 * MINUTE)
    life.end("web/WatchHealth", OutcomeStatus.FAILED)
    life.run()
    assert life.status == "Failed"
    assert life.process.weight(life.state) == 0
    assert not life.process.is_shifted(life.state)
    assert error_information(life.process, life.state)["code"] == "CUSTOMER_APPLICATION_UNHEALTHY"


def test_a_rollback_gives_everything_back_in_one_step_and_ends_the_replacement():
    failed = plan(rollback_events=(RollbackEvent.DEPLOYMENT_FAILURE,))
    wish = plan_rollback(failed, None, "d-ROLLBACK1").plan
    assert wish.creator == "codeDeployRollback"
    service = wish.shift.service
    assert (service.replacement.id, service.original.id) == ("OLD", "NEW")
    life = Life(wish).run()
    assert life.weights == [(0, 100)]
    assert life.names() == ["AllowTraffic/100", "Terminate"]
    assert life.now == START
    assert life.status == "Succeeded"
    assert life.process.is_shifted(life.state)


def test_without_an_original_there_is_nothing_to_go_back_to():
    assert plan_rollback(plan(original=""), None, "d-ROLLBACK1").plan is None


def test_a_deployment_that_is_to_be_asked_is_ready_and_stops_when_nobody_answers():
    life = Life(plan(options=ASKED)).run(until=timedelta())
    assert life.process.status(life.state) == "Ready"
    assert life.process.target_status(life.state, "web") is Status.READY
    life.run()
    assert life.status == "Stopped"
    assert life.weights == []
    assert life.now == START + 10 * MINUTE


@pytest.mark.parametrize(("options", "wait"), [(ASKED, "READY_WAIT"), (BAKED, "TERMINATION_WAIT")])
def test_a_wait_ends_when_somebody_says_so(options, wait):
    life = Life(plan(options=options)).run(until=7 * MINUTE)
    life.tell(EventKind.SIGNALLED, signal="continue", deploymentWaitType=wait)
    life.run()
    assert life.status == "Succeeded"
    assert life.now - START <= 7 * MINUTE


def test_an_alarm_still_counts_while_the_original_is_kept():
    life = Life(plan()).run(until=7 * MINUTE)
    assert life.process.status(life.state) == "Baking"
    life.tell(EventKind.SIGNALLED, signal="stop", reason="STOPPED", autoRollbackEnabled=True)
    life.run()
    assert life.status == "Stopped"
    assert "Terminate" not in life.names()
    assert is_wanted(life.process.plan, life.state)


def test_a_resumed_shift_goes_on_where_the_log_says():
    life = Life(plan()).run(until=3 * MINUTE)
    life.now = START + 3 * MINUTE
    life.tell(EventKind.SIGNALLED, signal="resumed")
    assert [each.key for each in life.process.in_flight(life.state)] == ["web/WatchHealth"]
    life.run()
    assert life.weights == [(0, 30), (2, 60), (4, 90), (6, 100)]


def test_a_driver_whose_clock_is_behind_counts_the_wait_from_its_beginning():
    life = Life(plan(CANARY)).run(until=MINUTE)
    life.now = START - 600 * MINUTE
    life.tell(EventKind.SIGNALLED, signal="resumed")
    assert life.process.next_step_at(life.state, life.now) == (100, life.now + 5 * MINUTE)


def test_a_stop_cuts_the_wait_for_the_replacement_short():
    life = Life(plan())
    life.tell(EventKind.STARTED, "web/Install")
    life.tell(EventKind.SIGNALLED, signal="stop", reason="STOPPED")
    (cancel,) = life.process.decide(life.state, START).cancel
    assert (cancel.key, cancel.reason) == ("web/Install", "STOPPED")


def test_an_event_that_has_had_its_hour_is_cut_short():
    life = Life(plan(hooks=HOOKS))
    life.tell(EventKind.STARTED, "web/BeforeInstall")
    late = life.process.decide(life.state, START + 60 * MINUTE).cancel
    assert [(each.key, each.reason) for each in late] == [("web/BeforeInstall", "TIMED_OUT")]
