"""What does not go together in a project, or is no value of the service. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.document.problem import Problems

LAMBDA_MINUTES = 15
_NO_BADGE = ("S3", "CODEPIPELINE")
# Source: user guide, "Limitations of AWS Lambda compute".
_NOT_ON_LAMBDA = (
    ("vpcConfig",),
    ("fileSystemLocations",),
    ("environment", "privilegedMode"),
    ("environment", "certificate"),
    ("badgeEnabled",),
)
_REFUSED = "the service refuses such a project"
_NO_CACHE = "builds there find nothing of those before them"


def check_fits(project: Node, problems: Problems) -> None:
    """
    Note what the service would not take, or not carry out, of a project that is read already.

    Source: CodeBuild API Reference, "CreateProject", "ProjectArtifacts", "ProjectEnvironment";
    user guide, "Build environment compute modes and types", "Caching builds in CodePipeline".
    """
    for message, node, hint in (
        *_artifacts(project),
        *_twice(project, "secondarySources", "sourceIdentifier"),
        *_twice(project, "secondaryArtifacts", "artifactIdentifier"),
        *_environment(project),
        *_lambda(project),
        *_cache(project),
    ):
        problems.warning("build/project-limit", message, node.span, hint=hint)


_Found = tuple[str, "Node", str]


def _artifacts(project: Node) -> Iterator[_Found]:
    badge = at(project, "badgeEnabled")
    kind = text_at(project, "source", "type")
    if badge is not None and _is_on(badge) and kind in _NO_BADGE:
        yield f"a project whose source is {kind} has no badge", badge, _REFUSED
    secondary = at(project, "secondaryArtifacts")
    for made in secondary.items if secondary is not None else ():
        found = at(made, "type")
        if found is not None and found.text == "CODEPIPELINE":
            yield "a secondary artifact is of type S3, not CODEPIPELINE", found, _REFUSED
    first = at(project, "artifacts")
    for made in (*([first] if first is not None else ()), *(secondary.items if secondary else ())):
        plain, kind = at(made, "encryptionDisabled"), text_at(made, "type")
        if plain is not None and _is_on(plain) and kind not in ("", "S3"):
            yield f"'encryptionDisabled' is for artifacts of type S3, not {kind}", plain, _REFUSED


def _twice(project: Node, section: str, key: str) -> Iterator[_Found]:
    seen: set[str] = set()
    entries = at(project, section)
    for entry in entries.items if entries is not None else ():
        found = at(entry, key)
        if found is None or found.tag:
            continue
        if found.text in seen:
            yield f"'{found.text}' names another entry of '{section}', too", found, _REFUSED
        seen.add(found.text)


def _environment(project: Node) -> Iterator[_Found]:
    credential = at(project, "environment", "registryCredential")
    pulls = text_at(project, "environment", "imagePullCredentialsType") or "CODEBUILD"
    if credential is not None and credential.entries and pulls == "CODEBUILD":
        message = "'registryCredential' is used with imagePullCredentialsType SERVICE_ROLE only"
        yield message, credential, _REFUSED


def _lambda(project: Node) -> Iterator[_Found]:
    if "LAMBDA" not in text_at(project, "environment", "type"):
        return
    minutes = at(project, "timeoutInMinutes")
    if minutes is not None and minutes.text.isdecimal() and int(minutes.text) > LAMBDA_MINUTES:
        yield f"a build on Lambda has {LAMBDA_MINUTES} minutes at most", minutes, _REFUSED
    for path in _NOT_ON_LAMBDA:
        found = at(project, *path)
        if found is not None and (found.items or found.entries or not _is_off(found)):
            yield f"a project on Lambda has no '{path[-1]}'", found, _REFUSED


def _cache(project: Node) -> Iterator[_Found]:
    """Tell where the service has no cache. Source: user guide, "Local caching"."""
    cache = at(project, "cache", "type")
    if cache is None or cache.text not in ("S3", "LOCAL"):
        return
    kind = text_at(project, "environment", "type")
    if "LAMBDA" in kind:
        yield "a project on Lambda has no 'cache'", cache, _NO_CACHE
    elif cache.text == "S3":
        return
    elif kind == "LINUX_GPU_CONTAINER":
        yield f"a {kind} has no local cache", cache, _NO_CACHE
    elif text_at(project, "environment", "computeType") == "BUILD_GENERAL1_2XLARGE":
        yield "BUILD_GENERAL1_2XLARGE has no local cache", cache, _NO_CACHE
    elif text_at(project, "vpcConfig", "vpcId"):
        yield "a project in a VPC has no local cache", cache, _NO_CACHE


def at(node: Node, *path: str) -> Node | None:
    """Give what stands at a path of keys; None where that is nothing."""
    for name in path:
        if name not in node.entries:
            return None
        node = node.entries[name].value
    return node


def text_at(node: Node, *path: str) -> str:
    """Give the text that stands at a path of keys; "" for none, or one that is not known."""
    found = at(node, *path)
    return "" if found is None or found.tag else found.text


def _is_on(node: Node) -> bool:
    return node.text.lower() in ("true", "yes", "on")


def _is_off(node: Node) -> bool:
    return node.text.lower() in ("", "false", "no", "off")
