from cicd.cli.show.board import Board, capacity_bar
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import EventKind
from cicd.ports import LogLine
from cicd.testing.clock import START
from tests.deploy.test_process import event, plan


def board(config="HalfAtATime", count=4, **options):
    return Board(encode(plan(config, count, **options)))


def begin(shown, key, at=0.0):
    shown.event(event(EventKind.STARTED, 0, key), at)


def end(shown, key, status=OutcomeStatus.DONE, at=0.0):
    outcome = encode(Outcome(status=status))
    shown.event(event(EventKind.FINISHED, 0, key, outcome=outcome), at)


def whole(shown, target, at=1.0):
    for name in plan().events:
        begin(shown, f"{target}/{name}", at)
        end(shown, f"{target}/{name}", at=at + 5)


def test_a_target_is_a_row_with_a_sign_for_each_event():
    shown = board()
    begin(shown, "i0/ApplicationStop", 1.0)
    end(shown, "i0/ApplicationStop", at=2.0)
    begin(shown, "i0/DownloadBundle", 2.0)
    row = shown.rows(8.5, 10)[0]
    assert ("i0", "InProgress", "●◐○○○○○", "DownloadBundle", 7) == (
        row.target,
        row.status,
        row.signs,
        row.doing,
        row.seconds,
    )
    assert "○○○○○○○" == shown.rows(8.5, 10)[1].signs


def test_between_two_events_a_target_waits():
    shown = board()
    begin(shown, "i0/ApplicationStop")
    end(shown, "i0/ApplicationStop")
    row = shown.rows(0, 9)[0]
    assert ("InProgress", False, "waits after ApplicationStop") == (
        row.status,
        row.busy,
        row.doing,
    )
    begin(shown, "i0/DownloadBundle")
    assert shown.rows(0, 9)[0].busy


def test_who_is_deployed_to_or_failed_does_not_serve():
    shown = board()
    assert (4, 2) == (shown.serving, shown.minimum)
    whole(shown, "i0")
    begin(shown, "i1/Install")
    end(shown, "i1/Install", OutcomeStatus.FAILED)
    begin(shown, "i2/Install")
    assert 2 == shown.serving
    assert "2 of 4 serve, at least 2" in capacity_bar(shown)
    assert "┃" in capacity_bar(shown)


def test_the_bar_has_the_room_that_its_words_leave():
    words = " 4 of 4 serve, at least 2"
    wide, fits, least = (capacity_bar(board(), room) for room in (200, 45, 5))
    assert (30, 45 - len(words), 10) == tuple(len(bar) - len(words) for bar in (wide, fits, least))
    assert all(bar.endswith(words) and bar.startswith("█") for bar in (wide, fits, least))


def test_a_target_ends_succeeded_with_its_time_standing_still():
    shown = board()
    whole(shown, "i0")
    row = shown.rows(100.0, 10)[0]
    assert ("Succeeded", "Succeeded", 5) == (row.status, row.doing, row.seconds)


def test_a_failed_stop_that_is_ignored_is_not_the_targets_failure():
    shown = board(ignore_application_stop_failures=True)
    begin(shown, "i0/ApplicationStop")
    end(shown, "i0/ApplicationStop", OutcomeStatus.FAILED)
    assert ("InProgress", "◌○○○○○○") == (shown.rows(0, 9)[0].status, shown.rows(0, 9)[0].signs)


def test_too_many_targets_are_those_at_work_and_a_line_of_sums():
    shown = board("AllAtOnce", count=30)
    begin(shown, "i3/Install")
    rows = shown.rows(1.0, 5)
    assert ["i3", "…"] == [row.target for row in rows]
    assert "29 Pending" == rows[-1].doing


def test_lines_of_a_script_are_kept_until_it_is_known_whether_they_matter():
    shown = board()
    shown.line(LogLine(at=START, origin="i0/AfterInstall", text="why"))
    assert ["why"] == [line.text for line in shown.said("i0/AfterInstall")]
    assert () == shown.said("i0/AfterInstall")


def test_only_what_a_script_says_waits_for_its_end():
    def line(origin):
        return LogLine(at=START, origin=origin, text="said")

    shown = board()
    assert shown.line(line("i0/AfterInstall"))
    assert not shown.line(line("i0/AllowTraffic"))
    assert not shown.line(line(""))  # a trigger's subscriber answered
    assert [] == [*shown.said("i0/AllowTraffic"), *shown.said("")]
