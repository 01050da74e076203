"""An analysis of a function's versions, from its own invocations; and the report of its shift."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from cicd.cli.show.shift_board import ShiftBoard
from cicd.deploy.find_group import find_group
from cicd.deploy.run import DeploymentRequest, run_deployment
from cicd.deploy.shift.config import custom_shift
from cicd.deploy.shift.requests import AliasRequests
from cicd.deploy.shift_report.chart import chart
from cicd.deploy.shift_report.collect import story_of
from cicd.deploy.shift_report.page import page
from cicd.deploy.spec import ComputePlatform
from cicd.document.resources import Resources
from cicd.errors import Unavailable
from cicd.functions.invocations import InvocationLog
from tests.functions.world import create, home, invoke, write

GOOD = "def handler(event, context): return 1"
BAD = "def handler(event, context): raise ValueError('new')"
SLOW = "import time\ndef handler(event, context): time.sleep(0.03)"
CICD = """
applications:
  - applicationName: fn
    computePlatform: Lambda
    deploymentGroups:
      - deploymentGroupName: live
        autoRollbackConfiguration: {enabled: true, events: [DEPLOYMENT_STOP_ON_ALARM]}
local:
  deploymentGroups:
    live:
      analysis: ANALYSIS
"""


def two_versions(services, new):
    functions = create(services, "fn", GOOD)
    functions.publish("fn")
    functions.update("fn", lambda held: held, write(services, "fn", f"{new}  # 2"))
    functions.publish("fn")
    functions.put_alias("fn", "live", "1", {})
    return functions


@contextmanager
def load(functions):
    over = threading.Event()

    def call():
        while not over.is_set():
            invoke(functions, "fn", qualifier="live")

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def deploy(root, services, analysis, minutes="60m"):
    (root / "revision").mkdir()
    (root / "revision/appspec.yml").write_text(
        "version: 0.0\nResources:\n  - r:\n      Type: AWS::Lambda::Function\n"
        "      Properties: {Name: fn, Alias: live, CurrentVersion: 1, TargetVersion: 2}\n"
    )
    (root / "cicd.yml").write_text(CICD.replace("ANALYSIS", analysis))
    group = find_group(Resources.load(root), home=services.home)
    shift = custom_shift("Canary", ComputePlatform.LAMBDA, 50, minutes)
    return run_deployment(
        DeploymentRequest(group=group, revision=root / "revision", shift=shift), services
    )


@pytest.mark.parametrize(
    ("new", "analysis", "words"),
    [
        (BAD, "{errorRate: 5, leastRequests: 20, interval: 1}", "error rate 100.00 %"),
        (SLOW, "{slower: 50, leastRequests: 10, interval: 1}", "slower, 50 % are allowed"),
        (
            SLOW,
            "{judgement: MannWhitney, leastRequests: 10, interval: 1}",
            "the new one is the slower of",
        ),
    ],
)
def test_a_version_that_fails_its_analysis_is_taken_back(tmp_path, new, analysis, words):
    with home(tmp_path, speed=100) as services:
        functions = two_versions(services, new)
        with load(functions):
            result = deploy(tmp_path, services, analysis)
        assert "Stopped" == result.status
        said = result.deployment["deploymentInfo"]["errorInformation"]
        assert "ALARM_ACTIVE" == said["code"]
        assert "The analysis failed the new version" in said["message"]
        assert words in said["message"]
        alias = functions.find("fn").alias("live")
        assert ("1", {}) == (alias.function_version, dict(alias.additional))
        story = story_of(result.deployment_id, services)
        assert ("1", "2", [50, 0]) == (story.old, story.new, [s.weight for s in story.steps])
        assert {"1", "2"} == {each.group for each in story.answered}
        assert any("The analysis failed" in mark.text for mark in story.marks)
        drawn = "\n".join(chart(story))
        assert ("(100.00%)" in drawn) == (new is BAD)
        assert "<svg" in page(story)


def test_a_version_that_passes_is_deployed(tmp_path):
    with home(tmp_path, speed=100) as services:
        functions = two_versions(services, GOOD)
        with load(functions):
            result = deploy(tmp_path, services, "{errorRate: 1, leastRequests: 5}", "4m")
        assert "Succeeded" == result.status
        assert "2" == functions.find("fn").alias("live").function_version
        said = [
            event.data["verdict"]
            for _, event in services.log.read(result.stream)
            if event.data.get("signal") == "analysis"
        ]
        assert "Failed" not in said


def test_a_request_of_an_alias_is_an_invocation_by_its_name_alone(tmp_path):
    began = datetime.now(UTC)
    with home(tmp_path) as services:
        functions = two_versions(services, BAD)
        invoke(functions, "fn", qualifier="live")
        invoke(functions, "fn", qualifier="2")
        invoke(functions, "fn")
        functions.put_alias("fn", "live", "1", {"2": 0.25})
        requests = AliasRequests("fn", "live", services)
        assert [("1", 200)] == [(r.group, r.status) for r in requests.answered(began)]
        assert (75, 25, 0) == tuple(requests.weight(version) for version in "123")
        functions.put_alias("fn", "live", "2", {})
        invoke(functions, "fn", qualifier="live")
        assert [("1", 200), ("2", 500)] == [(r.group, r.status) for r in requests.answered(began)]
        assert all(0 < each.seconds < 3 for each in requests.answered(began))
        later = datetime.now(UTC) + timedelta(seconds=1)
        assert [] == requests.answered(later)
        assert 2 == len(requests.answered(began))
        functions.remove_alias("fn", "live")
        assert 0 == requests.weight("2")


def test_an_invocation_that_nothing_could_run_is_an_error_of_its_version(tmp_path):
    with home(tmp_path) as services:
        functions = create(services, "fn", GOOD, runtime="python3.99")
        with pytest.raises(Unavailable):
            invoke(functions, "fn")
        (record,) = InvocationLog("fn", services.logs).since(datetime.fromtimestamp(0, UTC))
        assert ("$LATEST", "", True) == (record.version, record.qualifier, record.failed)


def test_the_live_view_has_both_versions_figures(tmp_path):
    with home(tmp_path, speed=100) as services:
        functions = two_versions(services, GOOD)
        for version in ("1", "2"):
            functions.put_alias("fn", "live", version, {})
            invoke(functions, "fn", qualifier="live")
        functions.put_alias("fn", "live", "1", {})
        result = deploy(tmp_path, services, "{errorRate: 1}", "1m")
        (_, submitted), *rest = services.log.read(result.stream)
        board = ShiftBoard(submitted.data["plan"], services)
        try:
            for _, event in rest[:4]:
                board.event(event)
            for _ in range(100):
                if len(board.lines()) == 3:
                    break
                threading.Event().wait(0.05)
            (name, _), (_, old), (_, new) = board.lines()
        finally:
            board.close()
        assert "fn:live" == name
        assert "requests/s" in old
        assert "requests/s" in new
