"""Buildspec: what the document says, as frozen values."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from cicd.build.buildspec.batch import BatchSpec
from cicd.build.environment_variable import VariableType
from cicd.document.node import Node
from cicd.document.position import Span
from cicd.record import dataclass


class PhaseType(StrEnum):
    """Every phase of a build, in order. Source: CodeBuild API, ``BuildPhaseType``."""

    SUBMITTED = "SUBMITTED"
    QUEUED = "QUEUED"
    PROVISIONING = "PROVISIONING"
    DOWNLOAD_SOURCE = "DOWNLOAD_SOURCE"
    INSTALL = "INSTALL"
    PRE_BUILD = "PRE_BUILD"
    BUILD = "BUILD"
    POST_BUILD = "POST_BUILD"
    UPLOAD_ARTIFACTS = "UPLOAD_ARTIFACTS"
    FINALIZING = "FINALIZING"
    COMPLETED = "COMPLETED"


COMMAND_PHASES = (PhaseType.INSTALL, PhaseType.PRE_BUILD, PhaseType.BUILD, PhaseType.POST_BUILD)


class OnFailure(StrEnum):
    """What a failed phase leads to. Source: user guide, "phases/*/on-failure"."""

    ABORT = "ABORT"
    CONTINUE = "CONTINUE"
    RETRY = "RETRY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A scalar as written, and where."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariable:
    """One variable of ``env``; ``value`` is the name or reference for the other types."""

    name: str
    value: str
    type: VariableType
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFailureSpec:
    """``on-failure``; ``retries`` 0–100 and ``pattern`` count only for RETRY."""

    action: OnFailure
    retries: int = 3
    pattern: str = ".*"
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSpec:
    """One entry of ``phases``."""

    phase: PhaseType
    commands: tuple[Text, ...]
    finally_commands: tuple[Text, ...]
    on_failure: OnFailureSpec | None
    run_as: str | None
    runtime_versions: tuple[tuple[str, Text], ...]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """One report group of ``reports``."""

    group: str
    files: tuple[Text, ...]
    file_format: str  # upper case, one of the documented ones
    base_directory: str | None
    discard_paths: bool
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactsSpec:
    """``artifacts``, or one entry of its ``secondary-artifacts``."""

    identifier: str  # "" for the primary one
    files: tuple[Text, ...]  # () where it is missing or null
    name: str | None
    discard_paths: bool
    base_directory: str | None
    base_directory_span: Span  # of the section, where there is none
    exclude_paths: tuple[Text, ...]
    enable_symlinks: bool
    s3_prefix: str | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSpec:
    """``cache``."""

    paths: tuple[Text, ...]
    key: str | None
    fallback_keys: tuple[Text, ...]
    action: str | None  # "restore", "save"; None: both
    span: Span
    key_span: Span  # of the key's value; without one, that of ``span``


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownKeys:
    """Keys of one section that mean nothing; the build's log names them."""

    section: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildspec:
    """A whole buildspec."""

    version: str  # "0.1", "0.2"
    run_as: str | None
    shell: str  # "sh", "bash", or a Windows shell as written
    shell_span: Span
    variables: tuple[EnvironmentVariable, ...]
    exported_variables: tuple[Text, ...]
    phases: tuple[PhaseSpec, ...]  # those in the file, in the order of execution
    names_phases: bool  # 'phases' holds something, though none of it may be a phase
    reports: tuple[ReportSpec, ...]
    artifacts: ArtifactsSpec | None
    secondary_artifacts: tuple[ArtifactsSpec, ...]
    cache: CacheSpec | None
    batch: BatchSpec | None
    unknown: tuple[UnknownKeys, ...]
    span: Span
    node: Node = field(repr=False)  # the whole document, for the ledger

    def phase(self, phase: PhaseType) -> PhaseSpec | None:
        """Give one phase, if the file has it."""
        return next((p for p in self.phases if p.phase is phase), None)


REPORT_FILE_FORMATS = (
    "JUNITXML",
    "CUCUMBERJSON",
    "NUNITXML",
    "NUNIT3XML",
    "TESTNGXML",
    "VISUALSTUDIOTRX",
    "CLOVERXML",
    "COBERTURAXML",
    "JACOCOXML",
    "SIMPLECOV",
)
SHELLS = ("sh", "/bin/sh", "bash", "/bin/bash", "powershell", "powershell.exe", "cmd.exe")
WINDOWS_SHELLS = frozenset({"powershell", "powershell.exe", "cmd.exe"})
