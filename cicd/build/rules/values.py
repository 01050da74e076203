"""Values of a buildspec that are well-formed, and not what is meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.environment_variable import VariableType
from cicd.build.spec import PhaseType
from cicd.document.fix import Fix
from cicd.document.plain_secrets import find_secret, looks_secret, masked
from cicd.document.rules import rule
from cicd.nearest import closest, only_close

if TYPE_CHECKING:
    from cicd.build.spec import Buildspec
    from cicd.document.position import Span
    from cicd.document.problem import Problems

RUNTIMES = (
    "dotnet",
    "golang",
    "java",
    "nodejs",
    "php",
    "python",
    "ruby",
    "rust",
    "android",
    "docker",
)
_SECRET_PARTS = 4  # secret-id:json-key:version-stage:version-id
_ARN_PARTS = 7
_TRAILING_ZERO = re.compile(r"\d+\.\d*[1-9]0+")
_SETS = (
    r"""(?:^|[\s;&|("'])(?:export\s+|declare\s+(?:-\w+\s+)?)?{name}="""
    r"""|\b(?:read|-v)\s[^;\n]*\b{name}\b"""
)
_SETS_UNSEEN = re.compile(r"(?:^|[;&|\n]\s*)(?:source|\.|eval)\s", re.MULTILINE)


@rule("build/runtime-name")
def runtime_name(spec: Buildspec, problems: Problems) -> None:
    """Runtimes have names of their own: ``golang`` and ``nodejs``, not go and node."""
    for phase in spec.phases:
        for name, version in phase.runtime_versions:
            if name not in RUNTIMES:
                meant = {"go": "golang", "node": "nodejs", "python3": "python"}.get(name)
                near = meant or closest(name, RUNTIMES)
                key = _key_before(version.span, name)
                sure = meant or only_close(name, RUNTIMES)
                problems.warning(
                    "build/runtime-name",
                    f"'{name}' is not a runtime of the build images",
                    key,
                    hint=f"did you mean '{near}'?" if near else None,
                    note=f"the runtimes are {', '.join(RUNTIMES)}",
                    fix=Fix.word(key, sure) if sure and key is not version.span else None,
                )


@rule("build/unquoted-version")
def unquoted_version(spec: Buildspec, problems: Problems) -> None:
    """YAML reads ``3.10`` as the number 3.1."""
    for phase in spec.phases:
        for name, version in phase.runtime_versions:
            if _TRAILING_ZERO.fullmatch(version.span.text):
                short = version.text.rstrip("0").rstrip(".")
                problems.warning(
                    "build/unquoted-version",
                    f"YAML makes the number {short} of this version of '{name}'",
                    version.span,
                    hint=f'write "{version.text}", in quotes',
                    fix=Fix.text(version.span, f'"{version.text}"'),
                )


@rule("build/no-commands")
def no_commands(spec: Buildspec, problems: Problems) -> None:
    """A phase that is written has commands; only ``install`` can do with runtime versions."""
    for phase in spec.phases:
        idle = not phase.commands and not phase.finally_commands
        if idle and not phase.runtime_versions and phase.phase is not PhaseType.INSTALL:
            problems.warning(
                "build/no-commands",
                f"the phase '{phase.phase.lower()}' has no commands",
                phase.span,
                hint="add 'commands', or remove the phase",
            )


@rule("build/empty-command")
def empty_command(spec: Buildspec, problems: Problems) -> None:
    """A dash with nothing behind it is a command that does nothing."""
    for phase in spec.phases:
        for commands in (phase.commands, phase.finally_commands):
            for command in commands:
                if not command.text.strip():
                    problems.remark("build/empty-command", "this command is empty", command.span)


@rule("build/no-artifact-files")
def no_artifact_files(spec: Buildspec, problems: Problems) -> None:
    """``artifacts`` without ``files`` fails the build in UPLOAD_ARTIFACTS."""
    for artifacts in (spec.artifacts, *spec.secondary_artifacts):
        if artifacts is None or artifacts.files:
            continue
        what = f"'{artifacts.identifier}'" if artifacts.identifier else "'artifacts'"
        others = spec.secondary_artifacts and not artifacts.identifier
        where = ", other than in a pipeline that takes those below" if others else ""
        problems.warning(
            "build/no-artifact-files",
            f"{what} names no 'files', so the build fails when it uploads{where}",
            artifacts.span,
            hint="add 'files', such as '**/*'",
            note="CLIENT_ERROR Message: no definition for primary artifacts in buildspec",
        )


@rule("build/old-form")
def old_form(spec: Buildspec, problems: Problems) -> None:
    """``version: 0.1`` is kept for old projects: a shell a command, and no ``env``."""
    if spec.version == "0.1":
        problems.remark(
            "build/old-form",
            "version 0.1 is the old form: each command has a shell of its own",
            spec.span.within("0.1"),
            hint="write 'version: 0.2'",
        )
    old = spec.node.entries.get("environment_variables")
    if old is not None and spec.version != "0.1":
        problems.warning(
            "build/old-form",
            "'environment_variables' is of version 0.1; today these are 'env' and 'variables'",
            old.key_span,
            hint="write 'env:' with 'variables:' below it",
        )


@rule("build/exported-never-set")
def exported_never_set(spec: Buildspec, problems: Problems) -> None:
    """An exported variable is set by a command, or by ``env``; else it has no value."""
    texts = [c.text for p in spec.phases for c in (*p.commands, *p.finally_commands)]
    whole = "\n".join(texts)
    if _SETS_UNSEEN.search(whole) or not spec.phases:
        return
    declared = {variable.name for variable in spec.variables}
    for name in spec.exported_variables:
        known = name.text in declared or name.text.startswith(("CODEBUILD_", "AWS_"))
        if known or re.search(_SETS.format(name=re.escape(name.text)), whole):
            continue
        assigned = re.findall(r"\b([A-Za-z_]\w*)=", whole)
        near = closest(name.text, (*declared, *assigned))
        problems.warning(
            "build/exported-never-set",
            f"no command and no entry of 'env' sets '{name.text}'",
            name.span,
            hint=f"did you mean '{near}'?" if near else "a project's variable may set it",
        )


@rule("build/secret-reference")
def secret_reference(spec: Buildspec, problems: Problems) -> None:
    """A secret is named ``id:json-key:version-stage:version-id``, with one of the last two."""
    for variable in spec.variables:
        if variable.type is not VariableType.SECRETS_MANAGER:
            continue
        parts = variable.value.split(":")
        if variable.value.startswith("arn:"):
            parts = [":".join(parts[:_ARN_PARTS]), *parts[_ARN_PARTS:]]
        if len(parts) > _SECRET_PARTS:
            message = f"the reference of '{variable.name}' has {len(parts)} parts"
        elif len(parts) == _SECRET_PARTS and parts[2] and parts[3]:
            message = f"the reference of '{variable.name}' has a version stage and a version id"
        elif not parts[0]:
            message = f"the reference of '{variable.name}' names no secret"
        else:
            continue
        problems.error(
            "build/secret-reference",
            message,
            variable.span,
            hint="write id:json-key:version-stage or id:json-key::version-id",
        )


@rule("build/plain-secret")
def plain_secret(spec: Buildspec, problems: Problems) -> None:
    """A credential in a buildspec is everybody's who can read the repository."""
    for variable in spec.variables:
        if variable.type is not VariableType.PLAINTEXT:
            continue
        found = find_secret(variable.value)
        if found or looks_secret(variable.name, variable.value):
            line = variable.span.source
            value = line.span(
                line.starts[variable.span.line - 1] + variable.span.column - 1,
                line.starts[variable.span.line - 1] + len(line.line(variable.span.line)),
            ).within(variable.value)
            problems.warning(
                "build/plain-secret",
                f"the value of '{variable.name}' looks like {found[0] if found else 'a secret'}",
                masked(value),
                hint="keep it in Secrets Manager and name it under 'secrets-manager'",
            )
    for phase in spec.phases:
        for command in (*phase.commands, *phase.finally_commands):
            found = find_secret(command.text)
            if found:
                what, start, end = found
                problems.warning(
                    "build/plain-secret",
                    f"this command holds {what}",
                    masked(command.span.within(command.text[start:end])),
                    hint="keep it in Secrets Manager and name it under 'secrets-manager'",
                )


def _key_before(span: Span, name: str) -> Span:
    """Give the place of a value's key, where the two stand on one line; else the value's own."""
    at = span.source.line(span.line).rfind(name, 0, span.column - 1)
    if at < 0:
        return span
    start = span.source.starts[span.line - 1] + at
    return span.source.span(start, start + len(name))
