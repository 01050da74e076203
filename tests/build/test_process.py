"""The phase machine, without any hands."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.build.commands import Finalize, Provision, ReadReport, RunCommand, UploadArtifacts
from cicd.build.plan import BuildPlan
from cicd.build.process import BuildProcess
from cicd.build.spec import COMMAND_PHASES, OnFailure, PhaseType
from cicd.engine.codec import decode, encode
from cicd.engine.process import OutcomeStatus
from cicd.event import EventKind
from tests.build.machine import NOW, Run, phase, plan

MINUTE = timedelta(minutes=1)
S, F = "SUCCEEDED", "FAILED"
ALL = (
    phase("INSTALL", "i"),
    phase("PRE_BUILD", "p"),
    phase("BUILD", "b"),
    phase("POST_BUILD", "q"),
)


@pytest.mark.parametrize(
    ("failing", "ran", "after", "status"),
    [
        ((), "ipbq", {"INSTALL": S, "PRE_BUILD": S, "BUILD": S, "POST_BUILD": S}, S),
        ("i", "i", {"INSTALL": F}, F),
        ("p", "ip", {"INSTALL": S, "PRE_BUILD": F}, F),
        ("b", "ipbq", {"INSTALL": S, "PRE_BUILD": S, "BUILD": F, "POST_BUILD": S}, F),
        ("q", "ipbq", {"INSTALL": S, "PRE_BUILD": S, "BUILD": S, "POST_BUILD": F}, F),
    ],
)
def test_the_worked_traces(failing, ran, after, status):
    done = Run(plan(*ALL)).to_the_end(failing)
    assert list(ran) == done.texts
    upload = {} if failing in ("i", "p") else {"UPLOAD_ARTIFACTS": S}
    first = {"SUBMITTED": S, "QUEUED": S, "PROVISIONING": S, "DOWNLOAD_SOURCE": S}
    assert first | after | upload | {"FINALIZING": S} == done.phases
    assert status == done.state.status


@pytest.mark.parametrize("name", ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"])
@pytest.mark.parametrize("action", list(OnFailure)[:2])
def test_on_failure(name, action):
    phases = [replace(p, on_failure=action) if p.phase == name else p for p in ALL]
    letter = {"INSTALL": "i", "PRE_BUILD": "p", "BUILD": "b", "POST_BUILD": "q"}[name]
    done = Run(plan(*phases)).to_the_end(letter)
    goes_on = action is OnFailure.CONTINUE
    assert list("ipbq" if goes_on else "ipbq"[: "ipbq".index(letter) + 1]) == done.texts
    assert goes_on == ("UPLOAD_ARTIFACTS" in done.phases)
    assert F == done.state.status


def test_a_failed_download_goes_to_finalizing():
    run = Run(plan(*ALL))
    run.start()
    run.finish()
    run.start()
    run.finish(OutcomeStatus.FAILED, code="YAML_FILE_ERROR", message="m")
    run.to_the_end()
    assert [] == run.texts
    assert F == run.phases["DOWNLOAD_SOURCE"]
    record = run.state.phase(PhaseType.DOWNLOAD_SOURCE)
    assert ("YAML_FILE_ERROR", "m") == (record.code, record.message)


def test_the_first_failure_of_a_phase_is_the_one_that_is_told():
    done = Run(plan(phase("BUILD", "a", finally_=("z",)))).to_the_end(("a", "z"))
    record = done.state.phase(PhaseType.BUILD)
    assert "Error while executing command: a. Reason: exit status 1" == record.message
    assert "a" == record.command.text


def test_artifacts_then_every_report_once():
    done = Run(plan(artifacts=1, reports=2)).to_the_end()
    kinds = (UploadArtifacts, ReadReport)
    assert ["UPLOAD_ARTIFACTS", "UPLOAD_ARTIFACTS/report/0", "UPLOAD_ARTIFACTS/report/1"] == [
        c.key for c in done.started if isinstance(c, kinds)
    ]
    only = Run(plan(reports=2)).to_the_end()
    assert [0, 1] == [c.index for c in only.started if isinstance(c, ReadReport)]


def test_a_failed_upload_still_reads_reports():
    run = Run(plan(artifacts=1, reports=1))
    while not isinstance(run.start(), UploadArtifacts):
        run.finish()
    run.finish(OutcomeStatus.FAILED, code="CLIENT_ERROR", message="no")
    run.to_the_end()
    assert [0] == [c.index for c in run.started if isinstance(c, ReadReport)]
    assert F == run.state.status


def started_command(*phases) -> Run:
    run = Run(plan(*phases))
    while not isinstance(run.start(), RunCommand):
        run.finish()
    return run


def test_a_stop_cancels_the_command_and_runs_no_other():
    run = started_command(phase("BUILD", "a", "b", finally_=("f",)), phase("POST_BUILD", "q"))
    run.add(EventKind.SIGNALLED, signal="stop", reason="STOPPED")
    (cancel,) = run.decide().cancel
    assert ("BUILD/0/1", "STOPPED") == (cancel.key, cancel.reason)
    run.finish(OutcomeStatus.CANCELLED, reason="STOPPED")
    run.to_the_end()
    assert ["a"] == run.texts
    assert ("STOPPED", "STOPPED", S) == (
        run.state.status,
        run.phases["BUILD"],
        run.phases["FINALIZING"],
    )


def test_a_stop_between_commands_ends_the_open_phase():
    run = Run(plan(*ALL))
    run.start()
    run.add(EventKind.SIGNALLED, signal="stop", reason="KILLED")
    run.finish()
    run.to_the_end()
    assert [Provision(), Finalize(ended="STOPPED")] == run.started
    assert ("STOPPED", "STOPPED") == (run.phases["DOWNLOAD_SOURCE"], run.state.status)


def test_the_timeout_counts_from_the_start_of_the_build():
    run = started_command(phase("BUILD", "a", "b"))
    deadline = NOW + timedelta(seconds=1) + 60 * MINUTE
    assert deadline == run.decide().wake_at
    run.now = deadline
    (cancel,) = run.decide().cancel
    assert "TIMED_OUT" == cancel.reason
    run.finish(OutcomeStatus.CANCELLED, reason="TIMED_OUT")
    run.to_the_end()
    record = run.state.phase(PhaseType.BUILD)
    assert ("TIMED_OUT", "BUILD_TIMED_OUT", "Build has timed out. ") == (
        record.status,
        record.code,
        record.message,
    )
    assert "TIMED_OUT" == run.state.status


@pytest.mark.parametrize("status", [OutcomeStatus.FAULT, OutcomeStatus.LOST])
def test_what_we_could_not_do_is_a_fault(status):
    run = started_command(phase("BUILD", "a", finally_=("f",)), phase("POST_BUILD", "q"))
    run.finish(status, message="no", hint="do")
    run.to_the_end()
    assert (["a"], "FAULT", "FAULT") == (run.texts, run.phases["BUILD"], run.state.status)


PLANS = st.builds(
    lambda counts, actions, artifacts, reports: plan(
        *(
            phase(
                p,
                *(f"{p}{i}" for i in range(n)),
                finally_=tuple(f"{p}f{i}" for i in range(m)),
                on_failure=action,
            )
            for p, (n, m), action in zip(COMMAND_PHASES, counts, actions, strict=True)
        ),
        artifacts=artifacts,
        reports=reports,
    ),
    st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 4),
    st.tuples(*[st.sampled_from([None, OnFailure.ABORT, OnFailure.CONTINUE])] * 4),
    st.integers(0, 1),
    st.integers(0, 2),
)
OUTCOMES = st.lists(
    st.sampled_from(["DONE", "DONE", "DONE", "FAILED", "FAULT", "LOST", "STOP", "LATE"]),
    max_size=30,
)


def play(of, choices):
    """Run a plan with the given outcomes, then only good ones; give the run."""
    run = Run(of)
    choices = list(choices)
    for _ in range(200):
        decision = run.decide()
        if decision.conclude and run.state.running is None:
            run.add(EventKind.CONCLUDED, status=decision.conclude)
            return run
        if run.state.running is None:
            run.start()
            continue
        choice = choices.pop(0) if choices else "DONE"
        if choice == "STOP":
            run.add(EventKind.SIGNALLED, signal="stop", reason="STOPPED")
        elif choice == "LATE":
            run.now += 61 * MINUTE
        cancelled = run.decide().cancel
        if cancelled:
            run.finish(OutcomeStatus.CANCELLED, reason=cancelled[0].reason)
        elif choice in {"FAILED", "FAULT", "LOST"}:
            run.finish(OutcomeStatus(choice), exitStatus=1, code="C", message="m")
        else:
            run.finish()
    raise AssertionError("it does not end")


@given(PLANS, OUTCOMES)
@settings(max_examples=100, deadline=None)
def test_every_build_ends_and_starts_nothing_twice(of, choices):
    run = play(of, choices)
    keys = [command.key for command in run.started]
    assert sorted(set(keys)) == sorted(keys)
    assert "FINALIZING" == keys[-1]
    assert PhaseType.COMPLETED == run.state.phases[-1].phase
    stopped = [i for i, e in enumerate(run.events) if e.kind is EventKind.SIGNALLED]
    if stopped:
        later = [e.key for e in run.events[stopped[0] :] if e.kind is EventKind.STARTED]
        assert later in ([], ["FINALIZING"])


@given(PLANS, OUTCOMES)
@settings(max_examples=100, deadline=None)
def test_finally_begins_if_a_command_of_its_phase_failed(of, choices):
    run = play(of, choices)
    keys = {command.key for command in run.started}
    for planned in of.phases:
        record = run.state.phase(planned.phase)
        if record is not None and record.status == F and planned.finally_commands:
            assert f"{planned.phase}/{len(planned.commands)}/1" in keys or record.command is None


@given(PLANS, OUTCOMES, st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_a_prefix_then_the_rest_folds_to_the_same_state(of, choices, cut):
    run = play(of, choices)
    process = BuildProcess(decode(BuildPlan, encode(of)))
    state = process.initial()
    for event in run.events[:cut]:
        state = process.apply(state, event)
    for event in run.events[cut:]:
        state = process.apply(state, event)
    assert run.state == state
