"""
What a shell offers for a word: the ids and names that the home and ``cicd.yml`` know.

Each is what click asks a parameter for, ``shell_complete=``. A key was pressed and somebody waits,
so nothing is loaded but what reads the index. Whatever cannot be read offers nothing, since a
command line is no place for an error: ``completion.answer`` sees to that.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click
    from click.shell_completion import CompletionItem

    from cicd.store.database import Database

Offer: TypeAlias = "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]"

_NEWEST = 50  # executions that are offered, of each kind


def ids(*kinds: str) -> Offer:
    """Offer the newest executions of these kinds, by their ids or, as it is typed, their UUIDs."""

    def offer(
        context: click.Context, parameter: click.Parameter, typed: str
    ) -> list[CompletionItem]:
        del parameter
        database = _database(context)
        if database is None:
            return []
        from cicd.store.executions import SqliteExecutionIndex

        index = SqliteExecutionIndex(database)
        found = []
        for record in (each for kind in kinds for each in index.list(kind=kind, limit=_NEWEST)):
            whole = record.stream.partition("/")[2]
            uuid = whole.rpartition(":")[2]
            word = uuid if uuid.startswith(typed) and not whole.startswith(typed) else whole
            when = record.created_at.astimezone()
            found.append(
                (word, f"{record.name} {record.number} {record.status} {when:%d %b %H:%M}")
            )
        return _items(found, typed)

    return offer


def names(*kinds: str, section: str = "", otherwise: str = "") -> Offer:
    """
    Offer the names that executions of these kinds had, and those of a section of ``cicd.yml``.

    Args:
        kinds: Of executions, as the index has them.
        section: Of ``cicd.yml``, such as "projects"; "" for none.
        otherwise: "file" where the word may also be one: offered when no name fits.

    """

    def offer(
        context: click.Context, parameter: click.Parameter, typed: str
    ) -> list[CompletionItem]:
        del parameter
        found = [*_described(section), *_ran(context, kinds)]
        items = _items([(name, "") for name in dict.fromkeys(found)], typed)
        return items or _items([(typed, "")], typed, otherwise) if otherwise else items

    return offer


def groups(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the deployment groups of ``cicd.yml``, of two applications' with that in front."""
    del parameter
    from cicd.document.resources import Resources

    pairs = [
        (group.entries["deploymentGroupName"].value.text, application)
        for application, node in Resources.load(Path.cwd()).section("applications").items()
        if "deploymentGroups" in node.entries
        for group in node.entries["deploymentGroups"].value.items
    ]
    alone = [name for name, _ in pairs]
    found = [
        (name if alone.count(name) == 1 else f"{application}/{name}", application)
        for name, application in pairs
    ]
    return _items([*found, *((name, "") for name in _ran(context, ("deployment",)))], typed)


def stages(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the stages of the pipeline that ran last."""
    del parameter
    plan = _newest_plan(context, "pipeline")
    return _items([(str(stage["name"]), "") for stage in plan["stages"]], typed)


def approvals(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Offer the approval actions of the pipeline execution that is named, or else the newest."""
    del parameter
    plan = _newest_plan(context, "pipeline", str(context.params.get("execution") or ""))
    found = [
        (str(action["name"]), str(action["stage"]))
        for stage in plan["stages"]
        for group in stage["groups"]
        for action in group
        if action["type_id"]["category"] == "Approval"
    ]
    return _items(found, typed)


def members(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Offer the members of the fleet that is named."""
    del parameter
    database = _database(context)
    if database is None:
        return []
    from cicd.deploy.fleet.fleet import fold
    from cicd.deploy.fleet.ledger import stream_of
    from cicd.store.event_log import SqliteEventLog

    name = str(context.params["name"])
    events = [event for _, event in SqliteEventLog(database).read(stream_of(name))]
    fleet = fold(name, events)
    return _items([(each.target.id, "") for each in (fleet.in_service if fleet else ())], typed)


def instances(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Offer the instances of the deployment that is named, or else of the newest."""
    del parameter
    plan = _newest_plan(context, "deployment", str(context.params.get("deployment_id") or ""))
    return _items([(str(target["id"]), "") for target in plan["targets"]], typed)


def load_balancers(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Offer the load balancers that were ever started from the home."""
    del parameter
    from cicd.wiring.machine import routers_of

    return _items([(each.directory.name, "") for each in routers_of(_home(context))], typed)


def runners(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Offer where builds run."""
    del context, parameter
    from cicd.backends import RUNNERS

    return _items([(name, "") for name in (*RUNNERS, *RUNNERS.installed())], typed)


def alarms(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the alarms of ``cicd.yml``."""
    del context, parameter
    from cicd.document.resources import Resources

    local = Resources.load(Path.cwd()).local
    described = local.entries.get("alarms") if local is not None else None
    return _items([(name, "") for name in (described.value.entries if described else ())], typed)


def _items(
    found: Iterable[tuple[str, str]], typed: str, kind: str = "plain"
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(word, kind, said or None)
        for word, said in dict(found).items()
        if word.startswith(typed) and word.isprintable()
    ]


def _home(context: click.Context) -> Path:
    from cicd.settings import load_settings

    chosen = context.params.get("home")
    return load_settings({"home": str(chosen) if chosen else None}, os.environ, Path.cwd()).home


def _database(context: click.Context) -> Database | None:
    path = _home(context) / "state.db"
    if not path.is_file():  # opening would make it
        return None
    from cicd.store.database import Database

    return Database(path)


def _ran(context: click.Context, kinds: Iterable[str]) -> list[str]:
    database = _database(context)
    if database is None:
        return []
    from cicd.store.executions import SqliteExecutionIndex

    index = SqliteExecutionIndex(database)
    return [
        record.name
        for kind in kinds
        for record in index.list(kind=kind)
        if record.status.upper() != "DELETED"  # a fleet or a function that was
    ]


def _described(section: str) -> tuple[str, ...]:
    if not section:
        return ()
    from cicd.document.resources import Resources

    return tuple(Resources.load(Path.cwd()).section(section))


def _newest_plan(context: click.Context, kind: str, named: str = "") -> dict[str, Any]:
    """
    Give the plan of an execution, the newest unless one is named, as its first event has it.

    Raises ``LookupError`` where there is none.
    """
    database = _database(context)
    if database is None:
        raise LookupError(kind)
    from cicd.store.event_log import SqliteEventLog
    from cicd.store.executions import SqliteExecutionIndex

    index = SqliteExecutionIndex(database)
    record = index.find(kind, named) if named else next(iter(index.list(kind=kind, limit=1)), None)
    if record is None:
        raise LookupError(kind)
    submitted = SqliteEventLog(database).read(record.stream)[0][1]
    return cast("dict[str, Any]", submitted.data["plan"])
