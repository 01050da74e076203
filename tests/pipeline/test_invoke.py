"""One pipeline starts another, which it follows to its end."""

import json

import pytest

from cicd.pipeline.run import execution_state
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, stage

APPROVAL = action("Ask", "Approval/AWS/Manual", configuration={"CustomData": "#{variables.word}"})
INVOKE = "Invoke/AWS/CodePipeline"


def called(name, *stages, **more):
    return {**pipeline(*stages, pipelineType="V2", **more), "name": name}


@pytest.fixture
def root(tmp_path):
    """Give a function that writes the pipelines of a repository."""
    git(tmp_path, "init", "-q", "-b", "main", ".")

    def write(*pipelines):
        document = {"pipelines": list(pipelines), "local": {"runner": "host"}}
        (tmp_path / "cicd.yml").write_text(json.dumps(document))
        (tmp_path / ".gitignore").write_text(".cicd\n")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", "one")
        return tmp_path

    return write


CHILD = called(
    "child",
    SOURCE_STAGE,
    stage("Ask", APPROVAL),
    variables=[{"name": "word", "defaultValue": "x"}],
)


def parent(name="parent", other="child", **configuration):
    call = action("Call", INVOKE, configuration={"PipelineName": other, **configuration})
    return called(name, SOURCE_STAGE, stage("Next", call))


def started(root, name, **start):
    """Run the pipeline ``name``; the helper of test_whole takes the only one there is."""
    from cicd.document.resources import Resources
    from cicd.pipeline.compile import Start
    from cicd.pipeline.run import (
        ExecutionRequest,
        find_execution,
        plan_execution,
        start_execution,
    )
    from cicd.testing.fakes import RecordingReporter
    from tests.pipeline.test_whole import machine

    with machine(root, RecordingReporter()) as services:
        asked = ExecutionRequest(definition=name, directory=root, start=Start(**start))
        planned = plan_execution(asked, services, Resources.load(root))
        result = start_execution(planned.plan, services)
        # The newest is the one that was asked for, and not one that it invoked.
        assert result.stream == find_execution(None, services).stream
        states = {
            record.name: execution_state(record.stream, services)
            for record in services.executions.list(kind="pipeline")
        }
        return result, states


def test_another_pipeline_runs_with_the_variables_that_are_given(root):
    given = json.dumps([{"name": "word", "value": "hello"}])
    result, states = started(root(CHILD, parent(Variables=given)), "parent", approve=True)
    assert "Succeeded" == result.status
    child = states["child"]
    assert ("Succeeded", "hello") == (child.concluded, child.plan.variables["word"])
    assert "codepipeline/parent" == child.plan.triggered_by
    call = states["parent"].actions["Next/Call"].result
    assert (child.plan.execution_id, "the pipeline child Succeeded") == (
        call.external_execution_id,
        call.summary,
    )


def test_how_the_other_ends_is_how_the_action_ends(root):
    broken = called("child", SOURCE_STAGE, stage("Build", action("Make", takes="code")))
    result, _ = started(root(broken, parent()), "parent")
    assert ("Failed", "Call") == (result.status, result.failure.action)
    assert result.failure.error.message.startswith("the pipeline child Failed: ")


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"Variables": "word=x"}, "Variables is not a JSON array"),
        ({"Variables": '[{"name": "word"}]'}, "Variables is not a JSON array"),
        ({"SourceRevisions": "{}"}, "SourceRevisions is not a JSON array"),
        ({"Variables": '[{"name": "no", "value": "x"}]'}, "declares no variable 'no'"),
        ({"PipelineName": "none"}, "there is no pipeline and no file 'none'"),
    ],
)
def test_what_cannot_be_started_fails_the_action(root, configuration, said):
    result, _ = started(root(CHILD, parent(**configuration)), "parent", approve=True)
    assert said in result.failure.error.message


def test_a_pipeline_does_not_start_itself_not_even_by_another(root):
    result, _ = started(root(parent("one", "two"), parent("two", "one")), "one")
    assert "the pipeline 'one' would start itself: one > two > one" in result.failure.error.message
