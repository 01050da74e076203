from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.schema import check

SCHEMA = {
    "type": "object",
    "required": ["name", "stages"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "version": {"type": "string", "enum": ["1", "2"]},
        "mode": {"enum": ["QUEUED", "PARALLEL"]},
        "order": {"type": "integer", "minimum": 1, "maximum": 9},
        "tags": {"type": "object", "propertyNames": {"maxLength": 3}},
        "on": {"anyOf": [{"type": "string"}, {"type": "array"}]},
        "stages": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["kind", "timeout"],
                        "properties": {"kind": {"const": "wait"}, "timeout": {"type": "integer"}},
                    },
                    {
                        "type": "object",
                        "required": ["kind", "run"],
                        "properties": {"kind": {"const": "run"}, "run": {"type": "string"}},
                    },
                    {"type": "string"},
                ]
            },
        },
    },
}

GOOD = "name: shop\nstages: [x]\n"


def told(text):
    problems = Problems()
    check(load_text(text, "x.yml"), SCHEMA, problems, "pipeline")
    return [(p.rule.removeprefix("pipeline/"), p.message, str(p.span)[6:]) for p in problems]


def only(text):
    problems = Problems()
    check(load_text(text, "x.yml"), SCHEMA, problems, "pipeline")
    (problem,) = problems
    return problem


def test_a_document_that_fits_has_no_problem():
    assert [] == told(GOOD + "version: 1\nmode: QUEUED\norder: 9\non: yes\ntags: {a: 1}\n")


def test_all_problems_come_at_once_in_order():
    found = told("nme: x\nversion: 3\nstages: []\n")
    assert [
        ("missing-key", "'name' is missing in the document", "1:1"),
        ("unknown-key", "'nme' is not a key of the document", "1:1"),
        ("unknown-value", "'3' is not allowed for 'version'", "2:10"),
        ("out-of-range", "'stages' must have at least one entry, not 0", "3:1"),
    ] == found


def test_an_unknown_key_is_pointed_at_and_the_nearest_suggested():
    problem = only(GOOD + "versoin: 1\n")
    assert ("x.yml:3:1", "did you mean 'version'?") == (str(problem.span), problem.hint)
    assert "the keys of the document are name, version" in (problem.note or "")


def test_a_key_without_a_value_counts_as_absent():
    assert [("missing-key", "'name' in the document has no value", "1:1")] == told(
        "name:\nstages: [x]\nversion: ~\n"
    )


def test_a_value_of_another_type_says_what_is_wanted():
    assert [("wrong-type", "'name' must be text, not a list", "1:1")] == told(
        "name: [a]\nstages: [x]\n"
    )
    assert [("wrong-type", "'order' must be a whole number, not 'many'", "3:8")] == told(
        GOOD + "order: many\n"
    )
    assert [("wrong-type", "'on' must be text or a list, not a mapping", "3:1")] == told(
        GOOD + "on: {a: 1}\n"
    )
    assert [("wrong-type", "the document must be a mapping, not a list", "1:1")] == told("- a")


def test_a_number_or_boolean_is_text_where_text_is_wanted_and_its_text_is_checked():
    assert [] == told("name: yes\nstages: [3, true]\nversion: 2\n")
    assert [("wrong-form", "'007': 'name' must match ^[a-z]+$", "1:7")] == told(
        "name: 007\nstages: [x]\n"
    )


def test_lengths_and_bounds_say_what_was_found():
    assert [("out-of-range", "'name' must have at most 5 characters, not 6", "1:7")] == told(
        "name: abcdef\nstages: [x]\n"
    )
    assert [("out-of-range", "'order' must be at least 1, not 0", "3:8")] == told(
        GOOD + "order: 0\n"
    )


def test_an_unknown_value_suggests_the_nearest_and_lists_them_all():
    problem = only(GOOD + "mode: QUEUD\n")
    assert ("did you mean 'QUEUED'?", "'mode' is one of QUEUED, PARALLEL") == (
        problem.hint,
        problem.note,
    )


def test_a_key_that_is_not_allowed_is_pointed_at():
    found = told(GOOD + "tags: {a: 1, long: 2}\n")
    assert [
        (
            "key-form",
            "'long' is not allowed as a key: must have at most 3 characters, not 4",
            "3:14",
        )
    ] == found


def test_of_several_alternatives_only_the_meant_one_is_reported():
    assert [("missing-key", "'timeout' is missing in entry 2 of 'stages'", "2:13")] == told(
        "name: a\nstages: [x, {kind: wait}]\n"
    )
    assert [("wrong-type", "'timeout' must be a whole number, not 'x'", "2:34")] == told(
        "name: a\nstages: [{kind: wait, timeout:   x}]\n"
    )
    assert [
        ("wrong-type", "entry 1 of 'stages' must be a mapping or text, not a list", "2:10")
    ] == (told("name: a\nstages: [[1]]\n"))


def test_the_same_thing_is_said_once():
    schema = {"allOf": [{"required": ["a"]}, {"required": ["a", "b"]}]}
    problems = Problems()
    check(load_text("c: 1", "x.yml"), schema, problems, "x")
    assert ["'a' is missing in the document", "'b' is missing in the document"] == [
        problem.message for problem in problems
    ]


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12))
def test_an_added_unknown_key_gives_exactly_one_more_problem_at_that_key(key):
    expected = [] if key in SCHEMA["properties"] else ["3:1"]
    if not expected:
        return
    assert expected == [at for _, _, at in told(f"{GOOD}'{key}': 1\n")]
