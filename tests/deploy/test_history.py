from dataclasses import replace

from cicd.deploy.history import Attempt, health_order
from cicd.deploy.state import Status
from tests.deploy.test_process import plan

S, F, SKIPPED = Status.SUCCEEDED, Status.FAILED, Status.SKIPPED


def attempt(digest, status, **targets):
    made = plan()
    revision = replace(made.revision, digest=digest)
    return Attempt(plan=replace(made, revision=revision), status=status, targets=targets)


def test_without_a_history_targets_go_by_id():
    assert ["a", "b"] == health_order(["b", "a"], [])


def test_unhealthy_ones_go_first():
    attempts = [attempt("1", "Succeeded", a=S, b=F, c=S)]
    assert ["b", "a", "c"] == health_order(["a", "b", "c"], attempts)


def test_of_healthy_ones_the_old_go_before_the_current():
    attempts = [
        attempt("2", "Succeeded", a=S, b=SKIPPED),
        attempt("1", "Succeeded", a=S, b=S),
    ]
    assert ["b", "a"] == health_order(["a", "b"], attempts)


def test_of_unhealthy_ones_the_unknown_go_before_the_old():
    attempts = [attempt("2", "Failed", a=F, b=F), attempt("1", "Succeeded", a=S)]
    assert ["b", "a"] == health_order(["a", "b"], attempts)
