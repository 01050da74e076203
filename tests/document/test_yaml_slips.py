"""Slips that a YAML parser tells of elsewhere, or otherwise, are told where they were made."""

import pytest

from cicd.document.load import load_text
from cicd.errors import DocumentError


def told(text):
    with pytest.raises(DocumentError) as refused:
        load_text(text, "x.yml")
    (problem,) = refused.value.problems
    return problem


def test_a_blank_that_is_missing_is_told_at_its_line_and_not_at_the_next():
    problem = told("version:0.0\nos: linux\n")
    assert ("a blank is missing after the colon of 'version:0.0'", 1) == (
        problem.message,
        problem.span.line,
    )
    assert ["version: 0.0"] == [edit.text for edit in problem.fix.edits]


@pytest.mark.parametrize(
    ("text", "pointed", "right"),
    [
        ('- "echo" hi\n- b\n', "hi", "'\"echo\" hi'"),
        ("a: 'x' y\n", "y", "\"'x' y\""),
    ],
)
def test_what_stands_behind_a_closing_quote_is_told_there(text, pointed, right):
    problem = told(text)
    assert "the value ended with its closing quote, and goes on behind it" == problem.message
    assert (pointed, right) == (problem.span.text, problem.fix.edits[0].text)


@pytest.mark.parametrize(
    "text",
    ["- http://x:80/a\n  b: c\n", "a: b\n c: d\n", "- a\nb: c\n", 'a: "b"\n  c: d\n'],
)
def test_other_things_are_said_as_ever(text):
    problem = told(text)
    assert "blank" not in problem.message
    assert "closing quote" not in problem.message
