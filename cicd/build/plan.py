"""BuildPlan: all that a build will do, with no look-up left and secrets by reference only."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta
from pathlib import Path

from cicd.build.compute.place import Place
from cicd.build.environment_variable import Variable
from cicd.build.ledger_entry import LedgerEntry
from cicd.build.project import ProjectArtifacts
from cicd.build.spec import OnFailure, PhaseType
from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """One command, as written, and its place."""

    text: str
    where: str  # "buildspec.yml:14:9"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePlan:
    """One of the four command phases."""

    phase: PhaseType
    present: bool  # the buildspec has it; only these are counted in the log
    commands: tuple[CommandLine, ...] = ()
    finally_commands: tuple[CommandLine, ...] = ()
    on_failure: OnFailure | None = None  # None: the transitions of the user guide
    run_as: str | None = None
    retries: int = 3  # 0–100; how often ``on_failure`` RETRY has the build run again
    retry_pattern: str = ".*"  # what the failure's message must hold for that

    @property
    def lines(self) -> tuple[CommandLine, ...]:
        """All of its commands, ``finally`` behind the others."""
        return (*self.commands, *self.finally_commands)

    @property
    def has_commands(self) -> bool:
        """Whether there is anything to run."""
        return bool(self.commands or self.finally_commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlan:
    """A source; the primary one has the identifier ""."""

    identifier: str
    directory: Path
    type: str = "NO_SOURCE"  # the project's source type
    location: str = ""  # a clone URL, where known
    version: str = ""  # CODEBUILD_SOURCE_VERSION
    resolved_version: str = ""  # a commit id
    branch: str = ""

    @property
    def mount(self) -> str:
        """The name that it is mounted by."""
        return f"src_{self.identifier}" if self.identifier else "src"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactPlan:
    """One artifact to be made."""

    identifier: str  # "" for the primary one
    output: str  # what the result calls it: CodePipeline's output, else the identifier
    name: str  # the project's name for it, or the buildspec's when ``evaluate_name``
    evaluate_name: bool = False  # the shell expands ``name``
    files: tuple[str, ...] = ()  # () : there is no definition to fill it from
    base_directory: str = "."
    exclude_paths: tuple[str, ...] = ()
    discard_paths: bool = False
    enable_symlinks: bool = False
    packaging: str = "NONE"  # "NONE", "ZIP": how it is delivered to ``artifacts_directory``
    path: str = ""
    namespace_type: str = "NONE"  # "NONE", "BUILD_ID"
    s3_prefix: str = ""
    problem: str = ""  # a CLIENT_ERROR known beforehand
    problem_hint: str = ""  # what to do about it
    where: str = ""  # the place of the first of ``files``: "buildspec.yml:14:9"
    base_where: str = ""  # of ``base_directory``


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted of a build's artifacts, whatever its buildspec says of them."""

    configured: bool  # ``cicd.yml`` has the project
    primary: ProjectArtifacts
    secondary: tuple[ProjectArtifacts, ...] = ()
    outputs: tuple[str, ...] | None = None  # CodePipeline's; None: the project decides


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlan:
    """One report group to be filled."""

    group: str  # as written; may hold "$NAME"
    files: tuple[str, ...]
    file_format: str
    base_directory: str = "."
    discard_paths: bool = False
    where: str = ""  # the place of the first of ``files``


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportExport:
    """Where the raw data of a report group's reports goes."""

    group: str  # its whole name
    place: str  # below the home's directory of exports
    packaging: str  # "NONE", "ZIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePlan:
    """What is known of a cache beside its type and its paths."""

    key: str = ""  # as written; "" : one cache a project
    fallback_keys: tuple[str, ...] = ()
    action: str = ""  # "restore", "save"; "" : both
    location: str = ""
    namespace: str = ""
    modes: tuple[str, ...] = ()  # of LOCAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the buildspec cannot be carried out, in the service's words."""

    code: str  # "YAML_FILE_ERROR"
    message: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which of several runs of one request a build is; see attempts.py."""

    retried: int = 0  # how often on-failure had it run again
    of: int = 0  # how many runs that makes at most; 0 for the first
    auto_retry_limit: int = 0  # the project's; 0 in a pipeline
    auto_retry_number: int = 0  # 0 for the first
    previous: str = ""  # the id of the build before


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """A whole build. It is its first event, so fields are only ever added, with defaults."""

    build_id: str  # "project:uuid"
    number: int  # per project, from 1; 0 until submitted
    project: str
    account: str
    region: str
    created: datetime
    runner: str
    image: str  # what the runner opens; "" for runners without images
    build_image: str  # imageOverride, or the project's: CODEBUILD_BUILD_IMAGE
    environment_type: str
    compute_type: str
    privileged: bool
    sources: tuple[SourcePlan, ...]  # the primary one first
    buildspec: str  # its path from the source's root, or "" for inline text
    version: str = "0.2"
    shell: str = "sh"
    variables: tuple[Variable, ...] = ()
    fixed_variables: tuple[str, ...] = ()  # those that the buildspec has no say in
    exported_variables: tuple[str, ...] = ()
    runtime_versions: tuple[tuple[str, str], ...] = ()
    phases: tuple[PhasePlan, ...] = ()
    wanted: Wanted | None = None  # None: planned by a version that did not write it down
    artifacts: tuple[ArtifactPlan, ...] = ()
    artifacts_directory: Path | None = None
    hidden: tuple[str, ...] = ()  # paths below the primary source that are none of it
    reports: tuple[ReportPlan, ...] = ()
    report_exports: tuple[ReportExport, ...] = ()  # of any group of the machine
    auto_discover: bool = False  # look for reports that no group names
    cache_type: str = "NO_CACHE"
    cache_paths: tuple[str, ...] = ()
    cache: CachePlan = CachePlan()
    timeout: timedelta
    queued_timeout: timedelta
    places: int = 0  # builds at once, beyond which it waits in QUEUED; 0: it never waits
    initiator: str
    service_role: str = ""
    encryption_key: str = ""  # of artifacts, as the project names it; "": that of S3
    unknown_keys: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (section, keys)
    place: Place = field(default_factory=Place)  # limits, network, file systems
    warnings: tuple[str, ...] = ()  # what is not carried out here, with places
    refused: Refusal | None = None
    attempt: Attempt = field(default_factory=Attempt)
    debug_session: bool = False  # debugSessionEnabled: `codebuild-breakpoint` pauses
    break_on: tuple[str, ...] = ()  # "failure", "BUILD", "BUILD:2", "14"; see debug/break_on.py
    ledger: tuple[LedgerEntry, ...] = ()  # what has no effect here, or another
    webhook: tuple[tuple[str, str], ...] = ()  # CODEBUILD_WEBHOOK_*, of a build for an event
    batch_id: str = ""  # of the batch that it is a build of: "project:uuid"
    batch_identifier: str = ""  # CODEBUILD_BATCH_BUILD_IDENTIFIER
    shard: int = 0  # of a fan-out, from 1
    shards: int = 0  # how many the fan-out has; 0: there is none

    @property
    def branch(self) -> str:
        """The branch that its primary source was on; "" where none is known."""
        return self.sources[0].branch

    @property
    def uuid(self) -> str:
        """The second half of the build's id."""
        return self.build_id.partition(":")[2]

    @property
    def arn(self) -> str:
        """The build's name as the service writes it."""
        return self.arn_of(self.build_id)

    def arn_of(self, build_id: str) -> str:
        """Another build's name as the service writes it."""
        return f"arn:aws:codebuild:{self.region}:{self.account}:build/{build_id}"

    @property
    def kms_key(self) -> str:
        """The key that the service would encrypt artifacts with."""
        return self.encryption_key or f"arn:aws:kms:{self.region}:{self.account}:alias/aws/s3"

    @property
    def project_arn(self) -> str:
        """The project's name as the service writes it."""
        return f"arn:aws:codebuild:{self.region}:{self.account}:project/{self.project}"

    def phase(self, phase: PhaseType) -> PhasePlan:
        """Give a command phase; raises StopIteration for any other."""
        return next(p for p in self.phases if p.phase is phase)
