"""A batch in the shape of the API: an element of what BatchGetBuildBatches answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.batch.state import BatchPhaseType
from cicd.build.shape import batch_arn
from cicd.build.state import StatusType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.build.batch.plan import BatchNode, BatchPlan, BuildSummary
    from cicd.build.batch.state import BatchPhase, BatchState, NodeRecord
    from cicd.event import JSON


def batch_as_api(
    plan: BatchPlan, state: BatchState, *, report_arns: Sequence[str] = ()
) -> Mapping[str, JSON]:
    """
    Give a batch as the API does; times in seconds since 1970, as the CLI's JSON has them.

    ``report_arns`` are those of its reports, of a fan-out the merged ones.
    A build that was never started has no ``currentBuildSummary``.
    Source: CodeBuild API Reference, "BuildBatch".
    """
    complete = state.status is not StatusType.IN_PROGRESS
    last = state.phases[-1] if state.phases else None
    batch: dict[str, JSON] = {
        "id": plan.batch_id,
        "arn": batch_arn(plan.region, plan.account, plan.batch_id),
        "startTime": _seconds(plan.created),
        "currentPhase": last.phase.value if last else BatchPhaseType.SUBMITTED.value,
        "buildBatchStatus": state.status.value,
        "projectName": plan.project,
        "phases": [_phase(phase) for phase in state.phases],
        "artifacts": {"location": state.combined.get("location", "")},
        "serviceRole": plan.service_role,
        "buildTimeoutInMinutes": int(plan.timeout.total_seconds() // 60),
        "complete": complete,
        "initiator": plan.initiator,
        "buildBatchNumber": plan.number,
        "buildBatchConfig": {
            "serviceRole": plan.service_role,
            "combineArtifacts": plan.combine_artifacts,
            "restrictions": _restrictions(plan),
            "timeoutInMins": int(plan.timeout.total_seconds() // 60),
        },
        "buildGroups": [_group(node, state.nodes.get(node.identifier)) for node in plan.nodes],
        "debugSessionEnabled": any(node.debug_session for node in plan.nodes),
        "reportArns": list(report_arns),
    }
    source = next((node.build.sources[0] for node in plan.nodes), None)
    if source is not None:
        location = source.location or str(source.directory)
        batch["source"] = {"type": source.type, "location": location}
        if source.version:
            batch["sourceVersion"] = source.version
        if source.resolved_version:
            batch["resolvedSourceVersion"] = source.resolved_version
    if complete and last is not None:
        batch["endTime"] = _seconds(last.started)
    return batch


def _restrictions(plan: BatchPlan) -> Mapping[str, JSON]:
    shape: dict[str, JSON] = {
        "computeTypesAllowed": list(plan.compute_types_allowed),
        "fleetsAllowed": list(plan.fleets_allowed),
    }
    if plan.maximum_builds is not None:
        shape["maximumBuildsAllowed"] = plan.maximum_builds
    return shape


def _phase(phase: BatchPhase) -> Mapping[str, JSON]:
    shape: dict[str, JSON] = {
        "phaseType": phase.phase.value,
        "startTime": _seconds(phase.started),
    }
    if phase.ended is not None:
        shape["phaseStatus"] = phase.status.value
        shape["endTime"] = _seconds(phase.ended)
        shape["durationInSeconds"] = int((phase.ended - phase.started).total_seconds())
        if phase.code:
            shape["contexts"] = [{"statusCode": phase.code, "message": phase.message}]
    return shape


def _group(node: BatchNode, record: NodeRecord | None) -> Mapping[str, JSON]:
    group: dict[str, JSON] = {
        "identifier": node.identifier,
        "dependsOn": list(node.depends_on),
        "ignoreFailure": node.ignore_failure,
        "priorBuildSummaryList": [_summary(node, summary) for summary in node.prior],
    }
    if node.carried is not None:
        group["currentBuildSummary"] = _summary(node, node.carried)
    elif record is not None:
        group["currentBuildSummary"] = _current(node, record)
    return group


def _current(node: BatchNode, record: NodeRecord) -> Mapping[str, JSON]:
    shape: dict[str, JSON] = {
        "arn": _arn(node, record.build_id or node.build.build_id),
        "requestedOn": _seconds(record.started),
        "buildStatus": record.status.value,
    }
    primary = record.detail.get("primaryArtifact")
    if isinstance(primary, Mapping):
        shape["primaryArtifact"] = _artifact(primary.get("location"), "")
    secondary = record.detail.get("secondaryArtifacts")
    if isinstance(secondary, list):
        shape["secondaryArtifacts"] = [
            _artifact(made.get("location"), str(made.get("artifactIdentifier", "")))
            for made in secondary
            if isinstance(made, Mapping)
        ]
    return shape


def _summary(node: BatchNode, summary: BuildSummary) -> Mapping[str, JSON]:
    return {
        "arn": _arn(node, summary.build_id),
        "requestedOn": _seconds(summary.requested),
        "buildStatus": summary.status,
    }


def _arn(node: BatchNode, build_id: str) -> str:
    return replace(node.build, build_id=build_id).arn


def _artifact(location: JSON, identifier: str) -> Mapping[str, JSON]:
    kind = "S3" if location else "NO_ARTIFACTS"
    return {"type": kind, "location": location or "", "identifier": identifier}


def _seconds(at: datetime) -> float:
    return round(at.timestamp(), 3)
