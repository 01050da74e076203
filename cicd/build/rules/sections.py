"""What holds within and between the sections of a buildspec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.environment_variable import VariableType
from cicd.document.position import brief
from cicd.document.problem import Label
from cicd.document.rules import rule

if TYPE_CHECKING:
    from cicd.build.spec import Buildspec, EnvironmentVariable
    from cicd.document.position import Span
    from cicd.document.problem import Problems


@rule("build/no-phases")
def no_phases(spec: Buildspec, problems: Problems) -> None:
    """A buildspec without phases succeeds without doing anything."""
    if spec.names_phases or spec.batch is not None:
        return  # what is wrong with a phase has been said
    lost = [
        key
        for unknown in spec.unknown
        if unknown.section == "buildspec"
        for key in unknown.keys
        if key.lower() in {"install", "pre_build", "build", "post_build"}
    ]
    problems.warning(
        "build/no-phases",
        "there are no phases, so the build succeeds without doing anything",
        spec.span,
        hint=f"indent '{lost[0]}' below 'phases'" if lost else "add 'phases'",
    )


@rule("build/variable-twice")
def variable_twice(spec: Buildspec, problems: Problems) -> None:
    """One name in several sections of ``env``: secrets-manager, then parameter-store, wins."""
    seen: dict[str, EnvironmentVariable] = {}
    for variable in spec.variables:
        first = seen.setdefault(variable.name, variable)
        if first.type is not variable.type:
            problems.warning(
                "build/variable-twice",
                f"'{variable.name}' stands in two sections of 'env'",
                variable.span,
                hint="keep one: secrets-manager wins over parameter-store, that over variables",
                labels=(Label(span=first.span, text="first given here"),),
            )


@rule("build/literal-variable")
def literal_variable(spec: Buildspec, problems: Problems) -> None:
    """Values of ``env.variables`` are literal: nothing in them is expanded or run."""
    for variable in spec.variables:
        if variable.type is not VariableType.PLAINTEXT:
            continue
        path = variable.name == "PATH" and "$" in variable.value
        if path or "$(" in variable.value or re.fullmatch(r"`.+`", variable.value):
            hint = 'export PATH="$PATH:…"' if path else f'export {variable.name}="$(…)"'
            problems.warning(
                "build/literal-variable",
                f"the value of '{variable.name}' is literally '{brief(variable.value)}'",
                variable.span,
                hint=f"set it in a command: {hint}",
            )


@rule("build/exported-variable")
def exported_variable(spec: Buildspec, problems: Problems) -> None:
    """Names that begin with AWS_ cannot be exported, and one export of a name is enough."""
    seen: dict[str, Span] = {}
    for name in spec.exported_variables:
        if name.text in seen:
            problems.warning(
                "build/exported-variable",
                f"'{name.text}' is exported twice",
                name.span,
                hint="remove one of the two",
                labels=(Label(span=seen[name.text], text="first exported here"),),
            )
        seen.setdefault(name.text, name.span)
        if not re.fullmatch(r"[A-Za-z_]\w*", name.text):
            problems.warning(
                "build/exported-variable",
                f"'{name.text}' cannot name a variable",
                name.span,
                hint="one name an entry, without '$'",
            )
        if name.text.startswith("AWS_"):
            problems.warning(
                "build/exported-variable",
                f"'{name.text}' cannot be exported, since it begins with AWS_",
                name.span,
            )


@rule("build/cache-keys")
def cache_keys(spec: Buildspec, problems: Problems) -> None:
    """
    At most five fallback keys, and none without a key; and nothing is kept without paths.

    A shell expands the key, and ``$$`` is another number in each.
    """
    if spec.cache is None:
        return
    if not spec.cache.paths:
        problems.warning(
            "build/cache-keys",
            "'cache' names no 'paths', so nothing is kept",
            spec.cache.span,
            hint="add such as: paths: ['/root/.cache/**/*']",
            note="Skip cache due to: no paths specified to be cached",
        )
    if "$$" in (spec.cache.key or ""):
        problems.warning(
            "build/cache-keys",
            "'$$' is the number of a shell's process, so no two builds have the same key",
            spec.cache.key_span,
            hint="write a single '$'",
        )
    if not spec.cache.fallback_keys:
        return
    first = spec.cache.fallback_keys[0]
    if spec.cache.key is None:
        problems.warning(
            "build/cache-keys", "'fallback-keys' mean nothing without 'key'", first.span
        )
    if len(spec.cache.fallback_keys) > 5:
        problems.error(
            "build/cache-keys",
            f"there are {len(spec.cache.fallback_keys)} fallback keys",
            spec.cache.fallback_keys[5].span,
            hint="five at most",
        )


@rule("build/too-many")
def too_many(spec: Buildspec, problems: Problems) -> None:
    """At most twelve secondary artifacts and five report groups."""
    if len(spec.secondary_artifacts) > 12:
        problems.error(
            "build/too-many",
            f"there are {len(spec.secondary_artifacts)} secondary artifacts",
            spec.secondary_artifacts[12].span,
            hint="twelve at most",
        )
    if len(spec.reports) > 5:
        problems.error(
            "build/too-many",
            f"there are {len(spec.reports)} report groups",
            spec.reports[5].span,
            hint="five at most",
        )


@rule("build/runtime-versions-empty")
def runtime_versions_elsewhere(spec: Buildspec, problems: Problems) -> None:
    """A version that is empty selects nothing."""
    for phase in spec.phases:
        for name, version in phase.runtime_versions:
            if not version.text:
                problems.error(
                    "build/runtime-versions-empty",
                    f"'{name}' names no version",
                    version.span,
                    hint='write one, quoted: "3.12"',
                )
