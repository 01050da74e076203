"""
Webhooks: which pushes and pull requests start a build, and what they tell it. Pure.

Source: user guide, "Webhook filter groups" and "Environment variables in build environments".
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from cicd.expression import ExpressionFault, check, matches
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.fields import Fields
    from cicd.document.node import Node

MOST_FILES = 100  # changed files that FILE_PATH is compared with


class EventType(StrEnum):
    """What can happen in a repository, as far as a webhook tells it to a build."""

    PUSH = "PUSH"
    PULL_REQUEST_CREATED = "PULL_REQUEST_CREATED"
    PULL_REQUEST_UPDATED = "PULL_REQUEST_UPDATED"
    PULL_REQUEST_REOPENED = "PULL_REQUEST_REOPENED"
    PULL_REQUEST_MERGED = "PULL_REQUEST_MERGED"
    PULL_REQUEST_CLOSED = "PULL_REQUEST_CLOSED"


class FilterType(StrEnum):
    """What a filter looks at. Source: API Reference, "WebhookFilter"."""

    EVENT = "EVENT"
    BASE_REF = "BASE_REF"
    HEAD_REF = "HEAD_REF"
    ACTOR_ACCOUNT_ID = "ACTOR_ACCOUNT_ID"
    FILE_PATH = "FILE_PATH"
    COMMIT_MESSAGE = "COMMIT_MESSAGE"
    WORKFLOW_NAME = "WORKFLOW_NAME"
    TAG_NAME = "TAG_NAME"
    RELEASE_NAME = "RELEASE_NAME"
    REPOSITORY_NAME = "REPOSITORY_NAME"
    ORGANIZATION_NAME = "ORGANIZATION_NAME"


# Events of providers that no git repository shows.
OTHER_EVENTS = ("RELEASED", "PRERELEASED", "WORKFLOW_JOB_QUEUED")
# A repository does not know who pushes, nor what its provider calls it: such a filter holds.
UNKNOWN_HERE = frozenset(
    {FilterType.ACTOR_ACCOUNT_ID, FilterType.REPOSITORY_NAME, FilterType.ORGANIZATION_NAME}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One thing that happened in a repository."""

    type: EventType
    head_ref: str  # "refs/heads/x", "refs/tags/x"
    base_ref: str = ""  # of a pull request
    number: int = 0  # of a pull request
    previous_commit: str = ""  # of a push: the branch's head before it
    files: tuple[str, ...] = ()  # changed ones
    message: str = ""  # of the head commit

    @property
    def trigger(self) -> str:
        """CODEBUILD_WEBHOOK_TRIGGER: ``pr/1``, ``branch/main``, ``tag/v1``."""
        if self.type is not EventType.PUSH:
            return f"pr/{self.number}"
        kind, _, name = self.head_ref.removeprefix("refs/").partition("/")
        return f"{'tag' if kind == 'tags' else 'branch'}/{name}"

    def variables(self) -> dict[str, str]:
        """Give the variables that only such a build has."""
        values = {
            "CODEBUILD_WEBHOOK_EVENT": self.type.value,
            "CODEBUILD_WEBHOOK_HEAD_REF": self.head_ref,
            "CODEBUILD_WEBHOOK_TRIGGER": self.trigger,
            "CODEBUILD_WEBHOOK_BASE_REF": self.base_ref,
            "CODEBUILD_WEBHOOK_PREV_COMMIT": self.previous_commit,
        }
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One condition of a group."""

    type: FilterType
    pattern: str
    exclude: bool  # excludeMatchedPattern: it holds when the pattern does not match

    def why_not(self, event: WebhookEvent) -> str | None:
        """Say why the filter does not hold for an event; None if it does."""
        if self.type in UNKNOWN_HERE:
            return None
        seen = self._seen(event)
        try:
            matched = [text for text in seen if self._matches(text)]
        except ExpressionFault as fault:
            return f"{self.type}: '{self.pattern}': {fault}"
        if bool(matched) is not self.exclude:
            return None
        if self.exclude:
            return f"{self.type} '{_first_line(matched[0])}' matches '{self.pattern}'"
        return f"{self.type}: {_compared(seen)} '{self.pattern}'"

    def _matches(self, text: str) -> bool:
        if self.type is FilterType.EVENT:
            return text in _names(self.pattern)
        return matches(_for_python(self.pattern), text)

    def _seen(self, event: WebhookEvent) -> tuple[str, ...]:
        match self.type:
            case FilterType.EVENT:
                return (event.type.value,)
            case FilterType.HEAD_REF:
                return (event.head_ref,)
            case FilterType.BASE_REF:
                return (event.base_ref,) if event.base_ref else ()
            case FilterType.FILE_PATH:
                return event.files[:MOST_FILES]
            case FilterType.COMMIT_MESSAGE:
                return (event.message,)
            case _:  # of releases and workflow jobs, which no push is
                return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A project's webhook."""

    groups: tuple[tuple[Filter, ...], ...] = ()
    branch_filter: str = ""  # deprecated; counts only without groups
    build_type: str = "BUILD"

    @property
    def reads_message(self) -> bool:
        """Whether what it starts hangs on the message of a commit."""
        return any(
            each.type is FilterType.COMMIT_MESSAGE for group in self.groups for each in group
        )

    def why_not(self, event: WebhookEvent) -> tuple[str, ...]:
        """
        Say why an event does not start a build, a reason a group; () if it does.

        One group is enough, and needs all of its filters.
        """
        groups = self.groups
        if not groups and self.branch_filter:
            named = Filter(type=FilterType.HEAD_REF, pattern=self.branch_filter, exclude=False)
            groups = ((named,),)
        reasons = []
        for number, group in enumerate(groups, start=1):
            why = next((said for each in group if (said := each.why_not(event))), None)
            if why is None:
                return ()
            reasons.append(f"group {number}: {why}")
        return tuple(reasons)


def read_webhook(fields: Fields) -> Webhook:
    """Read ``webhook`` of a project: what CreateWebhook takes, or batch-get-projects prints."""
    groups = tuple(_group(fields, node) for node in fields.sequence("filterGroups"))
    webhook = Webhook(
        groups=groups,
        branch_filter=_pattern(fields, "branchFilter"),
        build_type=fields.choice(
            "buildType", ("BUILD", "BUILD_BATCH", "RUNNER_BUILDKITE_BUILD"), default="BUILD"
        ),
    )
    for key in _PRINTED:
        fields.node(key)
    fields.unknown()
    return webhook


_PRINTED = (
    "lastModifiedSecret",
    "manualCreation",
    "payloadUrl",
    "projectName",
    "pullRequestBuildPolicy",
    "rotateSecret",
    "scopeConfiguration",
    "secret",
    "status",
    "statusMessage",
    "url",
)


def _group(fields: Fields, node: Node) -> tuple[Filter, ...]:
    found = []
    if node.entries:
        fields.problems.error(
            "build/wrong-type",
            "a filter group must be a list of filters, and this is one filter",
            node.span,
            hint="begin it with '- -'",
        )
        return ()
    for item in node.items:
        inner = fields.inner(item, what="a filter")
        found.append(
            Filter(
                type=inner.choice("type", FilterType, default=FilterType.EVENT),
                pattern=_pattern(inner, "pattern"),
                exclude=inner.flag("excludeMatchedPattern", default=False),
            )
        )
        inner.unknown()
        _check_events(inner, found[-1])
    if not any(each.type is FilterType.EVENT for each in found):
        fields.problems.error(
            "build/webhook-event",
            "this filter group has no filter of type EVENT",
            node.span,
            hint="add one: {type: EVENT, pattern: PUSH}",
        )
    return tuple(found)


def _check_events(fields: Fields, given: Filter) -> None:
    known = (*EventType, *OTHER_EVENTS)
    wrong = [name for name in _names(given.pattern) if name not in known]
    if given.type is FilterType.EVENT and wrong:
        fields.problems.error(
            "build/webhook-event",
            f"'{wrong[0]}' is not an event of a webhook",
            fields.span("pattern"),
            note=f"the events are {', '.join(known)}",
        )


def _pattern(fields: Fields, key: str) -> str:
    """Read a pattern, which must be one of RE2: without look-around and back references."""
    pattern = fields.text(key)
    unknown = _NOT_RE2.search(_OPAQUE.sub("_", pattern))
    if unknown is not None:
        fields.problems.error(
            "build/webhook-pattern",
            f"'{unknown[0]}' is nothing that RE2 knows",
            fields.span(key),
            hint="RE2 has no look-around, back references, atomic groups or possessive repeats",
        )
        return ""
    try:
        check(_for_python(pattern))
    except ExpressionFault as wrong:
        fields.problems.error(
            "build/webhook-pattern",
            f"'{pattern}' is not a regular expression: {wrong}",
            fields.span(key),
        )
        return ""
    return pattern


# What may hold any character: escapes but back references, and classes.
_OPAQUE = re.compile(r"\\[^1-9]|\[\^?\]?(?:\\.|[^\]\\])*\]")
_NOT_RE2 = re.compile(r"\(\?<?[=!]|\(\?>|\(\?\(|\(\?P=\w*|\\[1-9]|[*+?}]\+")


@cache  # each of hundreds of changed files is held against it
def _for_python(pattern: str) -> str:
    """Spell RE2's end of the text as Python does."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", pattern)


def _names(pattern: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in pattern.split(","))


def _compared(seen: tuple[str, ...]) -> str:
    if not seen:
        return "there is nothing to match"
    if len(seen) == 1:
        return f"'{_first_line(seen[0])}' does not match"
    return f"none of {len(seen)} matches"


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]
