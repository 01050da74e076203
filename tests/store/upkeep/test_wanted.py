"""What may be forgotten: never what runs, is resumed, retried or gone back to."""

from datetime import UTC, datetime

from cicd.ports import ExecutionRecord
from cicd.store.upkeep.wanted import forgettable

AT = datetime(2026, 1, 1, tzinfo=UTC)


def record(stream, status="SUCCEEDED", *, name="app", parent=None, driven=False):
    return ExecutionRecord(
        stream=stream,
        kind=stream.partition("/")[0],
        name=name,
        status=status,
        parent=parent,
        created_at=AT,
        updated_at=AT,
        driven=driven,
    )


def gone(*newest_first):
    return [each.stream for each in forgettable(newest_first)]


def test_the_newest_and_the_newest_good_one_of_each_name_stay():
    assert ["build/c", "build/a"] == gone(
        record("build/e", "FAILED"),
        record("build/d"),
        record("build/c"),
        record("build/b", name="other"),
        record("build/a", "FAILED"),
    )


def test_what_runs_or_was_left_in_the_middle_stays_however_old():
    assert [] == gone(
        record("build/c"), record("build/b", "IN_PROGRESS"), record("build/a", driven=True)
    )


def test_what_a_kept_execution_began_stays_and_what_began_it():
    pipeline = record("pipeline/1", "Succeeded", name="p")
    child = record("build/x:1", parent="pipeline/1/Build/Build")
    assert [] == gone(record("build/x:9"), child, pipeline)
    newer = record("pipeline/2", "Succeeded", name="p")
    assert ["build/x:1", "pipeline/1"] == gone(newer, record("build/x:9"), child, pipeline)


def test_a_pipeline_stays_whose_deployment_is_what_is_gone_back_to():
    pipeline = record("pipeline/1", "Succeeded", name="p")
    deployment = record("deployment/d-1", "Succeeded", name="web", parent="pipeline/1/Deploy/D")
    later = record("pipeline/2", "Succeeded", name="p")
    assert [] == gone(record("deployment/d-2", "Failed", name="web"), later, deployment, pipeline)
