from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.document.fields import Fields
from cicd.document.load import load_text
from cicd.document.problem import Problems, Severity


class Action(StrEnum):
    RESTORE = "restore"
    SAVE = "save"


def fields(text, **options):
    problems = Problems()
    node = load_text(text, "x.yml")
    return Fields(node, problems, room="build", what="the buildspec", **options), problems


def told(problems):
    return [(p.rule, p.message, str(p.span)[6:]) for p in problems]


def test_text_is_as_written():
    top, problems = fields("a: 0.20\nb: yes\nc: '0755'\nd: |\n  x\n")
    assert ["0.20", "yes", "0755", "x\n"] == [top.text(key) for key in "abcd"]
    assert [] == told(problems)


def test_an_absent_or_null_field_gives_the_default_without_a_problem():
    top, problems = fields("a:\nb: ~\n")
    assert ["", "", ""] == [top.text(key) for key in "abc"]
    assert (None, "d") == (top.text("a", default=None), top.text("b", "d"))
    assert (False, True, None) == (
        top.flag("a"),
        top.flag("b", default=True),
        top.flag("c", default=None),
    )
    assert (None, 7) == (top.integer("a"), top.integer("c", 7))
    assert (None, Action.SAVE) == (
        top.choice("a", Action),
        top.choice("a", Action, default=Action.SAVE),
    )
    assert ((), (), None, None) == (
        top.texts("a"),
        top.sequence("b"),
        top.mapping("a"),
        top.node("a"),
    )
    assert [] == told(problems)


def test_a_wrong_shape_is_noted_and_counts_as_absent():
    top, problems = fields("a: [1]\nb: {c: 1}\nd: x\ne: x\n")
    assert ("", None, (), None) == (
        top.text("a"),
        top.text("b", None),
        top.sequence("d"),
        top.mapping("e"),
    )
    assert [
        ("build/wrong-type", "'a' must be text, not a list", "1:4"),
        ("build/wrong-type", "'b' must be text, not a mapping", "2:4"),
        ("build/wrong-type", "'d' must be a list, not text", "3:4"),
        ("build/wrong-type", "'e' must be a mapping, not text", "4:4"),
    ] == told(problems)


def test_a_document_that_is_no_mapping_is_noted_once_and_has_no_fields():
    top, problems = fields("- a\n- b\n")
    assert ("", None, ()) == (top.text("a"), top.mapping("b"), top.entries())
    top.unknown()
    assert [("build/wrong-type", "the buildspec must be a mapping, not a list", "1:1")] == told(
        problems
    )


def test_a_required_field_is_missed_at_its_mapping_or_at_its_key():
    top, problems = fields("a: 1\nb:\n")
    assert ("1", "", "") == (
        top.required_text("a"),
        top.required_text("b"),
        top.required_text("c"),
    )
    assert [
        ("build/missing-key", "'c' is missing in the buildspec", "1:1"),
        ("build/missing-key", "'b' in the buildspec has no value", "2:1"),
    ] == told(problems)


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("'True'", True), ("ON", True), ("no", False), ('"false"', False),
     ("off", False)],
)  # fmt: skip
def test_a_flag_is_a_word_quoted_or_not(text, value):
    top, problems = fields(f"a: {text}")
    assert (value, 0) == (top.flag("a", default=None), len(problems))


def test_another_word_is_no_flag():
    top, problems = fields("a: maybe")
    assert True is top.flag("a", default=True)
    assert [("build/wrong-type", "'a' must be yes or no, not 'maybe'", "1:4")] == told(problems)


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("'2160'", 2160), ("+6", 6), ("010", 10)])
def test_a_whole_number_is_decimal_and_its_bounds_are_allowed(text, value):
    top, problems = fields(f"a: {text}")
    assert (value, 0) == (top.integer("a", minimum=5, maximum=2160), len(problems))


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        ("4", "build/out-of-range", "'a' must be from 5 to 2160, not 4"),
        ("2161", "build/out-of-range", "'a' must be from 5 to 2160, not 2161"),
        ("5.0", "build/wrong-type", "'a' must be a whole number, not '5.0'"),
        ("٥", "build/wrong-type", "'a' must be a whole number, not '٥'"),
        ("0x10", "build/wrong-type", "'a' must be a whole number, not '0x10'"),
    ],
)
def test_any_other_number_is_noted(text, rule, message):
    top, problems = fields(f"a: {text}")
    assert 60 == top.integer("a", 60, minimum=5, maximum=2160)
    assert [(rule, message, "1:4")] == told(problems)


def test_a_number_of_thousands_of_digits_is_no_number():
    top, problems = fields(f"a: {'9' * 5000}")
    assert (None, 1) == (top.integer("a"), len(problems))


def test_a_choice_gives_the_member_and_suggests_the_nearest():
    top, problems = fields("a: save\nb: SAVE\nc: restor\n")
    assert Action.SAVE is top.choice("a", Action)
    assert Action.SAVE is top.choice("b", Action, ignore_case=True)
    assert None is top.choice("c", Action)
    (problem,) = problems
    assert ("build/unknown-value", "'restor' is not allowed for 'c'") == (
        problem.rule,
        problem.message,
    )
    assert ("did you mean 'restore'?", "'c' is one of restore, save") == (
        problem.hint,
        problem.note,
    )


def test_what_is_quoted_in_a_message_is_short_and_in_one_line():
    top, problems = fields(f"a: |\n  one\n  {'x' * 100}\n")
    top.flag("a")
    assert [f"'a' must be yes or no, not 'one {'x' * 55}…'"] == [p.message for p in problems]


def test_texts_are_scalars_and_one_scalar_is_a_list_of_one():
    top, problems = fields("a: [x, 1, ~]\nb: one\n")
    assert ["x", "1", "~"] == [node.text for node in top.texts("a")]
    assert ["one"] == [node.text for node in top.texts("b")]
    assert ([], 0) == (list(top.texts("c")), len(problems))
    assert ((), 1) == (top.texts("b", scalar_is_list=False), len(problems))


def test_a_command_that_became_a_mapping_is_noted_with_the_cure():
    top, problems = fields("commands:\n  - make\n  - echo Hello: world\n")
    assert ["make"] == [node.text for node in top.texts("commands")]
    (problem,) = problems
    assert "an entry of 'commands' must be text, not a mapping" == problem.message
    assert "put the whole entry in quotes: ': ' makes a mapping of it" == problem.hint


def test_an_inner_mapping_is_read_the_same_way():
    top, problems = fields("env:\n  variables: {A: 1}\n")
    env = top.mapping("env")
    assert env is not None
    assert "" == env.required_text("shell")
    assert [("build/missing-key", "'shell' is missing in 'env'", "1:1")] == told(problems)


def test_entries_come_in_order_and_are_then_known():
    top, problems = fields("b: 1\na:\n")
    assert ["b", "a"] == [entry.key for entry in top.entries()]
    top.unknown()
    assert 0 == len(problems)


def test_a_key_is_in_the_fields_with_or_without_a_value():
    top, _ = fields("a:\n")
    assert (True, False) == ("a" in top, "b" in top)
    assert ("x.yml:1:1", "x.yml:1:1") == (str(top.span("a")), str(top.span("b")))


def test_unknown_keys_are_noted_with_what_was_probably_meant():
    top, problems = fields("version: 0.2\nphasse: 1\nxyz: 1\n")
    top.text("version")
    top.node("phases")
    top.unknown()
    first, second = problems
    assert ("build/unknown-key", Severity.WARNING) == (first.rule, first.severity)
    assert "'phasse' is not a key of the buildspec" == first.message
    assert ("did you mean 'phases'?", None) == (first.hint, second.hint)
    assert "the keys of the buildspec are version, phases" == first.note


def test_keys_may_be_read_in_any_case_further_down_too():
    top, problems = fields("Resources:\n  NAME: x\nhooks: 1\nHooks: 2\n", ignore_case=True)
    inner = top.mapping("resources")
    assert inner is not None
    assert "x" == inner.text("name")
    top.node("hooks")
    top.unknown()
    assert [("build/duplicate-key", "4:1")] == [(rule, at) for rule, _, at in told(problems)]


@settings(max_examples=50, deadline=None)
@given(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12).filter(
        lambda key: key not in {"version", "phases"}
    )
)
def test_an_added_unknown_key_gives_exactly_one_more_problem_at_that_key(key):
    top, problems = fields(f"version: 0.2\nphases: {{}}\n'{key}': 1\n")
    top.text("version")
    top.mapping("phases")
    top.unknown(Severity.ERROR)
    assert ["x.yml:3:1"] == [str(problem.span) for problem in problems]
