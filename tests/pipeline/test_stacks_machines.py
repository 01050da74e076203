"""Stacks with state machines: pipelines start what the stack made, as it is now."""

import pytest

from cicd.document.resources import Resources
from cicd.errors import UsageError
from cicd.pipeline.stacks.state_machine_kind import made_machine
from cicd.pipeline.state_machines import find_state_machine
from tests.pipeline.test_stacks import Cloud

TEMPLATE = """
Parameters:
  Word: {Type: String, Default: hello}
Resources:
  Order:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: order
      RoleArn: arn:aws:iam::123456789012:role/r
      DefinitionSubstitutions: {Word: !Ref Word}
      DefinitionString: |
        {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "${Word}", "End": true}}}
Outputs:
  Arn: {Value: !Ref Order}
"""


@pytest.fixture
def cloud(world):
    return Cloud(world)


def found(cloud, arn):
    return find_state_machine(
        arn,
        Resources(root=cloud.world.home),
        made=lambda name: made_machine(name, cloud.services),
    )


def said(cloud, arn):
    return found(cloud, arn).definition.plain()["States"]["Say"]["Result"]


def test_a_state_machine_is_made_changed_and_removed_and_is_found_by_its_arn(cloud):
    done = cloud.act(template=TEMPLATE)
    assert "Stack CREATE_COMPLETE" == done.summary, cloud.said
    arn = done.variables["Arn"]
    assert arn.endswith(":stateMachine:order")
    assert "hello" == said(cloud, arn)
    assert "Order: RoleArn has no effect here" in cloud.said

    cloud.act(template=TEMPLATE, ParameterOverrides='{"Word": "bye"}')
    assert "bye" == said(cloud, arn)

    cloud.act("DELETE_ONLY", None)
    with pytest.raises(UsageError, match="State Machine Does Not Exist"):
        found(cloud, arn)
    assert "Stack CREATE_COMPLETE" == cloud.act(template=TEMPLATE).summary


def test_a_definition_that_the_service_would_not_take_fails_the_stack_and_says_why(cloud):
    wrong = TEMPLATE.replace('"End": true', '"Next": "Nowhere"')
    done = cloud.act(template=wrong)
    assert "Failed" == done.status
    words = "Invalid State Machine Definition: no state of the state machine is an end"
    assert words in done.summary
