"""What a template refers to, and whether it is there: by the text alone, whichever branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.checks.calls import check_call
from cicd.document.cloudformation.intrinsics import attribute_of, call_of, substituted
from cicd.document.cloudformation.names import NO_VALUE, NOTIFICATION_ARNS, PSEUDO
from cicd.document.embedded import as_written
from cicd.document.node import Node, NodeKind
from cicd.document.position import brief
from cicd.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Collection

    from cicd.document.cloudformation.template import Template
    from cicd.document.embedded import Piece
    from cicd.document.position import Span
    from cicd.document.problem import Problems

_PSEUDO = (*PSEUDO, NO_VALUE, NOTIFICATION_ARNS)
MAX_HINTS = 20
"""How many unknown names are compared with all known ones: enough for people, bounded in time."""


def check_references(template: Template, problems: Problems) -> None:
    """
    Note every parameter, resource, condition and mapping that is named and not declared.

    Functions that there are not, or that are given something else, are noted on the way.
    Names in a template with a transform are not judged: macros add resources that are not written.

    Source: CloudFormation User Guide, "Intrinsic function reference".
    """
    _References(template, problems).check()


class _References:
    def __init__(self, template: Template, problems: Problems) -> None:
        self._template = template
        self._problems = problems
        self._names = frozenset(template.parameters) | frozenset(template.resources)
        self._hints = MAX_HINTS

    def check(self) -> None:
        for entry in self._template.conditions.values():
            self._walk(entry.value, inside_condition=True)
        for entry in self._template.resources.values():
            for part in entry.value.entries.values():
                if part.key == "Condition":
                    self._condition(part.value)
                elif part.key == "DependsOn":
                    self._depends_on(part.value)
                elif part.key != "Type":
                    self._walk(part.value)
        outputs = self._template.node.entries.get("Outputs")
        for entry in outputs.value.entries.values() if outputs else ():
            for part in entry.value.entries.values():
                if part.key == "Condition":
                    self._condition(part.value)
                else:
                    self._walk(part.value)

    def _walk(self, node: Node, *, inside_condition: bool = False) -> None:
        call = call_of(node)
        if call is not None:
            check_call(call, self._problems)
            self._call(call.name, call.argument)
            node = call.argument
        for item in node.items:
            self._walk(item, inside_condition=inside_condition)
        for entry in node.entries.values():
            if inside_condition and entry.key == "Condition" and len(node.entries) == 1:
                self._condition(entry.value)
            else:
                self._walk(entry.value, inside_condition=inside_condition)

    def _call(self, name: str, argument: Node) -> None:
        if name == "Ref" and _plain(argument):
            self._named(argument.text, argument.span)
        elif name == "Condition":
            self._condition(argument)
        elif name == "Fn::GetAtt":
            found = attribute_of(argument)
            if found is not None and found[0]:
                self._resource(found[0], argument.span)
        elif name == "Fn::If" and argument.items:
            self._condition(argument.items[0])
        elif name == "Fn::FindInMap" and argument.items and _plain(argument.items[0]):
            wanted = argument.items[0].text
            self._known(wanted, self._template.mappings, "mapping", argument.items[0].span)
        elif name == "Fn::Sub":
            self._substitution(argument)

    def _substitution(self, argument: Node) -> None:
        text = argument.items[0] if argument.items else argument
        own = argument.items[1].entries if len(argument.items) > 1 else {}
        if text.kind is not NodeKind.SCALAR:
            return
        whole: Piece | None = None
        for name, start, end in substituted(text.text):
            resource, dot, _ = name.partition(".")
            known = self._template.resources if dot else self._names
            if name in own or (resource if dot else name) in known or name in _PSEUDO:
                continue
            whole = whole or as_written(text)
            begin, stop = whole.places[start][0], whole.places[end - 1][1]
            where = text.span.source.span(begin, stop)
            aside = f"; for the shell write '${{!{name}}}'" if name.isupper() else ""
            if dot:
                self._resource(resource, where)
            else:
                self._named(name, where, aside)

    def _named(self, name: str, span: Span, aside: str = "") -> None:
        if name.startswith("AWS::"):
            self._known(name, _PSEUDO, "pseudo parameter", span)
        else:
            self._known(name, self._names, "parameter or resource", span, aside)

    def _resource(self, name: str, span: Span) -> None:
        self._known(name, self._template.resources, "resource", span)

    def _condition(self, node: Node) -> None:
        if _plain(node):
            self._known(node.text, self._template.conditions, "condition", node.span)

    def _depends_on(self, node: Node) -> None:
        for item in node.items or (node,):
            if _plain(item):
                self._resource(item.text, item.span)

    def _known(
        self, name: str, known: Collection[str], what: str, span: Span, aside: str = ""
    ) -> None:
        if name in known or self._template.transformed:
            return
        self._hints -= 1
        near = closest(name, known) if self._hints >= 0 else None
        self._problems.error(
            "template/unknown-reference",
            f"the template has no {what} '{brief(name)}'",
            span,
            hint=f"did you mean '{near}'?"
            if near
            else f"declare the {what}, or mend the name{aside}",
        )


def _plain(node: Node) -> bool:
    return node.kind is NodeKind.SCALAR and bool(node.text) and not node.tag
