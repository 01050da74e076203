import json

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd

RESOURCES = """
local:
  alarms:
    errors: {command: "test ! -e bad"}
    latency: {command: "echo 7", threshold: 5, comparisonOperator: GreaterThanThreshold}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "cicd.yml").write_text(RESOURCES)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cli(*arguments):
    return run(cicd, ["alarm", *arguments])


def test_alarms_are_looked_at_and_listed(shop, capsys):
    assert 0 == cli("list", "--look", "--output", "json")
    found = json.loads(capsys.readouterr().out)["MetricAlarms"]
    assert [("errors", "OK"), ("latency", "ALARM")] == [
        (each["AlarmName"], each["StateValue"]) for each in found
    ]


def test_a_state_that_is_set_is_shown_with_its_past(shop, capsys):
    assert 0 == cli("list", "--look")
    assert 0 == cli("set-state", "errors", "ALARM", "--reason", "a rehearsal")
    capsys.readouterr()
    assert 0 == cli("show", "errors")
    out = capsys.readouterr().out
    assert "errors: ALARM" in out
    assert "a rehearsal" in out
    assert "exit status 0" in out


def test_an_alarm_that_is_not_described_is_refused_with_the_nearest_name(shop, capsys):
    assert 2 == cli("show", "error")
    assert "did you mean 'errors'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("alarm", "rule"),
    [
        ("{}", "deploy/alarm-probe"),
        ("{metricName: Builds, command: x, threshold: 1}", "deploy/alarm-probe"),
        ("{metricName: Build, threshold: 1}", "deploy/alarm-metric"),
        ("{metricName: Builds, namespace: AWS/Lambda, threshold: 1}", "deploy/alarm-metric"),
        ("{metricName: Builds, namespace: AWS/CodePipeline, threshold: 1}", "deploy/alarm-metric"),
        ("{metricName: Builds, threshold: 1}", "deploy/alarm-metric"),
        ("{command: x, statistic: Sum}", "deploy/alarm-metric"),
        (
            "{metricName: Builds, dimensions: [{name: ProjectName, value: app}]}",
            "deploy/alarm-threshold",
        ),
        ("{url: 'ftp://x'}", "deploy/alarm-probe"),
        ("{command: x, threshold: high}", "deploy/alarm-threshold"),
        ("{command: x, evaluationPeriods: 2, datapointsToAlarm: 3}", "deploy/out-of-range"),
        ("{command: x, treatMissingData: bad}", "deploy/unknown-value"),
    ],
)
def test_an_alarm_that_makes_no_sense_is_refused_where_it_stands(shop, capsys, alarm, rule):
    (shop / "cicd.yml").write_text(f"local:\n  alarms:\n    errors: {alarm}\n")
    assert 3 == cli("list")
    assert f"{rule}" in capsys.readouterr().err
