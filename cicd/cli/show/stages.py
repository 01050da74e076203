"""A pipeline's execution in a few lines: stages, and how each action stands. Knows no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.event import Event
    from cicd.pipeline.plan import ActionPlan, StagePlan
    from cicd.ports import LogLine


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One line: a stage, or one of its actions."""

    name: str
    is_stage: bool = False
    status: str = ""  # "" while it has not begun
    doing: str = ""  # the last line that it wrote, or what it waits for
    seconds: int | None = None


class Stages:
    """Follows one execution from its first event on, and the last lines of what it began."""

    def __init__(self, stream: str) -> None:
        """Begin before the first event of ``stream``."""
        from cicd.pipeline.process import PipelineProcess

        self._stream = stream
        self._process = PipelineProcess()
        self._state = self._process.initial()
        self._latest: Event | None = None
        self._children: dict[str, str] = {}  # a child's uuid or id → its action's key
        self._lines: dict[str, str] = {}  # an action's key → its last line
        self._times: dict[str, tuple[float, float | None]] = {}  # since and until, by key

    def event(self, event: Event, now: float) -> None:
        """
        Take one event in, once, however often it is told of.

        ``now`` is in seconds of any clock that only goes forward.
        """
        if event is self._latest:
            return
        self._latest = event
        from cicd.deploy.compile import deployment_id
        from cicd.pipeline.commands import unnumbered

        before, key = self._state, unnumbered(event.key)
        self._state = self._process.apply(before, event)
        begun = self._state.actions.get(key)
        if begun is not None and begun.result is None:
            # As the actions name what they begin: see ``child_uuid`` of the providers.
            child = str(uuid5(NAMESPACE_URL, f"{self._stream}/{event.key}"))
            self._children |= {child: key, deployment_id(child): key}
            self._times[key] = (now, None)
            self._lines.pop(key, None)
        for known, (since, until) in self._times.items():
            action = self._state.actions.get(known)
            if until is None and action is not None and action.result and not action.waits:
                self._times[known] = (since, now)

    def line(self, stream: str, line: LogLine) -> bool:
        """Keep a line if it is an action's own; False: it is the execution's."""
        key = self._children.get(stream.rpartition("/")[2].rpartition(":")[2])
        if key is None:
            return False
        if line.text.strip():
            self._lines[key] = line.text
        return True

    def rows(self, now: float, limit: int) -> tuple[StageRow, ...]:
        """Give at most ``limit`` lines; where that is too few, only what runs is shown in full."""
        plan = self._state.plan
        if plan is None:
            return ()
        whole = [row for stage in plan.stages for row in self._of_stage(stage, now)]
        if len(whole) <= limit:
            return tuple(whole)
        short = [
            row
            for stage in plan.stages
            for row in self._of_stage(stage, now)
            if row.is_stage or row.status == "InProgress"
        ]
        first = next((n for n, row in enumerate(short) if row.status == "InProgress"), 0)
        begin = max(0, min(first, len(short) - limit))
        below = sum(row.status == "InProgress" for row in short[begin + limit - 1 :])
        if below < 2:
            return tuple(short[begin : begin + limit])
        more = StageRow(name=f"{below} more")
        return (*short[begin : begin + limit - 1], more)

    def _of_stage(self, stage: StagePlan, now: float) -> Iterator[StageRow]:
        from cicd.pipeline.shapes import stage_status

        status = stage_status(self._state, stage)
        yield StageRow(
            name=stage.name,
            is_stage=True,
            status=str(status or ""),
            doing=self._at_a_gate(stage, entered=status is not None),
        )
        for action in stage.actions():
            yield self._of_action(action, now)

    def _at_a_gate(self, stage: StagePlan, *, entered: bool) -> str:
        """Say what holds a stage up while none of its actions runs; "": nothing does."""
        from cicd.pipeline.commands import CheckCondition, EnterStage

        for command in self._state.running.values():
            if isinstance(command, CheckCondition) and command.stage == stage.name:
                return f"asks {command.condition.gate}"
            if isinstance(command, EnterStage) and command.stage == stage.name and not entered:
                return "waits in front of the stage"
        return ""

    def _of_action(self, action: ActionPlan, now: float) -> StageRow:
        known = self._state.actions.get(action.key)
        if known is None:
            return StageRow(name=action.name)
        since, until = self._times.get(action.key, (now, now))
        doing = self._lines.get(action.key, "")
        if known.waits:
            doing = "waits for an approval"
        elif known.result is not None:
            doing = known.result.summary.partition("\n")[0]
        return StageRow(
            name=action.name,
            status=str(known.status),
            doing=doing,
            seconds=int((until if until is not None else now) - since),
        )
