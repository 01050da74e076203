"""What ``cicd.yml`` tells templates: values of parameters, and of what they import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.parameters import Given

if TYPE_CHECKING:
    from collections.abc import Mapping

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
