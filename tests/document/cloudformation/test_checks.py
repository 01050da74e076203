"""What is wrong with a template as it is written is said, under one rule, at its line."""

import pytest

from cicd.document.cloudformation.checks.written import check_written
from cicd.document.cloudformation.template import read_template
from cicd.document.load import load_text
from cicd.document.problem import Problems

GOOD = """\
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Count: {Type: Number, Default: 2, MinValue: 1}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Build:
    Type: AWS::CodeBuild::Project
    DependsOn: Role
    Properties:
      ServiceRole: !GetAtt Role.Arn
      TimeoutInMinutes: 30
      Artifacts: {Type: CODEPIPELINE}
      Source: {Type: CODEPIPELINE, BuildSpec: !Sub "${Stage}.yml"}
      VpcConfig: !If [IsProd, {VpcId: vpc-1, Subnets: [a]}, !Ref AWS::NoValue]
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/standard:7.0
        PrivilegedMode: true
        EnvironmentVariables:
          - {Name: STAGE, Value: !Ref Stage}
  Role: {Type: AWS::IAM::Role, Properties: {}}
  Group:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: shop
      ServiceRoleArn: !GetAtt Role.Arn
      DeploymentStyle: {DeploymentType: IN_PLACE}
Outputs:
  Name: {Value: !Ref Build}
"""


def told(text):
    problems = Problems()
    check_written(read_template(load_text(text, "template.yml")), problems)
    return problems


def test_a_good_template_has_nothing_to_be_told():
    assert [] == list(told(GOOD))


CASES = [
    ("Outputs:", "Output:", "template/unknown-section", "Output:"),
    ("    DependsOn: Role", "    DependOn: Role", "template/unknown-attribute", "DependOn"),
    ("  Stage: {Type: String", "  Stage: {Type: Strin", "template/parameter", "Strin,"),
    ("Default: dev", "Default: test", "template/parameter", "Default: test"),
    ("Default: 2", "Default: 0", "template/parameter", "Default: 0"),
    ("  Stage: {Type: String, ", "  Stage: {", "template/parameter", "Stage: {"),
    ("      Artifacts:", "      Artifact:", "template/unknown-property", "Artifact:"),
    (
        "      ServiceRole: !GetAtt Role.Arn\n",
        "",
        "template/missing-property",
        "Properties:\n      Tim",
    ),
    ("30", "soon", "template/wrong-type", "soon"),
    ("PrivilegedMode: true", "PrivilegedMode: maybe", "template/wrong-type", "maybe"),
    ("TimeoutInMinutes: 30", "TimeoutInMinutes:", "template/wrong-type", "TimeoutInMinutes:"),
    ("Subnets: [a]", "Subnets: a", "template/wrong-type", "Subnets: a"),
    ("{VpcId: vpc-1", "{VpcID: vpc-1", "template/unknown-property", "VpcID"),
    ("Artifacts: {Type: CODEPIPELINE}", "Artifacts: CODEPIPELINE", "template/wrong-type", "Artif"),
    ("IN_PLACE", "IN_PLCE", "template/unknown-value", "IN_PLCE"),
    (
        "      ApplicationName: shop\n",
        "",
        "template/missing-property",
        "Properties:\n      ServiceRoleArn",
    ),
    ("{Value: !Ref Build}", "{Export: {Name: x}}", "template/output", "Name: {Export"),
    ("!Equals [!Ref Stage, prod]", "!Equals [prod]", "template/function", "!Equals [prod]"),
    (
        "!GetAtt Role.Arn\n      Timeout",
        "!GetAt Role.Arn\n      Timeout",
        "template/function",
        "!GetAt ",
    ),
    ("!Ref Build}", "!Ref Biuld}", "template/unknown-reference", "Biuld"),
    (
        "{Name: STAGE, Value: !Ref Stage}",
        "{Name: A, Value: !Ref AWS::Regio}",
        "template/unknown-reference",
        "Regio",
    ),
    ("DependsOn: Role", "DependsOn: Rol", "template/unknown-reference", "DependsOn: Rol"),
    ("!If [IsProd,", "!If [IsPord,", "template/unknown-reference", "IsPord"),
    ("Properties: {}}", "DependsOn: Build}", "template/cycle", "DependsOn:"),
    ("Type: AWS::IAM::Role,", "Type: Role,", "template/resource", "Type: Role"),
    ("Type: AWS::IAM::Role, ", "", "template/resource", "Role: {Prop"),
    ("  Role: {Type", "  My_Role: {Type", "template/resource", "My_Role"),
]


@pytest.mark.parametrize(("before", "after", "rule", "at"), CASES)
def test_one_fault_is_said_at_its_line(before, after, rule, at):
    text = GOOD.replace(before, after, 1)
    line = 1 + text[: text.index(at)].count("\n")
    assert (rule, line) in [(p.rule, p.span.line) for p in told(text)]
    assert text != GOOD


def test_a_slip_of_a_name_is_told_once_and_can_be_mended():
    (problem,) = told(GOOD.replace("      Artifacts:", "      Artifact:"))
    assert "did you mean 'Artifacts'?" == problem.hint
    assert problem.fix is not None


def test_a_circle_names_every_step_of_it():
    text = GOOD.replace("Properties: {}}", "Properties: {RoleName: !Sub 'x-${Group}'}}")
    (problem,) = told(text)
    assert "template/cycle" == problem.rule
    assert "[Role, Group]" in problem.note or "[Group, Role]" in problem.note
    assert 1 == len(problem.labels)


def test_a_variable_of_the_shell_inside_sub_is_explained():
    text = GOOD.replace('"${Stage}.yml"', '"${CODEBUILD_SRC_DIR}/x.yml"')
    (problem,) = told(text)
    assert "${!CODEBUILD_SRC_DIR}" in problem.hint


def test_what_a_nested_stack_and_a_macro_make_is_said_to_be_unknown():
    text = GOOD.replace("Resources:\n", "Transform: [Mine]\nResources:\n", 1).replace(
        "  Role: {Type: AWS::IAM::Role", "  Role: {Type: AWS::CloudFormation::Stack"
    )
    assert {"template/not-followed"} == {p.rule for p in told(text)}
    assert 2 == len(told(text))


def test_a_template_needs_resources():
    (problem,) = told("AWSTemplateFormatVersion: '2010-09-09'\n")
    assert "template/no-resources" == problem.rule
