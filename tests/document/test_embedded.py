"""A document inside another one has its problems where people see it."""

import pytest

from cicd.document.embedded import document_of
from cicd.document.load import load_source, load_text

FORMS = {
    "literal": "a: |\n\n    k:\n      - one two\n    m: x\n",
    "folded": "a: >\n    k: {l: [one two,\n    x]}\n",
    "double": 'a: "k:\\n  - one two\\nm: \\u0078\\n"\n',
    "single": "a: 'k: {l: one two, x: ''q''}'\n",
    "tagged": "a: !Sub |-\n  k:\n    - one two\n",
    "plain": "a: {b: [k]}\n",
    "continued": 'a: "k: [one t\\\n   wo, x]"\n',
}


@pytest.mark.parametrize("form", [name for name in FORMS if name not in ("plain", "continued")])
def test_what_stands_inside_is_found_outside(form):
    text = FORMS[form]
    scalar = load_text(text, "outer.yml").entries["a"].value
    inner = load_source(document_of(scalar))
    found = [inner]
    while found[-1].items or found[-1].entries:
        last = found[-1]
        found.append((*last.items, *(e.value for e in last.entries.values()))[0])
    leaf = found[-1]
    assert "one two" == leaf.text
    assert "one two" == leaf.span.text
    assert "outer.yml" == leaf.span.source.name
    assert leaf.span.line == 1 + text[: text.index("one two")].count("\n")


def test_a_line_that_goes_on_is_followed():
    scalar = load_text(FORMS["continued"], "outer.yml").entries["a"].value
    items = load_source(document_of(scalar)).entries["k"].value.items
    assert ["one two", "x"] == [item.text for item in items]
    assert [1, 2] == [item.span.line for item in items]
    assert "x" == items[1].span.text


def test_the_end_of_the_text_has_a_place():
    scalar = load_text(FORMS["literal"], "outer.yml").entries["a"].value
    document = document_of(scalar)
    end = document.span(len(document.text), len(document.text))
    assert end.line <= 6
    assert "" == end.text
