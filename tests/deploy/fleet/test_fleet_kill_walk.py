"""A fleet's driver that dies at any note, and the same command again."""

from dataclasses import dataclass, field, replace

import pytest

from cicd.deploy.fleet.fleet import LifecycleState
from cicd.deploy.fleet.ledger import read
from cicd.testing.fakes import MemoryEventLog
from tests.deploy.fleet.world import FLEET, FleetWorld
from tests.deploy.world import SH, hooks

APPSPEC = "files: [{source: app, destination: /srv}]\n" + hooks(
    ApplicationStop="stop.sh", AfterInstall="a.sh"
)


class Died(BaseException):
    """What kill -9 is to a driver: nothing of it is written any more."""


class MortalLog(MemoryEventLog):
    """Dies at its so-manyth append, before it or right after it, and stays dead until revived."""

    def __init__(self):
        super().__init__()
        self.left = None
        self.written = True

    def append(self, stream, events, *, expected):
        if self.left is None:
            return super().append(stream, events, expected=expected)
        if self.left < 0:
            raise Died
        self.left -= 1
        dies = self.left < 0
        if dies and not self.written:
            raise Died
        version = super().append(stream, events, expected=expected)
        if dies:
            raise Died
        return version


@dataclass
class MortalWorld(FleetWorld):
    log: MortalLog = field(default_factory=MortalLog)
    balanced: bool = True
    termination_hook: bool = True
    isolated: bool | None = False

    def survives(self, command, left, *, written):
        """Run a command that dies; True: it lived, because there is no such append."""
        self.log.left, self.log.written = left, written
        try:
            command()
        except Died:
            return False
        else:
            return True
        finally:
            self.log.left = None

    def stands(self):
        """Give what there is: members, their files, who has traffic, what runs no more."""
        fleet = read(FLEET, self.services)
        members = [each for each in fleet.members.values() if each.state is not ENDED]
        traffic = set()
        for what, _, endpoint in self.fake.told:
            (traffic.add if what == "register" else traffic.discard)(str(endpoint))
        return {
            "status": str(fleet.status),
            "members": [str(each.state) for each in members],
            "apps": [(self.member(each.number) / "srv/app").exists() for each in members],
            "places": len(list((self.root / "fleet").iterdir())),
            "traffic": sorted(traffic)
            == sorted(each.target.endpoint.removeprefix("http://") for each in members),
            "stopped": set((self.root / "stopped").read_text().split())
            if (self.root / "stopped").exists()
            else None,
            "unfinished": [
                each.stream
                for each in self.executions.list(kind="deployment")
                if each.status not in ("Succeeded", "Failed", "Stopped")
            ],
        }


ENDED = LifecycleState.TERMINATED


def made(root):
    """Give a world whose fleet of two has a good revision."""
    world = MortalWorld(root=root)
    world.services = replace(world.services, jobs=1)  # each append is at its place in every run
    world.up(2)
    stop = 'echo "$PORT" >> "$CICD_INSTANCE_ROOT/../../stopped"\n'
    scripts = {"stop.sh": SH + stop, "a.sh": SH}
    assert (
        "Succeeded" == world.deploy(world.revision("v1", APPSPEC, {"app": "", **scripts})).status
    )
    return world


def nothing(world):
    pass


# What comes before the command, the command, and every how-manyth append it dies at.
COMMANDS = {
    "up": (FleetWorld.down, lambda world: world.up(2), 6),
    "scale up": (nothing, lambda world: world.scale(3), 4),
    "scale down": (nothing, lambda world: world.scale(1), 2),
    "down": (nothing, FleetWorld.down, 5),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_died_anywhere_ends_as_the_unbroken_one_when_it_is_given_again(
    tmp_path, command
):
    before, run, step = COMMANDS[command]
    unbroken = made(tmp_path / "unbroken")
    before(unbroken)
    run(unbroken)
    left = 0
    while True:
        world = made(tmp_path / str(left))
        before(world)
        if world.survives(lambda again=world: run(again), left, written=left // step % 3 > 0):
            break
        run(world)
        assert unbroken.stands() == world.stands(), f"died at append {left}"
        left += step
    assert left > 2 * step
