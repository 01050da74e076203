"""Values of an AppSpec for ECS or Lambda: what each of them must look like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.document.node import NodeKind
from cicd.document.position import brief

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_TASK: Final = re.compile(r"arn:[\w-]+:ecs:[\w-]*:\d*:task-definition/[\w-]+:\d+")
_TEMPLATE: Final = re.compile(
    r"[<>{}$]|\*\*|\bX{3,}|\.\.\.|_ARN\b|(?i:your|example|replace|placeholder)"
)
_LAST_PORT: Final = 65535
LATEST: Final = "$LATEST"


def check_task(node: Node | None, problems: Problems) -> None:
    """Note a task definition that is no whole ARN; what will be replaced may be anything."""
    if node is None or not node.text or _TEMPLATE.search(node.text):
        return
    if not _TASK.fullmatch(node.text):
        problems.remark(
            "deploy/task-definition",
            f"'{brief(node.text)}' is not the ARN of a task definition with its revision",
            node.span,
            hint="write arn:aws:ecs:REGION:ACCOUNT:task-definition/NAME:REVISION",
        )


def check_versions(current: Node | None, target: Node | None, problems: Problems) -> None:
    """Note versions of a function that are none, and a deployment from one to the same."""
    for node in (current, target):
        if node is None or not node.text or node.text == LATEST or _TEMPLATE.search(node.text):
            continue
        if not node.text.isdecimal() or int(node.text[:9]) == 0:
            problems.warning(
                "deploy/function-version",
                f"'{brief(node.text)}' is not a version of a function",
                node.span,
                hint="versions are numbers from 1 on, as publish-version gives them",
            )
    if current is None or target is None or not target.text.isdecimal():
        return
    if current.text == target.text:
        problems.warning(
            "deploy/same-version",
            f"the version {brief(target.text)} is deployed over itself",
            target.span,
            hint="name the version that was published last",
        )


def check_port(node: Node, problems: Problems) -> None:
    """Note a port that is none."""
    if _TEMPLATE.search(node.text) or not node.text:
        return
    port = int(node.text[:9]) if node.text.isdecimal() else 0
    if not 0 < port <= _LAST_PORT:
        problems.error(
            "deploy/container-port",
            f"'{brief(node.text)}' is not a port",
            node.span,
            hint="write the number at which the container listens",
        )


def check_count(node: Node | None, name: str, problems: Problems) -> None:
    """Note a number of a capacity provider strategy that is none."""
    if node is not None and not node.text.isdecimal():
        problems.error(
            "deploy/wrong-type",
            f"'{name}' must be a whole number, not '{brief(node.text)}'",
            node.span,
        )


def check_list(node: Node, name: str, problems: Problems) -> None:
    """Note what should be a list of identifiers and is not, and the empty ones in it."""
    if node.kind is not NodeKind.SEQUENCE:
        problems.error(
            "deploy/wrong-shape",
            f"'{name}' must be a list, such as [{brief(node.text) or '...'}]",
            node.span,
        )
    for item in node.items:
        if item.kind is NodeKind.SCALAR and not item.text:
            problems.error("deploy/wrong-shape", f"an entry of '{name}' is empty", item.span)
