"""Values of a configuration that are well-formed for the API, and fail later or surprise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.plain_secrets import find_secret, looks_secret, masked
from cicd.document.position import brief
from cicd.document.role_arn import check_role
from cicd.document.rules import rule
from cicd.nearest import closest
from cicd.pipeline.action_type import Category, find_action_type
from cicd.pipeline.rules.structure import ACTION, actions_of
from cicd.pipeline.variables import references

if TYPE_CHECKING:
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration

_BUCKET = re.compile(r"[a-zA-Z0-9.-]{3,63}")


@rule("pipeline/artifact-path")
def artifact_path(spec: PipelineDeclaration, problems: Problems) -> None:
    """``TemplatePath`` and ``TemplateConfiguration`` name an input of this very action."""
    for action in actions_of(spec):
        if not action.type_id.provider.startswith("CloudFormation"):
            continue
        names = [artifact.name for artifact in action.inputs]
        for key in ("TemplatePath", "TemplateConfiguration"):
            value = action.configuration.get(key)
            artifact, colons, _ = (value or "").partition("::")
            if not value or any(references(value)) or (colons and artifact in names):
                continue
            near = closest(artifact, names)
            problems.warning(
                "pipeline/artifact-path",
                f"'{brief(artifact)}' is not an input artifact of '{action.name}'"
                if colons
                else f"'{key}' of '{action.name}' names no artifact",
                action.span("configuration", key),
                hint=f"did you mean '{near}'?" if near and colons else "write artifact::path",
                note="the action fails when it starts",
            )


@rule("pipeline/role-arn")
def role_arn(spec: PipelineDeclaration, problems: Problems) -> None:
    """A pipeline has a role; it, and those of its actions, are named by their ARNs."""
    if "roleArn" not in spec.node.entries:
        problems.warning(
            "pipeline/role-arn",
            "the pipeline has no 'roleArn'",
            spec.span("name"),
            hint="roleArn: arn:aws:iam::123456789012:role/any; nothing here uses it",
            note='Missing required parameter in input: "roleArn"',
        )
    for node in (spec.node, *(action.node for action in actions_of(spec))):
        entry = node.entries.get("roleArn")
        check_role(entry.value if entry else None, "pipeline/role-arn", problems)


@rule("pipeline/bucket-name")
def bucket_name(spec: PipelineDeclaration, problems: Problems) -> None:
    """An artifact store's ``location`` is a bucket's name: no prefix, no URL."""
    one, several = (spec.node.entries.get(key) for key in ("artifactStore", "artifactStores"))
    stores = [*([one] if one else []), *(several.value.entries.values() if several else ())]
    for store in stores:
        location = store.value.entries.get("location")
        text = location.value.text if location and not location.value.is_null else ""
        if location and text and not _BUCKET.fullmatch(text) and not re.search(r"[<>{}$]", text):
            problems.warning(
                "pipeline/bucket-name",
                f"'{brief(text)}' is not the name of a bucket",
                location.value.span,
                hint="write the name alone, without s3:// and without a path",
                note="ValidationException: Member must satisfy regular expression pattern: "
                "[a-zA-Z0-9\\-\\.]+",
            )


@rule("pipeline/old-source")
def old_source(spec: PipelineDeclaration, problems: Problems) -> None:
    """The GitHub action of version 1 is kept for old pipelines; connections replace it."""
    for action in actions_of(spec):
        if action.type_id.owner == "ThirdParty" and action.type_id.provider == "GitHub":
            problems.remark(
                "pipeline/old-source",
                f"'{action.name}' uses GitHub version 1, which needs a personal token",
                action.span("actionTypeId", "provider"),
                hint="use CodeStarSourceConnection",
            )


@rule("pipeline/source-region")
def source_region(spec: PipelineDeclaration, problems: Problems) -> None:
    """Source, third-party and custom actions run in the pipeline's own Region."""
    regions = {action.region for action in actions_of(spec) if action.region}
    for action in actions_of(spec):
        bound = action.type_id.category == Category.SOURCE or action.type_id.owner != "AWS"
        if bound and action.region and len(regions) > 1:
            problems.warning(
                "pipeline/source-region",
                f"'{action.name}' cannot run in another Region than the pipeline",
                action.span("region"),
                hint="remove 'region' here",
                note=f"{ACTION}: cross-Region is not for source, third-party and custom actions",
            )


@rule("pipeline/plain-secret")
def plain_secret(spec: PipelineDeclaration, problems: Problems) -> None:
    """A credential in a definition is everybody's who can read the repository."""
    for action in actions_of(spec):
        for key, value in action.configuration.items():
            found = find_secret(value)
            if found or looks_secret(key, value):
                problems.warning(
                    "pipeline/plain-secret",
                    f"'{key}' of '{action.name}' looks like {found[0] if found else 'a secret'}",
                    masked(action.span("configuration", key)),
                    hint="keep it in Secrets Manager, or use a connection",
                )


@rule("pipeline/unused-artifact")
def unused_artifact(spec: PipelineDeclaration, problems: Problems) -> None:
    """An artifact that nothing takes is made, packed and kept for nothing."""
    taken = {artifact.name for action in actions_of(spec) for artifact in action.inputs}
    made = {artifact.name for action in actions_of(spec) for artifact in action.outputs}
    if not taken or not taken <= made:
        return  # nothing is to be taken, or what is meant has been said
    for action in actions_of(spec):
        source, kind = action.type_id.category == Category.SOURCE, find_action_type(action.type_id)
        for output in action.outputs:
            if output.name not in taken and kind is not None and any(kind.outputs):
                problems.remark(
                    "pipeline/unused-artifact",
                    f"nothing takes the artifact '{output.name}'",
                    output.span,
                    hint="the source is fetched for nothing, though a change of it starts a run"
                    if source
                    else f"let a later action take it, or leave it out of '{action.name}'",
                )
