"""What ``cicd deploy --plan`` prints of a shift: its events, and the curve of its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from cicd.cli.show import Presenter
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.strategies.traffic_shift import Step

_WIDTH: Final = 48  # columns of the chart
_HEIGHT: Final = 10  # lines of it
_COMMAND: Final = 40  # columns of a container's command


def show_shift_plan(show: Presenter, plan: DeploymentPlan, speed: float) -> None:
    """Print the plan of a service or a function, and how its traffic would be shifted."""
    from cicd.deploy.strategies.time_based import steps_of
    from cicd.engine.codec import encode

    shift = plan.shift
    assert shift is not None
    service = shift.service
    steps = steps_of(shift.config)
    show.text(
        f"{plan.revision.name} to {plan.targets[0].id} of "
        f"{plan.application_name}/{plan.deployment_group_name}, {shift.config.name}"
    )
    if service is not None:
        show.table(
            ("container", "image", "ports", "command"),
            [
                (
                    each.order.name,
                    each.order.image,
                    ", ".join(map(str, each.order.ports)),
                    _short(" ".join(each.order.command or ())),
                )
                for each in service.definition.containers
            ],
        )
        show.table(
            ("listener", "listens"),
            [(route.name, f"http://{route.listen}") for route in service.router.routes],
        )
        original = service.original
        behind = original.target_group if original.id else "nothing yet"
        show.text(
            f"{service.desired_count} tasks in {service.replacement.target_group} take the "
            f"traffic of {behind}"
        )
    if shift.function is not None:
        show.text(
            f"traffic goes from version {shift.function.current_version} to version "
            f"{shift.function.target_version}"
        )
    show.table(("event", "function"), [(e, shift.hook(e) or "") for e in plan.events])
    for line in curve(steps):
        show.text(line)
    show.table(("after", "weight"), [(_time(each.after), f"{each.weight} %") for each in steps])
    if service is not None and not service.original.id:
        show.text("a service's first deployment takes all of it at once: nothing else is there")
    wait = shift.options.termination_wait
    if service is not None:
        show.text(f"the original is kept for {_time(wait)} after that")
    if speed != 1:
        whole = (steps[-1].after + wait) / speed
        show.text(f"at --speed {speed:g} all of it takes {_time(whole)}")
    show.text("nothing was deployed", Level.DETAIL)
    result = encode(plan)
    assert isinstance(result, dict), "a dataclass"
    show.result(
        {
            **result,
            "weights": [
                {"seconds": each.after.total_seconds(), "weight": each.weight} for each in steps
            ],
        }
    )


def curve(steps: Sequence[Step]) -> tuple[str, ...]:
    """Draw the weight over time; an all at once has no time."""
    from cicd.deploy.strategies.traffic_shift import weight_at

    whole = steps[-1].after
    if not whole:
        return ()
    weights = [weight_at(steps, whole * column / (_WIDTH - 1)) for column in range(_WIDTH)]
    lines = [
        f"{level * 100 // _HEIGHT:>4} % │"
        + "".join("█" if weight > (level - 1) * 100 / _HEIGHT else " " for weight in weights)
        for level in range(_HEIGHT, 0, -1)
    ]
    end = _time(whole)
    return (
        *(line.rstrip() for line in lines),
        f"{'':6} └{'─' * _WIDTH}",
        f"{'':8}0{end:>{_WIDTH - 1}}",
    )


def _short(command: str) -> str:
    line = " ".join(command.split())
    return line if len(line) <= _COMMAND else f"{line[: _COMMAND - 1]}…"


def _time(moment: timedelta) -> str:
    seconds = round(moment.total_seconds(), 1)
    if seconds < 60:
        return f"{seconds:g} s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
