"""
Which pushes and pull requests start a pipeline, and why. Pure.

Source: CodePipeline User Guide, "Filter triggers on code push or pull requests".
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.pipeline.globs import matches
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

MOST_FILES = 100
"""Changed files of one event that AWS looks at, in no order that it promises."""


class PullRequestEvent(StrEnum):
    """What can happen to a pull request. CLOSED: merged, or given up."""

    OPEN = "OPEN"
    UPDATED = "UPDATED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitEvent:
    """A push of a branch or of a tag, or what happened to a pull request."""

    branch: str = ""  # pushed; of a pull request: the one that it is to be merged into
    tag: str = ""  # pushed
    pull_request: PullRequestEvent | None = None
    from_branch: str = ""  # of a pull request
    files: tuple[str, ...] | None = ()  # changed ones; None: a new branch, which has no list

    def __str__(self) -> str:
        """Say it in words."""
        if self.pull_request is not None:
            came = f" from '{self.from_branch}'" if self.from_branch else ""
            return f"a pull request{came} into '{self.branch}' ({self.pull_request})"
        return f"a push of the tag '{self.tag}'" if self.tag else f"a push to '{self.branch}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether something starts, and why."""

    starts: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """Includes and excludes: any of the ones, none of the others; an exclude wins."""

    includes: tuple[str, ...] = ()  # () includes everything
    excludes: tuple[str, ...] = ()

    def judge(self, what: str, name: str) -> Verdict:
        """Judge one name, called ``what``: "branch", say."""
        for pattern in self.excludes:
            if matches(pattern, name):
                return Verdict(starts=False, why=f"the {what} '{name}' is excluded by '{pattern}'")
        if not self.includes:
            return Verdict(starts=True, why=f"the {what} '{name}' is not excluded")
        for pattern in self.includes:
            if matches(pattern, name):
                return Verdict(starts=True, why=f"the {what} '{name}' matches '{pattern}'")
        listed = ", ".join(f"'{pattern}'" for pattern in self.includes)
        return Verdict(starts=False, why=f"the {what} '{name}' does not match {listed}")

    def __str__(self) -> str:
        """Say it in words: "main, release/* but not *-old"."""
        said = ", ".join(self.includes) or "any"
        return f"{said} but not {', '.join(self.excludes)}" if self.excludes else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter; all that it names must hold."""

    tags: Patterns | None = None
    branches: Patterns | None = None
    files: Patterns | None = None
    events: tuple[PullRequestEvent, ...] = tuple(PullRequestEvent)  # of a pull request's

    def judge(self, event: GitEvent) -> Verdict:
        """Judge an event of this filter's own kind: a push, or of a pull request."""
        reasons = []
        for verdict in self._parts(event):
            if not verdict.starts:
                return verdict
            reasons.append(verdict.why)
        return Verdict(starts=True, why="; ".join(reasons) or "it asks for nothing more")

    def __str__(self) -> str:
        """Say what it asks for: "branch main; file src/**"."""
        asked = (("tag", self.tags), ("branch", self.branches), ("file", self.files))
        return "; ".join(f"{what} {found}" for what, found in asked if found is not None)

    def _parts(self, event: GitEvent) -> Iterator[Verdict]:
        if event.pull_request is not None:
            listed = event.pull_request in self.events
            asked = ", ".join(self.events)
            yield Verdict(
                starts=listed,
                why=f"the event is {event.pull_request}"
                + ("" if listed else f", and it asks for {asked}"),
            )
        elif event.tag and self.tags is None:
            yield Verdict(starts=False, why="it is about branches, and a tag was pushed")
        elif not event.tag and self.tags is not None:
            yield Verdict(starts=False, why="it is about tags, and a branch was pushed")
        if self.tags is not None and event.tag:
            yield self.tags.judge("tag", event.tag)
        if self.branches is not None:
            yield self.branches.judge("branch", event.branch)
        if self.files is not None:
            yield _judge_files(self.files, event.files)


def _judge_files(patterns: Patterns, files: tuple[str, ...] | None) -> Verdict:
    """One file that passes is enough; each is judged by itself."""
    if files is None:
        return Verdict(
            starts=False, why="a new branch has no list of changed files, and it asks for files"
        )
    if not files:
        return Verdict(starts=False, why="no file has changed, and it asks for files")
    looked_at = files[:MOST_FILES]
    more = (
        f"; AWS looks at {MOST_FILES} of the {len(files)} files, and does not say which"
        if len(files) > MOST_FILES
        else ""
    )
    first = None
    for file in looked_at:
        verdict = patterns.judge("file", file)
        if verdict.starts:
            return Verdict(starts=True, why=verdict.why + more)
        first = first or verdict
    assert first is not None, "there is a file"
    others = f", and so on for all {len(looked_at)} files" if len(looked_at) > 1 else ""
    rest = (file for file in files[MOST_FILES:] if patterns.judge("file", file).starts)
    if passes := next(rest, None):
        more += f": '{passes}' would start it, if it is among them"
    return Verdict(starts=False, why=first.why + others + more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a pipeline by one of its sources; one filter that holds is enough."""

    source_action: str
    push: tuple[Filter, ...] = ()
    pull_request: tuple[Filter, ...] = ()

    def judge(self, event: GitEvent, branch: str) -> tuple[Verdict, ...]:
        """
        Judge an event, a verdict a filter of its kind.

        Args:
            event: What happened.
            branch: The source's ``BranchName``, which alone counts where there is no filter.

        """
        if not self.push and not self.pull_request:
            return (_of_branch(event, branch, "a trigger without filters"),)
        pushed = event.pull_request is None
        kind = "push" if pushed else "pull request"
        filters = self.push if pushed else self.pull_request
        if not filters:
            other = "pull requests" if pushed else "pushes"
            return (Verdict(starts=False, why=f"its filters are all about {other}"),)
        return tuple(
            Verdict(starts=found.starts, why=f"{kind} filter {number}: {found.why}")
            for number, found in enumerate((each.judge(event) for each in filters), start=1)
        )

    def in_words(self, branch: str) -> tuple[str, ...]:
        """Say what it waits for, a line a filter; ``branch`` as for ``judge``."""
        if not self.push and not self.pull_request:
            return (f"a push to '{branch}': its trigger has no filters",)
        pushed = (f"a push: {each}" for each in self.push)
        pulled = (f"a pull request {', '.join(each.events)}: {each}" for each in self.pull_request)
        return (*pushed, *pulled)


def judge_source(
    action: ActionDeclaration, trigger: Trigger | None, event: GitEvent
) -> tuple[Verdict, ...]:
    """
    Say whether an event in a source action's own repository starts its pipeline.

    A trigger takes the place of the source's own detection of changes.
    """
    if trigger is not None:
        return trigger.judge(event, action.configuration.get("BranchName", ""))
    provider = action.type_id.provider
    key = _DETECTION.get(provider)
    if key is None:
        return (Verdict(starts=False, why=f"it is no git repository, but {provider}"),)
    branch = action.configuration.get("BranchName") or action.configuration.get("Branch", "")
    given = action.configuration.get(key)
    if (given or "true").lower() == "false":
        rest = _INSTEAD[provider]
        return (Verdict(starts=False, why=f"its {key} is false{rest}"),)
    why = f"its {key} is {'true' if given else 'not given, which means true'}"
    return (_of_branch(event, branch, why),)


_DETECTION = {
    "CodeCommit": "PollForSourceChanges",
    "GitHub": "PollForSourceChanges",
    "CodeStarSourceConnection": "DetectChanges",
}
_INSTEAD = {
    "CodeCommit": "; a rule of EventBridge would start it, which no pipeline tells",
    "GitHub": "; a webhook would start it, which no pipeline tells",
    "CodeStarSourceConnection": "",
}


def _of_branch(event: GitEvent, branch: str, why: str) -> Verdict:
    if event.pull_request is not None or event.tag:
        return Verdict(starts=False, why=f"{why}: only a push to '{branch}' counts")
    if event.branch != branch:
        return Verdict(starts=False, why=f"{why}, but its branch is '{branch}'")
    return Verdict(starts=True, why=f"{why}, and its branch is '{branch}'")


def read_triggers(spec: PipelineDeclaration) -> dict[str, Trigger]:
    """Give a pipeline's triggers by their source action; shapes are the schema's matter."""
    listed = spec.node.entries.get("triggers")
    found = {}
    for node in listed.value.items if listed is not None else ():
        git = node.entries.get("gitConfiguration")
        name = git.value.entries.get("sourceActionName") if git is not None else None
        if git is not None and name is not None:
            found[name.value.text] = Trigger(
                source_action=name.value.text,
                push=tuple(_filters(git.value, "push")),
                pull_request=tuple(_filters(git.value, "pullRequest")),
            )
    return found


def _filters(git: Node, key: str) -> Iterator[Filter]:
    listed = git.entries.get(key)
    for node in listed.value.items if listed is not None else ():
        events = node.entries.get("events")
        yield Filter(
            tags=_patterns(node, "tags"),
            branches=_patterns(node, "branches"),
            files=_patterns(node, "filePaths"),
            events=tuple(PullRequestEvent(item.text) for item in events.value.items)
            if events is not None
            else tuple(PullRequestEvent),
        )


def _patterns(node: Node, key: str) -> Patterns | None:
    entry = node.entries.get(key)
    if entry is None or entry.value.is_null:
        return None
    includes, excludes = (
        tuple(item.text for item in listed.value.items) if listed is not None else ()
        for listed in (entry.value.entries.get("includes"), entry.value.entries.get("excludes"))
    )
    return Patterns(includes=includes, excludes=excludes)
