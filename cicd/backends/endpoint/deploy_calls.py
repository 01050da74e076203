"""CodeDeploy's calls: those that look at deployments and groups, and the report of a hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text, texts
from cicd.backends.endpoint.pages import page
from cicd.backends.endpoint.said import said
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.document.node import Node
    from cicd.event import JSON

_BATCH: Final = 25  # ids of one call


def _get_deployment(served: Served, fields: Mapping[str, JSON]) -> JSON:
    return {"deploymentInfo": _found(served, text(fields, "deploymentId"))["deploymentInfo"]}


def _batch_get_deployments(served: Served, fields: Mapping[str, JSON]) -> JSON:
    shapes: list[JSON] = []
    for wanted in texts(fields, "deploymentIds", most=_BATCH):
        try:
            shapes.append(_found(served, wanted)["deploymentInfo"])
        except (UsageError, CallRefused):
            continue  # the service leaves them out
    return {"deploymentsInfo": shapes}


def _list_deployments(served: Served, fields: Mapping[str, JSON]) -> JSON:
    """Give ids, newest first. Source: API Reference, "ListDeployments"."""
    given = fields.get("includeOnlyStatuses") or []
    statuses = {str(each) for each in given} if isinstance(given, list) else set()
    application, group = fields.get("applicationName"), fields.get("deploymentGroupName")
    if (application is None) is not (group is None):
        missing = "ApplicationName" if application is None else "DeploymentGroupName"
        raise CallRefused(
            f"{missing}RequiredException",
            "'applicationName' and 'deploymentGroupName' are given together or not at all",
        )

    def ids() -> Iterator[str]:
        from cicd.deploy.history import read_plan, status_of

        name = str(group) if group is not None else None
        for record in served.services.executions.list(kind="deployment", name=name):
            if application is not None:
                plan = read_plan(record.stream, served.services)
                if plan is None or plan.application_name != application:
                    continue
            if not statuses or status_of(record, served.services) in statuses:
                yield record.stream.partition("/")[2]

    return page(ids(), fields, under="deployments", key=str)


def _list_deployment_targets(served: Served, fields: Mapping[str, JSON]) -> JSON:
    filters = fields.get("targetFilters")
    wanted = filters.get("TargetStatus") if isinstance(filters, dict) else None
    statuses = {str(each) for each in wanted} if isinstance(wanted, list) else set()
    found = _targets(served, fields)
    ids = [name for name, target in found.items() if not statuses or _status(target) in statuses]
    return page(ids, fields, under="targetIds", key=str)


def _get_deployment_target(served: Served, fields: Mapping[str, JSON]) -> JSON:
    (target,) = _chosen(_targets(served, fields), [text(fields, "targetId")])
    return {"deploymentTarget": target}


def _batch_get_deployment_targets(served: Served, fields: Mapping[str, JSON]) -> JSON:
    wanted = texts(fields, "targetIds", most=_BATCH)
    return {"deploymentTargets": _chosen(_targets(served, fields), wanted)}


def _chosen(found: Mapping[str, JSON], wanted: list[str]) -> list[JSON]:
    for name in wanted:
        if name not in found:
            raise CallRefused(
                "DeploymentTargetDoesNotExistException", f"the deployment has no target '{name}'"
            )
    return [found[name] for name in wanted]


def _targets(served: Served, fields: Mapping[str, JSON]) -> dict[str, JSON]:
    from cicd.deploy.shapes import inner_target

    shapes = _found(served, text(fields, "deploymentId"))["deploymentTargets"]
    assert isinstance(shapes, list), "made by deployment_targets"
    return {str(inner_target(shape)["targetId"]): shape for shape in shapes}


def _status(target: JSON) -> str:
    from cicd.deploy.shapes import inner_target

    return str(inner_target(target)["status"])


def _found(served: Served, deployment_id: str) -> Mapping[str, JSON]:
    from cicd.deploy.run import get_deployment

    found = get_deployment(deployment_id, served.services)
    if found.deployment_id != deployment_id:  # the beginning of an id is a word for people
        raise CallRefused("DeploymentDoesNotExistException", f"no deployment '{deployment_id}'")
    return found.deployment


def _list_applications(served: Served, fields: Mapping[str, JSON]) -> JSON:
    return page(_applications(served), fields, under="applications", key=str)


def _list_deployment_groups(served: Served, fields: Mapping[str, JSON]) -> JSON:
    application = text(fields, "applicationName")
    answer = page(_groups(served, application), fields, under="deploymentGroups", key=str)
    return {"applicationName": application, **answer}


def _get_deployment_group(served: Served, fields: Mapping[str, JSON]) -> JSON:
    application = text(fields, "applicationName")
    name = text(fields, "deploymentGroupName")
    groups = _groups(served, application)
    if name not in groups:
        raise CallRefused(
            "DeploymentGroupDoesNotExistException",
            f"the application '{application}' of cicd.yml has no deployment group '{name}'",
        )
    written = groups[name].plain()
    shape = written if isinstance(written, dict) else {}
    named = {"applicationName": application, "deploymentGroupName": name}
    return {"deploymentGroupInfo": {**shape, **named}}


def _groups(served: Served, application: str) -> dict[str, Node]:
    found = _applications(served).get(application)
    if found is None:
        raise CallRefused(
            "ApplicationDoesNotExistException", f"cicd.yml has no application '{application}'"
        )
    groups = found.entries.get("deploymentGroups")
    return {
        item.entries["deploymentGroupName"].value.text: item
        for item in (groups.value.items if groups is not None else ())
        if "deploymentGroupName" in item.entries
    }


def _applications(served: Served) -> Mapping[str, Node]:
    from cicd.document.resources import Resources

    return Resources.load(served.directory).section("applications")


def _put_hook_status(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.deploy.shift.hook_status import put_hook_status

    wanted = (text(fields, "deploymentId"), text(fields, "lifecycleEventHookExecutionId"))
    found = put_hook_status(*wanted, str(fields.get("status")), served.services)
    return {"lifecycleEventHookExecutionId": found}


DEPLOY_CALLS: Final[Mapping[str, Operation]] = {
    f"CodeDeploy_20141006.{name}": said(operation, wrong="InvalidInputException")
    for name, operation in {
        "GetDeployment": _get_deployment,
        "BatchGetDeployments": _batch_get_deployments,
        "ListDeployments": _list_deployments,
        "ListDeploymentTargets": _list_deployment_targets,
        "GetDeploymentTarget": _get_deployment_target,
        "BatchGetDeploymentTargets": _batch_get_deployment_targets,
        "ListApplications": _list_applications,
        "ListDeploymentGroups": _list_deployment_groups,
        "GetDeploymentGroup": _get_deployment_group,
        "PutLifecycleEventHookExecutionStatus": _put_hook_status,
    }.items()
}
