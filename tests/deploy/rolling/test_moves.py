"""Which task is replaced next: the arithmetic of a rolling update."""

import pytest

from cicd.deploy.rolling.moves import Broken, End, Seen, Start, Steady, Wait, is_stuck, next_move
from cicd.deploy.rolling.service import CircuitBreaker, RollingService


def service(desired, lowest=100, highest=200, **more):
    return RollingService(
        name="shop",
        cluster="local",
        task_definition="taskdef.json",
        desired_count=desired,
        minimum_healthy_percent=lowest,
        maximum_percent=highest,
        **more,
    )


def seen(new, new_healthy, old, old_healthy, failures=0):
    return Seen(
        new=new,
        new_healthy=new_healthy,
        old=old,
        old_healthy=old_healthy,
        failures=failures,
    )


@pytest.mark.parametrize(
    ("limits", "state", "move"),
    [
        ((2, 100, 200), (0, 0, 2, 2), Start(count=2)),
        ((2, 100, 200), (2, 0, 2, 2), Wait()),
        ((2, 100, 200), (2, 1, 2, 2), End(count=1)),
        ((2, 100, 200), (2, 2, 1, 1), End(count=1)),
        ((2, 100, 200), (2, 2, 0, 0), Steady()),
        ((2, 50, 100), (0, 0, 2, 2), End(count=1)),
        ((2, 50, 100), (0, 0, 1, 1), Start(count=1)),
        ((2, 50, 100), (1, 0, 1, 1), Wait()),
        ((3, 66, 100), (0, 0, 3, 3), End(count=1)),  # 1.98 tasks are two
        ((4, 100, 125), (0, 0, 4, 4), Start(count=1)),
        ((1, 0, 100), (0, 0, 1, 1), End(count=1)),
        ((2, 0, 200), (2, 0, 2, 2), End(count=2)),
        ((2, 100, 200), (2, 0, 2, 0), End(count=2)),  # those of before are ill already
        ((0, 100, 200), (0, 0, 2, 2), End(count=2)),
        ((0, 100, 200), (0, 0, 0, 0), Steady()),
        ((2, 100, 200), (0, 0, 0, 0), Start(count=2)),  # its first deployment
    ],
)
def test_tasks_are_replaced_as_far_as_the_percentages_allow(limits, state, move):
    assert move == next_move(service(*limits), seen(*state))


@pytest.mark.parametrize("desired", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("limits", [(100, 200), (100, 150), (50, 100), (0, 100), (75, 125)])
def test_every_update_ends_and_never_leaves_its_limits(desired, limits):
    held = service(desired, *limits)
    if is_stuck(held):
        return
    new = new_healthy = 0
    old = desired
    for _ in range(200):
        match next_move(held, seen(new, new_healthy, old, old)):
            case Start(count=count):
                new += count
            case End(count=count):
                old -= count
            case Wait():
                assert new_healthy < new, "nothing is waited for that is not coming"
                new_healthy += 1
            case Steady():
                assert (desired, desired, 0) == (new, new_healthy, old)
                return
        assert held.lowest <= new_healthy + old
        assert new + old <= max(held.highest, desired)
    raise AssertionError("it never ended")


def test_what_can_neither_go_nor_come_is_known_before():
    assert is_stuck(service(1, 100, 150))
    assert is_stuck(service(2, 100, 100))
    assert not is_stuck(service(1, 0, 100))
    assert not is_stuck(service(2, 50, 100))
    assert not is_stuck(service(0, 100, 100))


@pytest.mark.parametrize(("desired", "threshold"), [(1, 3), (6, 3), (7, 4), (25, 13), (500, 200)])
def test_the_circuit_breaker_opens_at_half_of_the_tasks_within_limits(desired, threshold):
    breaker = CircuitBreaker(enable=True)
    held = service(desired, breaker=breaker)
    assert threshold == held.threshold
    failing = seen(desired, 0, 0, 0, failures=threshold)
    assert Broken() == next_move(held, failing)
    assert Broken() != next_move(service(desired), failing)  # it is off unless asked for
