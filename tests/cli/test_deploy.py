import json
import re

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from tests.deploy.service_world import deploy, service_world

APPSPEC = """version: 0.0
os: linux
files:
  - source: app
    destination: /srv/app
hooks:
  ValidateService:
    - location: check.sh
"""
RESOURCES = """
applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: web
        deploymentConfigName: CodeDeployDefault.OneAtATime
local:
  deploymentGroups:
    web:
      instances:
        - {id: web-1, directory: .cicd/instances/web-1, endpoint: "http://127.0.0.1:8091"}
        - {id: web-2, directory: .cicd/instances/web-2, endpoint: "http://127.0.0.1:8092"}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/index.html").write_text("hello")
    (tmp_path / "check.sh").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "check.sh").chmod(0o755)
    (tmp_path / "appspec.yml").write_text(APPSPEC)
    (tmp_path / ".git").mkdir()
    (tmp_path / "cicd.yml").write_text(RESOURCES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cli(*arguments):
    return run(cicd, ["deploy", *arguments])


def test_without_flags_the_repository_goes_to_the_group_of_the_resources(shop, capsys):
    assert 0 == cli()
    out = capsys.readouterr().out
    assert "http://127.0.0.1:8092" in out
    assert "hello" == (shop / ".cicd/instances/web-2/srv/app/index.html").read_text()


@pytest.mark.parametrize("command", ["run", "rollback"])
def test_that_it_went_well_is_said_once_and_last_but_for_where_it_serves(shop, capsys, command):
    (shop / "cicd.yml").write_text(re.sub(", endpoint: [^}]*", "", RESOURCES))
    assert [0, 0] == [cli(), cli()]
    capsys.readouterr()
    assert 0 == cli(command)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if re.fullmatch(r"d-\w+: Succeeded", line)] == lines[-1:]
    (shop / "cicd.yml").write_text(RESOURCES)
    assert 0 == cli()
    lines = capsys.readouterr().out.splitlines()
    assert 1 == sum("d-" in line and line.endswith(": Succeeded") for line in lines)
    assert lines[-1].endswith("http://127.0.0.1:8092")


def test_a_stop_script_that_fails_is_told_to_be_the_installed_revisions_and_passed_over(
    shop, capsys
):
    hint = "that script is of the revision that is installed, not of this one"
    assert 0 == cli()
    stops = "  ApplicationStop:\n    - location: stop.sh\n"
    (shop / "appspec.yml").write_text(APPSPEC + stops)
    (shop / "stop.sh").write_text("#!/bin/sh\nexit 3\n")
    (shop / "stop.sh").chmod(0o755)
    assert 0 == cli()
    (shop / "stop.sh").write_text("#!/bin/sh\nexit 0\n")
    capsys.readouterr()
    assert 1 == cli()
    assert hint in capsys.readouterr().out
    assert 1 == cli("rollback")
    assert hint in capsys.readouterr().out
    assert 0 == cli("rollback", "--ignore-application-stop-failures")
    assert "ApplicationStop Failed" in (said := capsys.readouterr().out)
    assert hint not in said


def test_the_last_line_of_json_is_the_deployment(shop, capsys):
    assert 0 == cli("--output", "json")
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "Succeeded" == result["deploymentInfo"]["status"]
    assert 2 == len(result["deploymentTargets"])


def test_a_failed_deployment_exits_with_one_and_says_why(shop, capsys):
    (shop / "check.sh").write_text("#!/bin/sh\necho not serving >&2\nexit 7\n")
    assert 1 == cli()
    captured = capsys.readouterr()
    assert "failed with exit code 7" in captured.out
    assert "[stderr]not serving" in captured.out + captured.err
    assert 0 == cli("status")
    assert capsys.readouterr().out.endswith(": Failed HEALTH_CONSTRAINTS\n")


def test_instances_of_flags_need_no_resources(shop, capsys):
    (shop / "cicd.yml").unlink()
    assert 0 == cli("--instance", "a=one", "--instance", "b=two", "--strategy", "AllAtOnce")
    assert "hello" == (shop / "two/srv/app/index.html").read_text()


def test_a_plan_changes_nothing(shop, capsys):
    assert 0 == cli("--plan")
    assert "check.sh" in capsys.readouterr().out
    assert not (shop / ".cicd").exists()


def test_a_plan_warns_of_what_a_deployment_would_find_late(shop, capsys):
    (shop / "appspec.yml").write_text(APPSPEC.replace("source: app", "source: ap"))
    assert 0 == cli("--plan")
    assert "deploy/missing-source" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--strategy", "LambdaCanary10Percent5Minutes"), "for ECS and Lambda"),
        (("--strategy", "Custom"), "needs a minimum"),
        (("--strategy", "AllAtOnce", "--minimum-healthy", "1"), "of its own"),
        (("--minimum-healthy", "x"), "is not a number of hosts"),
        (("nowhere",), "does not exist"),
        (("--group", "wev"), "no deployment group"),
        (("--instance", "a"), "is not an instance"),
        (("status", "d-X"), "no deployment 'd-X'"),
        (("stop",), "there is no deployment yet"),
        (("--image", "web=shop:2"), "no task of it has an image"),
    ],
)
def test_wrong_words_exit_with_two(shop, capsys, arguments, words):
    assert 2 == cli(*arguments)
    assert words in capsys.readouterr().err


def test_an_invalid_appspec_exits_with_three_and_its_position(shop, capsys):
    (shop / "appspec.yml").write_text(APPSPEC.replace("version: 0.0", 'version: "0.0"'))
    assert 3 == cli()
    assert "appspec.yml:1:10" in capsys.readouterr().err


def test_an_ecs_appspec_exits_with_four(shop, capsys):
    (shop / "appspec.yml").write_text(
        "version: 0.0\nResources:\n  - TargetService: {Type: AWS::ECS::Service}\n"
    )
    assert 4 == cli()
    assert "is for ECS" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("deploy", "list"), ("fleet", "list"), ("router", "list")])
def test_a_list_of_nothing_says_that_there_is_nothing(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    assert 0 == run(cicd, [*words, "--home", str(tmp_path / "home")])
    assert capsys.readouterr().out.startswith("no ")
    assert 0 == run(cicd, [*words, "--home", str(tmp_path / "home"), "--output", "json"])
    assert [[]] == list(json.loads(capsys.readouterr().out).values())


def test_deployments_are_listed_and_shown(shop, capsys):
    cli()
    assert 0 == cli("list")
    assert "Succeeded" in capsys.readouterr().out
    assert 0 == cli("status")
    assert "ValidateService" in capsys.readouterr().out
    assert 0 == cli("resume")
    assert 2 == cli("stop")


def test_strict_refuses_what_is_only_a_warning_otherwise(shop, capsys):
    (shop / "appspec.yml").write_text(APPSPEC.replace("/srv/app", "srv/app"))
    assert 3 == cli("--strict")
    assert "deploy/relative-destination" in capsys.readouterr().err
    assert not (shop / ".cicd").exists()
    assert 0 == cli("--plan")


def test_a_plan_draws_who_serves_and_says_how_it_would_end(shop, capsys):
    assert 0 == cli("--plan", "--failures", "1")
    out = capsys.readouterr().out
    assert "with web-1 failing, it takes 7.0 s; at the lowest 1 of 2 serve" in out
    assert "it would end Failed HEALTH_CONSTRAINTS" in out
    assert "minimum" in out
    cli()
    capsys.readouterr()
    assert 0 == cli("--plan", "--output", "json")
    forecast = json.loads(capsys.readouterr().out.splitlines()[-1])["forecast"]
    assert ["Succeeded", "Succeeded"] == [each["status"] for each in forecast["targets"]]
    assert forecast["seconds"] < 7


def test_a_deployment_goes_back_by_hand(shop, capsys):
    cli()
    (shop / "app/index.html").write_text("worse")
    cli()
    assert 0 == cli("rollback")
    assert "hello" == (shop / ".cicd/instances/web-2/srv/app/index.html").read_text()
    capsys.readouterr()
    back, worse, good = json.loads(_output(capsys, "list", "--output", "json"))["deployments"]
    ends = [line.split("  ")[-1] for line in _output(capsys, "list").splitlines()]
    assert ["RELATED", f"rollback of {worse}", f"rolled back by {back}"] == ends[:3]
    assert f"{back} is the rollback of {worse}" in _output(capsys, "status")
    words = f"is rolled back to the revision of {good} by deployment {back}"
    assert words in _output(capsys, "status", worse)


def test_who_is_left_with_a_mixed_fleet_is_told_of_the_way_back(shop, capsys):
    assert 0 == cli("--output", "json")
    good = json.loads(capsys.readouterr().out.splitlines()[-1])["deploymentInfo"]["deploymentId"]
    (shop / "check.sh").write_text("#!/bin/sh\nexit 3\n")
    assert 1 == cli("--no-rollback")
    out = capsys.readouterr().out
    assert "1 of 2 instances failed, and 1 must stay healthy: the last one is not begun" in out
    assert f"deploys the revision of {good} again" in out.splitlines()[-1]
    assert 1 == cli("--rollback")
    assert "deploys the revision" not in capsys.readouterr().out


def test_instances_that_listen_nowhere_have_no_column_for_it(shop, capsys):
    assert "ENDPOINT" not in _output(capsys, "--instance", f"a={shop}/a")
    assert "RELATED" not in _output(capsys, "list")


def test_who_failed_in_a_deployment_that_succeeded_is_counted(shop, capsys):
    (shop / "check.sh").write_text('#!/bin/sh\ncase "$CICD_INSTANCE" in *web-1) exit 1;; esac\n')
    assert 0 == cli("--strategy", "AllAtOnce")
    assert capsys.readouterr().out.endswith(": Succeeded, 1 of 2 Failed\n")


def test_a_long_reason_is_told_in_full_once(shop, capsys):
    (shop / "check.sh").unlink()
    (shop / "appspec.yml").write_text(APPSPEC.replace("check.sh", f"{'deep/' * 60}check.sh"))
    assert 1 == cli()
    out = capsys.readouterr().out
    assert 1 == out.count("deep/check.sh")
    assert 1 == sum(line.endswith(" …") for line in out.splitlines())


def test_targets_are_listed_and_shown_in_the_shapes_of_the_service(shop, capsys):
    cli()
    capsys.readouterr()
    assert 0 == cli("targets", "--output", "json")
    assert {"targetIds": ["web-1", "web-2"]} == json.loads(capsys.readouterr().out)
    newest = json.loads(_output(capsys, "list", "--output", "json"))["deployments"][0]
    shown = json.loads(_output(capsys, "targets", newest, "web-2", "--output", "json"))
    assert ["web-2"] == [each["instanceTarget"]["targetId"] for each in shown["deploymentTargets"]]
    assert {"targetIds": []} == json.loads(
        _output(capsys, "targets", newest, "--status", "Failed", "--output", "json")
    )
    assert 2 == cli("targets", newest, "web-9")


def _output(capsys, *arguments):
    assert 0 == cli(*arguments)
    return capsys.readouterr().out


def test_a_service_is_a_target_as_an_instance_is(shop, monkeypatch, capsys, tmp_path):
    (tmp_path / "world").mkdir()
    result = deploy(service_world(tmp_path / "world"))
    monkeypatch.setattr("cicd.deploy.run.get_deployment", lambda *_: result)
    assert 0 == cli("targets", result.deployment_id, "greeter", "--output", "json")
    (shape,) = json.loads(capsys.readouterr().out)["deploymentTargets"]
    assert "ECSTarget" == shape["deploymentTargetType"]
    assert 0 == cli("targets", result.deployment_id, "--output", "json")
    told = json.loads(capsys.readouterr().out)["targetIds"]
    assert [shape["ecsTarget"]["targetId"]] == told


def test_logs_are_those_of_an_instance_and_an_event(shop, capsys):
    (shop / "check.sh").write_text("#!/bin/sh\necho fine\n")
    cli()
    capsys.readouterr()
    out = _output(capsys, "logs", "--instance", "web-2", "--event", "ValidateService")
    assert [
        "[web-2] LifecycleEvent - ValidateService",
        "[web-2] Script - check.sh",
        "[web-2] [stdout]fine",
    ] == out.splitlines()
    assert "" == _output(capsys, "logs", "--event", "Install")
    assert 2 == cli("logs", "--instance", "web-9")
    assert "hint: it has web-1, web-2" in capsys.readouterr().err
    assert 2 == cli("logs", "--event", "BlockTraffic")
    assert "has no lifecycle event 'BlockTraffic'" in capsys.readouterr().err


def test_every_command_has_help_with_an_example(capsys):
    looking = ("list", "status", "targets", "logs", "stop", "resume", "rollback")
    for command in ((), ("run",), *((name,) for name in looking)):
        assert 0 == cli(*command, "--help")
        assert "cicd deploy" in capsys.readouterr().out


def test_this_machine_itself_is_not_written_to_without_a_yes(shop, capsys):
    assert cli("--instance", "here") == 2
    assert "this machine itself would be written to" in capsys.readouterr().err


TEMPLATE = """
Resources:
  Shop: {Type: AWS::CodeDeploy::Application, Properties: {ApplicationName: shop}}
  Fleet:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: !Ref Shop
      DeploymentGroupName: fleet
      ServiceRoleArn: role
      DeploymentConfigName: CodeDeployDefault.OneAtATime
"""


@pytest.mark.parametrize("name", ["fleet", "shop/fleet"])
def test_a_group_of_a_template_is_deployed_to_with_what_cicd_yml_says_of_it(shop, capfd, name):
    (shop / "infra").mkdir()
    (shop / "infra" / "stack.yml").write_text(TEMPLATE)
    places = "instances: [{id: a, directory: at/a}, {id: b, directory: at/b}]"
    (shop / "cicd.yml").write_text(f"local: {{deploymentGroups: {{fleet: {{{places}}}}}}}\n")
    assert 0 == cli("--group", name, "--plan")
    assert "on shop/fleet, CodeDeployDefault.OneAtATime" in capfd.readouterr().out
    assert 0 == cli("--group", name)
    assert "hello" == (shop / "at/b/srv/app/index.html").read_text()


def test_a_group_of_cicd_yml_goes_before_that_of_a_template(shop, capfd):
    (shop / "stack.yml").write_text(TEMPLATE.replace("fleet", "web").replace("OneAt", "AllAt"))
    assert 0 == cli("--group", "shop/web", "--plan")
    assert "CodeDeployDefault.OneAtATime" in capfd.readouterr().out
