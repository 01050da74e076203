import pytest

from cicd.errors import UsageError
from cicd.pipeline.result import FailureType, failed
from cicd.pipeline.rollback import plan_rollback
from cicd.pipeline.run import start_execution
from tests.pipeline.documents import DEPLOY, SOURCE_STAGE, action, read, stage

BUILD_STAGE = stage(
    "Build",
    action("Compile", takes="code", makes="binary", namespace="made"),
)
DEPLOY_STAGE = stage("Deploy", action("Up", DEPLOY, takes="binary"))
STAGES = (SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)


def back(world, target, name="Deploy", now_is=None):
    plan = plan_rollback(target.stream, world.services, stage=name, now_is=now_is, by="ana")
    return start_execution(plan, world.services)


def test_32_a_rollback_is_a_new_execution_that_says_what_it_goes_back_to(world):
    first = world.run(*STAGES)
    second = back(world, first)
    assert first.execution_id != second.execution_id
    told = second.execution["pipelineExecution"]
    assert (
        "Succeeded",
        "ROLLBACK",
        {"triggerType": "ManualRollback", "triggerDetail": "ana"},
    ) == (
        told["status"],
        told["executionType"],
        told["trigger"],
    )
    assert first.execution_id == told["rollbackMetadata"]["rollbackTargetPipelineExecutionId"]


def test_only_the_stage_runs_and_it_takes_the_targets_artifacts(world):
    first = world.run(*STAGES)
    took = world.provider.requests["Up"].inputs
    world.provider.calls.clear()
    back(world, first)
    assert ["Up"] == world.provider.calls
    assert took == world.provider.requests["Up"].inputs


def test_the_variables_are_the_targets(world):
    from cicd.pipeline.compile import Start

    more = {"pipelineType": "V2", "variables": [{"name": "to", "defaultValue": "dev"}]}
    up = action("Up", DEPLOY, takes="binary")
    up["configuration"] = {"ApplicationName": "#{variables.to}", "DeploymentGroupName": "web"}
    stages = (SOURCE_STAGE, BUILD_STAGE, stage("Deploy", up))
    first = world.run(*stages, start=Start(variables={"to": "prod"}), **more)
    back(world, first)
    assert "prod" == world.provider.requests["Up"].configuration["ApplicationName"]


def test_36_a_rollback_is_nothing_to_go_back_to(world):
    second = back(world, world.run(*STAGES))
    with pytest.raises(UsageError, match="is a rollback itself"):
        back(world, second)


def test_35_an_old_structure_is_nothing_to_go_back_to(world):
    first = world.run(*STAGES)
    with pytest.raises(UsageError, match="was changed since"):
        back(world, first, now_is=read(SOURCE_STAGE, DEPLOY_STAGE_ALONE))
    assert "Succeeded" == back(world, first, now_is=read(*STAGES)).status


DEPLOY_STAGE_ALONE = stage("Deploy", action("Up", DEPLOY, takes="code"))


def test_an_execution_that_failed_in_the_stage_is_nothing_to_go_back_to(world):
    world.provider.ends = {"Up": failed(FailureType.JOB_FAILED, "it broke")}
    first = world.run(*STAGES)
    with pytest.raises(UsageError, match="the stage 'Deploy' did not succeed"):
        back(world, first)
    assert "Succeeded" == back(world, first, "Build").status


def test_the_stage_of_the_sources_does_not_go_back(world):
    first = world.run(*STAGES)
    with pytest.raises(UsageError, match="is the stage of the sources"):
        back(world, first, "Source")


def test_31_parallel_has_no_rollback(world):
    first = world.run(*STAGES, executionMode="PARALLEL", pipelineType="V2")
    with pytest.raises(UsageError, match="PARALLEL, which has no rollback"):
        back(world, first)


def test_a_stage_that_somebody_is_in_does_not_go_back(world):
    first = world.run(*STAGES)
    said = []

    def try_it():
        with pytest.raises(UsageError) as refused:
            back(world, first)
        said.append(refused.value.message)

    world.provider.meanwhile = {"Up": try_it}
    assert "Succeeded" == world.run(*STAGES).status
    assert ["is in the stage 'Deploy'"] == [text.partition("execution ")[2][37:] for text in said]
