"""Environment variables: their layers, and what the service adds. Pure."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from cicd.build.environment_variable import Variable, VariableType
from cicd.build.request import FILE_SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cicd.build.plan import BuildPlan
    from cicd.build.spec import EnvironmentVariable
    from cicd.document.position import Span
    from cicd.document.problem import Problems

_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED_PREFIX = "CODEBUILD_"
# Two switches of report auto-discovery are the user's own.
SWITCHES = frozenset({"CODEBUILD_CONFIG_AUTO_DISCOVER", "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR"})
# Among the three sections of one buildspec: the local rule, since the guide is silent.
_STRENGTH = (
    VariableType.PLAINTEXT,
    VariableType.PARAMETER_STORE,
    VariableType.SECRETS_MANAGER,
)


def is_reserved(name: str) -> bool:
    """Tell whether users may not set a variable, since the service does."""
    return name.startswith(RESERVED_PREFIX) and name not in SWITCHES


def is_shell_name(name: str) -> bool:
    """Tell whether a shell can have a variable of this name, and so pass it on to a command."""
    return _SHELL_NAME.fullmatch(name) is not None


def check_name(name: str, span: Span, problems: Problems) -> None:
    """Note a name that commands do not get, or not with the user's value."""
    if is_reserved(name):
        problems.warning(
            "build/reserved-variable",
            f"'{name}' is set by CodeBuild, so this value is not used",
            span,
            hint="choose a name that does not begin with CODEBUILD_",
        )
    elif not is_shell_name(name):
        problems.warning(
            "build/variable-name",
            f"a shell has no variable '{name}', so no command gets it",
            span,
            hint="use letters, digits and underscores, and no digit first",
        )


def layered(
    buildspec: Iterable[EnvironmentVariable],
    project: Iterable[Variable],
    overrides: Iterable[Variable],
) -> tuple[Variable, ...]:
    """
    Give each name once: start override, else project, else buildspec.

    An override replaces value and type, so that a secret it replaces is not looked up.
    Reserved names are left out: the built-in wins.

    Source: user guide, "Environment variables in build environments".
    """
    chosen: dict[str, Variable] = {}
    for variable in sorted(buildspec, key=lambda v: _STRENGTH.index(v.type)):
        chosen[variable.name] = Variable(
            name=variable.name, value=variable.value, type=variable.type
        )
    for given in (*project, *overrides):
        chosen[given.name] = given
    return tuple(v for v in chosen.values() if not is_reserved(v.name))


def built_in(plan: BuildPlan, places: Mapping[str, str], started: datetime) -> dict[str, str]:
    """
    Give the variables that the service sets, all but CODEBUILD_BUILD_SUCCEEDING.

    Not AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: nothing answers there, and a client that is sent
    to it breaks where one without credentials would go on.

    Args:
        plan: The build.
        places: Where the sources are in the session: "src", "src_<identifier>".
        started: When the build began.

    Source: user guide, "Environment variables in build environments".
    """
    values = {
        "AWS_DEFAULT_REGION": plan.region,
        "AWS_REGION": plan.region,
        "CODEBUILD_BUILD_ARN": plan.arn,
        "CODEBUILD_BUILD_ID": plan.build_id,
        "CODEBUILD_BUILD_IMAGE": plan.build_image,
        "CODEBUILD_BUILD_NUMBER": str(plan.number),
        "CODEBUILD_BUILD_URL": build_url(plan),
        "CODEBUILD_INITIATOR": plan.initiator,
        "CODEBUILD_KMS_KEY_ID": plan.kms_key,
        "CODEBUILD_LOG_PATH": plan.uuid,
        "CODEBUILD_PROJECT_ARN": plan.project_arn,
        "CODEBUILD_START_TIME": str(int(started.timestamp() * 1000)),
        **dict(plan.webhook),
    }
    if plan.batch_identifier:
        values["CODEBUILD_BATCH_BUILD_IDENTIFIER"] = plan.batch_identifier
    if plan.shards:
        # Ours: how the service tells codebuild-tests-run is not documented.
        values["CICD_FANOUT_SHARD"] = str(plan.shard)
        values["CICD_FANOUT_PARALLELISM"] = str(plan.shards)
    for source in plan.sources:
        suffix = f"_{source.identifier}" if source.identifier else ""
        values[f"CODEBUILD_SRC_DIR{suffix}"] = places[f"src{suffix}"]
        in_bucket = source.type == "S3"
        bare = in_bucket and source.location and "://" not in source.location
        values[f"CODEBUILD_SOURCE_REPO_URL{suffix}"] = f"{'s3://' * bool(bare)}{source.location}"
        values[f"CODEBUILD_SOURCE_VERSION{suffix}"] = source.version
        if not suffix and not in_bucket and source.resolved_version:
            values["CODEBUILD_RESOLVED_SOURCE_VERSION"] = source.resolved_version
    for file_system in plan.place.file_systems:
        identifier = file_system.identifier
        values[f"{RESERVED_PREFIX}{identifier.upper()}"] = places[f"{FILE_SYSTEM}{identifier}"]
    return values


def build_url(plan: BuildPlan) -> str:
    """Give the address of the build's page in the service's console."""
    token = base64.b64encode(plan.build_id.encode()).decode()
    return (
        f"https://{plan.region}.console.aws.amazon.com/codebuild/home"
        f"?region={plan.region}#/builds/{token}/view/new"
    )


# On the service the sources belong to root, who runs the commands. Here they belong to whoever
# started the build, and git would refuse to work in them.
GIT_TRUST = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
