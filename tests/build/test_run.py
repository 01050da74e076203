"""Whole builds: resuming, stopping, timing out, and what comes out of them."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cicd.build.environment_variable import Variable
from cicd.build.project import Project, ProjectArtifacts, ProjectEnvironment, default_project
from cicd.build.request import BuildRequest
from cicd.build.run import (
    build_result,
    plan_build,
    resume_build,
    run_build,
    stop_build,
)
from cicd.engine.codec import decode, encode
from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.ports import CancelToken, Revision
from cicd.testing.scripted_runner import Answer, ScriptedRunner
from tests.git_command import git

SLOW = """version: 0.2
env: {exported-variables: [DONE]}
phases:
  install:
    commands:
      - echo first; A=kept
  build:
    commands:
      - |
        echo one; echo ran >> "$MARK"; touch "$MARK.started"
        while [ ! -e "$MARK.go" ]; do sleep 0.05; done
        echo two
      - DONE=$A; echo three $A
"""

DRIVER = """
import sys
from pathlib import Path
from cicd.build.environment_variable import Variable
from cicd.build.project import default_project
from cicd.build.request import BuildRequest
from cicd.build.run import run_build
from cicd.settings import Settings
from cicd.wiring import make_services
home, source, mark = sys.argv[1:]
with make_services(Settings(home=Path(home)), reporters=()) as services:
    run_build(
        BuildRequest(
            source=Path(source), project=default_project("app"), runner="host",
            variables=(Variable(name="MARK", value=mark),),
        ),
        services,
    )
"""


def wait_for(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def killed(services, source, tmp_path):
    """Start a build in a process of its own, and kill that in the middle of a command."""
    (source / "buildspec.yml").write_text(SLOW)
    mark = tmp_path / "mark"
    root = Path(__file__).parents[2]
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(services.home), str(source), str(mark)],
        cwd=root,
        start_new_session=True,
    )
    wait_for(lambda: Path(f"{mark}.started").exists())
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    (record,) = services.executions.list(kind="build")
    return record.stream, mark


def outputs(services, stream):
    phases = {"INSTALL", "BUILD"}
    return [
        line.text for _, line in services.logs.read(stream) if line.origin.split("/")[0] in phases
    ]


def test_a_killed_build_resumes_without_losing_or_repeating_anything(services, killed):
    stream, mark = killed
    Path(f"{mark}.go").touch()
    result = resume_build(stream, services)
    assert "SUCCEEDED" == result.status
    assert "ran\n" == mark.read_text()
    assert ["first", "one", "two", "three kept"] == outputs(services, stream)
    assert {"DONE": "kept"} == dict(result.exported_variables)
    own = [line.text for _, line in services.logs.read(stream) if not line.origin]
    assert len([text for text in own if "Running command" in text]) == 3
    assert len([text for text in own if "Entering phase" in text]) == 4
    assert result == resume_build(stream, services)


def test_a_killed_build_whose_session_is_gone_is_a_fault(services, killed):
    stream, _ = killed
    services.runner("host").reap(lambda _: False)
    result = resume_build(stream, services)
    assert ("FAULT", "BUILD") == (result.status, result.failure.phase)


def test_a_build_that_nobody_drives_can_be_stopped(services, killed):
    stream, _ = killed
    result = stop_build(stream, services)
    assert "STOPPED" == result.status
    assert "STOPPED" == result.failure.status
    assert None is services.runner("host").attach(stream.rpartition(":")[2])
    assert result == stop_build(stream, services)


def test_cancelling_the_invocation_stops_the_build(services, build, source):
    token = CancelToken()
    timer = threading.Timer(0.5, token.cancel, ["STOPPED"])
    timer.start()
    done = build(
        "version: 0.2\nphases:\n  build: {commands: [sleep 60, echo no], finally: [echo no]}\n"
        "  post_build: {commands: [echo no]}\n",
        services=replace(services, cancel=token),
    )
    assert ("STOPPED", []) == (done.status, done.output)
    assert "POST_BUILD" not in done.phases


def test_a_build_that_takes_too_long_is_timed_out(build):
    done = build(
        "version: 0.2\nphases:\n  build: {commands: [echo a; sleep 60]}\n",
        timeout=timedelta(seconds=1.5),
    )
    assert ("TIMED_OUT", "TIMED_OUT") == (done.status, done.phases["BUILD"])
    failure = done.result.failure
    assert ("BUILD_TIMED_OUT", "Build has timed out. ") == (failure.code, failure.message)
    assert ("echo a; sleep 60", "buildspec.yml:3:22") == (failure.command, failure.where)
    assert ("a",) == failure.output
    assert "timeoutInMinutes" in failure.hint


def test_a_user_whom_the_runner_cannot_be_is_told_before_anything_runs(build, services):
    done = build(
        "version: 0.2\nphases:\n  install: {commands: [echo x]}\n"
        "  build: {run-as: nobody-else, commands: [echo y]}\n"
    )
    assert ("FAULT", "PROVISIONING") == (done.status, done.result.failure.phase)
    assert "not as 'nobody-else'" in done.result.failure.message
    assert [] == done.output
    assert not any((services.home / "sessions").iterdir())


def test_the_source_is_never_changed(build, source):
    (source / "kept.txt").write_text("old\n")
    done = build(
        "version: 0.2\nphases:\n  build: {commands: [echo new > kept.txt, touch made, "
        "test ! -e .cicd]}\n"
    )
    assert "SUCCEEDED" == done.status
    assert "old\n" == (source / "kept.txt").read_text()
    assert not (source / "made").exists()


SECONDARY = """version: 0.2
phases:
  build: {commands: ['mkdir o; echo 1 > o/one; echo 2 > o/two; echo 3 > three']}
artifacts:
  files: [three]
  secondary-artifacts:
    one: {base-directory: o, files: [one]}
    two: {base-directory: o, files: [two]}
"""


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (("Out",), {"Out": 1}),
        (("one", "two"), {"one": 1, "two": 1}),
        (("one", "missing"), {"one": 1}),
        ((), {}),
        (None, {"": 1, "one": 1, "two": 1}),
    ],
)
def test_declared_outputs_are_filled_by_name(build, outputs, expected):
    done = build(SECONDARY, outputs=outputs)
    assert "SUCCEEDED" == done.status
    assert expected == {name: a.files for name, a in done.result.artifacts.items()}


def test_a_secondary_artifact_that_the_project_does_not_have_fails(build):
    project = Project(name="app", artifacts=ProjectArtifacts(type="S3", name="app"))
    done = build(SECONDARY, project=project)
    assert ("UPLOAD_ARTIFACTS", "CLIENT_ERROR") == (
        done.result.failure.phase,
        done.result.failure.code,
    )


def test_absolute_patterns_land_by_their_last_component(build, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.json").write_text("{}")
    done = build(
        "version: 0.2\nphases: {build: {commands: ['D=a; mkdir a; touch a/f']}}\n"
        f"artifacts: {{files: ['{outside}/*.json', '$D/f', '$CODEBUILD_SRC_DIR/a/f']}}\n",
        artifacts_directory=tmp_path / "out",
    )
    assert "SUCCEEDED" == done.status
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")}
    assert {"a", "a/f", "x.json"} == found


def test_a_base_directory_that_is_not_there_fails(build):
    done = build("version: 0.2\nartifacts: {base-directory: gone, files: ['**/*']}\n")
    assert "no matching base directory path found for gone" == done.result.failure.message


def test_links_are_kept_or_followed(build, tmp_path):
    project = Project(
        name="app", artifacts=ProjectArtifacts(type="S3", name="o.zip", packaging="ZIP")
    )
    for keep in ("yes", "no"):
        done = build(
            "version: 0.2\nphases: {build: {commands: ['echo 1 > a; ln -s a b']}}\n"
            f"artifacts: {{files: [a, b], enable-symlinks: {keep}}}\n",
            project=project,
            artifacts_directory=tmp_path / keep,
        )
        assert "SUCCEEDED" == done.status
        subprocess.run(
            [
                sys.executable,
                "-c",
                (
                    "import sys, zipfile, stat; "
                    "z = zipfile.ZipFile(sys.argv[1]); "
                    "m = z.getinfo('b').external_attr >> 16; "
                    f"assert stat.S_ISLNK(m) is {keep == 'yes'}"
                ),
                str(tmp_path / keep / "o.zip"),
            ],
            check=True,
        )


def test_kept_links_that_lead_out_of_the_artifact_are_followed(build, tmp_path):
    project = Project(
        name="app", artifacts=ProjectArtifacts(type="S3", name="o.zip", packaging="ZIP")
    )
    made = "mkdir -p d/e; cd d; echo 1 >../f; touch e/g; ln -s ../f out; ln -s ../nope no"
    done = build(
        "version: 0.2\n"
        f"phases: {{build: {{commands: ['{made}; ln -s e in; ln -s $PWD/../f abs']}}}}\n"
        "artifacts: {files: '**/*', base-directory: d, enable-symlinks: yes}\n",
        project=project,
        artifacts_directory=tmp_path / "out",
    )
    assert "SUCCEEDED" == done.status
    with zipfile.ZipFile(tmp_path / "out" / "o.zip") as packed:
        kinds = {i.filename: stat.S_ISLNK(i.external_attr >> 16) for i in packed.infolist()}
        assert {"abs": False, "e/g": False, "in": True, "out": False} == kinds
        assert b"1\n" == packed.read("out")


def test_links_below_a_base_directory_with_wildcards_go_round_there(build, tmp_path):
    done = build(
        "version: 0.2\n"
        "phases: {build: {commands: ['mkdir -p d1/e; ln -s .. d1/e/up; touch d1/f']}}\n"
        "artifacts: {files: '**/*', base-directory: 'd*'}\n",
        artifacts_directory=tmp_path / "out",
    )
    assert "SUCCEEDED" == done.status
    assert ["f"] == [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_an_unreadable_report_is_incomplete_and_harmless(build, reporter):
    done = build(
        "version: 0.2\nphases: {build: {commands: ['echo \"<html/>\" > r.xml']}}\n"
        "reports:\n  bad: {files: r.xml}\n  none: {files: '*.nope'}\n"
        "  gone: {files: '*', base-directory: gone}\n"
    )
    assert "SUCCEEDED" == done.status
    said = [text.split("\n")[0] for text in reporter.said() if text.startswith("Report")]
    sums = "INCOMPLETE, 0 tests: 0 passed, 0 failed, 0 errors, 0 skipped (0.00 s)"
    assert [f"Report app-{name}: {sums}" for name in ("bad", "none", "gone")] == said


def test_an_exported_variable_that_nobody_set_is_told_to_people(build, reporter):
    done = build(
        "version: 0.2\nenv: {exported-variables: [SET, LOST]}\n"
        "phases: {build: {commands: ['SET=1']}}\n"
    )
    assert ("SUCCEEDED", {"SET": "1"}) == (done.status, dict(done.result.exported_variables))
    told = [line.text for _, line in reporter.lines if line.text.startswith("Exported")]
    assert ["Exported variable LOST is not set"] == told


def test_what_the_build_is_told_of_itself(build):
    names = [
        "AWS_REGION",
        "CODEBUILD_BUILD_ID",
        "CODEBUILD_BUILD_ARN",
        "CODEBUILD_BUILD_IMAGE",
        "CODEBUILD_INITIATOR",
        "CODEBUILD_RESOLVED_SOURCE_VERSION",
        "CODEBUILD_SOURCE_VERSION",
        "CODEBUILD_BUILD_SUCCEEDING",
        "AWS_SECRET_ACCESS_KEY",
        "CI",
    ]
    commands = json.dumps([f'echo "{n}=${{{n}-unset}}"' for n in names])
    done = build(
        f"version: 0.2\nphases: {{build: {{commands: {commands}}}}}\n",
        revision=Revision(id="abc", url="https://example.com/r.git"),
        source_version="arn:aws:s3:::b/k",
    )
    told = dict(line.split("=", 1) for line in done.output)
    build_id = done.result.build_id
    assert {
        "AWS_REGION": "us-east-1",
        "CODEBUILD_BUILD_ID": build_id,
        "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:us-east-1:123456789012:build/{build_id}",
        "CODEBUILD_BUILD_IMAGE": "aws/codebuild/standard:7.0",
        "CODEBUILD_INITIATOR": "tester",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": "abc",
        "CODEBUILD_SOURCE_VERSION": "arn:aws:s3:::b/k",
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "AWS_SECRET_ACCESS_KEY": "unset",
        "CI": "unset",
    } == told


def test_a_region_of_the_users_own_is_kept(build):
    done = build(
        "version: 0.2\nenv: {variables: {AWS_DEFAULT_REGION: eu-west-1}}\n"
        "phases: {build: {commands: ['echo $AWS_DEFAULT_REGION $AWS_REGION']}}\n"
    )
    assert ["eu-west-1 us-east-1"] == done.output


def test_no_client_is_sent_to_credentials_that_are_not_there(build):
    command = "echo ${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-unset}"
    done = build(f"version: 0.2\nphases: {{build: {{commands: ['{command}']}}}}\n")
    assert ["unset"] == done.output


def test_the_log_is_in_the_services_form(build, services):
    done = build("version: 0.2\nphases:\n  build:\n    commands: [echo hi]\n")
    lines = [line.text for _, line in services.logs.read(done.result.stream)]
    start = next(i for i, text in enumerate(lines) if text.endswith("Running command echo hi"))
    assert ["hi", ""] == lines[start + 1 : start + 3]
    assert lines[start + 3].endswith("Phase complete: BUILD State: SUCCEEDED")
    assert lines[start + 4].endswith("Phase context status code:  Message: ")
    assert "[Container] 20" == lines[start][:14]


# ── Without a shell ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def scripted(services, source):
    """Run a buildspec on written answers."""

    def run(text, answers=None, **changes):
        (source / "buildspec.yml").write_text(text)
        runner = ScriptedRunner(answers)
        request = BuildRequest(source=source, project=default_project("app"), runner="docker")
        used = replace(services, runner=lambda _: runner)
        return run_build(replace(request, **changes), used), runner

    return run


SIMPLE = "version: 0.2\nphases: {build: {commands: [a, b]}}\n"


def test_a_session_that_dies_is_a_fault(scripted):
    result, runner = scripted(SIMPLE, {"BUILD/0/1": Answer(lost=True)})
    assert ("FAULT", "Build container found dead before completing the build.") == (
        result.status,
        result.failure.message,
    )
    assert {} == runner.sessions


def test_the_image_is_the_stand_in_of_the_project_s(scripted):
    images = {"aws/codebuild/standard:7.0": "mine"}
    for changes, expected in (
        ({}, "public.ecr.aws/codebuild/standard:7.0"),
        ({"images": images}, "mine"),
        ({"default_image": "other"}, "other"),
        ({"images": images, "image": "flag"}, "flag"),
    ):
        _, runner = scripted(SIMPLE, **changes)
        assert expected == runner.opened[0].image


def test_an_image_of_the_start_is_the_builds_and_has_stand_ins_like_the_projects(scripted):
    for changes, opened in (
        ({}, "public.ecr.aws/codebuild/standard:8.0"),
        ({"images": {"aws/codebuild/standard:8.0": "mine"}}, "mine"),
    ):
        result, runner = scripted(SIMPLE, image="aws/codebuild/standard:8.0", **changes)
        assert (opened, "aws/codebuild/standard:8.0") == (
            runner.opened[0].image,
            result.build["environment"]["image"],
        )
        told = next(ran.variables for ran in runner.ran if ran.key.startswith("BUILD/"))
        assert "aws/codebuild/standard:8.0" == told["CODEBUILD_BUILD_IMAGE"]


def test_run_as_is_passed_for_its_phase_only(scripted):
    _, runner = scripted(
        "version: 0.2\nrun-as: app\nphases:\n  install: {commands: [i], run-as: root}\n"
        "  build: {commands: [b]}\n",
    )
    assert [("INSTALL/0/1", "root"), ("BUILD/0/1", "app")] == [
        (ran.key, ran.user) for ran in runner.ran if ran.user
    ]


def test_version_0_2_carries_state_and_0_1_does_not(scripted):
    saves = [
        "__cicd_save" in ran.script
        for version in ("0.2", "0.1")
        for ran in scripted(SIMPLE.replace("0.2", version))[1].ran
        if ran.key.startswith("BUILD/")
    ]
    assert [True, True, False, False] == saves


def test_planning_changes_nothing(services, source):
    (source / "buildspec.yml").write_text(SIMPLE)
    request = BuildRequest(source=source, project=default_project("app"))
    plan = plan_build(request, services)
    assert [] == services.executions.list()
    assert plan == decode(type(plan), json.loads(json.dumps(encode(plan))))
    assert ["buildspec.yml:2:29", "buildspec.yml:2:32"] == [
        line.where for line in plan.phases[2].commands
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "there is no 'buildspec.yml' in"),
        ({"buildspec": "ci/no.yml"}, "there is no 'ci/no.yml' in"),
        ({"buildspec": "arn:aws:s3:::b/k"}, "is in a bucket"),
        ({"source": Path("/nowhere")}, "is not a directory"),
        ({"secondary_sources": {"a-b": Path("/")}}, "cannot name a secondary source"),
    ],
)
def test_what_cannot_be_built_says_so(services, source, changes, message):
    request = BuildRequest(source=source, project=default_project("app"))
    with pytest.raises(UsageError, match=message):
        plan_build(replace(request, **changes), services)


def test_who_has_buildspecs_elsewhere_is_told_where(services, source):
    for name in (
        "services/a/buildspec.yml",
        "node_modules/x/buildspec.yml",
        "deploy.buildspec.yaml",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(SIMPLE)
    with pytest.raises(UsageError) as refused:
        plan_build(BuildRequest(source=source, project=default_project("app")), services)
    there = "there is deploy.buildspec.yaml, services/a/buildspec.yml"
    assert f"name yours with --buildspec; {there}" == refused.value.hint


@pytest.mark.parametrize(
    ("buildspec", "message"),
    [
        (None, "YAML file does not exist"),
        ("ci/no.yml", "stat {source}/ci/no.yml: no such file or directory"),
    ],
)
def test_a_missing_buildspec_in_a_pipeline_fails_the_build(services, source, buildspec, message):
    request = BuildRequest(
        source=source,
        project=default_project("app"),
        runner="host",
        buildspec=buildspec,
        raise_problems=False,
    )
    result = run_build(request, services)
    assert ("FAILED", "YAML_FILE_ERROR", message.format(source=source)) == (
        result.status,
        result.failure.code,
        result.failure.message,
    )


def test_inline_text_is_a_buildspec(build):
    done = build("ignored", buildspec=SIMPLE.replace("a, b", "echo inline"))
    assert ["inline"] == done.output
    assert "YAML location is /codebuild/readonly/buildspec.yml" in done.words


def test_a_repository_has_a_detached_head_in_a_build_and_keeps_its_own(build, source):
    git(source, "init", "-q", "-b", "main", ".")
    git(source, "commit", "-q", "--allow-empty", "-m", "one")
    done = build(
        "version: 0.2\nphases: {build: {commands: [git rev-parse --abbrev-ref HEAD, "
        "'test $(git rev-parse HEAD main | uniq) = $CODEBUILD_RESOLVED_SOURCE_VERSION']}}\n"
    )
    assert ("SUCCEEDED", ["HEAD"]) == (done.status, done.output)
    assert "ref: refs/heads/main\n" == (source / ".git" / "HEAD").read_text()


def test_a_repository_that_a_source_only_links_to_keeps_its_head(build, source, tmp_path):
    git(tmp_path, "init", "-q", "-b", "main", "elsewhere")
    git(tmp_path / "elsewhere", "commit", "-q", "--allow-empty", "-m", "one")
    (source / ".git").symlink_to(tmp_path / "elsewhere" / ".git")
    assert "SUCCEEDED" == build(SIMPLE.replace("a, b", "true")).status
    assert "ref: refs/heads/main\n" == (tmp_path / "elsewhere/.git/HEAD").read_text()


def test_a_windows_shell_is_refused(build):
    with pytest.raises(DocumentError) as refused:
        build("version: 0.2\nenv: {shell: powershell.exe}\n")
    assert "build/windows-shell" in [p.rule for p in refused.value.problems]


def test_a_batch_alone_succeeds_without_doing_anything_and_is_told_of(build):
    done = build("version: 0.2\nbatch: {build-list: [{identifier: a}]}\n")
    assert ("SUCCEEDED", []) == (done.status, done.output)
    assert "Phases found in YAML: 0" in done.words
    assert any("a 'batch' only" in words for words in done.words)


def test_a_project_for_windows_is_refused(services, source):
    (source / "buildspec.yml").write_text(SIMPLE)
    project = Project(name="app", environment=ProjectEnvironment(type="WINDOWS_CONTAINER"))
    with pytest.raises(Unavailable, match="WINDOWS_CONTAINER"):
        plan_build(BuildRequest(source=source, project=project), services)


def test_overrides_do_not_look_a_replaced_secret_up(build):
    done = build(
        "version: 0.2\nenv: {parameter-store: {P: /gone}}\n"
        "phases: {build: {commands: ['echo $P']}}\n",
        variables=(Variable(name="P", value="given"),),
    )
    assert (["given"], "SUCCEEDED") == (done.output, done.status)


def test_an_unknown_build_is_named(services):
    with pytest.raises(UsageError, match="there is no build 'app:1'"):
        build_result("build/app:1", services)
