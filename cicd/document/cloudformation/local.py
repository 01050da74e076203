"""What ``cicd.yml`` tells templates: values of parameters, and of what they import."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cicd.document.cloudformation.find import templates_that_make
from cicd.document.cloudformation.parameters import Given
from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.template import read_template
from cicd.document.load import load
from cicd.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cicd.document.cloudformation.template import Template
    from cicd.document.resources import Resources


def template_parameters(resources: Resources) -> Mapping[str, str]:
    """Give ``local.parameters``: values for parameters of CloudFormation templates."""
    return resources.local_texts("parameters")


def imports(resources: Resources) -> Mapping[str, str]:
    """Give ``local.imports``: an export's name → the value that ``Fn::ImportValue`` gives."""
    return resources.local_texts("imports")


def given_to(template: Template, parameters: Mapping[str, str], resources: Resources) -> Given:
    """Give what a template is told: by the user, and by ``local`` of ``cicd.yml`` below that."""
    declared = template.parameters
    local = {n: text for n, text in template_parameters(resources).items() if n in declared}
    return Given(parameters={**local, **parameters}, imports=imports(resources))


def templates_below(
    kind: str, resources: Resources, directory: Path
) -> Iterator[tuple[Template, Resolver]]:
    """Give the templates below a directory that make a kind of resource, each as it is told."""
    for path in templates_that_make(kind, directory):
        with suppress(DocumentError):  # what is wrong with a template is said by cicd lint
            template = read_template(load(directory / path, path))
            yield template, Resolver(template, given_to(template, {}, resources))
