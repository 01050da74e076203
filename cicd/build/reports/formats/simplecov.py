"""SIMPLECOV: ``.resultset.json`` of simplecov, of which simplecov-json's file is no part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.json_text import mapping, number, read_json, sequence, text
from cicd.build.reports.formats.line_hits import LineHits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.reports.model import FileCoverage


def read_simplecov(file: BinaryIO) -> Iterator[FileCoverage]:
    """
    Read one file; raises ``ReportUnreadable``.

    A line that one of several commands (RSpec, Minitest) has run is covered.
    """
    hits = LineHits()
    for command, content in mapping(read_json(file), "the report").items():
        coverage = mapping(content, f"'{command[:80]}'").get("coverage")
        for path, lines in mapping(coverage, "'coverage'").items():
            _file(hits, text(path), lines)
    return hits.files()


def _file(hits: LineHits, path: str, content: object) -> None:
    hits.file(path)
    lines, branches = content, None  # before simplecov 0.18 there were only lines
    if isinstance(content, Mapping):
        lines, branches = content.get("lines"), content.get("branches")
    for index, count in enumerate(sequence(lines, "the lines of a file")):
        if isinstance(count, int | float):  # neither null nor "ignored"
            hits.line(path, index + 1, hit=number(count) > 0)
    if branches is None:
        return
    for index, condition in enumerate(mapping(branches, "'branches'").values()):
        counts = [number(count) for count in mapping(condition, "a branch").values()]
        covered = sum(count > 0 for count in counts)
        hits.branches(path, index, covered=covered, total=len(counts))
