"""The driver dies at every event of a deployment with traffic, and another one goes on."""

from dataclasses import replace

import pytest

from cicd.deploy.run import resume_deployment
from cicd.deploy.traffic.plan import BlueGreenOptions, endpoint_of
from tests.deploy.traffic.world import TrafficWorld
from tests.deploy.world import SH, hooks

HOOKS = dict.fromkeys(("BeforeInstall", "BeforeAllowTraffic", "AfterAllowTraffic"), "say.sh")
SAY = SH + 'echo $LIFECYCLE_EVENT >> "$CICD_INSTANCE_ROOT/said"\n'


class Died(Exception):
    """The driver is gone."""


class MortalLog:
    """A log that is out of reach after so many appends: nothing is written any more."""

    def __init__(self, log, appends):
        self.log = log
        self.left = appends

    def __getattr__(self, name):
        return getattr(self.log, name)

    def append(self, stream, events, *, expected):
        if not self.left:
            raise Died
        self.left -= 1
        return self.log.append(stream, events, expected=expected)


def cut_after(world, appends):
    """Deploy with a driver that dies; gives the deployment's id, or None if it did not die."""
    whole = world.services
    world.services = replace(whole, log=MortalLog(world.log, appends))
    try:
        result = world.deploy(world.root / "revisions" / "v1")
    except Died:
        (record,) = world.executions.list(kind="deployment")
        return record.stream.partition("/")[2]
    finally:
        world.services = whole
    assert "Succeeded" == result.status
    return None


@pytest.mark.parametrize("appends", range(3, 34, 5))
@pytest.mark.parametrize("blue_green", [True, False])
def test_a_deployment_with_traffic_goes_on_wherever_it_was_cut(tmp_path, appends, blue_green):
    world = TrafficWorld(
        tmp_path,
        ids=("blue",),
        green_ids=("green",) if blue_green else (),
        options=BlueGreenOptions() if blue_green else None,
        config="AllAtOnce",
    )
    world.revision("v1", hooks(**HOOKS), {"say.sh": SAY})
    world.fake.register("web-tg", _endpoint(world, "blue"))
    found = cut_after(world, appends)
    if found is not None:
        assert "Succeeded" == resume_deployment(found, world.services).status
    live = "green" if blue_green else "blue"
    assert {_endpoint(world, live)} == world.fake.healthy("web-tg")
    said = world.text("said", live).splitlines()
    assert list(HOOKS) == list(dict.fromkeys(said))
    # At most the event that was cut ran twice.
    assert len(said) <= len(HOOKS) + 1


def _endpoint(world, name):
    return endpoint_of(world.spec(name))
