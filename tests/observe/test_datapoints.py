"""Metrics of a home as alarms look at them, and an alarm of them in front of a stage."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.metric import PIPELINE, Metric, Statistic
from cicd.observe.datapoints import datapoints
from cicd.observe.metrics import statistic
from cicd.pipeline.run import start_execution
from tests.pipeline.documents import SOURCE_STAGE, action, stage
from tests.pipeline.gates import gate, rule
from tests.pipeline.test_gates import BROKEN, said
from tests.pipeline.test_killed import BUILD_STAGE
from tests.pipeline.world import MINUTE, World

HOUR = 3600
SECONDS = Metric(namespace=PIPELINE, name="PipelineDuration", of="shop")
FAILED = replace(SECONDS, name="FailedPipelineExecutions", statistic=Statistic.SUM)
ALARMS = """
local:
  alarms:
    slow:
      metricName: PipelineDuration
      dimensions: [{name: PipelineName, value: shop}]
      statistic: Maximum
      period: 3600
      threshold: 240
"""


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = World(tmp_path, monkeypatch)
    world.services = replace(world.services, metric=lambda *of: datapoints(*of, world.services))
    return world


def test_the_samples_of_a_period_are_summed_up_as_asked():
    found = {each.value: statistic((1.0, 2.0, 6.0), each) for each in Statistic}
    assert {"Average": 3, "Sum": 9, "Minimum": 1, "Maximum": 6, "SampleCount": 3} == found
    assert {None} == {statistic((), each) for each in Statistic}


def test_what_ended_in_each_period_is_a_datapoint_and_an_empty_period_has_none(world):
    for minutes in (3, 5):
        world.provider.takes = {"Compile": minutes * MINUTE}
        world.run(SOURCE_STAGE, BUILD_STAGE)
    world.provider.ends = {"Compile": BROKEN}
    with world.clock.working():
        world.clock.sleep(timedelta(hours=2))
    world.run(SOURCE_STAGE, BUILD_STAGE)

    def points(metric, count):
        return datapoints(metric, HOUR, count, world.services)

    assert (4 * 60, None, 5 * 60) == points(SECONDS, 3)
    assert (2, None, 1) == points(replace(SECONDS, statistic=Statistic.SAMPLE_COUNT), 3)
    assert (0, None, 1) == points(FAILED, 3)
    assert (None,) * 3 == points(replace(SECONDS, of="another"), 3)


def test_an_alarm_on_a_metric_keeps_a_stage_shut_until_it_is_well_again(world):
    (world.home / "cicd.yml").write_text(ALARMS)
    asks = gate("FAIL", rule("CloudWatchAlarm", configuration={"AlarmName": "slow"}))
    guarded = {
        **stage("Build", action("Compile", takes="code", makes="site")),
        "beforeEntry": asks,
    }
    world.provider.takes = {"Compile": 5 * MINUTE}
    first = world.run(SOURCE_STAGE, BUILD_STAGE)
    plan = world.plan(SOURCE_STAGE, guarded, pipelineType="V2")
    second = start_execution(plan, world.services)
    assert ("Succeeded", "Failed") == (first.status, second.status)
    reason = "300 is greater than or equal to the threshold 240"
    assert [f"the alarm slow is ALARM: {reason}"] == said(second)
