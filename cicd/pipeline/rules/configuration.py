"""Values of a configuration that its provider does not know, or that it needs for others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cicd.document.fix import Fix
from cicd.document.position import brief
from cicd.document.rules import rule
from cicd.nearest import closest, only_close
from cicd.pipeline.rules.structure import actions_of
from cicd.pipeline.variables import references

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

_FLAG: Final = ("true", "false")
_FORMATS: Final = ("CODE_ZIP", "CODEBUILD_CLONE_REF")
_MODES: Final[Mapping[str, tuple[str, ...]]] = {
    "CREATE_UPDATE": ("TemplatePath", "RoleArn"),
    "REPLACE_ON_FAILURE": ("TemplatePath", "RoleArn"),
    "CHANGE_SET_REPLACE": ("TemplatePath", "RoleArn", "ChangeSetName"),
    "CHANGE_SET_EXECUTE": ("ChangeSetName",),
    "DELETE_ONLY": ("RoleArn",),
}
VALUES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Source/AWS/S3": {"PollForSourceChanges": _FLAG, "AllowOverrideForS3ObjectKey": _FLAG},
    "Source/AWS/CodeCommit": {"PollForSourceChanges": _FLAG, "OutputArtifactFormat": _FORMATS},
    "Source/AWS/CodeStarSourceConnection": {
        "DetectChanges": _FLAG,
        "OutputArtifactFormat": _FORMATS,
    },
    "Source/ThirdParty/GitHub": {"PollForSourceChanges": _FLAG},
    "Build/AWS/CodeBuild": {"BatchEnabled": _FLAG, "CombineArtifacts": _FLAG},
    "Test/AWS/CodeBuild": {"BatchEnabled": _FLAG, "CombineArtifacts": _FLAG},
    "Build/AWS/ECRBuildAndPublish": {"RegistryType": ("private", "public")},
    "Test/AWS/DeviceFarm": {"AppType": ("iOS", "Android", "Web")},
    "Deploy/AWS/S3": {"Extract": _FLAG},
    "Deploy/AWS/CloudFormation": {"ActionMode": tuple(_MODES)},
    "Deploy/AWS/EC2": {"InstanceType": ("EC2", "SSM_MANAGED_NODE")},
    "Invoke/AWS/StepFunctions": {"InputType": ("Literal", "FilePath")},
    "Invoke/AWS/InspectorScan": {"InspectorRunMode": ("SourceCodeScan", "ECRImageScan")},
}
"""What a key may hold, by action type. Source: user guide, "Action structure reference"."""

_JSON: Final[Mapping[str, tuple[str, ...]]] = {
    "Invoke/AWS/CodePipeline": ("SourceRevisions", "Variables"),
    "Deploy/AWS/CloudFormation": ("ParameterOverrides",),
}
_STACK: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_LATEST: Final = 60  # minutes that a deployment to ECS may take
_OVERRIDES: Final = 1024  # bytes
_ARTIFACT_FUNCTIONS: Final = ("Fn::GetArtifactAtt", "Fn::GetParam")


@rule("pipeline/configuration-value")
def configuration_value(spec: PipelineDeclaration, problems: Problems) -> None:
    """Some keys of a configuration hold one of a few words, or JSON; else the action fails."""
    for action in actions_of(spec):
        for key, allowed in VALUES.get(str(action.type_id), {}).items():
            text = _known(action, key)
            if text is None or text in allowed or (allowed is _FLAG and text.lower() in _FLAG):
                continue
            near, sure = closest(text, allowed), only_close(text, allowed)
            span = action.span("configuration", key)
            problems.warning(
                "pipeline/configuration-value",
                f"'{brief(text)}' is not allowed for '{key}' of {action.type_id.provider}",
                span,
                hint=f"did you mean '{near}'?" if near else f"write {' or '.join(allowed)}",
                note=f"'{key}' is one of {', '.join(allowed)}",
                fix=Fix.word(span, sure) if sure else None,
            )
        for key in _JSON.get(str(action.type_id), ()):
            text = action.configuration.get(key)
            if text and _parsed(text) is None:
                problems.warning(
                    "pipeline/configuration-value",
                    f"'{key}' of '{action.name}' is not JSON",
                    action.span("configuration", key),
                    hint='write a text such as \'{"Name": "value"}\'',
                    note="the action fails when it starts",
                )
        minutes = _known(action, "DeploymentTimeout")
        if action.type_id.provider != "ECS" or minutes is None:
            continue
        if not minutes.isdecimal() or not 0 < int(minutes[:9]) <= _LATEST:
            problems.warning(
                "pipeline/configuration-value",
                f"'DeploymentTimeout' is from 1 to {_LATEST} minutes, not '{brief(minutes)}'",
                action.span("configuration", "DeploymentTimeout"),
            )


@rule("pipeline/stack-mode")
def stack_mode(spec: PipelineDeclaration, problems: Problems) -> None:
    """What a CloudFormation action needs depends on its ``ActionMode``."""
    for action in _of(spec, "Deploy/AWS/CloudFormation"):
        mode = action.configuration.get("ActionMode", "")
        for key in _MODES.get(mode, ()):
            if not action.configuration.get(key):
                problems.warning(
                    "pipeline/stack-mode",
                    f"'{action.name}' has no '{key}', which {mode} needs",
                    action.span("configuration", "ActionMode"),
                    hint="write artifact::path" if key == "TemplatePath" else None,
                    note="the action fails",
                )
        name = _known(action, "StackName")
        if name is not None and not _STACK.fullmatch(name):
            problems.warning(
                "pipeline/stack-mode",
                f"'{brief(name)}' is not the name of a stack",
                action.span("configuration", "StackName"),
                hint="begin with a letter; letters, digits and hyphens, 128 at most",
            )
        capabilities = action.configuration.get("Capabilities", "")
        if " " in capabilities.strip():
            span = action.span("configuration", "Capabilities")
            right = ",".join(part.strip() for part in capabilities.split(","))
            problems.warning(
                "pipeline/stack-mode",
                "'Capabilities' takes no blanks between its words",
                span,
                hint=f"write {right}",
                fix=Fix.word(span, right) if span.text.strip("'\"") == capabilities else None,
            )
        if action.configuration.get("OutputFileName") and not action.outputs:
            problems.warning(
                "pipeline/stack-mode",
                f"'{action.name}' declares no output artifact to hold its 'OutputFileName'",
                action.span("configuration", "OutputFileName"),
                hint="add 'outputArtifacts'",
            )


@rule("pipeline/parameter-overrides")
def parameter_overrides(spec: PipelineDeclaration, problems: Problems) -> None:
    """``ParameterOverrides`` is a small JSON object; its functions name inputs of the action."""
    for action in _of(spec, "Deploy/AWS/CloudFormation"):
        text = action.configuration.get("ParameterOverrides", "")
        span = action.span("configuration", "ParameterOverrides")
        if len(text.encode()) > _OVERRIDES:
            problems.warning(
                "pipeline/parameter-overrides",
                f"'ParameterOverrides' has {len(text.encode())} bytes, and may have {_OVERRIDES}",
                span,
                hint="put them into a file, and name it with TemplateConfiguration",
            )
        given = _parsed(text) if text else {}
        if given is not None and not isinstance(given, dict):
            problems.warning(
                "pipeline/parameter-overrides",
                "'ParameterOverrides' is a list or a word, not an object",
                span,
                hint='write \'{"Name": "value"}\'',
            )
        names = [artifact.name for artifact in action.inputs]
        for artifact in _named(given):
            if artifact not in names:
                near = closest(artifact, names)
                problems.warning(
                    "pipeline/parameter-overrides",
                    f"'{brief(artifact)}' is not an input artifact of '{action.name}'",
                    span.within(artifact),
                    hint=f"did you mean '{near}'?" if near else "add it to 'inputArtifacts'",
                    note="the action fails when it starts",
                )


@rule("pipeline/object-key")
def object_key(spec: PipelineDeclaration, problems: Problems) -> None:
    """A zip that S3 does not extract needs the name it is kept under."""
    for action in _of(spec, "Deploy/AWS/S3"):
        kept = action.configuration.get("Extract", "").lower() == "false"
        if kept and not action.configuration.get("ObjectKey"):
            problems.warning(
                "pipeline/object-key",
                f"'{action.name}' extracts nothing, and has no 'ObjectKey' to keep the zip under",
                action.span("configuration", "Extract"),
                hint="add 'ObjectKey', or extract: \"true\"",
                note="the action fails",
            )


@rule("pipeline/artifact-name")
def artifact_name(spec: PipelineDeclaration, problems: Problems) -> None:
    """What a CodeDeployToECS action reads its files from are inputs of that action."""
    for action in _of(spec, "Deploy/AWS/CodeDeployToECS"):
        names = [artifact.name for artifact in action.inputs]
        for key in action.configuration:
            artifact = _known(action, key)
            if artifact is None or not key.endswith(("TemplateArtifact", "ArtifactName")):
                continue
            if artifact not in names:
                near = closest(artifact, names)
                problems.warning(
                    "pipeline/artifact-name",
                    f"'{brief(artifact)}' is not an input artifact of '{action.name}'",
                    action.span("configuration", key),
                    hint=f"did you mean '{near}'?" if near else "add it to 'inputArtifacts'",
                    note="the action fails when it starts",
                )
            container = key.replace("ArtifactName", "ContainerName")
            if container != key and not action.configuration.get(container):
                problems.warning(
                    "pipeline/artifact-name",
                    f"'{key}' of '{action.name}' means nothing without '{container}'",
                    action.span("configuration", key),
                    hint=f"add '{container}': the word that the task definition has in <…>",
                )


def _of(spec: PipelineDeclaration, kind: str) -> Iterator[ActionDeclaration]:
    return (action for action in actions_of(spec) if str(action.type_id) == kind)


def _known(action: ActionDeclaration, key: str) -> str | None:
    """Give a value that is written, and no reference."""
    text = action.configuration.get(key)
    return None if not text or any(references(text)) else text


def _parsed(text: str) -> object:
    """Read JSON, references in it left as they are; None for what is not JSON."""
    try:
        return json.loads(re.sub(r"#\{[^{}]*\}", "0", text))
    except (ValueError, RecursionError):
        return None


def _named(value: object) -> Iterator[str]:
    """Give the artifacts that the functions of ``ParameterOverrides`` name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _ARTIFACT_FUNCTIONS and isinstance(inner, list) and inner:
                yield str(inner[0])
            else:
                yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)
