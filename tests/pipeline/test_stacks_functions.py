"""Stacks with functions: they are really made, published, aliased, changed and removed."""

import json
from dataclasses import replace

import pytest

from cicd.functions.refusal import FunctionRefused
from cicd.functions.run import Functions
from tests.functions.world import PYTHON, home, invoke
from tests.pipeline.test_stacks import Cloud

TEMPLATE = f"""
Parameters:
  Word: {{Type: String, Default: hello}}
Resources:
  Live:
    Type: AWS::Lambda::Alias
    Properties:
      FunctionName: !Ref Greet
      FunctionVersion: !GetAtt One.Version
      Name: live
  One:
    Type: AWS::Lambda::Version
    Properties: {{FunctionName: !Ref Greet, Description: !Ref Word}}
  Where:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /greet
      Type: String
      Value: !Sub "alias=${{Live}} version=${{One.Version}}"
  Greet:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: {PYTHON}
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 20
      Environment: {{Variables: {{WORD: !Ref Word}}}}
      Code:
        ZipFile: |
          import os
          def handler(event, context):
              return os.environ["WORD"]
  Allow:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !GetAtt Greet.Arn
      Action: "lambda:InvokeFunction"
      Principal: "*"
  Role:
    Type: AWS::IAM::Role
    Properties: {{AssumeRolePolicyDocument: {{}}}}
Outputs:
  Version: {{Value: !GetAtt One.Version}}
  Name: {{Value: !Ref Greet}}
  Alias: {{Value: !Ref Live}}
"""
IAM = {"simulate": True, "Capabilities": "CAPABILITY_IAM"}


@pytest.fixture
def cloud(tmp_path, world):
    with home(tmp_path / "real") as services:
        made = Cloud(world)
        made.services = replace(services, parameters=lambda: made.parameters)
        yield made


def function_of(cloud):
    name = cloud.stack().is_.outputs["Name"]
    return Functions(cloud.services).find(name)


def test_a_function_its_version_and_alias_are_made_in_the_order_of_their_needs(cloud):
    done = cloud.act(template=TEMPLATE, **IAM)
    assert "Succeeded" == done.status, done.summary
    function = function_of(cloud)
    assert ("1", "1") == (function.aliases["live"].function_version, done.variables["Version"])
    answer = invoke(Functions(cloud.services), function.name, qualifier="live")
    assert "hello" == json.loads(answer.answer.payload)
    alias = f"arn:aws:lambda:us-east-1:123456789012:function:{function.name}:live"
    assert alias == done.variables["Alias"]
    assert f"alias={alias} version=1" == cloud.parameters.values["/greet"]
    assert "Allow: Principal has no effect here" in cloud.said
    assert "Greet: Role has no effect here" in cloud.said


def test_a_new_version_takes_the_alias_with_it_and_the_old_one_goes(cloud):
    cloud.act(template=TEMPLATE, **IAM)
    again = cloud.act(template=TEMPLATE, **IAM)
    assert "No updates are to be performed" in again.summary
    more = {"ParameterOverrides": json.dumps({"Word": "goodbye"})}
    done = cloud.act(template=TEMPLATE, **IAM, **more)
    assert "2" == done.variables["Version"]
    function = function_of(cloud)
    assert (["2"], "2") == (
        [each.version for each in function.versions],
        function.aliases["live"].function_version,
    )
    assert cloud.parameters.values["/greet"].endswith("version=2")


def test_an_update_policy_is_told_to_do_nothing_each_time_its_alias_moves(cloud):
    policy = "UpdatePolicy: {CodeDeployLambdaAliasUpdate: {ApplicationName: a}}\n"
    kind = "    Type: AWS::Lambda::Alias\n"
    template = TEMPLATE.replace(kind, f"{kind}    {policy}")
    told = "Live: UpdatePolicy.CodeDeployLambdaAliasUpdate has no effect here: it changes at once"
    cloud.act(template=template, **IAM)
    more = {"ParameterOverrides": json.dumps({"Word": "goodbye"})}
    assert "Succeeded" == cloud.act(template=template, **IAM, **more).status
    assert 2 == cloud.said.count(told)
    assert "2" == function_of(cloud).aliases["live"].function_version


def test_an_update_that_fails_gives_the_alias_its_old_version_back(cloud):
    cloud.act(template=TEMPLATE, **IAM)
    broken = TEMPLATE.replace("Name: /greet", "Name: /refused")
    more = {"ParameterOverrides": json.dumps({"Word": "goodbye"})}
    assert "Failed" == cloud.act(template=broken, **IAM, **more).status
    assert "UPDATE_ROLLBACK_COMPLETE" == cloud.stack().status
    function = function_of(cloud)
    assert "1" == function.aliases["live"].function_version
    assert {"WORD": "hello"} == dict(function.latest.configuration.environment)


def test_deleting_the_stack_takes_the_function_away(cloud):
    cloud.act(template=TEMPLATE, **IAM)
    name = function_of(cloud).name
    assert "Succeeded" == cloud.act("DELETE_ONLY", template=None).status
    with pytest.raises(FunctionRefused):
        Functions(cloud.services).find(name)


def test_code_may_be_the_artifact_that_a_parameter_names(cloud):
    from_bucket = TEMPLATE.replace(
        TEMPLATE[TEMPLATE.index("ZipFile") : TEMPLATE.index("  Allow:")],
        "S3Bucket: files\n        S3Key: code.zip\n",
    )
    done = cloud.act(template=from_bucket, **IAM)
    assert "the code s3://files/code.zip is not here" in done.summary
    cloud.act("DELETE_ONLY", template=None)
    bucket = cloud.services.bucket(str(cloud.services.home / "buckets/files"))
    bucket.make()
    kept = cloud.artifact(**{"index.py": "def handler(event, context): return 'from a bucket'"})
    bucket.write(
        "code.zip", cloud.services.artifacts.path(cloud.services.artifacts.find(kept.digest))
    )
    done = cloud.act(template=from_bucket, **IAM)
    assert "Succeeded" == done.status, done.summary
    answer = invoke(Functions(cloud.services), function_of(cloud).name)
    assert "from a bucket" == json.loads(answer.answer.payload)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("Runtime: python", "PackageType: Image\n      Runtime: python", "function of an image"),
        ("Handler: index.handler", "MemorySize: 1", "has no 'Handler'"),
        (f"Runtime: {PYTHON}", "Runtime: java21", "'ZipFile' is for Python and Node.js"),
        ("Timeout: 20", "Timeout: 2000", "a timeout of 2000 s is not between"),
        ("FunctionVersion: !GetAtt One.Version", "FunctionVersion: '7'", "Function not found"),
        ("FunctionName: !Ref Greet, Desc", "FunctionName: !Ref Live, Desc", "Circular dependency"),
    ],
)
def test_what_lambda_refuses_fails_the_stack_and_leaves_nothing(cloud, before, after, said):
    assert before in TEMPLATE
    done = cloud.act(template=TEMPLATE.replace(before, after), **IAM)
    assert "Failed" == done.status
    assert said in done.summary
    assert () == Functions(cloud.services).every()
