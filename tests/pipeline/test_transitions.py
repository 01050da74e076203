from dataclasses import replace

import pytest

from cicd.errors import UsageError
from cicd.pipeline.run import execution_result, execution_state, start_execution
from cicd.pipeline.stages import (
    admissions,
    disable_transition,
    enable_transition,
    inbound_transition,
)
from tests.pipeline.documents import SOURCE_STAGE, action, read, stage
from tests.pipeline.world import MINUTE

BUILD_STAGE = stage("Build", action("Compile", takes="code"))
SPEC = read(SOURCE_STAGE, BUILD_STAGE)


def closed(world, spec=SPEC):
    return disable_transition(spec, "Build", world.services, reason="not today", by="ana")


def three_runs(world, **more):
    """Start three executions a minute apart; after ten minutes the way is free."""
    spec = read(SOURCE_STAGE, BUILD_STAGE, **more)
    closed(world, spec)
    begun = world.clock.now()
    plans = [world.plan(SOURCE_STAGE, BUILD_STAGE, **more) for _ in range(3)]
    for number, plan in enumerate(plans[1:], start=1):
        world.clock.call_at(
            begun + number * MINUTE, lambda plan=plan: start_execution(plan, world.services)
        )
    seen = []

    def look():
        seen.extend(
            execution_result(f"pipeline/{plan.execution_id}", world.services).status
            for plan in plans
        )

    world.clock.call_at(begun + 9 * MINUTE, look)
    world.clock.call_at(
        begun + 10 * MINUTE, lambda: enable_transition(spec, "Build", world.services)
    )
    start_execution(plans[0], world.services)
    world.clock.sleep(60 * MINUTE)
    return seen, [f"pipeline/{plan.execution_id}" for plan in plans]


def test_42_a_disabled_transition_fails_nothing_and_43_enabled_again_lets_the_newest_in(world):
    seen, streams = three_runs(world)
    assert ["Superseded", "Superseded", "InProgress"] == seen
    assert ["Superseded", "Superseded", "Succeeded"] == [
        execution_result(stream, world.services).status for stream in streams
    ]


def test_behind_a_disabled_transition_queued_executions_keep_their_order(world):
    world.provider.takes = {"Compile": MINUTE}
    seen, streams = three_runs(world, executionMode="QUEUED", pipelineType="V2")
    assert ["InProgress"] * 3 == seen
    states = [execution_state(stream, world.services) for stream in streams]
    begun = [state.actions["Build/Compile"].started_at for state in states]
    assert sorted(begun) == begun
    assert 3 == len(set(begun))


def test_who_waits_is_told_why_and_what_lets_it_go_on(world):
    three_runs(world)
    said = [line.text for _, line in world.reporter.lines]
    assert any("its transition is disabled (not today)" in text for text in said)


def test_who_waits_is_told_also_of_a_transition_that_is_disabled_meanwhile(world):
    world.provider.takes = {"Compile": 5 * MINUTE}
    begun = world.clock.now()
    first, second = world.plan(SOURCE_STAGE, BUILD_STAGE), world.plan(SOURCE_STAGE, BUILD_STAGE)
    world.clock.call_at(begun + MINUTE, lambda: start_execution(second, world.services))
    world.clock.call_at(begun + 2 * MINUTE, lambda: closed(world))
    world.clock.call_at(
        begun + 9 * MINUTE, lambda: enable_transition(SPEC, "Build", world.services)
    )
    start_execution(first, world.services)
    world.clock.sleep(60 * MINUTE)
    before, then = [
        line.text for _, line in world.reporter.lines if line.text.startswith("waiting")
    ]
    assert f"waiting for the stage Build, where the execution {first.execution_id} is" == before
    assert "waiting in front of the stage Build: its transition is disabled (not today)" in then


def test_the_state_of_a_transition_has_awss_shape(world):
    state = closed(world)
    assert {"enabled": False, "disabledReason": "not today", "lastChangedBy": "ana"} == {
        key: state[key] for key in ("enabled", "disabledReason", "lastChangedBy")
    }
    assert {"enabled": True} == enable_transition(SPEC, "Build", world.services)
    assert {"enabled": True} == inbound_transition(admissions("shop", world.services), "Build")


def test_whoever_is_inside_a_stage_is_not_put_out_by_its_transition(world):
    world.provider.meanwhile = {"Compile": lambda: closed(world)}
    assert "Succeeded" == world.run(SOURCE_STAGE, BUILD_STAGE).status


@pytest.mark.parametrize(
    ("name", "reason", "said"),
    [
        ("Source", "why", "is the first stage"),
        ("Nowhere", "why", "has no stage 'Nowhere'"),
        ("Build", "", "the reason is not one that AWS takes"),
        ("Build", "a/b", "the reason is not one that AWS takes"),
        ("Build", "x" * 301, "the reason is not one that AWS takes"),
    ],
)
def test_what_aws_refuses_is_refused(world, name, reason, said):
    with pytest.raises(UsageError, match=said):
        disable_transition(SPEC, name, world.services, reason=reason, by="")


def test_31_a_parallel_pipeline_never_waits_so_it_has_no_transitions(world):
    spec = read(SOURCE_STAGE, BUILD_STAGE, executionMode="PARALLEL", pipelineType="V2")
    with pytest.raises(UsageError, match="wait for nothing"):
        closed(world, spec)


def test_a_template_disables_a_transition_once_and_whoever_enables_it_has_the_last_word(world):
    made = {"Build": "not yet"}
    plans = [replace(world.plan(SOURCE_STAGE, BUILD_STAGE), disabled=made) for _ in range(2)]
    seen = []

    def enable():
        seen.append(inbound_transition(admissions("shop", world.services), "Build"))
        enable_transition(SPEC, "Build", world.services)

    world.clock.call_at(world.clock.now() + MINUTE, enable)
    assert ["Succeeded"] * 2 == [start_execution(plan, world.services).status for plan in plans]
    (held,) = seen
    assert (False, "not yet", "cloudformation") == (
        held["enabled"],
        held["disabledReason"],
        held["lastChangedBy"],
    )
    assert {"enabled": True} == inbound_transition(admissions("shop", world.services), "Build")
