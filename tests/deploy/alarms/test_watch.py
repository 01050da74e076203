from dataclasses import replace
from types import MappingProxyType

import pytest

from cicd.deploy.alarms.alarm import Alarm, AlarmState, AlarmWatch, ComparisonOperator
from cicd.deploy.alarms.record import history, set_state, standing
from cicd.deploy.group import DeploymentGroup
from cicd.deploy.plan import RollbackEvent
from cicd.deploy.run import get_deployment, run_deployment
from cicd.ports import Probe, Reading
from tests.deploy.world import SH, World, hooks, statuses

FILES = "files:\n  - source: app\n    destination: /srv/app\n"
ON_ALARM = (RollbackEvent.DEPLOYMENT_STOP_ON_ALARM,)


class Readings:
    """A watcher whose answers are written down; the last one stays."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.told = []

    def look(self, probe):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def tell(self, subscriber, payload):
        self.told.append((subscriber, payload))
        return Reading(good=True, words="exit status 0")


GOOD = Reading(good=True, words="exit status 0")
BAD = Reading(good=False, words="exit status 1")
BLIND = Reading(good=None, words="exit status 2")


class Alarmed(World):
    """A group with one alarm, "errors"."""

    ignore = False
    options = MappingProxyType({})

    @property
    def group(self):
        errors = Alarm(name="errors", probe=Probe(command="watched"), period=1, **self.options)
        watch = AlarmWatch(alarms=(errors,), ignore_poll_alarm_failure=self.ignore)
        return replace(World.group.fget(self), alarms=watch)


def version(world, name, **scripts):
    files = {f"{event}.sh": SH + text for event, text in scripts.items()}
    return world.revision(
        name,
        FILES + (hooks(**{event: f"{event}.sh" for event in scripts}) if scripts else ""),
        {"app/index.html": name, **files},
    )


def error(result):
    return result.deployment["deploymentInfo"]["errorInformation"]


def test_an_alarm_that_is_on_at_the_start_stops_before_the_first_target(tmp_path):
    world = Alarmed(tmp_path, ids=("a", "b"), watcher=Readings(BAD))
    result = world.deploy(version(world, "v1"))
    assert ("Stopped", ["Skipped", "Skipped"]) == (result.status, statuses(result))
    assert "ALARM_ACTIVE" == error(result)["code"]
    assert "The alarm 'errors' went off: watched: exit status 1." == error(result)["message"]
    assert not world.at("/srv", "a").exists()


def test_trap_48_an_alarm_stops_and_only_its_own_event_rolls_back(tmp_path):
    """Trap 48: DEPLOYMENT_FAILURE alone does not roll back what an alarm stopped."""
    for events, rolled_back in (((RollbackEvent.DEPLOYMENT_FAILURE,), False), (ON_ALARM, True)):
        root = tmp_path / str(rolled_back)
        world = Alarmed(root, rollback=events, watcher=Readings(GOOD))
        world.deploy(version(world, "v1"))
        world.watcher = Readings(GOOD, BAD)
        result = world.deploy(version(world, "v2", AfterInstall="sleep 0.3\n"))
        assert "Stopped" == result.status
        assert rolled_back == (result.rollback is not None)
        if rolled_back:  # the alarm is still on, which does not stop a rollback
            assert "Succeeded" == result.rollback.status
            assert "v1" == world.text("/srv/app/index.html")


def test_running_events_finish_and_none_begins_once_an_alarm_goes_off(tmp_path):
    world = Alarmed(tmp_path, ids=("a", "b"), watcher=Readings(GOOD, GOOD, BAD))
    result = world.deploy(version(world, "v1", AfterInstall="sleep 1.4; echo x > /srv/done\n"))
    assert "Stopped" == result.status
    assert "x\n" == world.text("/srv/done", "a")
    assert ["Failed", "Skipped"] == statuses(result)


@pytest.mark.parametrize(("ignore", "status"), [(False, "Stopped"), (True, "Succeeded")])
def test_an_alarm_that_cannot_be_read_stops_unless_that_is_ignored(tmp_path, ignore, status):
    world = Alarmed(tmp_path, watcher=Readings(BLIND))
    world.ignore = ignore
    result = world.deploy(version(world, "v1"))
    assert status == result.status
    if not ignore:
        said = error(result)["message"]
        assert "could not be read: watched: exit status 2. Mend what it looks at" in said


def test_insufficient_data_is_no_alarm(tmp_path):
    world = Alarmed(tmp_path, watcher=Readings(Reading(good=True, text="nothing yet")))
    world.options = {"measures": True, "threshold": 5.0}
    assert "Succeeded" == world.deploy(version(world, "v1")).status
    found = standing("errors", world.services)
    assert AlarmState.INSUFFICIENT_DATA == found.state
    assert found.reason.endswith("without a number")


def test_a_metric_is_the_number_that_a_command_prints(tmp_path):
    world = Alarmed(tmp_path, watcher=Readings(Reading(good=True, text="0.07\n")))
    world.options = {
        "measures": True,
        "threshold": 0.05,
        "operator": ComparisonOperator.GREATER,
    }
    result = world.deploy(version(world, "v1"))
    assert "Stopped" == result.status
    assert (
        "The alarm 'errors' went off: watched: 0.07 is greater than the threshold 0.05."
        == error(result)["message"]
    )


def test_a_state_set_by_hand_counts_instead_of_a_look(tmp_path):
    world = Alarmed(tmp_path, watcher=Readings(GOOD))
    set_state("errors", AlarmState.ALARM, "a rehearsal", world.services, by_hand=True)
    result = world.deploy(version(world, "v1"))
    assert "Stopped" == result.status
    assert "a rehearsal" in error(result)["message"]


def test_a_state_that_a_look_found_does_not_outlive_the_next_look(tmp_path):
    world = Alarmed(tmp_path, watcher=Readings(BAD))
    assert "Stopped" == world.deploy(version(world, "v1")).status
    world.watcher = Readings(GOOD)
    assert "Succeeded" == world.deploy(version(world, "v2")).status
    assert [AlarmState.ALARM, AlarmState.OK] == [
        each.state for each in history("errors", world.services)
    ]


def test_ignoring_alarms_deploys_the_mending_while_one_is_on(tmp_path):
    world = Alarmed(tmp_path, watcher=Readings(BAD))
    assert "Succeeded" == world.deploy(version(world, "v1"), ignore_alarms=True).status


def test_the_watch_takes_no_targets_place(tmp_path):
    world = Alarmed(tmp_path, ids=("a", "b"), watcher=Readings(GOOD))
    world.services = replace(world.services, jobs=1)
    assert "Succeeded" == world.deploy(version(world, "v1")).status


def test_the_alarms_are_in_the_shape_of_the_deployment(tmp_path):
    world = Alarmed(tmp_path, watcher=Readings(GOOD))
    result = run_deployment(world.request(version(world, "v1")), world.services)
    info = get_deployment(result.deployment_id, world.services).deployment["deploymentInfo"]
    assert {
        "enabled": True,
        "ignorePollAlarmFailure": False,
        "alarms": [{"name": "errors"}],
    } == info["overrideAlarmConfiguration"]
    assert isinstance(world.group, DeploymentGroup)
