"""The table of faults, row by row, from the harm that takes no time."""

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def faults(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import faults

    yield faults
    for name in [name for name in sys.modules if name.startswith("faults")]:
        del sys.modules[name]


def test_a_bare_repository_loses_nothing(faults, capsys):
    assert 0 == faults.main(["bare-repository"])
    assert " nothing     3 ×  a bare repository" in capsys.readouterr().out


def test_what_is_lost_is_told_by_the_status(faults, monkeypatch, capsys):
    row = faults.Row(did="harm", times=1, then="it broke", lost="a file")
    monkeypatch.setitem(faults.REPOSITORIES, "bare-repository", lambda _: row)
    assert 1 == faults.main(["bare-repository"])
    assert "a file" in capsys.readouterr().out
    assert 2 == faults.main(["no such"])
