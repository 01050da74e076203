"""What the builds of a batch must be: named, each once, and waiting for others that there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.problem import Label
from cicd.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.buildspec.batch import BatchEntry
    from cicd.document.node import Node
    from cicd.document.position import Span
    from cicd.document.problem import Problems

INVALID = "BATCH_SPEC_VALIDATION_ERROR"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")


def invalid(
    problems: Problems,
    rule: str,
    message: str,
    span: Span,
    *,
    hint: str | None = None,
    labels: tuple[Label, ...] = (),
) -> None:
    """Note what the service would refuse in DOWNLOAD_BATCHSPEC; its own words are not known."""
    problems.error(rule, message, span, hint=hint, labels=labels, note=f"{INVALID}: {message}")


def check_identifiers(entries: tuple[BatchEntry, ...], problems: Problems) -> None:
    """Note identifiers that the service does not take. Source: user guide, "Batch build"."""
    bad = ",".join(e.identifier for e in entries if not _IDENTIFIER.fullmatch(e.identifier))
    known: dict[str, Span] = {}
    for entry in entries:
        if not _IDENTIFIER.fullmatch(entry.identifier):
            problems.error(
                "build/batch-identifier",
                f"'{entry.identifier}' is not an identifier",
                entry.span,
                hint="use letters, digits and underscores, 127 at most",
                note=f"{INVALID}: BatchSpec has invalid values..\n"
                f"Build Identifiers {bad}\nmust contain only alphanumeric characters and "
                "underscores and be less than 128 characters in length.",
            )
        elif entry.identifier in known:
            invalid(
                problems,
                "build/batch-identifier",
                f"'{entry.identifier}' stands twice",
                entry.span,
                hint="give each build an identifier of its own",
                labels=(Label(span=known[entry.identifier], text="first written here"),),
            )
        known.setdefault(entry.identifier, entry.span)


def _named(graph: tuple[Node, ...], name: str) -> Iterator[Span]:
    """Give the places where builds of a graph say that they depend on ``name``."""
    for item in graph:
        wanted = item.entries.get("depend-on")
        for each in (wanted.value.items or (wanted.value,)) if wanted is not None else ():
            if each.text == name:
                yield each.span


def check_dependencies(
    entries: tuple[BatchEntry, ...], graph: tuple[Node, ...], problems: Problems
) -> None:
    """Note dependencies on what there is not, and builds that wait for each other."""
    places = {entry.identifier: entry.span for entry in entries}
    edges = []
    for entry in entries:
        for name in entry.depend_on:
            if name in places:
                edges.append((name, entry.identifier))
                continue
            near = closest(name, (other for other in places if other != entry.identifier))
            invalid(
                problems,
                "build/batch-depend-on",
                f"'{entry.identifier}' depends on '{name}', which is no build of this batch",
                next(_named(graph, name), entry.span),
                hint=f"did you mean '{near}'?" if near else None,
            )
    if not edges:
        return
    from cicd.engine.graph import Dag

    cycle = Dag(places, edges).cycle()
    if cycle is not None:
        waits = " → ".join((*cycle, cycle[0]))
        invalid(
            problems,
            "build/batch-cycle",
            f"the builds wait for each other: {waits}",
            places[cycle[0]],
            hint="take one of the 'depend-on' away",
        )
