"""Cron expressions of deployment windows, in the form of Quartz."""

from datetime import UTC, datetime

import pytest

from cicd.pipeline.gates.cron import BadCron, Cron
from cicd.pipeline.gates.time_zone import find_time_zone


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("* * 9-17 ? * MON-FRI", "2026-09-04 17:59", "2026-09-04 18:00"),
        ("0 * 9-17 ? * mon-fri *", "2026-09-04 09:00", "2026-09-05 09:00"),
        ("* 0/15 * * * ?", "2026-01-01 10:45", "2026-01-01 10:46"),
        ("* * 22-2 * * ?", "2026-01-01 01:00", "2026-01-01 03:00"),
        ("* * * ? * FRI-MON", "2026-09-06 00:00", "2026-09-08 00:00"),
        ("* * * L * ?", "2026-02-28 00:00", "2026-02-27 00:00"),
        ("* * * L-2 * ?", "2028-02-27 00:00", "2028-02-28 00:00"),
        ("* * * LW * ?", "2026-05-29 00:00", "2026-05-31 00:00"),
        ("* * * 15W * ?", "2026-08-14 00:00", "2026-08-15 00:00"),
        ("* * * 1W * ?", "2026-08-03 00:00", "2026-08-01 00:00"),
        ("* * * 31W * ?", "2026-05-29 00:00", "2026-06-30 00:00"),
        ("* * * ? * 6#3", "2026-09-18 00:00", "2026-09-11 00:00"),
        ("* * * ? * FRIL", "2026-09-25 00:00", "2026-09-18 00:00"),
        ("* * * ? * L", "2026-09-26 00:00", "2026-09-25 00:00"),
        ("* * * ? JAN,12 * 2026-2027", "2027-12-31 00:00", "2028-12-31 00:00"),
        ("* * * 1,L * ?", "2026-09-30 00:00", "2026-09-29 00:00"),
    ],
)
def test_a_window_is_told_by_its_minutes(text, inside, outside):
    window = Cron.parse(text)
    assert (True, False) == (window.matches(at(inside)), window.matches(at(outside)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("* * *", "3 fields, not 6 or 7"),
        ("* 60 * * * ?", "the minutes is 0 to 59, not 60"),
        ("* * * 1 * MON", "must be '?'"),
        ("? * * * * ?", "'?' cannot stand for the seconds"),
        ("* * * ? * MUN", "'MUN' is not a value of the day of week"),
        ("* */0 * * * ?", "after '/'"),
        ("* * * ? * MON#6", "after '#'"),
        ("* * * 0W * ?", "the day of month is 1 to 31"),
    ],
)
def test_what_is_no_expression_is_said(text, said):
    with pytest.raises(BadCron, match=said.replace("?", r"\?").replace("*", r"\*")):
        Cron.parse(text)


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("UTC", 0),
        ("utc", 0),
        ("UTC+02:00", 2),
        ("UTC-5", -5),
        ("Asia/Tokyo", 9),
        ("JST", 9),
        ("IST", 5.5),
    ],
)
def test_a_time_zone_has_a_name_an_offset_or_letters(name, hours):
    away = at("2026-01-01 00:00").astimezone(find_time_zone(name)).utcoffset()
    assert hours * 3600 == away.total_seconds()


@pytest.mark.parametrize("name", ["Mars/Base", "UTC+99:00", "../etc/passwd", "XYZ", ""])
def test_what_is_no_time_zone_is_said(name):
    with pytest.raises(LookupError):
        find_time_zone(name)
