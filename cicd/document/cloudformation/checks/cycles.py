"""Resources that wait for one another in a circle, which no stack can make. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.intrinsics import attribute_of, call_of, substituted
from cicd.document.node import Node, NodeKind
from cicd.document.position import brief
from cicd.document.problem import Label, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.document.cloudformation.template import Template
    from cicd.document.position import Span
    from cicd.document.problem import Problems


def check_cycles(template: Template, problems: Problems) -> None:
    """
    Note the first circle that is found among resources, with the places that make it one.

    Branches of ``Fn::If`` count, whichever is chosen.

    Source: CloudFormation User Guide, "DependsOn attribute"; the service's ValidationError
    "Circular dependency between resources".
    """
    needs: dict[str, dict[str, Span]] = {}
    for name in template.resources:
        mine = needs[name] = {}
        for other, span in needs_of(name, template):
            mine.setdefault(other, span)
    circle = _circle(needs)
    if not circle:
        return
    steps = list(zip(circle, (*circle[1:], circle[0]), strict=True))
    first, *rest = (needs[here][there] for here, there in steps)
    labels = tuple(
        Label(span=span, text=f"'{brief(here)}' needs '{brief(there)}'")
        for span, (here, there) in zip(rest, steps[1:], strict=True)
    )
    itself = "itself" if len(circle) == 1 else f"'{brief(steps[0][1])}', which needs it in turn"
    problems.add(
        Problem(
            rule="template/cycle",
            severity=Severity.ERROR,
            message=f"'{brief(circle[0])}' needs {itself}",
            span=first,
            hint="break the circle: leave out one of these references",
            labels=labels[:5],
            note=f"Circular dependency between resources: [{', '.join(circle[:10])}]",
        )
    )


def needs_of(name: str, template: Template) -> Iterator[tuple[str, Span]]:
    """Give the resources that one needs, and where it says so, whichever branch is chosen."""
    for entry in template.resources[name].value.entries.values():
        if entry.key == "DependsOn":
            for item in entry.value.items or (entry.value,):
                if item.text in template.resources:
                    yield item.text, item.span
        elif entry.key not in ("Type", "Metadata", "Condition"):
            for found, span in _named(entry.value):
                if found in template.resources:
                    yield found, span


def _named(node: Node) -> Iterator[tuple[str, Span]]:
    call = call_of(node)
    if call is not None:
        argument = call.argument
        if call.name == "Ref":
            yield argument.text, node.span
        elif call.name == "Fn::GetAtt":
            found = attribute_of(argument)
            if found is not None:
                yield found[0], node.span
        elif call.name == "Fn::Sub":
            text = argument.items[0] if argument.items else argument
            own = argument.items[1].entries if len(argument.items) > 1 else {}
            if text.kind is NodeKind.SCALAR:
                for name, _, _ in substituted(text.text):
                    if name not in own:
                        yield name.partition(".")[0], node.span
        node = argument
    for item in node.items:
        yield from _named(item)
    for entry in node.entries.values():
        yield from _named(entry.value)


def _circle(needs: Mapping[str, Mapping[str, Span]]) -> list[str]:
    """Give the names of one circle, in order; [] where there is none."""
    done: set[str] = set()
    for root in needs:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, Iterator[str]]] = []
        if root not in done:
            stack.append((root, iter(needs[root])))
            path.append(root)
            on_path.add(root)
        while stack:
            name, rest = stack[-1]
            after = next(rest, None)
            if after is None:
                stack.pop()
                path.pop()
                on_path.discard(name)
                done.add(name)
            elif after in on_path:
                return path[path.index(after) :]
            elif after not in done:
                stack.append((after, iter(needs[after])))
                path.append(after)
                on_path.add(after)
    return []
