"""The functions of a pipeline's template: made when first invoked, and kept up with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.functions.names import split
from cicd.functions.refusal import FunctionRefused

if TYPE_CHECKING:
    from cicd.functions.function import Function
    from cicd.functions.run import Functions
    from cicd.pipeline.plan import PipelinePlan
    from cicd.ports import Services

ORIGIN: Final = "template"


def follow_template(wanted: str, plan: PipelinePlan, services: Services) -> None:
    """
    Have a function be what the plan's template says it is.

    Local rule: one of that name that somebody made here is left as it is.

    Raises:
        FunctionRefused: The template's function cannot be made here.
        Unavailable: Its code is not here.

    """
    if not plan.template:
        return
    from cicd.functions.resource import configuration_of
    from cicd.functions.run import Functions
    from cicd.pipeline.function_code import code_of
    from cicd.pipeline.resources_of import resources_of

    name = split(wanted)[0]
    node = resources_of(plan).find("functions", name)
    if node is None:
        return
    functions = Functions(services)
    before = _find(name, functions)
    if before is not None and before.latest.configuration.origin != ORIGIN:
        return
    properties = node.plain()
    assert isinstance(properties, dict), "a resource's properties are a mapping"
    held = replace(configuration_of(properties), origin=ORIGIN)
    code = code_of(properties, services)
    if before is None:
        functions.create(name, held, code)
    elif (before.latest.configuration, before.latest.code) != (held, code.digest):
        functions.update(name, lambda _: held, code)


def _find(name: str, functions: Functions) -> Function | None:
    try:
        return functions.find(name)
    except FunctionRefused:
        return None
