"""``cicd alarm``: the alarms of cicd.yml, how they stand, and how to set one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.offers import alarms
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.invocation import Invocation
    from cicd.deploy.alarms.alarm import Alarm
    from cicd.event import JSON

_LEVELS = {"OK": Level.SUCCESS, "ALARM": Level.FAILURE}


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd alarm list --look                        look at all of them now
  cicd alarm show errors
  cicd alarm set-state errors ALARM             a deployment that it belongs to stops
""",
)
def alarm() -> None:
    """Look at the alarms that stop deployments and stages, as CloudWatch would."""


@alarm.command("list", epilog="\b\nExample:\n  cicd alarm list --look\n")
@click.option(
    "--look", is_flag=True, help="Look at each of them now, before: run commands, fetch URLs."
)
@shared_options
def list_alarms(invocation: Invocation, *, look: bool) -> int:
    """
    List the alarms of cicd.yml, and how they stood when somebody last looked.

    Those on metrics are looked at each time; the others' commands are run with --look.
    """
    from cicd.deploy.alarms.record import standing
    from cicd.deploy.alarms.watch import look_at

    known = _alarms(invocation)
    with invocation.services() as services:
        stands = {
            # Nothing is run for one on a metric.
            name: look_at(each, services)
            if look or each.metric is not None
            else standing(name, services)
            for name, each in known.items()
        }
    rows = [
        (name, each.state, each.reason, local_time(each.since)) for name, each in stands.items()
    ]
    invocation.show.table(("alarm", "state", "reason", "since"), rows)
    if not rows:
        invocation.show.notice("no alarm is described under 'local: alarms:' of cicd.yml")
    shapes: list[JSON] = [{"AlarmName": name, **each.shape()} for name, each in stands.items()]
    invocation.show.result({"MetricAlarms": shapes})
    return ExitCode.SUCCEEDED


@alarm.command(epilog="\b\nExample:\n  cicd alarm show errors\n")
@click.argument("name", shell_complete=alarms)
@shared_options
def show(invocation: Invocation, *, name: str) -> int:
    """Show what an alarm looks at, and every state it was in."""
    from cicd.deploy.alarms.record import history, standing

    found = _find(invocation, name)
    with invocation.services() as services:
        past, now = history(name, services), standing(name, services)
    presenter = invocation.show
    presenter.text(f"{name}: {now.state}", _LEVELS.get(now.state, Level.WARNING))
    presenter.text(found.looks_at)
    bad = f", bad is {found.operator} {found.threshold:g}" if found.measures else ""
    presenter.text(
        f"every {found.period} s, {found.datapoints_to_alarm} of {found.evaluation_periods} "
        f"bad{bad}; missing data: {found.treat_missing_data}"
    )
    presenter.table(
        ("since", "state", "reason"),
        [(local_time(each.since), each.state, each.reason) for each in past],
    )
    shape: dict[str, JSON] = {
        "AlarmName": name,
        **now.shape(),
        "Period": found.period,
        "EvaluationPeriods": found.evaluation_periods,
        "DatapointsToAlarm": found.datapoints_to_alarm,
        "Threshold": found.threshold,
        "ComparisonOperator": str(found.operator),
        "TreatMissingData": str(found.treat_missing_data),
    }
    presenter.result({"MetricAlarms": [shape]})
    return ExitCode.SUCCEEDED


@alarm.command("set-state", epilog="\b\nExample:\n  cicd alarm set-state errors OK\n")
@click.argument("name", shell_complete=alarms)
@click.argument("state", type=click.Choice(("OK", "ALARM", "INSUFFICIENT_DATA")))
@click.option("--reason", default="set by hand", help="Kept with the state.")
@shared_options
def set_state_command(invocation: Invocation, *, name: str, state: str, reason: str) -> int:
    """Let an alarm enter a state: it counts instead of the next look at it."""
    from cicd.deploy.alarms.alarm import AlarmState
    from cicd.deploy.alarms.record import set_state

    _find(invocation, name)
    with invocation.services() as services:
        set_state(name, AlarmState(state), reason, services, by_hand=True)
    invocation.show.text(f"{name}: {state}", _LEVELS.get(state, Level.WARNING))
    return ExitCode.SUCCEEDED


def _alarms(invocation: Invocation) -> Mapping[str, Alarm]:
    from cicd.deploy.alarms.reader import read_alarms
    from cicd.document.problem import Problems
    from cicd.document.resources import Resources

    start = Path.cwd()
    home = invocation.settings(start).home
    root = home.parent if home.name == ".cicd" else start
    problems = Problems()
    resources = Resources.load(start if (start / "cicd.yml").exists() else root)
    known = read_alarms(resources, problems)
    problems.raise_errors()
    return known


def _find(invocation: Invocation, name: str) -> Alarm:
    from cicd.nearest import closest

    known = _alarms(invocation)
    if name in known:
        return known[name]
    near = closest(name, known)
    raise UsageError(
        f"no alarm named '{name}' in cicd.yml (ResourceNotFound)",
        hint=f"did you mean '{near}'?" if near else "'cicd alarm list' shows what there is",
    )
