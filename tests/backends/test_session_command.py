import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.backends.session_command import check_variables, frame, prepare
from cicd.errors import UsageError

values = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)


@settings(max_examples=30, deadline=None)
@given(values)
def test_a_shell_reads_back_any_value(value):
    text = frame(variables={"VALUE": value}, directory="/") + 'printf %s "$VALUE"\n'
    found = subprocess.run(["sh"], input=os.fsencode(text), capture_output=True, check=True)
    assert os.fsencode(value) == found.stdout


@pytest.mark.parametrize("shell", [s for s in ("dash", "bash", "sh") if shutil.which(s)])
def test_a_name_that_the_shell_owns_does_not_end_it(shell):
    names = ("UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO")
    text = frame(variables=dict.fromkeys(names, "1"), directory="/") + "echo on\n"
    done = subprocess.run([shell], input=text, capture_output=True, text=True, check=False)
    assert ("on\n", 0) == (done.stdout, done.returncode)


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a.b", "a b", "a=b", "ä", "a\n"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="cannot be the name"):
        check_variables({name: "x"})


def test_a_value_that_cannot_be_passed_on_is_refused_without_being_shown():
    with pytest.raises(UsageError, match="'TOKEN' holds a NUL") as caught:
        check_variables({"TOKEN": "secret\0"})
    assert "secret" not in caught.value.message


def test_values_are_not_for_others_to_read(tmp_path):
    at = prepare(tmp_path, "1", {"frame": "f", "script": "s", "key": "k"})
    modes = {path.name: path.stat().st_mode & 0o777 for path in at.iterdir()}
    assert {"frame": 0o600, "script": 0o644, "key": 0o600} == modes
