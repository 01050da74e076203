"""Which checks a push asks for, with a reason for each that runs and each that does not. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from cicd.check.pushed import PushedRef
from cicd.pipeline.triggers import GitEvent
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.build.webhook import WebhookEvent
    from cicd.check.configuration import Wanted
    from cicd.pipeline.triggers import Patterns

EVERYTHING = frozenset({"1", "all", "true", "yes"})
"""What ``CICD_SKIP`` may say to leave out all checks."""


class CheckKind(StrEnum):
    """What a check is."""

    LINT = "lint"
    BUILD = "build"
    PIPELINE = "pipeline"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A ref that is pushed, with what git knows of it."""

    pushed: PushedRef
    commit: str
    files: tuple[str, ...]  # that differ from what the remote has, as far as that is known
    existed: bool  # the remote has the ref already, whether its commit is here or not
    message: str = ""

    def git_event(self) -> GitEvent:
        """Give it as pipelines see it: a new branch has no list of changed files."""
        return GitEvent(
            branch=self.pushed.branch,
            tag=self.pushed.tag,
            files=self.files if self.existed else None,
        )

    def webhook_event(self) -> WebhookEvent:
        """Give it as the webhooks of projects see it."""
        from cicd.build.webhook import EventType, WebhookEvent

        return WebhookEvent(
            type=EventType.PUSH,
            head_ref=self.pushed.ref,
            previous_commit=self.pushed.before,
            files=self.files,
            message=self.message,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One check, whether it runs, and why."""

    kind: CheckKind
    name: str
    runs: bool
    why: str
    named: bool = False  # 'check' names it, so that --all runs it
    place: str = ""  # the directory it is of, from the top: "", or "services/api"
    run: str = ""  # of a command
    timeout: timedelta | None = None  # of a command
    arguments: tuple[str, ...] = ()  # of a build or pipeline: what to say to cicd

    @property
    def title(self) -> str:
        """What people call it: "build web", or "build services/api:web"."""
        inner = ":".join(word for word in (self.place, self.name) if word)
        return f"{self.kind} {inner}" if inner else str(self.kind)


def wanted_by(
    wanted: Wanted, push: Push, *, place: str, always: Iterable[str]
) -> tuple[bool, str]:
    """
    Say whether a push asks for a check that ``cicd.yml`` names, and why.

    Args:
        wanted: The check.
        push: What is pushed.
        place: The directory whose ``cicd.yml`` names it; files outside do not count.
        always: Files whose change asks for it whatever its patterns say, such as a buildspec.

    """
    pushed = push.pushed
    reasons = ["'check' names it"]
    limited = wanted.branches is not None or wanted.tags is not None
    if limited and not pushed.tag and not pushed.branch:
        return False, "nothing says which branch is pushed, and it asks for one"
    if limited:
        patterns = wanted.tags if pushed.tag else wanted.branches
        if patterns is None:
            what = "branches, and a tag" if pushed.tag else "tags, and a branch"
            return False, f"it is about {what} is pushed"
        found = patterns.judge(*(("tag", pushed.tag) if pushed.tag else ("branch", pushed.branch)))
        if not found.starts:
            return False, found.why
        reasons.append(found.why)
    asked, why = _by_files(wanted.files, push.files, place, tuple(always))
    if not asked:
        return False, why
    return True, "; ".join((*reasons, why) if why else reasons)


# Of thousands of refs that are pushed at once most have the same files.
@lru_cache(maxsize=64)
def _by_files(
    patterns: Patterns | None, files: tuple[str, ...], place: str, always: tuple[str, ...]
) -> tuple[bool, str]:
    inside = [file for file in files if not place or file.startswith(f"{place}/")]
    if place and not inside:
        return False, f"nothing below '{place}' has changed"
    if patterns is None:
        return True, ""
    special = next((file for file in always if file in files), None)
    if special is not None:
        return True, f"'{special}' has changed"
    for file in inside:
        found = patterns.judge("file", file)
        if found.starts:
            return True, found.why
    return False, f"none of {_many(len(inside), 'changed file')} is of {patterns}"


def united(found: Iterable[Choice]) -> tuple[Choice, ...]:
    """Give each check once: it runs if one of several pushed refs asks for it."""
    kept: dict[tuple[CheckKind, str, str], Choice] = {}
    for choice in found:
        key = (choice.kind, choice.place, choice.name)
        if key not in kept or (choice.runs and not kept[key].runs):
            kept[key] = choice
    return tuple(kept.values())


def is_skipped(choice: Choice, skip: str) -> bool:
    """Tell whether ``CICD_SKIP`` leaves a check out: by its kind, name, or "kind:name"."""
    words = {word.casefold() for word in re.split(r"[,\s]+", skip) if word}
    own = (choice.kind, choice.name, f"{choice.kind}:{choice.name}")
    return bool(words & EVERYTHING) or any(word and word.casefold() in words for word in own)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
