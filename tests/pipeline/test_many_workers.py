"""Many job workers at one ``cicd serve``, and several pipelines at once: none lost, none twice."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from cicd.pipeline.run import execution_state
from cicd.testing.fakes import RecordingReporter
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, stage
from tests.pipeline.test_job_worker import MAKE, TYPE, Worker
from tests.pipeline.test_whole import machine

PIPELINES = {"one": "SUPERSEDED", "two": "QUEUED", "three": "PARALLEL"}
STARTS = {"one": 1, "two": 3, "three": 3}  # one that starts once is superseded by none
WORKERS = 5
PATIENCE = 240  # seconds, on a busy machine


@pytest.fixture
def root(tmp_path):
    """A repository with three pipelines, of two custom actions side by side and one after."""
    for name, mode in PIPELINES.items():
        document = pipeline(
            SOURCE_STAGE,
            stage(
                "Build",
                action("Left", MAKE, takes="code", makes="left"),
                action("Right", MAKE, takes="code", makes="right"),
            ),
            stage("Last", action("End", MAKE, takes="left", makes="end", namespace="End")),
            name=name,
            executionMode=mode,
            pipelineType="V2",
        )
        (tmp_path / f"{name}.json").write_text(json.dumps({"pipeline": document}))
    (tmp_path / "cicd.yml").write_text(
        "pipelines: [one.json, two.json, three.json]\n"
        "local: {runner: host, jobWorkers: [MyBuilder]}\n"
    )
    (tmp_path / ".gitignore").write_text(".cicd\n")
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


@contextmanager
def served(root):
    """Have ``cicd serve`` answer, as a process of its own; gives its address."""
    command = [sys.executable, "-m", "cicd", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().split()[-1]
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    finally:
        process.kill()  # where a worker broke, its action would wait for ever
        process.wait()
        process.stdout.close()


class Hand:
    """A worker that races the others: it takes what it can, and says everything twice."""

    def __init__(self, url, seed, over, done):
        self.worker, self.draw = Worker(url), random.Random(seed)
        self.over, self.done = over, done
        self.lost_races = 0

    def work(self):
        while not self.over.is_set():
            jobs = self.worker.pipeline.poll_for_jobs(actionTypeId=TYPE, maxBatchSize=3)["jobs"]
            self.draw.shuffle(jobs)
            for job in jobs:
                self.take(job)
            if not jobs:
                time.sleep(0.05)

    def take(self, job):
        refusals = self.worker.pipeline.exceptions
        try:
            self.worker.pipeline.acknowledge_job(jobId=job["id"], nonce=job["nonce"])
        except refusals.InvalidNonceException:
            self.lost_races += 1  # another worker was quicker
            return
        self.done.append(job)
        context, data = job["data"]["pipelineContext"], job["data"]
        if "continuationToken" not in data and context["action"]["name"] == "Left":
            report = {"continuationToken": "half"}
        else:
            self.worker.put(job, made=context["pipelineExecutionId"] + context["action"]["name"])
            report = {"outputVariables": {"BY": job["id"]}}
        self.worker.pipeline.put_job_success_result(jobId=job["id"], **report)
        with pytest.raises(refusals.InvalidJobStateException):
            self.worker.pipeline.put_job_success_result(jobId=job["id"], **report)


def test_workers_that_race_for_the_jobs_of_several_pipelines_lose_none_and_do_none_twice(root):
    over, done = threading.Event(), []
    with served(root) as url, ThreadPoolExecutor(WORKERS) as people:
        hands = [Hand(url, seed, over, done) for seed in range(WORKERS)]
        working = [people.submit(hand.work) for hand in hands]
        try:
            client = hands[0].worker.pipeline
            begun = {
                client.start_pipeline_execution(name=name)["pipelineExecutionId"]: name
                for name, times in STARTS.items()
                for _ in range(times)
            }
            ended = wait_for(client, begun, working)
        finally:
            over.set()
        for each in working:
            each.result()
    assert dict.fromkeys(begun, "Succeeded") == ended
    assert 1 == max(Counter(job["id"] for job in done).values())
    # Of each execution: two jobs of Left, which goes on with a token; one of Right, one of End.
    asked = Counter(
        (context["pipelineExecutionId"], context["action"]["name"])
        for job in done
        for context in [job["data"]["pipelineContext"]]
    )
    times = {"Left": 2, "Right": 1, "End": 1}
    assert {(id_, name): many for id_ in begun for name, many in times.items()} == asked
    with machine(root, RecordingReporter()) as services:
        for id_ in begun:
            state = execution_state(f"pipeline/{id_}", services)
            for name in ("Left", "Right", "End"):
                made = services.artifacts.find(state.artifacts[name.lower()].digest)
                with zipfile.ZipFile(services.artifacts.path(made)) as archive:
                    assert f"{id_}{name}" == archive.read("made").decode()
    assert [] == list((root / ".cicd/jobs").iterdir())


def wait_for(client, begun, working):
    """Give how the executions ended; a worker that broke ends the waiting."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not any(each.done() for each in working):
        found = {
            id_: client.get_pipeline_execution(pipelineName=name, pipelineExecutionId=id_)[
                "pipelineExecution"
            ]["status"]
            for id_, name in begun.items()
        }
        if "InProgress" not in found.values():
            return found
        time.sleep(0.2)
    return {}
