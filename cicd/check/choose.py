"""The checks of a tree that is pushed: its documents read, and a choice made for each."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.check.choice import CheckKind, Choice, is_skipped, united, wanted_by
from cicd.check.configuration import Configuration, read_check
from cicd.document.instances import is_instance
from cicd.document.problem import Problems
from cicd.document.resources import FILE, Resources
from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cicd.build.project import Project
    from cicd.check.choice import Push
    from cicd.check.configuration import Wanted
    from cicd.pipeline.spec import PipelineDeclaration

_SKIPPED = frozenset({".git", ".cicd", "node_modules", ".venv", "venv", "vendor", "__pycache__"})
_DEFAULT = "buildspec.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A directory of the tree with a ``cicd.yml`` of its own, or the top of the tree."""

    name: str  # from the top: "", or "services/api"
    resources: Resources
    configuration: Configuration


def places(root: Path, listed: Iterable[str] | None = None) -> tuple[Place, ...]:
    """
    Read all that a tree says of its checks; the top comes first.

    Args:
        root: The top of the tree.
        listed: Paths of the tree's files, where they are known; else it is walked.

    Raises:
        DocumentError: A ``cicd.yml`` is not as it must be, with all that is wrong.

    """
    names = ["", *(name for name in sorted(_with_file(root, listed)) if name)]
    return tuple(_place(root, name) for name in names)


def hangs_on_message(found: Iterable[Place]) -> bool:
    """Tell whether what runs hangs on the message of a commit, and not on its tree alone."""
    return any(
        hook.reads_message
        for place in found
        for name in place.resources.section("projects")
        if (hook := _project(place, name).webhook) is not None
    )


def choose(
    root: Path,
    found: Iterable[Place],
    pushes: Iterable[Push],
    *,
    skip: str = "",
    every: bool = False,
) -> tuple[Choice, ...]:
    """
    Give each check of a tree, with whether it runs, and why.

    Args:
        root: The top of the tree.
        found: What ``places`` gave for it.
        pushes: The refs that this tree is pushed to, at least one.
        skip: ``CICD_SKIP``: what is left out.
        every: Run all that is named, whatever has changed.

    Raises:
        DocumentError: A project or a pipeline is not as it must be.
        UsageError: ``check`` names what is not there.

    """
    pushes = tuple(pushes)
    places = tuple(found)
    chosen = [_lint(places[0])]
    for place in places:
        chosen += (choice for push in pushes for choice in _of_commands(place, push))
        chosen += _of_builds(root, place, pushes)
        chosen += _of_pipelines(root, place, pushes)
    return tuple(_last_word(each, skip, every=every) for each in united(chosen))


def _last_word(choice: Choice, skip: str, *, every: bool) -> Choice:
    if is_skipped(choice, skip):
        return replace(choice, runs=False, why="CICD_SKIP leaves it out")
    if every and choice.named and not choice.runs:
        return replace(choice, runs=True, why="--all")
    return choice


def _with_file(root: Path, listed: Iterable[str] | None) -> Iterator[str]:
    if listed is not None:
        for path in listed:
            directory, _, name = path.rpartition("/")
            if name == FILE and not _SKIPPED & set(directory.split("/")):
                yield directory
        return
    for directory, folders, files in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name not in _SKIPPED and not is_instance(f"{directory}/{name}")
        ]
        if FILE in files:
            relative = os.path.relpath(directory, root)
            yield "" if relative == "." else relative


def _place(root: Path, name: str) -> Place:
    resources = Resources.load(root / name)
    problems = Problems()
    configuration = read_check(resources.check, problems)
    problems.raise_errors()
    return Place(name=name, resources=resources, configuration=configuration)


def _lint(top: Place) -> Choice:
    wanted = top.configuration.lint
    why = "documents are always checked" if wanted else "'lint' of 'check' is off"
    return Choice(kind=CheckKind.LINT, name="", runs=wanted, why=why)


def _of_commands(place: Place, push: Push) -> Iterator[Choice]:
    for wanted in place.configuration.commands:
        runs, why = wanted_by(wanted, push, place=place.name, always=())
        yield Choice(
            kind=CheckKind.COMMAND,
            name=wanted.name,
            place=place.name,
            runs=runs,
            why=why,
            run=wanted.run,
            named=True,
            timeout=wanted.timeout,
        )


def _of_builds(root: Path, place: Place, pushes: Iterable[Push]) -> Iterator[Choice]:
    """Builds that ``check`` names, and those whose webhook would start them."""
    named = {wanted.name: wanted for wanted in place.configuration.builds}
    for name, wanted in named.items():
        project = _project(place, name)
        always = _documents(root, place, project)
        for push in pushes:
            runs, why = wanted_by(wanted, push, place=place.name, always=always)
            yield _build(place, project, runs=runs, why=why, named=True)
    if not place.configuration.triggers:
        return
    for name in place.resources.section("projects"):
        if name in named:
            continue
        project = _project(place, name)
        if project.webhook is None:
            continue
        for push in pushes:
            reasons = project.webhook.why_not(push.webhook_event())
            why = "; ".join(reasons) or f"its webhook starts it for {push.pushed}"
            yield _build(place, project, runs=not reasons, why=why, named=False)


def _project(place: Place, name: str) -> Project:
    from cicd.build.find_project import find_project

    return find_project(place.resources, name, place.resources.root, required=False)


def _build(place: Place, project: Project, *, runs: bool, why: str, named: bool) -> Choice:
    arguments = ["build", "."]
    if project.configured:
        arguments += ["--project", project.name]
    if project.webhook is not None and project.webhook.build_type == "BUILD_BATCH":
        arguments.append("--batch")
    return Choice(
        kind=CheckKind.BUILD,
        name=project.name,
        place=place.name,
        runs=runs,
        why=why,
        named=named,
        arguments=tuple(arguments),
    )


def _documents(root: Path, place: Place, project: Project) -> tuple[str, ...]:
    """Give the files, from the top of the tree, that say what a build does."""
    from cicd.build.request import is_document

    written = project.source.buildspec or _DEFAULT
    directory = f"{place.name}/" if place.name else ""
    names = [FILE] if is_document(written, root / place.name) else [FILE, written]
    return tuple(os.path.normpath(f"{directory}{name}") for name in names)


def _of_pipelines(root: Path, place: Place, pushes: Iterable[Push]) -> Iterator[Choice]:
    """Pipelines that ``check`` names, and those that the push would start."""
    named = {wanted.name: wanted for wanted in place.configuration.pipelines}
    if not (named or place.configuration.triggers) or not _has_pipelines(root, place, named):
        return
    from cicd.pipeline.definition import every_definition
    from cicd.pipeline.from_template import inspect

    specs = {
        spec.name: spec
        for found in every_definition(place.resources, root / place.name)
        for spec in inspect(found, {}, place.resources)
    }
    missing = next((name for name in named if name not in specs), None)
    if missing is not None:
        raise UsageError(
            f"'check' names the pipeline '{missing}', which is not there",
            hint=f"the pipelines are {', '.join(specs)}" if specs else "there is none at all",
        )
    for name, spec in specs.items():
        if name in named or place.configuration.triggers:
            for push in pushes:
                yield _of_pipeline(root, place, spec, push, named.get(name))


def _of_pipeline(
    root: Path, place: Place, spec: PipelineDeclaration, push: Push, wanted: Wanted | None
) -> Choice:
    from cicd.pipeline.push import judge

    verdict = judge(spec, place.resources, push.git_event(), root)
    if wanted is not None:
        runs, why = wanted_by(wanted, push, place=place.name, always=())
    else:
        reasons = [
            f"{source.action}: {each.why}"
            for source in verdict.sources
            for each in source.verdicts
            if each.starts is verdict.starts
        ]
        runs, why = verdict.starts, "; ".join(reasons) or "no push could start it"
    here = [source.action for source in verdict.sources if source.here]
    revisions = [w for action in here for w in ("--revision", f"{action}={push.commit}")]
    refused = _refused(spec, named=wanted is not None) if runs else ""
    return Choice(
        kind=CheckKind.PIPELINE,
        name=spec.name,
        place=place.name,
        runs=runs and not refused,
        why=refused or why,
        named=wanted is not None and not refused,
        arguments=("pipeline", "run", spec.name, *revisions),
    )


def _has_pipelines(root: Path, place: Place, named: dict[str, Wanted]) -> bool:
    """Tell whether it is worth the time to load what reads pipelines."""
    if named or place.resources.section("pipelines"):
        return True
    from cicd.document.cloudformation.find import templates_that_make
    from cicd.pipeline.envelope import PIPELINE_RESOURCE
    from cicd.pipeline.usual_places import USUAL_NAMES, USUAL_SUFFIXES

    here = root / place.name
    usual = (here / f"{name}{end}" for name in USUAL_NAMES for end in USUAL_SUFFIXES)
    if any(path.is_file() for path in usual):
        return True
    return any(templates_that_make(PIPELINE_RESOURCE, here))


def _refused(spec: PipelineDeclaration, *, named: bool) -> str:
    """Say why a pipeline does what nobody expects of a check; "" if it does not."""
    from cicd.pipeline.action_type import Category
    from cicd.pipeline.rules.structure import actions_of

    actions = tuple(actions_of(spec))
    waiting = [a.name for a in actions if a.type_id.category == Category.APPROVAL]
    if waiting:
        return f"the push would start it, but it waits for the approval '{waiting[0]}'"
    acting = [a.name for a in actions if a.type_id.category in (Category.DEPLOY, Category.INVOKE)]
    if acting and not named:
        return (
            f"the push would start it, but '{acting[0]}' acts outside; "
            "'pipelines' of 'check' names those to run all the same"
        )
    return ""
