import pytest

from cicd.deploy.describe import describe
from cicd.deploy.process import DeploymentProcess
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import Event, EventKind
from cicd.ports import Level
from cicd.testing.clock import START
from tests.deploy.test_process import event, live, plan


def tell(*steps, **options):
    """Fold events, and give what is said of the last one."""
    process = DeploymentProcess(plan(count=1, **options))
    state = process.initial()
    for kind, key, data in steps:
        last = Event(kind=kind, at=START, key=key, data=data)
        state = process.apply(state, last)
    return describe(process, state, last)


def finished(status, **detail):
    return {"outcome": encode(Outcome(status=status, detail=detail))}


SUBMITTED = (EventKind.SUBMITTED, "", {})
STARTED = (EventKind.STARTED, "i0/ApplicationStop", {})


def test_a_submitted_deployment_says_what_goes_where():
    said = tell(SUBMITTED)
    assert (
        "Deploying v1 on 1 instance of shop/web, CodeDeployDefault.OneAtATime: d-ABCDEFGHI"
    ) == said.text
    assert "CodeDeploy Deployment State-change Notification" == said.detail["detail-type"]
    assert "START" == said.detail["detail"]["state"]


def test_a_rollback_says_that_it_is_one():
    assert tell(SUBMITTED, rollback_of="d-OTHER").text.startswith("Rolling back d-OTHER to v1")


def test_the_first_event_of_an_instance_is_its_start():
    said = tell(SUBMITTED, STARTED)
    assert "i0: ApplicationStop InProgress" == said.text
    assert {
        "instanceId": "i0",
        "region": "us-east-1",
        "deploymentId": "d-ABCDEFGHI",
        "instanceGroupId": "1",
        "deploymentGroup": "web",
        "state": "START",
        "application": "shop",
    } == said.detail["detail"]


def test_an_event_that_succeeded_is_named():
    said = tell(SUBMITTED, STARTED, (EventKind.FINISHED, STARTED[1], finished(OutcomeStatus.DONE)))
    assert ("i0: ApplicationStop Succeeded", Level.INFO) == (said.text, said.level)


def test_an_event_that_failed_says_why():
    end = finished(OutcomeStatus.FAILED, diagnostics={"message": "it broke"})
    said = tell(SUBMITTED, STARTED, (EventKind.FINISHED, STARTED[1], end))
    assert ("i0: ApplicationStop Failed: it broke", Level.FAILURE) == (said.text, said.level)
    assert "FAILURE" == said.detail["detail"]["state"]


def test_an_ignored_failure_is_a_warning():
    end = finished(OutcomeStatus.FAILED, diagnostics={"message": "it broke"})
    said = tell(
        SUBMITTED,
        STARTED,
        (EventKind.FINISHED, STARTED[1], end),
        ignore_application_stop_failures=True,
    )
    assert ("i0: ApplicationStop Failed: it broke (ignored)", Level.WARNING) == (
        said.text,
        said.level,
    )


def test_the_end_names_the_code():
    end = finished(OutcomeStatus.FAULT, message="no disk")
    said = tell(
        SUBMITTED,
        STARTED,
        (EventKind.FINISHED, STARTED[1], end),
        (EventKind.CONCLUDED, "", {"status": "Failed"}),
    )
    assert said.text.startswith("d-ABCDEFGHI: Failed HEALTH_CONSTRAINTS: 1 of 1 instance failed")
    assert "FAILURE" == said.detail["detail"]["state"]


@pytest.mark.parametrize(
    ("config", "count", "failing", "words"),
    [
        ("OneAtATime", 1, 1, "1 of 1 instance failed, and 1 must be healthy"),
        (
            "OneAtATime",
            3,
            1,
            "1 of 3 instances failed, and 2 must stay healthy: the other 2 are not begun",
        ),
        (
            "HalfAtATime",
            3,
            1,
            "1 of 3 instances failed, and 2 must stay healthy: the other 2 are not begun",
        ),
        ("AllAtOnce", 4, 4, "4 of 4 instances failed, and 1 must be healthy"),
    ],
)
def test_too_many_that_failed_are_told_in_numbers(config, count, failing, words):
    process = DeploymentProcess(plan(config, count))
    ends = {f"i{number}/Install": OutcomeStatus.FAILED for number in range(failing)}
    status, _, state = live(process, ends)
    said = describe(process, state, event(EventKind.CONCLUDED, 9, status=status))
    assert f"d-ABCDEFGHI: Failed HEALTH_CONSTRAINTS: {words}" == said.text


def test_a_stop_is_announced():
    said = tell(SUBMITTED, (EventKind.SIGNALLED, "", {"signal": "stop"}))
    assert "Stopping: events that run finish, no new one begins" == said.text


def test_a_stop_that_was_asked_for_before_is_not_announced_again():
    stop = {"signal": "stop"}
    first, second = (EventKind.SIGNALLED, "", stop), (EventKind.SIGNALLED, "", {**stop})
    assert "" == tell(SUBMITTED, first, second).text


def test_a_deployment_that_was_stopped_says_so_whatever_else_failed():
    end = finished(OutcomeStatus.FAILED, diagnostics={"message": "it broke"})
    said = tell(
        SUBMITTED,
        STARTED,
        (EventKind.SIGNALLED, "", {"signal": "stop"}),
        (EventKind.FINISHED, STARTED[1], end),
        (EventKind.CONCLUDED, "", {"status": "Stopped"}),
    )
    assert (
        "d-ABCDEFGHI: Stopped MANUAL_STOP: The deployment was stopped by a request." == said.text
    )
