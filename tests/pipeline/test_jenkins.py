"""A job of a Jenkins: a small server that speaks as much of its remote API as a pipeline needs."""

import base64
import io
import json
import re
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cicd.backends.http_calls import call_http
from cicd.document.problem import Problems
from cicd.document.resources import Resources
from cicd.engine.clock import SystemClock
from cicd.engine.process import Scope
from cicd.errors import Unavailable, UsageError
from cicd.pipeline.actions.jenkins import JENKINS
from cicd.pipeline.links import check_links
from cicd.pipeline.result import StoredArtifact
from cicd.ports import ArtifactFile, CancelToken
from tests.pipeline.documents import SOURCE_STAGE, action, read, stage

TOKEN = "ab" * 10


class FakeJenkins(ThreadingHTTPServer):
    """One job, "shop/site"; every request is written down."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Requests)
        self.asked = []
        self.parameters = ["code"]
        self.texts = []  # its other parameters
        self.result = "SUCCESS"
        self.archived = True
        self.cancelled = False
        self.polls = 0  # how often a build still runs when it is asked for
        self.given = b""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.on_poll = lambda: None


class _Requests(BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_GET(self):
        self._answer("GET")

    def do_POST(self):
        self._answer("POST")

    def _answer(self, method):
        jenkins, path = self.server, self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        jenkins.asked.append(f"{method} {path}")
        user = base64.b64encode(f"me:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {user}":
            self._say(401, {})
        elif path == "/job/shop/job/site/api/json":
            files = [{"name": n, "type": "FileParameterDefinition"} for n in jenkins.parameters]
            texts = [{"name": n, "type": "StringParameterDefinition"} for n in jenkins.texts]
            self._say(200, {"property": [{}, {"parameterDefinitions": [*texts, *files]}]})
        elif path.endswith("/build") and (jenkins.parameters or jenkins.texts):
            self._say(400, b"Nothing is submitted")  # as a real one says
        elif path in {"/job/shop/job/site/buildWithParameters", "/job/shop/job/site/build"}:
            jenkins.given = body
            self._say(201, {}, location=f"{jenkins.url}/queue/item/7/")
        elif path == "/queue/item/7/api/json":
            told = {"cancelled": True} if jenkins.cancelled else {"executable": {"number": 12}}
            self._say(200, told)
        elif path == "/job/shop/job/site/12/api/json":
            jenkins.on_poll()
            building = jenkins.polls > 0
            jenkins.polls -= 1
            self._say(200, {"building": building, "result": None if building else jenkins.result})
        elif path == "/job/shop/job/site/12/artifact/*zip*/archive.zip" and jenkins.archived:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("archive/site/page", "good")
            self._say(200, packed.getvalue())
        elif path == "/job/shop/job/site/12/stop":
            self._say(200, {})
        else:
            self._say(404, {})

    def _say(self, status, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def jenkins():
    server = FakeJenkins()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Secrets:
    def secret(self, reference):
        return TOKEN if reference == "jenkins/token" else None

    def secret_hint(self, reference):
        return f"cicd secret put {reference}"


@pytest.fixture
def ask(world, jenkins):
    """Give a function that runs or takes up the action, with other settings if they are given."""

    def run(project="shop/site", makes="", verb="run", cancel=None, **settings):
        place = {"url": jenkins.url, "user": "me", "token": "jenkins/token", **settings}
        (world.home / "cicd.yml").write_text(json.dumps({"local": {"jenkins": {"Ci": place}}}))
        (world.home / "page").write_text("good")
        kept = world.services.artifacts.put(
            [ArtifactFile(path="page", source=world.home / "page")]
        )
        tried = action(
            "Job",
            "Build/Custom/Ci",
            takes="code",
            makes=makes,
            configuration={"ProjectName": project} if project else {},
        )
        plan = world.plan(SOURCE_STAGE, stage("Build", tried))
        from cicd.pipeline.actions.provider import ActionRequest

        request = ActionRequest(
            plan=plan,
            action=next(each for each in plan.actions() if each.name == "Job"),
            configuration=tried["configuration"],
            inputs=(StoredArtifact(name="code", digest=kept.digest, key="k"),),
            workspace=world.home / "work",
            parent="pipeline/1/Build/Job",
            say=lambda text: None,
        )
        services = replace(world.services, http=call_http, secrets=Secrets(), clock=SystemClock())
        scope = Scope(stream="pipeline/1", key="x", cancel=cancel or CancelToken())
        return getattr(JENKINS, verb)(request, services, scope)

    return run


def test_a_job_gets_the_artifact_and_gives_its_archive(ask, jenkins, world):
    result = ask(makes="site")
    assert ("Succeeded", "shop/site #12: SUCCESS") == (result.status, result.summary)
    assert f"{jenkins.url}/job/shop/job/site/12/" == result.external_execution_url
    assert re.search(rb'name="code"; filename="code.zip".*PK', jenkins.given, re.DOTALL)
    (made,) = result.outputs
    into = world.home / "unpacked"
    world.services.artifacts.unpack(world.services.artifacts.find(made.digest), into)
    assert "good" == (into / "site" / "page").read_text()


def test_an_archive_that_is_not_there_leaves_the_output_empty(ask, jenkins):
    jenkins.archived = False
    assert ("Succeeded", ()) == (ask(makes="site").status, ask(makes="site").outputs)


@pytest.mark.parametrize("ended", ["FAILURE", "UNSTABLE", "ABORTED", "NOT_BUILT"])
def test_whatever_is_no_success_fails_the_action(ask, jenkins, ended):
    jenkins.result = ended
    result = ask()
    assert f"the build shop/site #12 ended with {ended}" == result.error.message
    assert result.error.hint.endswith("/job/shop/job/site/12/console")


def test_an_artifact_that_cannot_be_handed_over_is_not_passed_over(ask, jenkins):
    jenkins.parameters = []
    error = ask().error
    assert "has no file parameter 'code', so the artifact cannot be handed over" in error.message
    assert "POST /job/shop/job/site/build" not in jenkins.asked
    assert "Succeeded" == ask(inputs="none").status
    assert "POST /job/shop/job/site/build" in jenkins.asked


def test_a_job_whose_parameters_all_have_defaults_is_built_with_them(ask, jenkins):
    jenkins.parameters, jenkins.texts = [], ["BRANCH"]
    assert "Succeeded" == ask(inputs="none").status
    assert "POST /job/shop/job/site/buildWithParameters" in jenkins.asked


def test_a_provider_that_cicd_yml_names_a_jenkins_is_not_warned_of(tmp_path):
    spec = read(
        SOURCE_STAGE,
        stage(
            "Build",
            action("Job", "Build/Custom/Ci", takes="code", configuration={"ProjectName": "p"}),
        ),
    )
    warned = Problems()
    check_links(spec, Resources.load(tmp_path), warned)
    assert ["pipeline/provider-not-here"] == [each.rule for each in warned]
    place = {"local": {"jenkins": {"Ci": {"url": "http://127.0.0.1:1"}}}}
    (tmp_path / "cicd.yml").write_text(json.dumps(place))
    quiet = Problems()
    check_links(spec, Resources.load(tmp_path), quiet)
    assert [] == list(quiet)


def test_a_build_that_left_the_queue_unbuilt_fails_the_action(ask, jenkins):
    jenkins.cancelled = True
    assert "taken out of the queue" in ask().error.message


def test_a_build_that_was_started_is_followed_and_not_started_again(ask, jenkins, world):
    ask()
    jenkins.asked.clear()
    assert "Succeeded" == ask(verb="recover").status
    assert not any("build" in each.lower() for each in jenkins.asked)


def test_a_build_is_stopped_when_the_action_is(ask, jenkins):
    cancel = CancelToken()
    jenkins.polls = 1000
    jenkins.on_poll = lambda: cancel.cancel("ABANDONED")
    assert "Failed" == ask(cancel=cancel).status
    assert "POST /job/shop/job/site/12/stop" == jenkins.asked[-1]


def test_what_is_wrong_with_the_place_is_said(ask, jenkins):
    with pytest.raises(UsageError) as refused:
        ask(project="nope")
    assert "has no project 'nope'" in refused.value.message
    with pytest.raises(UsageError) as refused:
        ask(token="other")
    assert "there is no secret 'other'" in refused.value.message
    with pytest.raises(Unavailable) as refused:
        ask(user="")
    assert "answered 401" in refused.value.message
    with pytest.raises(Unavailable) as refused:
        ask(url="http://127.0.0.1:1")
    assert "does not answer" in refused.value.message
    assert "there is no ProjectName" == ask(project="").error.message
    assert "makes one output artifact at most" in ask(makes="a b").error.message


def test_a_pipeline_finds_its_jenkins_by_the_providers_name(world, jenkins):
    (world.home / "cicd.yml").write_text(
        json.dumps({"local": {"jenkins": {"Ci": {"url": jenkins.url, "inputs": "none"}}}})
    )
    job = action("Job", "Build/Custom/Ci", takes="code", configuration={"ProjectName": "p"})
    result = world.run(SOURCE_STAGE, stage("Build", job))
    assert "Succeeded" == result.status  # the world's own provider stands in for Jenkins
    other = action("Job", "Build/Custom/Other", takes="code", configuration={"ProjectName": "p"})
    refused = world.run(SOURCE_STAGE, stage("Build", other)).failure.error
    assert "cicd.yml names a Jenkins (local.jenkins)" in refused.message
