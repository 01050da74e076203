"""How documents name a role: by its ARN, or where a service takes that, by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.cloudformation.values import UNRESOLVED
from cicd.document.node import NodeKind
from cicd.document.position import brief

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_ARN = re.compile(r"arn:aws[\w-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
_NAME = re.compile(r"(?!arn:)[\w+=,.@-]{1,64}")
_LEFT_OPEN = re.compile(r"\$\{|#\{|\{\{|[<>]")  # somebody fills it in later
PATTERN = "arn:aws(-[\\w]+)*:iam::[0-9]{12}:role/.*"


def check_role(
    node: Node | None, rule: str, problems: Problems, *, name_will_do: bool = False
) -> None:
    """
    Note what names no role; what is not known yet is not judged.

    Args:
        node: The value; None: there is none.
        rule: The name that the problem has in the room that asks.
        problems: Where it is noted.
        name_will_do: Whether the service takes a role's name, too, as CodeBuild does.

    Source: CodePipeline API Reference, "PipelineDeclaration", "roleArn"; IAM User Guide,
    "IAM identifiers".
    """
    if node is None or node.kind is not NodeKind.SCALAR or node.is_null or node.tag == UNRESOLVED:
        return
    text = node.text
    if _LEFT_OPEN.search(text) or _ARN.fullmatch(text):
        return
    if name_will_do and _NAME.fullmatch(text):
        return
    shown = brief(text)
    problems.warning(
        rule,
        f"'{shown}' is not the ARN of a role",
        node.span,
        hint=_meant(text),
        note=f"Member must satisfy regular expression pattern: {PATTERN}",
    )


def _meant(text: str) -> str:
    if ":role/" not in text and text.startswith("arn:"):
        return "a role's ARN is arn:aws:iam::123456789012:role/NAME"
    account = re.search(r"iam:{1,2}(\d*)\b", text)
    if account is not None and len(account[1]) != 12:
        return "an account has 12 digits: arn:aws:iam::123456789012:role/NAME"
    return "write arn:aws:iam::123456789012:role/NAME"
