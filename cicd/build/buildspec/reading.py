"""One reading of a buildspec: the problems so far, and the keys that mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.spec import Text, UnknownKeys
from cicd.document.fields import Fields

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.position import Span
    from cicd.document.problem import Problems

_UNKNOWN = "build/unknown-key"
_AT_THE_TOP = {
    **dict.fromkeys(
        (
            *("shell", "variables", "parameter-store", "secrets-manager"),
            *("exported-variables", "git-credential-helper"),
        ),
        "below 'env'",
    ),
    **dict.fromkeys(("install", "pre_build", "build", "post_build"), "below 'phases'"),
    **dict.fromkeys(("commands", "finally", "on-failure"), "in a phase, below 'phases'"),
    "runtime-versions": "in the phase 'install', below 'phases'",
    **dict.fromkeys(
        (
            *("secondary-artifacts", "base-directory", "discard-paths"),
            *("exclude-paths", "enable-symlinks", "s3-prefix"),
        ),
        "below 'artifacts'",
    ),
    **dict.fromkeys(("paths", "fallback-keys"), "below 'cache'"),
    **dict.fromkeys(
        ("build-list", "build-graph", "build-matrix", "build-fanout"), "below 'batch'"
    ),
}
"""Where keys stand that people write at the top."""

OUTERMOST = dict.fromkeys(
    ("env", "proxy", "batch", "phases", "reports", "artifacts", "cache", "run-as"),
    "at the top: it is indented too far",
)
"""Where keys stand that people indent too far."""


class Reading:
    """What the readers of a buildspec's sections share; each notes, and none stops."""

    def __init__(self, problems: Problems) -> None:
        """Note into ``problems``."""
        self.problems = problems
        self.unknown: list[UnknownKeys] = []

    def fields(self, node: Node, what: str, at: Span | None = None) -> Fields:
        """Open a section; ``what`` is its name in problems."""
        return Fields(node, self.problems, room="build", what=what, at=at)

    def close(self, fields: Fields, section: str) -> None:
        """Report what was not asked for, and keep it for the log."""
        before = {id(p) for p in self.problems}
        fields.unknown(homes=_AT_THE_TOP if section == "buildspec" else OUTERMOST)
        keys = tuple(
            p.span.source.line(p.span.line)[p.span.column - 1 : p.span.end_column - 1].strip("'\"")
            for p in self.problems
            if id(p) not in before and p.rule == _UNKNOWN
        )
        if keys:
            self.unknown.append(UnknownKeys(section=section, keys=keys))

    def each(self, node: Node | None, what: str) -> tuple[tuple[str, Span, Node], ...]:
        """Give the entries of a mapping whose keys are names of the writer's own."""
        if node is None or node.is_null:
            return ()
        entries = self.fields(node, what).entries()
        return tuple((entry.key, entry.key_span, entry.value) for entry in entries)


def texts(fields: Fields, key: str) -> tuple[Text, ...]:
    """Give a list of texts, which may be written as one text; nulls are left out."""
    return tuple(
        Text(text=item.text, span=item.span)
        for item in fields.texts(key, scalar_is_list=True)
        if not item.is_null
    )
