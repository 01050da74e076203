"""The traps of variables and of templates, 65 to 74 and 85 to 89, by their number."""

import pytest

from cicd.document.cloudformation.parameters import Given
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.errors import UsageError
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.definition import check_definition
from cicd.pipeline.template import check_template
from cicd.pipeline.variables import Unresolved, resolve
from tests.pipeline.documents import (
    SOURCE,
    SOURCE_STAGE,
    action,
    read,
    rules,
    stage,
)
from tests.pipeline.test_reference import refused

V2 = {"pipelineType": "V2", "variables": [{"name": "word", "defaultValue": "w"}]}
NAMED = action("Compile", takes="code", namespace="Built")
MISSING = "referencing a namespace that does not exist"


def reads(text, name="Use", **more):
    given = {"ProjectName": "app", "EnvironmentVariables": variable(text)}
    return action(name, takes="code", configuration=given, **more)


def variable(text):
    return f'[{{"name": "X", "value": "{text}"}}]'


def test_trap_65_environment_variables_are_a_list_and_no_map():
    given = {"ProjectName": "app", "EnvironmentVariables": '{"X": "1"}'}
    mapped = action("Compile", takes="code", configuration=given)
    assert ["pipeline/environment-variables"] == rules(SOURCE_STAGE, stage("Build", mapped))
    assert [] == rules(SOURCE_STAGE, stage("Build", reads("1")))


def test_trap_66_without_a_namespace_nothing_can_be_referred_to():
    plain = action("Compile", takes="code")
    last = stage("Last", reads("#{Compile.TAG}"))
    assert MISSING in refused(SOURCE_STAGE, stage("Build", plain), last)


def test_trap_67_pipeline_variables_are_not_for_sources():
    source = action(
        "Checkout",
        SOURCE,
        makes="code",
        configuration={"RepositoryName": "shop", "BranchName": "#{variables.word}"},
    )
    assert "variable" in refused(
        stage("Source", source), stage("B", action("C", takes="code")), **V2
    )
    assert "" == refused(SOURCE_STAGE, stage("Build", reads("#{variables.word}")), **V2)


def test_trap_68_a_sibling_cannot_be_read_and_who_ran_before_can():
    sibling = stage("Build", NAMED, reads("#{Built.TAG}"))
    assert "" != refused(SOURCE_STAGE, sibling)
    before = stage("Build", NAMED, reads("#{Built.TAG}", runOrder=2))
    assert "" == refused(SOURCE_STAGE, before)


def test_trap_69_a_value_is_measured_as_it_is_written():
    most = 1000 - len(variable("#{Built.TAG}"))
    last = stage("Last", reads("#{Built.TAG}" + "x" * most))
    assert "" == refused(SOURCE_STAGE, stage("Build", NAMED), last)
    assert 2000 < len(resolve("#{Built.TAG}", {"Built": {"TAG": "y" * 2001}}))
    longer = stage("Last", reads("#{Built.TAG}" + "x" * (most + 1)))
    assert "less than or equal to 1000" in refused(SOURCE_STAGE, stage("Build", NAMED), longer)


@pytest.mark.parametrize("text", ["#{built.TAG}", "#{Built.tag}"])
def test_trap_70_case_counts_in_both_parts_of_a_reference(text):
    with pytest.raises(Unresolved):
        resolve(text, {"Built": {"TAG": "1"}})


def test_trap_71_a_pipeline_variable_cannot_be_empty(world):
    spec = read(SOURCE_STAGE, stage("Build", action("C", takes="code")), **V2)
    with pytest.raises(UsageError, match="'word'"):
        compile_plan(spec, Start(variables={"word": ""}), root=world.home, new_id=str)


def test_trap_74_a_reference_without_quotes_is_a_comment_of_yaml():
    text = """
name: shop
roleArn: arn:aws:iam::123456789012:role/p
artifactStore: {type: S3, location: artifacts}
stages:
  - name: Source
    actions:
      - name: Checkout
        actionTypeId: {category: Source, owner: AWS, provider: CodeCommit, version: "1"}
        outputArtifacts: [{name: code}]
        configuration:
          RepositoryName: shop
          BranchName: #{variables.branch}
  - name: Build
    actions:
      - name: Compile
        actionTypeId: {category: Build, owner: AWS, provider: CodeBuild, version: "1"}
        configuration: {ProjectName: app}
        inputArtifacts: [{name: code}]
"""
    problems = Problems()
    check_definition(load_text(text, "pipeline.yml"), problems)
    (found,) = (each for each in problems if each.severity == "error")
    assert "BranchName" in found.message
    (warned,) = (each for each in problems if each.rule == "pipeline/lost-reference")
    assert (13, 'write "#{variables.branch}", in quotes') == (warned.span.line, warned.hint)


# ── Templates ─────────────────────────────────────────────────────────────────────────────────

TEMPLATE = """
Parameters:
  Token: {{Type: String, Default: t}}
Conditions:
  Never: !Equals [a, b]
Resources:
  Repository:
    Type: AWS::CodeCommit::Repository
    Properties: {{RepositoryName: shop}}
  Delivery:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/p
      ArtifactStore: {{Type: S3, Location: artifacts}}
      Stages:
        - Name: Source
          Actions:
            - Name: Code
              ActionTypeId: {{Category: Source, Owner: {owner}, Provider: {provider}, Version: 1}}
              Configuration: {configuration}
              OutputArtifacts: [{{Name: code}}]
            - !If
              - Never
              - Name: Gone
                ActionTypeId: {{Category: Source, Owner: AWS, Provider: S3, Version: 1}}
              - !Ref AWS::NoValue
        - !If [Never, {{Name: Gone, Actions: []}}, !Ref AWS::NoValue]
        - Name: Build
          Actions:
            - Name: Compile
              ActionTypeId: {{Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}}
              Configuration: {{ProjectName: {project}}}
              InputArtifacts: [{{Name: code}}]
"""
COMMIT = {
    "owner": "AWS",
    "provider": "CodeCommit",
    "configuration": "{RepositoryName: !GetAtt Repository.Name, BranchName: main}",
}


def made(project="app", **source):
    specs, problems = found(project, **source)
    return specs, [each.message for each in problems.errors]


def found(project="app", **source):
    problems = Problems()
    text = TEMPLATE.format(project=project, **{**COMMIT, **source})
    return check_template(load_text(text, "stack.yml"), Given(), problems), problems


def test_trap_85_what_is_no_value_is_taken_out_before_anything_is_judged():
    (spec,), errors = made()
    assert [] == errors
    assert [["Code"], ["Compile"]] == [[a.name for a in each.actions] for each in spec.stages]


def test_trap_86_the_ref_of_a_repository_is_not_its_name():
    (named,), _ = made()
    assert "shop" == named.stages[0].actions[0].configuration["RepositoryName"]
    (spec,), problems = found(configuration="{RepositoryName: !Ref Repository, BranchName: main}")
    assert "shop" != spec.stages[0].actions[0].configuration["RepositoryName"]
    assert ["pipeline/repository-id"] == [each.rule for each in problems]


def test_trap_87_keys_of_a_configuration_keep_their_spelling():
    keys = "{Owner: me, Repo: shop, Branch: main, OAuthToken: !Ref Token}"
    (spec,), errors = made(owner="ThirdParty", provider="GitHub", configuration=keys)
    assert [] == errors
    assert ["Owner", "Repo", "Branch", "OAuthToken"] == [*spec.stages[0].actions[0].configuration]


def test_trap_88_a_shells_variable_in_sub_is_taken_for_a_parameter():
    _, errors = made(project='!Sub "${CODEBUILD_SRC_DIR}"')
    assert any("CODEBUILD_SRC_DIR" in each for each in errors)
    (spec,), errors = made(project='!Sub "${!CODEBUILD_SRC_DIR}"')
    assert [] == errors
    assert "${CODEBUILD_SRC_DIR}" == spec.stages[1].actions[0].configuration["ProjectName"]


def test_trap_89_a_pipeline_without_a_name_is_always_called_alike():
    assert ["Delivery", "Delivery"] == [made()[0][0].name for _ in range(2)]
