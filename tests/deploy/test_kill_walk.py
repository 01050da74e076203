"""A driver that dies at any event of a deployment, and the one that takes it up again."""

from collections import Counter
from dataclasses import replace

import pytest

from cicd.backends.target_directory import DirectoryTarget
from cicd.deploy.plan import RollbackEvent
from cicd.deploy.run import get_deployment, resume_deployment
from cicd.errors import UsageError
from cicd.event import EventKind
from cicd.ports import HookExit, HookFailure
from cicd.testing.fakes import MemoryEventLog
from tests.deploy.world import SH, World, hooks

IDS = ("a", "b", "c", "d", "e", "f")
HOOKS = {"BeforeInstall": "b.sh", "AfterInstall": "a.sh", "ValidateService": "v.sh"}
FILES = dict.fromkeys(HOOKS.values(), SH)
APPSPEC = "files:\n  - source: app\n    destination: /srv/app\n" + hooks(**HOOKS)


class Died(BaseException):
    """What kill -9 is to a driver: nothing of it runs on."""


class MortalLog(MemoryEventLog):
    """Dies before, or right after, its so-manyth append to a deployment's stream."""

    def __init__(self):
        super().__init__()
        self.appends = 0
        self.dies_at = None
        self.written = False

    def append(self, stream, events, *, expected):
        if not stream.startswith("deployment/"):
            return super().append(stream, events, expected=expected)
        self.appends += 1
        dies = self.appends == self.dies_at
        if dies and not self.written:
            raise Died
        version = super().append(stream, events, expected=expected)
        if dies:
            raise Died
        return version


class NotingTarget(DirectoryTarget):
    """A real directory, whose scripts are a line in a list instead of a process."""

    def __init__(self, spec, ran, failing, only):
        super().__init__(spec, isolated=False)
        self.ran = ran
        self.failing = failing
        self.only = only  # the content with which those fail; "": any

    def run_hook(self, hook, *, output, cancel):
        key = f"{self.id}/{hook.variables['LIFECYCLE_EVENT']}"
        self.ran.append((hook.variables["DEPLOYMENT_ID"], key))
        if key in self.failing and self.only in ("", self.path("/srv/app/index.html").read_text()):
            return HookExit(failure=HookFailure.EXIT, status=1)
        return HookExit()


def make(root, failing=(), rollback=(), only=""):
    world = World(root, ids=IDS, config="HalfAtATime", rollback=rollback, log=MortalLog())
    ran = []
    world.services = replace(
        # One lifecycle event at a time: each append is at the same place in every run.
        world.services,
        jobs=1,
        target=lambda spec: NotingTarget(spec, ran, failing, only),
    )
    return world, ran


def revision(world, name="v1"):
    return world.revision(name, APPSPEC, {"app/index.html": name, **FILES})


def outcome(result):
    """Give how a deployment ended, and how each lifecycle event of each target did."""
    return result.status, result.events


def disk(world):
    return {
        name: world.at("/srv/app/index.html", name).read_text()
        if world.at("/srv/app/index.html", name).exists()
        else None
        for name in IDS
    }


def finished(world, stream):
    return {e.key for _, e in world.log.read(stream) if e.kind is EventKind.FINISHED}


def dies(world, at, *, written=True, name="v1"):
    """Deploy with a driver that dies; False: it lived, because there is no such append."""
    world.log.dies_at, world.log.written = at, written
    try:
        world.deploy(revision(world, name))
    except Died:
        return True
    return False


def newest(world):
    return world.executions.list(kind="deployment")[0]


def count_appends(root, failing=()):
    world, _ = make(root, failing)
    result = world.deploy(revision(world))
    return world.log.appends, outcome(result), disk(world)


@pytest.mark.parametrize(
    "failing", [(), ("a/AfterInstall", "b/ValidateService", "c/BeforeInstall")]
)
@pytest.mark.parametrize("written", [True, False], ids=["after", "before"])
def test_a_deployment_that_died_anywhere_ends_as_the_unbroken_one(tmp_path, written, failing):
    appends, unbroken, files = count_appends(tmp_path / "unbroken", failing)
    # Every append once; in the other cases, which differ in what was done by then, some.
    for at in range(2, appends + 1, 1 if written and not failing else 7):
        world, ran = make(tmp_path / str(at), failing)
        assert dies(world, at, written=written)
        record = newest(world)
        told = finished(world, record.stream)
        before = Counter(key for _, key in ran)
        resumed = resume_deployment(record.stream.partition("/")[2], world.services)
        assert unbroken == outcome(resumed), f"died at append {at}"
        assert files == disk(world), f"died at append {at}"
        after = Counter(key for _, key in ran)
        twice = [key for key in told if after[key] > before[key]]
        assert [] == twice, f"died at append {at}: hooks of finished events ran again"
        assert max(after.values()) <= 2, f"died at append {at}"


def test_no_target_is_left_in_a_state_that_the_log_does_not_tell(tmp_path):
    appends, _, _ = count_appends(tmp_path / "unbroken")
    for at in range(3, appends, 5):
        world, _ = make(tmp_path / str(at))
        assert dies(world, at)
        record = newest(world)
        left = get_deployment(record.stream.partition("/")[2], world.services)
        began = {key for key, status in _events(left).items() if status == "Succeeded"}
        for name, content in disk(world).items():
            if f"{name}/Install" in began:
                assert "v1" == content
            elif _events(left)[f"{name}/Install"] == "Pending":
                assert content is None


def _events(result):
    return {f"{target}/{event}": status for target, event, status in result.events}


def test_a_rollback_that_was_owed_is_made_once_wherever_the_driver_died(tmp_path):
    bad = ("a/ValidateService", "b/ValidateService", "c/ValidateService")

    def lived(root):
        world, _ = make(root, bad, (RollbackEvent.DEPLOYMENT_FAILURE,), only="v2")
        world.deploy(revision(world))
        return world

    world = lived(tmp_path / "unbroken")
    world.deploy(revision(world, "v2"))
    appends = world.log.appends
    # Beginning in the middle of the failed one: its end, the note of its rollback, the rollback.
    for at in range(appends // 2, appends, 6):
        world = lived(tmp_path / str(at))
        assert dies(world, at, name="v2")
        failed = world.executions.list(kind="deployment")[-2]
        resume_deployment(failed.stream.partition("/")[2], world.services)
        deployments = world.executions.list(kind="deployment")
        assert ["Succeeded", "Failed", "Succeeded"] == [each.status for each in deployments]
        assert {"v1"} == set(disk(world).values()), f"died at append {at}"
        notes = [
            event.data["rollbackDeploymentId"]
            for _, event in world.log.read(failed.stream)
            if event.data.get("signal") == "rollback"
        ]
        assert [deployments[0].stream.partition("/")[2]] == notes


def test_a_group_whose_driver_died_takes_no_other_deployment(tmp_path):
    world, _ = make(tmp_path)
    world.log.dies_at, world.log.written = 9, True
    with pytest.raises(Died):
        world.deploy(revision(world))
    with pytest.raises(UsageError, match="DeploymentLimitExceededException") as refusal:
        world.deploy(revision(world, "v2"))
    assert "nobody drives it any more: 'cicd deploy resume" in refusal.value.hint
