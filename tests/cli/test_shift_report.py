import json

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.settings import Settings
from cicd.wiring import make_services
from tests.deploy.shift_report.told import STREAM, machine, stopped_shift


def cli(*words):
    return run(cicd, ["deploy", "report", *words])


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / ".cicd"))
    with make_services(Settings(home=tmp_path / ".cicd"), reporters=()) as services:
        services.log.append(STREAM, tuple(stopped_shift()), expected=0)
    log = tmp_path / ".cicd" / "routers" / "web"
    log.mkdir(parents=True)
    lines = [
        json.dumps(
            {
                "at": machine(20.5 + number / 100).isoformat(),
                "route": "production",
                "group": "green" if number % 10 < 3 else "blue",
                "status": 500 if number % 30 == 0 else 200,
                "milliseconds": 12.5,
            }
        )
        for number in range(100)
    ]
    (log / "access.jsonl").write_text("\n".join(lines) + "\n" + '{"at": "half a li')
    return tmp_path


def test_a_shift_is_drawn_and_its_load_balancer_is_not_started_for_it(home, capsys):
    assert 0 == cli("d-ABCDEFGHI")
    out = capsys.readouterr().out
    assert "d-ABCDEFGHI: shop/web, mine, Stopped" in out
    assert "what it had: 30 of 100 requests" in out
    assert "4 (13.33%)" in out
    assert "p95 12.5 ms" in out
    assert ["access.jsonl"] == [each.name for each in (home / ".cicd/routers/web").iterdir()]


def test_it_is_written_as_a_page_and_given_to_programs(home, capsys):
    assert 0 == cli("d-ABCDEFGHI", "-o", "page.html", "--output", "json")
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    first, second = last["result"]["steps"] if "result" in last else last["steps"]
    assert (30, 60) == (first["weight"], second["weight"])
    assert (70, 30, 4) == (
        first["old"]["requests"],
        first["new"]["requests"],
        first["new"]["errors"],
    )
    assert "<svg" in (home / "page.html").read_text()


def test_a_place_that_cannot_be_written_and_a_deployment_that_is_not_there_are_told(home, capsys):
    assert 4 == cli("d-ABCDEFGHI", "-o", "no/where/page.html")
    assert "'no/where/page.html' cannot be written" in capsys.readouterr().err
    assert 2 == cli("d-ZZZZZZZZZ")
    assert "there is no deployment 'd-ZZZZZZZZZ'" in capsys.readouterr().err
