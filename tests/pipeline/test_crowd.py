"""Many who start, stop, approve and retry at once: nothing is lost, and nothing is done twice."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from cicd.errors import Conflict, UsageError
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.commands import RetryMode
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.result import ActionResult, ActionStatus, FailureType, failed
from cicd.pipeline.run import (
    execution_state,
    put_approval_result,
    resume_execution,
    start_execution,
    stop_execution,
    waiting_approvals,
)
from cicd.pipeline.stages import admissions, retry_stage
from cicd.settings import load_settings
from cicd.wiring import make_services
from tests.pipeline.documents import APPROVAL, SOURCE_STAGE, action, read, stage

BUILD_STAGE = stage("Build", action("Compile", takes="code"), action("Lint", takes="code"))
ASK_STAGE = stage("Ask", action("Approve", APPROVAL))
LAST_STAGE = stage("Last", action("End", takes="code"))
READY = SimpleNamespace(check=lambda: None)
OVER = {"Succeeded", "Failed", "Stopped", "Superseded"}
MODES = [{}, {"executionMode": "QUEUED", "pipelineType": "V2"}]


class Hasty:
    """A provider that takes a moment, now and then fails, and notes what it ran."""

    def __init__(self):
        self.ran = Counter()
        self.lock = threading.Lock()

    def run(self, request, services, scope):
        with self.lock:
            self.ran[request.parent] += 1
            number = sum(self.ran.values())
        time.sleep(0.002)
        if number % 7 == 0:
            return failed(FailureType.JOB_FAILED, "it broke")
        made = [{"name": name, "digest": "0" * 64, "key": "k"} for name in request.action.outputs]
        return ActionResult(status=ActionStatus.SUCCEEDED, outputs=tuple(map(artifact, made)))

    recover = run


def artifact(made):
    from cicd.pipeline.result import StoredArtifact

    return StoredArtifact(**made)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Give what opens the home, as another terminal would; builds and sources are hasty."""
    provider = Hasty()
    for name in ("Source/AWS/CodeCommit", "Build/AWS/CodeBuild"):
        monkeypatch.setitem(ACTIONS._loaded, name, provider)

    def opened():
        settings = load_settings({"home": str(tmp_path / ".cicd")}, {}, tmp_path)
        return make_services(settings, reporters=())

    return SimpleNamespace(open=opened, provider=provider, root=tmp_path)


def plan(machine, services, **more):
    spec = read(SOURCE_STAGE, BUILD_STAGE, ASK_STAGE, LAST_STAGE, **more)
    return compile_plan(spec, Start(), root=machine.root, new_id=services.new_id)


def without_runner(services):
    return replace(services, runner=lambda name: READY)


def try_to(work, *given, **more):
    """Ask for what the rules may refuse."""
    try:
        work(*given, **more)
    except (UsageError, Conflict):
        return False
    return True


def meddle(services, draw):
    """Do one thing to one of the executions, if it lets itself be done."""
    records = services.executions.list(kind="pipeline", limit=6)
    if not records:
        return
    stream = draw.choice(records).stream
    match draw.choice(("reject", "stop", "abandon", "retry")):
        case "reject":
            answer(stream, services, approved=False)
        case "stop" | "abandon" as word:
            try_to(stop_execution, stream, services, abandon=word == "abandon")
        case _:
            name = draw.choice(("Source", "Build", "Ask", "Last"))
            mode = draw.choice(tuple(RetryMode))
            if try_to(retry_stage, stream, services, stage=name, mode=mode, now_is=None):
                try_to(resume_execution, stream, services)


def answer(stream, services, *, approved):
    if not services.log.read(stream):
        return
    for approval in waiting_approvals(stream, services):
        try_to(put_approval_result, stream, services, approval=approval, approved=approved)


@pytest.mark.parametrize("more", MODES)
def test_two_terminals_that_start_stop_approve_and_retry_lose_nothing_and_do_nothing_twice(
    machine, more
):
    begun, over = [], threading.Event()

    def terminal(seed):
        draw = random.Random(seed)
        with machine.open() as real:
            services = without_runner(real)
            for _ in range(4):
                begun.append(planned := plan(machine, services, **more))
                try_to(start_execution, planned, services)
                meddle(services, draw)

    def meddler(seed):
        draw = random.Random(seed)
        with machine.open() as real:
            services = without_runner(real)
            while not over.wait(0.005):
                meddle(services, draw)

    with (
        machine.open() as services,
        saying_yes(services),
        taking_up(without_runner(services)),
        ThreadPoolExecutor(6) as people,
    ):
        meddlers = [people.submit(meddler, seed) for seed in (1, 2)]
        terminals = [people.submit(terminal, seed) for seed in (3, 4)]
        try:
            for each in terminals:
                each.result(timeout=120)
        finally:
            over.set()
        for each in meddlers:
            each.result(timeout=120)
        ready = without_runner(services)
        for record in reversed(services.executions.list(kind="pipeline")):
            if services.log.read(record.stream):
                resume_execution(record.stream, ready)
        check(machine, services, begun)


@contextmanager
def saying_yes(services):
    """Approve whatever waits, while inside; somebody else may be quicker."""
    over = threading.Event()

    def approve():
        while not over.wait(0.02):
            for record in services.executions.list(kind="pipeline"):
                if record.status not in OVER:
                    answer(record.stream, services, approved=True)

    asker = threading.Thread(target=approve)
    asker.start()
    try:
        yield
    finally:
        over.set()
        asker.join()


@contextmanager
def taking_up(services):
    """
    Go on with whatever nobody drives, while inside.

    Who retries while the last driver is about to leave may not drive, and then nobody does;
    all who wait behind that execution would wait for ever.
    """
    over = threading.Event()

    def look():
        driven = {}
        with ThreadPoolExecutor(12) as drivers:
            while not over.wait(0.1):
                for record in services.executions.list(kind="pipeline"):
                    known = driven.get(record.stream)
                    if record.status not in OVER and (known is None or known.done()):
                        driven[record.stream] = drivers.submit(
                            try_to, resume_execution, record.stream, services
                        )

    keeper = threading.Thread(target=look)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def check(machine, services, begun):
    records = services.executions.list(kind="pipeline")
    known = {record.stream.partition("/")[2] for record in records}
    assert known <= {planned.execution_id for planned in begun}
    for record in records:
        state = execution_state(record.stream, services)
        assert state.concluded in OVER
        assert record.status == state.concluded
        keys = [
            event.key for _, event in services.log.read(record.stream) if event.kind == "STARTED"
        ]
        assert len(keys) == len(set(keys))
    # Where the meddlers are quick, nothing may have run at all.
    assert {1} >= set(machine.provider.ran.values())
    assert all(lock.holder is None for lock in admissions("shop", services).stages.values())
    assert all(not lock.waiting for lock in admissions("shop", services).stages.values())


def test_a_hundred_executions_at_once_all_end(machine):
    more = {"executionMode": "PARALLEL", "pipelineType": "V2"}
    with machine.open() as services:
        ready = without_runner(services)
        plans = [
            replace(plan(machine, ready, **more), execution_id=ready.new_id(), approve=True)
            for _ in range(100)
        ]
        with ThreadPoolExecutor(100) as people:
            results = list(people.map(lambda each: start_execution(each, ready), plans))
        statuses = Counter(result.status for result in results)
        assert statuses.keys() <= {"Succeeded", "Failed"}
        assert 100 == len({result.execution_id for result in results})
        assert 1 == max(machine.provider.ran.values())
        assert 100 == len(services.executions.list(kind="pipeline"))
