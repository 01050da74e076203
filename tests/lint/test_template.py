"""Templates are linted with all that they hold, at the lines where it stands."""

import pytest

from cicd.errors import UsageError
from cicd.lint.check import check_content, check_document
from cicd.lint.documents import STDIN, Candidate, Kind, candidates

HEAD = """\
Parameters:
  Minutes: {Type: Number, Default: 10}
Resources:
"""
PROJECT = """\
  Build:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: shop
      ServiceRole: role
      TimeoutInMinutes: !Ref Minutes
      Artifacts: {Type: CODEPIPELINE}
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/standard:7.0
      Source:
        Type: CODEPIPELINE
        BuildSpec: |
          version: 0.2
          phases:
            build:
              commands: [make]
"""
GROUP = """\
  Group:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: shop
      DeploymentGroupName: fleet
      ServiceRoleArn: arn:aws:iam::123456789012:role/deploy
"""


def told(text, **parameters):
    candidate = Candidate(path=STDIN, name="template.yml", given=True)
    checked = check_content(candidate, Kind.TEMPLATE, text.encode(), parameters)
    return [(p.rule, p.severity.value, p.span.line) for p in checked.problems]


def line(text, words):
    return 1 + text[: text.index(words)].count("\n")


def test_a_good_project_and_group_have_nothing_to_be_told():
    assert [] == told(HEAD + PROJECT + GROUP)


@pytest.mark.parametrize(
    ("before", "after", "rule", "at"),
    [
        ("build:\n   ", "biuld:\n   ", "build/unknown-phase", "biuld:"),
        ("version: 0.2", "version: 0.3", "build/version", "0.3"),
        ("commands: [make]", "commands: [make", "document/syntax", "commands"),
        ("LINUX_CONTAINER", "LINUX_CONTAINR", "build/unknown-value", "LINUX_CONTAINR"),
        ("Name: shop", "Name: my shop", "build/project-name", "my shop"),
    ],
)
def test_a_fault_of_a_project_is_found_at_its_line(before, after, rule, at):
    text = HEAD + PROJECT.replace(before, after, 1)
    assert (rule, "error", line(text, at)) in told(text)


PIPE = """\
  Pipe:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: shop
      RoleArn: arn:aws:iam::123456789012:role/pipe
      ArtifactStore: {Type: S3, Location: artifacts}
      Stages:
        - Name: Source
          Actions:
            - Name: Get
              ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: "1"}
              Configuration: {RepositoryName: shop, BranchName: main}
              OutputArtifacts: [{Name: code}]
        - Name: Build
          Actions:
            - Name: Make
              ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: "1"}
              Configuration: {ProjectName: !Ref Build}
              InputArtifacts: [{Name: code}]
              OutputArtifacts: [{Name: site}]
        - Name: Deploy
          Actions:
            - Name: Up
              ActionTypeId: {Category: Deploy, Owner: AWS, Provider: CodeDeploy, Version: "1"}
              Configuration: {ApplicationName: shop, DeploymentGroupName: fleet}
              InputArtifacts: [{Name: site}]
"""
ALL = "          artifacts: {files: ['**/*']}\n"


@pytest.mark.parametrize(
    ("artifacts", "found"),
    [
        (ALL, []),
        (
            ALL.replace("**/*", "app.jar"),
            [("links/appspec-left-out", "warning", "files: ['app.jar']")],
        ),
        ("", [("links/no-artifact", "warning", "[{Name: site}]")]),
    ],
)
def test_what_a_pipeline_takes_is_held_against_an_inline_buildspec(artifacts, found):
    text = HEAD + PROJECT + artifacts + PIPE
    assert [(rule, how, line(text, at)) for rule, how, at in found] == told(text)


def test_an_output_that_nothing_takes_is_only_worth_knowing_when_it_is_not_made():
    text = HEAD + PROJECT + PIPE[: PIPE.index("        - Name: Deploy")]
    at = line(text, "[{Name: site}]")
    assert ("links/no-artifact", "note", at) in told(text)


def test_a_buildspec_that_is_a_file_is_of_a_repository_that_is_not_known():
    inline = PROJECT[: PROJECT.index("        BuildSpec")]
    assert [] == told(HEAD + inline + "        BuildSpec: ci/build.yml\n" + PIPE)


def test_a_parameter_that_is_given_counts():
    text = HEAD + PROJECT
    expected = ("build/out-of-range", "error", line(text, "TimeoutInMinutes"))
    assert expected in told(text, Minutes="3")


def test_a_parameter_that_is_not_there_is_refused_for_a_named_template():
    with pytest.raises(UsageError):
        told(HEAD + PROJECT, Minute="3")


def test_a_group_is_judged_as_the_service_does_and_not_by_what_this_machine_lacks():
    text = HEAD + GROUP.replace(
        "      ServiceRoleArn: arn:aws:iam::123456789012:role/deploy\n",
        "      ServiceRoleArn: arn:aws:iam::123456789012:role/deploy\n"
        "      DeploymentStyle: {DeploymentOption: WITH_TRAFFIC_CONTROL}\n"
        "      LoadBalancerInfo: {TargetGroupInfoList: [{Name: web}]}\n"
        "      AutoRollbackConfiguration: {Enabled: true}\n",
    )
    assert [("deploy/rollback-event", "error", line(text, "AutoRollback"))] == told(text)


def test_a_correction_never_replaces_the_function_that_gave_the_value():
    text = HEAD.replace("10}", "10}\n  Kind: {Type: String, Default: linux_container}")
    text += PROJECT.replace("Type: LINUX_CONTAINER", "Type: !Ref Kind")
    candidate = Candidate(path=STDIN, name="template.yml", given=True)
    checked = check_content(candidate, None, text.encode())
    assert ["build/unknown-value"] == [p.rule for p in checked.problems]
    assert checked.problems[0].fix is None


def test_a_template_is_found_by_what_it_holds(tmp_path):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "stack.yml").write_text(HEAD + PROJECT)
    (tmp_path / "infra" / "other.yml").write_text("a: 1\n")
    (found,) = candidates((tmp_path,))
    assert Kind.TEMPLATE == check_document(found, None).kind


def test_cicd_yml_beside_a_template_gives_its_parameters(tmp_path):
    (tmp_path / "stack.yml").write_text(HEAD + PROJECT)
    (tmp_path / "cicd.yml").write_text("local: {parameters: {Minutes: 2}}\n")
    rules = {p.rule for c in candidates((tmp_path,)) for p in check_document(c, None).problems}
    assert {"build/out-of-range"} == rules


def test_a_template_that_cicd_yml_names_is_what_it_is(tmp_path):
    (tmp_path / "infra.yml").write_text("Resources: {P: {Type: 'AWS::CodePipeline::Pipeline'}}\n")
    (tmp_path / "cicd.yml").write_text("pipelines: [infra.yml]\n")
    candidate = Candidate(path=tmp_path / "cicd.yml", name="cicd.yml", given=True)
    assert [] == list(check_document(candidate, Kind.RESOURCES).problems)
