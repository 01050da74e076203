"""What the grammar of a buildspec allows, and is still worth a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.rules import sections

if TYPE_CHECKING:
    from cicd.build.spec import Buildspec
    from cicd.document.rules import Rule

BUILD_RULES: tuple[Rule[Buildspec], ...] = (
    sections.no_phases,
    sections.variable_twice,
    sections.literal_variable,
    sections.exported_variable,
    sections.cache_keys,
    sections.too_many,
    sections.runtime_versions_elsewhere,
)
