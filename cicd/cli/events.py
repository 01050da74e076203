"""``cicd events``: what happened, in EventBridge's own shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

import click

from cicd.cli.group import Commands
from cicd.cli.offers import names
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.observe.pattern import Pattern

_PATTERN = click.option(
    "--pattern",
    "written",
    metavar="JSON",
    help="""Only what this event pattern means: '{"detail": {"state": ["FAILED"]}}'.""",
)


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd events list shop --limit 20
  cicd events tail -f --pattern '{"source": ["aws.codepipeline"]}'
  cicd events list --output json | jq '.Events[-1]' > event.json
  cicd events test-pattern '{"detail": {"state": [{"anything-but": "STARTED"}]}}' event.json

Who is to be told of events stands in cicd.yml, under local: subscribers.
""",
)
def events() -> None:
    """Look at what happened, event by event, as EventBridge would carry it."""


@events.command("list", epilog="\b\nExample:\n  cicd events list shop --since 2h\n")
@click.argument("name", required=False, shell_complete=names("pipeline", "build", "deployment"))
@click.option("--since", metavar="AGE", help="Only what is not older: 30m, 2h, 7d.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="The last.")
@_PATTERN
@shared_options
def list_events(
    invocation: Invocation, *, name: str | None, since: str | None, limit: int, written: str | None
) -> int:
    """List events, the oldest first; of the pipeline, project or deployment group NAME."""
    from cicd.build.cache.pruning import read_age
    from cicd.observe.streams import EventBus

    pattern = _pattern(written)
    age = None if since is None else read_age(since)
    with invocation.services() as services:
        start = None if age is None else services.clock.now() - age
        told = EventBus(services).next(name=name, since=start)
    found = [event for _, event in told if pattern is None or pattern(event)][-limit:]
    invocation.show.table(
        ("TIME", "WHAT", "NAME", "PLACE", "STATE"), [_row(event) for event in found]
    )
    if not found:
        invocation.show.notice("no such event yet")
    invocation.show.result({"Events": found})
    return ExitCode.SUCCEEDED


@events.command(epilog="\b\nExample:\n  cicd events tail -f --output json\n")
@click.argument("name", required=False, shell_complete=names("pipeline", "build", "deployment"))
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="So many of the last to begin with.",
)
@_PATTERN
@shared_options
def tail(
    invocation: Invocation, *, name: str | None, follow: bool, limit: int, written: str | None
) -> int:
    """Print the last events, one a line, and with -f those that happen from now on."""
    from cicd.observe.streams import EventBus

    pattern = _pattern(written)
    with invocation.services() as services:
        bus, inbox = EventBus(services), services.clock.inbox()
        found = [event for _, event in bus.next(name=name) if pattern is None or pattern(event)]
        _print(invocation, found[-limit:] if limit else ())
        while follow and services.cancel.reason is None:
            inbox.take(None)
            told = bus.next(name=name)
            _print(invocation, (event for _, event in told if pattern is None or pattern(event)))
    if invocation.interrupted == ExitCode.INTERRUPTED:  # how following ends
        invocation.interrupted = None
    return ExitCode.SUCCEEDED


@events.command("test-pattern", epilog="\b\nExample:\n  cicd events test-pattern p.json e.json\n")
@click.argument("written", metavar="PATTERN|FILE")
@click.argument("event", metavar="[EVENT-FILE]", type=click.File(encoding="utf-8"), default="-")
@shared_options
def test_pattern(invocation: Invocation, *, written: str, event: TextIO) -> int:
    """
    Say whether a pattern means an event: exit status 0 if it does, 1 if not.

    The event is one JSON object, from a file or standard input; of the fields that every event
    of AWS has, none need be there.
    """
    pattern = _pattern(written)
    assert pattern is not None, "it is not optional here"
    tried = _json(event.read(), "the event")
    if not isinstance(tried, dict):
        raise UsageError("the event is not a JSON object")
    good = pattern(tried)
    words = "the pattern means this event" if good else "the pattern does not mean this event"
    invocation.show.text(words, Level.SUCCESS if good else Level.WARNING)
    invocation.show.result({"Result": good})
    return ExitCode.SUCCEEDED if good else ExitCode.FAILED


def _pattern(written: str | None) -> Pattern | None:
    """Read a pattern, or the file that holds it."""
    if written is None:
        return None
    from pathlib import Path

    from cicd.observe.pattern import read_pattern

    if not written.lstrip().startswith("{"):
        try:
            written = Path(written).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError):
            raise UsageError(
                f"'{written[:60]}' is neither a pattern nor a file that holds one",
                hint="""a pattern is a JSON object: '{"detail": {"state": ["FAILED"]}}'""",
            ) from None
    return read_pattern(_json(written, "the pattern"))


def _json(text: str, what: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise UsageError(f"{what} is not JSON: {reason}") from None


def _row(event: Mapping[str, JSON]) -> tuple[str, ...]:
    from datetime import datetime

    from cicd.observe.words import event_words

    said = event_words(event)
    at = datetime.fromisoformat(str(event["time"]))
    return (local_time(at), said.kind, said.name, said.place, said.state)


def _print(invocation: Invocation, found: Iterable[Mapping[str, JSON]]) -> None:
    """Print events a line each: an object for programs."""
    from cicd.observe.words import event_words

    for event in found:
        if invocation.wants_json:
            invocation.show.result(event)
            continue
        at, kind, name, place, state = _row(event)
        level = Level.FAILURE if event_words(event).bad else Level.INFO
        where = f"{name} {place}".rstrip()
        invocation.show.text(f"{at}  {kind:<10}  {where:<40}  {state}", level)
