"""What the tests of reading share."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import strategies as st

from cicd.document.node import Node, NodeKind
from cicd.errors import DocumentError

CHECKOUT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("CICD_CORPUS", CHECKOUT.parent / "shared" / "corpus"))


def corpus(pattern="*/*"):
    return sorted(path for path in CORPUS.glob(pattern) if path.is_file())


def refused(read, *arguments, **options):
    """Give the problems of a document that must be refused."""
    try:
        node = read(*arguments, **options)
    except DocumentError as failure:
        return failure.problems
    raise AssertionError(f"read as {node.plain()!r}")


def spots(problems):
    return [(problem.rule, problem.span.line, problem.span.column) for problem in problems]


def inside(outer, inner):
    begins = (outer.line, outer.column) <= (inner.line, inner.column)
    return begins and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def children(node: Node):
    """Give every span that must lie inside the node's own."""
    for entry in node.entries.values():
        yield entry.key_span
        yield entry.value.span
    for item in node.items:
        yield item.span


def walk(node: Node):
    yield node
    for entry in node.entries.values():
        yield from walk(entry.value)
    for item in node.items:
        yield from walk(item)


def scalars(node: Node):
    return [each for each in walk(node) if each.kind is NodeKind.SCALAR]


_characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_characters),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(_characters), inner, max_size=4)
    ),
    max_leaves=20,
)

# Pieces that mean something to YAML, so that random texts are not all the same mistake.
yaml_pieces = st.lists(
    st.sampled_from(
        [
            "a",
            "b: ",
            ": ",
            "- ",
            "\n",
            "  ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "'",
            '"',
            "#",
            "&x ",
            "*x",
            "|\n",
            ">-\n",
            "!t ",
            "!!str ",
            "---\n",
            "? ",
            "<<: *x",
            "\\",
            "é",
            "漢",
            "😀",
            "\t",
            "%",
            "~",
            "\r\n",
            "@",
        ]
    ),
    max_size=30,
).map("".join)
