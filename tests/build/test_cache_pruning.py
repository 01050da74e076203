from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cicd.build.cache.pruning import read_age, read_size, size_words, to_prune
from cicd.errors import UsageError
from cicd.ports import CacheEntry

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def entry(days, size):
    return CacheEntry(
        id=str(days),
        scope="",
        key="",
        name="app",
        created_at=NOW - timedelta(days=days),
        size=size,
        files=1,
        tree=Path("/tree"),
    )


@pytest.mark.parametrize(
    ("text", "size"), [("10", 10), ("1KB", 1000), ("1.5gb", 1_500_000_000), ("1GiB", 1 << 30)]
)
def test_sizes_are_read(text, size):
    assert size == read_size(text)


@pytest.mark.parametrize("text", ["", "x", "1XB", "-1", "1 G B"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError):
        read_size(text)


def test_ages_are_read():
    assert timedelta(days=7) == read_age("7d")
    with pytest.raises(UsageError):
        read_age("7")


def test_sizes_are_told():
    assert ["999 B", "1.5 KB", "2.0 GB"] == [*map(size_words, (999, 1500, 2_000_000_000))]


@pytest.mark.parametrize(
    ("max_size", "older_than", "gone"),
    [
        (None, timedelta(days=5), ["9"]),
        (20, None, ["9"]),
        (15, None, ["9", "4"]),
        (0, None, ["9", "4", "1"]),
        (30, None, []),
    ],
)
def test_the_oldest_go_first(max_size, older_than, gone):
    entries = [entry(1, 10), entry(4, 10), entry(9, 10)]
    chosen = to_prune(entries, now=NOW, max_size=max_size, older_than=older_than)
    assert gone == [each.id for each in chosen]
