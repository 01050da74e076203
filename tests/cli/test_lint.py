"""``cicd lint`` from outside."""

import json
import subprocess

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.document.cloudformation.find import templates_that_make

GOOD = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n"
BAD_PHASE = "version: 0.2\nphases:\n  pre-build:\n    commands: [make]\n"


TEMPLATE = """Resources:
  Shop:
    Type: AWS::CodePipeline::Pipeline
"""


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _lint(*arguments):
    return run(cicd, ["lint", "--output", "plain", *arguments])


def test_a_good_repository_is_answered_with_the_names_of_what_was_checked(repository, capsys):
    (repository / "buildspec.yml").write_text(GOOD)
    assert _lint() == 0
    assert capsys.readouterr().out == "nothing to say about buildspec.yml\n"


def test_a_misspelt_phase_shows_its_line_a_caret_and_what_was_meant(repository, capsys):
    (repository / "buildspec.yml").write_text(BAD_PHASE)
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "--> buildspec.yml:3:3" in said
    assert "^^^^^^^^^ did you mean 'pre_build'?" in said


def test_documents_are_found_below_but_not_in_dependencies(repository, capsys):
    for place in ("ci", "node_modules/x"):
        (repository / place).mkdir(parents=True)
        (repository / place / "buildspec.yml").write_text(BAD_PHASE)
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "ci/buildspec.yml:3:3" in said
    assert "node_modules" not in said


def test_what_was_deployed_below_is_no_document_of_the_repository(repository, capsys):
    for place in ("ci", "servers/web-1/srv/app"):
        (repository / place).mkdir(parents=True)
        (repository / place / "buildspec.yml").write_text(BAD_PHASE)
        (repository / place / "template.yml").write_text(TEMPLATE)
    (repository / "servers/web-1/opt/codedeploy-agent/deployment-root").mkdir(parents=True)
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "ci/buildspec.yml:3:3" in said
    assert "servers" not in said
    assert ["ci/template.yml"] == list(
        templates_that_make("AWS::CodePipeline::Pipeline", repository)
    )


def test_a_document_with_another_name_is_told_by_its_content(repository, capsys):
    (repository / "release.yml").write_text(BAD_PHASE)
    assert _lint("release.yml") == 1
    assert "release.yml:3:3" in capsys.readouterr().err


def test_a_document_that_cannot_be_read_ends_with_3(repository, capsys):
    (repository / "buildspec.yml").write_text("version: 0.2\n\tphases:\n")
    assert _lint() == 3
    assert "buildspec.yml:2:1" in capsys.readouterr().err


def test_warnings_fail_only_when_asked_to(repository):
    (repository / "buildspec.yml").write_text(GOOD + "artefacts:\n  files: ['*']\n")
    assert _lint() == 0
    assert _lint("--fail-on", "warning") == 1


def test_a_template_is_checked_at_its_own_lines(repository, capsys):
    (repository / "pipeline.yml").write_text(
        "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties: {Name: !Ref X}\n"
    )
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "error[template/missing-property]" in said
    assert "no parameter or resource 'X'" in said
    assert "pipeline.yml:4:24" in said


def test_a_pipeline_document_and_its_resources_are_checked_together(repository, capsys):
    (repository / "cicd.yml").write_text("projects:\n  - name: x\n    sauce: {type: S3}\n")
    (repository / "pipeline.json").write_text('{"pipeline": {"name": "p", "stages": []}}')
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "cicd.yml:3:5" in said
    assert "pipeline.json:1:" in said


def test_programs_get_one_problem_a_line_and_the_count_last(repository, capsys):
    (repository / "buildspec.yml").write_text(BAD_PHASE)
    assert run(cicd, ["lint", "--output", "json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["rule"] == "build/unknown-phase"
    assert (lines[0]["line"], lines[0]["column"]) == (3, 3)
    assert lines[-1]["counts"] == {"error": 1, "warning": 0, "note": 0}


CICD_YML = """\
projects:
  - name: app
applications:
  - applicationName: shop
    deploymentGroups: [{deploymentGroupName: web}]
"""
PIPELINE = """\
name: p
roleArn: arn:aws:iam::123456789012:role/p
artifactStore: {type: S3, location: artifacts}
stages:
- name: Source
  actions:
  - name: Checkout
    actionTypeId: {category: Source, owner: AWS, provider: CodeCommit, version: "1"}
    configuration: {RepositoryName: shop, BranchName: main}
    outputArtifacts: [{name: code}]
- name: Build
  actions:
  - name: Compile
    actionTypeId: {category: Build, owner: AWS, provider: CodeBuild, version: "1"}
    configuration: {ProjectName: PROJECT}
    inputArtifacts: [{name: code}]
- name: Deploy
  actions:
  - name: Up
    actionTypeId: {category: Deploy, owner: AWS, provider: CodeDeploy, version: "1"}
    configuration: {ApplicationName: APPLICATION, DeploymentGroupName: GROUP}
    inputArtifacts: [{name: code}]
"""


def _pipeline(project="app", application="shop", group="web"):
    text = PIPELINE.replace("PROJECT", project).replace("GROUP", group)
    return text.replace("APPLICATION", application)


@pytest.mark.parametrize(
    ("names", "place", "hint"),
    [
        ({"project": "aap"}, "15:34", "did you mean 'app'?"),
        ({"application": "shopp"}, "21:38", "did you mean 'shop'?"),
        ({"group": "prod"}, "21:65", "it has web"),
    ],
)
def test_names_that_cicd_yml_does_not_have_are_warned_of_at_the_value(
    repository, capsys, names, place, hint
):
    (repository / "cicd.yml").write_text(CICD_YML)
    (repository / "pipeline.yml").write_text(_pipeline(**names))
    assert _lint() == 0
    said = capsys.readouterr().err
    assert f"--> pipeline.yml:{place}" in said
    assert hint in said


def test_names_that_cicd_yml_has_or_only_a_run_will_know_are_fine(repository, capsys):
    (repository / "cicd.yml").write_text(CICD_YML)
    (repository / "pipeline.yml").write_text(_pipeline())
    assert _lint("--fail-on", "note") == 0
    (repository / "cicd.yml").unlink()
    (repository / "pipeline.yml").write_text(_pipeline(project="theirs"))
    assert _lint("--fail-on", "note") == 0


def test_a_pipeline_written_in_cicd_yml_is_checked_at_its_own_lines(repository, capsys):
    inline = "".join(f"    {line}\n" for line in _pipeline(project="aap").splitlines())
    broken = inline.replace("inputArtifacts: [{name: code}]", "inputArtifacts: [{name: cod}]", 1)
    (repository / "cicd.yml").write_text(CICD_YML + "pipelines:\n  -" + broken[3:])
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "--> cicd.yml:21:38" in said
    assert "--> cicd.yml:22:33" in said


def test_a_pipeline_file_of_another_name_is_checked_through_cicd_yml(repository, capsys):
    (repository / "cicd.yml").write_text(CICD_YML + "pipelines: [release.yml, gone.yml]\n")
    (repository / "release.yml").write_text(_pipeline(project="aap"))
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "--> release.yml:15:34" in said
    assert "--> cicd.yml:6:26" in said


APPSPEC = """\
version: 0.0
os: linux
files: [{source: /, destination: /srv}]
hooks:
  AfterInstall:
    - location: scripts/there.sh
    - location: scripts/plain.sh
    - location: scripts/gone.sh
"""


@pytest.mark.parametrize("committed", [False, True])
def test_hook_scripts_that_are_missing_or_not_executable_are_warned_of(
    repository, capsys, committed
):
    (repository / "appspec.yml").write_text(APPSPEC)
    (repository / "scripts").mkdir()
    for name, mode in (("there", 0o755), ("plain", 0o644)):
        place = repository / "scripts" / f"{name}.sh"
        place.write_text("#!/bin/sh\n")
        place.chmod(mode)
    if committed:
        for words in (["init", "--quiet"], ["add", "."]):
            subprocess.run(["git", *words], cwd=repository, check=True)
        # What git has is what is deployed, whatever this disk says.
        (repository / "scripts" / "plain.sh").chmod(0o755)
    assert _lint() == 0
    said = capsys.readouterr().err
    assert "--> appspec.yml:7:17" in said
    assert "'scripts/plain.sh' is not executable" in said
    assert "--> appspec.yml:8:17" in said
    assert "'scripts/gone.sh' is not beside the AppSpec" in said
    assert "there.sh" not in said


def test_the_ledger_tells_what_has_no_effect_here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "buildspec.yml").write_text(
        "version: 0.2\nproxy: {logs: yes}\nphases: {build: {commands: [make]}}\n"
    )
    (tmp_path / "cicd.yml").write_text("projects: [{name: app, serviceRole: builder}]\n")
    assert 0 == run(cicd, ["lint", "--ledger"])
    told = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[:2] for line in told if "no effect" in line] == [
        ["buildspec.yml:2:9", "proxy.logs"],
        ["cicd.yml:1:24", "serviceRole"],
    ]
    assert 0 == run(cicd, ["lint", "--output", "json"])
    assert "ledger" not in json.loads(capsys.readouterr().out.splitlines()[-1])


ELSEWHERE = """
applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: tagged
        ec2TagFilters: [{Key: env, Value: prod, Type: KEY_AND_VALUE}]
      - deploymentGroupName: copied
        autoScalingGroups: [web]
        deploymentStyle: {deploymentType: BLUE_GREEN, deploymentOption: WITH_TRAFFIC_CONTROL}
        loadBalancerInfo: {targetGroupInfoList: [{name: web-tg}]}
        blueGreenDeploymentConfiguration:
          greenFleetProvisioningOption: {action: COPY_AUTO_SCALING_GROUP}
        triggerConfigurations:
          - {triggerName: team, triggerTargetArn: arn, triggerEvents: [DeploymentStart]}
local:
  loadBalancers: {web-tg: 8080}
"""


def test_what_is_written_is_checked_whatever_runs_on_this_machine(repository, capsys):
    (repository / "cicd.yml").write_text(ELSEWHERE)
    assert _lint() == 0
    assert capsys.readouterr().out == "nothing to say about cicd.yml\n"


def test_a_trigger_that_tells_nobody_is_remarked_upon_where_others_tell_somebody(
    repository, capsys
):
    (repository / "cicd.yml").write_text(ELSEWHERE + "  triggers: {teem: {command: cat}}\n")
    assert _lint() == 0
    said = "".join(capsys.readouterr())
    assert "the trigger 'team' tells nobody here" in said
    assert "beside teem" in said


ALARMED = """applications: [{applicationName: a}]
deploymentGroups:
- applicationName: a
  deploymentGroupName: g
  alarmConfiguration: {enabled: true, alarms: [{name: slow}]}
local:
  deploymentGroups: {a/g: {instances: [{id: i, directory: d}]}}
  alarms:
    slow: {metricName: PipelineDurations, threshold: 1}
"""


@pytest.mark.parametrize("used", [True, False])
def test_an_alarm_is_checked_whoever_looks_at_it_and_said_once(repository, capsys, used):
    (repository / "cicd.yml").write_text(
        ALARMED if used else ALARMED.replace("enabled: true", "enabled: false")
    )
    assert 1 == _lint()
    said = "".join(capsys.readouterr())
    assert 1 == said.count("error[deploy/alarm-metric]: there is no metric 'PipelineDurations'")
