"""``reports``, ``artifacts`` and ``cache`` of a buildspec: what a build leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.buildspec.reading import texts
from cicd.build.spec import REPORT_FILE_FORMATS, ArtifactsSpec, CacheSpec, ReportSpec

if TYPE_CHECKING:
    from cicd.build.buildspec.reading import Reading
    from cicd.document.fields import Fields
    from cicd.document.node import Node
    from cicd.document.position import Span


def read_reports(reading: Reading, node: Node | None) -> tuple[ReportSpec, ...]:
    """Read ``reports``."""
    found = []
    for group, span, value in reading.each(node, "reports"):
        fields = reading.fields(value, group)
        files = texts(fields, "files")
        if not files:
            reading.problems.error(
                "build/report-files",
                f"report group '{group}' names no 'files'",
                span,
                hint="add 'files', such as 'reports/**/*.xml'",
            )
        found.append(
            ReportSpec(
                group=group,
                files=files,
                file_format=fields.choice(
                    "file-format", REPORT_FILE_FORMATS, default="JUNITXML", ignore_case=True
                )
                or "JUNITXML",
                base_directory=fields.text("base-directory", default=None),
                discard_paths=bool(fields.flag("discard-paths", default=False)),
                span=span,
            )
        )
        reading.close(fields, group)
    return tuple(found)


def read_artifacts(
    reading: Reading, node: Node | None
) -> tuple[ArtifactsSpec | None, tuple[ArtifactsSpec, ...]]:
    """Read ``artifacts``: the primary one, and the secondary ones."""
    if node is None or node.is_null:
        return None, ()
    fields = reading.fields(node, "artifacts")
    secondary = []
    for name, span, value in reading.each(
        fields.node("secondary-artifacts"), "secondary-artifacts"
    ):
        inner = reading.fields(value, name)
        secondary.append(_artifacts_spec(inner, name, span))
        reading.close(inner, name)
    primary = _artifacts_spec(fields, "", node.span)
    reading.close(fields, "artifacts")
    return primary, tuple(secondary)


def read_cache(reading: Reading, fields: Fields | None) -> CacheSpec | None:
    """Read ``cache``."""
    if fields is None:
        return None
    spec = CacheSpec(
        paths=texts(fields, "paths"),
        key=fields.text("key", default=None),
        fallback_keys=texts(fields, "fallback-keys"),
        action=fields.choice("action", ("restore", "save"), default=None, ignore_case=True),
        span=fields.span("paths"),
        key_span=key.span if (key := fields.node("key")) else fields.span("paths"),
    )
    reading.close(fields, "cache")
    return spec


def _artifacts_spec(fields: Fields, identifier: str, span: Span) -> ArtifactsSpec:
    return ArtifactsSpec(
        identifier=identifier,
        files=texts(fields, "files"),
        name=fields.text("name", default=None),
        discard_paths=bool(fields.flag("discard-paths", default=False)),
        base_directory=fields.text("base-directory", default=None),
        base_directory_span=base.span if (base := fields.node("base-directory")) else span,
        exclude_paths=texts(fields, "exclude-paths"),
        enable_symlinks=bool(fields.flag("enable-symlinks", default=False)),
        s3_prefix=fields.text("s3-prefix", default=None),
        span=span,
    )
