"""Bounds of one resolution: how much it may make, how deep it may go, and no circles. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cicd.document.node import MAX_NODES, Node
from cicd.document.problem import Problem, Severity
from cicd.errors import DocumentError

if TYPE_CHECKING:
    from cicd.document.position import Span

_MAX_INSIDE = 120  # values inside one another, names and conditions followed
_MAX_VALUES = 4 * MAX_NODES  # each is resolved once for itself, and some for names and documents
_MAX_TEXT = 4_000_000  # characters of all texts made


class Budget:
    """What is left to one resolution. Each method raises ``DocumentError`` when it is too much."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self._left = _MAX_VALUES
        self._text_left = _MAX_TEXT
        self._inside = 0
        self._open: set[str] = set()

    def go_in(self, node: Node) -> None:
        """Count a value, and that what follows lies inside it."""
        self._left -= 1
        self._inside += 1
        if self._left < 0 or self._inside > _MAX_INSIDE:
            self._too_large(node.span)

    def come_out(self) -> None:
        """Say that the value is done."""
        self._inside -= 1

    def made(self, node: Node) -> Node:
        """Count what a function made, and give it."""
        self._left -= len(node.items)
        self._text_left -= len(node.text)
        if self._text_left < 0 or self._left < 0:
            self._too_large(node.span)
        return node

    def begin(self, what: str, node: Node) -> None:
        """Say that a name is being looked up; looking it up meanwhile is a circle."""
        if what in self._open:
            self._stop("template/cycle", f"'{what}' refers to itself", node.span)
        self._open.add(what)

    def end(self, what: str) -> None:
        """Say that it has been looked up."""
        self._open.discard(what)

    def _too_large(self, span: Span) -> NoReturn:
        self._stop("document/too-many-values", "resolved, the template is too large", span)

    def _stop(self, rule: str, message: str, span: Span) -> NoReturn:
        problem = Problem(rule=rule, severity=Severity.ERROR, message=message, span=span)
        raise DocumentError((problem,))
