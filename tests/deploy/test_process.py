from datetime import timedelta

import pytest

from cicd.deploy.config import PREDEFINED
from cicd.deploy.lifecycle import IN_PLACE
from cicd.deploy.plan import BundleType, DeploymentPlan, RevisionPlan
from cicd.deploy.process import DeploymentProcess
from cicd.engine.codec import decode, encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import Event, EventKind
from cicd.ports import TargetSpec
from cicd.testing.clock import START
from cicd.testing.simulate import simulate

DONE, FAILED = OutcomeStatus.DONE, OutcomeStatus.FAILED


def plan(config="OneAtATime", count=3, **options):
    return DeploymentPlan(
        deployment_id="d-ABCDEFGHI",
        application_name="shop",
        deployment_group_name="web",
        deployment_group_id="1",
        config=PREDEFINED[f"CodeDeployDefault.{config}"],
        targets=tuple(TargetSpec(id=f"i{n}", location=f"/i{n}") for n in range(count)),
        events=IN_PLACE,
        revision=RevisionPlan(digest="0", bundle_type=BundleType.ZIP, name="v1"),
        **options,
    )


def event(kind, second, key="", **data):
    return Event(kind=kind, at=START + timedelta(seconds=second), key=key, data=data)


def live(process, ends=None):
    """Run without threads; ``ends`` says which keys fail. Gives (status, keys, state)."""
    state, keys, second = process.initial(), [], 0
    ends = ends or {}
    while True:
        decision = process.decide(state, START)
        if decision.conclude:
            state = process.apply(
                state, event(EventKind.CONCLUDED, second, status=str(decision.conclude))
            )
            return decision.conclude, keys, state
        for command in decision.start:
            keys.append(command.key)
            state = process.apply(state, event(EventKind.STARTED, second, command.key))
        for command in decision.start:
            second += 1
            outcome = encode(Outcome(status=ends.get(command.key, DONE)))
            state = process.apply(
                state, event(EventKind.FINISHED, second, command.key, outcome=outcome)
            )


def test_a_plan_reads_back_as_it_was_written():
    assert plan() == decode(DeploymentPlan, encode(plan()))


def test_one_at_a_time_goes_through_one_target_after_the_other():
    status, keys, _ = live(DeploymentProcess(plan(count=2)))
    expected = [f"{target}/{name}" for target in ("i0", "i1") for name in IN_PLACE]
    assert ("Succeeded", expected) == (status, keys)


def test_all_at_once_begins_everywhere_together():
    process = DeploymentProcess(plan("AllAtOnce"))
    started = process.decide(process.initial(), START).start
    assert [f"i{n}/ApplicationStop" for n in range(3)] == [c.key for c in started]


def test_a_failed_event_skips_the_rest_of_its_target():
    process = DeploymentProcess(plan("AllAtOnce"))
    status, keys, state = live(process, {"i1/Install": FAILED})
    assert "Succeeded" == status
    assert "i1/AfterInstall" not in keys
    assert "Skipped" == process.event_status(state, "i1", IN_PLACE[-1])
    assert "Failed" == process.target_status(state, "i1")


def test_targets_never_begun_are_skipped_when_it_failed():
    process = DeploymentProcess(plan())
    status, _, state = live(process, {"i0/Install": FAILED})
    assert "Failed" == status
    assert ["Failed", "Skipped", "Skipped"] == [
        process.target_status(state, f"i{n}") for n in range(3)
    ]


def test_a_doomed_deployment_lets_running_targets_finish():
    process = DeploymentProcess(plan("HalfAtATime", count=4))
    status, keys, state = live(process, {"i0/Install": FAILED, "i1/ValidateService": FAILED})
    assert "Failed" == status
    assert "i1/ValidateService" in keys
    assert "Skipped" == process.target_status(state, "i3")


def test_trap_28_ignoring_stop_failures_goes_on_past_application_stop():
    process = DeploymentProcess(plan(count=1, ignore_application_stop_failures=True))
    status, _, state = live(process, {"i0/ApplicationStop": FAILED})
    assert "Succeeded" == status
    assert "Failed" == process.event_status(state, "i0", IN_PLACE[0])
    assert "Succeeded" == process.target_status(state, "i0")


def test_without_the_option_a_failed_application_stop_fails_the_target():
    process = DeploymentProcess(plan(count=1))
    assert "Failed" == live(process, {"i0/ApplicationStop": FAILED})[0]


def test_trap_40_without_a_load_balancer_there_are_no_traffic_events():
    _, keys, _ = live(DeploymentProcess(plan(count=1)))
    assert [] == [key for key in keys if "Traffic" in key]


@pytest.mark.parametrize("config", ["AllAtOnce", "HalfAtATime", "OneAtATime"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_life_concludes_and_starts_nothing_twice_or_after_a_stop(config, count):
    process = DeploymentProcess(plan(config, count))
    for seed in range(12):
        trace = simulate(process, encode(process.plan), seed=seed, stop=0.1, crash=0.1)
        assert trace.status in ("Succeeded", "Failed", "Stopped")
        assert () == trace.started_after_stop
        assert len(set(trace.started)) == len(trace.started)
