"""Report formats: one file each, on one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.registry import Registry

if TYPE_CHECKING:
    from cicd.build.reports.model import ReportFormat

REPORT_FORMATS: Registry[ReportFormat] = Registry(
    "cicd.report_formats",
    {
        "JUNITXML": "cicd.build.reports.formats.junit_xml:read_junit_xml",
        "CUCUMBERJSON": "cicd.build.reports.formats.cucumber_json:read_cucumber_json",
        "NUNITXML": "cicd.build.reports.formats.nunit_xml:read_nunit_xml",
        "NUNIT3XML": "cicd.build.reports.formats.nunit3_xml:read_nunit3_xml",
        "TESTNGXML": "cicd.build.reports.formats.testng_xml:read_testng_xml",
        "VISUALSTUDIOTRX": "cicd.build.reports.formats.visual_studio_trx:read_visual_studio_trx",
        "CLOVERXML": "cicd.build.reports.formats.clover_xml:read_clover_xml",
        "COBERTURAXML": "cicd.build.reports.formats.cobertura_xml:read_cobertura_xml",
        "JACOCOXML": "cicd.build.reports.formats.jacoco_xml:read_jacoco_xml",
        "SIMPLECOV": "cicd.build.reports.formats.simplecov:read_simplecov",
    },
)
COVERAGE_FORMATS = frozenset({"CLOVERXML", "COBERTURAXML", "JACOCOXML", "SIMPLECOV"})
