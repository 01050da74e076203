"""BatchPlan: which builds a batch is made of, what each waits for, and each one's own plan."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cicd.build.ledger_entry import LedgerEntry
from cicd.build.plan import BuildPlan, Refusal
from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSummary:
    """A build that was run for a node. Source: CodeBuild API, ``BuildSummary``."""

    build_id: str
    status: str  # StatusType
    requested: datetime
    ended: datetime | None = None
    artifacts: tuple[tuple[str, str], ...] = ()  # (artifact's identifier, digest); "": primary


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNode:
    """One build of a batch: a ``BuildGroup``."""

    identifier: str
    build: BuildPlan
    depends_on: tuple[str, ...] = ()
    ignore_failure: bool = False
    debug_session: bool = False
    fleet: str = ""
    combination: tuple[tuple[str, str], ...] = ()  # of a matrix: ("env.image", "a")
    carried: BuildSummary | None = None  # it succeeded in the batch that is tried again
    prior: tuple[BuildSummary, ...] = ()  # the builds before this one, the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """A whole batch. It is its first event, so fields are only ever added, with defaults."""

    batch_id: str  # "project:uuid"
    number: int  # per project, from 1; 0 until submitted
    project: str
    account: str
    region: str
    created: datetime
    kind: str  # "build-list", "build-graph", "build-matrix", "build-fanout"
    nodes: tuple[BatchNode, ...]  # in the order of the document
    fast_fail: bool = False
    combine_artifacts: bool = False
    combined_output: str = ""  # what the result calls the combined artifact
    artifacts_directory: Path | None = None  # deliver the combined artifact there, too
    maximum_builds: int | None = None
    compute_types_allowed: tuple[str, ...] = ()
    fleets_allowed: tuple[str, ...] = ()
    timeout: timedelta
    initiator: str
    service_role: str = ""
    retry_of: str = ""  # the batch that this one tries again
    warnings: tuple[str, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()  # of its buildspec, its project and its builds
    refused: Refusal | None = None  # why DOWNLOAD_BATCHSPEC fails

    @property
    def uuid(self) -> str:
        """The second half of the batch's id."""
        return self.batch_id.partition(":")[2]

    def node(self, identifier: str) -> BatchNode:
        """Give one build; raises StopIteration for an unknown one."""
        return next(node for node in self.nodes if node.identifier == identifier)
