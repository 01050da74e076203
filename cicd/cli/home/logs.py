"""``cicd logs``: what a run printed, whatever kind of run it is."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from heapq import merge
from typing import TYPE_CHECKING

import click

from cicd.cli.offers import ids
from cicd.cli.options import shared_options
from cicd.cli.show import line_label
from cicd.errors import ExitCode, UsageError
from cicd.expression import ExpressionFault, searches
from cicd.store.upkeep.wanted import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.cli.invocation import Invocation
    from cicd.ports import ExecutionRecord, LogLine, Services

KINDS = ("build", "deployment", "pipeline", "build-batch")
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_AGE = re.compile(r"\d{1,6}[smhdw]")


@click.command(
    epilog="""\b
Examples:
  cicd logs                          of the newest run
  cicd logs app:1b2c3d4e -f          until the build has ended
  cicd logs d-ABCDEFGHI --grep 'error|warn'
  cicd logs 1b2c3d4e --since 10m     a pipeline, with its builds and deployments
"""
)
@click.argument(
    "run", required=False, shell_complete=ids("build", "deployment", "pipeline", "build-batch")
)
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option("--grep", "pattern", metavar="PATTERN", help="Only lines that match, colours aside.")
@click.option("--since", metavar="WHEN", help="Only from then on: 10m, 2h, 2026-01-31T12:00.")
@shared_options
def logs(
    invocation: Invocation,
    *,
    run: str | None,
    follow: bool,
    pattern: str | None,
    since: str | None,
) -> int:
    """
    Print the log of RUN: a build, batch, deployment or pipeline execution, by its id.

    The beginning of an id does, or its number, and without one it is the newest run. Lines come
    as they were written, colours and all. Those of what a run began are told by the name in
    front.
    """
    from cicd.cli.home.status import how_to_go_on, is_left

    wanted = _pattern(pattern)
    told = False
    with invocation.services() as services:
        record = _find(run, services)
        earliest = _moment(since, services.clock.now())
        offsets: dict[str, int] = {}
        inbox = services.clock.inbox()
        while True:
            # Asked before reading, so that nothing written in between is missed.
            now = services.executions.find(record.kind, record.stream.partition("/")[2])
            ended = not follow or now is None or now.status not in UNFINISHED
            for _, _, stream, line in merge(
                *(
                    _lines(stream, place, offsets, services, exact=not invocation.wants_json)
                    for place, stream in enumerate(_streams(record, services))
                )
            ):
                if line.at >= earliest and (wanted is None or wanted(_bare(line.text))):
                    _write(invocation, record.stream, stream, line)
            if not invocation.wants_json:
                sys.stdout.flush()
            if ended or services.cancel.reason is not None:
                break
            if now is not None and is_left(now) and not told:
                told = True  # else whoever follows waits for what does not come
                invocation.show.notice(how_to_go_on(now))
            inbox.take(None)
        if not any(offsets.values()):
            invocation.show.notice(
                f"nothing that {record.stream.partition('/')[2]} printed is kept"
            )
        invocation.show.result(
            {"run": record.stream.partition("/")[2], "kind": record.kind, "logs": [*offsets]}
        )
    return ExitCode.SUCCEEDED


def _write(invocation: Invocation, root: str, stream: str, line: LogLine) -> None:
    if invocation.wants_json:
        invocation.show.line(stream, line)
        return
    name = line_label(stream, line.origin, root)
    text = (f"[{name}] " if name else "") + line.text + "\n"
    # As bytes: no terminal's or locale's idea of characters comes in between.
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))


def _find(run: str | None, services: Services) -> ExecutionRecord:
    if run is None:
        newest = [each for each in services.executions.list(limit=100) if each.kind in KINDS]
        top = [each for each in newest if each.parent is None] or newest
        if not top:
            raise UsageError("nothing has run yet", hint="'cicd build' runs something")
        return top[0]
    kind, slash, name = run.partition("/")
    kinds, written = ((kind,), name) if slash and kind in KINDS else (KINDS, run)
    found = [
        record for each in kinds if (record := services.executions.find(each, written)) is not None
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(record.stream for record in found)
        raise UsageError(f"'{run}' is several runs", hint=f"write one of {ids}")
    raise UsageError(f"there is no run '{run}'", hint="'cicd status' shows the last ones")


def _streams(record: ExecutionRecord, services: Services) -> list[str]:
    """Give a run's own stream, and those of all that it began, the oldest first."""
    every = services.executions.list() if record.kind in {"pipeline", "build-batch"} else []
    found = [record.stream]
    for each in reversed(every):
        if each.parent is not None and "/".join(each.parent.split("/", 2)[:2]) in found:
            found.append(each.stream)
    return found


def _lines(
    stream: str, place: int, offsets: dict[str, int], services: Services, *, exact: bool
) -> Iterator[tuple[datetime, tuple[int, int], str, LogLine]]:
    after = offsets.setdefault(stream, 0)
    for offset, line in services.logs.read(stream, after=after, exact=exact):
        offsets[stream] = offset
        yield line.at, (place, offset), stream, line


def _bare(text: str) -> str:
    return _TERMINAL.sub("", text)


def _pattern(text: str | None) -> Callable[[str], bool] | None:
    if text is None:
        return None
    try:
        search = searches(text)
    except ExpressionFault as fault:
        raise UsageError(
            f"--grep '{text}' is not a pattern: {fault}",
            hint="a backslash before a character takes it as it is: '\\('",
        ) from None

    def wanted(line: str) -> bool:
        try:
            return search(line)
        except ExpressionFault as fault:
            raise UsageError(
                f"--grep '{text}' is not answered for a line of {len(line)} characters: {fault}",
                hint="repeat nothing that is repeated already: 'a+' instead of '(a+)+'",
            ) from None

    return wanted


def _moment(text: str | None, now: datetime) -> datetime:
    if text is None:
        return datetime.min.replace(tzinfo=UTC)
    if _AGE.fullmatch(text):
        from cicd.build.cache.pruning import read_age

        return now - read_age(text)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise UsageError(
            f"--since '{text}' is not a time", hint="write 10m, 2h, or 2026-01-31T12:00"
        ) from None
