"""
Cron expressions in the form of Quartz: six fields and a year. Pure.

Seconds are read and then left alone: a window is told by its minutes.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MONTHS: Final = {name.upper(): place for place, name in enumerate(calendar.month_abbr) if name}
_DAYS: Final = {
    name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_FIELDS: Final[tuple[tuple[str, int, int, Mapping[str, int]], ...]] = (
    ("seconds", 0, 59, {}),
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
    ("year", 1970, 2199, {}),
)
_ANY: Final = ("*", "?")


class BadCron(ValueError):
    """The text is no cron expression; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """Which minutes are meant."""

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    day: Callable[[datetime], bool] = field(repr=False)
    weekday: Callable[[datetime], bool] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Cron:
        """
        Read an expression; raises ``BadCron``.

        Source: CodePipeline User Guide, "DeploymentWindow", and Quartz, whose form it is.
        """
        words = text.split()
        if len(words) not in (6, 7):
            raise BadCron(f"'{text}' has {len(words)} fields, not 6 or 7")
        words = [*words, "*"][:7]
        if words[3] not in _ANY and words[5] not in _ANY:
            raise BadCron("one of the day of month and the day of week must be '?'")
        for place in (0, 1, 2, 4, 6):
            if words[place] == "?":
                raise BadCron(f"'?' cannot stand for the {_FIELDS[place][0]}")
        _numbers(words[0], 0)
        return cls(
            minutes=_numbers(words[1], 1),
            hours=_numbers(words[2], 2),
            months=_numbers(words[4], 4),
            years=_numbers(words[6], 6),
            day=_day_of_month(words[3].upper()),
            weekday=_day_of_week(words[5].upper()),
        )

    def matches(self, now: datetime) -> bool:
        """Tell whether a moment, in the time zone that is meant, is in one of the minutes."""
        return (
            now.minute in self.minutes
            and now.hour in self.hours
            and now.month in self.months
            and now.year in self.years
            and self.day(now)
            and self.weekday(now)
        )


def _numbers(text: str, place: int) -> frozenset[int]:
    return frozenset(number for part in text.upper().split(",") for number in _part(part, place))


def _part(part: str, place: int) -> Iterator[int]:
    what, low, high, names = _FIELDS[place]
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        raise BadCron(f"'{part}' of the {what}: after '/' stands a number from 1 on")
    if span in _ANY:
        first, last = low, high
    else:
        begin, dash, end = span.partition("-")
        first = _number(begin, place, names)
        last = _number(end, place, names) if dash else (high if slash else first)
    if last < first:  # as in 22-2: over the end, and on from the beginning
        last += high - low + 1
    for number in range(first, last + 1, int(step) if slash else 1):
        yield low + (number - low) % (high - low + 1)


def _number(word: str, place: int, names: Mapping[str, int]) -> int:
    what, low, high, _ = _FIELDS[place]
    if word in names:
        return names[word]
    if not word.isdecimal():
        raise BadCron(f"'{word}' is not a value of the {what}")
    if not low <= int(word) <= high:
        raise BadCron(f"the {what} is {low} to {high}, not {word}")
    return int(word)


def _always(_: datetime) -> bool:
    return True


def _day_of_month(text: str) -> Callable[[datetime], bool]:
    if text in _ANY:
        return _always
    found = [_month_day(part) for part in text.split(",")]
    return lambda now: any(is_it(now) for is_it in found)


def _month_day(part: str) -> Callable[[datetime], bool]:
    if part == "LW":
        return lambda now: now.day == _nearest_weekday(now, _last(now))
    if part == "L":
        return lambda now: now.day == _last(now)
    before_end = re.fullmatch(r"L-(\d{1,2})", part)
    if before_end is not None:
        days = _number(before_end[1], 3, {})
        return lambda now: now.day == _last(now) - days
    weekday = re.fullmatch(r"(\d{1,2})W", part)
    if weekday is not None:
        day = _number(weekday[1], 3, {})
        return lambda now: day <= _last(now) and now.day == _nearest_weekday(now, day)
    days_meant = frozenset(_part(part, 3))
    return lambda now: now.day in days_meant


def _day_of_week(text: str) -> Callable[[datetime], bool]:
    if text in _ANY:
        return _always
    found = [_week_day(part) for part in text.split(",")]
    return lambda now: any(is_it(now) for is_it in found)


def _week_day(part: str) -> Callable[[datetime], bool]:
    if part == "L":
        return lambda now: _weekday(now) == _DAYS["SAT"]
    if len(part) > 1 and part.endswith("L"):
        day = _number(part[:-1], 5, _DAYS)
        return lambda now: _weekday(now) == day and now.day + 7 > _last(now)
    name, hash_, count = part.partition("#")
    if hash_:
        if count not in tuple("12345"):
            raise BadCron(f"'{part}' of the day of week: after '#' stands 1 to 5")
        day = _number(name, 5, _DAYS)
        return lambda now: _weekday(now) == day and (now.day - 1) // 7 + 1 == int(count)
    days_meant = frozenset(_part(part, 5))
    return lambda now: _weekday(now) in days_meant


def _weekday(now: datetime) -> int:
    """Give 1 for Sunday, 7 for Saturday."""
    return now.isoweekday() % 7 + 1


def _last(now: datetime) -> int:
    return calendar.monthrange(now.year, now.month)[1]


def _nearest_weekday(now: datetime, day: int) -> int:
    """Give the day from Monday to Friday that is nearest, without leaving the month."""
    meant = now.replace(day=day)
    if meant.isoweekday() == 6:
        return day - 1 if day > 1 else day + 2
    if meant.isoweekday() == 7:
        return day + 1 if (meant + timedelta(days=1)).month == now.month else day - 2
    return day
