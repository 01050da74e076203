import signal
import subprocess

import pytest

from cicd.cli.show.asked_again import WORDS
from tests.cli.killed import PATIENCE, Outside

APPSPEC = """version: 0.0
os: linux
hooks:
  ValidateService:
    - location: wait.sh
"""


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "appspec.yml").write_text(APPSPEC)
    (tmp_path / "wait.sh").write_text(
        '#!/bin/sh\necho begun\nuntil test -e "${CICD_INSTANCE_ROOT:-}/go"; do sleep 0.05; done\n'
    )
    return Outside(tmp_path)


def started(outside):
    process = outside.start(
        *("deploy", "--instance", "a=i/a", "--instance", "b=i/b", "--strategy", "OneAtATime"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    read_until(process, "[stdout]begun")
    return process


def read_until(process, wanted):
    said = ""
    while wanted not in said:
        line = process.stdout.readline()
        assert line, said
        said += line


def end(process):
    rest, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, rest


def test_a_first_ctrl_c_says_what_a_second_one_does_and_the_second_does_it(outside):
    process = started(outside)
    process.send_signal(signal.SIGINT)
    read_until(process, WORDS)
    process.send_signal(signal.SIGINT)
    status, rest = end(process)
    assert 130 == status
    assert WORDS not in rest
    assert "a         Failed" in rest
    assert "b         Skipped" in rest


def test_a_stop_that_nobody_typed_here_says_nothing_of_ctrl_c(outside):
    process = started(outside)
    assert 0 == outside.run("deploy", "stop")[0]
    read_until(process, "Stopping")
    for each in ("a", "b"):
        if (outside.directory / "i" / each).is_dir():
            (outside.directory / "i" / each / "go").touch()
    status, rest = end(process)
    assert (1, False) == (status, WORDS in rest), rest
    assert 1 == rest.count("The deployment was stopped by a request.")
