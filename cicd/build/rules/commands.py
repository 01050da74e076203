"""Commands of a buildspec that do something else than they seem to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.fix import Fix
from cicd.document.position import brief
from cicd.document.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.spec import Buildspec, Text
    from cicd.document.problem import Problems

_TEE = re.compile(r"(\|)\s*(tee)\b[^|;&\n]*(?:$|\n)")
_PIPE = re.compile(r"(?<!\|)(\|)\s*(awk|cat|cut|grep|head|less|sed|sort|tail|tr|ts|wc|xargs)\b")
_SAYS = re.compile(r"(?:echo|printf|date|pwd|ls|env|which)\b")
_PIPEFAIL = re.compile(r"pipefail|PIPESTATUS")
_STRICT = re.compile(
    r"(?:^|[;&\n]\s*)set\s+-[a-zA-Z]*e|(?:^|[;&\n]\s*)set\s+-o\s+errexit|\A#!.*\s-e"
)
_TESTS = re.compile(
    r"^(?:(?:npm|yarn|pnpm)\s+(?:run\s+)?(?:test|build|lint)\b.*|npx\s+jest\b.*|pytest\b.*|"
    r"python3?\s+-m\s+(?:pytest|unittest)\b.*|(?:\./)?(?:mvnw?|gradlew?)\s.*\b(?:test|verify|"
    r"package|build)\b.*|go\s+test\b.*|cargo\s+test\b.*|dotnet\s+test\b.*|docker\s+(?:build|push)"
    r"\b.*|make(?:\s+\w+)?)$"
)
_COMPOUND = re.compile(r"""["'(){}\\]|\b(?:if|then|else|fi|for|while|until|do|done|case|esac)\b""")
_GUARDED = re.compile(r"&&|\|\||\\$")
_ASKS = re.compile(r"\b((?:apt|apt-get|yum|dnf)\s+(?:-\S+\s+)*install)\b([^;&|\n]*)")
_YES = re.compile(
    r"(?:^|\s)(?:-[a-zA-Z]*y[a-zA-Z]*|--yes|--assume-yes|--assumeyes)(?=\s|$)|\|\s*$"
)
_ALONE = re.compile(
    r"\s*(set\s+[-+][a-zA-Z]+(?:\s+pipefail)?|shopt\s+-s\s+\w+|alias\s+[\w-]+=.*"
    r"|(?:declare|typeset)\s+-A\s+\w+(?:=\(.*\))?"
    r"|(?:function\s+)?[\w-]+\s*\(\)\s*\{.*\})\s*",
    re.DOTALL,
)
_TYPOGRAPHY = re.compile("[\u201c\u201d\u2018\u2019\u00a0]|(?<=\\s)[\u2013\u2014](?=[A-Za-z])")
_PLAIN = {"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u00a0": "a blank"}
_CHANGES_SHELL = re.compile(r"\s*(cd\s+\S+|export\s+\w+=.*|\w+=\S*)\s*")


@rule("build/own-shell")
def own_shell(spec: Buildspec, problems: Problems) -> None:
    """In version 0.1 every command has a shell of its own: ``cd`` and variables are lost."""
    if spec.version != "0.1":
        return
    for commands in lists_of(spec):
        for command in commands[:-1]:
            if _CHANGES_SHELL.fullmatch(command.text):
                problems.warning(
                    "build/own-shell",
                    f"in version 0.1 this does nothing for the next command: "
                    f"'{brief(command.text)}'",
                    command.span,
                    hint="write 'version: 0.2', or join the commands with &&",
                )


@rule("build/hidden-failure")
def hidden_failure(spec: Buildspec, problems: Problems) -> None:
    """A pipe has the status of its last command: what fails before it goes unnoticed."""
    for command in commands_of(spec):
        if _PIPEFAIL.search(command.text):
            continue
        found = _piped(command.text)
        if found:
            problems.warning(
                "build/hidden-failure",
                f"a failure before this pipe goes unnoticed: the status is that of '{found[2]}'",
                command.span.within(command.text[found.start(1) : found.end(2)]),
                hint="add 'shell: bash' to 'env' and begin the command with: set -o pipefail"
                if spec.shell == "sh"
                else "begin the command with: set -o pipefail",
            )


def _piped(text: str) -> re.Match[str] | None:
    """Find a pipe that hides the failure of something worth it."""
    for pattern in (_TEE, _PIPE):
        for found in pattern.finditer(text):
            before = re.split(r"[;&|\n]", text[: found.start()])[-1].strip()
            if _TESTS.match(before) or (pattern is _TEE and not _SAYS.match(before)):
                return found
    return None


@rule("build/block-status")
def block_status(spec: Buildspec, problems: Problems) -> None:
    """A block of several lines is one command with the status of its last line."""
    for command in commands_of(spec):
        if _STRICT.search(command.text):
            continue
        lines = list(_steps(command.text))
        for line in lines[:-1]:
            if _TESTS.match(line) and not _GUARDED.search(line):
                problems.warning(
                    "build/block-status",
                    f"when '{brief(line)}' fails, this block goes on, and has its last status",
                    command.span.within(line),
                    hint="begin the block with: set -e",
                )
                break


def _steps(text: str) -> Iterator[str]:
    """Give the lines of a block, and the parts between semicolons where there are no quotes."""
    for line in text.splitlines():
        simple = not _COMPOUND.search(line)
        for part in line.split(";") if simple else (line,):
            if part.strip():
                yield part.strip()


@rule("build/asks")
def asks(spec: Buildspec, problems: Problems) -> None:
    """Nobody is there to answer a question: an installation without ``-y`` breaks off."""
    for command in commands_of(spec):
        for found in _ASKS.finditer(command.text):
            before = command.text[: found.start()].rsplit("\n", 1)[-1]
            if _YES.search(found[0]) or "yes |" in before or "echo" in before:
                continue
            problems.warning(
                "build/asks",
                f"'{' '.join(found[1].split())}' asks before it installs, and nobody answers",
                command.span.within(found[1]),
                hint=f"write '{' '.join(found[1].split())} -y'",
                fix=Fix.text(command.span.within(found[1]), f"{found[1]} -y"),
            )


@rule("build/ecr-get-login")
def ecr_get_login(spec: Buildspec, problems: Problems) -> None:
    """``aws ecr get-login`` is gone from version 2 of the AWS CLI, which today's images have."""
    for command in commands_of(spec):
        if re.search(r"\baws\s+ecr\s+get-login(?!-)", command.text):
            problems.warning(
                "build/ecr-get-login",
                "'aws ecr get-login' does not exist in version 2 of the AWS CLI",
                command.span.within("get-login"),
                hint="aws ecr get-login-password | docker login --username AWS "
                "--password-stdin REGISTRY",
            )


@rule("build/lost-option")
def lost_option(spec: Buildspec, problems: Problems) -> None:
    """Options, aliases, functions and maps end with their command; variables and cd go on."""
    for commands in lists_of(spec):
        for command in commands[:-1]:
            found = _ALONE.fullmatch(command.text)
            if found:
                problems.remark(
                    "build/lost-option",
                    f"'{brief(found[1])}' holds for this command only, not for the next ones",
                    command.span,
                    hint="put it into the block that needs it",
                )


@rule("build/exit-zero")
def exit_zero(spec: Buildspec, problems: Problems) -> None:
    """``exit 0`` ends its command, not the build."""
    for commands in lists_of(spec):
        for command in commands[:-1]:
            if re.fullmatch(r"\s*exit(\s+0)?\s*", command.text):
                problems.warning(
                    "build/exit-zero",
                    "'exit 0' ends this command; the next ones run all the same",
                    command.span,
                    hint="put what should be left out behind an 'if' in one block",
                )


@rule("build/typography")
def typography(spec: Buildspec, problems: Problems) -> None:
    """Quotes and dashes of a word processor mean nothing to a shell."""
    for command in commands_of(spec):
        found = _TYPOGRAPHY.search(command.text)
        if found and not re.match(r"\s*(echo|printf|#)", command.text):
            problems.warning(
                "build/typography",
                f"the shell takes '{found[0]}' (U+{ord(found[0]):04X}) for a letter",
                command.span.within(found[0]),
                hint=f"write {_PLAIN.get(found[0], '-')}",
            )


def commands_of(spec: Buildspec) -> Iterator[Text]:
    """Give every command, as it is written."""
    for commands in lists_of(spec):
        yield from commands


def lists_of(spec: Buildspec) -> Iterator[tuple[Text, ...]]:
    """Give the commands of each phase, and those of its ``finally``."""
    for phase in spec.phases:
        yield phase.commands
        yield phase.finally_commands
