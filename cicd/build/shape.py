"""A build in the shape of the API: an element of what BatchGetBuilds answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.event_detail import given_variables, sums
from cicd.build.spec import PhaseType
from cicd.build.state import StatusType
from cicd.build.variables import build_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from cicd.build.plan import BuildPlan, SourcePlan
    from cicd.build.state import BuildState, PhaseRecord
    from cicd.event import JSON


def build_as_api(
    plan: BuildPlan, state: BuildState, *, log: Path, following: str = ""
) -> Mapping[str, JSON]:
    """
    Give a build as the API does; times in seconds since 1970, as the CLI's JSON has them.

    ``log`` is where its log is here; it stands in for the console's deep link.
    ``following`` is the id of the build that was started since this one failed.
    Source: CodeBuild API Reference, "Build".
    """
    primary, *secondary = plan.sources
    last = state.phases[-1] if state.phases else None
    complete = state.status is not StatusType.IN_PROGRESS
    build: dict[str, JSON] = {
        "id": plan.build_id,
        "arn": plan.arn,
        "buildNumber": plan.number,
        "startTime": _seconds(plan.created),
        "currentPhase": last.phase.value if last else PhaseType.SUBMITTED.value,
        "buildStatus": state.status.value,
        "projectName": plan.project,
        "phases": [_phase(record) for record in state.phases],
        "source": {
            **_source(primary),
            "buildspec": plan.buildspec,
        },
        "secondarySources": [
            {**_source(source), "sourceIdentifier": source.identifier} for source in secondary
        ],
        "secondarySourceVersions": [
            {"sourceIdentifier": source.identifier, "sourceVersion": source.version}
            for source in secondary
        ],
        "artifacts": _artifacts(state, secondary=False)[0],
        "secondaryArtifacts": _artifacts(state, secondary=True),
        "cache": {"type": plan.cache_type},
        "environment": {
            "type": plan.environment_type,
            "image": plan.build_image,
            "computeType": plan.compute_type,
            "environmentVariables": given_variables(plan),
            "privilegedMode": plan.privileged,
            "imagePullCredentialsType": "CODEBUILD",
        },
        "serviceRole": plan.service_role,
        "encryptionKey": plan.kms_key,
        "logs": {
            "groupName": f"/aws/codebuild/{plan.project}",
            "streamName": plan.uuid,
            "deepLink": log.absolute().as_uri(),
        },
        "timeoutInMinutes": int(plan.timeout.total_seconds() // 60),
        "queuedTimeoutInMinutes": int(plan.queued_timeout.total_seconds() // 60),
        "buildComplete": complete,
        "initiator": plan.initiator,
        "reportArns": [report["arn"] for report in state.reports],
        "exportedEnvironmentVariables": [
            {"name": name, "value": value} for name, value in state.exported.items()
        ],
        "buildUrl": build_url(plan),
    }
    if plan.attempt.auto_retry_limit or plan.attempt.previous or following:
        build["autoRetryConfig"] = _auto_retry(plan, following)
    if plan.batch_id:
        build["buildBatchArn"] = batch_arn(plan.region, plan.account, plan.batch_id)
    if plan.debug_session:
        build["debugSession"] = {"sessionEnabled": True}
    if primary.version:
        build["sourceVersion"] = primary.version
    if primary.resolved_version:
        build["resolvedSourceVersion"] = primary.resolved_version
    if complete and last is not None:
        build["endTime"] = _seconds(last.started)
    return build


def batch_arn(region: str, account: str, batch_id: str) -> str:
    """Give a batch's name as the service writes it."""
    return f"arn:aws:codebuild:{region}:{account}:build-batch/{batch_id}"


def _phase(record: PhaseRecord) -> Mapping[str, JSON]:
    shape: dict[str, JSON] = {
        "phaseType": record.phase.value,
        "startTime": _seconds(record.started),
    }
    if record.ended is None or record.phase is PhaseType.COMPLETED:
        return shape
    shape["phaseStatus"] = record.status.value
    shape["endTime"] = _seconds(record.ended)
    shape["durationInSeconds"] = int((record.ended - record.started).total_seconds())
    if record.phase not in {PhaseType.SUBMITTED, PhaseType.QUEUED}:
        shape["contexts"] = [{"statusCode": record.code, "message": record.message}]
    return shape


def _auto_retry(plan: BuildPlan, following: str) -> Mapping[str, JSON]:
    """Give AutoRetryConfig; its links also join the runs that on-failure asks for."""
    shape: dict[str, JSON] = {
        "autoRetryLimit": plan.attempt.auto_retry_limit,
        "autoRetryNumber": plan.attempt.auto_retry_number,
    }
    if following:
        shape["nextAutoRetry"] = plan.arn_of(following)
    if plan.attempt.previous:
        shape["previousAutoRetry"] = plan.arn_of(plan.attempt.previous)
    return shape


def _source(source: SourcePlan) -> dict[str, JSON]:
    return {"type": source.type, "location": source.location or str(source.directory)}


def _artifacts(state: BuildState, *, secondary: bool) -> list[Mapping[str, JSON]]:
    found: list[Mapping[str, JSON]] = []
    for made in state.artifacts:
        if bool(made["identifier"]) is not secondary:
            continue
        shape: dict[str, JSON] = {"location": made["location"], **sums(made)}
        if secondary:
            shape["artifactIdentifier"] = made["identifier"]
        found.append(shape)
    return found or ([] if secondary else [{"location": ""}])


def _seconds(at: datetime) -> float:
    return round(at.timestamp(), 3)
