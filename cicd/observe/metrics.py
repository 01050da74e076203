"""Metrics, out of events alone: how many, how long, how many failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from cicd.metric import BUILD, DEPLOYMENT, DIMENSIONS, PIPELINE, Statistic, phase_metric
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import JSON

_ENDS = {"SUCCEEDED": True, "FAILED": False, "SUCCESS": True, "FAILURE": False}
_OTHER_ENDS = ("STOPPED", "STOP", "SUPERSEDED", "CANCELED", "TIMED_OUT", "FAULT", "CLIENT_ERROR")
_BAD_BUILDS = ("FAILED", "TIMED_OUT", "FAULT", "CLIENT_ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution that is over."""

    at: datetime  # when it ended
    seconds: float
    status: str
    good: bool
    bad: bool  # neither: it was stopped, or superseded
    phases: Mapping[str, float] = field(default_factory=dict)  # of a build, in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All executions of one pipeline, project or deployment group that are over, by time."""

    namespace: str
    name: str
    runs: tuple[Run, ...]

    @property
    def failures(self) -> int:
        """Count those that failed."""
        return sum(run.bad for run in self.runs)

    @property
    def successes(self) -> int:
        """Count those that succeeded."""
        return sum(run.good for run in self.runs)

    @property
    def average(self) -> float:
        """Give the mean duration in seconds, 0 where there is none."""
        return sum(run.seconds for run in self.runs) / len(self.runs) if self.runs else 0.0

    def quantile(self, part: float) -> float:
        """Give the least duration in seconds that ``part`` (0 to 1) of them do not exceed."""
        ordered = sorted(run.seconds for run in self.runs)
        return ordered[max(0, ceil(part * len(ordered)) - 1)] if ordered else 0.0

    def metrics(self) -> Mapping[str, tuple[Statistic, float]]:
        """Give the service's metrics by name: counts as their sum, seconds as their mean."""
        found: dict[str, list[float]] = {}
        for run in self.runs:
            for name, value in samples(self.namespace, run).items():
                found.setdefault(name, []).append(value)
        means = {name for name in found if name.endswith("Duration")}
        return {
            name: (Statistic.AVERAGE, sum(values) / len(values))
            if name in means
            else (Statistic.SUM, sum(values))
            for name, values in found.items()
        }


def samples(namespace: str, run: Run) -> Mapping[str, float]:
    """Give what one execution adds to each metric of its namespace."""
    if namespace == PIPELINE:
        return {"PipelineDuration": run.seconds, "FailedPipelineExecutions": int(run.bad)}
    if namespace == BUILD:
        return {
            "Builds": 1,
            "SucceededBuilds": int(run.good),
            "FailedBuilds": int(run.bad),
            "Duration": run.seconds,
            **{phase_metric(phase): seconds for phase, seconds in run.phases.items()},
        }
    return {
        "Deployments": 1,
        "SucceededDeployments": int(run.good),
        "FailedDeployments": int(run.bad),
        "DeploymentDuration": run.seconds,
    }


def statistic(values: Sequence[float], asked: Statistic) -> float | None:
    """Sum up the samples of one period; None: there is none, which is no datapoint."""
    if not values:
        return None
    match asked:
        case Statistic.AVERAGE:
            return sum(values) / len(values)
        case Statistic.SUM:
            return sum(values)
        case Statistic.MINIMUM:
            return min(values)
        case Statistic.MAXIMUM:
            return max(values)
        case Statistic.SAMPLE_COUNT:
            return len(values)


def series(events: Iterable[tuple[datetime, Mapping[str, JSON]]]) -> tuple[Series, ...]:
    """Give what events say, each with its exact moment, oldest first: by namespace and name."""
    begun: dict[str, datetime] = {}
    phases: dict[str, dict[str, float]] = {}
    found: dict[tuple[str, str], list[Run]] = {}
    for at, event in events:
        detail = event["detail"]
        kind = str(event["detail-type"])
        if not isinstance(detail, Mapping):
            continue
        if kind == "CodeBuild Build Phase Change":
            seconds = float(str(detail["completed-phase-duration-seconds"]))
            known = phases.setdefault(str(detail["build-id"]), {})
            known[str(detail["completed-phase"])] = seconds
            continue
        about = _about(kind, detail)
        if about is None:
            continue
        namespace, name, identity, status = about
        if status in {"STARTED", "RESUMED", "START", "IN_PROGRESS"}:
            # An attempt of an execution that had ended begins where it is resumed, and counts
            # again; one that goes on by itself had not ended.
            begun.setdefault(identity, at)
        elif status in _ENDS or status in _OTHER_ENDS:
            began = begun.pop(identity, at)
            run = Run(
                at=at,
                seconds=(at - began).total_seconds(),
                status=status,
                good=_ENDS.get(status, False),
                bad=status in _BAD_BUILDS or status == "FAILURE",
                phases=phases.pop(identity, {}),
            )
            found.setdefault((namespace, name), []).append(run)
    order = list(DIMENSIONS)
    return tuple(
        Series(namespace=key[0], name=key[1], runs=tuple(found[key]))
        for key in sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    )


def by_period(
    one: Series, period: timedelta, *, until: datetime, count: int
) -> Sequence[tuple[datetime, tuple[Run, ...]]]:
    """Give the last ``count`` periods before ``until``, oldest first, with what ended in each."""
    starts = [until - period * (count - place) for place in range(count)]
    return [
        (start, tuple(run for run in one.runs if start < run.at <= start + period))
        for start in starts
    ]


def _about(kind: str, detail: Mapping[str, JSON]) -> tuple[str, str, str, str] | None:
    """Give the namespace, the name, which execution it is, and its state; None: another event."""
    match kind:
        case "CodePipeline Pipeline Execution State Change":
            name, identity, state = detail["pipeline"], detail["execution-id"], detail["state"]
            return PIPELINE, str(name), str(identity), str(state)
        case "CodeBuild Build State Change":
            name, identity = detail["project-name"], detail["build-id"]
            return BUILD, str(name), str(identity), str(detail["build-status"])
        case "CodeDeploy Deployment State-change Notification":
            name = f"{detail['application']}/{detail['deploymentGroup']}"
            return DEPLOYMENT, name, str(detail["deploymentId"]), str(detail["state"])
        case _:
            return None
