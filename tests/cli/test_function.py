import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from tests.cli.killed import PATIENCE, Outside
from tests.functions.world import PYTHON

HANDLER = "def handler(event, context):\n    print('heard')\n    return event['word'].upper()\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text(HANDLER)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cli(*arguments):
    return run(cicd, [*arguments])


SLOW = """
import os, subprocess, time
def handler(event, context):
    child = subprocess.Popen(["sleep", "60"])
    with open(event + ".new", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename(event + ".new", event)
    time.sleep(60)
"""


def create(*more):
    made = ("--runtime", PYTHON, "--handler", "app.handler", "--code", "src")
    return cli("function", "create", "greet", *made, *more)


def test_a_function_is_made_published_aliased_invoked_listed_and_removed(shop, capsys):
    assert 0 == create("--publish", "--timeout", "30")
    (shop / "src/app.py").write_text(HANDLER.replace("upper", "title"))
    assert 0 == cli("function", "update", "greet", "--code", "src", "--publish")
    assert 0 == cli("function", "alias", "greet", "live", "--version", "1", "--weight", "2=0.1")
    assert "greet: live is 90 % version 1, 10 % version 2" in capsys.readouterr().out
    (shop / "event.json").write_text('{"word": "ada l"}')
    payload = ("--payload", "@event.json")
    assert 0 == cli("function", "invoke", "greet", *payload, "--qualifier", "2", "--log")
    out, err = capsys.readouterr()
    assert '"Ada L"' == out.strip()
    assert "START RequestId" in err
    assert "heard" in err
    asked = ("function", "invoke", "greet", "--qualifier", "1", "--output", "json", *payload)
    assert 0 == cli(*asked)
    shown = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert ("1", '"ADA L"') == (shown["ExecutedVersion"], shown["Payload"])
    assert 1 == cli("function", "invoke", "greet")
    assert "KeyError" in capsys.readouterr().out
    assert 0 == cli("function", "list", "greet")
    assert "90 % version 1, 10 % version 2" in capsys.readouterr().out
    assert 0 == cli("function", "logs", "greet")
    assert 3 == capsys.readouterr().out.count("REPORT RequestId")
    assert 0 == cli("function", "rm", "greet")
    assert 2 == cli("function", "invoke", "greet")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("invoke", "gret"), "did you mean 'greet'?"),
        (("invoke", "greet", "--payload", "@none"), "there is no file 'none'"),
        (("invoke", "greet", "--payload", "{"), "InvalidRequestContentException"),
        (("alias", "greet", "live"), "Function not found"),
        (("alias", "greet", "live", "--weight", "1=0.5"), "say --version"),
        (("alias", "greet", "live", "--version", "1", "--weight", "x"), "VERSION=WEIGHT"),
        (("update", "greet", "--code", "none"), "there is no code at 'none'"),
        (("update", "greet", "--env", "AWS_REGION=x"), "Reserved keys"),
        (("rm", "greet", "--version", "3"), "Function not found"),
    ],
)
def test_what_cannot_be_is_said(shop, capsys, arguments, words):
    assert 0 == create()
    capsys.readouterr()
    assert 2 == cli("function", *arguments)
    assert words in capsys.readouterr().err


def test_a_function_and_what_it_began_end_when_who_invoked_it_is_killed(shop):
    (shop / "src/app.py").write_text(SLOW)
    create("--timeout", "60")
    pids = shop / "pids"
    outside = Outside(shop)
    invoking = outside.start("function", "invoke", "greet", "--payload", json.dumps(str(pids)))
    until = time.monotonic() + PATIENCE
    while not pids.exists() and time.monotonic() < until:
        time.sleep(0.02)
    invoking.kill()
    invoking.wait()
    for pid in pids.read_text().split():
        while runs(pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert not runs(pid)


def runs(pid):
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


HANGS = """
import os
def handler(event, context):
    with open(event + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(event + ".new", event)
    while True:
        pass
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_a_function_that_hangs_ends_with_who_invoked_it(shop, monkeypatch, number, status):
    """However that is: a killed one ends nothing, and what it leaves is told and removed."""
    (shop / "src/app.py").write_text(HANGS)
    assert 0 == create("--timeout", "600")
    temporary = shop / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    outside, mark = Outside(shop), shop / "mark"
    invoking = outside.start(
        *("function", "invoke", "greet", "--payload", json.dumps(str(mark))),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + PATIENCE
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.01)
    function = int(mark.read_text())
    invoking.send_signal(number)
    assert status == invoking.wait(PATIENCE)
    while lives(function) and time.monotonic() < until:
        time.sleep(0.01)
    assert not lives(function)
    left = list(temporary.iterdir())
    assert (status < 0) == bool(left)
    for each in left:
        os.utime(each, (0, 0))
        assert "1 temporary directory of killed runs" in outside.run("doctor")[1]
        assert f"removed {each}" in outside.run("doctor", "--reap")[1]
    assert [] == list(temporary.iterdir())


def lives(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
