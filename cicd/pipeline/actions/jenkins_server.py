"""A Jenkins, as a pipeline speaks to it: a job is started, and followed to its end."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cicd.errors import Unavailable, UsageError
from cicd.ports import HttpCall
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.ports import HttpAnswer, HttpClient

_QUEUED = re.compile(r"/queue/item/(\d+)")
_BOUNDARY = "cicd-6f1c9f0e4d6b4a3c"


@dataclass(frozen=True, slots=True, kw_only=True)
class JenkinsBuild:
    """One build of a job."""

    number: int
    building: bool
    result: str  # "SUCCESS", "FAILURE", "UNSTABLE", "ABORTED", "NOT_BUILT"; "" while it runs


class Jenkins:
    """Its remote API. Every method raises ``Unavailable`` when nobody answers, or not as hoped."""

    def __init__(self, url: str, login: tuple[str, str] | None, http: HttpClient) -> None:
        """Take its address, and a user with an API token if it wants one."""
        self._url = url.rstrip("/")
        self._http = http
        self._headers: dict[str, str] = {}
        if login is not None:
            word = base64.b64encode(":".join(login).encode()).decode()
            self._headers["Authorization"] = f"Basic {word}"

    def parameters(self, project: str) -> Mapping[str, bool]:
        """
        Name the job's parameters, and say which are files.

        Raises ``UsageError`` where there is no such job.
        """
        answer = self._ask(
            "GET", f"{_job(project)}/api/json?tree=property[parameterDefinitions[name,type]]"
        )
        if answer.status == 404:
            raise UsageError(
                f"the Jenkins at {self._url} has no project '{project}'",
                hint="a project in a folder is named folder/project",
            )
        found = self._json(answer)
        return {
            str(each["name"]): each.get("type") == "FileParameterDefinition"
            for listed in found.get("property") or ()
            for each in listed.get("parameterDefinitions") or ()
        }

    def start(self, project: str, files: Mapping[str, Path], *, parameterized: bool) -> int:
        """
        Start a build with these file parameters, and give its place in the queue.

        A job that has parameters is only built with them: those that are not given have their
        defaults. Source: Jenkins, "Remote Access API", "Submitting jobs".
        """
        if files:
            answer = self._ask(
                "POST",
                f"{_job(project)}/buildWithParameters",
                body=_form(files),
                headers={"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"},
            )
        else:
            how = "buildWithParameters" if parameterized else "build"
            answer = self._ask("POST", f"{_job(project)}/{how}", body=b"")
        queued = _QUEUED.search(answer.headers.get("location", ""))
        if answer.status != 201 or queued is None:
            raise self._refused(answer)
        return int(queued[1])

    def number_of(self, queued: int) -> int | None:
        """Give the number of the build that left the queue; None: it waits there; 0: it was
        taken out."""
        found = self._json(self._ask("GET", f"/queue/item/{queued}/api/json"))
        if found.get("cancelled"):
            return 0
        executable = found.get("executable") or {}
        return int(executable["number"]) if "number" in executable else None

    def build(self, project: str, number: int) -> JenkinsBuild:
        """Say how a build stands."""
        where = f"{_job(project)}/{number}/api/json?tree=building,result"
        found = self._json(self._ask("GET", where))
        return JenkinsBuild(
            number=number,
            building=bool(found.get("building")),
            result=str(found.get("result") or ""),
        )

    def archive(self, project: str, number: int, into: Path) -> bool:
        """Fetch what a build archived, as a zip; False: it archived nothing."""
        where = f"{_job(project)}/{number}/artifact/*zip*/archive.zip"
        answer = self._http(HttpCall(url=f"{self._url}{where}", headers=self._headers), into)
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise self._refused(answer)
        return True

    def stop(self, project: str, number: int) -> None:
        """Ask a build to end."""
        self._ask("POST", f"{_job(project)}/{number}/stop", body=b"")

    def leave_queue(self, queued: int) -> None:
        """Take a build out of the queue."""
        self._ask("POST", f"/queue/cancelItem?id={queued}", body=b"")

    def page_of(self, project: str, number: int) -> str:
        """Give a build's page, for people."""
        return f"{self._url}{_job(project)}/{number}/"

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        return self._http(
            HttpCall(
                url=f"{self._url}{path}",
                method=method,
                headers={**self._headers, **(headers or {})},
                body=body,
            )
        )

    def _json(self, answer: HttpAnswer) -> dict[str, Any]:
        if answer.status != 200:
            raise self._refused(answer)
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Unavailable(
                f"what answers at {self._url} is no Jenkins", hint="look at local.jenkins"
            )
        return found

    def _refused(self, answer: HttpAnswer) -> Unavailable:
        hints = {
            401: "give 'user' and 'token' under local.jenkins",
            403: "give 'user' and 'token' under local.jenkins, of one who may build it",
        }
        return Unavailable(
            f"the Jenkins at {self._url} answered {answer.status}",
            hint=hints.get(answer.status, "look at its log"),
        )


def _job(project: str) -> str:
    return "".join(f"/job/{quote(part, safe='')}" for part in project.split("/") if part)


def _form(files: Mapping[str, Path]) -> bytes:
    parts = []
    for name, path in files.items():
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{name}.zip"\r\nContent-Type: application/zip\r\n\r\n'
        )
        parts += [head.encode(), path.read_bytes(), b"\r\n"]
    return b"".join((*parts, f"--{_BOUNDARY}--\r\n".encode()))
