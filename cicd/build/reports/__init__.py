"""Test report formats: one file each, on one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.registry import Registry

if TYPE_CHECKING:
    from cicd.build.reports.model import ReportFormat

REPORT_FORMATS: Registry[ReportFormat] = Registry(
    "cicd.report_formats",
    {
        "JUNITXML": "cicd.build.reports.junit_xml:read_junit_xml",
    },
)
