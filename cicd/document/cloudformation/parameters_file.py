"""A file of parameters, in any of the shapes that AWS's own tools take."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cicd.document.load import load
from cicd.document.node import Node, NodeKind
from cicd.document.problem import Problem, Severity
from cicd.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SHAPES = (
    'write [{"ParameterKey": "Stage", "ParameterValue": "dev"}], '
    '{"Parameters": {"Stage": "dev"}}, or ["Stage=dev"]'
)


def read_parameters(path: Path, name: str) -> Mapping[str, str]:
    """
    Read values of parameters from the file ``path``, called ``name``.

    The shapes are those of ``create-stack --parameters`` (a list of keys and values), of
    ``deploy --parameter-overrides`` (that, a list of "KEY=VALUE", or a mapping) and of
    CodePipeline's template configuration file (a mapping under "Parameters").

    Raises:
        DocumentError: It has another shape.
        Unavailable: It cannot be read.

    Source: AWS CLI Command Reference, "cloudformation deploy" and "create-stack".

    """
    node = load(path, name)
    inner = node.entries.get("Parameters")
    if inner is not None:
        node = inner.value
    if node.kind is NodeKind.MAPPING:
        return {key: _text(entry.value) for key, entry in node.entries.items()}
    found: dict[str, str] = {}
    for item in node.items:
        key, value = item.entries.get("ParameterKey"), item.entries.get("ParameterValue")
        if key is not None and value is not None:
            found[_text(key.value)] = _text(value.value)
            continue
        if key is not None and "UsePreviousValue" in item.entries:
            continue  # the value of the stack that there is; here the default
        name_given, equals, text = item.text.partition("=")
        if not equals:
            _refuse(item)
        found[name_given] = text
    if node.kind is NodeKind.SCALAR:
        _refuse(node)
    return found


def _text(node: Node) -> str:
    if node.kind is not NodeKind.SCALAR:
        _refuse(node)
    return node.text


def _refuse(node: Node) -> NoReturn:
    raise DocumentError(
        (
            Problem(
                rule="template/parameters-file",
                severity=Severity.ERROR,
                message="this gives no parameter a value",
                span=node.span,
                hint=_SHAPES,
            ),
        )
    )
