import pytest

from cicd.engine.archive import (
    ALWAYS_ALLOWED,
    MAXIMUM_ENTRIES,
    MAXIMUM_RATIO,
    Allowance,
    clean_path,
    judge_links,
)
from cicd.errors import UsageError


def test_a_small_archive_may_hold_a_fixed_amount_and_not_one_byte_more():
    allowance = Allowance(archive_size=1)
    allowance.take(ALWAYS_ALLOWED)
    with pytest.raises(UsageError, match="would come out of an archive of 1"):
        allowance.take(1)


def test_a_large_archive_may_hold_so_many_times_its_size():
    size = ALWAYS_ALLOWED
    Allowance(archive_size=size).take(size * MAXIMUM_RATIO)
    with pytest.raises(UsageError):
        Allowance(archive_size=size).take(size * MAXIMUM_RATIO + 1)


def test_entries_are_counted_even_when_they_are_empty():
    allowance = Allowance(archive_size=1, entries=MAXIMUM_ENTRIES - 1)
    allowance.take(0)
    with pytest.raises(UsageError, match="entries would come out"):
        allowance.take(0)


@pytest.mark.parametrize(
    ("name", "clean"), [("a/b", "a/b"), ("./a//b/", "a/b"), ("a b", "a b"), ("a\\b", "a\\b")]
)
def test_names_are_given_without_dots_and_doubled_slashes(name, clean):
    assert clean == clean_path(name)


@pytest.mark.parametrize(("letter", "most"), [("a", 255), ("é", 127)])
def test_a_name_that_no_file_system_takes_is_refused(letter, most):
    assert clean_path(f"d/{letter * most}/f")
    with pytest.raises(UsageError, match="longer than files' names can be") as refused:
        clean_path(f"d/{letter * (most + 1)}/f")
    assert len(refused.value.message) < 150


def test_links_may_lead_to_each_other_but_not_out():
    judge_links({"a": "b", "b": "a", "d/up": ".."})
    with pytest.raises(UsageError, match="which is outside"):
        judge_links({"d/up": "../.."})
