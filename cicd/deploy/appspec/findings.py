"""What is wrong with an AppSpec, in our words and the agent's; and the shapes it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cicd.document.fix import Fix
from cicd.document.node import NodeKind
from cicd.document.problem import Problem, Problems, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.document.position import Span


@dataclass(slots=True)
class Findings:
    """Collects problems; the first that the agent would stop at names the fault."""

    problems: Problems
    fault: str | None = None

    def reject(
        self,
        rule: str,
        message: str,
        span: Span,
        *,
        agent: str,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        fix: Fix | None = None,
    ) -> None:
        """Note something the agent refuses; ``agent`` is how it puts it."""
        self.fault = self.fault or agent
        self.problems.add(
            Problem(
                rule=rule,
                severity=severity,
                message=message,
                span=span,
                hint=hint,
                note=agent,
                fix=fix,
            )
        )

    def wrong_shape(
        self,
        node: Node,
        what: str,
        expected: str,
        *,
        hint: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        """Note a value of the wrong shape, at which the agent's code breaks."""
        message = f"{what} must be {expected}"
        self.reject("deploy/wrong-shape", message, node.span, agent=message, hint=hint, fix=fix)


def value(node: Node, key: str) -> Node | None:
    """Give the value of a key; None where it is absent or null."""
    entry = node.entries.get(key)
    return None if entry is None or entry.value.is_null else entry.value


def mappings(
    node: Node | None, section: str, findings: Findings, first: str = ""
) -> Iterator[Node]:
    """
    Give the mappings of a list, and note whatever else is in it.

    ``first`` is the key that a text standing alone was meant to be the value of.
    """
    if node is None:
        return
    if node.kind is not NodeKind.SEQUENCE:
        findings.wrong_shape(node, f"'{section}'", "a list, each entry after a dash")
        return
    for item in node.items:
        if item.kind is NodeKind.MAPPING:
            yield item
        elif first and item.kind is NodeKind.SCALAR and item.text:
            meant = f"{first}: {item.span.text}"
            findings.wrong_shape(
                item,
                f"an entry of '{section}'",
                f"a mapping with '{first}'",
                hint=f"write '- {meant}'",
                fix=Fix.text(item.span, meant) if "\n" not in meant else None,
            )
        else:
            findings.wrong_shape(item, f"an entry of '{section}'", "a mapping")
