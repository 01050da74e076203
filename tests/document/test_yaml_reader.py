import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cicd.document.load import load_text
from cicd.document.node import MAX_DEPTH, MAX_NODES, ScalarStyle
from cicd.document.position import Source
from cicd.document.yaml_reader import read_yaml
from cicd.errors import DocumentError
from tests.document.reading import (
    children,
    corpus,
    inside,
    refused,
    scalars,
    spots,
    walk,
    yaml_pieces,
)

PURE_IS_SLOW = 10_000  # characters
BOTH = pytest.mark.parametrize("native", [True, False], ids=["libyaml", "pure"])


def read(text, **options):
    return read_yaml(Source(name="x.yml", text=text), **options)


def spelled(node):
    return str(node.span).removeprefix("x.yml:"), node.span.text


@BOTH
def test_every_value_knows_its_exact_place(native):
    top = read("phases:\n  build: # now\n    commands:\n      - make  all # it\n", native=native)
    assert ("1:1", "phases") == spelled_key(top, "phases")
    assert ("2:3", "build") == spelled_key(top.at(("phases",)), "build")
    assert ("4:9", "make  all") == spelled(top.at(("phases", "build", "commands", 0)))
    assert ("4:7", "- make  all") == spelled(top.at(("phases", "build", "commands")))


def spelled_key(node, key):
    span = node.entries[key].key_span
    return str(span).removeprefix("x.yml:"), span.text


@BOTH
def test_columns_count_characters_not_bytes_or_cells(native):
    top = read("漢字é😀: {k: v}\r\nb: c\r\n", native=native)
    assert ("1:11", "v") == spelled(top.at(("漢字é😀", "k")))
    assert ("2:4", "c") == spelled(top.at(("b",)))


@BOTH
def test_a_block_of_text_ends_with_its_last_line(native):
    top = read("a: |\n  one\n  two\n\n# after\nb: >-\n  x\n  y\n", native=native)
    assert ("1:4", "|\n  one\n  two") == spelled(top.at(("a",)))
    assert ("one\ntwo\n", ScalarStyle.BLOCK) == (top.at(("a",)).text, top.at(("a",)).style)
    assert "x y" == top.at(("b",)).text


@BOTH
def test_a_key_without_a_value_is_null_just_after_its_colon(native):
    top = read("a:\nb: 1\n", native=native)
    assert (True, "1:3") == (top.at(("a",)).is_null, str(top.at(("a",)).span)[6:])


@BOTH
def test_tags_are_kept_and_do_no_harm(native):
    top = read("a: !Sub '${x}'\nb: !GetAtt c.d\nc: !If [x, y]\nd: !Q {e: f}\n", native=native)
    assert ["!Sub", "!GetAtt", "!If", "!Q"] == [e.value.tag for e in top.entries.values()]
    assert {"a": "${x}", "b": "c.d", "c": ["x", "y"], "d": {"e": "f"}} == top.plain()


@BOTH
def test_a_duplicate_key_is_a_problem_that_shows_the_first(native):
    (problem,) = refused(read, "a: 1\nb: 2\n'a': 3\n", native=native)
    assert ("document/duplicate-key", "x.yml:3:1") == (problem.rule, str(problem.span))
    assert [("x.yml:1:1", "first written here")] == [
        (str(label.span), label.text) for label in problem.labels
    ]


@BOTH
def test_all_duplicate_keys_are_told_at_once(native):
    text = "a: {b: 1, b: 2}\nc:\n  - d: 1\n    d: 2\na: 3\n"
    assert [(1, 11), (4, 5), (5, 1)] == [s[1:] for s in spots(refused(read, text, native=native))]


@BOTH
def test_the_last_duplicate_counts_where_the_agent_lets_it(native):
    top = read("a: 1\nb: 2\na: 3\n", duplicates="last", native=native)
    assert ({"a": 3, "b": 2}, 3) == (top.plain(), top.entries["a"].key_span.line)


@BOTH
def test_aliases_give_the_anchored_value(native):
    top = read("a: &x {k: v}\nb: *x\nc: [*x, 1]\n", native=native)
    assert {"a": {"k": "v"}, "b": {"k": "v"}, "c": [{"k": "v"}, 1]} == top.plain()
    assert top.at(("a",)) is top.at(("b",))


@BOTH
def test_a_mapping_that_ends_in_an_alias_ends_there(native):
    top = read("a: &x [1]\nb:\n  c: *x\n", native=native)
    assert "c: *x" == top.at(("b",)).span.text


@BOTH
def test_aliases_can_be_refused(native):
    (problem,) = refused(read, "a: &x 1\nb: *x\n", aliases=False, native=native)
    assert ("document/alias", "x.yml:2:4") == (problem.rule, str(problem.span))
    assert {"a": 1} == read("a: &x 1\n", aliases=False, native=native).plain()


@BOTH
@pytest.mark.parametrize("text", ["a: *x\n", "&x [*x]", "&x {k: [*x]}", "a: [*x, &x 1]"])
def test_an_alias_without_a_finished_anchor_is_a_problem(text, native):
    (problem,) = refused(read, text, native=native)
    assert ("document/alias", "*x") == (problem.rule, problem.span.text)


@BOTH
def test_merge_keys_give_way_to_what_is_written(native):
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  y: 9\n  <<: [*a, *b]\nd: {<<: *b}\n"
    top = read(text, native=native)
    assert {"x": 1, "y": 9, "z": 4} == top.at(("c",)).plain()
    assert {"y": 3, "z": 4} == top.at(("d",)).plain()
    assert {"<<": 1} == read("'<<': 1", native=native).plain()


@BOTH
def test_a_merge_of_something_else_is_a_problem(native):
    assert [("document/merge", 1, 6)] == spots(refused(read, "<<: [1]", native=native))


@BOTH
def test_an_alias_bomb_is_one_clear_problem(native):
    lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]" for i in range(1, 9)]
    (problem,) = refused(read, "\n".join(lines), native=native)
    assert ("document/too-many-values", "*x3") == (problem.rule, problem.span.text)


def test_more_values_than_the_bound_are_refused():
    # The top, two keys, a list of 100 values, and a list of as many aliases as fit, and one more.
    text = f"a: &a [{'x,' * 99}]\nb: [{'*a,' * 998}{'x,' * (MAX_NODES - 99_904)}"
    assert 2 == len(read(text + "]").entries)
    (problem,) = refused(read, text + "x]")
    assert "document/too-many-values" == problem.rule


@BOTH
@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? "])
def test_a_deeply_nested_document_is_one_clear_problem(piece, native):
    (problem,) = refused(read, piece * 300, native=native)
    assert "document/too-deep" == problem.rule


@BOTH
def test_depth_counts_through_aliases(native):
    lines = ["x0: &x0 [a]"]
    lines += [f"x{i}: &x{i} [*x{i - 1}]" for i in range(1, 200)]
    (problem,) = refused(read, "\n".join(lines), native=native)
    assert ("document/too-deep", MAX_DEPTH - 1) == (problem.rule, problem.span.line)


@BOTH
def test_a_document_at_the_bound_of_depth_is_read(native):
    assert read("[" * (MAX_DEPTH - 1) + "a" + "]" * (MAX_DEPTH - 1), native=native).plain()


@BOTH
def test_one_leading_marker_is_fine_and_a_second_document_is_not(native):
    assert {"a": 1} == read("---\na: 1\n...\n", native=native).plain()
    found = refused(read, "---\na: 1\n---\nb: 2\n", native=native)
    assert [("document/several-documents", 3, 1)] == spots(found)


@BOTH
@pytest.mark.parametrize("text", ["# only this\n", "---\n", "---\n# x\n...\n"])
def test_nothing_but_comments_is_empty(text, native):
    assert [("document/empty", 1, 1)] == spots(refused(read, text, native=native))


@BOTH
def test_a_template_in_braces_needs_quotes(native):
    (problem,) = refused(read, "a: {{ x }}\n", native=native)
    assert ("document/key", "x.yml:1:5") == (problem.rule, str(problem.span))
    assert "quotes" in (problem.hint or "")


def test_what_follows_from_a_problem_of_the_same_line_is_not_told():
    with pytest.raises(DocumentError) as caught:
        load_text("a: 1\nuser: {{prefix}}.name\nb: 2\n", "x.yml")
    (problem,) = caught.value.problems
    assert ("document/key", "x.yml:2:8") == (problem.rule, str(problem.span))


SYNTAX = {
    "a:\n\tb: 1\n": (2, 1, "found character that cannot start any token", "spaces"),
    "a: [1,\n 2\nb: 3\n": (3, 2, "did not find expected ',' or ']'", "']'"),
    "a: {b: 1\nc: 2\n": (2, 2, "did not find expected ',' or '}'", "'}'"),
    "a: b: c\n": (1, 5, "mapping values are not allowed in this context", "quotes"),
    "- a: 1\n  b: 2\n c: 3\n": (3, 2, "did not find expected '-' indicator", "align"),
    "a:\n  b: 1\n c: 2\n": (3, 2, "did not find expected key", "align"),
    "a: 'b' c\n": (1, 8, "did not find expected key", "quote"),
    'a: "b\n\nc: 1\n': (1, 4, "found unexpected end of stream", "close it"),
    "a: 1\nb\nc: 2\n": (2, 1, "could not find expected ':'", "key: value"),
    'a: "\\d"\n': (1, 5, "found unknown escape character", "single quotes"),
    "a: `b`\n": (1, 4, "found character that cannot start any token", "quotes"),
    "a: @b\n": (1, 4, "found character that cannot start any token", "quotes"),
    "files:\n  - **/*\n": (2, 6, "did not find expected alphabetic or numeric character", "'*'"),
    "a: |x\n  b\n": (1, 5, None, "following lines"),
    "a: !x!y z\n": (1, 4, "found undefined tag handle", "quotes"),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("text", SYNTAX)
def test_a_slip_of_syntax_has_its_place_the_parsers_words_and_advice(text, native):
    line, column, words, advice = SYNTAX[text]
    (problem,) = refused(read, text, native=native)
    # Only the pure parser stands one further on in an escape.
    columns = {column} if native or "\\" not in text else {column, column + 1}
    assert ("document/syntax", line) == (problem.rule, problem.span.line)
    assert problem.span.column in columns
    assert advice in problem.hint
    assert words is None or f"the YAML parser says: {words}" == problem.note


@BOTH
@pytest.mark.parametrize(
    "text", ["a: \x07", "a: \0", "\x1b[0m", "a: \ud800", "a: b\ufeffc", "a: \x7f", "a: \ufffe"]
)
def test_characters_that_yaml_forbids_are_named(text, native):
    (problem,) = refused(read, text, native=native)
    assert "document/character" == problem.rule
    assert f"U+{ord(problem.span.text):04X}" in problem.message


@BOTH
@pytest.mark.parametrize(
    "text",
    ['a: "\\0"', 'a: "\\ud83d"', 'a: "\\UFFFFFFFF"', "%YAML 9" + "9" * 5000 + ".1\n---\na",
     "!a%80 b", "%TAG ! tag:x%ff,\n---\n!a b", "a: !<", "%", "*", "&", "!<%ff> x"],
)  # fmt: skip
def test_what_no_value_can_hold_is_a_problem_and_no_exception(text, native):
    assert refused(read, text, native=native)


@settings(max_examples=100, deadline=None)
@given(yaml_pieces | st.text(max_size=40))
@example("? a\n: b")
@example("? [a]\n")
@example(": ")
@example("- - -")
def test_any_text_is_a_tree_or_a_positioned_refusal(text):
    try:
        node = load_text(text, "x.yml")
    except DocumentError as failure:
        for problem in failure.problems:
            assert 1 <= problem.span.line <= len(problem.span.source.starts)
            assert problem.span.marked_line()
        return
    node.plain()
    for each in walk(node):
        aliased = "*" in each.span.text
        assert aliased or all(inside(each.span, inner) for inner in children(each))


@settings(max_examples=60, deadline=None)
@given(yaml_pieces.filter(lambda text: "\t" not in text))
def test_both_parsers_give_the_same_tree(text):
    source = Source(name="x.yml", text=text)
    assert outcome(source, native=True) == outcome(source, native=False)


def outcome(source, *, native):
    try:
        return read_yaml(source, native=native)
    except DocumentError:
        return "refused"


@pytest.mark.parametrize("path", corpus("*/*.y*ml"), ids=lambda path: path.name)
def test_published_documents_read_the_same_by_both_parsers_and_spans_re_read(path):
    source = Source(name=path.name, text=path.read_bytes().decode().removeprefix("\ufeff"))
    found = outcome(source, native=True)
    if len(source.text) < PURE_IS_SLOW:
        assert found == outcome(source, native=False)
    if found == "refused":
        return
    for scalar in scalars(found):
        again = scalar.span.text
        if scalar.style is ScalarStyle.QUOTED and not scalar.tag and "\n" not in again:
            assert scalar.text == load_text(again, "again").text
        if scalar.style is ScalarStyle.PLAIN and "\n" not in again and again[:1] not in {"!", "&"}:
            assert scalar.text == again
