import os
import subprocess
import sys

import pytest

from cicd.temporary import Temporary, abandoned, remove_abandoned, temporary


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def aged(path):
    os.utime(path, (0, 0))
    return path


def test_it_is_ours_alone_while_it_lasts_and_then_gone(place):
    with temporary("index") as made:
        (made / "full").mkdir()
        assert (0o700, [made]) == (made.stat().st_mode & 0o777, list(place.iterdir()))
    assert [] == list(place.iterdir())


def test_what_a_killed_process_left_is_found_and_goes_before_the_next_of_its_kind(place):
    script = "import os; from cicd.temporary import Temporary; Temporary('job'); os._exit(9)"
    left = {}
    for kind in ("job", "code"):
        words = [sys.executable, "-c", script.replace("job", kind)]
        subprocess.run(words, env={**os.environ, "TMPDIR": str(place)}, check=False)
        (left[kind],) = place.glob(f"cicd-{kind}-*")
    assert [] == abandoned(), "they may still be about to be locked"
    assert sorted(map(aged, left.values())) == abandoned()
    with temporary("job"):
        assert [left["code"]] == abandoned()
    assert [left["code"]] == remove_abandoned()
    assert [] == list(place.iterdir())


def test_what_somebody_holds_or_is_not_ours_stays(place):
    held = Temporary("function")
    aged(held.path)
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (place / "cicd-job-abcdefgh").symlink_to(elsewhere)
    aged(place / "elsewhere")
    for name in ("cicd-faults-abcdefgh", "cicd-job-", "cicd-job-abcdefghi", "cicd-job-ABCDEFGH"):
        (place / name).mkdir()
        aged(place / name)
    (place / "cicd-job-aaaaaaaa").write_text("a file")
    aged(place / "cicd-job-aaaaaaaa")
    before = set(place.iterdir())
    assert [] == remove_abandoned()
    assert before == set(place.iterdir())
    held.remove()
    held.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory away")
def test_another_users_stays(place):
    theirs = place / "cicd-job-abcdefgh"
    theirs.mkdir()
    aged(theirs)
    assert [theirs] == abandoned()
    os.chown(theirs, 12345, 12345)
    assert [] == remove_abandoned()
