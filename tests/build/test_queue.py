"""QUEUED: builds that wait for a place among those that may run at once."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from cicd.build.commands import Provision, WaitForPlace
from cicd.build.queue import Queue
from cicd.build.run import build_result
from cicd.build.spec import PhaseType
from cicd.engine.process import Cancel, OutcomeStatus
from cicd.event import EventKind
from cicd.ports import CancelToken
from tests.build.machine import Run, phase, plan
from tests.cli.killed import PATIENCE, Outside

SPEC = "version: 0.2\nphases: {build: {commands: ['true']}}\n"


def queued(**more):
    return Run(replace(plan(phase("BUILD", "a")), places=1, **more))


def statuses(run):
    return [(p.phase.value, p.status.value) for p in run.state.phases]


def test_a_build_waits_in_queued_and_its_timeout_counts_from_then_on():
    run = queued()
    assert isinstance(run.start(), WaitForPlace)
    assert PhaseType.QUEUED is run.state.open.phase
    run.now += timedelta(minutes=400)  # 480 are allowed; 60 for the build
    run.finish()
    assert isinstance(run.start(), Provision)
    assert [("SUBMITTED", "SUCCEEDED"), ("QUEUED", "SUCCEEDED")] == statuses(run)[:2]
    run.finish()
    run.to_the_end()
    assert "SUCCEEDED" == run.state.status


@pytest.mark.parametrize("reason", ["TIMED_OUT", "STOPPED"])
def test_a_build_that_gets_no_place_does_not_run(reason):
    run = queued(queued_timeout=timedelta(minutes=5))
    run.start()
    if reason == "STOPPED":
        run.add(EventKind.SIGNALLED, signal="stop", reason="STOPPED")
    else:
        run.now += timedelta(minutes=5)
    assert (Cancel(key="QUEUED", reason=reason),) == run.decide().cancel
    run.finish(OutcomeStatus.CANCELLED, reason=reason)
    run.to_the_end()
    assert [("SUBMITTED", "SUCCEEDED"), ("QUEUED", reason), ("COMPLETED", "SUCCEEDED")] == (
        statuses(run)
    )
    assert reason == run.state.status


def test_a_fault_in_the_queue_takes_nothing_down():
    run = queued()
    run.start()
    run.finish(OutcomeStatus.FAULT, message="no")
    run.to_the_end()
    assert ["SUBMITTED", "QUEUED", "COMPLETED"] == [name for name, _ in statuses(run)]


def test_there_are_as_many_places_as_said_and_who_leaves_makes_one(services):
    first, second, third = (Queue(2, services) for _ in range(3))
    assert [True, True, False] == [each.take() for each in (first, second, third)]
    first.leave()
    assert third.take()
    assert Queue(0, services).take()
    for each in (second, third):
        each.leave()


def test_who_waits_for_a_place_can_be_stopped(services):
    told = []
    cancel = CancelToken()
    with services.executions.drive("place/1"):
        cancel.cancel("STOPPED")
        assert "STOPPED" == Queue(1, services).wait(cancel, lambda: told.append(1))
    assert None is Queue(1, services).wait(CancelToken(), lambda: told.append(1))
    assert [] == told


def test_a_build_waits_until_another_has_ended(build, services, reporter):
    used = replace(services, builds=1)
    done = []
    with services.executions.drive("place/1"):
        thread = Thread(target=lambda: done.append(build(SPEC, services=used)))
        thread.start()
        until = time.monotonic() + PATIENCE
        while not any(said.startswith("Queued: another build runs") for said in reporter.said()):
            assert time.monotonic() < until
            time.sleep(0.02)
        (record,) = services.executions.list(kind="build")
        assert "QUEUED" == build_result(record.stream, services).build["currentPhase"]
    thread.join()
    assert "SUCCEEDED" == done[0].status
    assert "SUCCEEDED" == build(SPEC, services=used).status  # it has left its place


def test_the_list_says_who_is_queued(tmp_path, services):
    (tmp_path / "buildspec.yml").write_text(SPEC)
    outside = Outside(tmp_path)
    where = ("--home", str(services.home))
    (services.home / "config.toml").write_text('builds = 1\nrunner = "host"\n')
    with services.executions.drive("place/1"):
        process = outside.start("build", *where)
        until = time.monotonic() + PATIENCE
        while "IN_PROGRESS (queued)" not in outside.run("builds", "list", *where)[1]:
            assert time.monotonic() < until
    assert 0 == process.wait(PATIENCE)
    (build_id,) = json.loads(
        outside.run("builds", "list", "--output", "json", *where)[1].splitlines()[-1]
    )["ids"]
    assert "QUEUED" in outside.run("builds", "show", build_id, *where)[1]
