"""How long things may take, without anybody waiting."""

from datetime import timedelta

from cicd.deploy.process import DeploymentProcess
from cicd.engine.codec import encode
from cicd.engine.process import Cancel, Outcome, OutcomeStatus
from cicd.engine.rehearse import rehearse
from cicd.event import EventKind
from cicd.testing.clock import START
from tests.deploy.test_process import event, plan
from tests.deploy.traffic.test_blue_green import plan as blue_green_plan

HOUR = 3600


def folded(process, *events):
    state = process.initial()
    for each in events:
        state = process.apply(state, each)
    return state


def begun(process, *more):
    return folded(
        process,
        event(EventKind.SUBMITTED, 0, plan={}),
        event(EventKind.STARTED, 0, "i0/ApplicationStop"),
        *more,
    )


def at(seconds):
    return START + timedelta(seconds=seconds)


def test_a_lifecycle_event_has_an_hour():
    process = DeploymentProcess(plan())
    state = begun(process)
    assert at(HOUR) == process.decide(state, at(HOUR - 1)).wake_at
    late = process.decide(state, at(HOUR))
    assert (Cancel(key="i0/ApplicationStop", reason="TIMED_OUT"),) == late.cancel


def test_a_deployment_has_twelve_hours_and_then_begins_nothing_more():
    process = DeploymentProcess(plan(count=20))
    done = Outcome(status=OutcomeStatus.DONE)
    events = rehearse(
        process,
        encode(process.plan),
        start=START,
        jobs=8,
        perform=lambda _: (timedelta(minutes=7), done),
    )
    assert "Failed" == events[-1].data["status"]
    state = folded(process, *events)
    assert "TIMEOUT" == process.doom(state)
    started = [each.at for each in events if each.kind is EventKind.STARTED]
    assert max(started) < at(12 * HOUR)
    assert at(12 * HOUR) <= events[-1].at < at(12 * HOUR + 7 * 60 + 1)


def test_the_time_in_which_nobody_drove_does_not_count():
    process = DeploymentProcess(plan())
    resumed = event(EventKind.SIGNALLED, 20 * HOUR, signal="resumed")
    decision = process.decide(begun(process, resumed), at(20 * HOUR + 1))
    assert () == decision.cancel
    assert decision.conclude is None
    assert at(21 * HOUR) == decision.wake_at


def test_an_event_of_a_blue_green_deployment_has_an_hour():
    process = DeploymentProcess(blue_green_plan())
    state = folded(
        process,
        event(EventKind.SUBMITTED, 0, plan={}),
        event(EventKind.STARTED, 0, "green0/ApplicationStop"),
    )
    assert at(HOUR) == process.decide(state, at(HOUR - 1)).wake_at
    late = process.decide(state, at(HOUR))
    assert (Cancel(key="green0/ApplicationStop", reason="TIMED_OUT"),) == late.cancel


def test_a_blue_green_deployment_has_109_hours_and_then_begins_nothing_more():
    process = DeploymentProcess(blue_green_plan())
    state = folded(process, event(EventKind.SUBMITTED, 0, plan={}))
    assert process.decide(state, at(109 * HOUR - 1)).start
    over = process.decide(state, at(109 * HOUR))
    assert ((), "Failed") == (over.start, over.conclude)
    ended = folded(
        process,
        event(EventKind.SUBMITTED, 0, plan={}),
        event(EventKind.CONCLUDED, 109 * HOUR, status="Failed"),
    )
    assert "TIMEOUT" == process.doom(ended)
