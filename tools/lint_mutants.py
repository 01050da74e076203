"""
How much ``cicd lint`` finds: files that are right, each with one fault put in.

    python tools/lint_mutants.py [CORPUS]

The faults are those people make. A mutant is found when there is a problem that the file as it was
did not have; it is found in its place when such a problem stands at the line of the fault.
Ends with 1 below 97 % found or 95 % in place, or with fewer than 400 mutants.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lint_corpus import KINDS, corpus, first_error

from cicd.document.load import content, load_bytes
from cicd.document.node import Entry, Node, NodeKind
from cicd.errors import DocumentError
from cicd.lint.check import check_content
from cicd.lint.documents import Candidate, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cicd.document.position import Span
    from cicd.lint.check import Checked

SEED = 20240229
FOUND, IN_PLACE, LEAST = 0.97, 0.95, 400
_TEMPLATE = "template"
EACH = {"buildspec": 2, "appspec": 2, "pipeline": 24, _TEMPLATE: 10}
FEW = {"buildspec": 1, "appspec": 1, "pipeline": 12, _TEMPLATE: 3}
OWN_NAMES = frozenset({"variables", "parameter-store", "secrets-manager", "plaintext"})
KNOWN = frozenset(
    """
    version env shell variables parameter-store secrets-manager exported-variables phases
    install pre_build build post_build commands finally runtime-versions on-failure
    artifacts files base-directory discard-paths secondary-artifacts reports file-format
    cache paths batch build-graph build-list identifier depend-on nodejs python java
    golang dotnet os source destination hooks location timeout runas permissions object
    pattern owner group mode type Resources Type Properties TaskDefinition
    LoadBalancerInfo ContainerName ContainerPort Hooks Name Alias CurrentVersion
    TargetVersion stages actions actionTypeId category provider inputArtifacts
    outputArtifacts artifactStore configuration runOrder roleArn
    """.split()  # noqa: SIM905 - a list of words, for people
)
EVENTS = frozenset(
    """
    ApplicationStop BeforeInstall AfterInstall ApplicationStart ValidateService
    BeforeAllowTraffic AfterAllowTraffic
    """.split()  # noqa: SIM905 - a list of words, for people
)
REQUIRED = frozenset(
    """
    version os location source destination TaskDefinition LoadBalancerInfo ContainerName
    Alias Name category provider owner actionTypeId
    """.split()  # noqa: SIM905 - a list of words, for people
)
SHAPED = frozenset(
    """
    phases commands artifacts env files hooks permissions Properties stages actions
    actionTypeId configuration inputArtifacts
    """.split()  # noqa: SIM905 - a list of words, for people
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry of the document, with what is around it."""

    entry: Entry
    parent: Node
    path: tuple[str, ...]  # keys from the top, this one last
    at: int  # line of the key that the parent stands under


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A text with one fault, and the lines at which a finger may point."""

    fault: str
    text: str
    lines: frozenset[int]


def places(node: Node, path: tuple[str, ...] = (), at: int = 1) -> Iterator[Place]:
    """Give every entry whose key is one of the format's own."""
    for item in node.items:
        yield from places(item, path, item.span.line)
    for key, entry in node.entries.items():
        if entry.key_span.source is node.span.source and not OWN_NAMES & set(path):
            here = (*path, key)
            yield Place(entry=entry, parent=node, path=here, at=at)
            yield from places(entry.value, here, entry.key_span.line)


def offsets(span: Span) -> tuple[int, int]:
    """Give the two offsets of a span in its text."""
    starts = span.source.starts
    first = starts[span.line - 1] + span.column - 1
    last = starts[span.end_line - 1] + span.end_column - 1
    return first, last


def put(span: Span, text: str) -> str:
    """Give the text with another one in the place of a span."""
    start, end = offsets(span)
    whole = span.source.text
    return f"{whole[:start]}{text}{whole[end:]}"


def around(place: Place, removed: int = 0) -> frozenset[int]:
    """
    Give the lines that may be shown for something that is missing here.

    They are that of the key above, and the first of what is left when so many lines are gone.
    """
    left = [e.key_span.line for e in place.parent.entries.values() if e is not place.entry]
    first = min(left)
    gone = removed if place.entry.key_span.line < first else 0
    return frozenset({place.at, place.parent.span.line, first - gone})


def swapped_letters(key: str, dice: random.Random) -> str | None:
    """Let two letters of a word change places; ``None``: it has no two that differ."""
    pairs = [i for i in range(len(key) - 1) if key[i] != key[i + 1]]
    if not pairs:
        return None
    at = dice.choice(pairs)
    return f"{key[:at]}{key[at + 1]}{key[at]}{key[at + 2 :]}"


def misspelt(place: Place, dice: random.Random) -> Mutant | None:
    """Two letters of a key change places."""
    key = place.entry.key
    slip = swapped_letters(key, dice)
    if key not in KNOWN | EVENTS or slip is None:
        return None
    written = place.entry.key_span.text.replace(key, slip)
    line = place.entry.key_span.line
    return Mutant(
        fault="misspelt key", text=put(place.entry.key_span, written), lines=frozenset({line})
    )


def dropped(place: Place, _: random.Random) -> Mutant | None:
    """A key that is required is not there."""
    found = dropped_from(place)
    if place.entry.key not in REQUIRED or "permissions" in place.path or found is None:
        return None
    return Mutant(fault="missing key", text=found[0], lines=around(place, found[1]))


def dropped_from(place: Place) -> tuple[str, int] | None:
    """Give the text without an entry, and how many lines are gone; ``None``: not so simple."""
    entry, source = place.entry, place.entry.key_span.source
    first, last = entry.key_span, entry.value.span
    if len(place.parent.entries) < 2:
        return None
    if source.name.endswith(".json"):
        start, end = offsets(first)[0], offsets(last)[1]
        text = source.text
        after = re.match(r"\s*,", text[end:])
        if after is None:
            return None
        return text[:start] + text[end + after.end() :], 0
    alone = source.line(first.line)[: first.column - 1].strip() == ""
    if not alone or place.parent.span.text.startswith("{"):
        return None
    start, end = source.starts[first.line - 1], offsets(last)[1]
    stop = source.text.find("\n", end) + 1 or len(source.text)
    removed = source.text[start:stop].count("\n")
    return source.text[:start] + source.text[stop:], removed


def misshapen(place: Place, _: random.Random) -> Mutant | None:
    """A word stands where a list or a mapping should."""
    value = place.entry.value
    if place.entry.key not in SHAPED or value.kind is NodeKind.SCALAR:
        return None
    if "commands" in place.path[:-1] or value.span.source is not place.entry.key_span.source:
        return None
    return misshapen_at(place, "wrong type")


def misshapen_at(place: Place, fault: str) -> Mutant:
    """Put something of another shape in the place of a list or a mapping."""
    value = place.entry.value
    line, end = place.entry.key_span.line, offsets(value.span)[1]
    text, start = value.span.source.text, offsets(place.entry.key_span)[1]
    wrong = ": {wrong: 1}"
    if place.entry.key_span.text.startswith('"'):
        wrong = ': "wrong"'
    elif value.kind is NodeKind.MAPPING:
        wrong = ": [wrong]"
    return Mutant(
        fault=fault,
        text=text[:start] + wrong + text[end:],
        lines=frozenset({line, value.span.line}),
    )


def other_hook(place: Place, dice: random.Random) -> Mutant | None:
    """A lifecycle event of another platform, or in another case."""
    key = place.entry.key
    if key not in EVENTS or place.path[0].lower() != "hooks":
        return None
    server = place.path[0] == "hooks"
    other = dice.choice(
        [key.lower(), "AfterAllowTestTraffic" if server else "ValidateService", "PostInstall"]
    )
    span = place.entry.key_span
    return Mutant(
        fault="wrong hook",
        text=put(span, span.text.replace(key, other)),
        lines=frozenset({span.line}),
    )


def other_value(place: Place, _: random.Random) -> Mutant | None:
    """A value that is not one of those allowed."""
    wrong = {
        "version": "0.3",
        "os": "ubuntu",
        "timeout": "soon",
        "on-failure": "STOP",
        "file-format": "JUNIT",
        "provider": "CodeComit",
        "category": "Compile",
        "owner": "Amazon",
        "runOrder": "0",
        "file_exists_behavior": "SKIP",
        "mode": '"99"',
    }.get(place.entry.key)
    span = place.entry.value.span
    top = place.entry.key != "version" or len(place.path) == 1
    top = top and (place.entry.key != "owner" or "actionTypeId" in place.path)
    if wrong is None or place.entry.value.kind is not NodeKind.SCALAR or not top:
        return None
    if span.text.startswith('"') and not wrong.startswith('"'):
        wrong = f'"{wrong}"'
    return Mutant(fault="wrong value", text=put(span, wrong), lines=frozenset({span.line}))


def swapped(place: Place, _: random.Random) -> Mutant | None:
    """An input artifact that nothing makes."""
    if place.path[-2:] != ("inputArtifacts", "name"):
        return None
    span = place.entry.value.span
    return Mutant(
        fault="wrong artifact",
        text=put(span, f'"{place.entry.value.text}X"'),
        lines=frozenset({span.line}),
    )


def _own_line(place: Place) -> bool:
    span = place.entry.key_span
    block = not place.parent.span.text.startswith("{")
    return block and not span.source.line(span.line)[: span.column - 1].strip()


def bad_indent(place: Place, _: random.Random) -> Mutant | None:
    """A key one blank further right than its brothers."""
    span = place.entry.key_span
    entries = list(place.parent.entries.values())
    index = entries.index(place.entry)
    if not _own_line(place) or index == 0 or not entries[index - 1].value.span.text:
        return None
    start = span.source.starts[span.line - 1]
    text = f"{span.source.text[:start]} {span.source.text[start:]}"
    return Mutant(fault="bad indent", text=text, lines=frozenset({span.line}))


def tab(place: Place, _: random.Random) -> Mutant | None:
    """A tab before a key."""
    span = place.entry.key_span
    if not _own_line(place) or span.column < 3:
        return None
    start = span.source.starts[span.line - 1]
    text = span.source.text[:start] + "\t" + span.source.text[start + span.column - 1 :]
    return Mutant(fault="tab", text=text, lines=frozenset({span.line}))


def twice(place: Place, _: random.Random) -> Mutant | None:
    """A key that is written twice."""
    span, value = place.entry.key_span, place.entry.value
    source = span.source
    simple = value.kind is NodeKind.SCALAR and value.span.end_line == span.line
    if not _own_line(place) or not simple or not value.span.text:
        return None
    stop = source.starts[span.line] if span.line < len(source.starts) else len(source.text)
    line = source.line(span.line) + "\n"
    head = source.text[:stop]
    text = f"{head}{'' if head.endswith(chr(10)) else chr(10)}{line}{source.text[stop:]}"
    return Mutant(fault="duplicate key", text=text, lines=frozenset({span.line + 1}))


def colon(place: Place, _: random.Random) -> Mutant | None:
    """A command that YAML takes for a mapping."""
    value = place.entry.value
    if place.entry.key != "commands" or not value.items or value.span.text.startswith("["):
        return None
    span = value.items[0].span
    if span.end_line != span.line or "\n" in span.text or span.source is not value.span.source:
        return None
    return Mutant(
        fault="colon in a command",
        text=put(span, 'echo "Step: one"'),
        lines=frozenset({span.line}),
    )


FAULTS: tuple[Callable[[Place, random.Random], Mutant | None], ...] = (
    misspelt,
    dropped,
    misshapen,
    other_hook,
    other_value,
    swapped,
    bad_indent,
    tab,
    twice,
    colon,
)


def faults(place: Place, dice: random.Random) -> Iterator[Mutant]:
    """Make every mutant that one entry allows."""
    for fault in FAULTS:
        mutant = fault(place, dice)
        if mutant is not None:
            yield mutant


def mutants(node: Node, dice: random.Random, count: int, *, template: bool) -> list[Mutant]:
    """Make some mutants of one document, of as many kinds as there are."""
    from template_faults import template_faults

    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for place in places(node):
        for mutant in template_faults(place, node, dice) if template else faults(place, dice):
            if mutant.text != node.span.source.text:
                kinds[mutant.fault].append(mutant)
    chosen: list[Mutant] = []
    while kinds and len(chosen) < count:
        kind = dice.choice(sorted(kinds))
        chosen.append(kinds[kind].pop(dice.randrange(len(kinds[kind]))))
        if not kinds[kind]:
            del kinds[kind]
    return chosen


def new_lines(before: Checked, after: Checked) -> set[int]:
    """Give the lines of the problems that are new."""
    known = Counter((p.rule, p.message) for p in before.problems)
    lines = set()
    for problem in after.problems:
        key = (problem.rule, problem.message)
        if known[key] > 0:
            known[key] -= 1
        else:
            lines.add(problem.span.line)
    return lines


def sound(root: Path) -> Iterator[tuple[Candidate, bytes, Checked, str]]:
    """Give every file of the corpus that has no error, with what was said of it."""
    for folder, kind in KINDS.items():
        for path in sorted((root / folder).iterdir()):
            candidate = Candidate(path=path, name=f"{folder}/{path.name}", given=False)
            given = content(path, candidate.name)
            checked = check_content(candidate, kind, given)
            if checked.kind is None or checked.passed_over or first_error(checked):
                continue
            yield candidate, given, checked, _TEMPLATE if _is_template(checked) else folder


def _is_template(checked: Checked) -> bool:
    return checked.kind is Kind.TEMPLATE


def run(root: Path, each: Mapping[str, int] = EACH) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Make and check all mutants: counts by fault and outcome, and a line for each that is not."""
    dice = random.Random(SEED)
    table: Counter[tuple[str, str]] = Counter()
    missed = []
    for candidate, given, before, folder in sound(root):
        try:
            node = load_bytes(given, candidate.name, json=candidate.is_json(given))
        except DocumentError:
            continue  # an AppSpec with equal keys, which the agent takes
        if node.kind is not NodeKind.MAPPING:
            continue
        template = folder == _TEMPLATE
        for mutant in mutants(node, dice, each[folder], template=template):
            kind = KINDS.get(folder) or before.kind
            after = check_content(candidate, kind, mutant.text.encode())
            lines = new_lines(before, after)
            table[mutant.fault, "all"] += 1
            table[mutant.fault, "found"] += bool(lines)
            table[mutant.fault, "in place"] += bool(lines & mutant.lines)
            if not lines & mutant.lines:
                where = f"at {sorted(lines)}" if lines else "not found"
                missed.append(f"{candidate.name}:{sorted(mutant.lines)} {mutant.fault}: {where}")
    return table, missed


def main() -> int:
    """Print the figures, and what was missed."""
    table, missed = run(corpus(*sys.argv[1:]))
    print("\n".join(missed))
    print(f"{'':22}{'mutants':>8}{'found':>8}{'in place':>10}")
    for fault in sorted({fault for fault, _ in table}):
        counts = [table[fault, what] for what in ("all", "found", "in place")]
        print(f"{fault:22}{counts[0]:>8}{counts[1]:>8}{counts[2]:>10}")
    total, found, right = (
        sum(n for (_, each), n in table.items() if each == what)
        for what in ("all", "found", "in place")
    )
    if not total:
        print("no corpus there")
        return 1
    print(f"{'all':22}{total:>8}{found / total:>8.1%}{right / total:>10.1%}")
    return int(found < FOUND * total or right < IN_PLACE * total or total < LEAST)


if __name__ == "__main__":
    sys.exit(main())
