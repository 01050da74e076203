"""The U test against values that are known."""

import itertools
import random

import pytest

from cicd.deploy.analysis.mann_whitney import mann_whitney


def test_the_known_example_of_the_tortoises_and_hares():
    # Of T H H H H H T T T T T H, in order of arrival, a hare comes after a tortoise in 11 pairs.
    order = "THHHHHTTTTTH"
    hares = [place for place, who in enumerate(order) if who == "H"]
    tortoises = [place for place, who in enumerate(order) if who == "T"]
    assert 11 == mann_whitney(hares, tortoises).u
    assert 25 == mann_whitney(tortoises, hares).u


def test_known_values_without_ties():
    # U = 17 of 20; mean 10, variance 4 * 5 * 10 / 12: z = 6.5 / 4.0825 = 1.5922.
    found = mann_whitney([19, 22, 16, 29, 24], [20, 11, 17, 12])
    assert 17 == found.u
    assert 1.5922 == pytest.approx(found.z, abs=1e-4)
    assert 0.05567 == pytest.approx(found.p, abs=1e-5)


def test_known_values_with_ties():
    # Ranks of the first: 1.5, 3.5, 6, 6 = 17, U = 7. Groups of 2, 2 and 3 are 36 ties of 336:
    # the variance is 16 / 12 * (9 - 36 / 56), z = (7 - 8 - 0.5) / 3.3381.
    found = mann_whitney([1, 2, 3, 3], [1, 2, 3, 4])
    assert 7 == found.u
    assert -0.44936 == pytest.approx(found.z, abs=1e-4)


def test_it_is_near_to_the_exact_distribution():
    first, second = [3.1, 4.7, 5.2, 6.8, 7.7, 9.1, 9.9], [1.2, 2.2, 2.9, 3.3, 4.1, 5.0, 6.0, 8.0]
    u = mann_whitney(first, second).u
    whole = first + second
    as_great = total = 0
    for chosen in itertools.combinations(range(len(whole)), len(first)):
        mine = [whole[place] for place in chosen]
        rest = [value for place, value in enumerate(whole) if place not in chosen]
        as_great += sum(a > b for a in mine for b in rest) >= u
        total += 1
    assert as_great / total == pytest.approx(mann_whitney(first, second).p, abs=0.005)


def test_what_is_alike_is_no_finding_and_one_value_says_nothing():
    assert 1.0 == mann_whitney([2, 2, 2], [2, 2]).p
    assert 0.5 < mann_whitney([1, 2, 3, 4], [1, 2, 3, 4]).p


def test_both_ways_add_up_to_all_pairs():
    chance = random.Random(1)
    for _ in range(50):
        first = [chance.randint(0, 9) for _ in range(chance.randint(1, 20))]
        second = [chance.randint(0, 9) for _ in range(chance.randint(1, 20))]
        both = mann_whitney(first, second).u + mann_whitney(second, first).u
        assert len(first) * len(second) == both
