"""Faults: `cicd serve` is killed while it drives a pipeline whose actions wait for others."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from faults_world import Row, World

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

MOMENTS = 10
LIFE = 2.4  # seconds that an execution takes, with all who answer
WORKER = {"category": "Build", "owner": "Custom", "provider": "MyBuilder", "version": "1"}
ACTIONS: dict[str, dict[str, object]] = {
    "Source": {
        "actionTypeId": {
            "category": "Source",
            "owner": "AWS",
            "provider": "CodeCommit",
            "version": "1",
        },
        "configuration": {"RepositoryName": "app", "BranchName": "main"},
        "outputArtifacts": [{"name": "code"}],
    },
    "Work": {"actionTypeId": WORKER, "inputArtifacts": [{"name": "code"}]},
    "Call": {
        "actionTypeId": {
            "category": "Invoke",
            "owner": "AWS",
            "provider": "Lambda",
            "version": "1",
        },
        "configuration": {"FunctionName": "slow"},
    },
    "Ask": {
        "actionTypeId": {
            "category": "Approval",
            "owner": "AWS",
            "provider": "Manual",
            "version": "1",
        }
    },
}
# Takes its time, notes that it is there, and reports.
FUNCTION = """import json, os, time, urllib.request
def handler(event, context):
    with open({noted!r}, "a") as file:
        file.write(str(os.getpid()) + "\\n")
    time.sleep(0.7)
    urllib.request.urlopen(urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"] + "/",
        json.dumps({{"jobId": event["CodePipeline.job"]["id"]}}).encode(),
        {{"X-Amz-Target": "CodePipeline_20150709.PutJobSuccessResult"}},
    )).read()
"""


class Unheard(Exception):
    """Nobody answered a call, or not to its end."""


class People:
    """A job worker and somebody who approves: each asks again until it is answered."""

    def __init__(self, port: int) -> None:
        """Begin to ask at this port."""
        self._port = port
        self.refused: list[str] = []
        self.done: list[str] = []  # jobs whose report was taken
        self._over = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._work, self._approve)]
        for thread in self._threads:
            thread.start()

    def leave(self) -> None:
        """Ask no more."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def call(self, name: str, /, **fields: object) -> dict[str, Any]:
        """Make a call of CodePipeline; who answers with an exception gives that as "__type"."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            headers = {"X-Amz-Target": f"CodePipeline_20150709.{name}"}
            connection.request("POST", "/", json.dumps(fields), headers)
            return dict(json.loads(connection.getresponse().read()))
        except (OSError, HTTPException, ValueError) as reason:
            raise Unheard(str(reason)) from None
        finally:
            connection.close()

    def _heard(self, name: str, /, *, answered: str, **fields: object) -> None:
        """Say it until it is heard; ``answered`` is the exception of one that was heard before."""
        again = False
        while not self._over.is_set():
            try:
                said = self.call(name, **fields)
            except Unheard:
                again = True
                time.sleep(0.02)
                continue
            kind = said.get("__type", "")
            if kind and not (again and kind == answered):
                self.refused.append(f"{name}: {kind}")
            return

    def _ask(self, name: str, /, **fields: object) -> dict[str, Any]:
        try:
            return self.call(name, **fields)
        except Unheard:
            return {}

    def _work(self) -> None:
        while not self._over.wait(0.02):
            for job in self._ask("PollForJobs", actionTypeId=WORKER).get("jobs", ()):
                self._heard(
                    "AcknowledgeJob",
                    answered="InvalidNonceException",
                    jobId=job["id"],
                    nonce=job["nonce"],
                )
                time.sleep(0.3)
                self._heard(
                    "PutJobSuccessResult", answered="InvalidJobStateException", jobId=job["id"]
                )
                self.done.append(job["id"])

    def _approve(self) -> None:
        while not self._over.wait(0.02):
            state = self._ask("GetPipelineState", name="app")
            for stage in state.get("stageStates", ()):
                for action in stage.get("actionStates", ()):
                    token = action.get("latestExecution", {}).get("token")
                    if token:
                        self._heard(
                            "PutApprovalResult",
                            answered="ApprovalAlreadyCompletedException",
                            pipelineName="app",
                            stageName=stage["stageName"],
                            actionName=action["actionName"],
                            token=token,
                            result={"status": "Approved", "summary": "good"},
                        )


def kill_serve(scratch: Path) -> Row:
    """Kill `cicd serve`, start it anew, and resume what it drove; all others go on asking."""
    noted = scratch / "noted"
    world = _prepared(scratch, noted)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    people = People(port)
    resumed = 0
    serve = _serving(world, port)
    try:
        for moment in range(MOMENTS):
            begun = people.call("StartPipelineExecution", name="app")["pipelineExecutionId"]
            time.sleep(LIFE * (moment + 0.5) / MOMENTS)
            serve.kill()
            serve.communicate()
            serve = _serving(world, port)
            if _status(world, begun) != "Succeeded":
                resumed += 1
                status, said = world.run("pipeline", "resume", begun)
                world.lose_unless(status == 0, f"resume ended with {status}: {said[-200:]}")
            world.lose_unless(_status(world, begun) == "Succeeded", f"{begun} has not succeeded")
    finally:
        people.leave()
        serve.kill()
        serve.communicate()
    world.lose_unless(not people.refused, f"refused: {set(people.refused)}")
    jobs = len(set(people.done))
    world.lose_unless(
        jobs == len(people.done) == MOMENTS,
        f"{len(people.done)} jobs were done, {jobs} of them once",
    )
    invoked = len(noted.read_text("utf-8").splitlines())
    world.check_state()
    return world.row(
        "`kill -9` of `cicd serve` while it drives a pipeline, a job worker polls and reports, a "
        "function runs, and an approval is put",
        MOMENTS,
        f"{resumed} executions were resumed to Succeeded; each job was done once, each approval "
        f"counted; the function was invoked {invoked} times, again where it had not reported",
    )


def _prepared(scratch: Path, noted: Path) -> World:
    world = World(directory=scratch / "app")
    code = scratch / "code"
    code.mkdir()
    (code / "slow.py").write_text(FUNCTION.format(noted=str(noted)), "utf-8")
    stages = [
        {"name": name, "actions": [{"name": name, **action}]} for name, action in ACTIONS.items()
    ]
    document = {
        "name": "app",
        "roleArn": "arn:aws:iam::123456789012:role/app",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": stages,
    }
    (world.directory / "pipeline.json").write_text(json.dumps({"pipeline": document}), "utf-8")
    (world.directory / "cicd.yml").write_text(
        "local: {runner: host, jobWorkers: [MyBuilder], repositories: {app: .}}\n", "utf-8"
    )
    world.commit()
    words = ("function", "create", "slow", "--handler", "slow.handler", "--code", str(code))
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    status, said = world.run(*words, "--runtime", runtime, "--timeout", "60")
    world.lose_unless(status == 0, f"the function was not made: {said[-200:]}")
    return world


def _serving(world: World, port: int) -> subprocess.Popen[bytes]:
    """Start `cicd serve`, and wait until it listens."""
    process = world.start("serve", "--port", str(port))
    assert process.stdout is not None
    said = process.stdout.readline()
    world.lose_unless(b"listening" in said, f"it does not listen: {said!r}")
    # What it says further is nobody's, but must not stand in its way.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process


def _status(world: World, execution: str) -> str:
    executions = world.result("status", "--limit", "100").get("executions")
    found = executions.get("pipeline", []) if isinstance(executions, dict) else []
    return next((str(each["status"]) for each in found if each["id"] == execution), "unknown")


SERVES: dict[str, Callable[[Path], Row]] = {"kill-serve": kill_serve}
