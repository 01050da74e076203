"""A world with the service of the sample: its tasks and load balancer are in memory."""

from dataclasses import replace
from pathlib import Path

from cicd.deploy.find_group import find_group
from cicd.deploy.run import DeploymentRequest, run_deployment
from cicd.document.resources import Resources
from cicd.ports import Endpoint, TaskState
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.world import World

SAMPLE = Path(__file__).resolve().parents[2] / "samples/canary"
IMAGE = (("IMAGE1_NAME", "shop:1"),)


class MemoryTaskSets:
    """Task sets that are numbers; those in ``dead`` do not run."""

    def __init__(self):
        self.sets = {}
        self.dead = False
        self.crashed = lambda: False
        self.ports = iter(range(1000, 2000))

    def create(self, order, *, secrets):
        assert not secrets
        self.sets[order.id] = tuple(
            TaskState(
                number=number,
                endpoint=Endpoint(host="127.0.0.1", port=next(self.ports)),
                running=not self.dead,
                healthy=True,
                said="it ended with 3" if self.dead else "",
            )
            for number in range(order.count)
        )
        return self.sets[order.id]

    def look(self, service, task_set):
        assert service == "local/greeter"
        tasks = self.sets.get(task_set, ())
        if len(self.sets) > 1 and task_set == list(self.sets)[-1] and self.crashed():
            again = "container 'web' ended out of memory and was started again, once so far"
            return (replace(tasks[0], restarts=1, ended=again), *tasks[1:])
        return tasks

    def services(self):
        return ("local/greeter",) if self.sets else ()

    def known(self, service):
        assert service == "local/greeter"
        return tuple(self.sets)

    def remove(self, service, task_set):
        assert service == "local/greeter"
        self.sets.pop(task_set, None)


def service_world(tmp_path):
    """Make one in a directory, where the sample is the revision."""
    made = World(root=tmp_path)
    made.sets = MemoryTaskSets()
    routers = {}

    def router(spec):
        return routers.setdefault(spec.name, RecordingTrafficRouter(spec))

    made.routers = routers
    made.services = replace(made.services, router=router, task_sets=lambda: made.sets)
    revision = tmp_path / "revision"
    revision.mkdir()
    for name in ("appspec.yaml", "taskdef.json", "cicd.yml"):
        (revision / name).write_text((SAMPLE / name).read_text())
    text = (revision / "cicd.yml").read_text()
    text = text.replace("terminationWaitTimeInMinutes: 5", "terminationWaitTimeInMinutes: 0")
    (revision / "cicd.yml").write_text(text.replace("ECSCanary10Percent5Minutes", "ECSAllAtOnce"))
    made.place = revision
    return made


def deploy(world, **options):
    group = find_group(Resources.load(world.place), home=world.services.home)
    request = DeploymentRequest(group=group, revision=world.place, images=IMAGE, **options)
    return run_deployment(request, world.services)


def told(world):
    return [each for each in world.routers["greeter"].told if each[0] == "weights"]
