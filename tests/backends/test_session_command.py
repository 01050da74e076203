import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.backends.session_command import check_variables, frame, numbered, prepare
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
    prepare(f"{tmp_path}/1.", "f", "s")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert {"1.frame": 0o600, "1.script": 0o644} == modes


def test_a_command_is_found_again_by_its_key(tmp_path):
    for number, key in enumerate(("BUILD/0/1", "odd \n key \udcff"), start=1):
        prepare(f"{tmp_path}/{number}.", frame(key=key, directory="/"), "echo")
    assert {"BUILD/0/1": 1, "odd \n key \udcff": 2} == numbered(tmp_path)


def test_what_a_dead_process_left_of_a_command_is_replaced(tmp_path):
    (tmp_path / "1.script").write_text("half of a longer scri")
    prepare(f"{tmp_path}/1.", frame(key="k", directory="/"), "echo")
    assert "echo" == (tmp_path / "1.script").read_text()
