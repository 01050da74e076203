"""What goes on, and what does not, between the commands of a build; and names that are slips."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cicd.build.rules.commands import commands_of, lists_of
from cicd.document.position import brief
from cicd.document.rules import rule
from cicd.nearest import slip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.spec import Buildspec, Text
    from cicd.document.problem import Problems

BUILT_IN: Final = (
    *("BATCH_BUILD_IDENTIFIER", "BUILD_ARN", "BUILD_ID", "BUILD_IMAGE", "BUILD_NUMBER"),
    *("BUILD_SUCCEEDING", "BUILD_URL", "CONFIG_AUTO_DISCOVER", "CONFIG_AUTO_DISCOVER_DIR"),
    *("CURRENT_SHARD_FILES", "INITIATOR", "KMS_KEY_ID", "LOG_PATH", "PROJECT_ARN"),
    *("PUBLIC_BUILD_URL", "RESOLVED_SOURCE_VERSION", "SOURCE_REPO_URL", "SOURCE_VERSION"),
    *("SRC_DIR", "START_TIME", "WEBHOOK_ACTOR_ACCOUNT_ID", "WEBHOOK_BASE_REF", "WEBHOOK_EVENT"),
    *("WEBHOOK_HEAD_REF", "WEBHOOK_MERGE_COMMIT", "WEBHOOK_PREV_COMMIT", "WEBHOOK_TRIGGER"),
)
"""What follows CODEBUILD_ in the names that the service sets.

Source: user guide, "Environment variables in build environments".
"""

_USED: Final = re.compile(r"(?<!\\)\$\{?([A-Za-z_]\w*)")
_SET: Final = re.compile(
    r"\b([A-Za-z_]\w*)\+?="
    r"|\b(?:export|declare|local|typeset|readonly|read|mapfile|readarray|unset)\b([^;&|\n]*)"
    r"|\bfor\s+(\w+)\s+in\b|\bprintf\s+-v\s+(\w+)|\bgetopts\s+\S+\s+(\w+)"
)
_SETS_UNSEEN: Final = re.compile(r"(?:^|[;&|\n(]\s*)(?:source|\.|eval)\s", re.MULTILINE)
_ALWAYS: Final = re.compile(
    r"""(?:\[\[?|\btest)\s+(?:-[nz]\s+)?"?(\$\{?CODEBUILD_BUILD_SUCCEEDING\}?)"?\s*(?:\]|;|&|\||$)"""
)
_FIXED: Final = re.compile(r"(?:/tmp)?/codebuild/output/src\d+/\S*?(?=[\s;&|'\")]|$)")
_BEHIND: Final = re.compile(r"(?<![&|>])&\s*\Z")
_DETACHED: Final = re.compile(r"\b(?:nohup|setsid|disown)\b")
_GOES_ON: Final = re.compile(r"(?:&&|\|\|?|;|\\|\(|\{|,|\b(?:do|then|else|in))\s*$")
_COMMAND: Final = re.compile(
    r"(?:\./\S+|apt-get|aws|cargo|cd|cp|curl|docker|echo|export|git|go|kubectl|make|mkdir|mv|mvn"
    r"|node|npm|npx|pip3?|poetry|printf|pytest|python3?|rm|sam|sed|set|tar|terraform|unzip|yarn"
    r"|zip)\s|[A-Z_]+=\S*$"
)
_TESTS_RUN: Final = "codebuild-tests-run"


@rule("build/misspelt-variable")
def misspelt_variable(spec: Buildspec, problems: Problems) -> None:
    """A name that is one slip away from another, and that nothing else sets, is empty."""
    whole = "\n".join(command.text for command in commands_of(spec))
    unseen = _SETS_UNSEEN.search(whole) is not None
    known = {variable.name for variable in spec.variables} | set(_assigned(whole))
    for command in commands_of(spec):
        for name in dict.fromkeys(_USED.findall(command.text)):
            if name in known:
                continue
            prefix, own, rest = name.partition("CODEBUILD_")
            if own and not prefix:
                near = None if rest in BUILT_IN else slip(rest, BUILT_IN)
                near = f"CODEBUILD_{near}" if near else None
            else:
                near = None if unseen else slip(name, known)
            if near is not None:
                problems.warning(
                    "build/misspelt-variable",
                    f"nothing sets '{name}'",
                    command.span.within(name),
                    hint=f"did you mean '{near}'?",
                    note="the shell puts nothing in the place of a variable that is not set",
                )


def _assigned(text: str) -> Iterator[str]:
    for found in _SET.finditer(text):
        for part in found.groups():
            yield from re.findall(r"[A-Za-z_]\w*", part or "")


@rule("build/always-true")
def always_true(spec: Buildspec, problems: Problems) -> None:
    """CODEBUILD_BUILD_SUCCEEDING is "0" or "1", never empty."""
    for command in commands_of(spec):
        found = _ALWAYS.search(command.text)
        if found:
            problems.warning(
                "build/always-true",
                "CODEBUILD_BUILD_SUCCEEDING is never empty: a failed build has 0 in it",
                command.span.within(found[1]),
                hint='compare it: [ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ]',
            )


@rule("build/fixed-directory")
def fixed_directory(spec: Buildspec, problems: Problems) -> None:
    """The directory of the sources has another name in every build."""
    for command in commands_of(spec):
        found = _FIXED.search(command.text)
        if found:
            problems.warning(
                "build/fixed-directory",
                f"'{brief(found[0])}' is the directory of one build; the next one has another",
                command.span.within(found[0]),
                hint="write $CODEBUILD_SRC_DIR",
            )


@rule("build/background")
def background(spec: Buildspec, problems: Problems) -> None:
    """What runs behind one command is nobody's to wait for in the next: another shell runs it."""
    for commands in lists_of(spec):
        for index, command in enumerate(commands):
            if command.text.strip() == "wait" and index and _began(commands[:index]):
                problems.warning(
                    "build/background",
                    "'wait' waits for nothing: what runs belongs to another command's shell",
                    command.span,
                    hint="put it into the block that starts what it waits for",
                )
            elif _BEHIND.search(command.text) and not _DETACHED.search(command.text):
                problems.remark(
                    "build/background",
                    "what runs in the background fails without anybody knowing",
                    command.span,
                    hint="start it with nohup and its output in a file; or take the '&' away",
                )


def _began(commands: tuple[Text, ...]) -> bool:
    return any(_BEHIND.search(command.text) for command in commands)


@rule("build/folded-commands")
def folded_commands(spec: Buildspec, problems: Problems) -> None:
    """After ``>`` YAML joins lines with blanks: several commands become words of the first."""
    for command in commands_of(spec):
        if not command.span.text.startswith(">"):
            continue
        lines = command.span.text.splitlines()[1:]
        margin = min((_margin(line) for line in lines if line.strip()), default=0)
        for before, line in pairwise(lines):
            joined = _margin(before) == _margin(line) == margin and before.strip()
            if before.strip().startswith("-"):  # options are not a command, and go on
                continue
            if joined and not _GOES_ON.search(before) and _COMMAND.match(line.strip()):
                problems.warning(
                    "build/folded-commands",
                    f"YAML joins this line to the one before it: '{brief(command.text)}'",
                    command.span.within(line.strip()),
                    hint="write '|' in the place of '>', or '&&' between the two",
                )
                break


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


@rule("build/fanout-tests")
def fanout_tests(spec: Buildspec, problems: Problems) -> None:
    """A fan-out starts the same build several times; only this tool gives each its tests."""
    if spec.batch is None or spec.batch.kind != "build-fanout" or not spec.phases:
        return
    if not any(_TESTS_RUN in command.text for command in commands_of(spec)):
        problems.remark(
            "build/fanout-tests",
            "every build of this fan-out does the same: nothing divides the tests",
            spec.batch.span,
            hint=f"{_TESTS_RUN} --test-command 'pytest' --files-search "
            "\"codebuild-glob-search 'tests/**/test_*.py'\"",
        )
