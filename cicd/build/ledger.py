"""The ledger of a build: which keys of its documents have no effect here, or another. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cicd.build.compute.kinds import Size, size_of
from cicd.build.ledger_entry import Effect, LedgerEntry
from cicd.build.project import Project
from cicd.build.request import RUNNERS_WITHOUT_IMAGES
from cicd.build.webhook import UNKNOWN_HERE
from cicd.document.node import Node, NodeKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cicd.document.position import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rows may ask beside the key's own value."""

    project: Project | None  # None: a buildspec is looked at alone
    runner: str | None  # None: nobody builds
    docker: str | None = None  # "socket", "nested": the setting, as far as it is known

    @property
    def has_image(self) -> bool:
        """Whether commands run in an image, as far as that is known."""
        return self.runner not in RUNNERS_WITHOUT_IMAGES


def _written(node: Node, _: Facts) -> bool:
    """Tell that a value is there, and not the one that stands for nothing."""
    if node.kind is not NodeKind.SCALAR:
        return bool(node.items or node.entries)
    return not node.is_null and node.text.casefold() not in {"", "no", "false", "off", "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of key; ``*`` in its path is any name or any entry of a list."""

    path: tuple[str, ...]
    effect: Effect
    why: str
    when: Callable[[Node, Facts], bool] = _written


def _none(path: str, why: str, when: Callable[[Node, Facts], bool] = _written) -> Row:
    return Row(path=tuple(path.split(".")), effect=Effect.NONE, why=why, when=when)


def _other(path: str, why: str, when: Callable[[Node, Facts], bool] = _written) -> Row:
    return Row(path=tuple(path.split(".")), effect=Effect.APPROXIMATED, why=why, when=when)


def _no_artifacts(node: Node, facts: Facts) -> bool:
    wanted = facts.project.artifacts.type if facts.project else ""
    return wanted == "NO_ARTIFACTS" and _written(node, facts)


def _name_not_taken(node: Node, facts: Facts) -> bool:
    project = facts.project
    if project is None or project.artifacts.type == "NO_ARTIFACTS":
        return False
    return not project.artifacts.override_artifact_name and _written(node, facts)


def _no_cache(node: Node, facts: Facts) -> bool:
    off = facts.project is not None and facts.project.cache.type == "NO_CACHE"
    return off and _written(node, facts)


def _no_exports(node: Node, facts: Facts) -> bool:
    groups = facts.project.report_groups if facts.project is not None else ()
    return not any(group.bucket for group in groups) and _written(node, facts)


def _no_image(node: Node, facts: Facts) -> bool:
    return not facts.has_image and _written(node, facts)


def _has_image(node: Node, facts: Facts) -> bool:
    return facts.has_image and _written(node, facts)


def _no_size(node: Node, facts: Facts) -> bool:
    """Tell that nobody knows how large a machine of this kind is."""
    known = any(size_of(node.text, kind) != Size() for kind in ("LINUX_CONTAINER", "ARM"))
    return not known and _has_image(node, facts)


def _keeps_layers(node: Node, facts: Facts) -> bool:
    return node.text == "LOCAL_DOCKER_LAYER_CACHE" and facts.docker != "nested"


def _no_engine(node: Node, facts: Facts) -> bool:
    """Tell that layers are to be kept of an engine that the build does not have."""
    if node.text != "LOCAL_DOCKER_LAYER_CACHE" or facts.project is None:
        return False
    return not facts.has_image or not facts.project.environment.privileged


def _lambda(node: Node, _: Facts) -> bool:
    return "LAMBDA" in node.text


def _machine(node: Node, _: Facts) -> bool:
    return node.text.endswith("_EC2")


def _elsewhere(node: Node, facts: Facts) -> bool:
    """Tell that sources come from a place that is not looked at."""
    return node.text not in {"NO_SOURCE", "CODEPIPELINE"} and _written(node, facts)


_HERE = "the source is a directory of this machine"
_FETCHED = "it is a directory of this machine, or fetched by git from its location"
_ONLY_FETCHED = "it is checked out where the source is fetched; a directory is taken as it is"
_STAYS = "artifacts stay on this machine"
_NO_IMAGE = "this runner has no images: the tools are those of this machine"
_NO_LIMITS = "this runner limits nothing"
_NO_FLEETS = "there are no fleets: a build runs on this machine"
_NO_SIZE = "no size is known for it, so nothing is limited"
_LAMBDA_WORDS = "it is an ordinary container: its own limits do not hold"
_MACHINE_WORDS = "it is a container, not a machine of its own"
_NOT_CHECKED_OUT = (
    "the source is taken as it is here: only the build's variables say this version; "
    "--source-version builds one"
)

# What stands below each of these may differ from one build of a batch to the next.
_BATCH_ENTRIES = (
    "batch.build-list.*.env",
    "batch.build-graph.*.env",
    "batch.build-matrix.static.env",
)

BUILDSPEC_ROWS = (
    _none("proxy.upload-artifacts", _STAYS),
    _none("proxy.logs", "logs are files of this machine"),
    _other(
        "env.git-credential-helper",
        "git asks the helpers of its own configuration; CodeBuild's needs a service role",
    ),
    _none("phases.install.runtime-versions.*", _NO_IMAGE, _no_image),
    _none("artifacts", "the project makes NO_ARTIFACTS", _no_artifacts),
    _none("artifacts.name", "the project's overrideArtifactName is off", _name_not_taken),
    _none("cache", "the project's cache is NO_CACHE", _no_cache),
    _none("reports.*.discard-paths", "no report group exports raw data", _no_exports),
    *(
        row
        for entry in _BATCH_ENTRIES
        for row in (
            _none(f"{entry}.compute-type", _NO_LIMITS, _no_image),
            _other(f"{entry}.compute-type", _NO_SIZE, _no_size),
            _none(f"{entry}.fleet", _NO_FLEETS),
            _none(f"{entry}.image", _NO_IMAGE, _no_image),
            _none(f"{entry}.privileged-mode", _NO_IMAGE, _no_image),
            _other(f"{entry}.type", _LAMBDA_WORDS, _lambda),
            _other(f"{entry}.type", _MACHINE_WORDS, _machine),
        )
    ),
    _none("batch.build-matrix.dynamic.env.compute-type.*", _NO_LIMITS, _no_image),
    _other("batch.build-matrix.dynamic.env.compute-type.*", _NO_SIZE, _no_size),
    _none("batch.build-matrix.dynamic.env.image", _NO_IMAGE, _no_image),
)

PROJECT_ROWS = (
    _other("source.type", _HERE, _elsewhere),
    _other(
        "source.type",
        "commands see this directory; on the service they would see none",
        lambda node, _: node.text == "NO_SOURCE",
    ),
    _other("sourceVersion", _NOT_CHECKED_OUT),
    _other("secondarySourceVersions.*.sourceVersion", _ONLY_FETCHED),
    _other("secondarySources.*.type", _FETCHED, _elsewhere),
    _none("source.auth", _HERE),
    _none("source.gitCloneDepth", _HERE),
    _none("source.gitSubmodulesConfig.fetchSubmodules", _HERE),
    _none("source.insecureSsl", _HERE),
    _none("source.reportBuildStatus", "nobody is told of a build's status"),
    _none("source.buildStatusConfig", "nobody is told of a build's status"),
    _other("secondarySources.*.auth", "git has your own credentials"),
    _none("secondarySources.*.gitCloneDepth", "a source has its whole history"),
    _none(
        "secondarySources.*.gitSubmodulesConfig.fetchSubmodules",
        "submodules are those that the directory has; a fetched source has none",
    ),
    _none("secondarySources.*.insecureSsl", "git asks its own configuration"),
    _none("secondarySources.*.reportBuildStatus", "nobody is told of a build's status"),
    _none("secondarySources.*.buildStatusConfig", "nobody is told of a build's status"),
    _none("environment.image", _NO_IMAGE, _no_image),
    _none("environment.privilegedMode", _NO_IMAGE, _no_image),
    _other("environment.type", _LAMBDA_WORDS, _lambda),
    _other("environment.type", _MACHINE_WORDS, _machine),
    _none("environment.computeType", _NO_LIMITS, _no_image),
    _other("environment.computeType", _NO_SIZE, _no_size),
    _none("environment.computeConfiguration", _NO_LIMITS, _no_image),
    _none("environment.computeConfiguration.disk", "disks are not limited", _has_image),
    _none("environment.computeConfiguration.machineType", _NO_FLEETS, _has_image),
    _none("environment.computeConfiguration.instanceType", _NO_FLEETS, _has_image),
    _none("environment.fleet", _NO_FLEETS),
    _none("environment.certificate", "no certificate is installed"),
    _other("environment.registryCredential", "images are pulled with docker's own credentials"),
    _other(
        "environment.imagePullCredentialsType", "images are pulled with docker's own credentials"
    ),
    _none("environment.dockerServer", "there is no docker server beside the build"),
    _none("environment.hostKernel", "the kernel is that of this machine"),
    _none("artifacts.location", _STAYS),
    _none("artifacts.encryptionDisabled", _STAYS),
    _none("artifacts.bucketOwnerAccess", _STAYS),
    _none("secondaryArtifacts.*.location", _STAYS),
    _none("secondaryArtifacts.*.encryptionDisabled", _STAYS),
    _none("secondaryArtifacts.*.bucketOwnerAccess", _STAYS),
    _none("serviceRole", "commands have the credentials that you give the build"),
    _other("encryptionKey", "artifacts stay here: only the build's variables say this key"),
    _other("queuedTimeoutInMinutes", "builds wait only if the setting builds limits them"),
    _none("vpcConfig", "this runner has no networks of its own", _no_image),
    _other("vpcConfig.vpcId", "it is a network of the Docker engine", _has_image),
    _none("vpcConfig.subnets", "a network of the Docker engine has none", _has_image),
    _none("vpcConfig.securityGroupIds", "a network of the Docker engine has none", _has_image),
    _other("fileSystemLocations.*.location", "it is a directory of this machine"),
    _none("fileSystemLocations.*.mountOptions", "a directory of this machine is mounted as it is"),
    _none("logsConfig", "logs are files of this machine"),
    _other("badgeEnabled", "nobody serves it: cicd builds badge draws it"),
    _other("cache.type", "it is kept on this machine", lambda node, _: node.text == "S3"),
    _none(
        "cache.modes.*",
        "sources are here already, and what git fetches is kept in any case",
        lambda node, _: node.text == "LOCAL_SOURCE_CACHE",
    ),
    _none("cache.modes.*", "builds have no engine: privilegedMode is off", _no_engine),
    _other(
        "cache.modes.*",
        'layers are those of this machine\'s engine; of each project with docker = "nested"',
        lambda node, facts: _keeps_layers(node, facts) and not _no_engine(node, facts),
    ),
    *(
        _none(f"webhook.{key}", "nobody calls in: cicd build --event says what happened")
        for key in ("secret", "rotateSecret", "manualCreation")
    ),
    _none("webhook.scopeConfiguration", "a webhook is of this repository"),
    _none("webhook.pullRequestBuildPolicy", "nobody is asked for approval"),
    _other(
        "webhook.filterGroups.*.*.type",
        "nothing here says what it compares: the filter holds",
        lambda node, _: node.text in UNKNOWN_HERE,
    ),
    _none("projectVisibility", "builds are seen on this machine only"),
    _none("resourceAccessRole", "builds are seen on this machine only"),
    _none("buildBatchConfig.serviceRole", "commands have the credentials that you give the build"),
    _none("buildBatchConfig.batchReportMode", "nobody is told of a build's status"),
)


_EXPORT = "exportConfig.s3Destination"
GROUP_ROWS = (
    _other(f"{_EXPORT}.bucket", "it is a directory of this machine, below .cicd/exports"),
    _none(f"{_EXPORT}.bucketOwner", _STAYS),
    _none(f"{_EXPORT}.encryptionDisabled", _STAYS),
    _none(f"{_EXPORT}.encryptionKey", _STAYS),
)


def ledger(
    buildspec: Node | None, project_node: Node | None, facts: Facts
) -> tuple[LedgerEntry, ...]:
    """
    Give the entries of a buildspec and a project, each in the order of its document.

    Behind them those of the report groups that a build of the project may fill.
    """
    groups = facts.project.report_groups if facts.project is not None else ()
    found = [
        *_entries(buildspec, BUILDSPEC_ROWS, facts),
        *_entries(project_node, PROJECT_ROWS, facts),
        *(each for group in groups for each in _entries(group.node, GROUP_ROWS, facts)),
    ]
    return tuple(entry for _, entry in found)


def _entries(
    node: Node | None, rows: Iterable[Row], facts: Facts
) -> list[tuple[tuple[int, int], LedgerEntry]]:
    if node is None:
        return []
    found = [
        (
            (span.line, span.column),
            LedgerEntry(where=str(span), key=".".join(names), effect=row.effect, why=row.why),
        )
        for row in rows
        for names, span, value in _at(node, row.path, ())
        if row.when(value, facts)
    ]
    return sorted(found, key=lambda each: each[0])


def _at(
    node: Node, path: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Span, Node]]:
    """Walk to every key that a path means."""
    name, *rest = path
    for number, item in enumerate(node.items if name == "*" else (), start=1):
        if rest:
            yield from _at(item, tuple(rest), (*above, str(number)))
        else:
            yield (*above, str(number)), item.span, item
    for key, entry in node.entries.items():
        if name not in ("*", key):
            continue
        if rest:
            yield from _at(entry.value, tuple(rest), (*above, key))
        else:
            yield (*above, key), entry.key_span, entry.value
