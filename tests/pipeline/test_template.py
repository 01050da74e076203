"""Pipelines of CloudFormation templates are those that AWS would make of them."""

import os
from pathlib import Path

import pytest

from cicd.document.cloudformation.parameters import Given
from cicd.document.load import load, load_text
from cicd.document.problem import Problems
from cicd.pipeline.drawing.mermaid import as_mermaid
from cicd.pipeline.drawing.text import as_text
from cicd.pipeline.envelope import Form, form_of
from cicd.pipeline.template import check_template

BESIDE = Path(__file__).parents[3] / "shared" / "corpus"
ROOT = Path(os.environ.get("CICD_CORPUS", BESIDE))
TEXT = """\
Parameters:
  Repository: {Type: String}
  Approve: {Type: String, Default: 'no'}
Conditions:
  Asks: !Equals [!Ref Approve, 'yes']
Resources:
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: shop
      ServiceRole: build
      Source: {Type: CODEPIPELINE}
      Artifacts: {Type: CODEPIPELINE}
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/standard:7.0
  Delivery:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: !Sub arn:aws:iam::${AWS::AccountId}:role/pipeline
      RestartExecutionOnUpdate: true
      ArtifactStores:
        - Region: !Ref AWS::Region
          ArtifactStore: {Type: S3, Location: artifacts}
      Stages:
        - Name: Source
          Actions:
            - Name: Code
              ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: 1}
              Configuration:
                RepositoryName: !Ref Repository
                BranchName: main
                PollForSourceChanges: false
              OutputArtifacts: [{Name: code}]
        - !If
          - Asks
          - Name: Ask
            Actions:
              - Name: Human
                ActionTypeId: {Category: Approval, Owner: AWS, Provider: Manual, Version: 1}
          - !Ref AWS::NoValue
        - Name: Build
          Actions:
            - Name: Compile
              RunOrder: '2'
              ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}
              Configuration: {ProjectName: !Ref Project}
              InputArtifacts: [{Name: code}]
"""


def read(text=TEXT, **parameters):
    problems = Problems()
    specs = check_template(load_text(text, "template.yml"), Given(parameters=parameters), problems)
    return specs, [(p.rule, p.span.line) for p in problems.errors]


def test_a_pipeline_is_read_in_the_apis_shape():
    (spec,), errors = read(Repository="shop")
    assert [] == errors
    assert "Delivery" == spec.name
    assert ["Source", "Build"] == [stage.name for stage in spec.stages]
    code = spec.stages[0].actions[0]
    assert {"RepositoryName": "shop", "BranchName": "main", "PollForSourceChanges": "false"} == (
        dict(code.configuration)
    )
    compiled = spec.stages[1].actions[0]
    assert 2 == compiled.run_order
    assert "shop" == compiled.configuration["ProjectName"]


def test_a_condition_makes_a_stage():
    (spec,), errors = read(Approve="yes")
    assert [] == errors
    assert ["Source", "Ask", "Build"] == [stage.name for stage in spec.stages]


def test_what_is_wrong_with_a_pipeline_is_said_at_its_line_of_the_template():
    text = TEXT.replace("InputArtifacts: [{Name: code}]", "InputArtifacts: [{Name: cod}]")
    line = 1 + text[: text.index("cod}")].count("\n")
    assert [line] == [where for _, where in read(text)[1]]


def test_a_template_says_which_stages_nobody_is_let_into():
    held = "DisableInboundStageTransitions: [{StageName: Build, Reason: not yet}]\n      "
    text = TEXT.replace("RestartExecutionOnUpdate", f"{held}RestartExecutionOnUpdate")
    (spec,), errors = read(text)
    assert ({"Build": "not yet"}, []) == (dict(spec.disabled), errors)
    wrong = text.replace("StageName: Build", "StageName: Biuld")
    line = 1 + text[: text.index("StageName: Build")].count("\n")
    assert [("pipeline/disabled-stage", line)] == read(wrong)[1]


BROKEN = {
    # Variables of Fn::Sub without Fn::Sub; and neither of the two kinds of stores.
    "noodlesegg__aws_code_pipeline__codepipeline.json",
    (
        "vam-kri__smart-hotel-booking@75373076__smart-hotel-booking__ci-cd__codebuild__"
        "booking-pipeline.yml"
    ),
}
TEMPLATES = [
    path
    for path in sorted((ROOT / "pipeline").glob("*"))
    if path.suffix in {".json", ".yml", ".yaml"}
    and form_of(load(path, path.name)) is Form.CLOUDFORMATION
]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_public_template_that_aws_takes_yields_its_pipeline(path):
    problems = Problems()
    specs = check_template(load(path, path.name), Given(), problems)
    assert (path.name in BROKEN) == bool(problems.errors)
    for spec in specs:
        assert spec.stages[0].name in as_text(spec, {})
        assert "flowchart" in as_mermaid(spec, {})


def test_stores_of_several_regions_are_read_from_a_list():
    far = "    Region: eu-west-1\n              RunOrder: '2'"
    text = TEXT.replace("RunOrder: '2'", far.strip())
    here = "        - Region: !Ref AWS::Region\n"
    there = (
        "        - Region: eu-west-1\n          ArtifactStore: {Type: S3, Location: elsewhere}\n"
    )
    (spec,), errors = read(text.replace(here, there + here), Repository="shop")
    assert [] == errors
    stores = spec.node.entries["artifactStores"].value.plain()
    assert ("elsewhere", 2) == (stores["eu-west-1"]["location"], len(stores))
    assert ["pipeline/artifact-store"] == [rule for rule, _ in read(text)[1]]
