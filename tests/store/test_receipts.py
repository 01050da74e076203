"""Receipts: named after all that they hang on, whole or not there, and gone when they are old."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cicd.store import receipts as module
from cicd.store.receipts import LONGEST, Receipts

KEY = "0" * 64


@pytest.fixture
def receipts(tmp_path):
    return Receipts(tmp_path / "receipts")


def test_what_was_put_is_there_for_whoever_looks_next(receipts, tmp_path):
    assert not receipts.has(KEY)
    receipts.put(KEY, "lint\n")
    assert Receipts(tmp_path / "receipts").has(KEY)
    assert not receipts.has("1" * 64)
    assert "lint\n" == (tmp_path / "receipts" / KEY).read_text()


def test_the_order_of_facts_does_not_matter_and_each_of_them_does():
    facts = {"tree": "a", "run": "true", "variables": ["A=1", "B=ü"]}
    key = Receipts.key(facts)
    assert 64 == len(key)
    assert key == Receipts.key(dict(reversed(facts.items())))
    others = [{**facts, name: "other"} for name in facts] + [{**facts, "more": ""}]
    assert len(facts) + 2 == len({key, *map(Receipts.key, others)})


@pytest.mark.parametrize(
    ("age", "counts"), [(LONGEST - 60, True), (LONGEST + 60, False), (-60, False)]
)
def test_one_that_is_too_old_or_of_tomorrow_does_not_count(receipts, tmp_path, age, counts):
    receipts.put(KEY, "")
    moment = time.time() - age
    os.utime(tmp_path / "receipts" / KEY, (moment, moment))
    assert counts is receipts.has(KEY)


@pytest.mark.parametrize("name", ["", "../outside", "a" * 39, "A" * 64, f"{KEY}\n", f"{KEY}/x"])
def test_a_name_that_is_no_digest_is_not_written(receipts, tmp_path, name):
    receipts.put(name, "")
    assert not (tmp_path / "receipts").exists()
    assert not (tmp_path / "outside").exists()


def test_a_disk_that_takes_none_stops_nobody(tmp_path):
    (tmp_path / "receipts").write_text("a file in the way")
    receipts = Receipts(tmp_path / "receipts")
    receipts.put(KEY, "")
    assert not receipts.has(KEY)


def test_the_oldest_go_when_there_are_too_many_and_none_is_half_written(
    receipts, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_MOST", 40)
    keys = [f"{number:064x}" for number in range(40)]
    for number, key in enumerate(keys):
        receipts.put(key, "")
        moment = time.time() - 1000 + number
        os.utime(tmp_path / "receipts" / key, (moment, moment))
    receipts.put(KEY[:-1] + "f", "")
    receipts.put("f" * 64, "the newest")
    left = {path.name for path in (tmp_path / "receipts").iterdir()}
    assert set(keys[11:]) | {"f" * 64} <= left | {KEY[:-1] + "f"}
    assert not set(keys[:10]) & left
    assert receipts.has("f" * 64)


def test_many_at_once_do_not_meet(receipts, tmp_path):
    keys = [f"{number % 4:064x}" for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: receipts.put(key, f"{key}\n" * 100), keys))
    for key in set(keys):
        assert f"{key}\n" * 100 == (tmp_path / "receipts" / key).read_text()
    assert set(keys) == {path.name for path in (tmp_path / "receipts").iterdir()}
