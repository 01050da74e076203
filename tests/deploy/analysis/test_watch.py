"""An analysis while a shift lasts: what it stops, what it tells, and how it is written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cicd.deploy.alarms.alarm import AlarmWatch
from cicd.deploy.alarms.watch import keep_looking
from cicd.deploy.analysis.analysis import Analysis, Judgement
from cicd.deploy.analysis.look import Subject
from cicd.deploy.analysis.reader import with_analysis
from cicd.deploy.analysis.watch import Judge
from cicd.deploy.find_group import find_group
from cicd.deploy.shapes import alarm_words
from cicd.deploy.shift.requests import RouterRequests
from cicd.document.resources import Resources
from cicd.engine.clock import ScaledClock
from cicd.engine.process import OutcomeStatus
from cicd.errors import DocumentError, Unavailable
from cicd.ports import Answered, CancelToken, Endpoint
from cicd.testing.contracts_traffic import BLUE, GREEN, ROUTE, two_groups
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.world import World

STREAM = "deployment/d-1"
SPEC = two_groups(Endpoint(host="127.0.0.1", port=80))
ANALYSIS = Analysis(error_rate=1, least_requests=10, interval=timedelta())


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.router = RecordingTrafficRouter(SPEC)
    made.router.set_weights(ROUTE, {BLUE: 90, GREEN: 10})
    made.services = replace(made.services, router=lambda _: made.router)
    return made


def subject(world):
    requests = RouterRequests(SPEC, ROUTE, world.services)
    return Subject(requests=requests, old=BLUE, new=GREEN, stream=STREAM)


def answers(world, group, count, status=200):
    at = datetime.now(UTC) + timedelta(seconds=1)
    world.router.seen += [Answered(at=at, group=group, status=status, seconds=0.01)] * count


def told(world):
    return [event.data["verdict"] for _, event in world.log.read(STREAM)]


def test_a_failed_verdict_ends_the_watch_as_an_alarm_does_and_is_told_with_numbers(world):
    answers(world, BLUE, 50)
    answers(world, GREEN, 18)
    answers(world, GREEN, 2, status=503)
    watch = AlarmWatch(alarms=(), analysis=ANALYSIS)
    outcome = keep_looking(watch, world.services, CancelToken(), subject(world))
    assert OutcomeStatus.FAILED is outcome.status
    assert "The analysis failed the new version: error rate 10.00 % (2 of 20)" in alarm_words(
        outcome.detail
    )
    assert ["FAILED"] == [each.upper() for each in told(world)]
    ((_, event),) = world.log.read(STREAM)
    assert {"requests": 20, "errors": 2, "errorRate": 0.1}.items() <= event.data["new"].items()
    assert 50 == event.data["old"]["requests"]


def test_a_verdict_is_told_when_it_changes_and_not_each_time(world):
    judge = Judge(ANALYSIS, subject(world), world.services)
    assert judge.look() is None
    assert judge.look() is None
    answers(world, GREEN, 20)
    assert judge.look() is None
    assert judge.look() is None
    assert ["NoVerdict", "Passed"] == told(world)


def test_what_was_answered_before_the_watch_does_not_count(world):
    world.router.seen += [
        Answered(at=datetime.now(UTC), group=GREEN, status=500, seconds=1) for _ in range(50)
    ]
    judge = Judge(ANALYSIS, subject(world), world.services)
    assert judge.look() is None
    assert ["NoVerdict"] == told(world)


def test_nothing_is_judged_before_the_new_version_has_traffic(world):
    world.router.set_weights(ROUTE, {BLUE: 100, GREEN: 0})
    judge = Judge(ANALYSIS, subject(world), world.services)
    assert judge.look() is None
    assert [] == told(world)
    world.router.set_weights(ROUTE, {BLUE: 99, GREEN: 1})
    assert judge.look() is None
    assert ["NoVerdict"] == told(world)


def test_a_router_that_is_lost_gives_no_verdict(world):
    judge = Judge(ANALYSIS, subject(world), world.services)
    answers(world, GREEN, 20)
    assert judge.look() is None

    def gone(route, since):
        raise Unavailable("it is gone")

    world.router.answered = gone
    assert judge.look() is None
    assert ["Passed", "NoVerdict"] == told(world)
    (*_, (_, event)) = world.log.read(STREAM)
    assert ["there are no figures: it is gone"] == event.data["reasons"]


def test_requests_count_in_the_machines_time_however_fast_the_deployments_runs(world):
    clock = ScaledClock(100_000)
    judge = Judge(ANALYSIS, subject(world), replace(world.services, clock=clock))
    answers(world, GREEN, 20)
    assert judge.look() is None
    assert ["Passed"] == told(world)
    moment = clock.now()
    later = clock.machine(moment + timedelta(seconds=100_000)) - clock.machine(moment)
    assert later == timedelta(seconds=1)


def written(tmp_path, analysis):
    (tmp_path / "cicd.yml").write_text(
        "applications:\n  - applicationName: shop\n    deploymentGroups:\n"
        "      - deploymentGroupName: web\n"
        "local:\n  deploymentGroups:\n    web:\n"
        f"      instances: [{{id: a, directory: a}}]\n      analysis: {analysis}\n"
    )
    group = find_group(Resources.load(tmp_path), home=tmp_path / ".cicd")
    assert () == group.alarms.alarms
    return group.alarms.analysis


def test_it_stands_beside_the_instances_of_a_local_group(tmp_path):
    assert Analysis(
        judgement=Judgement.MANN_WHITNEY,
        error_rate=1.5,
        p95=300,
        least_requests=20,
        window=timedelta(seconds=30),
    ) == written(
        tmp_path,
        "{judgement: MannWhitney, errorRate: 1.5, p95: 300, leastRequests: 20, window: 30}",
    )


@pytest.mark.parametrize(
    ("analysis", "words"),
    [
        ("{}", "has no limit that could be broken"),
        ("{errorRate: many}", "'errorRate' must be a number from 0 on, not 'many'"),
        ("{p95: -1}", "'p95' must be a number from 0 on"),
        ("{errorRate: 1, judgement: Gut}", "'Gut'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(tmp_path, analysis, words):
    with pytest.raises(DocumentError) as raised:
        written(tmp_path, analysis)
    assert words in str(raised.value.problems[0].message)
    assert "cicd.yml:9" in str(raised.value.problems[0].span)


def test_without_it_a_group_has_the_alarms_that_it_had():
    assert with_analysis(None, None, problems=None) is None
