import json
import os
import time

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
