"""COBERTURAXML: what Cobertura, coverage.py, coverlet, gcovr and istanbul write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import count_of
from cicd.build.reports.formats.line_hits import LineHits
from cicd.build.reports.formats.xml_elements import elements
from cicd.build.reports.model import ReportUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.reports.model import FileCoverage

_CONDITIONS = re.compile(r"\((\d{1,9})/(\d{1,9})\)")  # "50% (1/2)"


def read_cobertura_xml(file: BinaryIO) -> Iterator[FileCoverage]:
    """
    Read one file; raises ``ReportUnreadable``.

    Lines stand in a class and again in its methods, and a file may hold several classes: each
    line counts once.
    """
    hits = LineHits()
    path = ""
    for element in elements(file, "coverage"):
        if element.ended:
            continue
        if element.name == "project":
            raise ReportUnreadable("this is a file of Clover: the file-format is CLOVERXML")
        if element.name == "class":
            path = element.get("filename") or element.get("name")
            hits.file(path)
        elif element.name == "line" and element.above("class") is not None:
            number = count_of(element.get("number"))
            hits.line(path, number, hit=count_of(element.get("hits")) > 0)
            found = _CONDITIONS.search(element.get("condition-coverage"))
            if found is not None:
                hits.branches(path, number, covered=int(found[1]), total=int(found[2]))
    yield from hits.files()
