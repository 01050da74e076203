"""How much a project may have of each thing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.project_fits import at
from cicd.document.node import NodeKind

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

# Entries of a list, or characters of a text. Source: CodeBuild API Reference, "Project",
# "VpcConfig"; quotas of the user guide.
LIMITS = (
    (("description",), 255),
    (("tags",), 50),
    (("secondarySources",), 12),
    (("secondaryArtifacts",), 12),
    (("vpcConfig", "subnets"), 16),
    (("vpcConfig", "securityGroupIds"), 5),
)


def check_limits(project: Node, problems: Problems) -> None:
    """Note what a project that is read already has too much of."""
    for path, limit in LIMITS:
        found = at(project, *path)
        if found is None:
            continue
        is_text = found.kind is NodeKind.SCALAR
        count = len(found.text) if is_text else len(found.items)
        if count > limit:
            what = "characters" if is_text else "entries"
            problems.warning(
                "build/project-limit",
                f"'{path[-1]}' has {count} {what}, and {limit} at most",
                found.span,
                hint="the service refuses such a project",
            )
