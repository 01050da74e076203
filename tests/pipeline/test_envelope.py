from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.pipeline.definition import check_definition
from cicd.pipeline.envelope import Form, form_of
from tests.pipeline.documents import SOURCE_STAGE, action, checked, node, pipeline, stage

BUILT = pipeline(SOURCE_STAGE, stage("Build", action("Compile", takes="code")))


def test_what_get_pipeline_prints_is_read_and_its_metadata_left_behind():
    document = {"pipeline": BUILT, "metadata": {"pipelineArn": "arn", "created": "2024-01-01"}}
    spec, problems = checked(document)
    assert ("shop", ()) == (spec and spec.name, problems)


def test_create_pipelines_input_with_tags_is_read():
    spec, problems = checked({"pipeline": BUILT, "tags": [{"key": "a", "value": "b"}]})
    assert ("shop", ()) == (spec and spec.name, problems)


def test_a_bare_declaration_is_read():
    spec, problems = checked(BUILT)
    assert ("shop", ()) == (spec and spec.name, problems)


def test_capitalised_keys_are_read_and_those_of_a_configuration_are_kept():
    text = """
Name: shop
RoleArn: arn:aws:iam::123456789012:role/shop
ArtifactStore: {Type: S3, Location: artifacts}
Stages:
- Name: Source
  Actions:
  - Name: Checkout
    ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: '1'}
    Configuration: {RepositoryName: shop, BranchName: main}
    OutputArtifacts: [{Name: code}]
- Name: Build
  Actions:
  - Name: Compile
    RunOrder: 2
    ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: '1'}
    Configuration: {ProjectName: app}
    InputArtifacts: [{Name: code}]
"""
    problems = Problems()
    spec = check_definition(load_text(text, "pipeline.yml"), problems)
    assert [] == list(problems)
    assert spec is not None
    assert {"ProjectName": "app"} == dict(spec.stages[1].actions[0].configuration)
    assert 2 == spec.stages[1].actions[0].run_order


def test_a_cloudformation_template_is_recognised_and_is_no_declaration():
    template = node({"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline"}}})
    assert Form.CLOUDFORMATION is form_of(template)
    problems = Problems()
    assert check_definition(template, problems) is None
    assert ["pipeline/not-a-pipeline"] == [problem.rule for problem in problems]


def test_a_document_without_a_pipeline_is_a_problem():
    assert [("pipeline/not-a-pipeline", 1)] == [
        (problem.rule, problem.span.line) for problem in checked({"version": 0.2})[1]
    ]
    assert form_of(node({"version": 0.2})) is None


def test_an_unknown_key_is_a_warning_with_the_one_that_was_meant():
    _, problems = checked({**BUILT, "executionmode": "SUPERSEDED"})
    assert [("pipeline/unknown-key", "warning", "did you mean 'executionMode'?")] == [
        (problem.rule, problem.severity, problem.hint) for problem in problems
    ]
