"""`#{namespace.name}`: where references stand in a text, and what they are replaced with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CODEPIPELINE = "codepipeline"  # holds PipelineExecutionId only; readable everywhere
VARIABLES = "variables"  # the pipeline's own; readable everywhere but in Source actions
RESERVED = (CODEPIPELINE, VARIABLES)
EXECUTION_ID = "PipelineExecutionId"

_REFERENCE = re.compile(r"#\{([^{}]*)\}")
_FORM = re.compile(r"([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One `#{…}`; both parts are case-sensitive, and "" when the text has not the form."""

    text: str  # as written, "#{Source.CommitId}"
    namespace: str
    key: str


class Unresolved(Exception):
    """A reference has no value; the message names it. Caught where the action's turn comes."""


def references(text: str) -> Iterator[Reference]:
    """
    Give the references in a text, in order.

    Source: CodePipeline User Guide, "Working with variables": one dot, no expressions,
    no default operator, no nesting.
    """
    for match in _REFERENCE.finditer(text):
        parts = _FORM.fullmatch(match[1])
        namespace, key = (parts[1], parts[2]) if parts else ("", "")
        yield Reference(text=match[0], namespace=namespace, key=key)


def resolve(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """
    Replace every reference by its value, as plain text: nothing is escaped, in JSON neither.

    Raises ``Unresolved`` for a value that is not there; an empty string is never put instead.
    """

    def value(match: re.Match[str]) -> str:
        parts = _FORM.fullmatch(match[1])
        known = namespaces.get(parts[1]) if parts else None
        if parts is None or known is None or parts[2] not in known:
            raise Unresolved(f"the variable {match[0]} has no value")
        return known[parts[2]]

    return _REFERENCE.sub(value, text)
