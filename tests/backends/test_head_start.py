import pytest

from cicd.backends.head_start import HeadStart
from cicd.errors import Unavailable
from cicd.ports import Environment

ONE, OTHER = Environment(image="one"), Environment(image="other")


class Noted:
    """A session that notes its end."""

    def __init__(self, told, name):
        self.told, self.name = told, name

    def close(self):
        self.told.append(f"closed {self.name}")


class Opening:
    """A runner that only opens, or says why not."""

    name = "docker"

    def __init__(self, told, name, refusal=None):
        self.told, self.own, self.refusal = told, name, refusal

    def open(self, session_id, environment, *, stream, say=None):
        self.told.append(f"{self.own} opens {environment.image}")
        if self.refusal is not None:
            raise self.refusal
        return Noted(self.told, f"{session_id} of {self.own}")


@pytest.fixture
def told():
    """Tell what happened, in order."""
    return []


def test_what_was_begun_is_what_is_opened(told):
    ahead = HeadStart(Opening(told, "late"), Opening(told, "early"))
    ahead.begin("s", ONE, stream="build/s")
    assert "s of early" == ahead.open("s", ONE, stream="build/s").name
    ahead.close()
    assert ["early opens one"] == told


def test_a_wrong_guess_is_closed_before_the_right_one_is_opened(told):
    ahead = HeadStart(Opening(told, "late"), Opening(told, "early"))
    ahead.begin("s", ONE, stream="build/s")
    ahead.open("s", OTHER, stream="build/s")
    assert ["early opens one", "closed s of early", "late opens other"] == told


def test_what_went_wrong_ahead_is_met_again_by_who_asks(told):
    refusal = Unavailable("no engine")
    ahead = HeadStart(Opening(told, "late", refusal), Opening(told, "early", refusal))
    ahead.begin("s", ONE, stream="build/s")
    with pytest.raises(Unavailable, match="no engine"):
        ahead.open("s", ONE, stream="build/s")
    ahead.close()
    assert ["early opens one", "late opens one"] == told


def test_what_nobody_asked_for_is_closed_once(told):
    ahead = HeadStart(Opening(told, "late"), Opening(told, "early"))
    ahead.begin("s", ONE, stream="build/s")
    ahead.close()
    ahead.close()
    assert ["early opens one", "closed s of early"] == told


def test_only_the_first_is_ahead(told):
    ahead = HeadStart(Opening(told, "late"), Opening(told, "early"))
    ahead.begin("s", ONE, stream="build/s")
    ahead.open("s", ONE, stream="build/s")
    ahead.open("t", ONE, stream="build/t")
    ahead.close()
    assert ["early opens one", "late opens one"] == told
