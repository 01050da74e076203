"""A project of ``cicd.yml``, read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.build.compute.reader import check_compute_type, check_kind, file_systems, size_in, vpc_id
from cicd.build.environment_variable import Variable, VariableType
from cicd.build.project import (
    ARTIFACTS_TYPES,
    CACHE_MODES,
    CACHE_TYPES,
    DEFAULT_IMAGE,
    ENVIRONMENT_TYPES,
    SOURCE_TYPES,
    Project,
    ProjectArtifacts,
    ProjectBatch,
    ProjectCache,
    ProjectEnvironment,
    ProjectSource,
)
from cicd.build.project_fits import check_fits
from cicd.build.project_limits import check_limits
from cicd.build.variables import check_name
from cicd.build.webhook import read_webhook
from cicd.document.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Node
    from cicd.document.position import Source
    from cicd.document.problem import Problems

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,254}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")

# What ``batch-get-projects`` prints and a build here has no use for.
_READ_ONLY = [
    "arn",
    "badge",
    "badgeEnabled",
    "created",
    "description",
    "lastModified",
    "logsConfig",
    "projectVisibility",
    "publicProjectAlias",
    "resourceAccessRole",
    "tags",
]
_SOURCE_ONLY = [
    "auth",
    "buildStatusConfig",
    "gitCloneDepth",
    "gitSubmodulesConfig",
    "insecureSsl",
    "reportBuildStatus",
]
_ARTIFACTS_ONLY = ["bucketOwnerAccess", "encryptionDisabled", "location"]
_ENVIRONMENT_ONLY = [
    "certificate",
    "dockerServer",
    "fleet",
    "hostKernel",
    "imagePullCredentialsType",
    "registryCredential",
]


def _role(fields: Fields) -> str:
    if "serviceRole" in fields:
        from cicd.document.role_arn import check_role

        role = fields.node("serviceRole")
        check_role(role, "build/role-arn", fields.problems, name_will_do=True)
    return fields.text("serviceRole")


def read_project(node: Node, problems: Problems) -> Project:
    """
    Read a project as ``cicd.yml`` holds it: the create call's shape, or what batch-get prints.

    Source: CodeBuild API Reference, "Project"; quotas of the user guide.
    """
    fields = Fields(node, problems, room="build", what="the project")
    name = fields.required_text("name")
    if name and not _NAME.fullmatch(name):
        problems.error(
            "build/project-name",
            f"'{name}' cannot name a project",
            fields.span("name"),
            note="2 to 255 letters, digits, '-' and '_', the first a letter or a digit",
        )
    source = fields.mapping("source")
    artifacts = fields.mapping("artifacts")
    environment = fields.mapping("environment")
    versions = {
        inner.text("sourceIdentifier"): inner.text("sourceVersion")
        for item in fields.sequence("secondarySourceVersions")
        for inner in (fields.inner(item, what="an entry of secondarySourceVersions"),)
    }
    batch = fields.mapping("buildBatchConfig")
    cache = fields.mapping("cache")
    webhook = fields.mapping("webhook")
    project = Project(
        name=name,
        source=_source(source, fields.text("sourceVersion")) if source else ProjectSource(),
        secondary_sources=tuple(
            _secondary_source(fields.inner(item, what="an entry of secondarySources"), versions)
            for item in fields.sequence("secondarySources")
        ),
        environment=_environment(environment) if environment else ProjectEnvironment(),
        artifacts=_artifacts(artifacts, name) if artifacts else ProjectArtifacts(name=name),
        secondary_artifacts=tuple(
            _secondary_artifacts(fields.inner(item, what="an entry of secondaryArtifacts"))
            for item in fields.sequence("secondaryArtifacts")
        ),
        cache=_cache(cache) if cache else ProjectCache(),
        service_role=_role(fields),
        encryption_key=fields.text("encryptionKey"),
        vpc_id=vpc_id(fields.mapping("vpcConfig")),
        file_systems=file_systems(fields),
        timeout=timedelta(minutes=fields.integer("timeoutInMinutes", 60, minimum=5, maximum=2160)),
        queued_timeout=timedelta(
            minutes=fields.integer("queuedTimeoutInMinutes", 480, minimum=5, maximum=480)
        ),
        auto_retry_limit=fields.integer("autoRetryLimit", 0, minimum=0, maximum=10),
        webhook=read_webhook(webhook) if webhook is not None else None,
        node=node,
        concurrent_build_limit=fields.integer("concurrentBuildLimit", minimum=1),
        batch=_batch(batch) if batch else ProjectBatch(),
    )
    _ignore(fields, _READ_ONLY)
    check_limits(node, problems)
    check_fits(node, problems)
    return project


def _source(fields: Fields, version: str) -> ProjectSource:
    source = ProjectSource(
        type=fields.choice("type", SOURCE_TYPES, default="NO_SOURCE"),
        location=fields.text("location"),
        identifier=fields.text("sourceIdentifier"),
        buildspec=fields.text("buildspec"),
        version=version,
        document=_inline(fields.node("buildspec")),
    )
    _ignore(fields, _SOURCE_ONLY)
    return source


def _inline(buildspec: Node | None) -> Source | None:
    """Find the lines of a buildspec that is written here; ``None`` for a path."""
    if buildspec is None or "\n" not in buildspec.text:
        return None
    from cicd.document.embedded import document_of

    return document_of(buildspec)


def _secondary_source(fields: Fields, versions: Mapping[str, str]) -> ProjectSource:
    _check_identifier(fields, "sourceIdentifier")
    return _source(fields, versions.get(fields.text("sourceIdentifier"), ""))


def _environment(fields: Fields) -> ProjectEnvironment:
    environment = ProjectEnvironment(
        type=fields.choice("type", ENVIRONMENT_TYPES, default="LINUX_CONTAINER"),
        image=fields.text("image", DEFAULT_IMAGE),
        compute_type=fields.text("computeType", "BUILD_GENERAL1_SMALL"),
        privileged=fields.flag("privilegedMode", default=False),
        size=size_in(fields.mapping("computeConfiguration")),
        variables=tuple(
            _variable(fields.inner(item, what="an entry of environmentVariables"))
            for item in fields.sequence("environmentVariables")
        ),
    )
    check_kind(fields, environment.type)
    if "fleet" not in fields:
        check_compute_type(fields.node("computeType"), environment.type, fields.problems)
    _ignore(fields, _ENVIRONMENT_ONLY)
    return environment


def _variable(fields: Fields) -> Variable:
    name = fields.required_text("name")
    if name:
        check_name(name, fields.span("name"), fields.problems)
    variable = Variable(
        name=name,
        value=fields.text("value"),
        type=fields.choice("type", VariableType, default=VariableType.PLAINTEXT),
    )
    fields.unknown()
    return variable


def _artifacts(fields: Fields, project: str) -> ProjectArtifacts:
    artifacts = ProjectArtifacts(
        type=fields.choice("type", ARTIFACTS_TYPES, default="NO_ARTIFACTS"),
        identifier=fields.text("artifactIdentifier"),
        name=fields.text("name") or project,
        path=fields.text("path"),
        namespace_type=fields.choice("namespaceType", ("NONE", "BUILD_ID"), default="NONE"),
        packaging=fields.choice("packaging", ("NONE", "ZIP"), default="NONE"),
        override_artifact_name=fields.flag("overrideArtifactName", default=False),
    )
    _ignore(fields, _ARTIFACTS_ONLY)
    return artifacts


def _cache(fields: Fields) -> ProjectCache:
    modes = fields.texts("modes")
    for mode in modes:
        if mode.text not in CACHE_MODES:
            fields.problems.error(
                "build/cache-mode",
                f"'{mode.text}' is not a mode of a local cache",
                mode.span,
                hint=f"the modes are {', '.join(CACHE_MODES)}",
            )
    cache = ProjectCache(
        type=fields.choice("type", CACHE_TYPES, default="NO_CACHE"),
        location=fields.text("location"),
        namespace=fields.text("cacheNamespace"),
        modes=tuple(mode.text for mode in modes),
    )
    fields.unknown()
    return cache


def _secondary_artifacts(fields: Fields) -> ProjectArtifacts:
    _check_identifier(fields, "artifactIdentifier")
    return _artifacts(fields, fields.text("artifactIdentifier"))


def _batch(fields: Fields) -> ProjectBatch:
    restrictions = fields.mapping("restrictions")
    maximum: int | None = None
    compute_types: tuple[str, ...] = ()
    fleets: tuple[str, ...] = ()
    if restrictions is not None:
        maximum = restrictions.integer("maximumBuildsAllowed", minimum=1, maximum=100)
        compute_types = tuple(n.text for n in restrictions.texts("computeTypesAllowed"))
        fleets = tuple(n.text for n in restrictions.texts("fleetsAllowed"))
        restrictions.unknown()
    batch = ProjectBatch(
        service_role=_role(fields),
        combine_artifacts=fields.flag("combineArtifacts", default=False),
        maximum_builds=maximum,
        compute_types_allowed=compute_types,
        fleets_allowed=fleets,
        timeout=timedelta(minutes=fields.integer("timeoutInMins", 480, minimum=5, maximum=2160)),
    )
    _ignore(fields, ["batchReportMode"])
    return batch


def _check_identifier(fields: Fields, key: str) -> None:
    identifier = fields.required_text(key)
    if identifier and not _IDENTIFIER.fullmatch(identifier):
        fields.problems.error(
            "build/identifier",
            f"'{identifier}' is not an identifier",
            fields.span(key),
            hint="use letters, digits and underscores, 127 at most",
        )


def _ignore(fields: Fields, keys: list[str]) -> None:
    for key in keys:
        fields.node(key)
    fields.unknown()
