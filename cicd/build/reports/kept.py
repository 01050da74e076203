"""Whole reports in the artifact store; an event names one by its digest. Secrets are masked."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.reports.model import MAX_MESSAGE, MAX_NAME, Report
from cicd.engine.codec import decode, encode
from cicd.errors import Unavailable
from cicd.ports import ArtifactFile

if TYPE_CHECKING:
    from cicd.engine.redaction import Redactor
    from cicd.ports import ArtifactStore

_FILE = "report.json"


def masked(report: Report, redactor: Redactor) -> Report:
    """
    Hide secrets in every text of a report, then cut the texts.

    In this order, so that no half of a secret is left at the end of what is cut.
    Source: user guide, "Test reports", quotas.
    """

    def mask(text: str, size: int = MAX_NAME) -> str:
        return redactor.redact(text)[:size]

    return replace(
        report,
        cases=tuple(
            replace(
                case,
                name=mask(case.name),
                suite=mask(case.suite),
                prefix=mask(case.prefix),
                message=mask(case.message, MAX_MESSAGE),
                where=mask(case.where),
                path=mask(case.path),
            )
            for case in report.cases
        ),
        files=tuple(replace(file, path=mask(file.path)) for file in report.files),
        unreadable=tuple(mask(text) for text in report.unreadable),
    )


def keep_report(report: Report, artifacts: ArtifactStore, *, home: Path) -> str:
    """Keep a report, and give its digest; ``home`` is where it stays on its way."""
    with tempfile.TemporaryDirectory(dir=home, prefix="report-") as directory:
        source = Path(directory, _FILE)
        source.write_text(json.dumps(encode(report)), encoding="utf-8")
        return artifacts.put([ArtifactFile(path=_FILE, source=source)]).digest


def load_report(digest: str, artifacts: ArtifactStore) -> Report:
    """Read a report that was kept; raises ``Unavailable`` when it is gone or damaged."""
    from zipfile import BadZipFile, ZipFile

    kept = artifacts.find(digest)
    if kept is None:
        raise Unavailable(
            "the cases of this report are not kept any more", hint="run the build again"
        )
    try:
        with ZipFile(artifacts.path(kept)) as file:
            return decode(Report, json.loads(file.read(_FILE)))
    except (OSError, KeyError, ValueError, BadZipFile):
        raise Unavailable(
            "the cases of this report cannot be read", hint="run the build again"
        ) from None
