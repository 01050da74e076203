"""State machines that pipelines start, whose tasks are functions that really run."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cicd.document.resources import Resources
from cicd.engine.codec import encode
from cicd.event import Event, EventKind
from cicd.pipeline.compile import Start
from cicd.pipeline.run import (
    ExecutionRequest,
    execution_result,
    execution_state,
    plan_execution,
    start_execution,
)
from cicd.ports import CancelToken
from cicd.states.process import ExecutionPlan
from cicd.states.run import KIND, execution_end, start_states, stream_of
from cicd.testing.fakes import RecordingReporter
from tests.functions.world import PYTHON, create
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, stage
from tests.pipeline.test_whole import machine

START = "Invoke/AWS/StepFunctions"
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:order"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
WORK = """
import os
from pathlib import Path

def handler(event, context):
    print("asked", event)
    if event["do"] == "flaky":
        mark = Path(os.environ["MARK"])
        if not mark.exists():
            mark.touch()
            raise KeyError("the first time")
    if event["do"] == "bad":
        raise ValueError("no")
    return {"did": event["do"]}
"""
RETRY = [{"ErrorEquals": ["KeyError"], "IntervalSeconds": 0}]
MACHINE = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "ResultPath": "$.both",
            "Branches": [
                {
                    "StartAt": "Flaky",
                    "States": {
                        "Flaky": {
                            "Type": "Task",
                            "Resource": FUNCTION,
                            "Parameters": {"do": "flaky"},
                            "Retry": RETRY,
                            "End": True,
                        }
                    },
                },
                {
                    "StartAt": "Invoked",
                    "States": {
                        "Invoked": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::lambda:invoke",
                            "Parameters": {"FunctionName": FUNCTION, "Payload.$": "$"},
                            "OutputPath": "$.Payload",
                            "End": True,
                        }
                    },
                },
            ],
            "Catch": [{"ErrorEquals": ["ValueError"], "Next": "Sorry"}],
            "End": True,
        },
        "Sorry": {"Type": "Fail", "Error": "Sorry", "Cause": "the order was refused"},
    },
}


def started(do, **more):
    given = {"StateMachineArn": ARN, "Input": json.dumps({"do": do}), **more}
    return action(
        "Order", START, configuration=given, takes="code", makes="out", namespace="Order"
    )


def run(root, ordered, definition=MACHINE, local="order: order.json"):
    git(root, "init", "-q", "-b", "main", ".")
    (root / "pipeline.json").write_text(
        json.dumps({"pipeline": pipeline(SOURCE_STAGE, stage("Next", ordered), pipelineType="V2")})
    )
    (root / "order.json").write_text(json.dumps(definition, indent=1))
    (root / "input.json").write_text('{"do": "of a file"}')
    (root / "cicd.yml").write_text(f"local: {{runner: host, stateMachines: {{{local}}}}}\n")
    (root / ".gitignore").write_text(".cicd\n*-code\nmark\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    with machine(root, RecordingReporter()) as services:
        create(services, "work", WORK, timeout=60, environment={"MARK": str(root / "mark")})
        asked = ExecutionRequest(directory=root, start=Start())
        planned = plan_execution(asked, services, Resources.load(root))
        result = start_execution(planned.plan, services)
        log = "\n".join(line.text for _, line in services.logs.read(result.stream))
        ended = execution_state(result.stream, services).actions["Next/Order"].result
        return ended, log, services


def test_a_machine_of_cicd_yml_runs_and_its_output_and_variables_are_handed_on(tmp_path):
    ended, log, services = run(tmp_path, started("pay", ExecutionNamePrefix="ci"))
    assert "Succeeded" == ended.status, log
    arn = ended.variables["ExecutionArn"]
    (pipeline_record,) = services.executions.list(kind="pipeline")
    newest = execution_result(pipeline_record.stream, services).execution
    own = newest["actionExecutionDetails"][0]["actionExecutionId"]
    assert f"arn:aws:states:us-east-1:123456789012:execution:order:ci-{own}" == arn
    assert {"StateMachineArn": ARN, "ExecutionArn": arn} == dict(ended.variables)
    assert arn == ended.external_execution_id
    (made,) = ended.outputs
    services.artifacts.unpack(services.artifacts.find(made.digest), tmp_path / "seen")
    output = json.loads((tmp_path / "seen/output.json").read_text())
    assert {"do": "pay", "both": [{"did": "flaky"}, {"did": "pay"}]} == output
    assert "Both/0[0].Flaky/0: KeyError" in log
    assert "asked {'do': 'flaky'}" in log
    (record,) = services.executions.list(kind=KIND)
    assert ("SUCCEEDED", "order") == (record.status, record.name)


def test_trap_83_a_machine_that_fails_fails_its_action_and_an_express_one_does_not(tmp_path):
    ended, log, _ = run(tmp_path, started("bad"))
    assert ("Failed", "JobFailed") == (ended.status, ended.error.code), log
    assert "is FAILED: Sorry: the order was refused" in ended.error.message
    (tmp_path / "again").mkdir()
    express = "order: {definition: order.json, type: EXPRESS}"
    ended, log, _ = run(tmp_path / "again", started("bad"), local=express)
    assert ("Succeeded", ()) == (ended.status, ended.outputs), log
    assert {} == dict(ended.variables)


def test_its_input_may_be_a_file_of_the_artifact(tmp_path):
    ended, log, _ = run(tmp_path, started("", InputType="FilePath", Input="input.json"))
    assert "Succeeded" == ended.status, log
    assert '"did": "of a file"' in log


@pytest.mark.parametrize(
    ("more", "local", "words"),
    [
        ({"InputType": "FilePath", "Input": "none.json"}, "", "no file 'none.json'"),
        ({"Input": "{"}, "", "'Input' is no JSON"),
        ({"Input": "[" * 999}, "", "'Input' is no JSON"),
        ({"StateMachineArn": "order"}, "", "Invalid Arn: 'order'"),
        ({"StateMachineArn": ARN + "s"}, "", "State Machine Does Not Exist"),
        ({}, "order: {type: EXPRESS}", "has no definition"),
        ({}, "order: none.json", "none.json"),
    ],
)
def test_what_cannot_be_started_is_a_wrong_configuration(tmp_path, more, local, words):
    ended, _, _ = run(tmp_path, started("x", **more), local=local or "order: order.json")
    assert ("Failed", "ConfigurationError") == (ended.status, ended.error.code)
    assert words in ended.error.message


def test_what_is_not_carried_out_is_refused_with_its_state_and_its_place(tmp_path):
    states = {"Queue": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}}
    states["Queue"]["End"] = True
    ended, _, _ = run(tmp_path, started("x"), {"StartAt": "Queue", "States": states})
    assert "ConfigurationError" == ended.error.code
    assert "sqs:sendMessage' of the state 'Queue' is not carried out here" in ended.error.message
    assert ended.error.where.startswith("order.json:6:")


def plan_of(definition):
    return ExecutionPlan(
        name="one",
        machine="order",
        definition=json.dumps(definition),
        origin="order.json",
        input={"do": "pay"},
        execution_arn="arn:e",
        machine_arn=ARN,
    )


TWO = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Task", "Resource": FUNCTION, "ResultPath": "$.first", "Next": "Then"},
        "Then": {"Type": "Task", "Resource": FUNCTION, "End": True},
    },
}


def test_whoever_takes_it_up_runs_only_what_had_no_answer(tmp_path):
    """A driver died while the second task ran: the first one has its answer already."""
    plan = plan_of(TWO)
    with machine(tmp_path, RecordingReporter()) as services:
        create(services, "work", WORK, timeout=60)
        now = datetime.now(UTC)
        command = {"type": "InvokeFunction", "function": FUNCTION, "wrapped": False}
        first = {**command, "key": "First/0", "payload": {"do": "pay"}}
        then = {**command, "key": "Then/0", "payload": {"do": "pay", "first": 1}}
        outcome = {"status": "DONE", "detail": {"output": 1}, "reason": None}
        services.executions.submit(
            stream_of(plan), kind=KIND, name="order", status="RUNNING", parent=None, at=now
        )
        services.log.append(
            stream_of(plan),
            (
                Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)}),
                Event(kind=EventKind.STARTED, at=now, key="First/0", data={"command": first}),
                Event(kind=EventKind.FINISHED, at=now, key="First/0", data={"outcome": outcome}),
                Event(kind=EventKind.STARTED, at=now, key="Then/0", data={"command": then}),
            ),
            expected=0,
        )
        assert "RUNNING" == execution_end(stream_of(plan), services).status
        said = []
        # What the file says now does not matter to what has begun.
        changed = replace(plan, definition="{}")
        end = start_states(changed, services, said.append, lambda _: None, parent="")
        assert ("SUCCEEDED", {"did": "pay"}) == (end.status, end.output)
        assert 1 == sum("START RequestId" in line for line in said)


def test_one_that_is_stopped_is_aborted_and_waits_for_nothing(tmp_path):
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9999, "End": True}}}
    with machine(tmp_path, RecordingReporter()) as services:
        token = CancelToken()
        token.cancel("STOPPED")
        stopped = replace(services, cancel=token)
        end = start_states(plan_of(waits), stopped, str, lambda _: None, parent="")
        assert "ABORTED" == end.status


TEMPLATE = f"""
Resources:
  Work:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: {PYTHON}
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/work
      Code:
        ZipFile: |
          def handler(event, context):
              return event["word"] * 2
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/machine
      DEFINITION
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
        - Name: Run
          Actions:
            - Name: Go
              ActionTypeId: {{Category: Invoke, Owner: AWS, Provider: StepFunctions, Version: 1}}
              Configuration: {{StateMachineArn: !Ref Machine, Input: '{{"word": "ha"}}'}}
"""
AS_OBJECT = """Definition:
        StartAt: Go
        States: {Go: {Type: Task, Resource: !GetAtt Work.Arn, End: true}}"""
AS_SUBSTITUTED = """DefinitionSubstitutions: {Function: !GetAtt Work.Arn}
      Definition:
        StartAt: Go
        States: {Go: {Type: Task, Resource: '${Function}', End: true}}"""
AS_TEXT = """DefinitionSubstitutions: {Function: !GetAtt Work.Arn}
      DefinitionString: >-
        {"StartAt": "Go",
         "States": {"Go": {"Type": "Task", "Resource": "${Function}", "End": true}}}"""


@pytest.mark.parametrize("written", [AS_OBJECT, AS_SUBSTITUTED, AS_TEXT])
def test_a_machine_of_the_template_invokes_the_functions_beside_it(tmp_path, written):
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "stack.yml").write_text(TEMPLATE.replace("DEFINITION", written))
    (tmp_path / ".gitignore").write_text(".cicd\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    with machine(tmp_path, RecordingReporter()) as services:
        asked = ExecutionRequest(definition="stack.yml", directory=tmp_path, start=Start())
        plan = plan_execution(asked, services, Resources.load(tmp_path)).plan
        result = start_execution(plan, services)
        ended = execution_state(result.stream, services).actions["Run/Go"].result
        assert "Succeeded" == ended.status, ended.summary
        assert ended.variables["StateMachineArn"].endswith(":stateMachine:Machine")
        (record,) = services.executions.list(kind=KIND)
        assert "haha" == execution_end(record.stream, services).output
