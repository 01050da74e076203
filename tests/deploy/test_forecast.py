from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.deploy.config import PREDEFINED, ZonalConfig, custom, parse_minimum
from cicd.deploy.forecast import UNKNOWN, durations, forecast
from cicd.deploy.plan import TERMINATE, RunLifecycleEvent
from cicd.deploy.process import DeploymentProcess
from cicd.deploy.traffic.plan import BlueGreenOptions
from cicd.engine.codec import encode
from cicd.engine.loop import drive
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.rehearse import rehearse
from cicd.event import Event, EventKind
from cicd.ports import CancelToken, TargetSpec
from cicd.testing.clock import START, VirtualClock
from cicd.testing.fakes import MemoryEventLog
from tests.deploy.test_process import plan
from tests.deploy.traffic.test_blue_green import KEEP, STOP
from tests.deploy.traffic.test_blue_green import plan as blue_green_plan


class Sleeping:
    """Effects that take virtual time and end as they are told."""

    def __init__(self, clock, perform):
        self.clock = clock
        self.told = perform

    def perform(self, command, scope):
        takes, outcome = self.told(command)
        self.clock.sleep(takes, scope.cancel)
        return outcome

    recover = perform

    def close(self):
        pass


def story(events):
    """Give what happened, without what two clocks may write differently: nothing."""
    return [(e.kind, e.key, e.at, dict(e.data)) for e in events]


@st.composite
def deployments(draw):
    count = draw(st.integers(1, 6))
    config = draw(
        st.sampled_from(
            [
                *(PREDEFINED[f"CodeDeployDefault.{n}"] for n in ("AllAtOnce", "HalfAtATime")),
                PREDEFINED["CodeDeployDefault.OneAtATime"],
                custom(parse_minimum("50%")),
                custom(parse_minimum("1")),
                replace(
                    custom(parse_minimum("1")),
                    zonal=ZonalConfig(monitor_duration=5, first_zone_monitor_duration=9),
                ),
            ]
        )
    )
    targets = tuple(
        TargetSpec(id=f"i{n}", location=f"/i{n}", zone="ab"[n % 2]) for n in range(count)
    )
    failing = draw(st.sets(st.sampled_from([t.id for t in targets])))
    # No two events take equally long: which of two that end together comes first is chance.
    order = draw(st.permutations(range(count * 7)))
    jobs = draw(st.integers(1, 4))
    return replace(plan(), config=config, targets=targets), failing, order, jobs


@given(deployments())
@settings(max_examples=40, deadline=None)
def test_a_forecast_has_the_very_events_of_a_run_with_the_same_outcomes(case):
    plan_, failing, order, jobs = case
    events = list(plan_.events)
    names = [target.id for target in plan_.targets]

    def perform(command):
        number = names.index(command.target) * 7 + events.index(command.event)
        bad = command.target in failing and command.event == "AfterInstall"
        status = OutcomeStatus.FAILED if bad else OutcomeStatus.DONE
        takes = timedelta(seconds=1, microseconds=2 ** (order[number] % 20) + order[number])
        return takes, Outcome(status=status)

    rehearsed, run = both(plan_, jobs, perform)
    assert rehearsed == run


@st.composite
def blue_green_deployments(draw):
    made = blue_green_plan(
        config=draw(st.sampled_from(("AllAtOnce", "HalfAtATime", "OneAtATime"))),
        green=draw(st.integers(1, 4)),
        blue=draw(st.integers(1, 3)),
        options=draw(st.sampled_from((KEEP, STOP, BlueGreenOptions()))),
    )
    keys = [f"{each.id}/{event}" for each in made.instances for event in made.events_of(each.id)]
    failing = draw(st.sets(st.sampled_from(keys), max_size=3))
    order = draw(st.permutations(range(len(keys) + len(made.instances))))
    return made, failing, order, draw(st.integers(1, 4))


@given(blue_green_deployments())
@settings(max_examples=40, deadline=None)
def test_a_forecast_of_a_blue_green_deployment_has_the_very_events_of_its_run(case):
    plan_, failing, order, jobs = case
    keys = [f"{each.id}/{event}" for each in plan_.instances for event in plan_.events_of(each.id)]
    keys += [f"{each.id}/{TERMINATE}" for each in plan_.instances]

    def perform(command):
        place = order[keys.index(command.key)]
        status = OutcomeStatus.FAILED if command.key in failing else OutcomeStatus.DONE
        return timedelta(seconds=1, microseconds=2 ** (place % 20) + place), Outcome(status=status)

    rehearsed, run = both(plan_, jobs, perform)
    assert rehearsed == run


def both(plan_, jobs, perform):
    """Give what is told of a deployment beforehand, and what is told when it runs."""
    rehearsed = rehearse(
        DeploymentProcess(plan_), encode(plan_), start=START, jobs=jobs, perform=perform
    )
    clock, log = VirtualClock(), MemoryEventLog()
    log.append("deployment/d", (rehearsed[0],), expected=0)
    drive(
        DeploymentProcess(plan_),
        Sleeping(clock, perform),
        stream="deployment/d",
        log=log,
        clock=clock,
        cancel=CancelToken(),
        jobs=jobs,
    )
    return story(rehearsed), story(event for _, event in log.read("deployment/d"))


def told(plan_, failures=0, known=None):
    return forecast(plan_, known or durations(()), failures=failures)


def test_nothing_known_takes_a_second_for_each_event():
    found = told(plan(count=2))
    assert ("Succeeded", 14 * UNKNOWN) == (found.status, found.takes)
    assert [timedelta(), 7 * UNKNOWN] == [each.begins for each in found.targets]


@pytest.mark.parametrize(
    ("config", "failures", "status", "lowest"),
    [
        ("AllAtOnce", 0, "Succeeded", 0),
        ("HalfAtATime", 1, "Succeeded", 2),
        ("HalfAtATime", 2, "Failed", 2),
        ("OneAtATime", 1, "Failed", 3),
    ],
)
def test_capacity_stays_at_the_minimum_with_so_many_failures(config, failures, status, lowest):
    found = told(plan(config, count=4), failures)
    assert (status, lowest) == (found.status, found.lowest)
    assert found.lowest >= found.minimum


def test_a_target_of_a_doomed_deployment_is_never_begun():
    found = told(plan(count=3), failures=1)
    assert ["Failed", "Skipped", "Skipped"] == [each.status for each in found.targets]
    assert found.targets[1].begins is None
    assert "HEALTH_CONSTRAINTS" == found.code


def test_times_come_from_earlier_deployments_the_targets_own_first():
    def took(key, seconds):
        return (
            Event(kind=EventKind.STARTED, at=START, key=key),
            Event(kind=EventKind.FINISHED, at=START + timedelta(seconds=seconds), key=key),
        )

    seen = (("i0", 10), ("i0", 20), ("i0", 90), ("i1", 2))
    known = durations(each for host, takes in seen for each in took(f"{host}/Install", takes))
    install = plan().events[3]
    assert "Install" == install
    assert timedelta(seconds=20) == known.of(RunLifecycleEvent(target="i0", event=install))
    assert timedelta(seconds=10) == known.of(RunLifecycleEvent(target="i9", event=install))
    assert UNKNOWN == known.of(RunLifecycleEvent(target="i0", event=plan().events[0]))
