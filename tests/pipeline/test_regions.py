"""A pipeline in several Regions: each action's artifacts are in the store of its own."""

import pytest

from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.run import start_execution
from cicd.pipeline.stored import handed_on
from tests.pipeline.documents import SOURCE_STAGE, action, checked, pipeline, stage

HERE, THERE = "us-east-1", "eu-west-1"
STORES = {region: {"type": "S3", "location": f"artifacts-{region}"} for region in (THERE, HERE)}


@pytest.fixture(autouse=True)
def in_us_east_1(monkeypatch):
    monkeypatch.setenv("AWS_REGION", HERE)


def planned(world, *stages, stores):
    document = pipeline(*stages)
    del document["artifactStore"]
    spec, problems = checked({**document, "artifactStores": stores})
    assert [] == [problem.message for problem in problems if problem.severity == "error"]
    return compile_plan(spec, Start(), root=world.home, new_id=world.services.new_id)


def test_an_actions_artifacts_are_in_the_store_of_its_region(world):
    far = stage(
        "Build",
        action("Near", takes="code"),
        action("Far", takes="code", makes="made", region=THERE),
    )
    plan = planned(world, SOURCE_STAGE, far, stores=STORES)
    result = start_execution(plan, world.services)
    seen = {
        found["actionName"]: {
            place["s3location"]["bucket"]
            for place in (
                *found["input"]["inputArtifacts"],
                *found["output"]["outputArtifacts"],
            )
        }
        for found in result.execution["actionExecutionDetails"]
    }
    assert {
        "Checkout": {"artifacts-us-east-1"},
        "Near": {"artifacts-us-east-1"},
        "Far": {"artifacts-eu-west-1"},
    } == seen
    assert "artifacts-eu-west-1" == world.provider.requests["Far"].bucket
    assert "artifacts-us-east-1" == world.provider.requests["Near"].bucket
    told = [
        place["s3location"]["bucket"]
        for _, _, said in world.reporter.events
        for place in said.detail.get("detail", {}).get("output-artifacts", ())
    ]
    assert ["artifacts-us-east-1", "artifacts-eu-west-1"] == told
    kept = {each.artifact.name: each.bucket for each in handed_on(world.services)}
    assert {"code": "artifacts-us-east-1", "made": "artifacts-eu-west-1"} == kept


def test_the_store_of_another_region_is_better_than_none(world):
    plan = planned(
        world,
        SOURCE_STAGE,
        stage("Build", action("Near", takes="code")),
        stores={THERE: STORES[THERE]},
    )
    assert "artifacts-eu-west-1" == plan.bucket_in(None)
