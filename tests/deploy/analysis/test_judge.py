"""Verdicts, and the figures that they rest on."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from cicd.deploy.analysis.analysis import Analysis, Judgement, Word
from cicd.deploy.analysis.figures import figures, percentile
from cicd.deploy.analysis.judge import judge
from cicd.ports import Answered

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def answered(count, *, errors=0, seconds=0.01, spread=0.0, seed=1):
    chance = random.Random(seed)
    return [
        Answered(
            at=NOON,
            group="g",
            status=500 if number < errors else 200,
            seconds=seconds + chance.random() * spread,
        )
        for number in range(count)
    ]


def test_a_percentile_is_a_value_that_was_seen():
    assert [5, 10, 10, 1] == [percentile(range(1, 11), each) for each in (50, 95, 100, 1)]
    assert 0.0 == percentile([], 95)


def test_figures_leave_out_who_left():
    left = Answered(at=NOON, group="g", status=460, seconds=9)
    found = figures([*answered(200, errors=3), left], timedelta(seconds=10))
    assert (200, 3, 20.0) == (found.requests, found.errors, found.rate)
    assert 0.015 == found.error_rate
    assert 10.0 == found.shape()["p99"]


@pytest.mark.parametrize(
    ("analysis", "new", "words"),
    [
        (Analysis(error_rate=1), {"errors": 3}, "error rate 1.50 % (3 of 200), the limit is 1 %"),
        (Analysis(p95=50), {"seconds": 0.06}, "p95 60.0 ms, the limit is 50 ms"),
        (Analysis(p50=50, p99=80), {"seconds": 0.06}, "p50 60.0 ms, the limit is 50 ms"),
        (Analysis(more_errors=1), {"errors": 4}, "2.00 points more, 1 are allowed"),
        (Analysis(slower=20), {"seconds": 0.02}, "p95 20.0 ms against 10.0 ms: 100 % slower"),
    ],
)
def test_a_limit_that_is_broken_fails_with_its_numbers(analysis, new, words):
    verdict = judge(analysis, answered(200), answered(200, **new))
    assert verdict.word is Word.FAILED
    assert words in verdict.reasons[0]


def test_a_limit_that_is_just_kept_passes():
    analysis = Analysis(error_rate=1.5, p95=10, slower=0, more_errors=1.5)
    verdict = judge(analysis, answered(200), answered(200, errors=3))
    assert verdict.word is Word.PASSED
    assert "new: 200 requests, 1.50 % errors, p95 10.0 ms; old: 200" in verdict.reasons[0]


def test_too_few_requests_are_no_verdict_and_it_is_told():
    analysis = Analysis(error_rate=1, slower=10)
    few = judge(analysis, answered(200), answered(99, errors=99))
    assert few.word is Word.NO_VERDICT
    assert "the new version answered 99 in 60 s, 100 are needed" in few.reasons[0]
    nothing_to_compare = judge(analysis, answered(5), answered(200))
    assert nothing_to_compare.word is Word.NO_VERDICT
    assert "the old version answered 5" in nothing_to_compare.reasons[0]


def test_its_own_limits_judge_the_new_version_when_nothing_is_left_of_the_old():
    analysis = Analysis(error_rate=1, slower=10)
    assert judge(analysis, [], answered(200, errors=9)).word is Word.FAILED
    assert judge(Analysis(error_rate=1), [], answered(200)).word is Word.PASSED


def test_mann_whitney_tells_a_slower_version_from_one_that_is_alike():
    analysis = Analysis(judgement=Judgement.MANN_WHITNEY)
    old = answered(300, spread=0.02, seed=1)
    assert judge(analysis, old, answered(300, spread=0.02, seed=2)).word is Word.PASSED
    slow = judge(analysis, old, answered(300, seconds=0.015, spread=0.02, seed=3))
    assert slow.word is Word.FAILED
    assert "slower: median" in slow.reasons[0]
    assert "of pairs (p = " in slow.reasons[0]


def test_mann_whitney_sees_errors_and_does_not_take_quick_ones_for_speed():
    analysis = Analysis(judgement=Judgement.MANN_WHITNEY)
    old, new = answered(500, spread=0.01), answered(500, errors=20, spread=0.01, seed=2)
    verdict = judge(analysis, old, new)
    assert verdict.word is Word.FAILED
    assert "more errors: 20 of 500 against 0 of 500" in verdict.reasons[0]


def test_a_difference_nobody_minds_is_no_verdict_against_a_version():
    analysis = Analysis(judgement=Judgement.MANN_WHITNEY)
    old = answered(5000, seconds=0.1, spread=0.001, seed=1)
    new = answered(5000, seconds=0.1005, spread=0.001, seed=2)
    assert judge(analysis, old, new).word is Word.PASSED
