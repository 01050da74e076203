"""How a deployment that waits stands in a list."""

import threading
from dataclasses import replace
from datetime import timedelta

from cicd.deploy.by_hand import stop_deployment
from cicd.deploy.history import status_of
from cicd.deploy.traffic.plan import BlueGreenOptions, ReadyAction
from cicd.ports import Described, Reporter
from tests.deploy.traffic.world import TrafficWorld

WAITS = BlueGreenOptions(
    ready_action=ReadyAction.STOP_DEPLOYMENT, ready_wait=timedelta(minutes=60)
)


class Waiting(Reporter):
    """Says when a deployment has told that it waits, by the first word of that."""

    def __init__(self, word="Ready: "):
        self.word, self.reached = word, threading.Event()

    def event(self, stream, event, said: Described):
        if f"\n{self.word}" in said.text:
            self.reached.set()

    def line(self, stream, line):
        """It waits for events only."""

    def block(self, stream, block):
        """It waits for events only."""


def test_a_deployment_that_waits_to_be_continued_is_ready_and_not_only_in_progress(tmp_path):
    world = TrafficWorld(root=tmp_path, ids=("a",), green_ids=("b",), options=WAITS)
    waiting = Waiting()
    world.services = replace(world.services, reporters=(waiting,))
    revision = world.revision("v1", "files: [{source: app, destination: /srv}]\n", {"app/x": ""})
    deploying = threading.Thread(target=world.deploy, args=(revision,))
    deploying.start()
    try:
        assert waiting.reached.wait(60)
        (record,) = world.executions.list(kind="deployment")
        assert "Ready" == status_of(record, world.services)
    finally:
        (record,) = world.executions.list(kind="deployment")
        answer = stop_deployment(record.stream.partition("/")[2], world.services)
        deploying.join(60)
    (record,) = world.executions.list(kind="deployment")
    assert "Stopped" == status_of(record, world.services)
    assert "Succeeded" == answer["status"]  # no lifecycle event ran that could go on
