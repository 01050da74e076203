"""What became of tasks that had traffic."""

import pytest

from cicd.deploy.shift.task_health import crash_of, restarts_of
from cicd.ports import TaskState


def task(number, **how):
    return TaskState(number=number, endpoint=None, **{"running": True, "healthy": True, **how})


def test_what_was_restarted_before_counts_for_nothing():
    tasks = (task(1, restarts=2, ended="it ended"), task(2))
    assert crash_of(tasks, restarts_of(tasks)) is None


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"restarts": 3, "ended": "it was started again"}, "task 1: it was started again"),
        ({"running": False, "said": "it ended with 3"}, "task 1: it ended with 3"),
        (
            {"restarts": 2, "out_of_memory": True, "ended": "a process was killed"},
            "task 1: a process was killed",
        ),
    ],
    ids=["again", "ended", "memory"],
)
def test_one_task_that_ended_is_enough(after, words):
    before = restarts_of((task(1, restarts=2), task(2)))
    assert crash_of((task(1, **after), task(2)), before) == words


def test_a_task_that_somebody_removed_has_gone():
    assert crash_of((task(1),), restarts_of((task(1), task(2)))) == "task 2 has gone"
