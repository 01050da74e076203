"""Project: what CodeBuild keeps outside the buildspec, in the shape of its API."""

from __future__ import annotations

import re
from dataclasses import field
from datetime import timedelta

from cicd.build.compute.kinds import Size
from cicd.build.environment_variable import Variable
from cicd.build.webhook import Webhook
from cicd.document.node import Node
from cicd.document.position import Source
from cicd.record import dataclass

DEFAULT_IMAGE = "aws/codebuild/standard:7.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSource:
    """``source``, or one of ``secondarySources``."""

    type: str = "NO_SOURCE"
    location: str = ""
    identifier: str = ""  # sourceIdentifier; "" for the primary one
    buildspec: str = ""  # a path from the source's root, an ARN, or the text; "" : buildspec.yml
    version: str = ""  # sourceVersion
    # Where the text of an inline buildspec stands in what it is written in.
    document: Source | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectArtifacts:
    """``artifacts``, or one of ``secondaryArtifacts``."""

    type: str = "NO_ARTIFACTS"
    identifier: str = ""
    name: str = ""
    path: str = ""
    namespace_type: str = "NONE"
    packaging: str = "NONE"
    override_artifact_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEnvironment:
    """``environment``."""

    type: str = "LINUX_CONTAINER"
    image: str = DEFAULT_IMAGE
    compute_type: str = "BUILD_GENERAL1_SMALL"
    privileged: bool = False
    size: Size | None = None  # computeConfiguration
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFileSystem:
    """One of ``fileSystemLocations``."""

    identifier: str
    location: str  # "fs-0123.efs.eu-west-1.amazonaws.com:/directory"
    mount_point: str  # absolute


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectBatch:
    """``buildBatchConfig``."""

    service_role: str = ""
    combine_artifacts: bool = False
    maximum_builds: int | None = None
    compute_types_allowed: tuple[str, ...] = ()  # () allows all
    fleets_allowed: tuple[str, ...] = ()  # () allows all
    timeout: timedelta = timedelta(minutes=480)  # 5–2160 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCache:
    """``cache``."""

    type: str = "NO_CACHE"
    location: str = ""
    namespace: str = ""  # cacheNamespace
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportGroup:
    """An entry of ``reportGroups``."""

    name: str  # the whole one: "<project>-<name in the buildspec>"
    bucket: str = ""  # "": raw data is not exported
    path: str = ""  # below the bucket
    packaging: str = "NONE"  # "NONE", "ZIP"
    node: Node | None = field(default=None, repr=False, compare=False)  # for the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A build project. ``configured`` False: ``cicd.yml`` has none, and these are defaults."""

    name: str
    configured: bool = True
    source: ProjectSource = field(default_factory=ProjectSource)
    secondary_sources: tuple[ProjectSource, ...] = ()
    environment: ProjectEnvironment = field(default_factory=ProjectEnvironment)
    artifacts: ProjectArtifacts = field(default_factory=ProjectArtifacts)
    secondary_artifacts: tuple[ProjectArtifacts, ...] = ()
    cache: ProjectCache = field(default_factory=ProjectCache)
    service_role: str = ""
    encryption_key: str = ""  # a KMS key's ARN, or alias/…; "": that of S3
    vpc_id: str = ""
    file_systems: tuple[ProjectFileSystem, ...] = ()
    timeout: timedelta = timedelta(minutes=60)  # 5–2160 minutes
    queued_timeout: timedelta = timedelta(minutes=480)  # 5–480 minutes
    auto_retry_limit: int = 0  # 0–10 builds more after one that failed
    webhook: Webhook | None = None
    node: Node | None = field(default=None, repr=False, compare=False)  # for the ledger
    concurrent_build_limit: int | None = None
    batch: ProjectBatch = field(default_factory=ProjectBatch)
    report_groups: tuple[ReportGroup, ...] = ()  # of all of cicd.yml, by whole names


ENVIRONMENT_TYPES = (
    "LINUX_CONTAINER",
    "ARM_CONTAINER",
    "LINUX_GPU_CONTAINER",
    "WINDOWS_CONTAINER",
    "WINDOWS_SERVER_2019_CONTAINER",
    "WINDOWS_SERVER_2022_CONTAINER",
    "LINUX_LAMBDA_CONTAINER",
    "ARM_LAMBDA_CONTAINER",
    "LINUX_EC2",
    "ARM_EC2",
    "WINDOWS_EC2",
    "MAC_ARM",
)
SOURCE_TYPES = (
    "CODECOMMIT",
    "CODEPIPELINE",
    "GITHUB",
    "GITLAB",
    "GITLAB_SELF_MANAGED",
    "S3",
    "BITBUCKET",
    "GITHUB_ENTERPRISE",
    "NO_SOURCE",
)
CACHE_TYPES = ("NO_CACHE", "S3", "LOCAL")
CACHE_MODES = ("LOCAL_DOCKER_LAYER_CACHE", "LOCAL_SOURCE_CACHE", "LOCAL_CUSTOM_CACHE")
ARTIFACTS_TYPES = ("CODEPIPELINE", "S3", "NO_ARTIFACTS")


def default_project(name: str) -> Project:
    """Give the project that serves where ``cicd.yml`` has none: artifacts as plain files."""
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") or "project"
    clean = clean if len(clean) > 1 else f"{clean}-project"
    return Project(
        name=clean[:150],
        configured=False,
        artifacts=ProjectArtifacts(type="S3", name="/"),
    )
