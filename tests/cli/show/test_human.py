import io
import sys
from types import SimpleNamespace

from cicd.cli.show.human import Human
from cicd.cli.show.plain import Plain
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import EventKind
from cicd.ports import Described
from cicd.testing.clock import VirtualClock
from cicd.testing.fakes import MemoryEventLog
from tests.deploy.test_process import event, plan

PARENT, CHILD = "deployment/d-A", "deployment/d-B"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_what_is_said_after_the_end_begins_no_live_view_again(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    human = Human("always")
    for stream, kind, text in (
        (PARENT, EventKind.STARTED, "one is deployed to"),
        (PARENT, EventKind.CONCLUDED, "d-A: Failed"),
        (PARENT, EventKind.SIGNALLED, "d-A is rolled back by d-B"),
        (CHILD, EventKind.STARTED, "one is deployed to"),
        (CHILD, EventKind.CONCLUDED, "d-B: Succeeded"),
    ):
        human.event(stream, event(kind, 0), Described(text=text))
    human.text("the result")
    view, shown = screen.getvalue().rsplit("\x1b[?25", 1)  # the cursor is hidden, or shown
    assert "h\rthe result\n" == shown
    assert "d-B: Succeeded" in view
    human.close()


def test_a_notice_stands_above_the_live_view_where_both_are_on_one_terminal(monkeypatch):
    screen, other = Terminal(), io.StringIO()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    human = Human("always")
    human.event(PARENT, event(EventKind.STARTED, 0), Described(text="one is deployed to"))
    human.notice("what a second time does")
    human.close()
    assert "what a second time does" in screen.getvalue()
    monkeypatch.setattr("sys.stderr", other)
    human = Human("never")
    human.event(PARENT, event(EventKind.STARTED, 0), Described(text="one is deployed to"))
    human.notice("for a file")
    human.close()
    assert ("for a file\n", False) == (other.getvalue(), "for a file" in screen.getvalue())


def test_a_deployment_that_is_resumed_is_shown_with_what_was_done_before(monkeypatch):
    screen, log = Terminal(), MemoryEventLog()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    done = encode(Outcome(status=OutcomeStatus.DONE))
    resumed = event(EventKind.SIGNALLED, 9, signal="resumed")
    earlier = (
        event(EventKind.SUBMITTED, 0, plan=encode(plan(count=2))),
        event(EventKind.STARTED, 1, "i0/ApplicationStop"),
        event(EventKind.FINISHED, 2, "i0/ApplicationStop", outcome=done),
        event(EventKind.STARTED, 2, "i0/DownloadBundle"),
    )
    log.append(PARENT, (*earlier, resumed), expected=0)
    human = Human("always")
    human.attend(SimpleNamespace(log=log, clock=VirtualClock()))
    human.event(PARENT, resumed, Described(text="Going on with d-A"))
    human.close()
    said = screen.getvalue()
    assert "Going on with d-A" in said
    assert "●◐○○○○○  DownloadBundle" in said
    assert "0:08" in said
    assert "1 of 2 serve, at least 1" in said


def test_the_copy_of_a_fleet_is_told_of_as_part_of_its_deployment(capsys):
    plain = Plain(sys.stdout, sys.stderr)
    copy, deployment = "fleet/CodeDeploy_web_d-A", "deployment/d-A"
    for stream, text in (
        (copy, "Fleet CodeDeploy_web_d-A, a copy of web"),
        (deployment, "Deploying"),
        ("fleet/web", "web-1 is Terminating"),
        (CHILD, "Rolling back"),
    ):
        plain.event(stream, event(EventKind.SIGNALLED, 0), Described(text=text))
    assert [
        "Fleet CodeDeploy_web_d-A, a copy of web",
        "Deploying",
        "web-1 is Terminating",
        "[d-B] Rolling back",
    ] == capsys.readouterr().out.splitlines()


def test_a_launch_is_told_of_as_part_of_its_fleet(capsys):
    plain = Plain(sys.stdout, sys.stderr)
    for stream in ("fleet/web", PARENT, CHILD):
        plain.event(stream, event(EventKind.SIGNALLED, 0), Described(text="says"))
    assert ["says", "[d-A] says", "[d-B] says"] == capsys.readouterr().out.splitlines()
