"""Pipelines of templates run as they are, with the projects and groups that stand beside them."""

import os
import subprocess

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.document.cloudformation.parameters import Given
from cicd.document.resources import Resources
from cicd.errors import UsageError
from cicd.pipeline.definition import find_definition
from cicd.pipeline.from_template import inspect, read_from_template, with_template

TEMPLATE = """\
Parameters:
  Branch: {Type: String}
  Word: {Type: String, Default: hello}
  Token: {Type: String, NoEcho: true, Default: none}
Resources:
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: !Sub "${Word}-build"
      ServiceRole: role
      Artifacts: {Type: CODEPIPELINE}
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/standard:7.0
        EnvironmentVariables:
          - {Name: SECRET, Value: '{{resolve:ssm:/shop/secret}}'}
      Source:
        Type: CODEPIPELINE
        BuildSpec: !Sub |
          version: 0.2
          phases:
            build:
              commands:
                - echo ${Word} $SECRET > said.txt
                - test -s said.txt
          artifacts: {files: [said.txt]}
  Group:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties: {ApplicationName: shop, DeploymentGroupName: fleet, ServiceRoleArn: role}
  Delivery:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: !ImportValue role
      ArtifactStore: {Type: S3, Location: artifacts}
      Stages:
        - Name: Source
          Actions:
            - Name: Code
              ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: 1}
              Configuration: {RepositoryName: shop, BranchName: !Ref Branch}
              OutputArtifacts: [{Name: code}]
        - Name: Build
          Actions:
            - Name: Compile
              ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}
              Configuration: {ProjectName: !Ref Project}
              InputArtifacts: [{Name: code}]
              OutputArtifacts: [{Name: built}]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "stack.yml").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / ".cicd"))
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "--quiet", "--message=m"),
    ):
        subprocess.run(("git", *words), check=True)
    return tmp_path


def read(here, word=None, **parameters):
    resources = Resources.load(here)
    found = find_definition(word, resources, here)
    return read_from_template(found, parameters, resources)


def test_a_template_is_found_by_what_it_holds_and_run_with_its_project(here, capfd):
    (here / "secrets.env").write_text("/shop/secret=s3cr3t\n")
    words = ["--runner", "host", "--parameter", "Branch=main", "--env-file", "secrets.env"]
    assert 0 == run(cicd, ["pipeline", "run", *words])
    said = capfd.readouterr()
    assert "infra/stack.yml" in said.out + said.err or "Succeeded" in said.out + said.err
    assert "s3cr3t" not in said.out + said.err


def test_a_command_that_fails_is_shown_at_its_line_of_the_template(here, capfd):
    text = TEMPLATE.replace("test -s said.txt", "false")
    (here / "infra" / "stack.yml").write_text(text)
    words = ["--runner", "host", "--parameter", "Branch=main", "--env-file", os.devnull]
    text = text.replace("$SECRET", "").replace("{Name: SECRET", "{Name: PLAIN")
    text = text.replace("'{{resolve:ssm:/shop/secret}}'", "x")
    (here / "infra" / "stack.yml").write_text(text)
    assert 1 == run(cicd, ["pipeline", "run", "--working-tree", *words])
    line = 1 + text[: text.index("- false")].count("\n")
    said = capfd.readouterr()
    assert f"infra/stack.yml:{line}:" in said.out + said.err


def test_a_pipeline_is_named_by_its_logical_id_or_its_name(here):
    assert "Delivery" == read(here, "Delivery", Branch="main").spec.name


def test_a_parameter_without_a_value_stops_the_run(here):
    with pytest.raises(UsageError, match=r"Parameters: \[Branch\] must have values"):
        read(here)


def test_cicd_yml_gives_parameters_and_a_flag_wins(here):
    (here / "cicd.yml").write_text("local: {parameters: {Branch: dev, Elsewhere: 1}}\n")
    branch = read(here).spec.stages[0].actions[0].configuration["BranchName"]
    assert "dev" == branch
    branch = read(here, Branch="main").spec.stages[0].actions[0].configuration["BranchName"]
    assert "main" == branch


def test_what_nobody_may_see_is_in_no_plan(here):
    found = read(here, Branch="main", Token="SECRET1")
    assert {"Branch": "main"} == found.parameters


def test_resources_of_cicd_yml_win_over_the_templates(here):
    (here / "cicd.yml").write_text(
        "projects: [{name: hello-build, source: {buildspec: mine.yml}}]\n"
        "applications: [{applicationName: shop, deploymentGroups: [{deploymentGroupName: own}]}]\n"
    )
    resources = with_template(
        Resources.load(here), str(here / "infra" / "stack.yml"), {"Branch": "main"}
    )
    project = resources.section("projects")["hello-build"]
    assert "mine.yml" == project.at(("source", "buildspec")).text
    groups = resources.section("applications")["shop"].entries["deploymentGroups"].value.items
    assert ["own", "fleet"] == [g.at(("deploymentGroupName",)).text for g in groups]


def test_what_is_not_known_is_visible_and_refused_only_where_it_is_needed(here):
    text = TEMPLATE.replace("!Ref Project}", "!ImportValue build}")
    (here / "infra" / "stack.yml").write_text(text)
    found = read(here, Branch="main")
    configuration = found.spec.stages[1].actions[0].configuration
    assert "{{unknown:ImportValue.build}}" == configuration["ProjectName"]
    (here / "cicd.yml").write_text("local: {imports: {build: theirs}}\n")
    found = read(here, Branch="main")
    assert "theirs" == found.spec.stages[1].actions[0].configuration["ProjectName"]


def test_a_pipeline_is_looked_at_without_values(here):
    found = find_definition(None, Resources.load(here), here, Given())
    (spec,) = inspect(found, {}, Resources.load(here))
    assert ["Source", "Build"] == [stage.name for stage in spec.stages]


def test_a_parameter_that_is_not_declared_is_refused(here):
    with pytest.raises(UsageError) as refused:
        read(here, Branhc="main")
    assert "did you mean 'Branch'?" == refused.value.hint


def test_a_pipeline_whose_condition_is_false_is_not_there(here):
    text = TEMPLATE.replace("  Delivery:\n", "  Delivery:\n    Condition: Never\n")
    (here / "infra" / "stack.yml").write_text(f"Conditions: {{Never: !Equals [a, b]}}\n{text}")
    with pytest.raises(UsageError, match="makes no pipeline"):
        read(here, Branch="main")


def test_of_several_pipelines_one_has_to_be_named(here):
    start = TEMPLATE.index("  Delivery:")
    other = TEMPLATE[start:].replace("Delivery", "Second")
    (here / "infra" / "stack.yml").write_text(TEMPLATE + other)
    with pytest.raises(UsageError) as refused:
        read(here, Branch="main")
    assert "Delivery, Second" in refused.value.hint
    assert "Second" == read(here, "Second", Branch="main").spec.name


def test_the_source_of_a_template_in_a_directory_is_the_whole_repository(here, capfd):
    (here / "check.sh").write_text("test -e infra/stack.yml\n")
    text = TEMPLATE.replace("test -s said.txt", "sh check.sh")
    (here / "infra" / "stack.yml").write_text(text)
    (here / "secrets.env").write_text("/shop/secret=s3cr3t\n")
    for words in (
        ("add", "--all"),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qmm"),
    ):
        subprocess.run(("git", *words), check=True)
    words = ["--runner", "host", "--parameter", "Branch=main", "--env-file", "secrets.env"]
    for name in ([], ["infra/stack.yml"]):
        assert 0 == run(cicd, ["pipeline", "run", *name, *words]), capfd.readouterr()


def test_what_the_cdk_has_synthesized_is_looked_at_where_there_is_no_other_template(here):
    made = here / "cdk.out"
    (made / "asset.1").mkdir(parents=True)
    text = (here / "infra" / "stack.yml").read_text()
    for path in (made / "Delivery.template.json", made / "asset.1" / "copy.template.json"):
        path.write_text(text)
    assert "infra/stack.yml" == find_definition(None, Resources.load(here), here).origin
    (here / "infra" / "stack.yml").unlink()
    json_text = '{"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {}}}}'
    (made / "Delivery.template.json").write_text(json_text)
    found = find_definition(None, Resources.load(here), here)
    assert "cdk.out/Delivery.template.json" == found.origin
