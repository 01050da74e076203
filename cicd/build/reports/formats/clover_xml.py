"""CLOVERXML: what Clover, PHPUnit and istanbul write."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import count_of
from cicd.build.reports.formats.line_hits import LineHits
from cicd.build.reports.formats.xml_elements import Element, elements
from cicd.build.reports.model import MAX_NAME, Coverage, FileCoverage, ReportUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_clover_xml(file: BinaryIO) -> Iterator[FileCoverage]:
    """
    Read one file; raises ``ReportUnreadable``.

    Lines are counted where they are listed (``stmt``, ``method``, ``cond``); a file that has
    only metrics gives these. Test sources, ``<testproject>``, are none of it.
    """
    hits = LineHits()
    metrics: Coverage | None = None
    for element in elements(file, "coverage"):
        if element.name in {"package", "class"} and element.get("filename"):
            raise ReportUnreadable("this is a file of Cobertura: the file-format is COBERTURAXML")
        if element.above("testproject") is not None:
            continue
        if element.name == "file":
            if not element.ended:
                hits, metrics = LineHits(), None
                continue
            yield _file(_path(element), hits, metrics)
        elif element.ended:
            continue
        elif element.name == "metrics" and _is_in(element, "file"):
            metrics = _metrics(element)
        elif element.name == "line" and _is_in(element, "file"):
            _line(hits, element)


def _file(path: str, hits: LineHits, metrics: Coverage | None) -> FileCoverage:
    listed = next(hits.files(), None)
    if listed is not None:
        return FileCoverage(path=path[:MAX_NAME], coverage=listed.coverage)
    return FileCoverage(path=path[:MAX_NAME], coverage=metrics or Coverage())


def _line(hits: LineHits, element: Element) -> None:
    number = count_of(element.get("num"))
    if element.get("type") == "cond":
        taken = [count_of(element.get(name)) for name in ("truecount", "falsecount")]
        covered = sum(count > 0 for count in taken)
        hits.line("", number, hit=covered > 0 or count_of(element.get("count")) > 0)
        hits.branches("", number, covered=covered, total=len(taken))
    else:
        hits.line("", number, hit=count_of(element.get("count")) > 0)


def _metrics(element: Element) -> Coverage:
    statements, covered = (
        count_of(element.get(name)) for name in ("statements", "coveredstatements")
    )
    branches, taken = (
        count_of(element.get(name)) for name in ("conditionals", "coveredconditionals")
    )
    return Coverage(
        lines_covered=covered,
        lines_missed=max(0, statements - covered),
        branches_covered=taken,
        branches_missed=max(0, branches - taken),
    )


def _path(element: Element) -> str:
    """Give the path, which some put into ``name`` and others into ``path``."""
    if element.get("path"):
        return element.get("path")
    package = element.above("package")
    name = element.get("name")
    if package is None or "/" in name or not package.get("name"):
        return name
    return f"{package.get('name').replace('.', '/')}/{name}"


def _is_in(element: Element, name: str) -> bool:
    return element.parent is not None and element.parent.name == name
