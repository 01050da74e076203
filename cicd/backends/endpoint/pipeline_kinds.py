"""CodePipeline's calls about kinds of actions and rules, about tags, and about jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text
from cicd.backends.endpoint.pages import page
from cicd.backends.endpoint.pipeline_found import find_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.event import JSON

_ARN_PARTS: Final = 6  # arn:aws:codepipeline:REGION:ACCOUNT:NAME


def _list_action_types(served: Served, fields: Mapping[str, JSON]) -> JSON:
    del served
    from cicd.pipeline.action_type import ACTION_TYPES, ActionTypeId
    from cicd.pipeline.fidelity import as_api

    owner = fields.get("actionOwnerFilter")
    found = []
    for name in ACTION_TYPES:
        kind, whose, provider = name.split("/")
        if owner in (None, whose):
            found.append(as_api(ActionTypeId(category=kind, owner=whose, provider=provider)))
    return page(found, fields, under="actionTypes", key=_action_type, most=len(ACTION_TYPES))


def _action_type(shape: Mapping[str, JSON]) -> str:
    identity = shape["id"]
    assert isinstance(identity, dict), "made by as_api"
    return "/".join(str(identity[key]) for key in ("category", "owner", "provider"))


def _list_rule_types(served: Served, fields: Mapping[str, JSON]) -> JSON:
    del served
    from cicd.pipeline.rule_types import OWNER, rule_types

    if fields.get("ruleOwnerFilter", OWNER) != OWNER:
        raise CallRefused("ValidationException", f"'ruleOwnerFilter' must be {OWNER}")
    return {"ruleTypes": [*rule_types()]}


def _list_tags(served: Served, fields: Mapping[str, JSON]) -> JSON:
    """Give the tags that stand beside a pipeline. Source: API, "ListTagsForResource"."""
    from cicd.pipeline.tags import tags_of

    arn = text(fields, "resourceArn")
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[2] != "codepipeline" or not parts[-1]:
        raise CallRefused("InvalidArnException", f"'{arn}' is no ARN of a pipeline")
    name = parts[-1]
    found = tags_of(name, served.directory)
    if found is None:
        try:
            find_plan(served, name)
        except CallRefused as refusal:
            raise CallRefused("ResourceNotFoundException", refusal.message) from None
    return page(found or (), fields, under="tags", key=lambda each: str(each["key"]))


def _get_job_details(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.jobs.job import job_event
    from cicd.pipeline.jobs.ledger import find_job

    job = find_job(text(fields, "jobId"), served.services)
    return {"jobDetails": job_event(job)["CodePipeline.job"]}


PIPELINE_KINDS: Final[Mapping[str, Operation]] = {
    "ListActionTypes": _list_action_types,
    "ListRuleTypes": _list_rule_types,
    "ListTagsForResource": _list_tags,
    "GetJobDetails": _get_job_details,
}
