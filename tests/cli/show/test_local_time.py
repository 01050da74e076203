import time
from datetime import UTC, datetime

from cicd.cli.show.local_time import local_time


def test_a_moment_is_shown_by_the_clock_on_the_wall(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert local_time(datetime(2026, 1, 31, 20, 0, 5, tzinfo=UTC)) == "2026-02-01 05:00:05"
        assert local_time(None) == ""
    finally:
        monkeypatch.undo()
        time.tzset()
