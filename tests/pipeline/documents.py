"""Pipelines to be tried: small documents, made of parts."""

import json
from collections.abc import Mapping

from cicd.document.load import load_text
from cicd.document.node import Node
from cicd.document.problem import Problem, Problems
from cicd.pipeline.definition import check_definition
from cicd.pipeline.spec import PipelineDeclaration

Part = dict[str, object]

SOURCE = "Source/AWS/CodeCommit"
BUILD = "Build/AWS/CodeBuild"
DEPLOY = "Deploy/AWS/CodeDeploy"
APPROVAL = "Approval/AWS/Manual"
CONFIGURATIONS: Mapping[str, Mapping[str, str]] = {
    SOURCE: {"RepositoryName": "shop", "BranchName": "main"},
    BUILD: {"ProjectName": "app"},
    DEPLOY: {"ApplicationName": "shop", "DeploymentGroupName": "web"},
}


def action(
    name: str, kind: str = BUILD, *, takes: str = "", makes: str = "", **more: object
) -> Part:
    category, owner, provider = kind.split("/")
    part: Part = {
        "name": name,
        "actionTypeId": {
            "category": category,
            "owner": owner,
            "provider": provider,
            "version": "1",
        },
        "configuration": dict(CONFIGURATIONS.get(kind, {})),
        "inputArtifacts": [{"name": artifact} for artifact in takes.split()],
        "outputArtifacts": [{"name": artifact} for artifact in makes.split()],
    }
    return {**part, **more}


def stage(name: str, *actions: Part, **more: object) -> Part:
    return {"name": name, "actions": list(actions), **more}


SOURCE_STAGE = stage("Source", action("Checkout", SOURCE, makes="code"))


def pipeline(*stages: Part, **more: object) -> Part:
    declaration: Part = {
        "name": "shop",
        "roleArn": "arn:aws:iam::123456789012:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": list(stages),
    }
    return {**declaration, **more}


def node(document: object) -> Node:
    return load_text(json.dumps(document, indent=2), "pipeline.json", json=True)


def checked(document: object) -> tuple[PipelineDeclaration | None, tuple[Problem, ...]]:
    problems = Problems()
    return check_definition(node(document), problems), tuple(problems)


def read(*stages: Part, **more: object) -> PipelineDeclaration:
    spec, problems = checked(pipeline(*stages, **more))
    assert [] == [problem.message for problem in problems if problem.severity == "error"]
    assert spec is not None
    return spec


def rules(*stages: Part, **more: object) -> list[str]:
    return [problem.rule for problem in checked(pipeline(*stages, **more))[1]]


def notes(*stages: Part, **more: object) -> list[str | None]:
    """What AWS says of each problem; what is only worth knowing is left out."""
    found = checked(pipeline(*stages, **more))[1]
    return [problem.note for problem in found if problem.severity != "note"]
