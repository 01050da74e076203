"""What a YAML parser says → what a person can do about it."""

from __future__ import annotations

import re

from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One refusal of the parser, in plain words."""

    message: str
    hint: str | None
    words: str  # libyaml's own, which is what AWS's logs show
    opened: str  # what to say at the place where the unfinished thing began
    at_opening: bool  # whether that place is the one to mend
    slips: bool  # whether a slip nearby, which YAML reads otherwise, may be the reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saying:
    """What is said when context, problem and the text there all match."""

    message: str
    hint: str | None = None
    context: str = ""
    problem: str = ""
    rest: str = ""
    opened: str = "begun here"
    at_opening: bool = False
    slips: bool = False


# PyYAML's pure parser words some things differently from libyaml, which AWS's readers share.
_LIBYAML = (
    (r"found character .+ that cannot start", "found character that cannot start"),
    (r"^expected ',' or '([\]}])', but got .*", r"did not find expected ',' or '\1'"),
    (r"^mapping values are not allowed here", "mapping values are not allowed in this context"),
    (r"^found (unknown escape character|undefined tag handle) '.*'$", r"found \1"),
    (r"^expected '?<document start>'?, but found .*", "did not find expected <document start>"),
    (
        r"^expected alphabetic or numeric character, but found .*",
        "did not find expected alphabetic or numeric character",
    ),
)
_BLOCK_END = r"^expected <block end>, but found .*"

_QUOTE = "put the value in quotes"
_SAYINGS = (
    _Saying(
        problem="cannot start any token",
        rest=r"\t",
        message="YAML takes no tab here",
        hint="use spaces",
    ),
    _Saying(
        problem="cannot start any token",
        rest=r"[@`%]",
        message="a value cannot begin with this character",
        hint=_QUOTE,
    ),
    _Saying(
        problem="mapping values are not allowed",
        slips=True,
        message="a ':' cannot stand here",
        hint="put the value in quotes if it holds ': ', or check this line's indentation",
    ),
    _Saying(
        problem=r"expected ',' or '\]'",
        message="the list in brackets is not closed, or a comma is missing",
        hint="write ',' or ']' before this",
        opened="the list begins here",
    ),
    _Saying(
        problem=r"expected ',' or '}'",
        message="the mapping in braces is not closed, or a comma is missing",
        hint="write ',' or '}' before this; a text that begins with '{' needs quotes",
        opened="the mapping begins here",
    ),
    _Saying(
        problem="expected '-' indicator",
        slips=True,
        message="this line belongs to no entry of the list",
        hint="align it with the entries and begin it with '- ', or indent it further",
        opened="the list begins here",
    ),
    _Saying(
        problem="expected key",
        slips=True,
        message="this line's indentation fits no mapping around it",
        hint="align the key with its neighbours; quote a value that goes on after its quotes",
        opened="the mapping begins here",
    ),
    _Saying(
        problem="could not find expected ':'",
        slips=True,
        message="this is neither a key with ': ' nor part of a value",
        hint="write 'key: value', or indent the line so that it continues the value",
        at_opening=True,
    ),
    _Saying(
        context="quoted scalar",
        problem="unexpected (end of stream|document separator)",
        message="a quote is opened and never closed",
        hint="close it; inside single quotes an apostrophe is written twice",
        at_opening=True,
    ),
    _Saying(
        problem="unknown escape character",
        message="this is not an escape that double quotes know",
        hint="use single quotes, or write the backslash twice",
    ),
    _Saying(
        context="scanning an? (alias|anchor)",
        message="a plain value cannot begin with '*' or '&'",
        hint="put it in quotes: a bare '*' begins an alias",
    ),
    _Saying(
        context="block scalar",
        message="this does not fit the block of text begun by '|' or '>'",
        hint="put the text on the following lines, indented with spaces",
        opened="the block begins here",
    ),
    _Saying(
        problem="tab character|found a tab",
        message="YAML takes no tab here",
        hint="use spaces",
    ),
    _Saying(
        problem="block sequence entries are not allowed|sequence entries are not allowed",
        message="a '-' cannot stand here",
        hint="begin the list on the next line",
    ),
    _Saying(
        problem="undefined tag handle|expected URI|expected '!'",
        message="this tag cannot be read",
        hint="put a text that begins with '!' in quotes",
    ),
)


def explained(context: str, problem: str, rest: str) -> Explanation:
    """
    Explain one refusal.

    Args:
        context: What the parser was doing: "while parsing a block mapping".
        problem: What it ran into, in the words of PyYAML or libyaml.
        rest: The text from there on.

    """
    words = problem
    for pattern, replacement in _LIBYAML:
        words = re.sub(pattern, replacement, words)
    if re.match(_BLOCK_END, words):
        missing = "key" if "mapping" in context else "'-' indicator"
        words = f"did not find expected {missing}"
    for saying in _SAYINGS:
        if (
            re.search(saying.context, context)
            and re.search(saying.problem, words)
            and re.match(saying.rest, rest)
        ):
            return _explanation(saying, words)
    return _explanation(_Saying(message="this is not YAML"), words)


def _explanation(saying: _Saying, words: str) -> Explanation:
    return Explanation(
        message=saying.message,
        hint=saying.hint,
        words=words,
        opened=saying.opened,
        at_opening=saying.at_opening,
        slips=saying.slips,
    )
