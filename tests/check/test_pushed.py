"""What git writes to a pre-push hook."""

import pytest

from cicd.check.pushed import PushedRef, read_pushed
from cicd.errors import UsageError

ONE, TWO, NONE = "1" * 40, "2" * 40, "0" * 40


def test_a_line_is_read_as_git_writes_it():
    text = f"refs/heads/a {ONE} refs/heads/b {TWO}\nrefs/tags/v1 {ONE} refs/tags/v1 {NONE}\n"
    branch, tag = read_pushed(text)
    assert branch == PushedRef(local="refs/heads/a", id=ONE, ref="refs/heads/b", before=TWO)
    assert (branch.branch, branch.tag, str(branch)) == ("b", "", "branch b")
    assert (tag.before, tag.tag, str(tag)) == ("", "v1", "tag v1")


def test_a_deleted_ref_has_no_commit():
    (deleted,) = read_pushed(f"(delete) {NONE} refs/heads/old {ONE}\n")
    assert deleted.id == ""


def test_a_local_name_may_hold_blanks():
    (found,) = read_pushed(f"HEAD@{{1 day ago}} {ONE} refs/heads/a {NONE}\n")
    assert found.local == "HEAD@{1 day ago}"


def test_commits_of_sha256_repositories_are_known():
    long = "a" * 64
    (found,) = read_pushed(f"HEAD {long} refs/heads/a {'0' * 64}\n")
    assert (found.id, found.before) == (long, "")


def test_nothing_pushed_is_nothing():
    assert () == read_pushed("\n")


@pytest.mark.parametrize("text", ["main", "a b c d", f"a {ONE} b", f"a {ONE[1:]} b {TWO}"])
def test_anything_else_is_refused_with_what_is_expected(text):
    with pytest.raises(UsageError, match="not a line of git's"):
        read_pushed(text)
