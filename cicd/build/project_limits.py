"""How much a project may have of each thing, and what does not go together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
LAMBDA_MINUTES = 15  # Source: user guide, "Limitations of AWS Lambda compute"
_NO_BADGE = ("S3", "CODEPIPELINE")


def check_limits(project: Node, problems: Problems) -> None:
    """Note what the service would not take of a project that is read already."""
    for path, limit in LIMITS:
        found = _at(project, *path)
        if found is None:
            continue
        is_text = found.kind is NodeKind.SCALAR
        count = len(found.text) if is_text else len(found.items)
        if count > limit:
            what = "characters" if is_text else "entries"
            _note(problems, f"'{path[-1]}' has {count} {what}, and {limit} at most", found)
    kind = _at(project, "source", "type")
    badge = _at(project, "badgeEnabled")
    if badge is not None and kind is not None and badge.text == "true" and kind.text in _NO_BADGE:
        _note(problems, f"a project whose source is {kind.text} has no badge", badge)
    environment = _at(project, "environment", "type")
    minutes = _at(project, "timeoutInMinutes")
    if environment is None or "LAMBDA" not in environment.text:
        return
    if minutes is not None and minutes.text.isdecimal() and int(minutes.text) > LAMBDA_MINUTES:
        _note(problems, f"a build on Lambda has {LAMBDA_MINUTES} minutes at most", minutes)
    for other in (("vpcConfig",), ("fileSystemLocations",), ("environment", "privilegedMode")):
        found = _at(project, *other)
        if found is not None and (found.items or found.entries or found.text == "true"):
            _note(problems, f"a project on Lambda has no '{other[-1]}'", found)


def _at(node: Node, *path: str) -> Node | None:
    for name in path:
        if name not in node.entries:
            return None
        node = node.entries[name].value
    return node


def _note(problems: Problems, message: str, node: Node) -> None:
    problems.warning(
        "build/project-limit", message, node.span, hint="the service refuses such a project"
    )
