"""What must hold for an AppSpec beyond its grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.appspec.reader import read_appspec
from cicd.deploy.rules import paths, permissions, server
from cicd.deploy.rules.keys import check_keys
from cicd.deploy.rules.scalars import check_scalars
from cicd.deploy.rules.services import check_service_appspec
from cicd.deploy.spec import ComputePlatform, compute_platform
from cicd.document.rules import run_rules
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from cicd.deploy.spec import AppSpec
    from cicd.document.node import Node
    from cicd.document.problem import Problems

RULES: Final = (
    server.event_timeout,
    server.never_run,
    server.script_arguments,
    server.destination_directory,
    server.relative_destination,
    server.no_files,
    server.sudo_environment,
    server.lost_setuid,
    server.closed_directory,
    paths.no_pattern,
    paths.literal_path,
    paths.outside_revision,
    paths.same_file,
    paths.permission_twice,
    permissions.permission_nowhere,
    permissions.permission_pattern,
    permissions.default_acl,
)


def check_appspec(node: Node, problems: Problems) -> AppSpec | None:
    """
    Read an AppSpec and run every rule; None for one of ECS or Lambda, which is only checked.

    Being for another platform is no error of the document: see ``refuse_platform``.
    """
    platform = compute_platform(node)
    if platform is not ComputePlatform.SERVER:
        check_service_appspec(node, platform, problems)
        return None
    spec = read_appspec(node, problems)
    check_keys(node, problems)
    check_scalars(node, problems)
    run_rules(RULES, spec, problems)
    return spec


def refuse_platform(node: Node) -> None:
    """Raise ``Unavailable`` for an AppSpec of ECS, where the group is for servers."""
    if compute_platform(node) is ComputePlatform.ECS:
        raise Unavailable(
            f"'{node.span.source.name}' is for ECS, and the group is for servers",
            hint="name a group with 'ecsServices': 'cicd deploy --group', see docs/services.md",
        )
