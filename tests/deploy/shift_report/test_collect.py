from dataclasses import replace

import pytest

from cicd.deploy.shift_report.collect import story_of
from cicd.deploy.shift_report.story import WeightSet, stages
from cicd.errors import UsageError
from cicd.ports import Answered
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.shift.test_process import plan
from tests.deploy.shift_report.told import (
    BACK,
    REASON,
    STREAM,
    machine,
    rolled_back,
    stopped_shift,
)
from tests.deploy.world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.router = RecordingTrafficRouter(plan().shift.service.router)
    made.services = replace(made.services, router=lambda _: made.router)
    return made


def written(world, events):
    world.log.append(STREAM, tuple(events), expected=0)
    return story_of("d-ABCDEFGHI", world.services)


def test_a_story_is_told_in_the_machines_time_whatever_the_speed_was(world):
    story = written(world, stopped_shift())
    assert (
        WeightSet(at=machine(20), weight=30),
        WeightSet(at=machine(22), weight=60),
    ) == story.steps
    assert ("Stopped", "blue", "green") == (story.status, story.old, story.new)
    assert (machine(10), machine(32)) == (story.began, story.ended)
    installed = next(mark for mark in story.marks if "Install Succeeded" in mark.text)
    assert machine(1) == installed.at
    assert machine(24) == story.marks[-1].at


def test_what_stopped_it_is_told_with_its_numbers(world):
    story = written(world, stopped_shift())
    assert any(REASON in mark.text and mark.bad for mark in story.marks)
    assert "ALARM_ACTIVE" in story.marks[-1].text


def test_requests_of_both_versions_are_in_it_and_no_others(world):
    world.router.seen = [
        Answered(at=machine(at), group=group, status=200, seconds=0.01)
        for at, group in ((5, "blue"), (21, "blue"), (21, "green"), (23, ""), (90, "green"))
    ]
    story = written(world, stopped_shift())
    assert [("blue", machine(21)), ("green", machine(21))] == [
        (each.group, each.at) for each in story.answered
    ]
    assert [(30, 1), (60, 0)] == [(each.weight, each.new.requests) for each in stages(story)]


def test_a_shift_that_has_not_begun_and_one_that_is_none_are_told_apart(world):
    with pytest.raises(UsageError, match="there is no deployment"):
        story_of("d-ABCDEFGHI", world.services)
    with pytest.raises(UsageError, match="has shifted nothing yet"):
        written(world, stopped_shift()[:3])


def test_a_rollback_gives_the_traffic_back_in_the_same_story(world):
    signalled, back = rolled_back()
    world.log.append(f"deployment/{BACK}", tuple(back), expected=0)
    story = written(world, [*stopped_shift(), signalled])
    assert WeightSet(at=machine(25), weight=0) == story.steps[-1]
    assert machine(35) == story.ended
    assert "all goes back" == story.marks[-1].text
