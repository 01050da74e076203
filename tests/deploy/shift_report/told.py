"""A shift that was written down: 30 %, then 60 %, then an analysis that stopped it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cicd.deploy.shift.config import PREDEFINED
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import Event, EventKind
from tests.deploy.shift.test_process import plan

STREAM = "deployment/d-ABCDEFGHI"
BACK = "d-BACKAGAIN"
SPEED = 60.0
STARTED = datetime(2020, 1, 1, 12, tzinfo=UTC)  # by both clocks
REASON = "error rate 9.00 % (9 of 100), the limit is 1 %"


def machine(seconds):
    return STARTED + timedelta(seconds=seconds)


def event(kind, seconds, key="", **data):
    """Give an event so many of the machine's seconds after the start."""
    return Event(kind=kind, at=STARTED + timedelta(seconds=seconds * SPEED), key=key, data=data)


def over(seconds, key, status=OutcomeStatus.DONE, **detail):
    outcome = encode(Outcome(status=status, detail=detail))
    return [
        event(EventKind.STARTED, seconds, key),
        event(EventKind.FINISHED, seconds, key, outcome=outcome),
    ]


def step(seconds, weight):
    return over(
        seconds,
        f"web/AllowTraffic/{weight}",
        machine={"at": machine(seconds).isoformat(), "speed": SPEED},
    )


def stopped_shift():
    return [
        event(EventKind.SUBMITTED, 0, plan=encode(plan())),
        *over(1, "web/Install"),
        *step(20, 30),
        event(EventKind.STARTED, 20, "alarms"),
        *step(22, 60),
        event(
            EventKind.FINISHED,
            23,
            "alarms",
            outcome=encode(
                Outcome(
                    status=OutcomeStatus.FAILED,
                    detail={"alarm": "analysis", "state": "ANALYSIS", "reason": REASON},
                )
            ),
        ),
        event(EventKind.CONCLUDED, 24, status="Stopped"),
    ]


def rolled_back():
    """What follows in the same stream, and the stream of the rollback."""
    made = plan(config=PREDEFINED["CodeDeployDefault.ECSAllAtOnce"])
    back = replace(made, deployment_id=BACK, shift=replace(made.shift, rollback=True))
    words = {"rollbackDeploymentId": BACK, "rollbackMessage": "all goes back"}
    signalled = event(EventKind.SIGNALLED, 24.5, signal="rollback", **words)
    return signalled, [event(EventKind.SUBMITTED, 24.6, plan=encode(back)), *step(25, 100)]
