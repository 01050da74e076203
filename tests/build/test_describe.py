from dataclasses import replace
from pathlib import Path

from cicd.build.describe import describe
from cicd.build.environment_variable import Variable
from cicd.build.event_detail import state_change
from cicd.build.log.narrate import narrate
from cicd.build.process import BuildProcess
from cicd.build.shape import build_as_api
from cicd.build.spec import PhaseType
from cicd.event import EventKind
from tests.build.machine import Run, phase, plan

HEAD = "[Container] 2026/01/02 03:04:"


def story(of, failing=()):
    """Give the log and the descriptions of a whole run."""
    run = Run(of).to_the_end(failing)
    process = BuildProcess(of)
    state = process.initial()
    lines, said = [], []
    for event in run.events:
        after = process.apply(state, event)
        lines += narrate(process, state, event, after)
        said += describe(process, state, event, after)
        state = after
    return [line.removeprefix(HEAD)[10:] if line else "" for line in lines], said, state


FAILING = plan(phase("BUILD", "make test", run_as="app"), phase("POST_BUILD", "q"))


def test_the_log_of_a_failed_build():
    lines, _, _ = story(FAILING, ("make test",))
    nothing = "Phase context status code:  Message: "
    assert [
        "Running on CodeBuild On-demand",
        "Waiting for agent ping",
        "Waiting for DOWNLOAD_SOURCE",
        "Phase is DOWNLOAD_SOURCE",
        "Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED",
        nothing,
        "Entering phase INSTALL",
        "Phase complete: INSTALL State: SUCCEEDED",
        nothing,
        "Entering phase PRE_BUILD",
        "Phase complete: PRE_BUILD State: SUCCEEDED",
        nothing,
        "Entering phase BUILD",
        "Run-as user: app",
        "Running command make test",
        "",
        "Command did not exit successfully make test exit status 1",
        "Phase complete: BUILD State: FAILED",
        (
            "Phase context status code: COMMAND_EXECUTION_ERROR Message: "
            "Error while executing command: make test. Reason: exit status 1"
        ),
        "Entering phase POST_BUILD",
        "Running command q",
        "",
        "Phase complete: POST_BUILD State: SUCCEEDED",
        nothing,
        "Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED",
        nothing,
    ] == lines


def test_people_are_told_the_failing_line():
    _, said, _ = story(FAILING, ("make test",))
    (failed,) = [d for d in said if d.level == "FAILURE" and "BUILD State" in d.text]
    assert failed.text.endswith("Reason: exit status 1 (b:1:1)")


def test_the_details_are_those_of_eventbridge():
    _, said, _ = story(FAILING, ("make test",))
    details = [d.detail for d in said if d.detail]
    assert ["IN_PROGRESS", "FAILED"] == [d["build-status"] for d in details if "build-status" in d]
    assert ["[]", "[]"] == [
        d["current-phase-context"] for d in details if "current-phase-context" in d
    ]
    (build,) = [d for d in details if d.get("completed-phase") == "BUILD"]
    assert (
        "[COMMAND_EXECUTION_ERROR: Error while executing command: make test. "
        "Reason: exit status 1]"
    ) == build["completed-phase-context"]
    assert ("FAILED", "Jan 2, 2026 3:04:10 AM") == (
        build["completed-phase-status"],
        build["completed-phase-start"],
    )
    assert {"phase-type", "start-time"} == set(details[-1]["additional-information"]["phases"][-1])


def test_every_phase_is_told_when_it_is_over_the_queue_too():
    for places in (0, 1):
        _, said, _ = story(replace(FAILING, places=places))
        over = [d.detail["completed-phase"] for d in said if "completed-phase" in (d.detail or {})]
        assert [name for name in PhaseType if name is not PhaseType.COMPLETED] == over


def test_what_an_event_tells_beside_what_happened_has_the_keys_of_the_service():
    run = Run(plan(phase("BUILD", "true"), artifacts=1))
    made = {
        "output": "",
        "identifier": "",
        "name": "a",
        "packaging": "ZIP",
        "digest": "5" * 64,
        "md5": "d" * 32,
        "size": 1,
        "files": 1,
        "location": "/out/a.zip",
    }
    while not run.decide().conclude:
        command = run.start()
        run.finish(**({"artifacts": [made]} if command.key == "UPLOAD_ARTIFACTS" else {}))
    run.add(EventKind.CONCLUDED, status="SUCCEEDED")
    detail = state_change(run.process.plan, run.state)
    told = detail["additional-information"]
    assert {
        "md5sum": "d" * 32,
        "sha256sum": "5" * 64,
        "location": "/out/a.zip",
    } == told["artifact"]
    assert {
        "group-name": "/aws/codebuild/app",
        "stream-name": "1",
        "deep-link": "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#logEvent:group=/aws/codebuild/app;stream=1",
    } == told["logs"]
    assert {
        *("artifact", "cache", "build-number", "environment", "timeout-in-minutes"),
        *("queued-timeout-in-minutes", "build-complete", "initiator", "build-start-time"),
        *("source", "source-version", "logs", "phases"),
    } == set(told)
    assert {
        *("image", "privileged-mode", "image-pull-credentials-type", "compute-type", "type"),
        "environment-variables",
    } == set(told["environment"])
    assert {
        *("phase-context", "start-time", "end-time", "duration-in-seconds", "phase-type"),
        "phase-status",
    } == set(told["phases"][0])
    shape = build_as_api(run.process.plan, run.state, log=Path("/logs/x"))
    assert {"location", "md5sum", "sha256sum"} == set(shape["artifacts"])


def test_the_variables_of_a_buildspec_are_not_those_of_the_environment():
    planned = replace(
        FAILING,
        variables=(Variable(name="A", value="spec"), Variable(name="B", value="given")),
        fixed_variables=("B",),
    )
    _, _, state = story(planned, ("make test",))
    shape = build_as_api(planned, state, log=Path("/logs/x"))
    told = state_change(planned, state)["additional-information"]["environment"]
    given = [{"name": "B", "value": "given", "type": "PLAINTEXT"}]
    assert given == shape["environment"]["environmentVariables"]
    assert given == told["environment-variables"]


def test_the_shape_of_the_api():
    _, _, state = story(FAILING, ("make test",))
    build = build_as_api(FAILING, state, log=Path("/logs/x"))
    assert ("FAILED", True, "COMPLETED") == (
        build["buildStatus"],
        build["buildComplete"],
        build["currentPhase"],
    )
    submitted, *_, completed = build["phases"]
    assert "contexts" not in submitted
    assert ["phaseType", "startTime"] == list(completed)
    (failed,) = [p for p in build["phases"] if p["phaseType"] == "BUILD"]
    assert "COMMAND_EXECUTION_ERROR" == failed["contexts"][0]["statusCode"]
