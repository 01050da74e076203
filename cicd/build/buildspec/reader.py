"""Node → Buildspec, and everything that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.buildspec.batch import read_batch
from cicd.build.buildspec.phases import read_phases
from cicd.build.buildspec.products import read_artifacts, read_cache, read_reports
from cicd.build.buildspec.reading import Reading, texts
from cicd.build.environment_variable import VariableType
from cicd.build.spec import SHELLS, Buildspec, EnvironmentVariable, Text
from cicd.build.variables import check_name
from cicd.document.fix import Fix
from cicd.document.node import NodeKind
from cicd.document.position import brief

if TYPE_CHECKING:
    from cicd.document.fields import Fields
    from cicd.document.node import Node
    from cicd.document.problem import Problems


_NEARLY = re.compile(r"v?0?\.20*(?:\.0)?")  # 0.20, v0.2: no other version is meant


def read_buildspec(node: Node, problems: Problems) -> Buildspec:
    """
    Read a buildspec, noting every problem on the way.

    The result stands for a run only if no problem is an ERROR.
    Raises ``DocumentError`` for what is no mapping, of which nothing can be read.

    Source: user guide, "Build specification reference for CodeBuild".
    """
    if node.kind is not NodeKind.MAPPING:
        problems.error(
            "build/not-a-mapping",
            f"a buildspec is a mapping, not a {node.kind.lower()}",
            node.span,
            hint="begin with 'version: 0.2', and 'phases:' below it",
            note="YAML_FILE_ERROR Message: wrong number of container tags, expected 1",
        )
        problems.raise_errors()
    return _buildspec(Reading(problems), node)


def _buildspec(reading: Reading, node: Node) -> Buildspec:
    top = reading.fields(node, "buildspec")
    version = _version(reading, top)
    # The service accepts the newer keys in either version; 0.1 names its variables otherwise.
    env = top.mapping("env")
    variables, exported, shell = _env(reading, env)
    variables = _old_variables(reading, top.mapping("environment_variables")) + variables
    primary, secondary = read_artifacts(reading, top.node("artifacts"))
    proxy = top.mapping("proxy")
    if proxy is not None:
        proxy.flag("upload-artifacts", default=False)
        proxy.flag("logs", default=False)
        reading.close(proxy, "proxy")
    phases = top.node("phases")
    spec = Buildspec(
        version=version,
        run_as=top.text("run-as", default=None),
        shell=shell,
        shell_span=env.span("shell") if env is not None else node.span,
        variables=variables,
        exported_variables=exported,
        phases=read_phases(reading, phases),
        names_phases=phases is not None and not _is_empty(phases),
        reports=read_reports(reading, top.node("reports")),
        artifacts=primary,
        secondary_artifacts=secondary,
        cache=read_cache(reading, top.mapping("cache")),
        batch=read_batch(top.node("batch"), reading.problems, reading.close),
        unknown=(),
        span=node.span,
        node=node,
    )
    reading.close(top, "buildspec")
    return replace(spec, unknown=tuple(reading.unknown))


def _is_empty(node: Node) -> bool:
    return node.is_null or (node.kind is NodeKind.MAPPING and not node.entries)


def _version(reading: Reading, top: Fields) -> str:
    text = top.text("version", default=None)
    if text in {"0.1", "0.2"}:
        return text
    if text is None:
        if top.node("version") is None:
            # AWS itself publishes files that hold a batch only, and no version.
            only_batch = "batch" in top and "phases" not in top
            note = reading.problems.warning if only_batch else reading.problems.error
            note(
                "build/version",
                "'version' is missing",
                top.span("version"),
                hint="add 'version: 0.2' at the top",
            )
    else:
        written = top.node("version")
        same = _NEARLY.fullmatch(text) is not None
        reading.problems.error(
            "build/version",
            f"'{brief(text)}' is not a version of the buildspec",
            written.span if written is not None else top.span("version"),
            hint="write 0.2",
            note="the versions are 0.1 and 0.2",
            fix=Fix.text(written.span, "0.2") if written is not None and same else None,
        )
    return "0.2"


def _env(
    reading: Reading, env: Fields | None
) -> tuple[tuple[EnvironmentVariable, ...], tuple[Text, ...], str]:
    if env is None:
        return (), (), "sh"
    shell = env.choice("shell", SHELLS, default="sh", ignore_case=True) or "sh"
    variables = tuple(
        variable
        for key, type_ in (
            ("variables", VariableType.PLAINTEXT),
            ("parameter-store", VariableType.PARAMETER_STORE),
            ("secrets-manager", VariableType.SECRETS_MANAGER),
        )
        for variable in _variables(reading, env.node(key), key, type_)
    )
    exported = texts(env, "exported-variables")
    env.flag("git-credential-helper", default=False)
    reading.close(env, "env")
    return variables, exported, shell.removeprefix("/bin/")


def _old_variables(reading: Reading, old: Fields | None) -> tuple[EnvironmentVariable, ...]:
    if old is None:
        return ()
    found = _variables(reading, old.node("plaintext"), "plaintext", VariableType.PLAINTEXT)
    reading.close(old, "environment_variables")
    return found


def _variables(
    reading: Reading, node: Node | None, section: str, type_: VariableType
) -> tuple[EnvironmentVariable, ...]:
    found = []
    for name, span, value in reading.each(node, section):
        if not name or "=" in name or "\0" in name:
            reading.problems.error("build/variable-name", f"'{name}' cannot name a variable", span)
        elif value.kind is not NodeKind.SCALAR:
            reading.problems.error(
                "build/variable-value",
                f"the value of '{name}' is a {value.kind.lower()}, not text",
                value.span,
                hint="write one value, quoted if need be",
            )
        else:
            check_name(name, span, reading.problems)
            text = "" if value.is_null else value.text
            found.append(EnvironmentVariable(name=name, value=text, type=type_, span=span))
    return tuple(found)
