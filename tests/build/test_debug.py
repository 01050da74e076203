"""A build that waits, goes on and goes back, without any hands."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.build.commands import Finalize, NewProducts, Pause, RunCommand, SetVariables
from cicd.build.debug.break_on import check_break, place_of
from cicd.build.debug.rewind import as_it_is, as_signal
from cicd.build.debug.words import waiting_words
from cicd.build.describe import describe
from cicd.build.environment_variable import Variable
from cicd.build.plan import CachePlan, ReportPlan
from cicd.build.process import BuildProcess
from cicd.build.spec import COMMAND_PHASES, PhaseType
from cicd.build.state import NewEnvironment, Rewind
from cicd.engine.codec import encode
from cicd.engine.process import Cancel, OutcomeStatus
from cicd.errors import UsageError
from cicd.event import EventKind
from cicd.testing.simulate import simulate
from tests.build.machine import Run, phase, plan

PHASES = (
    phase("INSTALL", "i"),
    phase("BUILD", "a", "b", "c", finally_=("f",)),
    phase("POST_BUILD", "q"),
)


def breaking(*places, phases=PHASES):
    return Run(replace(plan(*phases), debug_session=True, break_on=places))


def to_the_pause(run, failing=()):
    while True:
        command = run.start()
        if isinstance(command, Pause):
            return command
        bad = isinstance(command, RunCommand) and run.process.command_line(command).text in failing
        if bad:
            run.finish(OutcomeStatus.FAILED, exitStatus=4, hint="it has to")
        else:
            run.finish()


def back(run, name, index, phases=()):
    wanted = Rewind(phase=PhaseType(name), index=index, phases=tuple(phases))
    run.add(EventKind.SIGNALLED, signal="retry", **as_signal(wanted))


@pytest.mark.parametrize(
    ("place", "key", "before"),
    [
        ("BUILD", "BUILD/0/1/pause", ["i"]),
        ("BUILD:2", "BUILD/1/1/pause", ["i", "a"]),
        ("BUILD:4", "BUILD/3/1/pause", ["i", "a", "b", "c"]),
        ("POST_BUILD", "POST_BUILD/0/1/pause", ["i", "a", "b", "c", "f"]),
        ("1", "INSTALL/0/1/pause", []),
    ],
)
def test_it_waits_before_the_command_that_was_named(place, key, before):
    run = breaking(place)
    assert key == to_the_pause(run).key
    assert before == run.texts
    assert run.state.paused
    run.finish()
    assert not run.state.paused


def test_it_waits_once_at_each_place_and_all_is_run():
    run = breaking("BUILD", "BUILD:2", "BUILD:2")
    run.to_the_end()
    pauses = [c.key for c in run.started if isinstance(c, Pause)]
    assert ["BUILD/0/1/pause", "BUILD/1/1/pause"] == pauses
    assert list("iabcfq") == run.texts
    assert "SUCCEEDED" == run.state.status


def test_a_failure_is_waited_at_before_finally_and_then_counts():
    run = breaking("failure")
    pause = to_the_pause(run, ("b",))
    assert ("BUILD/1/1/failed", 4, "b") == (pause.key, pause.exit_status, pause.line.text)
    assert "  it has to" in waiting_words(run.process.plan, run.state).splitlines()
    assert ["i", "a", "b"] == run.texts
    run.finish()
    run.to_the_end()
    assert ["i", "a", "b", "f", "q"] == run.texts
    assert "FAILED" == run.state.status


def test_what_failed_runs_again_by_the_document_as_it_is_now():
    run = breaking("failure")
    to_the_pause(run, ("b",))
    mended = replace(plan(phase("BUILD", "a", "B", "c", "d"), phase("POST_BUILD", "q")))
    back(run, "BUILD", 1, mended.phases)
    assert (Cancel(key="BUILD/1/1/failed", reason="RETRY"),) == run.decide().cancel
    run.finish(OutcomeStatus.CANCELLED, reason="RETRY")
    run.to_the_end()
    assert ["i", "a", "b", "B", "c", "d", "q"] == run.texts
    assert "BUILD/1/2" in [c.key for c in run.started]
    assert "SUCCEEDED" == run.state.status
    assert all(c.succeeding for c in run.started if isinstance(c, RunCommand))


def test_going_back_to_an_earlier_phase_forgets_the_later_ones():
    run = breaking("failure")
    to_the_pause(run, ("c",))
    back(run, "INSTALL", 0, PHASES_ALL)
    run.finish(OutcomeStatus.CANCELLED, reason="RETRY")
    assert "BUILD" not in run.phases
    run.to_the_end()
    assert "SUCCEEDED" == run.state.status
    assert ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"] == [
        r.phase.value for r in run.state.phases if r.phase in COMMAND_PHASES
    ]


PHASES_ALL = plan(*PHASES).phases


def test_nobody_is_stopped_again_where_they_have_just_gone_back_to():
    run = breaking("BUILD:2")
    to_the_pause(run)
    back(run, "BUILD", 1, PHASES_ALL)
    run.finish(OutcomeStatus.CANCELLED, reason="RETRY")
    assert "b" == run.process.command_line(run.start()).text


@pytest.mark.parametrize(("name", "index"), [("POST_BUILD", 0), ("BUILD", 2)])
def test_it_cannot_go_back_to_what_has_not_come(name, index):
    run = breaking("BUILD:2")
    to_the_pause(run)
    before = run.state
    back(run, name, index, PHASES_ALL)
    assert before == run.state


def test_a_build_that_waits_still_runs_out_of_time():
    run = breaking("BUILD")
    pause = to_the_pause(run)
    deadline = run.decide().wake_at
    run.now = deadline
    assert (Cancel(key=pause.key, reason="TIMED_OUT"),) == run.decide().cancel
    run.finish(OutcomeStatus.CANCELLED, reason="TIMED_OUT")
    run.to_the_end()
    assert ("TIMED_OUT", "TIMED_OUT") == (run.phases["BUILD"], run.state.status)


def test_a_build_that_waits_is_stopped_like_any_other():
    run = breaking("failure")
    to_the_pause(run, ("a",))
    run.add(EventKind.SIGNALLED, signal="stop", reason="STOPPED")
    run.finish(OutcomeStatus.CANCELLED, reason="STOPPED")
    run.to_the_end()
    assert ("STOPPED", ["i", "a"]) == (run.state.status, run.texts)
    assert isinstance(run.started[-1], Finalize)


def test_a_breakpoint_inside_a_command_is_a_wait_until_it_goes_on_or_ends():
    run = breaking()
    while not isinstance(run.start(), RunCommand):
        run.finish()
    run.add(EventKind.SIGNALLED, signal="pause")
    assert run.state.paused
    assert "Waiting in INSTALL:1 (b:1:1)" in waiting_words(run.process.plan, run.state)
    run.add(EventKind.SIGNALLED, signal="resume")
    assert not run.state.paused
    run.add(EventKind.SIGNALLED, signal="pause")
    run.finish()
    assert not run.state.paused


@pytest.mark.parametrize(
    ("text", "held"),
    [("Failure", "failure"), ("build:2", "BUILD:2"), ("post_build", "POST_BUILD"), ("2", "2")],
)
def test_places_are_held_in_one_spelling(text, held):
    assert held == check_break(text, PHASES_ALL)


@pytest.mark.parametrize("text", ["test", "BUILD:0", "BUILD:5", "BUILD:x", "PRE_BUILD", "99", ":"])
def test_a_place_that_can_never_come_is_refused(text):
    with pytest.raises(UsageError):
        check_break(text, PHASES_ALL)


def test_a_line_of_a_block_means_its_command():
    block = phase("BUILD", "one\ntwo\nthree\n", "other")
    lines = tuple(
        replace(line, where=where)
        for line, where in zip(block.commands, ("b.yml:7:9", "b.yml:11:9"), strict=True)
    )
    phases = plan(replace(block, commands=lines)).phases
    run = Run(replace(plan(*phases), break_on=(check_break("9", phases),)))
    assert "BUILD/0/1/pause" == to_the_pause(run).key
    with pytest.raises(UsageError, match="line 10"):
        check_break("10", phases)


def test_places_count_finally_behind_the_commands():
    assert (PhaseType.BUILD, 3) == place_of("BUILD:4", PHASES_ALL)
    assert (PhaseType.BUILD, 0) == place_of("build", PHASES_ALL)


@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from(["failure", "BUILD", "BUILD:2", "POST_BUILD"]), max_size=3),
    st.lists(st.tuples(st.sampled_from(["INSTALL", "BUILD"]), st.integers(0, 90)), max_size=3),
)
@settings(max_examples=80, deadline=None)
def test_every_life_with_waits_stops_and_ways_back_ends(seed, places, ways):
    of = replace(plan(*PHASES, artifacts=1), debug_session=True, break_on=tuple(places))
    signals = [
        (
            timedelta(minutes=at),
            {
                "signal": "retry",
                **as_signal(Rewind(phase=PhaseType(name), index=0, phases=PHASES_ALL)),
            },
        )
        for name, at in ways
    ]
    trace = simulate(
        BuildProcess(of), encode(of), seed=seed, stop=0.01, crash=0.05, signals=signals
    )
    assert trace.status in {"SUCCEEDED", "FAILED", "FAULT", "STOPPED", "TIMED_OUT"}
    assert "FINALIZING" == trace.started[-1]


def test_new_variables_are_set_once_before_the_next_command():
    run = breaking("failure")
    to_the_pause(run, ("b",))
    new = NewEnvironment(variables=(Variable(name="A", value="1"),), exported_variables=("A",))
    wanted = Rewind(phase=PhaseType.BUILD, index=1, phases=PHASES, environment=new)
    run.add(EventKind.SIGNALLED, signal="retry", **as_signal(wanted))
    run.finish(OutcomeStatus.CANCELLED, reason="RETRY")
    command = run.start()
    assert ("BUILD/variables/2", new.variables, ("A",)) == (
        command.key,
        command.variables,
        command.exported_variables,
    )
    run.finish()
    run.to_the_end()
    assert 1 == sum(isinstance(c, SetVariables) for c in run.started)
    assert new.variables == as_it_is(run.process.plan, run.state).variables


def test_variables_that_cannot_be_had_any_more_fail_the_phase_with_nothing_run():
    run = breaking("failure")
    to_the_pause(run, ("b",))
    wanted = Rewind(
        phase=PhaseType.BUILD, index=1, phases=PHASES, environment=NewEnvironment(variables=())
    )
    run.add(EventKind.SIGNALLED, signal="retry", **as_signal(wanted))
    run.finish(OutcomeStatus.CANCELLED, reason="RETRY")
    before = list(run.texts)
    assert isinstance(run.start(), SetVariables)
    run.finish(OutcomeStatus.FAILED, code="Decrypted Variables Error", message="gone")
    run.to_the_end()
    assert [*before, "q"] == run.texts
    assert ("FAILED", "Decrypted Variables Error") == (
        run.state.status,
        run.state.phase(PhaseType.BUILD).code,
    )


def test_what_a_build_leaves_is_what_the_buildspec_says_that_was_read_last():
    run = Run(replace(plan(*PHASES, artifacts=1, reports=2), break_on=("failure",)))
    to_the_pause(run, ("b",))
    new = NewProducts(
        artifacts=(),
        reports=(ReportPlan(group="other", files=("y",), file_format="JUNITXML"),),
        cache_paths=("node_modules",),
        cache=CachePlan(key="k"),
    )
    wanted = Rewind(phase=PhaseType.BUILD, index=1, phases=PHASES, products=new)
    run.add(EventKind.SIGNALLED, signal="retry", **as_signal(wanted))
    run.finish(OutcomeStatus.CANCELLED, reason="RETRY")
    command = run.start()
    assert (new, run.process.plan.variables) == (command.products, command.variables)
    run.finish()
    run.to_the_end()
    left = [type(c).__name__ for c in run.started if c.key.startswith("UPLOAD_ARTIFACTS")]
    assert ["ReadReport"] == left
    now = as_it_is(run.process.plan, run.state)
    assert (new.reports, ("node_modules",), "k") == (now.reports, now.cache_paths, now.cache.key)


def test_what_is_secret_in_a_command_is_masked_while_it_waits_and_when_its_time_is_over():
    run = breaking("BUILD:2", phases=(phase("BUILD", "say hush", "hush"),))
    run.start(), run.finish()
    run.start(), run.finish(masked={"say hush": "say ***"})  # DOWNLOAD_SOURCE
    command = run.start()
    told = describe(run.process, run.state, run.events[-1], run.state)
    assert ("say hush", "$ say ***") == (run.process.command_line(command).text, told[0].text)
    run.finish(masked={"hush": "***"})
    assert "***" == to_the_pause(run).line.text
    assert "  $ ***" in waiting_words(run.process.plan, run.state).splitlines()
    run.finish()
    run.start()
    run.finish(OutcomeStatus.CANCELLED, reason="TIMED_OUT")
    assert "***" == run.state.phase(PhaseType.BUILD).command.text
