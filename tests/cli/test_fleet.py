import json

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd

RESOURCES = """
applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: web
        autoScalingGroups: [web]
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "app").write_text("hello")
    (tmp_path / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles: [{source: app, destination: /srv}]\n"
    )
    (tmp_path / ".git").mkdir()
    (tmp_path / "cicd.yml").write_text(RESOURCES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cli(*arguments):
    return run(cicd, [*arguments])


def test_a_fleet_is_made_deployed_to_scaled_shown_and_ended(shop, capsys):
    assert 2 == cli("deploy")
    assert "cicd fleet up web" in capsys.readouterr().err
    assert 0 == cli("fleet", "up", "web", "--count", "1", "--directory", "--port", "8100")
    assert 0 == cli("deploy")
    capsys.readouterr()
    assert 0 == cli("fleet", "scale", "web", "2")
    assert "web-2 is InService" in capsys.readouterr().out
    assert "hello" == (shop / ".cicd/fleets/web/web-2/srv/app").read_text()
    assert 0 == cli("deploy", "list")
    launched, asked_for = capsys.readouterr().out.splitlines()[1:]
    assert launched.endswith("  Launch of web-2")
    assert "Launch" not in asked_for
    assert 0 == cli("fleet", "list")
    assert "web    2        2" in capsys.readouterr().out
    assert 0 == cli("fleet", "show", "web", "--output", "json")
    shown = json.loads(capsys.readouterr().out)
    assert ("web", 2) == (shown["AutoScalingGroupName"], shown["DesiredCapacity"])
    assert ["InService"] * 2 == [each["LifecycleState"] for each in shown["Instances"]]
    assert 0 == cli("fleet", "down", "web")
    assert not (shop / ".cicd/fleets/web/web-2").exists()
    assert 2 == cli("fleet", "show", "web")


def test_a_fleet_that_listens_nowhere_is_to_be_made_with_a_port(shop, capsys):
    style = "deploymentStyle: {deploymentOption: WITH_TRAFFIC_CONTROL}"
    balanced = "loadBalancerInfo: {targetGroupInfoList: [{name: tg}]}"
    (shop / "cicd.yml").write_text(
        f"{RESOURCES}        {style}\n        {balanced}\nlocal: {{loadBalancers: {{tg: 8080}}}}\n"
    )
    assert 0 == cli("fleet", "up", "web", "--directory")
    assert 2 == cli("deploy")
    assert "'cicd fleet up web --port 80 …'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("up", "web"), "one of --image IMAGE and --directory"),
        (("up", "web", "--image", "a", "--directory", "b"), "one of --image IMAGE"),
        (("up", "-web!", "--directory"), "No such option"),
        (("up", "web!", "--directory"), "cannot be the name of a fleet"),
        (("up", "web", "--directory", "--label", "x"), "is not K=V"),
        (("up", "web", "--directory", "--command", "x"), "a directory runs nothing"),
        (("scale", "web", "2"), "there is no fleet 'web'"),
        (("fault", "web", "web-1", "slow=1s"), "there is no fleet 'web'"),
        (("down", "web"), "there is no fleet 'web'"),
    ],
)
def test_wrong_words_exit_with_two(shop, capsys, arguments, words):
    assert 2 == cli("fleet", *arguments)
    assert words.lower() in " ".join(capsys.readouterr().err.split()).lower()


def test_a_near_name_is_suggested(shop, capsys):
    cli("fleet", "up", "web", "--directory")
    assert 2 == cli("fleet", "down", "wep")
    assert "did you mean 'web'?" in capsys.readouterr().err


def test_a_fleet_of_directories_stays_where_it_is_put(shop, capsys):
    assert 0 == cli("fleet", "up", "web", "--directory", "there")
    assert (shop / "there/web-1").is_dir()


def test_every_command_has_help_with_an_example(capsys):
    for command in ((), ("up",), ("scale",), ("down",), ("list",), ("show",), ("fault",)):
        assert 0 == cli("fleet", *command, "--help")
        assert "cicd fleet" in capsys.readouterr().out


def test_a_fault_is_shown_until_the_member_is_well_again(shop, capsys):
    cli("fleet", "up", "web", "--directory")
    assert 0 == cli("fleet", "fault", "web", "web-1", "slow=2s")
    assert "web-1 suffers: slow=2s" in capsys.readouterr().out
    assert 2 == cli("fleet", "fault", "web", "web-1", "slwo=2s")
    assert "did you mean 'slow'?" in capsys.readouterr().err
    cli("fleet", "fault", "web", "web-1", "none")
    capsys.readouterr()
    assert 0 == cli("fleet", "show", "web", "--output", "json")
    assert "" == json.loads(capsys.readouterr().out)["Instances"][0]["Local"]["fault"]
