"""What ``cicd deploy --plan`` prints: who is deployed to when, and how many serve meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.ports import Level

if TYPE_CHECKING:
    from datetime import timedelta

    from cicd.cli.show import Presenter
    from cicd.deploy.compile import PlannedDeployment
    from cicd.deploy.forecast import Forecast
    from cicd.deploy.plan import DeploymentPlan
    from cicd.event import JSON

_WIDTH: Final = 48  # columns of the chart
_HEIGHT: Final = 8  # lines of it, at most


def show_plan(
    show: Presenter,
    planned: PlannedDeployment,
    plan: DeploymentPlan,
    forecast: Forecast,
) -> None:
    """Print a deployment's plan, and how it would go."""
    from cicd.engine.codec import encode

    show.text(
        f"{plan.revision.name} ({plan.revision.bundle_type}) on "
        f"{plan.application_name}/{plan.deployment_group_name}, {plan.config.name}"
    )
    show.table(
        ("instance", "place", "endpoint", "from", "to", "status"),
        [
            (
                each.id,
                each.location,
                each.endpoint or "",
                "" if seen.begins is None else _time(seen.begins),
                "" if seen.ends is None else _time(seen.ends),
                seen.status,
            )
            for each, seen in zip(plan.instances, forecast.targets, strict=True)
        ],
    )
    if plan.traffic is not None:
        show.table(
            ("load balancer", "listens", "instances"),
            [
                (
                    each.group,
                    ", ".join(f"http://{route.listen}" for route in each.router.routes),
                    ", ".join(f"{name} {endpoint}" for name, endpoint in plan.traffic.endpoints),
                )
                for each in plan.traffic.load_balancers
            ],
        )
    appspec = planned.appspec
    if appspec is not None:
        show.table(
            ("event", "scripts"),
            [
                (event, ", ".join(script.location for script in appspec.hooks.get(event, ())))
                for event in plan.events
            ],
        )
        show.table(
            ("source", "destination"),
            [(each.source or "/", each.destination) for each in appspec.files],
        )
    for line in chart(forecast, len(plan.targets)):
        show.text(line)
    show.text(
        f"{_worst(forecast)}it takes {_time(forecast.takes)}; at the lowest "
        f"{forecast.lowest} of {len(plan.targets)} serve, at least {forecast.minimum} must"
    )
    for name in forecast.down:
        show.text(f"{name} does not run, and counts as failed", Level.WARNING)
    if not forecast.learned:
        show.text("times: no earlier deployment tells; 1 s is taken for each lifecycle event")
    because = f" {forecast.code}" if forecast.code else ""
    level = Level.SUCCESS if forecast.status == "Succeeded" else Level.FAILURE
    show.text(f"it would end {forecast.status}{because}", level)
    result = encode(plan)
    assert isinstance(result, dict), "a dataclass"
    show.result({**result, "forecast": _shape(forecast)})


def chart(forecast: Forecast, total: int) -> tuple[str, ...]:
    """Draw how many hosts serve over time, with a line where the minimum is."""
    whole = forecast.takes.total_seconds()
    if not whole or not total:
        return ()
    columns = [_serving(forecast, whole * column / _WIDTH) for column in range(_WIDTH)]
    step = -(-total // _HEIGHT)
    lines = []
    for level in range(total, 0, -step):
        low = max(level - step, 0)
        here = low < forecast.minimum <= level
        cells = "".join("█" if serving >= level else ("─" if here else " ") for serving in columns)
        lines.append(f"{level:>5} │{cells}{'─ minimum' if here else ''}".rstrip())
    end = _time(forecast.takes)
    lines.append(f"{'':5} └{'─' * _WIDTH}")
    lines.append(f"{'':7}0:00{end:>{_WIDTH - 4}}")
    return tuple(lines)


def _serving(forecast: Forecast, seconds: float) -> int:
    return [hosts for at, hosts in forecast.capacity if at.total_seconds() <= seconds][-1]


def _worst(forecast: Forecast) -> str:
    return f"with {', '.join(forecast.failed)} failing, " if forecast.failed else ""


def _shape(forecast: Forecast) -> dict[str, JSON]:
    return {
        "status": forecast.status,
        "code": forecast.code,
        "seconds": forecast.takes.total_seconds(),
        "minimumHealthyHosts": forecast.minimum,
        "lowest": forecast.lowest,
        "failed": [*forecast.failed],
        "stopped": [*forecast.down],
        "capacity": [[at.total_seconds(), hosts] for at, hosts in forecast.capacity],
        "targets": [
            {
                "targetId": each.target,
                "status": each.status,
                "lifecycleEvents": [
                    {
                        "lifecycleEventName": name,
                        "from": begins.total_seconds(),
                        "to": ends.total_seconds(),
                    }
                    for name, begins, ends in each.events
                ],
            }
            for each in forecast.targets
        ],
    }


def _time(moment: timedelta) -> str:
    seconds = moment.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
