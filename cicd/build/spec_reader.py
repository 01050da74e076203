"""Node → Buildspec, and everything that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.batch_spec import read_batch
from cicd.build.spec import (
    COMMAND_PHASES,
    REPORT_FILE_FORMATS,
    SHELLS,
    ArtifactsSpec,
    Buildspec,
    CacheSpec,
    EnvironmentVariable,
    OnFailure,
    OnFailureSpec,
    PhaseSpec,
    PhaseType,
    ReportSpec,
    Text,
    UnknownKeys,
    VariableType,
)
from cicd.document.fields import Fields
from cicd.document.nearest import closest
from cicd.document.node import NodeKind

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.position import Span
    from cicd.document.problem import Problems

_RETRY = re.compile(r"retry(?:-(?P<count>\d+)(?=-|$))?(?:-(?P<pattern>.+))?$", re.IGNORECASE)
_UNKNOWN = "build/unknown-key"


def read_buildspec(node: Node, problems: Problems) -> Buildspec:
    """
    Read a buildspec, noting every problem on the way.

    The result stands for a run only if no problem is an ERROR.

    Source: user guide, "Build specification reference for CodeBuild".
    """
    return _Reader(problems).buildspec(node)


class _Reader:
    """One reading: the problems so far and the unknown keys by section."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.unknown: list[UnknownKeys] = []

    def fields(self, node: Node, what: str, at: Span | None = None) -> Fields:
        return Fields(node, self.problems, room="build", what=what, at=at)

    def close(self, fields: Fields, section: str) -> None:
        """Report what was not asked for, and keep it for the log."""
        before = {id(p) for p in self.problems}
        fields.unknown()
        keys = tuple(
            p.span.source.line(p.span.line)[p.span.column - 1 : p.span.end_column - 1].strip("'\"")
            for p in self.problems
            if id(p) not in before and p.rule == _UNKNOWN
        )
        if keys:
            self.unknown.append(UnknownKeys(section=section, keys=keys))

    def each(self, node: Node | None, what: str) -> tuple[tuple[str, Span, Node], ...]:
        """Give the entries of a mapping whose keys are names of the writer's own."""
        if node is None or node.is_null:
            return ()
        entries = self.fields(node, what).entries()
        return tuple((entry.key, entry.key_span, entry.value) for entry in entries)

    def buildspec(self, node: Node) -> Buildspec:
        top = self.fields(node, "buildspec")
        version = self._version(top)
        # The service accepts the newer keys in either version; 0.1 names its variables otherwise.
        env = top.mapping("env")
        variables, exported, shell, helper = self._env(env)
        variables = self._old_variables(top.mapping("environment_variables")) + variables
        primary, secondary = self._artifacts(top.node("artifacts"))
        proxy = top.mapping("proxy")
        if proxy is not None:
            proxy.flag("upload-artifacts", default=False)
            proxy.flag("logs", default=False)
            self.close(proxy, "proxy")
        spec = Buildspec(
            version=version,
            run_as=top.text("run-as", default=None),
            shell=shell,
            shell_span=env.span("shell") if env is not None else node.span,
            variables=variables,
            exported_variables=exported,
            git_credential_helper=helper,
            phases=self._phases(top.node("phases")),
            reports=self._reports(top.node("reports")),
            artifacts=primary,
            secondary_artifacts=secondary,
            cache=self._cache(top.mapping("cache")),
            batch=read_batch(top.node("batch"), self.problems, self.close),
            unknown=(),
            span=node.span,
        )
        self.close(top, "buildspec")
        return replace(spec, unknown=tuple(self.unknown))

    def _version(self, top: Fields) -> str:
        text = top.text("version", default=None)
        if text in {"0.1", "0.2"}:
            return text
        if text is None:
            if top.node("version") is None:
                # AWS itself publishes files that hold a batch only, and no version.
                only_batch = "batch" in top and "phases" not in top
                note = self.problems.warning if only_batch else self.problems.error
                note(
                    "build/version",
                    "'version' is missing",
                    top.span("version"),
                    hint="add 'version: 0.2' at the top",
                )
        else:
            self.problems.error(
                "build/version",
                f"'{text}' is not a version of the buildspec",
                top.span("version"),
                hint="write 0.2",
                note="the versions are 0.1 and 0.2",
            )
        return "0.2"

    # ── env ───────────────────────────────────────────────────────────────────────────────────

    def _env(
        self, env: Fields | None
    ) -> tuple[tuple[EnvironmentVariable, ...], tuple[Text, ...], str, bool]:
        if env is None:
            return (), (), "sh", False
        shell = env.choice("shell", SHELLS, default="sh", ignore_case=True) or "sh"
        variables = tuple(
            variable
            for key, type_ in (
                ("variables", VariableType.PLAINTEXT),
                ("parameter-store", VariableType.PARAMETER_STORE),
                ("secrets-manager", VariableType.SECRETS_MANAGER),
            )
            for variable in self._variables(env.node(key), key, type_)
        )
        exported = _texts(env, "exported-variables")
        helper = env.flag("git-credential-helper", default=False)
        self.close(env, "env")
        return variables, exported, shell.removeprefix("/bin/"), bool(helper)

    def _old_variables(self, old: Fields | None) -> tuple[EnvironmentVariable, ...]:
        if old is None:
            return ()
        found = self._variables(old.node("plaintext"), "plaintext", VariableType.PLAINTEXT)
        self.close(old, "environment_variables")
        return found

    def _variables(
        self, node: Node | None, section: str, type_: VariableType
    ) -> tuple[EnvironmentVariable, ...]:
        found = []
        for name, span, value in self.each(node, section):
            if not name or "=" in name or "\0" in name:
                self.problems.error(
                    "build/variable-name", f"'{name}' cannot name a variable", span
                )
            elif value.kind is not NodeKind.SCALAR:
                self.problems.error(
                    "build/variable-value",
                    f"the value of '{name}' is a {value.kind.lower()}, not text",
                    value.span,
                    hint="write one value, quoted if need be",
                )
            else:
                text = "" if value.is_null else value.text
                found.append(EnvironmentVariable(name=name, value=text, type=type_, span=span))
        return tuple(found)

    # ── phases ────────────────────────────────────────────────────────────────────────────────

    def _phases(self, node: Node | None) -> tuple[PhaseSpec, ...]:
        found: dict[PhaseType, PhaseSpec] = {}
        expected = ",".join(sorted(COMMAND_PHASES))
        for key, span, value in self.each(node, "phases"):
            name = key.upper()
            if name not in COMMAND_PHASES:
                options = tuple(phase.lower() for phase in COMMAND_PHASES)
                near = closest(key.lower(), options)
                self.problems.error(
                    "build/unknown-phase",
                    f"'{key}' is not a phase",
                    span,
                    hint=f"did you mean '{near}'?" if near else None,
                    note=f"YAML_FILE_ERROR Message: Invalid buildspec phase name: {name}. "
                    f"Expecting: {expected}",
                )
                continue
            phase = PhaseType(name)
            if phase in found:
                self.problems.error(
                    "build/duplicate-phase",
                    f"'{key}' stands twice under 'phases'",
                    span,
                    hint="phase names ignore case; join the two",
                )
                continue
            found[phase] = self._phase(phase, key, span, value)
        return tuple(found[phase] for phase in COMMAND_PHASES if phase in found)

    def _phase(self, phase: PhaseType, key: str, span: Span, node: Node) -> PhaseSpec:
        if node.is_null:
            return PhaseSpec(
                phase=phase,
                commands=(),
                finally_commands=(),
                on_failure=None,
                run_as=None,
                runtime_versions=(),
                span=span,
            )
        fields = self.fields(node, key)
        runtimes: tuple[tuple[str, Text], ...] = ()
        if phase is PhaseType.INSTALL:
            runtimes = self._runtimes(fields.node("runtime-versions"))
        spec = PhaseSpec(
            phase=phase,
            commands=self._commands(fields.node("commands"), "Commands", key),
            finally_commands=self._commands(fields.node("finally"), "Finally", key),
            on_failure=self._on_failure(fields),
            run_as=fields.text("run-as", default=None),
            runtime_versions=runtimes,
            span=span,
        )
        self.close(fields, key)
        return spec

    def _commands(self, node: Node | None, name: str, phase: str) -> tuple[Text, ...]:
        if node is None or node.is_null:
            return ()
        if node.kind is NodeKind.SCALAR:
            self.problems.warning(
                "build/commands-not-a-list",
                f"'{name.lower()}' of '{phase}' is one text, not a list",
                node.span,
                hint="put '- ' before it",
            )
            return (Text(text=node.text, span=node.span),)
        if node.kind is NodeKind.MAPPING:
            self.problems.error(
                "build/commands-not-a-list",
                f"'{name.lower()}' of '{phase}' is a mapping, not a list of commands",
                node.span,
                hint="put '- ' before each command",
            )
            return ()
        found = []
        for index, item in enumerate(node.items):
            if item.kind is NodeKind.SCALAR:
                text = "" if item.is_null else item.text
                found.append(Text(text=text, span=item.span))
                continue
            line = item.span.line
            self.problems.error(
                "build/command-not-text",
                f"command {index + 1} of '{phase}' is a {item.kind.lower()}, not text",
                item.span,
                hint="quote the whole command: ': ' inside makes it a mapping",
                note=f"YAML_FILE_ERROR Message: Expected {name}[{index}] to be of string type: "
                f"found subkeys instead at line {line}, "
                f"value of the key tag on line {line - 1} might be empty",
            )
        return tuple(found)

    def _on_failure(self, fields: Fields) -> OnFailureSpec | None:
        text = fields.text("on-failure", default=None)
        if text is None:
            return None
        span = fields.span("on-failure")
        if text.upper() in {OnFailure.ABORT, OnFailure.CONTINUE}:
            return OnFailureSpec(action=OnFailure(text.upper()), span=span)
        match = _RETRY.match(text)
        if match is None:
            self.problems.error(
                "build/on-failure",
                f"'{text}' is not an action of 'on-failure'",
                span,
                note="the actions are ABORT, CONTINUE, RETRY, RETRY-<count>, RETRY-<regex> "
                "and RETRY-<count>-<regex>",
            )
            return None
        retries = int(match["count"] or 3)
        if retries > 100:
            self.problems.error(
                "build/on-failure", f"{retries} retries are too many", span, hint="100 at most"
            )
        pattern = match["pattern"] or ".*"
        try:
            re.compile(pattern)
        except re.error as wrong:
            self.problems.error(
                "build/on-failure", f"'{pattern}' is not a regular expression: {wrong}", span
            )
        return OnFailureSpec(action=OnFailure.RETRY, retries=retries, pattern=pattern, span=span)

    def _runtimes(self, node: Node | None) -> tuple[tuple[str, Text], ...]:
        found = []
        for name, _, value in self.each(node, "runtime-versions"):
            if value.kind is NodeKind.SCALAR:
                found.append((name, Text(text=value.text, span=value.span)))
            else:
                self.problems.error(
                    "build/runtime-version",
                    f"the version of '{name}' is a {value.kind.lower()}, not text",
                    value.span,
                    hint="write one version, quoted",
                )
        return tuple(found)

    # ── reports, artifacts, cache ─────────────────────────────────────────────────────────────

    def _reports(self, node: Node | None) -> tuple[ReportSpec, ...]:
        found = []
        for group, span, value in self.each(node, "reports"):
            fields = self.fields(value, group)
            files = _texts(fields, "files")
            if not files:
                self.problems.error(
                    "build/report-files", f"report group '{group}' names no 'files'", span
                )
            found.append(
                ReportSpec(
                    group=group,
                    files=files,
                    file_format=fields.choice(
                        "file-format", REPORT_FILE_FORMATS, default="JUNITXML", ignore_case=True
                    )
                    or "JUNITXML",
                    base_directory=fields.text("base-directory", default=None),
                    discard_paths=bool(fields.flag("discard-paths", default=False)),
                    span=span,
                )
            )
            self.close(fields, group)
        return tuple(found)

    def _artifacts(
        self, node: Node | None
    ) -> tuple[ArtifactsSpec | None, tuple[ArtifactsSpec, ...]]:
        if node is None or node.is_null:
            return None, ()
        fields = self.fields(node, "artifacts")
        secondary = []
        for name, span, value in self.each(
            fields.node("secondary-artifacts"), "secondary-artifacts"
        ):
            inner = self.fields(value, name)
            secondary.append(_artifacts_spec(inner, name, span))
            self.close(inner, name)
        primary = _artifacts_spec(fields, "", node.span)
        self.close(fields, "artifacts")
        return primary, tuple(secondary)

    def _cache(self, fields: Fields | None) -> CacheSpec | None:
        if fields is None:
            return None
        spec = CacheSpec(
            paths=_texts(fields, "paths"),
            key=fields.text("key", default=None),
            fallback_keys=_texts(fields, "fallback-keys"),
            action=fields.choice("action", ("restore", "save"), default=None, ignore_case=True),
            span=fields.span("paths"),
        )
        self.close(fields, "cache")
        return spec


def _artifacts_spec(fields: Fields, identifier: str, span: Span) -> ArtifactsSpec:
    return ArtifactsSpec(
        identifier=identifier,
        files=_texts(fields, "files"),
        name=fields.text("name", default=None),
        discard_paths=bool(fields.flag("discard-paths", default=False)),
        base_directory=fields.text("base-directory", default=None),
        exclude_paths=_texts(fields, "exclude-paths"),
        enable_symlinks=bool(fields.flag("enable-symlinks", default=False)),
        s3_prefix=fields.text("s3-prefix", default=None),
        span=span,
    )


def _texts(fields: Fields, key: str) -> tuple[Text, ...]:
    return tuple(
        Text(text=item.text, span=item.span)
        for item in fields.texts(key, scalar_is_list=True)
        if not item.is_null
    )
