import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.document.json_reader import read_json
from cicd.document.load import load_text
from cicd.document.node import MAX_DEPTH, MAX_NODES
from cicd.document.position import Source
from cicd.errors import DocumentError
from tests.document.reading import (
    children,
    corpus,
    inside,
    json_values,
    refused,
    scalars,
    spots,
    walk,
)


def read(text, **options):
    return read_json(Source(name="x.json", text=text), **options)


def test_every_value_knows_its_exact_place():
    top = read('{"pipeline": {\n\t"version": 12,\n\t"stages": ["a", true]}}')
    assert "x.json:2:13" == str(top.at(("pipeline", "version")).span)
    assert '"a"' == top.at(("pipeline", "stages", 0)).span.text
    assert "x.json:3:2" == str(top.at(("pipeline",)).entries["stages"].key_span)
    assert (1, 1, 3, 25) == (
        top.span.line,
        top.span.column,
        top.span.end_line,
        top.span.end_column,
    )


def test_surrogate_pairs_are_one_character_and_columns_count_what_is_written():
    top = read('["\\ud83d\\ude00", "😀", 1]')
    assert ["😀", "😀", 1] == top.plain()
    assert ["x.json:1:2", "x.json:1:18", "x.json:1:23"] == [str(item.span) for item in top.items]


def test_numbers_keep_their_text_and_words_in_quotes_are_text():
    top = read('[1.10, -0, 1E5, "1", "true", null]')
    assert ["1.10", "-0", "1E5", "1", "true", "null"] == [item.text for item in top.items]
    assert [1.1, 0, 1e5, "1", "true", None] == top.plain()


def test_a_duplicate_name_is_a_problem_that_shows_the_first():
    (problem,) = refused(read, '{"a": 1, "\\u0061": 2}')
    assert [("document/duplicate-key", 1, 10)] == spots([problem])
    assert "x.json:1:2" == str(problem.labels[0].span)
    assert {"a": 2} == read('{"a": 1, "a": 2}', duplicates="last").plain()


SLIPS = {
    '{"a": 1,}': (1, 8, "no comma before '}'"),
    "[1,\n2,\n]": (2, 2, "no comma before ']'"),
    '{"a": 1 "b": 2}': (1, 9, "',' or '}' is needed"),
    '{"a" 1}': (1, 6, "':' after \"a\" is needed"),
    "{'a': 1}": (1, 2, "no single quotes"),
    "{a: 1}": (1, 2, "a name in double quotes"),
    '{"a": tru}': (1, 7, "'tru' is not a JSON value"),
    '{"a": True}': (1, 7, "'True' is not a JSON value"),
    '{"a": 01}': (1, 7, "'01' is not a JSON value"),
    '{"a": NaN}': (1, 7, "'NaN' is not a JSON value"),
    '{"a": +1}': (1, 7, "'+1' is not a JSON value"),
    "[1, 2": (1, 6, "the text ends where"),
    '{"a":': (1, 6, "the text ends where a value"),
    '["a\n"]': (1, 2, "a quote is opened"),
    '["a': (1, 2, "a quote is opened"),
    '["a\\': (1, 4, "is not an escape"),
    '["a\tb"]': (1, 4, "U+0009 cannot stand"),
    '["\\x"]': (1, 3, "'\\x' is not an escape"),
    '["\\u12"]': (1, 3, "four hexadecimal digits"),
    '["\\ud800"]': (1, 3, "U+D800 cannot be used"),
    '["\\u0000"]': (1, 3, "U+0000 cannot be used"),
    '["\ud800"]': (1, 3, "U+D800 cannot stand"),
    "// x\n{}": (1, 1, "no comments"),
    "{} // x": (1, 4, "more after the end"),
    "[1, /* x */ 2]": (1, 5, "no comments"),
    "{} {}": (1, 4, "more after the end"),
    "version: 1": (1, 1, "'version' is not a JSON value"),
}


@pytest.mark.parametrize("text", SLIPS)
def test_a_slip_has_its_place_and_plain_words(text):
    line, column, words = SLIPS[text]
    (problem,) = refused(read, text)
    assert [("document/syntax", line, column)] == spots([problem])
    assert words in problem.message


def test_a_deeply_nested_text_is_one_clear_problem():
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read(deepest).items
    for text in ("[" * 100_000, '{"a":' * 100_000):
        (problem,) = refused(read, text)
        assert "document/too-deep" == problem.rule


def test_more_values_than_the_bound_are_refused():
    (problem,) = refused(read, "[" + "1," * MAX_NODES + "1]")
    assert "document/too-many-values" == problem.rule


@settings(max_examples=100, deadline=None)
@given(json_values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_plain_gives_what_the_standard_library_gives(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    node = read(text)
    assert json.loads(text) == node.plain()
    for each in walk(node):
        assert all(inside(each.span, inner) for inner in children(each))
    for scalar in scalars(node):
        assert scalar.plain() == json.loads(scalar.span.text)


@settings(max_examples=100, deadline=None)
@given(
    st.text() | st.lists(st.sampled_from(list('{}[]",:\\u0d8 1-e.tn\n')), max_size=25).map("".join)
)
def test_any_text_is_a_tree_or_a_positioned_refusal(text):
    try:
        load_text(text, "x.json", json=True).plain()
    except DocumentError as failure:
        assert all(problem.span.line >= 1 for problem in failure.problems)
    else:
        json.loads(text)


@pytest.mark.parametrize("path", corpus("*/*.json"), ids=lambda path: path.name)
def test_published_json_reads_as_the_standard_library_reads_it(path):
    text = path.read_bytes().decode()
    assert json.loads(text) == read(text).plain()
