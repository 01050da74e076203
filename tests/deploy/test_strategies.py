from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.deploy.config import PREDEFINED, MinimumHealthyHosts, parse_minimum
from cicd.deploy.strategies import STRATEGIES
from cicd.deploy.strategies.rolling_window import Done, Doomed, Progress, Take, Wait
from cicd.errors import UsageError

TABLE = {
    "AllAtOnce": "0/1 0/2 0/3 0/4 0/5 0/6 0/7 0/8 0/9 0/10",
    "HalfAtATime": "1/1 1/1 2/1 2/2 3/2 3/3 4/3 4/4 5/4 5/5",
    "OneAtATime": "0/1 1/1 2/1 3/1 4/1 5/1 6/1 7/1 8/1 9/1",
    "25%": "1/0 1/1 1/2 1/3 2/3 2/4 2/5 2/6 3/6 3/7",
    "40%": "1/0 1/1 2/1 2/2 2/3 3/3 3/4 4/4 4/5 4/6",
    "50%": "1/0 1/1 2/1 2/2 3/2 3/3 4/3 4/4 5/4 5/5",
    "66%": "1/0 2/0 2/1 3/1 4/1 4/2 5/2 6/2 6/3 7/3",
    "75%": "1/0 2/0 3/0 3/1 4/1 5/1 6/1 6/2 7/2 8/2",
    "85%": "1/0 2/0 3/0 4/0 5/0 6/0 6/1 7/1 8/1 9/1",
    "90%": "1/0 2/0 3/0 4/0 5/0 6/0 7/0 8/0 9/0 9/1",
    "95%": "1/0 2/0 3/0 4/0 5/0 6/0 7/0 8/0 9/0 10/0",
    "1": "1/0 1/1 1/2 1/3 1/4 1/5 1/6 1/7 1/8 1/9",
    "8": "8/0 8/0 8/0 8/0 8/0 8/0 8/0 8/0 8/1 8/2",
}
NAMES = "abcdefghijklmnopqrstuvwxyz"


def strategy(name, total):
    if f"CodeDeployDefault.{name}" in PREDEFINED:
        config = PREDEFINED[f"CodeDeployDefault.{name}"]
        return STRATEGIES.get(config.strategy)(config.minimum_healthy_hosts, total)
    return STRATEGIES.get("Custom")(parse_minimum(name), total)


def play(window, total, ends):
    """Deploy until it is over; targets end in the order they were taken, as ``ends`` says."""
    waiting, running, succeeded, failed, most = list(NAMES[:total]), [], [], [], 0
    results = iter(ends)
    while True:
        move = window.next(
            Progress(
                waiting=tuple(waiting),
                running=tuple(running),
                succeeded=tuple(succeeded),
                failed=tuple(failed),
            )
        )
        match move:
            case Take():
                for target in move.targets:
                    waiting.remove(target)
                    running.append(target)
                most = max(most, len(running))
                continue
            case Doomed() if not running:
                return "Failed", len(succeeded) + len(failed), most
            case Done():
                status = "Succeeded" if move.succeeded else "Failed"
                return status, len(succeeded) + len(failed), most
            case Wait() | Doomed():
                (succeeded if next(results) == "S" else failed).append(running.pop(0))


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_minimum_and_batch_for_one_to_ten_targets(name):
    found = []
    for total in range(1, 11):
        window = strategy(name, total)
        found.append(f"{window.minimum}/{max(0, window.allowed)}")
    assert TABLE[name] == " ".join(found)


@pytest.mark.parametrize(
    ("name", "total", "ends", "status", "attempted"),
    [
        ("OneAtATime", 3, "SSx", "Succeeded", 3),
        ("OneAtATime", 3, "Sx", "Failed", 2),
        ("OneAtATime", 3, "x", "Failed", 1),
        ("OneAtATime", 1, "S", "Succeeded", 1),
        ("OneAtATime", 1, "x", "Failed", 1),
        ("HalfAtATime", 4, "xSSS", "Succeeded", 4),
        ("HalfAtATime", 4, "xx", "Failed", 2),
        ("HalfAtATime", 4, "xSSx", "Succeeded", 4),
        ("HalfAtATime", 1, "S", "Succeeded", 1),
        ("HalfAtATime", 1, "x", "Failed", 1),
        ("AllAtOnce", 4, "xxxS", "Succeeded", 4),
        ("AllAtOnce", 4, "xxxx", "Failed", 4),
        ("0", 1, "x", "Failed", 1),
        ("2", 5, "xSSSS", "Succeeded", 5),
        ("2", 5, "xxx", "Failed", 3),
        ("85%", 10, "SSSSSSSSSx", "Succeeded", 10),
        ("85%", 10, "SSx", "Failed", 3),
        ("9", 10, "SSSSSSSSSx", "Succeeded", 10),
        ("9", 10, "x", "Failed", 1),
        ("8", 10, "SSxSSSSSSx", "Succeeded", 10),
        ("8", 10, "xSSSSSSSx", "Failed", 9),
        ("95%", 10, "", "Failed", 0),
    ],
)
def test_worked_sequences(name, total, ends, status, attempted):
    assert (status, attempted) == play(strategy(name, total), total, ends)[:2]


def test_trap_42_fleet_percent_rounds_up_and_fails_at_once():
    for name, total in (("95%", 10), ("75%", 3)):
        move = strategy(name, total).next(Progress(waiting=tuple(NAMES[:total])))
        assert Doomed(code="HEALTH_CONSTRAINTS_INVALID") == move


def test_trap_43_one_at_a_time_stops_at_once_unless_the_last_one_fails():
    one = strategy("OneAtATime", 3)
    assert Doomed(code="HEALTH_CONSTRAINTS") == one.next(
        Progress(waiting=("c",), succeeded=("a",), failed=("b",))
    )
    assert Done(succeeded=True) == one.next(Progress(succeeded=("a", "b"), failed=("c",)))


def test_trap_44_all_at_once_needs_one_success():
    assert "Succeeded" == play(strategy("AllAtOnce", 10), 10, "xxxxxxxxxS")[0]
    assert "Failed" == play(strategy("AllAtOnce", 10), 10, "x" * 10)[0]


def test_trap_45_half_at_a_time_on_nine_takes_four_and_needs_five():
    assert ("Succeeded", 9, 4) == play(strategy("HalfAtATime", 9), 9, "SSSSSxxxx")
    assert "Failed" == play(strategy("HalfAtATime", 9), 9, "SSSSxxxxx")[0]


def test_documented_batches():
    for name, total, batch in (
        ("3", 10, 7),
        ("0", 10, 10),
        ("6", 9, 3),
        ("40%", 9, 5),
        ("HalfAtATime", 9, 4),
        ("AllAtOnce", 9, 9),
        ("OneAtATime", 9, 1),
    ):
        move = strategy(name, total).next(Progress(waiting=tuple(NAMES[:total])))
        assert Take(targets=tuple(NAMES[:batch])) == move


def test_a_finished_target_frees_its_slot_at_once():
    window = strategy("3", 6)
    move = window.next(Progress(waiting=("d", "e", "f"), running=("b", "c"), succeeded=("a",)))
    assert Take(targets=("d",)) == move


@given(
    kind=st.sampled_from(["HOST_COUNT", "FLEET_PERCENT"]),
    value=st.integers(0, 99),
    total=st.integers(1, 20),
    ends=st.lists(st.sampled_from("Sx"), min_size=20, max_size=20),
)
@settings(max_examples=100)
def test_targets_out_never_exceed_what_the_minimum_leaves(kind, value, total, ends):
    window = STRATEGIES.get("Custom")(MinimumHealthyHosts(type=kind, value=value), total)
    status, attempted, most = play(window, total, ends)
    assert most <= max(0, total - window.minimum)
    assert attempted <= total
    if status == "Succeeded":
        assert total == attempted


def test_every_outcome_of_five_targets_is_decided():
    for name, ends in product(TABLE, product("Sx", repeat=5)):
        status, attempted, _ = play(strategy(name, 5), 5, ends)
        won = ends[:attempted].count("S")
        assert (status == "Succeeded") == (
            attempted == 5 and won >= max(1, strategy(name, 5).minimum)
        )


def test_a_minimum_is_a_number_or_a_percentage_below_a_hundred():
    for text in ("100%", "-1", "half", "", "1.5"):
        with pytest.raises(UsageError):
            parse_minimum(text)
