"""What a build can have done to the world: the commands that its process starts."""

from __future__ import annotations

from typing import TypeAlias

from cicd.build.environment_variable import Variable
from cicd.build.plan import ArtifactPlan, CachePlan, CommandLine, ReportPlan
from cicd.build.spec import PhaseType
from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForPlace:
    """Wait until no more builds run than may run at once."""

    key: str = "QUEUED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """Make the session."""

    key: str = "PROVISIONING"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadSource:
    """Look at the sources in the session, resolve the secrets, prepare the shell."""

    key: str = "DOWNLOAD_SOURCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """Run one command of a phase; ``index`` counts ``commands``, then ``finally``, from 0."""

    key: str  # "BUILD/2/1": phase, index, and the attempt: how often somebody went back
    phase: PhaseType
    index: int
    succeeding: bool  # CODEBUILD_BUILD_SUCCEEDING
    anew: CommandLine | None = None  # what it is, where the buildspec was read again since
    run_as: str | None = None  # whom that says it runs as


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Wait in the session, at its `codebuild-breakpoint`, until somebody says to go on."""

    key: str  # "BUILD/2/1/pause", "BUILD/2/1/failed": the command's, and why
    phase: PhaseType
    index: int
    line: CommandLine  # before it, or the one that failed
    exit_status: int | None = None  # of the command that failed
    hint: str = ""  # why it did, as far as is known


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProducts:
    """What a build is to leave, by a buildspec that was read again."""

    artifacts: tuple[ArtifactPlan, ...] = ()
    reports: tuple[ReportPlan, ...] = ()
    cache_paths: tuple[str, ...] = ()
    cache: CachePlan = CachePlan()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVariables:
    """Go on by the variables, and to the products, that the buildspec was read with again."""

    key: str  # "BUILD/variables/2": the phase, and the attempt
    variables: tuple[Variable, ...]
    exported_variables: tuple[str, ...] = ()
    products: NewProducts | None = None  # None: they are what they were


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadArtifacts:
    """Pick the files of all artifacts and keep them."""

    key: str = "UPLOAD_ARTIFACTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """Read the files of one report group."""

    key: str  # "UPLOAD_ARTIFACTS/report/0"
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverReports:
    """Look for reports that no report group names, and read them."""

    key: str = "UPLOAD_ARTIFACTS/auto-discover"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCache:
    """Keep the files of the cache for the builds that follow."""

    key: str = "UPLOAD_ARTIFACTS/cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalize:
    """Read the exported variables and end the session."""

    key: str = "FINALIZING"
    ended: str = ""  # "TIMED_OUT", "STOPPED": what ended the phase that was open
    exporting: bool = False  # commands may have run, so there may be something to export


BuildCommand: TypeAlias = (
    WaitForPlace
    | Provision
    | DownloadSource
    | RunCommand
    | Pause
    | SetVariables
    | UploadArtifacts
    | ReadReport
    | DiscoverReports
    | SaveCache
    | Finalize
)
