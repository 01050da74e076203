"""Expressions of users: what matches, what is none, and what would never end."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd import expression
from cicd.expression import ExpressionFault, check, is_filled, matches, searches

ENDLESS, LETTERS = "(a|aa)+$", "a" * 60 + "!"


@pytest.mark.parametrize(
    ("pattern", "text", "found", "whole"),
    [
        (".*", "", True, True),
        ("b+", "abbc", True, False),
        ("a|ab", "ab", True, True),
        ("(?i)AB", "ab", True, True),
        ("(?x) a  # a letter", "a", True, True),
        ("^a(?!b)", "ab", False, False),
        (r"v\d+\Z", "v1\n", False, False),
    ],
)
def test_an_expression_is_searched_or_is_to_be_the_whole(pattern, text, found, whole):
    assert (found, whole) == (matches(pattern, text), matches(pattern, text, whole=True))


def test_what_is_no_expression_says_where():
    with pytest.raises(ExpressionFault, match=r"missing \) at position 2"):
        check("(a")
    with pytest.raises(ExpressionFault):
        matches("(a", "a")


def test_what_would_never_end_ends(monkeypatch):
    monkeypatch.setattr(expression, "LIMIT", 0.05)
    for _ in range(2):
        with pytest.raises(ExpressionFault, match="it takes more than"):
            matches(ENDLESS, LETTERS)


def test_what_searches_many_texts_ends_with_each(monkeypatch):
    monkeypatch.setattr(expression, "LIMIT", 0.05)
    search = searches(ENDLESS)
    assert (True, False) == (search("baa"), search("b"))
    with pytest.raises(ExpressionFault, match="it takes more than"):
        search(LETTERS)


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=5), st.text("ab", max_size=12))
def test_pieces_with_anything_between_them_are_what_an_expression_says(pieces, text):
    plain = ".*".join(re.escape(piece) for piece in pieces)
    assert is_filled(pieces, text) == (re.fullmatch(plain, text) is not None)


def test_no_number_of_pieces_takes_long():
    began = time.monotonic()
    assert not is_filled(["", *["a"] * 40, "b"], "a" * 5000)
    assert time.monotonic() - began < 1
