from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cicd.cli.show.shift_board import ShiftBoard
from cicd.engine.codec import encode
from cicd.ports import Answered
from cicd.testing.contracts_traffic import until
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.shift.test_process import plan
from tests.deploy.shift_report.told import STARTED, stopped_shift
from tests.deploy.world import World


class Stopped:
    """A clock of the shift that stands."""

    def __init__(self, now):
        self._now = now

    def now(self):
        return self._now

    def machine(self, moment):
        del moment
        return datetime.now(UTC)


@pytest.fixture
def router():
    return RecordingTrafficRouter(plan().shift.service.router)


@pytest.fixture
def board(tmp_path, router):
    clock = Stopped(STARTED + timedelta(minutes=21))
    services = replace(World(tmp_path).services, router=lambda _: router, clock=clock)
    made = ShiftBoard(encode(plan()), services)
    yield made
    made.close()


def test_it_shows_the_weight_and_when_the_next_one_comes(board):
    for event in stopped_shift()[:5]:
        board.event(event)
    ((name, words),) = board.lines()
    assert "web" == name
    assert words.startswith("█████████░░░░░░░░░░░░░░░░░░░░░ 30 %; 60 % at ")
    assert words.endswith(", in 1:00")


def test_it_shows_what_each_version_answered_lately(board, router):
    at = datetime.now(UTC) + timedelta(seconds=60)
    router.seen = [
        Answered(at=at, group="blue", status=200, seconds=0.02),
        *[Answered(at=at, group="blue", status=500, seconds=0.02)] * 19,
    ]
    until(lambda: len(board.lines()) == 3, "the figures")
    _, (old, said), (new, nothing) = board.lines()
    assert ("old", "new") == (old.strip(), new.strip())
    assert "2.0 requests/s   p95     20.0 ms   19 errors (95.00%)" in said
    assert "no requests" == nothing
