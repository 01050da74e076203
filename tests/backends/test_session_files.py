"""Files of a session that are files of this machine, while processes change them."""

import os

from cicd.backends import session_files
from cicd.backends.session_files import MachineFiles


def test_what_goes_away_while_it_is_listed_is_left_out(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "f").touch()
    (tmp_path / "stays").touch()
    scandir = os.scandir

    def late(directory):
        if directory == str(tmp_path / "gone"):
            (tmp_path / "gone").rename(tmp_path.parent / "elsewhere")
        return scandir(directory)

    monkeypatch.setattr(session_files.os, "scandir", late)
    assert ["stays"] == [entry.path for entry in MachineFiles().files(str(tmp_path))]
