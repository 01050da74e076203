"""Documents that are written into a template, such as a project's ``BuildSpec``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.intrinsics import call_of
from cicd.document.embedded import DocumentText, Piece, all_at, as_written, cut, made_of
from cicd.document.node import NodeKind, ScalarStyle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.cloudformation.resolve import Resolver
    from cicd.document.node import Node


def inline_document(written: Node, resolver: Resolver) -> DocumentText | None:
    """
    Resolve a text that is a document, each part of it at its own place; ``None``: it is not one.

    What is not known stands in it by the name of what it waits for.
    """
    value = resolver.value(written)
    if value is None or value.kind is not NodeKind.SCALAR:
        return None
    document = made_of(_pieces(written, resolver), written)
    if "\n" not in document.text and document.text != value.text:
        return None
    return DocumentText(
        kind=NodeKind.SCALAR,
        span=value.span,
        text=document.text,
        style=ScalarStyle.QUOTED,
        document=document,
    )


def _pieces(written: Node, resolver: Resolver) -> Iterator[Piece]:
    call = call_of(written)
    if call is None:
        if written.kind is NodeKind.SCALAR:
            yield as_written(written)
        return
    argument = call.argument
    if call.name == "Fn::Sub":
        yield from _substituted(argument, written, resolver)
    elif call.name == "Fn::If":
        branch = resolver.chosen(argument)
        if branch is not None:
            yield from _pieces(branch, resolver)
    elif call.name == "Fn::Join" and len(argument.items) == 2:
        yield from _joined(argument, written, resolver)
    else:
        value = resolver.value(written)
        if value is not None:
            yield all_at(value.text, written.span)


def _substituted(argument: Node, written: Node, resolver: Resolver) -> Iterator[Piece]:
    text = argument.items[0] if argument.items else argument
    if text.kind is not NodeKind.SCALAR:
        return
    whole = as_written(text)
    at = 0
    for start, end, value in resolver.substitutions(argument, written):
        yield cut(whole, at, start)
        if value is not None:
            first, last = whole.places[start][0], whole.places[end - 1][1]
            yield Piece(text=value.text, places=((first, last),) * len(value.text))
        at = end
    yield cut(whole, at, len(whole.text))


def _joined(argument: Node, written: Node, resolver: Resolver) -> Iterator[Piece]:
    delimiter, listed = argument.items
    if listed.kind is not NodeKind.SEQUENCE or call_of(listed) is not None:
        value = resolver.value(written)
        if value is not None:
            yield all_at(value.text, written.span)
        return
    first = True
    for item in listed.items:
        pieces = list(_pieces(item, resolver))
        if resolver.value(item) is None:
            continue
        if not first:
            yield all_at(delimiter.text, item.span)
        first = False
        yield from pieces
