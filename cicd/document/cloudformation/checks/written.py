"""All that can be said of a template as it is written, whatever its parameters are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.checks.cycles import check_cycles
from cicd.document.cloudformation.checks.references import check_references
from cicd.document.cloudformation.checks.shapes import check_properties
from cicd.document.cloudformation.checks.structure import check_structure

if TYPE_CHECKING:
    from cicd.document.cloudformation.template import Template
    from cicd.document.problem import Problems


def check_written(template: Template, problems: Problems) -> None:
    """Note what is wrong with sections, properties, references and functions, and circles."""
    check_structure(template, problems)
    check_properties(template, problems)
    check_references(template, problems)
    check_cycles(template, problems)
