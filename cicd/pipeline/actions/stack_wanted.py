"""What a CloudFormation action wants its stack to be: a template and parameters, out of inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.document.resources import Resources
from cicd.pipeline.actions.stack_parameters import (
    ParametersInvalid,
    Place,
    read_configuration,
    read_overrides,
    read_place,
)
from cicd.pipeline.actions.stored_input import stored_input
from cicd.pipeline.local import simulates_stack
from cicd.pipeline.stacks.desired import TemplateInvalid, desired_of

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.stacks.stack import Desired, Stack
    from cicd.ports import Services

MAX_TEMPLATE: Final = 1 << 20  # bytes


def wanted_stack(request: ActionRequest, stack: Stack, services: Services) -> Desired:
    """
    Read the template and its parameters, and say what they make.

    Raises ``ParametersInvalid``, ``TemplateInvalid``, and ``DocumentError`` for no document.
    """
    from cicd.document.load import load_text

    configuration = request.configuration
    inputs = {artifact.name: artifact for artifact in request.inputs}
    files = _Files(request, services)
    given = configuration.get("TemplatePath")
    if not given:
        raise ParametersInvalid(f"{configuration['ActionMode']} needs a TemplatePath")
    text = files.read(read_place(given, "TemplatePath", inputs))
    if len(text.encode()) > MAX_TEMPLATE:
        raise TemplateInvalid(f"the template is longer than {MAX_TEMPLATE} bytes")
    node = load_text(text, given, json=given.endswith(".json"))
    known = {
        name: value for name, value in stack.is_.parameters.items() if name in _declared(node)
    }
    parameters: dict[str, str] = {}
    tags: dict[str, str] = {}
    if where := configuration.get("TemplateConfiguration"):
        content = files.read(read_place(where, "TemplateConfiguration", inputs))
        parameters, tags, policy = read_configuration(content, where)
        if policy:
            request.say(f"{request.action.name}: a StackPolicy has no effect here")
    overrides = read_overrides(
        configuration.get("ParameterOverrides", ""),
        inputs,
        request.bucket,
        request.action.region or request.plan.region,
        files.read,
    )
    desired, unknown = desired_of(
        text,
        node,
        stack.name,
        parameters={**known, **parameters, **overrides},
        capabilities=frozenset(configuration.get("Capabilities", "").split(",")) - {""},
        simulate=request.action.simulate
        or simulates_stack(stack.name, Resources.load(Path(request.plan.root))),
    )
    for name in unknown:
        request.say(f"{request.action.name}: the output {name} is not known here, and left out")
    return replace(desired, tags=tags)


def _declared(node: Node) -> frozenset[str]:
    section = node.entries.get("Parameters")
    return frozenset(section.value.entries) if section is not None else frozenset()


class _Files:
    """Files of input artifacts, unpacked when they are asked for."""

    def __init__(self, request: ActionRequest, services: Services) -> None:
        self._request = request
        self._services = services
        self._trees: dict[str, Path] = {}

    def read(self, place: Place) -> str:
        """Give a file's text; raises ``ParametersInvalid`` where there is none."""
        tree = self._tree(place.artifact)
        path = (tree / place.path).resolve()
        if tree.resolve() not in path.parents or not path.is_file():
            raise ParametersInvalid(f"the artifact '{place.artifact}' has no file '{place.path}'")
        try:
            return path.read_text("utf-8")
        except UnicodeDecodeError:
            raise ParametersInvalid(f"{place.artifact}::{place.path} is not UTF-8") from None

    def _tree(self, name: str) -> Path:
        if name not in self._trees:
            taken = next(artifact for artifact in self._request.inputs if artifact.name == name)
            stored = stored_input(taken, self._services)
            self._trees[name] = self._request.workspace / "inputs" / name
            self._services.artifacts.unpack(stored, self._trees[name])
        return self._trees[name]
