"""Report groups of ``cicd.yml``: where the raw data of their reports is exported to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.project import ReportGroup
from cicd.document.fields import Fields

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

EXPORT_TYPES = ("NO_EXPORT", "S3")
PACKAGINGS = ("NONE", "ZIP")


def read_report_group(node: Node, problems: Problems) -> ReportGroup:
    """
    Read a report group: what CreateReportGroup takes, or what batch-get-report-groups prints.

    Source: API Reference, "ReportGroup", "S3ReportExportConfig".
    """
    fields = Fields(node, problems, room="build", what="the report group")
    name = fields.required_text("name")
    fields.choice("type", ("TEST", "CODE_COVERAGE"), default="TEST")
    for key in ("arn", "created", "lastModified", "status", "tags"):
        fields.node(key)
    config = fields.mapping("exportConfig")
    fields.unknown()
    if config is None:
        return ReportGroup(name=name, node=node)
    wanted = config.choice("exportConfigType", EXPORT_TYPES, default="NO_EXPORT")
    place = config.mapping("s3Destination")
    config.unknown()
    if place is None:
        if wanted == "S3":
            problems.error(
                "build/report-export",
                "an export needs 's3Destination'",
                config.span("exportConfigType"),
                hint="add s3Destination with a bucket; here it is a directory of that name",
            )
        return ReportGroup(name=name, node=node)
    group = ReportGroup(
        name=name,
        bucket=place.required_text("bucket") if wanted == "S3" else "",
        path=place.text("path"),
        packaging=place.choice("packaging", PACKAGINGS, default="NONE"),
        node=node,
    )
    for key in ("bucket", "bucketOwner", "encryptionDisabled", "encryptionKey"):
        place.node(key)
    place.unknown()
    for key in ("bucket", "path"):
        if {"..", "."}.intersection(place.text(key).split("/")) or place.text(key)[:1] == "/":
            problems.error(
                "build/report-export",
                f"'{place.text(key)}' leads out of the directory of exports",
                place.span(key),
                hint="name it without '.' and '..', and without a '/' in front",
            )
    return group
