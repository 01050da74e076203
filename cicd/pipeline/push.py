"""Which of a repository's pipelines an event in it would start, source by source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.pipeline.action_type import Category
from cicd.pipeline.repositories import REPOSITORY_SOURCES, find_repository, repository_name
from cicd.pipeline.rules.structure import actions_of
from cicd.pipeline.triggers import Verdict, judge_source, read_triggers
from cicd.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.document.resources import Resources
    from cicd.event import JSON
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration
    from cicd.pipeline.triggers import GitEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVerdict:
    """What one source action makes of an event."""

    action: str
    verdicts: tuple[Verdict, ...]
    here: bool = False  # its repository is the one where the event happened

    @property
    def starts(self) -> bool:
        """Tell whether it starts its pipeline."""
        return any(verdict.starts for verdict in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineVerdict:
    """What one pipeline makes of an event."""

    pipeline: str
    sources: tuple[SourceVerdict, ...]

    @property
    def starts(self) -> bool:
        """Tell whether it starts; one source is enough."""
        return any(source.starts for source in self.sources)

    def as_json(self) -> dict[str, JSON]:
        """Give it to programs."""
        return {
            "pipelineName": self.pipeline,
            "starts": self.starts,
            "sources": [
                {
                    "actionName": source.action,
                    "starts": source.starts,
                    "reasons": [verdict.why for verdict in source.verdicts],
                }
                for source in self.sources
            ],
        }


def judge(
    spec: PipelineDeclaration, resources: Resources, event: GitEvent, repository: Path
) -> PipelineVerdict:
    """
    Say whether an event starts a pipeline.

    Args:
        spec: The pipeline.
        resources: ``cicd.yml``, which says where repositories are.
        event: What happened.
        repository: Where: the top of its working tree.

    """
    triggers = read_triggers(spec)
    sources = [a for a in actions_of(spec) if a.type_id.category == Category.SOURCE]
    found = []
    for action in sources:
        other = _elsewhere(action, resources, repository, sources=len(sources))
        verdicts = (
            (Verdict(starts=False, why=other),)
            if other
            else judge_source(action, triggers.get(action.name), event)
        )
        here = not other and str(action.type_id) in REPOSITORY_SOURCES
        found.append(SourceVerdict(action=action.name, verdicts=verdicts, here=here))
    return PipelineVerdict(pipeline=spec.name, sources=tuple(found))


def _elsewhere(
    action: ActionDeclaration, resources: Resources, repository: Path, *, sources: int
) -> str:
    """Say that a source is another repository than the one where something happened; else ""."""
    if str(action.type_id) not in REPOSITORY_SOURCES:
        return ""
    name = repository_name(action.type_id.provider, action.configuration)
    try:
        place = find_repository(resources, resources.root, name, sources=sources)
    except UsageError as unknown:
        return f"{unknown.message}; {unknown.hint}"
    if isinstance(place, str):
        return f"its repository is {place}"
    here = repository.resolve()
    there = place.resolve()
    inside = here in there.parents and not (there / ".git").exists()
    return "" if there == here or inside else f"its repository is {place}"


def describe_source(action: ActionDeclaration, spec: PipelineDeclaration) -> tuple[str, ...]:
    """Say what starts a pipeline by one of its sources, a line each way."""
    trigger = read_triggers(spec).get(action.name)
    if trigger is not None:
        return trigger.in_words(action.configuration.get("BranchName", ""))
    key = {
        "CodeStarSourceConnection": "DetectChanges",
        "ECR": "",
    }.get(action.type_id.provider, "PollForSourceChanges")
    branch = action.configuration.get("BranchName") or action.configuration.get("Branch")
    what = f"a push to '{branch}'" if branch else "a change"
    if not key:
        return (f"{what}, if a rule of EventBridge says so",)
    given = action.configuration.get(key)
    if (given or "true").lower() == "false":
        return (f"nothing that the pipeline tells: {key} is false",)
    told = "" if given else ", as it is when not given"
    return (f"{what}: {key} is true{told}",)
