"""The reference's tables of the phase machine (§2.2 to §2.6), a case a row."""

from dataclasses import replace

import pytest

from cicd.build.commands import Finalize, ReadReport, RunCommand, UploadArtifacts
from cicd.build.spec import COMMAND_PHASES, OnFailure
from cicd.engine.process import OutcomeStatus
from cicd.event import EventKind
from tests.build.machine import Run, phase, plan

LETTERS = {"INSTALL": "i", "PRE_BUILD": "p", "BUILD": "b", "POST_BUILD": "q"}
PHASES = tuple(phase(name, letter) for name, letter in LETTERS.items())
ORDER = ["PROVISIONING", "DOWNLOAD_SOURCE", *LETTERS, "UPLOAD_ARTIFACTS", "FINALIZING"]


def with_action(name, action):
    return plan(*(replace(p, on_failure=action) if p.phase == name else p for p in PHASES))


def failed_in(of, place):
    """Run a plan in which one phase fails: a command of its own, or the service's step."""
    run = Run(of)
    while not (conclusion := run.decide().conclude):
        run.start()
        if run.state.open.phase == place:
            run.finish(OutcomeStatus.FAILED, exitStatus=1, code="CLIENT_ERROR", message="no")
        else:
            run.finish()
    run.add(EventKind.CONCLUDED, status=conclusion)
    return run


def after(run, place):
    names = [record.phase.value for record in run.state.phases]
    return names[names.index(place) + 1]


@pytest.mark.parametrize(
    ("place", "action", "following"),
    [
        ("DOWNLOAD_SOURCE", None, "FINALIZING"),
        ("INSTALL", None, "FINALIZING"),
        ("INSTALL", OnFailure.CONTINUE, "PRE_BUILD"),
        ("INSTALL", OnFailure.ABORT, "FINALIZING"),
        ("PRE_BUILD", None, "FINALIZING"),
        ("PRE_BUILD", OnFailure.CONTINUE, "BUILD"),
        ("PRE_BUILD", OnFailure.ABORT, "FINALIZING"),
        ("BUILD", None, "POST_BUILD"),
        ("BUILD", OnFailure.CONTINUE, "POST_BUILD"),
        ("BUILD", OnFailure.ABORT, "FINALIZING"),
        ("POST_BUILD", None, "UPLOAD_ARTIFACTS"),
        ("POST_BUILD", OnFailure.CONTINUE, "UPLOAD_ARTIFACTS"),
        ("POST_BUILD", OnFailure.ABORT, "FINALIZING"),
        ("UPLOAD_ARTIFACTS", None, "FINALIZING"),
        ("FINALIZING", None, "COMPLETED"),
    ],
)
def test_2_2_what_follows_a_failed_phase_and_2_3_the_build_has_failed(place, action, following):
    of = with_action(place, action)
    run = failed_in(replace(of, artifacts=plan(artifacts=1).artifacts), place)
    assert following == after(run, place)
    assert "FAILED" == run.state.status


def test_2_2_what_follows_a_phase_that_succeeded():
    run = Run(plan(*PHASES)).to_the_end()
    names = [record.phase.value for record in run.state.phases]
    assert ["SUBMITTED", "QUEUED", *ORDER, "COMPLETED"] == names
    assert "SUCCEEDED" == run.state.status


@pytest.mark.parametrize("place", [*ORDER[:-1]])
@pytest.mark.parametrize("reason", ["STOPPED", "TIMED_OUT"])
def test_2_3_whatever_phase_it_ends_in_nothing_of_the_user_runs_any_more(place, reason):
    run = Run(plan(*PHASES, artifacts=1, reports=1))
    while run.start() and run.state.open.phase != place:
        run.finish()
    if reason == "STOPPED":
        run.add(EventKind.SIGNALLED, signal="stop", reason="STOPPED")
    else:
        run.now = run.state.phases[0].started + run.process.plan.timeout
    (cancel,) = run.decide().cancel
    assert reason == cancel.reason
    run.finish(OutcomeStatus.CANCELLED, reason=reason)
    ran = len(run.started)
    run.to_the_end()
    assert [Finalize] == [type(c) for c in run.started[ran:]]
    assert (reason, reason, "SUCCEEDED") == (
        run.phases[place],
        run.state.status,
        run.phases["FINALIZING"],
    )


@pytest.mark.parametrize(
    ("failing", "action", "seen"),
    [
        ((), None, {"i": True, "p": True, "b": True, "q": True}),
        (("b",), None, {"i": True, "p": True, "b": True, "q": False}),
        (("b",), OnFailure.CONTINUE, {"i": True, "p": True, "b": True, "q": False}),
        (("i",), OnFailure.CONTINUE, {"i": True, "p": False, "b": False, "q": False}),
        (("p",), OnFailure.CONTINUE, {"i": True, "p": True, "b": False, "q": False}),
    ],
)
def test_2_4_succeeding_as_each_command_sees_it(failing, action, seen):
    place = next((n for n, letter in LETTERS.items() if letter in failing), "BUILD")
    run = Run(with_action(place, action)).to_the_end(failing)
    assert seen == {
        run.process.command_line(c).text: c.succeeding
        for c in run.started
        if isinstance(c, RunCommand)
    }


@pytest.mark.parametrize("name", list(LETTERS))
def test_2_4_finally_of_the_phase_that_failed_sees_it(name):
    run = Run(plan(phase(name, "bad", finally_=("f",)))).to_the_end(("bad",))
    assert [("bad", True), ("f", False)] == [
        (run.process.command_line(c).text, c.succeeding)
        for c in run.started
        if isinstance(c, RunCommand)
    ]


def test_2_5_contexts_of_a_phase():
    run = Run(plan(*PHASES)).to_the_end(("b",))
    records = {record.phase: record for record in run.state.phases}
    for place in COMMAND_PHASES:
        told = (records[place].code, records[place].message)
        message = "Error while executing command: b. Reason: exit status 1"
        expected = ("COMMAND_EXECUTION_ERROR", message) if place == "BUILD" else ("", "")
        assert expected == told


def test_2_6_a_failed_build_uploads_what_post_build_made():
    run = Run(plan(*PHASES, artifacts=1, reports=1)).to_the_end(("b",))
    made = [type(c) for c in run.started if isinstance(c, UploadArtifacts | ReadReport)]
    assert [UploadArtifacts, ReadReport] == made
    assert ("FAILED", "SUCCEEDED", "SUCCEEDED", "FAILED") == (
        run.phases["BUILD"],
        run.phases["POST_BUILD"],
        run.phases["UPLOAD_ARTIFACTS"],
        run.state.status,
    )
