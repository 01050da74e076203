from datetime import UTC, datetime, timedelta

import pytest

from cicd.cli.show.metrics import as_json, as_prometheus, spark, table_rows
from cicd.metric import BUILD, PIPELINE
from cicd.observe.metrics import by_period, series

START = datetime(2026, 11, 26, 7, tzinfo=UTC)


def at(seconds, kind, **detail):
    detail = {key.replace("_", "-"): value for key, value in detail.items()}
    return START + timedelta(seconds=seconds), {"detail-type": kind, "detail": detail}


def pipeline(seconds, state, execution="1"):
    kind = "CodePipeline Pipeline Execution State Change"
    return at(seconds, kind, pipeline="shop", execution_id=execution, state=state)


def build(seconds, status, identity="b"):
    kind = "CodeBuild Build State Change"
    return at(seconds, kind, project_name="app", build_id=identity, build_status=status)


def phase(seconds, name, took):
    return at(
        seconds,
        "CodeBuild Build Phase Change",
        build_id="b",
        completed_phase=name,
        completed_phase_duration_seconds=took,
    )


def test_an_execution_is_counted_when_it_is_over():
    assert () == series([pipeline(0, "STARTED")])
    (one,) = series([pipeline(0, "STARTED"), pipeline(4.5, "SUCCEEDED")])
    assert (PIPELINE, "shop", 4.5, 1, 0) == (
        one.namespace,
        one.name,
        one.average,
        one.successes,
        one.failures,
    )


def test_each_failed_attempt_counts_again_and_from_where_it_was_resumed():
    (one,) = series(
        [
            pipeline(0, "STARTED"),
            pipeline(10, "FAILED"),
            pipeline(100, "RESUMED"),
            pipeline(103, "FAILED"),
        ]
    )
    assert {
        "PipelineDuration": ("Average", 6.5),
        "FailedPipelineExecutions": ("Sum", 2),
    } == one.metrics()


def test_what_is_retried_by_itself_is_one_execution_from_its_beginning():
    (one,) = series([pipeline(0, "STARTED"), pipeline(7, "RESUMED"), pipeline(13, "FAILED")])
    assert ([13.0], 1) == ([run.seconds for run in one.runs], one.failures)


def test_a_build_has_the_seconds_of_its_phases_by_cloudwatchs_names():
    (one,) = series(
        [
            build(0, "IN_PROGRESS"),
            phase(3, "PRE_BUILD", 2),
            phase(4, "BUILD", 1),
            build(5, "FAULT"),
        ]
    )
    assert {
        "Builds": ("Sum", 1),
        "SucceededBuilds": ("Sum", 0),
        "FailedBuilds": ("Sum", 1),
        "Duration": ("Average", 5.0),
        "PreBuildDuration": ("Average", 2.0),
        "BuildDuration": ("Average", 1.0),
    } == one.metrics()


def test_who_was_stopped_has_neither_succeeded_nor_failed():
    (one,) = series([build(0, "IN_PROGRESS"), build(5, "STOPPED")])
    assert (BUILD, 1, 0, 0) == (one.namespace, len(one.runs), one.successes, one.failures)


def test_a_deployment_is_counted_by_application_and_group():
    kind = "CodeDeploy Deployment State-change Notification"
    facts = {"deploymentId": "d-1", "deploymentGroup": "web", "application": "shop"}
    (one,) = series([at(0, kind, state="START", **facts), at(2, kind, state="FAILURE", **facts)])
    assert ("shop/web", 1) == (one.name, one.failures)
    assert ("Average", 2) == one.metrics()["DeploymentDuration"]


@pytest.mark.parametrize(
    ("count", "part", "seconds"),
    [(1, 0.5, 1), (2, 0.5, 1), (3, 0.5, 2), (10, 0.9, 9), (10, 0.99, 10), (200, 0.99, 198)],
)
def test_a_quantile_is_the_least_that_so_many_do_not_exceed(count, part, seconds):
    ended = [build(number, "SUCCEEDED", str(number)) for number in range(1, count + 1)]
    begun = [build(0, "IN_PROGRESS", str(number)) for number in range(1, count + 1)]
    (one,) = series([*begun, *ended])
    assert seconds == one.quantile(part)


def test_periods_end_now_and_hold_what_ended_in_them():
    (one,) = series([build(0, "IN_PROGRESS"), build(5, "SUCCEEDED")])
    until = START + timedelta(seconds=10)
    periods = by_period(one, timedelta(seconds=5), until=until, count=3)
    assert [0, 1, 0] == [len(runs) for _, runs in periods]


def test_a_sparkline_has_a_cell_a_value():
    assert "·▁▄█" == spark([0, 0.1, 5, 10])
    assert "" == spark([])


def test_prometheus_is_told_of_counts_and_seconds_with_names_escaped():
    told = series([build(0, "IN_PROGRESS"), build(5, "SUCCEEDED")])
    text = as_prometheus(told)
    assert 'cicd_builds_total{project="app",status="SUCCEEDED"} 1\n' in text
    assert 'cicd_project_duration_seconds_sum{project="app"} 5.000\n' in text
    assert "# TYPE cicd_project_duration_seconds summary\n" in text


def test_the_result_has_getmetricdatas_shape():
    told = series([build(0, "IN_PROGRESS"), build(5, "SUCCEEDED")])
    now = START + timedelta(seconds=10)
    shape = as_json(told, now=now, period=timedelta(minutes=1))
    found = {each["Label"]: each["Values"] for each in shape["MetricDataResults"]}
    assert {"Builds": [1], "SucceededBuilds": [1], "FailedBuilds": [0], "Duration": [5.0]} == found
    assert [("app", "project", "1", "1", "0", "5.0 s", "5.0 s", "5.0 s", "SUCCEEDED")] == list(
        table_rows(told)
    )
