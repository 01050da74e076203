"""What a pipeline names that ``cicd.yml`` should have: projects, applications, groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.cloudformation.values import UNRESOLVED
from cicd.document.resources import Resources
from cicd.document.rules import rule, run_rules
from cicd.nearest import closest
from cicd.pipeline.action_type import find_action_type
from cicd.pipeline.actions import ACTIONS, name_among
from cicd.pipeline.rules.local import CUSTOM, note_provider
from cicd.pipeline.spec import PipelineDeclaration
from cicd.pipeline.variables import references
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A declaration, and the resources that it is read beside."""

    spec: PipelineDeclaration
    resources: Resources


def check_links(spec: PipelineDeclaration, resources: Resources, problems: Problems) -> None:
    """Note what ``cicd.yml`` lacks; without it, only custom providers that nobody works for."""
    check_workers(spec, resources, problems)
    if resources.sections:
        run_rules(LINKS, Linked(spec=spec, resources=resources), problems)


def check_workers(spec: PipelineDeclaration, resources: Resources, problems: Problems) -> None:
    """Note each action of a custom provider whose work nothing here does."""
    run_rules((unknown_worker,), Linked(spec=spec, resources=resources), problems)


@rule("pipeline/unknown-project")
def unknown_project(linked: Linked, problems: Problems) -> None:
    """The project of a CodeBuild action is one of ``cicd.yml``, or the action will fail."""
    known = linked.resources.section("projects")
    for action in _of(linked.spec, "CodeBuild"):
        name = _written(action, "ProjectName")
        if name is not None and name not in known:
            problems.warning(
                "pipeline/unknown-project",
                f"cicd.yml has no project '{name}'",
                action.span("configuration", "ProjectName"),
                hint=_meant(name, known) or f"add it: projects: [{{name: {name}}}]",
            )


@rule("pipeline/unknown-deployment-group")
def unknown_group(linked: Linked, problems: Problems) -> None:
    """Where ``cicd.yml`` has deployment groups, a CodeDeploy action's is one of them."""
    known = _groups(linked.resources)
    if not any(known.values()):
        return  # every group is then the default one
    for action in _of(linked.spec, "CodeDeploy"):
        application = _written(action, "ApplicationName")
        group = _written(action, "DeploymentGroupName")
        if application is not None and application not in known:
            problems.warning(
                "pipeline/unknown-deployment-group",
                f"cicd.yml has no application '{application}'",
                action.span("configuration", "ApplicationName"),
                hint=_meant(application, known) or f"it has {', '.join(known)}",
            )
        elif application is not None and group is not None and group not in known[application]:
            listed = ", ".join(known[application]) or "none"
            problems.warning(
                "pipeline/unknown-deployment-group",
                f"cicd.yml has no deployment group '{group}' of '{application}'",
                action.span("configuration", "DeploymentGroupName"),
                hint=_meant(group, known[application]) or f"it has {listed}",
            )


@rule("pipeline/provider-not-here")
def unknown_worker(linked: Linked, problems: Problems) -> None:
    """A custom provider is a Jenkins, has a worker, or is of a package; else it will fail."""
    for stage in linked.spec.stages:
        for action in stage.actions:
            type_id = action.type_id
            if type_id.owner != CUSTOM or not find_action_type(type_id) or _waits(action):
                continue
            if name_among(type_id, linked.resources) not in ACTIONS:
                note_provider(action, problems)


LINKS: Final = (unknown_project, unknown_group)


def _waits(action: ActionDeclaration) -> bool:
    """Tell whether the provider is a value that is not known before a run."""
    entry = action.node.entries.get("actionTypeId")
    provider = entry.value.entries.get("provider") if entry is not None else None
    return provider is not None and provider.value.tag == UNRESOLVED


def _of(spec: PipelineDeclaration, provider: str) -> Iterator[ActionDeclaration]:
    for stage in spec.stages:
        for action in stage.actions:
            if action.type_id.provider == provider and action.type_id.owner == "AWS":
                yield action


def _written(action: ActionDeclaration, key: str) -> str | None:
    """Give a value of the configuration that is known before a run."""
    text = action.configuration.get(key)
    return None if not text or any(references(text)) else text


def _groups(resources: Resources) -> Mapping[str, tuple[str, ...]]:
    found = {}
    for application, node in resources.section("applications").items():
        groups = node.entries.get("deploymentGroups")
        found[application] = tuple(
            group.entries["deploymentGroupName"].value.text
            for group in (groups.value.items if groups else ())
        )
    return found


def _meant(word: str, options: Iterable[str]) -> str | None:
    near = closest(word, options)
    return f"did you mean '{near}'?" if near else None
