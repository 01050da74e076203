"""Resources of a template are those that a stack would make, in the shapes of the APIs."""

from cicd.build.project_reader import read_project
from cicd.document.cloudformation.parameters import Given
from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.resources import sections_of
from cicd.document.cloudformation.template import read_template
from cicd.document.load import load_source, load_text
from cicd.document.problem import Problems

TEXT = """\
Parameters:
  Stage: {Type: String, Default: dev}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Build:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: !Sub "${Stage}-shop"
      ServiceRole: role
      Artifacts: {Type: no_artifacts}
      Source:
        Type: CODEPIPELINE
        BuildSpec: !Sub |
          version: 0.2
          phases:
            build:
              commands:
                - echo ${Stage} ${!HOME}
      Triggers: {Webhook: true, FilterGroups: [[{Type: EVENT, Pattern: PUSH}]]}
      Environment:
        Type: linuxContainer
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/standard:7.0
        EnvironmentVariables:
          - {Name: A, Value: '{{resolve:ssm:/shop/a}}'}
          - {Name: B, Value: '{{resolve:secretsmanager:shop:SecretString:token}}'}
          - {Name: C, Value: '{{resolve:secretsmanager:arn:aws:secretsmanager:r:1:secret:s}}'}
          - {Name: D, Value: plain}
  Other: {Type: AWS::CodeBuild::Project, Condition: IsProd, Properties: {}}
  App: {Type: AWS::CodeDeploy::Application, Properties: {ApplicationName: shop}}
  Group:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: !Ref App
      DeploymentGroupName: fleet
      DeploymentConfigName: !Ref Half
      ServiceRoleArn: role
      Ec2TagSet: {Ec2TagSetList: [{Ec2TagGroup: [{Key: a, Value: b, Type: KEY_AND_VALUE}]}]}
  Stray:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties: {ApplicationName: elsewhere, ServiceRoleArn: role}
  Half:
    Type: AWS::CodeDeploy::DeploymentConfig
    Properties: {MinimumHealthyHosts: {Type: FLEET_PERCENT, Value: 50}}
"""


def sections(**parameters):
    template = read_template(load_text(TEXT, "template.yml"))
    return sections_of(template, Resolver(template, Given(parameters=parameters)))


def test_a_project_is_read_as_one_of_the_api():
    problems = Problems()
    project = read_project(sections()["projects"]["dev-shop"], problems)
    assert [] == list(problems)
    assert "LINUX_CONTAINER" == project.environment.type
    assert "NO_ARTIFACTS" == project.artifacts.type
    assert project.webhook is not None


def test_a_dynamic_reference_is_looked_up_when_the_build_runs():
    project = read_project(sections()["projects"]["dev-shop"], Problems())
    assert [
        ("A", "/shop/a", "PARAMETER_STORE"),
        ("B", "shop:token", "SECRETS_MANAGER"),
        ("C", "arn:aws:secretsmanager:r:1:secret:s", "SECRETS_MANAGER"),
        ("D", "plain", "PLAINTEXT"),
    ] == [(v.name, v.value, v.type.value) for v in project.environment.variables]


def test_an_inline_buildspec_stands_at_its_own_lines():
    project = read_project(sections()["projects"]["dev-shop"], Problems())
    command = load_source(project.source.document).at(("phases", "build", "commands", 0))
    assert "echo dev ${HOME}" == command.text
    line = 1 + TEXT[: TEXT.index("echo ${Stage}")].count("\n")
    assert (line, 19) == (command.span.line, command.span.column)


def test_a_condition_makes_a_resource_or_not():
    assert ["dev-shop"] == list(sections()["projects"])
    assert ["prod-shop", "Other"] == list(sections(Stage="prod")["projects"])


def test_groups_are_those_of_their_applications():
    found = sections()["applications"]
    assert ["shop", "elsewhere"] == list(found)
    (group,) = found["shop"].entries["deploymentGroups"].value.items
    assert {
        "ec2TagSetList": [[{"Key": "a", "Value": "b", "Type": "KEY_AND_VALUE"}]]
    } == group.entries["ec2TagSet"].value.plain()
    assert "Half" == group.entries["deploymentConfigName"].value.text
    assert ["Half"] == list(sections()["deploymentConfigs"])
