"""CodeBuild's calls that only look: at builds, and at the projects of ``cicd.yml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text, texts
from cicd.backends.endpoint.pages import page
from cicd.backends.endpoint.said import said
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.document.node import Node
    from cicd.event import JSON
    from cicd.ports import ExecutionRecord

_BATCH: Final = 100  # ids, or names, of one call


def _list_builds(served: Served, fields: Mapping[str, JSON]) -> JSON:
    return _ids(served.services.executions.list(kind="build"), fields)


def _list_builds_for_project(served: Served, fields: Mapping[str, JSON]) -> JSON:
    name = text(fields, "projectName")
    records = served.services.executions.list(kind="build", name=name)
    if not records and name not in _projects(served):
        raise CallRefused(
            "ResourceNotFoundException", f"no project '{name}' is described here, and none was run"
        )
    return _ids(records, fields)


def _ids(records: Sequence[ExecutionRecord], fields: Mapping[str, JSON]) -> JSON:
    ids = [record.stream.partition("/")[2] for record in records]
    return page(_sorted(ids, fields, newest_first=True), fields, under="ids", key=str)


def _batch_get_builds(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.build.result import build_result

    builds: list[JSON] = []
    missing: list[JSON] = []
    for wanted in texts(fields, "ids", most=_BATCH):
        # An ARN will do as well: "arn:aws:codebuild:REGION:ACCOUNT:build/NAME:UUID".
        identity = wanted.rpartition(":build/")[2]
        try:
            builds.append(dict(build_result(f"build/{identity}", served.services).build))
        except UsageError:
            missing.append(wanted)
    return {"builds": builds, "buildsNotFound": missing}


def _list_projects(served: Served, fields: Mapping[str, JSON]) -> JSON:
    names = _sorted(sorted(_projects(served)), fields, newest_first=False)
    return page(names, fields, under="projects", key=str)


def _batch_get_projects(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.account import ACCOUNT, REGION

    known = _projects(served)
    wanted = texts(fields, "names", most=_BATCH)
    projects: list[JSON] = []
    for name in wanted:
        if name in known:
            written = known[name].plain()
            assert isinstance(written, dict), "the reader of cicd.yml takes mappings alone"
            arn = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{name}"
            projects.append({"arn": arn, **written, "name": name})
    return {"projects": projects, "projectsNotFound": [n for n in wanted if n not in known]}


def _projects(served: Served) -> Mapping[str, Node]:
    from cicd.document.resources import Resources

    return Resources.load(served.directory).section("projects")


def _sorted(names: list[str], fields: Mapping[str, JSON], *, newest_first: bool) -> Iterable[str]:
    """Give a list in the order that is asked for. Source: API Reference, ``sortOrder``."""
    usual = "DESCENDING" if newest_first else "ASCENDING"
    order = fields.get("sortOrder", usual)
    if order not in ("ASCENDING", "DESCENDING"):
        raise CallRefused("InvalidInputException", "'sortOrder' must be ASCENDING or DESCENDING")
    return names if order == usual else reversed(names)


BUILD_CALLS: Final[Mapping[str, Operation]] = {
    f"CodeBuild_20161006.{name}": said(
        operation, invalid="InvalidInputException", wrong="InvalidInputException"
    )
    for name, operation in {
        "ListBuilds": _list_builds,
        "ListBuildsForProject": _list_builds_for_project,
        "BatchGetBuilds": _batch_get_builds,
        "ListProjects": _list_projects,
        "BatchGetProjects": _batch_get_projects,
    }.items()
}
