"""Pipelines of CloudFormation templates, to be run or looked at; and the resources beside them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.cloudformation.local import given_to, imports
from cicd.document.cloudformation.parameters import Given, check_given, is_hidden
from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.resources import sections_of
from cicd.document.cloudformation.template import read_template
from cicd.document.load import load
from cicd.document.problem import Problems
from cicd.document.resources import Resources
from cicd.errors import UsageError
from cicd.pipeline.definition import inspect_definition, refuse_unfulfilled, template_pipelines
from cicd.pipeline.envelope import Form, form_of
from cicd.pipeline.spec import PipelineDeclaration
from cicd.pipeline.template import check_template
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.pipeline.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class FromTemplate:
    """A pipeline of a template, with what a plan keeps of the template."""

    spec: PipelineDeclaration
    resources: Resources  # ``cicd.yml``, and the template's beside it
    problems: Problems  # none of them an error
    path: str  # of the template
    parameters: Mapping[str, str]  # without those that nobody may see


def is_from_template(found: Definition) -> bool:
    """Tell whether a definition is a CloudFormation template."""
    return form_of(found.node) is Form.CLOUDFORMATION


def read_from_template(
    found: Definition, parameters: Mapping[str, str], resources: Resources
) -> FromTemplate:
    """
    Read the pipeline of a template that is to be run.

    Args:
        found: The template; it says which pipeline, where that was asked for by name.
        parameters: Values that were given; they win over ``local.parameters`` of ``cicd.yml``.
        resources: ``cicd.yml``, whose resources win over the template's.

    Raises:
        UsageError: A parameter has no value, or one that is not allowed; no pipeline, or several.
        DocumentError: With all problems, if one of them stops the run.
        Unavailable: It has what is not carried out here.

    """
    template = read_template(found.node)
    given = given_to(template, parameters, resources)
    check_given(template, given.parameters, whole=True)
    problems = Problems()
    specs = check_template(found.node, given, problems)
    problems.raise_errors()
    spec = _one(found, specs, given)
    refuse_unfulfilled(spec)
    sections = sections_of(template, Resolver(template, given))
    hidden = {name for name, entry in template.parameters.items() if is_hidden(entry.value)}
    return FromTemplate(
        spec=spec,
        resources=resources.beside(sections),
        problems=problems,
        path=str(found.path.resolve()) if found.path is not None else "",
        parameters={n: text for n, text in given.parameters.items() if n not in hidden},
    )


def with_template(resources: Resources, path: str, parameters: Mapping[str, str]) -> Resources:
    """
    Put the resources of a plan's template beside those of ``cicd.yml``; "" is no template.

    Raises:
        UsageError: The template is there no more.
        DocumentError: It cannot be read any more.

    """
    if not path:
        return resources
    node = load(Path(path), os.path.relpath(path, resources.root))
    template = read_template(node)
    given = Given(parameters=parameters, imports=imports(resources))
    return resources.beside(sections_of(template, Resolver(template, given)))


def inspect(
    found: Definition, parameters: Mapping[str, str], resources: Resources
) -> tuple[PipelineDeclaration, ...]:
    """
    Read a document's pipelines to look at them only: those of a template, else the one.

    What hangs on a parameter without a value is not known, and named by what it waits for.

    Raises:
        UsageError: The template has no pipeline under these parameters, or no such parameter.
        DocumentError: With all problems, if one of them is an error.

    """
    if not is_from_template(found):
        if parameters:
            raise UsageError("only a CloudFormation template has parameters")
        return (inspect_definition(found.node),)
    template = read_template(found.node)
    given = given_to(template, parameters, resources)
    check_given(template, given.parameters, whole=False)
    problems = Problems()
    specs = check_template(found.node, given, problems)
    problems.raise_errors()
    if not specs:
        raise UsageError("the template makes no pipeline under these parameters")
    return (_one(found, specs, given),) if found.pipeline else specs


def _one(
    found: Definition, specs: tuple[PipelineDeclaration, ...], given: Given
) -> PipelineDeclaration:
    names = template_pipelines(found.node, given)
    wanted = names.get(found.pipeline)
    chosen = [spec for spec in specs if wanted in (None, spec.name)]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise UsageError("the template makes no pipeline under these parameters")
    raise UsageError(
        f"{found.origin} makes {len(specs)} pipelines",
        hint=f"name one of them instead: {', '.join(names.values())}",
    )
