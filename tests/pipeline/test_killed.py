"""An execution whose driver dies, anywhere: what becomes of it, and that nothing is done twice."""

import json
import os
import signal
import threading
import time
import traceback
from collections import Counter
from dataclasses import replace

import pytest

from cicd.document.resources import Resources
from cicd.pipeline.compile import Start
from cicd.pipeline.run import (
    ExecutionRequest,
    find_execution,
    plan_execution,
    put_approval_result,
    resume_execution,
    start_execution,
    waiting_approvals,
)
from cicd.testing.fakes import MemoryEventLog, MemoryExecutionIndex, RecordingReporter
from cicd.wiring.functions import serve
from tests.functions.world import create
from tests.git_command import git
from tests.pipeline.documents import APPROVAL, DEPLOY, SOURCE_STAGE, action, pipeline, stage
from tests.pipeline.test_job_worker import MAKE, Worker
from tests.pipeline.test_lambda import HANDLER, INVOKE
from tests.pipeline.test_whole import FILES, SHOP, machine
from tests.pipeline.world import MINUTE

BUILD_STAGE = stage("Build", action("Compile", takes="code", makes="site"))
ASK_STAGE = stage("Ask", action("Approve", APPROVAL))
DEPLOY_STAGE = stage("Deploy", action("Up", DEPLOY, takes="site"))


class Recording(MemoryEventLog):
    """A log that knows in which order its streams were written."""

    def __init__(self):
        super().__init__()
        self.appends = []

    def append(self, stream, events, *, expected):
        version = super().append(stream, events, expected=expected)
        self.appends.append((stream, tuple(events)))
        return version


def answer_all(world, services):
    """Answer whatever waits, a minute later and again and again."""

    def act():
        for record in services.executions.list(kind="pipeline"):
            for approval in waiting_approvals(record.stream, services):
                put_approval_result(record.stream, services, approval=approval, approved=True)

    for minutes in range(1, 40):
        world.clock.call_at(world.clock.now() + minutes * MINUTE, act)


def test_a_driver_that_dies_at_any_append_is_followed_by_one_that_ends_as_it_would(world):
    world.provider.takes = {"Compile": 3 * MINUTE, "Up": 3 * MINUTE}
    log = Recording()
    services = replace(world.services, log=log)
    answer_all(world, services)
    plan = world.plan(SOURCE_STAGE, BUILD_STAGE, ASK_STAGE, DEPLOY_STAGE)
    unbroken = start_execution(plan, services)
    assert ("Succeeded", 4) == (unbroken.status, len(world.statuses_of(unbroken, services)))
    assert len(log.appends) > 15
    for cut in range(1, len(log.appends)):
        kept = Recording()
        for stream, events in log.appends[:cut]:
            version = len(kept.read(stream))
            kept.append(stream, events, expected=version)
        index = MemoryExecutionIndex()
        index.submit(
            unbroken.stream,
            kind="pipeline",
            name="shop",
            status="InProgress",
            parent=None,
            at=world.clock.now(),
        )
        again = replace(world.services, log=kept, executions=index)
        over = {
            event.key.partition("/")[2]
            for _, event in kept.read(unbroken.stream)
            if event.kind == "FINISHED"
        }
        world.provider.calls.clear()
        answer_all(world, again)
        result = resume_execution(unbroken.stream, again)
        assert ("Succeeded", cut) == (result.status, cut), result.failure
        assert world.statuses_of(unbroken, services) == world.statuses_of(result, again)
        assert set() == over & set(world.provider.calls), cut
        assert 1 == max(Counter(world.provider.calls).values(), default=1)


# ── Real processes, really killed ─────────────────────────────────────────────────────────────


BUILDSPEC = """
version: 0.2
phases:
  build:
    commands:
      - echo one >> "$RAN"
      - sleep 0.3; echo two >> "$RAN"
      - mkdir site && cp page.txt appspec.yml hook.sh site/ && echo three >> "$RAN"
artifacts: {base-directory: site, files: ['**/*']}
"""
APPSPEC = """
version: 0.0
os: linux
files: [{source: /page.txt, destination: /srv}]
file_exists_behavior: OVERWRITE
hooks: {AfterInstall: [{location: hook.sh}]}
"""
HOOK = '#!/bin/sh\necho hook >> "${CICD_INSTANCE_ROOT:-}/srv/ran"\n'


@pytest.fixture
def shop(tmp_path):
    root = tmp_path / "shop"
    root.mkdir()
    variables = json.dumps([{"name": "RAN", "value": str(tmp_path / "ran")}])
    compile_ = action(
        "Compile",
        takes="code",
        makes="site",
        configuration={"ProjectName": "app", "EnvironmentVariables": variables},
    )
    stages = [SHOP["stages"][0], stage("Build", compile_), ASK_STAGE, DEPLOY_STAGE]
    files = {**FILES, "buildspec.yml": BUILDSPEC, "appspec.yml": APPSPEC, "hook.sh": HOOK}
    for name, text in files.items():
        (root / name).write_text(text)
    (root / "hook.sh").chmod(0o755)
    (root / "pipeline.json").write_text(json.dumps({"pipeline": {**SHOP, "stages": stages}}))
    (root / ".gitignore").write_text(".cicd\ninstances\n")
    git(root, "init", "-q", "-b", "main", ".")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "First page")
    return root


class Deadly:
    """A log whose process is killed right after an append, ``at`` counts from 1, or before one."""

    def __init__(self, log, at, ending):
        self.log, self.at, self.count, self.ending = log, at, 0, ending

    def append(self, stream, events, *, expected):
        if any(("FINISHED", self.ending) == (event.kind, event.key) for event in events):
            os.kill(os.getpid(), signal.SIGKILL)
        version = self.log.append(stream, events, expected=expected)
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return version

    def __getattr__(self, name):
        return getattr(self.log, name)


def approving(services, over):
    while not over.wait(0.05):
        for record in services.executions.list(kind="pipeline"):
            if record.status == "InProgress" and services.log.read(record.stream):
                for approval in waiting_approvals(record.stream, services):
                    put_approval_result(record.stream, services, approval=approval, approved=True)


def in_a_process(root, work, *, dies_at=0, dies_before_end_of=None):
    """Do something with the home in a process of its own; give its status, and its appends."""
    counted = root.parent / "counted"
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), counted
    try:
        with machine(root, RecordingReporter()) as real:
            log = Deadly(real.log, dies_at, dies_before_end_of)
            services, over = replace(real, log=log), threading.Event()
            helper = threading.Thread(target=approving, args=(real, over), daemon=True)
            helper.start()
            status = work(services)
            over.set()
            helper.join()
            counted.write_text(str(log.count))
        os._exit(0 if status == "Succeeded" else 1)
    except BaseException:  # noqa: BLE001  # whatever it is, this process must not go on
        traceback.print_exc()
        os._exit(70)


def begin(root):
    def work(services):
        request = ExecutionRequest(directory=root, start=Start())
        planned = plan_execution(request, services, Resources.load(root))
        return start_execution(planned.plan, services).status

    return work


def go_on(root):
    def work(services):
        if not services.executions.list():  # what was killed had not written down anything
            return begin(root)(services)
        return resume_execution(find_execution(None, services).stream, services).status

    return work


def done_by(root):
    instance = root / "instances" / "web-1" / "srv"
    return (
        (root.parent / "ran").read_text().split(),
        (instance / "ran").read_text().split(),
        (instance / "page.txt").read_text(),
    )


ONCE = (["one", "two", "three"], ["hook"], "good\n")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.45, 0.6, 0.75])
def test_a_killed_process_is_followed_by_one_that_runs_no_command_again(shop, share):
    # Forty-six appends are made; which one is the last differs a little from run to run.
    dies_at = 1 + int(share * 46)
    status, counted = in_a_process(shop, begin(shop), dies_at=dies_at)
    if status == 0:  # it made fewer, and so lived
        assert int(counted.read_text()) < dies_at
    else:
        assert -signal.SIGKILL == status
        time.sleep(0.1)
        status, _ = in_a_process(shop, go_on(shop))
        assert 0 == status
    assert ONCE == done_by(shop)


@pytest.mark.parametrize("called", ["Call", "Work"])
def test_what_a_function_or_a_worker_put_into_its_outputs_outlives_a_kill_before_the_end(
    tmp_path, monkeypatch, called
):
    root = tmp_path / "shop"
    root.mkdir()
    monkeypatch.chdir(root)
    configuration = {"FunctionName": "worker", "UserParameters": "copy"}
    made = {
        "Call": action("Call", INVOKE, takes="code", makes="list", configuration=configuration),
        "Work": action("Work", MAKE, takes="code", makes="list"),
    }[called]
    put = {"BucketName": "seen", "Extract": "true"}
    put_stage = stage("Put", action("Put", "Deploy/AWS/S3", takes="list", configuration=put))
    document = pipeline(SOURCE_STAGE, stage("Make", made), put_stage)
    (root / "pipeline.json").write_text(json.dumps({"pipeline": document}))
    (root / "cicd.yml").write_text(
        "local: {runner: host, jobWorkers: [MyBuilder], buckets: {seen: seen}}\n"
    )
    (root / ".gitignore").write_text(".cicd\nseen\n*-code\n")
    git(root, "init", "-q", "-b", "main", ".")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")

    def killed(services):
        create(services, "worker", HANDLER, timeout=60, memory_size=512)
        if called == "Work":
            worker = threading.Thread(target=worked, args=(services,), daemon=True)
            worker.start()
        return begin(root)(services)

    def worked(services):
        try:
            worker = Worker(serve(services, 0).url)
            job = worker.taken()
            worker.put(job, **{"list.txt": "cicd.yml"})
            worker.pipeline.put_job_success_result(jobId=job["id"])
        except BaseException:  # noqa: BLE001  # else the pipeline would wait for ever
            traceback.print_exc()
            os._exit(70)

    status, _ = in_a_process(root, killed, dies_before_end_of=f"Make/{called}")
    assert -signal.SIGKILL == status
    assert [] == list((root / ".cicd/jobs").iterdir())  # what was put there is gone
    status, _ = in_a_process(root, go_on(root))
    assert 0 == status
    assert "cicd.yml" in (root / "seen/list.txt").read_text()
