"""A build whose log ends anywhere is driven on to the status it would have had."""

from dataclasses import replace

import pytest

from cicd.build.project import default_project
from cicd.build.request import BuildRequest
from cicd.build.run import resume_build, run_build, stop_build
from cicd.errors import Conflict
from cicd.ports import Environment, LogLine, Mount, MountMode
from cicd.testing.fakes import MemoryEventLog, MemoryExecutionIndex, MemoryLogStore
from cicd.testing.scripted_runner import Answer, ScriptedRunner
from tests.build.machine import NOW

BUILDSPEC = """version: 0.2
phases:
  install: {commands: [i]}
  build: {commands: [a, b], finally: [f]}
artifacts: {files: [made]}
"""
ANSWERS = {
    "BUILD/0/1": Answer(output=b"one\ntwo\n", status=3),
    "BUILD/2/1": Answer(output=b"last", files={"/codebuild/output/src/made": b"x"}),
}


@pytest.fixture
def fakes(services):
    """Give services in memory, on a runner of its own."""

    def make(runner):
        return replace(
            services,
            log=MemoryEventLog(),
            executions=MemoryExecutionIndex(),
            logs=MemoryLogStore(),
            runner=lambda _: runner,
        )

    return make


@pytest.fixture
def whole(fakes, source):
    (source / "buildspec.yml").write_text(BUILDSPEC)
    services = fakes(ScriptedRunner(ANSWERS))
    request = BuildRequest(source=source, project=default_project("app"))
    result = run_build(request, services)
    return result, [event for _, event in services.log.read(result.stream)], services


def texts(services, stream):
    """Give the log without its times."""
    return [text.split(" ", 3)[-1] for text in services.logs.texts(stream)]


def cut_after(events, count, stream, services):
    """Put the beginning of a story into services that have not heard of it."""
    services.executions.submit(
        stream, kind="build", name="app", status="IN_PROGRESS", parent=None, at=events[0].at
    )
    services.log.append(stream, events[:count], expected=0)


def test_a_build_that_is_driven_is_left_alone(whole, fakes):
    result, events, _ = whole
    services = fakes(ScriptedRunner(ANSWERS))
    running = next(i for i, e in enumerate(events) if e.key == "BUILD/0/1") + 1
    cut_after(events, running, result.stream, services)
    services.logs.append(result.stream, LogLine(at=NOW, origin="BUILD/0/1", text="one"))
    with services.executions.drive(result.stream):
        with pytest.raises(Conflict):
            resume_build(result.stream, services)
        assert ["one"] == services.logs.texts(result.stream)
        assert "IN_PROGRESS" == stop_build(result.stream, services).status
    assert ["one"] == services.logs.texts(result.stream)
    _, last = services.log.read(result.stream)[-1]
    assert {"signal": "stop", "reason": "STOPPED"} == last.data


def test_a_session_that_was_still_being_made_is_made_anew(whole, fakes):
    result, events, _ = whole
    begun = next(i for i, e in enumerate(events) if e.key == "PROVISIONING") + 1
    for left in ([], [result.stream, "build/other:1"]):
        runner = ScriptedRunner(ANSWERS)
        services = fakes(runner)
        cut_after(events, begun, result.stream, services)
        for stream in left:
            runner.open(stream.partition(":")[2], Environment(), stream=stream)
        assert result.status == resume_build(result.stream, services).status
        assert left[1:] == [session.stream for session in runner.sessions.values()]


@pytest.mark.parametrize("lives", [True, False])
def test_what_was_printed_is_in_the_log_whether_or_not_its_session_lives(
    whole, fakes, source, lives
):
    result, events, _ = whole
    runner = ScriptedRunner(ANSWERS)
    services = fakes(runner)
    running = next(i for i, e in enumerate(events) if e.key == "BUILD/0/1") + 1
    cut_after(events, running, result.stream, services)
    services.logs.append(result.stream, LogLine(at=NOW, origin="BUILD/0/1", text="one"))
    if lives:
        mount = Mount(name="src", source=source, mode=MountMode.COPY_ON_WRITE)
        runner.open(
            result.build_id.partition(":")[2], Environment(mounts=(mount,)), stream=result.stream
        )
    resumed = resume_build(result.stream, services)
    assert ("FAILED" if lives else "FAULT") == resumed.status
    printed = [t for t in services.logs.texts(result.stream) if t in {"one", "two"}]
    assert (["one", "two"] if lives else ["one"]) == printed


def test_cut_anywhere_it_ends_the_same(whole, fakes, source):
    result, events, uncut = whole
    assert "FAILED" == result.status
    for cut in range(1, len(events)):
        runner = ScriptedRunner(ANSWERS)
        services = fakes(runner)
        kept = events[:cut]
        cut_after(events, cut, result.stream, services)
        closed = any(e.key == "FINALIZING" and e.kind == "FINISHED" for e in kept)
        made = any(e.key == "PROVISIONING" and e.kind == "FINISHED" for e in kept)
        if made and not closed:
            mount = Mount(name="src", source=source, mode=MountMode.COPY_ON_WRITE)
            session = runner.open(
                result.build_id.partition(":")[2],
                Environment(mounts=(mount,)),
                stream=result.stream,
            )
            session.copy_in(source / "buildspec.yml", f"{session.places['src']}/made")
        resumed = resume_build(result.stream, services)
        # What a command said before the cut is in the dead driver's log.
        assert result.failure.output == ("one", "two")
        same = replace(resumed.failure, output=result.failure.output)
        assert (result.status, result.failure) == (resumed.status, same), cut
        assert {} == runner.sessions
        narrated = [t for t in texts(services, result.stream) if t.startswith(("Phase", "Run"))]
        whole_story = [t for t in texts(uncut, result.stream) if t.startswith(("Phase", "Run"))]
        # What the dead driver's effects had said is in its own log, not in this new one.
        assert [t for t in whole_story if "found in YAML" not in t] == [
            t for t in narrated if "found in YAML" not in t
        ], cut
