"""
Build and Test/Custom/Jenkins: a job of a real Jenkins, which ``local.jenkins`` names.

    local:
      jenkins:
        MyJenkins: {url: "https://ci.example.org", user: me, token: jenkins/token}

The provider of an action is then ``MyJenkins``; ``token`` is the name of a secret.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.document.resources import Resources
from cicd.errors import UsageError
from cicd.pipeline.actions.jenkins_server import Jenkins
from cicd.pipeline.actions.stored_input import stored_input
from cicd.pipeline.actions.workspace import as_code_zip
from cicd.pipeline.local import JenkinsPlace, jenkins_places
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.jenkins_server import JenkinsBuild
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services

_EVERY: Final = timedelta(seconds=1)
_NOTE: Final = "queued.json"  # in the workspace: what a resume goes on with


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A job that was started."""

    project: str
    queued: int


class JenkinsAction:
    """Starts the job ``ProjectName``, hands it the artifacts as file parameters, and waits."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Start a build, and follow it to its end."""
        project = request.configuration.get("ProjectName", "")
        if not project:
            return failed(FailureType.CONFIGURATION_ERROR, "there is no ProjectName")
        if len(request.action.outputs) > 1:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                "a Jenkins build has one archive, so it makes one output artifact at most",
            )
        place = _place(request)
        jenkins = _connect(place, services)
        files = _files(request, services)
        if files and place.inputs == "none":
            request.say(f"{request.action.name}: no artifact is handed to Jenkins, as told")
            files = {}
        known = jenkins.parameters(project)
        missing = sorted(name for name in files if not known.get(name))
        if missing:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"the project '{project}' has no file parameter '{missing[0]}', so the artifact "
                "cannot be handed over",
                hint=f"add a file parameter '{missing[0]}' to it; or, if it fetches its source "
                "itself, say inputs: none under local.jenkins",
            )
        queued = jenkins.start(project, files, parameterized=bool(known))
        request.workspace.mkdir(parents=True, exist_ok=True)
        (request.workspace / _NOTE).write_text(json.dumps(queued), "utf-8")
        return _followed(request, services, scope, jenkins, _Job(project=project, queued=queued))

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Follow the build that was started; None: start it."""
        note = request.workspace / _NOTE
        if not note.exists():
            return None
        job = _Job(
            project=request.configuration["ProjectName"],
            queued=int(json.loads(note.read_text("utf-8"))),
        )
        return _followed(request, services, scope, _connect(_place(request), services), job)


def _place(request: ActionRequest) -> JenkinsPlace:
    places = jenkins_places(Resources.load(Path(request.plan.root)))
    provider = request.action.type_id.provider
    if provider not in places:
        raise UsageError(
            f"nothing says where the Jenkins '{provider}' is",
            hint=f"in cicd.yml: local: {{jenkins: {{{provider}: {{url: …}}}}}}",
        )
    return places[provider]


def _connect(place: JenkinsPlace, services: Services) -> Jenkins:
    login = None
    if place.user:
        token = services.secrets.secret(place.token)
        if token is None:
            raise UsageError(
                f"there is no secret '{place.token}', which is to hold the token of {place.user}",
                hint=services.secrets.secret_hint(place.token),
            )
        login = (place.user, token)
    return Jenkins(place.url, login, services.http)


def _files(request: ActionRequest, services: Services) -> dict[str, Path]:
    found = {}
    for taken in request.inputs:
        stored = stored_input(taken, services)
        found[taken.name] = services.artifacts.path(stored)
    return found


def _followed(
    request: ActionRequest, services: Services, scope: Scope, jenkins: Jenkins, job: _Job
) -> ActionResult:
    inbox = services.clock.inbox()
    scope.cancel.on_cancel(lambda: inbox.put(None))
    number: int | None = None
    build: JenkinsBuild | None = None
    while scope.cancel.reason is None:
        if number is None:
            number = jenkins.number_of(job.queued)
            if number == 0:
                return failed(FailureType.JOB_FAILED, "the build was taken out of the queue")
            if number is not None:
                request.say(f"{request.action.name}: {jenkins.page_of(job.project, number)}")
        if number is not None:
            build = jenkins.build(job.project, number)
            if not build.building and build.result:
                return _ended(request, services, jenkins, job.project, build)
        inbox.take(services.clock.now() + _EVERY)
    if number:
        jenkins.stop(job.project, number)
    else:
        jenkins.leave_queue(job.queued)
    return failed(FailureType.JOB_FAILED, "the build was asked to end")


def _ended(
    request: ActionRequest,
    services: Services,
    jenkins: Jenkins,
    project: str,
    build: JenkinsBuild,
) -> ActionResult:
    page = jenkins.page_of(project, build.number)
    if build.result != "SUCCESS":
        return failed(
            FailureType.JOB_FAILED,
            f"the build {project} #{build.number} ended with {build.result}",
            hint=f"{page}console",
            external_id=str(build.number),
        )
    outputs: tuple[StoredArtifact, ...] = ()
    for output in request.action.outputs:
        archive = request.workspace / "archive.zip"
        if not jenkins.archive(project, build.number, archive):
            continue
        tree = request.workspace / "archive"
        services.artifacts.unpack(services.artifacts.put_zip(archive), tree)
        inner = tree / "archive"  # Jenkins packs everything into a folder of that name
        artifact = services.artifacts.put(as_code_zip(inner if inner.is_dir() else tree))
        outputs = (
            StoredArtifact(
                name=output,
                digest=artifact.digest,
                key=object_key(request.plan.name, output, artifact.digest),
            ),
        )
    return ActionResult(
        status=ActionStatus.SUCCEEDED,
        summary=f"{project} #{build.number}: SUCCESS",
        external_execution_id=str(build.number),
        external_execution_url=page,
        outputs=outputs,
    )


JENKINS = JenkinsAction()
