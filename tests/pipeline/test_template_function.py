"""A pipeline of a template invokes the function that stands beside it, as it is written there."""

import pytest

from cicd.document.resources import Resources
from cicd.functions.run import Functions
from cicd.pipeline.compile import Start
from cicd.pipeline.run import ExecutionRequest, execution_state, plan_execution, start_execution
from cicd.testing.fakes import RecordingReporter
from tests.functions.world import PYTHON, create
from tests.git_command import git
from tests.pipeline.test_whole import machine

TEMPLATE = f"""
Parameters:
  Word: {{Type: String, Default: hello}}
Resources:
  Check:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: {PYTHON}
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/check
      Timeout: 30
      MemorySize: 512
      Environment: {{Variables: {{WORD: !Ref Word}}}}
      Code:
        ZipFile: |
          import os
          import boto3
          def handler(event, context):
              job = event["CodePipeline.job"]["id"]
              boto3.client("codepipeline").put_job_success_result(
                  jobId=job, outputVariables={{"Word": os.environ["WORD"]}})
  Delivery:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: shop
      RoleArn: arn:aws:iam::123456789012:role/pipeline
      ArtifactStore: {{Type: S3, Location: artifacts}}
      Stages:
        - Name: Source
          Actions:
            - Name: Code
              ActionTypeId: {{Category: Source, Owner: AWS, Provider: CodeCommit, Version: 1}}
              Configuration: {{RepositoryName: shop, BranchName: main}}
              OutputArtifacts: [{{Name: code}}]
        - Name: Check
          Actions:
            - Name: Ask
              ActionTypeId: {{Category: Invoke, Owner: AWS, Provider: Lambda, Version: 1}}
              Configuration: {{FunctionName: !Ref Check}}
"""


@pytest.fixture
def here(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "stack.yml").write_text(TEMPLATE)
    (tmp_path / ".gitignore").write_text(".cicd\n*-code\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def run(here, services):
    asked = ExecutionRequest(definition="stack.yml", directory=here, start=Start())
    plan = plan_execution(asked, services, Resources.load(here)).plan
    result = start_execution(plan, services)
    return result, execution_state(result.stream, services).actions["Check/Ask"].result


def test_the_function_is_made_invoked_and_kept_up_with_the_template(here):
    with machine(here, RecordingReporter()) as services:
        for word in ("hello", "goodbye"):
            (here / "stack.yml").write_text(TEMPLATE.replace("Default: hello", f"Default: {word}"))
            result, ended = run(here, services)
            assert "Succeeded" == result.status, ended.summary
            assert {"Word": word} == dict(ended.variables)
        assert "template" == Functions(services).find("Check").latest.configuration.origin


def test_a_function_of_that_name_that_somebody_made_is_left_as_it_is(here):
    with machine(here, RecordingReporter()) as services:
        own = TEMPLATE[TEMPLATE.index("import os") : TEMPLATE.index("  Delivery")]
        source = "\n".join(line[10:] for line in own.splitlines())
        source = "import os\n" + source.partition("\n")[2].replace('os.environ["WORD"]', '"own"')
        create(services, "Check", source, timeout=30)
        _, ended = run(here, services)
        assert {"Word": "own"} == dict(ended.variables)
