import io

from cicd.cli.show.human import Human
from cicd.event import EventKind
from cicd.ports import Described
from tests.deploy.test_process import event

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
