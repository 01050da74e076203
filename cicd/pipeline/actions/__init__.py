"""
One file a provider.

To add one: write its file here, with ``run`` and ``recover`` as ``provider.ActionProvider`` asks;
add its line to ``ACTIONS``, under "category/owner/provider" (or, in a package of your own,
an entry point of the group ``cicd.actions`` by that name); test it with a pipeline of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.document.resources import Resources
    from cicd.pipeline.action_type import ActionTypeId
    from cicd.pipeline.actions.provider import ActionProvider

ACTIONS: Registry[ActionProvider] = Registry(
    "cicd.actions",
    {
        "Source/AWS/CodeCommit": "cicd.pipeline.actions.codecommit:CODE_COMMIT",
        "Source/AWS/CodeStarSourceConnection": "cicd.pipeline.actions.codecommit:CONNECTION",
        "Source/ThirdParty/GitHub": "cicd.pipeline.actions.codecommit:GITHUB",
        "Source/AWS/S3": "cicd.pipeline.actions.s3_source:S3_SOURCE",
        "Source/AWS/ECR": "cicd.pipeline.actions.ecr:ECR",
        "Build/AWS/CodeBuild": "cicd.pipeline.actions.codebuild:CODE_BUILD",
        "Test/AWS/CodeBuild": "cicd.pipeline.actions.codebuild:CODE_BUILD",
        "Build/Custom/Jenkins": "cicd.pipeline.actions.jenkins:JENKINS",
        "Test/Custom/Jenkins": "cicd.pipeline.actions.jenkins:JENKINS",
        "Build/Custom/JobWorker": "cicd.pipeline.actions.job_worker:JOB_WORKER",
        "Test/Custom/JobWorker": "cicd.pipeline.actions.job_worker:JOB_WORKER",
        "Deploy/Custom/JobWorker": "cicd.pipeline.actions.job_worker:JOB_WORKER",
        "Invoke/Custom/JobWorker": "cicd.pipeline.actions.job_worker:JOB_WORKER",
        "Compute/AWS/Commands": "cicd.pipeline.actions.commands:COMMANDS",
        "Deploy/AWS/S3": "cicd.pipeline.actions.s3_deploy:S3_DEPLOY",
        "Deploy/AWS/CloudFormation": "cicd.pipeline.actions.cloudformation:CLOUD_FORMATION",
        "Deploy/AWS/CodeDeploy": "cicd.pipeline.actions.codedeploy:CODE_DEPLOY",
        "Deploy/AWS/ECS": "cicd.pipeline.actions.ecs:ECS_DEPLOY",
        "Deploy/AWS/Lambda": "cicd.pipeline.actions.lambda_deploy:LAMBDA_DEPLOY",
        "Invoke/AWS/Lambda": "cicd.pipeline.actions.lambda_function:LAMBDA",
        "Invoke/AWS/StepFunctions": "cicd.pipeline.actions.step_functions:STEP_FUNCTIONS",
        "Deploy/AWS/CodeDeployToECS": "cicd.pipeline.actions.codedeploy_ecs:CODE_DEPLOY_TO_ECS",
        "Invoke/AWS/CodePipeline": "cicd.pipeline.actions.pipeline_invoke:CODE_PIPELINE",
        "Approval/AWS/Manual": "cicd.pipeline.actions.manual:MANUAL",
    },
)


def name_of(type_id: ActionTypeId, root: Path) -> str:
    """
    Give the name in ``ACTIONS`` that carries out an action type.

    A custom provider of any name is a Jenkins, or has a worker of its own, where ``local.jenkins``
    or ``local.jobWorkers`` of the ``cicd.yml`` in ``root`` says so; it is not read for others.
    """
    name = str(type_id)
    if type_id.owner != "Custom" or name in ACTIONS:
        return name
    from cicd.document.resources import Resources

    return name_among(type_id, Resources.load(root))


def name_among(type_id: ActionTypeId, resources: Resources) -> str:
    """Give the name in ``ACTIONS`` as ``cicd.yml`` has it; its own where nobody carries it out."""
    from cicd.pipeline.local import jenkins_places, job_workers

    name = str(type_id)
    if type_id.owner != "Custom" or name in ACTIONS:
        return name
    for kind, providers in (
        ("Jenkins", jenkins_places(resources)),
        ("JobWorker", job_workers(resources)),
    ):
        known = f"{type_id.category}/Custom/{kind}"
        if type_id.provider in providers and known in ACTIONS:
            return known
    return name
