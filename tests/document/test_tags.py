import pytest

from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.tags import check_tags


def told(text):
    problems = Problems()
    check_tags(load_text(text, "x.yml"), problems)
    return [(problem.span.text, problem.hint) for problem in problems]


@pytest.mark.parametrize("text", ["a: ! b", "a: !!str 1", "a: '!make'", "a: b !c"])
def test_what_is_no_tag_of_its_own_is_fine(text):
    assert [] == told(text)


def test_a_command_that_begins_with_a_mark_loses_its_first_word():
    assert [("!make", "write '!make all', in quotes")] == told("- !make all")


def test_functions_of_templates_are_told_apart():
    assert [("!Sub", "CloudFormation's functions are for templates")] == told("a: !Sub '${x}'")


def test_a_tag_of_a_list_is_told_too():
    assert [("!x", None)] == told("a: !x [1]")
