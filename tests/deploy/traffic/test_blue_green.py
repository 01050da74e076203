from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.deploy.alarms.alarm import AlarmWatch
from cicd.deploy.config import PREDEFINED
from cicd.deploy.lifecycle import BLUE_BLOCK, GREEN, GREEN_ALLOW, LifecycleEvent
from cicd.deploy.notices import notices
from cicd.deploy.plan import (
    BundleType,
    DeploymentPlan,
    RevisionPlan,
    RollbackEvent,
    WatchAlarms,
)
from cicd.deploy.process import DeploymentProcess
from cicd.deploy.rollback import is_wanted, plan_rollback
from cicd.deploy.shapes import deployment_info, error_information
from cicd.deploy.spec import FileExistsBehavior
from cicd.deploy.state import Status
from cicd.deploy.traffic.blue_green import Stage
from cicd.deploy.traffic.plan import (
    BlueAction,
    BlueGreenOptions,
    BlueGreenPlan,
    ReadyAction,
    TrafficPlan,
)
from cicd.deploy.trigger import TriggerEvent
from cicd.deploy.waits import waiting
from cicd.engine.codec import decode, encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import Event, EventKind
from cicd.ports import TargetSpec
from cicd.testing.clock import START

DONE, FAILED = OutcomeStatus.DONE, OutcomeStatus.FAILED
KEEP = BlueGreenOptions(blue_action=BlueAction.KEEP_ALIVE)
STOP = BlueGreenOptions(
    ready_action=ReadyAction.STOP_DEPLOYMENT,
    ready_wait=timedelta(minutes=10),
    blue_action=BlueAction.KEEP_ALIVE,
)


def targets(colour, count):
    return tuple(TargetSpec(id=f"{colour}{n}", location=f"/{colour}{n}") for n in range(count))


def plan(config="AllAtOnce", green=2, blue=2, options=KEEP):
    return DeploymentPlan(
        deployment_id="d-ABCDEFGHI",
        application_name="shop",
        deployment_group_name="web",
        deployment_group_id="1",
        config=PREDEFINED[f"CodeDeployDefault.{config}"],
        targets=targets("green", green),
        events=GREEN,
        revision=RevisionPlan(digest="0", bundle_type=BundleType.ZIP, name="v1"),
        traffic=TrafficPlan(load_balancers=(), endpoints=()),
        blue_green=BlueGreenPlan(original=targets("blue", blue), options=options),
    )


class Life:
    """A process that lives without threads: a second an event."""

    def __init__(self, plan, *failing, state=None):
        self.process = DeploymentProcess(plan)
        self.state = self.process.initial() if state is None else state
        self.failing = failing
        self.keys = []
        self.now = START
        self.status = None

    def tell(self, kind, key="", **data):
        self.state = self.process.apply(
            self.state, Event(kind=kind, at=self.now, key=key, data=data)
        )

    def signal(self, signal, **data):
        self.tell(EventKind.SIGNALLED, signal=signal, **data)
        return self

    def run(self, until=None):
        """Go on until it is over, or waits, or ``until`` has begun."""
        while self.status is None:
            decision = self.process.decide(self.state, self.now)
            if decision.conclude:
                self.status = str(decision.conclude)
                self.tell(EventKind.CONCLUDED, status=self.status)
            elif not decision.start:
                self.wake_at = decision.wake_at
                break
            for command in decision.start:
                self.keys.append(command.key)
                self.tell(EventKind.STARTED, command.key)
            for command in decision.start:
                self.now += timedelta(seconds=1)
                ended = FAILED if command.key in self.failing else DONE
                outcome = encode(Outcome(status=ended))
                self.tell(EventKind.FINISHED, command.key, outcome=outcome)
            if until in self.keys:
                break
        return self

    def events(self, target):
        return [key.partition("/")[2] for key in self.keys if key.startswith(f"{target}/")]

    def last_of(self, colour, event):
        return max(
            n for n, key in enumerate(self.keys) if key.startswith(colour) and key.endswith(event)
        )


def test_a_plan_reads_back_as_it_was_written():
    assert plan(options=STOP) == decode(DeploymentPlan, encode(plan(options=STOP)))


def test_green_is_installed_and_registered_before_blue_is_deregistered():
    life = Life(plan()).run()
    assert "Succeeded" == life.status
    assert list(GREEN) == life.events("green0")
    assert list(BLUE_BLOCK) == life.events("blue1")
    first_blue = next(n for n, key in enumerate(life.keys) if key.startswith("blue"))
    assert life.last_of("green", "AfterAllowTraffic") < first_blue
    assert life.last_of("green", "ValidateService") < life.keys.index("green0/BeforeAllowTraffic")


def test_green_is_installed_and_registered_by_the_pace_of_the_configuration():
    life = Life(plan("OneAtATime")).run()
    assert life.keys.index("green0/ValidateService") < life.keys.index("green1/ApplicationStop")
    assert life.keys.index("green0/AfterAllowTraffic") < life.keys.index(
        "green1/BeforeAllowTraffic"
    )


def test_trap_53_blue_is_deregistered_all_at_once_whatever_the_configuration():
    """Trap 53."""
    life = Life(plan("OneAtATime", blue=3)).run()
    begun = [key for key in life.keys if key.startswith("blue")]
    assert [f"blue{n}/BeforeBlockTraffic" for n in range(3)] == begun[:3]


def test_one_blue_instance_that_cannot_be_deregistered_fails_the_deployment():
    """Trap 53."""
    for event in BLUE_BLOCK:
        life = Life(plan("AllAtOnce", blue=3), f"blue1/{event}").run()
        assert "Failed" == life.status
        assert list(BLUE_BLOCK) == life.events("blue0")


def test_a_failure_before_traffic_moves_leaves_blue_as_it_is():
    life = Life(plan("OneAtATime"), "green0/ValidateService").run()
    assert "Failed" == life.status
    assert [] == life.events("blue0")
    assert "AllowTraffic" not in life.events("green0")


def test_all_at_once_succeeds_when_one_instance_has_traffic():
    life = Life(plan("AllAtOnce"), "green0/ValidateService").run()
    assert "Succeeded" == life.status
    assert "AllowTraffic" not in life.events("green0")
    assert Status.FAILED is life.process.target_status(life.state, "green0")
    none = Life(plan("AllAtOnce"), "green0/AllowTraffic", "green1/AllowTraffic").run()
    assert ("Failed", []) == (none.status, none.events("blue0"))


def test_one_at_a_time_the_last_may_fail_to_get_traffic():
    assert "Succeeded" == Life(plan("OneAtATime"), "green1/AllowTraffic").run().status
    assert "Failed" == Life(plan("OneAtATime"), "green0/AllowTraffic").run().status


def test_a_deployment_that_is_to_be_continued_is_ready_until_it_is():
    life = Life(plan(options=STOP)).run()
    assert (None, Stage.READY) == (life.status, life.process.stage(life.state))
    assert "Ready" == life.process.status(life.state)
    assert Status.READY is life.process.target_status(life.state, "green0")
    assert Status.PENDING is life.process.target_status(life.state, "blue0")
    assert life.now + timedelta(minutes=10) == life.wake_at
    life.signal("continue", deploymentWaitType="TERMINATION_WAIT").run()
    assert life.status is None
    life.signal("continue", deploymentWaitType="READY_WAIT").run()
    assert "Succeeded" == life.status


def test_a_deployment_that_nobody_continues_is_stopped():
    life = Life(plan(options=STOP)).run()
    life.now = life.wake_at
    life.run()
    assert ("Stopped", []) == (life.status, life.events("blue0"))
    information = error_information(life.process, life.state)
    assert "TIMEOUT" == information["code"]
    assert "This time out period is 10 minutes." in information["message"]


def test_a_wait_is_what_is_left_of_it_after_a_crash():
    life = Life(plan(options=STOP)).run()
    after = Life(life.process.plan, state=life.state)
    after.now = life.now + timedelta(minutes=3)
    assert life.wake_at == after.run().wake_at


def test_a_stop_while_ready_stops():
    assert (
        "Stopped" == Life(plan(options=STOP)).run().signal("stop", reason="STOPPED").run().status
    )


def test_blue_ends_after_its_wait_and_the_deployment_has_succeeded_before():
    wait = BlueGreenOptions(termination_wait=timedelta(minutes=5))
    life = Life(plan(options=wait)).run()
    assert life.status is None
    assert "Succeeded" == life.process.status(life.state)
    assert deployment_info(life.process, life.state)["instanceTerminationWaitTimeStarted"]
    assert life.now + timedelta(minutes=5) == life.wake_at
    life.now = life.wake_at
    life.run()
    assert ("Succeeded", ["blue0/Terminate", "blue1/Terminate"]) == (life.status, life.keys[-2:])


def test_the_wait_for_blues_end_can_be_ended_or_given_up():
    wait = BlueGreenOptions(termination_wait=timedelta(minutes=5))
    skipped = Life(plan(options=wait)).run()
    skipped.signal("continue", deploymentWaitType="TERMINATION_WAIT").run()
    assert ("Succeeded", "blue1/Terminate") == (skipped.status, skipped.keys[-1])
    kept = Life(plan(options=wait)).run().signal("stop", reason="STOPPED").run()
    assert ("Succeeded", "blue1/AfterBlockTraffic") == (kept.status, kept.keys[-1])


@pytest.mark.parametrize(("asked", "wanted"), [(True, True), (False, False), (None, False)])
def test_a_stop_while_blue_waits_for_its_end_gives_traffic_back_if_it_says_so(asked, wanted):
    wait = BlueGreenOptions(termination_wait=timedelta(minutes=5))
    life = Life(replace(plan(options=wait), rollback_events=tuple(RollbackEvent))).run()
    said = {} if asked is None else {"autoRollbackEnabled": asked}
    life.signal("stop", reason="STOPPED", **said).run()
    assert ("Succeeded", wanted) == (life.status, is_wanted(life.process.plan, life.state))


def test_a_stop_that_comes_when_blue_ends_gives_nothing_back():
    life = Life(plan(options=BlueGreenOptions())).run(until="blue0/Terminate")
    life.signal("stop", reason="STOPPED", autoRollbackEnabled=True).run()
    assert ("Succeeded", False) == (life.status, is_wanted(life.process.plan, life.state))


def test_that_blue_cannot_be_ended_changes_nothing():
    life = Life(plan(options=BlueGreenOptions()), "blue0/Terminate").run()
    assert "Succeeded" == life.status


def test_instances_have_their_colours():
    from cicd.deploy.shapes import deployment_targets

    life = Life(plan()).run()
    shapes = [each["instanceTarget"] for each in deployment_targets(life.process, life.state)]
    assert {"green0": "Green", "green1": "Green", "blue0": "Blue", "blue1": "Blue"} == {
        shape["targetId"]: shape["instanceLabel"] for shape in shapes
    }


def test_a_rollback_is_of_what_blue_has():
    good = replace(
        plan(),
        revision=RevisionPlan(digest="1", bundle_type=BundleType.TAR, name="v0"),
        appspec="other.yml",
        file_exists_behavior=FileExistsBehavior.RETAIN,
        update_outdated_instances_only=True,
    )
    back = plan_rollback(plan(), good, "d-ROLLBACK1").plan
    assert (good.revision, "other.yml", FileExistsBehavior.RETAIN, False) == (
        back.revision,
        back.appspec,
        back.file_exists_behavior,
        back.update_outdated_instances_only,
    )


def test_an_alarm_that_is_on_does_not_stop_traffic_from_going_back():
    watched = replace(plan(), alarms=AlarmWatch(alarms=()))
    assert plan_rollback(watched, plan(), "d-ROLLBACK1").plan.alarms is None


def test_a_rollback_gives_traffic_back_to_blue_first():
    wish = plan_rollback(plan(), plan(), "d-ROLLBACK1")
    life = Life(wish.plan).run()
    assert "Succeeded" == life.status
    assert list(GREEN_ALLOW) == life.events("blue0")
    assert list(BLUE_BLOCK) == life.events("green0")
    assert life.last_of("blue", "AfterAllowTraffic") < life.keys.index("green0/BeforeBlockTraffic")


def test_nothing_begins_after_a_stop():
    life = Life(plan("OneAtATime")).run(until="green0/Install")
    begun = list(life.keys)
    assert "Stopped" == life.signal("stop", reason="STOPPED").run().status
    assert begun == life.keys


KEYS = [
    f"{target}/{event}"
    for target, events in (("green0", GREEN), ("green1", GREEN), ("blue0", BLUE_BLOCK))
    for event in (*events, "Terminate")
]


@settings(deadline=None)
@given(
    failing=st.sets(st.sampled_from(KEYS), max_size=3),
    config=st.sampled_from(["AllAtOnce", "HalfAtATime", "OneAtATime"]),
    options=st.sampled_from([KEEP, BlueGreenOptions()]),
)
def test_whatever_fails_blue_keeps_its_traffic_until_green_has_it(failing, config, options):
    life = Life(plan(config, blue=1, options=options), *failing).run()
    assert life.status in ("Succeeded", "Failed")
    assert len(life.keys) == len(set(life.keys))
    allowed = [
        target
        for target in ("green0", "green1")
        if life.process.target_status(life.state, target) is Status.SUCCEEDED
    ]
    if "blue0/BlockTraffic" in life.keys:
        assert allowed
    if "blue0/Terminate" in life.keys:
        assert "Succeeded" == life.status
    for target in ("green0", "green1"):
        done = life.events(target)
        assert done == list(GREEN)[: len(done)]


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_a_life_cut_anywhere_ends_as_the_uncut_one(cut):
    whole = Life(plan()).run()
    first = Life(plan())
    for _ in range(cut):
        decision = first.process.decide(first.state, first.now)
        if decision.conclude or not decision.start:
            break
        command = decision.start[0]
        first.tell(EventKind.STARTED, command.key)
        first.tell(
            EventKind.FINISHED, command.key, outcome=encode(Outcome(status=OutcomeStatus.DONE))
        )
    after = Life(plan(), state=first.state).run()
    assert whole.status == after.status
    for target in ("green0", "green1", "blue0", "blue1"):
        for event in LifecycleEvent:
            assert whole.process.event_status(whole.state, target, event) == (
                after.process.event_status(after.state, target, event)
            )
    assert set(whole.state.begun) == set(after.state.begun)


def test_a_wait_says_what_ends_it():
    from cicd.deploy.describe import describe

    life = Life(plan(options=STOP)).run()
    last = Event(kind=EventKind.FINISHED, at=life.now, key="green1/ValidateService")
    said = describe(life.process, life.state, last)
    assert "READY" == said.detail["detail"]["state"]
    assert [
        "green1: ValidateService Succeeded",
        (
            "Ready: 'cicd deploy continue d-ABCDEFGHI' moves traffic, else it stops after "
            f"10 minutes, at {life.wake_at.astimezone():%H:%M:%S}"
        ),
    ] == said.text.splitlines()
    ended = Life(plan(options=BlueGreenOptions(termination_wait=timedelta(minutes=1)))).run()
    last = Event(kind=EventKind.FINISHED, at=ended.now, key="blue1/AfterBlockTraffic")
    said = describe(ended.process, ended.state, last).text.splitlines()[-1]
    at = f"{ended.wake_at.astimezone():%H:%M:%S}"
    assert said.startswith(
        f"Succeeded: the original instances end after 1 minute, at {at}, or at 'cicd"
    )


@pytest.mark.parametrize("ending", [False, True])
def test_an_alarm_that_goes_off_when_it_has_succeeded_stops_nothing_and_says_so(ending):
    from cicd.deploy.describe import describe

    wait = BlueGreenOptions(termination_wait=timedelta(minutes=1))
    watched = replace(plan(options=wait), alarms=AlarmWatch(alarms=()))
    life = Life(watched).run()
    watch = WatchAlarms(once=False).key
    if ending:
        life.now = life.wake_at
        life.tell(EventKind.STARTED, "blue0/Terminate")
    detail = {"alarm": "errors", "state": "ALARM", "reason": "too many"}
    outcome = encode(Outcome(status=FAILED, detail=detail))
    life.tell(EventKind.STARTED, watch)
    ended = Event(kind=EventKind.FINISHED, at=life.now, key=watch, data={"outcome": outcome})
    life.state = life.process.apply(life.state, ended)
    said = describe(life.process, life.state, ended).text
    assert said.startswith("The alarm 'errors' went off: too many. That stops nothing")
    assert "'cicd deploy rollback d-ABCDEFGHI' gives" in said
    life.now = life.wake_at
    if ending:
        done = encode(Outcome(status=DONE))
        life.tell(EventKind.FINISHED, "blue0/Terminate", outcome=done)
    assert "Succeeded" == life.run().status
    assert "blue1/Terminate" == life.keys[-1]


def test_what_is_left_of_a_wait_counts_down():
    life = Life(plan(options=STOP)).run()
    wait = waiting(life.process, life.state)
    assert "10:00 until it stops" == wait.left(life.now)
    assert "0:00 until it stops" == wait.left(life.now + timedelta(hours=1))
    long = Life(plan(options=BlueGreenOptions(termination_wait=timedelta(hours=48)))).run()
    wait = waiting(long.process, long.state)
    assert "47:59:59 until the original instances end" == wait.left(
        long.now + timedelta(seconds=1)
    )


def test_nothing_is_left_of_a_wait_that_is_over_or_never_was():
    life = Life(plan(options=STOP)).run()
    life.signal("stop", reason="STOPPED")
    assert waiting(life.process, life.state) is None
    ended = Life(plan(options=BlueGreenOptions(termination_wait=timedelta(minutes=5)))).run()
    ended.signal("continue", deploymentWaitType="TERMINATION_WAIT")
    assert waiting(ended.process, ended.state) is None


def test_triggers_are_told_once_who_is_ready():
    life = Life(plan(options=STOP)).run()
    last = Event(kind=EventKind.FINISHED, at=life.now, key="green1/ValidateService")
    told = notices(life.process, life.state, last)
    assert [
        (TriggerEvent.INSTANCE_READY, "green0", "Ready"),
        (TriggerEvent.INSTANCE_READY, "green1", "Ready"),
    ] == [(kind, each["instanceId"], each["instanceStatus"]) for kind, each in told[:-1]]
    assert (TriggerEvent.DEPLOYMENT_READY, "Ready") == (told[-1][0], told[-1][1]["status"])
    life.signal("continue", deploymentWaitType="READY_WAIT").run(until="green0/BeforeAllowTraffic")
    next_one = Event(kind=EventKind.FINISHED, at=life.now, key="green0/BeforeAllowTraffic")
    assert () == notices(life.process, life.state, next_one)


def test_who_serves_is_who_has_traffic():
    life = Life(plan(green=2, blue=3)).run(until="green0/Install")
    assert 3 == life.process.serving(life.state)
    life.run(until="green0/AllowTraffic")
    assert 5 == life.process.serving(life.state)
    life.run(until="blue0/BlockTraffic")
    assert 2 == life.process.serving(life.state)


def test_a_forecast_has_capacity_throughout():
    from cicd.deploy.forecast import Durations, forecast

    seen = forecast(plan(green=2, blue=2), Durations(by_key={}, by_event={}))
    assert ("Succeeded", 2) == (seen.status, seen.lowest)


def test_the_board_has_both_environments():
    from cicd.cli.show.board import Board

    life = Life(plan(options=BlueGreenOptions()))
    board = Board(encode(life.process.plan))
    seen, serving = life.tell, []

    def tell(kind, key="", **data):
        seen(kind, key, **data)
        board.event(Event(kind=kind, at=life.now, key=key, data=data), 1.0)
        serving.append(board.serving)

    life.tell = tell
    life.run()
    assert (2, 4, 2) == (min(serving), max(serving), serving[-1])
    assert 2 == board.total
    rows = {row.target: (row.status, row.signs) for row in board.rows(2.0, 10)}
    assert ("Succeeded", "●" * 10) == rows["green0"]
    assert ("Succeeded", "●" * 3) == rows["blue1"]


def test_the_board_says_who_is_ready_and_how_long_that_lasts():
    from cicd.cli.show.board import Board

    life = Life(plan(options=STOP))
    board = Board(encode(life.process.plan))
    seen = life.tell

    def tell(kind, key="", **data):
        seen(kind, key, **data)
        board.event(Event(kind=kind, at=life.now, key=key, data=data), 1.0)

    life.tell = tell
    life.run()
    assert ["Ready", "Ready", "", ""] == [row.doing for row in board.rows(2.0, 10)]
    assert "10:00 until it stops" == board.left(life.now)


def test_where_nothing_succeeded_before_there_is_nothing_to_go_back_to():
    assert plan_rollback(plan(), None, "d-ROLLBACK1").plan is None
