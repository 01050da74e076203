"""
The fifty traps of the reference: each on a shell of this machine, and in a container.

Batches, caches and webhooks have theirs in files of their own.
"""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cicd.build.environment_variable import Variable
from cicd.build.project import Project, ProjectArtifacts, ProjectEnvironment, default_project
from cicd.build.request import BuildRequest
from cicd.build.run import plan_build, run_build
from cicd.errors import DocumentError
from cicd.testing.fakes import MemorySecrets

S, F = "SUCCEEDED", "FAILED"


@pytest.fixture(params=["host", pytest.param("docker", marks=pytest.mark.docker)])
def runner(request):
    return request.param


def files_below(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def phases(**commands):
    """Write a buildspec out of commands by phase."""
    return "version: 0.2\nphases:\n" + "".join(
        f"  {phase}:\n    commands: {json.dumps(lines)}\n" for phase, lines in commands.items()
    )


def test_the_directory_carries_over_to_the_next_phase(build, source):
    """Trap 1."""
    (source / "sub").mkdir()
    done = build(phases(install=["cd sub"], build=['test "$PWD" = "$CODEBUILD_SRC_DIR/sub"']))
    assert S == done.status


def test_version_0_1_runs_every_command_in_its_own_shell(build, source):
    """Trap 2."""
    (source / "sub").mkdir()
    spec = phases(build=["cd sub", 'A=1; test "$PWD" = "$CODEBUILD_SRC_DIR"', 'test -z "$A"'])
    assert S == build(spec.replace("0.2", "0.1")).status


def test_unexported_variables_carry_over(build):
    """Trap 3."""
    done = build(phases(pre_build=["TAG=$(echo 1)"], build=['echo "[$TAG]"']))
    assert ["[1]"] == done.output


def test_a_block_has_the_status_of_its_last_command(build):
    """Trap 4."""
    assert S == build(phases(build=["false\necho ok\n"])).status


def test_set_e_inside_a_block_fails_the_phase(build):
    """Trap 5."""
    done = build(phases(build=["set -e\nfalse\necho ok\n"]))
    assert (F, []) == (done.status, done.output)
    assert done.result.failure.message.endswith("Reason: exit status 1")


def test_after_a_failed_command_the_rest_of_the_phase_is_skipped(build):
    """Trap 6."""
    done = build(phases(build=["false", "echo two"]))
    assert (F, []) == (done.phases["BUILD"], done.output)


def test_there_is_no_pipefail(build):
    """Trap 7."""
    assert S == build(phases(build=["false | cat"])).status


def test_a_failed_build_still_runs_post_build_and_uploads(build):
    """Trap 8."""
    spec = phases(
        build=["echo 1 > made", "false"], post_build=["echo $CODEBUILD_BUILD_SUCCEEDING"]
    )
    done = build(f"{spec}artifacts:\n  files: [made]\n")
    assert ["0"] == done.output
    assert (F, S, S) == (
        done.phases["BUILD"],
        done.phases["POST_BUILD"],
        done.phases["UPLOAD_ARTIFACTS"],
    )
    assert F == done.status
    assert 1 == done.result.artifacts[""].files


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_an_early_failure_goes_straight_to_finalizing(build, phase):
    """Trap 9."""
    done = build(phases(**{phase: ["false"], "post_build": ["echo no"]}))
    assert [] == done.output
    assert "POST_BUILD" not in done.phases
    assert "UPLOAD_ARTIFACTS" not in done.phases
    assert (F, S) == (done.status, done.phases["FINALIZING"])


def test_a_failed_post_build_still_uploads(build):
    """Trap 10."""
    done = build(
        phases(build=["echo 1 > made"], post_build=["false"]) + "artifacts: {files: made}\n"
    )
    assert (F, S, F) == (done.phases["POST_BUILD"], done.phases["UPLOAD_ARTIFACTS"], done.status)


def test_finally_runs_after_a_failed_command(build):
    """Trap 11."""
    done = build(
        phases(build=["false", "echo skipped"])
        + '    finally: ["echo finally $CODEBUILD_BUILD_SUCCEEDING"]\n'
    )
    assert ["finally 0"] == done.output
    assert F == done.phases["BUILD"]


def test_a_failed_finally_fails_the_phase_and_skips_the_rest_of_it(build):
    """Trap 12."""
    done = build(phases(build=["true"]) + '    finally: ["exit 4", "echo no"]\n')
    assert (F, []) == (done.phases["BUILD"], done.output)
    assert "exit 4" == done.result.failure.command


def test_abort_skips_post_build(build):
    """Trap 13."""
    done = build(phases(post_build=["echo no"], build=["false"]) + "    on-failure: ABORT\n")
    assert [] == done.output
    assert "POST_BUILD" not in done.phases


def test_continue_goes_on_to_post_build_which_knows(build):
    """Trap 14."""
    done = build(
        phases(post_build=["echo $CODEBUILD_BUILD_SUCCEEDING"], build=["false"])
        + "    on-failure: CONTINUE\n"
    )
    assert (["0"], S, F) == (done.output, done.phases["POST_BUILD"], done.status)


def test_continue_goes_on_and_stays_failed(build):
    """Trap 14."""
    done = build(
        phases(build=["echo $CODEBUILD_BUILD_SUCCEEDING"], pre_build=["false"])
        + "    on-failure: CONTINUE\n"
    )
    assert (["0"], F) == (done.output, done.status)


def test_variables_are_literal(build):
    """Trap 15."""
    done = build(phases(build=['echo "$A"']) + 'env:\n  variables: {A: "$HOME"}\n')
    assert ["$HOME"] == done.output


def test_a_name_that_no_shell_has_keeps_no_command_from_running(build):
    done = build(
        "version: 0.2\nenv: {variables: {B-C: x, 1A: y, D: z}}\n"
        "phases: {build: {commands: ['echo $D', 'env | grep -c B-C']}}\n"
    )
    assert (F, ["z", "0"]) == (done.status, done.output)


def test_an_override_beats_the_project_which_beats_the_buildspec(build):
    """Trap 16."""
    project = replace(
        default_project("app"),
        environment=ProjectEnvironment(
            variables=(Variable(name="A", value="project"), Variable(name="B", value="project"))
        ),
    )
    done = build(
        phases(build=["echo $A $B $C"]) + "env: {variables: {A: spec, B: spec, C: spec}}\n",
        project=project,
        variables=(Variable(name="A", value="override"),),
    )
    assert ["override project spec"] == done.output


def test_artifacts_are_relative_to_the_source_not_to_the_directory(build, source):
    """Trap 17."""
    (source / "sub").mkdir()
    done = build(phases(build=["cd sub && touch x"]) + "artifacts: {files: [x]}\n")
    assert "Skipping invalid file path x" in done.words
    assert "no matching artifact paths found" == done.result.failure.message
    assert (S, F, F) == (done.phases["BUILD"], done.phases["UPLOAD_ARTIFACTS"], done.status)


def test_artifacts_that_match_nothing_fail_the_build(build):
    """Trap 18."""
    done = build(phases(build=["true"]) + "artifacts: {files: ['*.jar']}\n")
    assert ("CLIENT_ERROR", F) == (done.result.failure.code, done.status)


def test_without_artifacts_nothing_is_uploaded(build):
    """Trap 19."""
    done = build(phases(build=["true"]))
    assert (S, {}) == (done.phases["UPLOAD_ARTIFACTS"], done.result.artifacts)


def test_secondary_artifacts_alone_are_no_primary_definition(build):
    """Trap 20."""
    done = build(
        phases(build=["touch x"]) + "artifacts:\n  secondary-artifacts:\n    one: {files: [x]}\n"
    )
    assert "no definition for primary artifacts in buildspec" == done.result.failure.message


def test_the_base_directory_is_not_in_the_output(build, tmp_path):
    """Trap 21."""
    out = tmp_path / "out"
    build(
        phases(build=["mkdir -p dist/a; echo 1 > dist/a/x"])
        + "artifacts: {base-directory: dist, files: ['**/*']}\n",
        artifacts_directory=out,
    )
    assert {"a/x": "1\n"} == files_below(out)


@pytest.mark.parametrize(("override", "expected"), [(False, "given.zip"), (True, "x-7.zip")])
def test_the_name_counts_only_when_the_project_lets_it(build, tmp_path, override, expected):
    """Trap 22."""
    project = Project(
        name="app",
        artifacts=ProjectArtifacts(
            type="S3", name="given.zip", packaging="ZIP", override_artifact_name=override
        ),
    )
    build(
        phases(build=["N=7; touch f"]) + "artifacts: {name: 'x-$(echo $N).zip', files: [f]}\n",
        project=project,
        artifacts_directory=tmp_path / "out",
    )
    assert [expected] == [path.name for path in (tmp_path / "out").iterdir()]


def test_packaging_none_gives_files_in_a_folder(build, tmp_path):
    """Trap 23."""
    project = Project(name="app", artifacts=ProjectArtifacts(type="S3", name="app", path="p"))
    build(
        phases(build=["echo 1 > f"]) + "artifacts: {files: [f]}\n",
        project=project,
        artifacts_directory=tmp_path / "out",
    )
    assert {"p/app/f": "1\n"} == files_below(tmp_path / "out")


def test_an_unquoted_colon_is_refused_before_anything_runs(build, services):
    """Trap 24."""
    with pytest.raises(DocumentError) as refused:
        build('version: 0.2\nphases:\n  build:\n    commands:\n      - echo "a": b\n')
    (problem,) = refused.value.problems
    assert problem.note.startswith(
        "YAML_FILE_ERROR Message: Expected Commands[0] to be of string type: found subkeys"
    )
    assert [] == services.executions.list()


def test_in_a_pipeline_it_is_a_failed_build(build):
    """Trap 24."""
    done = build(
        'version: 0.2\nphases:\n  build:\n    commands:\n      - echo "a": b\n',
        raise_problems=False,
    )
    assert {"DOWNLOAD_SOURCE": F, "FINALIZING": S, "COMPLETED": None} == done.phases
    assert "YAML_FILE_ERROR" == done.result.failure.code
    assert "buildspec.yml:5:9" == done.result.failure.where


def test_an_unknown_phase_names_the_known_ones(build):
    """Trap 25."""
    with pytest.raises(DocumentError) as refused:
        build(phases(postbuild=["true"]))
    assert (
        "YAML_FILE_ERROR Message: Invalid buildspec phase name: POSTBUILD. "
        "Expecting: BUILD,INSTALL,POST_BUILD,PRE_BUILD"
    ) == refused.value.problems[0].note


def test_an_unknown_key_is_a_warning_in_the_log(build):
    """Trap 26."""
    done = build(phases(build=["touch f"]) + "artifacts: {type: zip, files: [f]}\n")
    start = done.words.index("Found possible syntax errors in buildspec: ")
    assert [
        "In the section artifacts",
        "    The following keys cannot be identified:",
        "        type",
    ] == done.words[start + 1 : start + 4]
    assert S == done.status


def test_phases_without_commands_are_entered_and_logged(build):
    """Trap 27."""
    done = build("version: 0.2\nphases:\n  build:\n    commands:\n")
    assert S == done.status
    for phase in ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"):
        assert f"Entering phase {phase}" in done.words
        assert f"Phase complete: {phase} State: SUCCEEDED" in done.words


def test_an_absent_phases_section_succeeds(build):
    """Trap 27."""
    done = build("version: 0.2\n")
    assert S == done.status
    assert "Phases found in YAML: 0" in done.words


def test_commands_begin_in_the_source_not_beside_the_buildspec(build, source):
    """Trap 28."""
    (source / "ci").mkdir()
    (source / "ci" / "build.yml").write_text(
        phases(build=['test "$PWD" = "$CODEBUILD_SRC_DIR" && test -d ci'])
    )
    assert S == build("version: 0.2\n", buildspec="ci/build.yml").status


def test_a_missing_parameter_fails_before_any_command(build, services):
    """Trap 29."""
    done = build(
        phases(build=["echo no"]) + "env: {parameter-store: {P: /x/y}}\n",
        services=replace(services, secrets=MemorySecrets()),
    )
    failure = done.result.failure
    assert ("DOWNLOAD_SOURCE", "Decrypted Variables Error") == (failure.phase, failure.code)
    assert "give parameter /x/y" == failure.hint
    assert "parameter does not exist: /x/y" == failure.message
    assert [] == done.output


def test_secrets_are_masked_and_stand_nowhere(build, services):
    """Trap 30."""
    secret = "hunter2-and-more"
    done = build(
        phases(build=['echo "v=$X"; echo "$X" > f', "printf 'p=%s' \"$P\""])
        + "env:\n  secrets-manager: {X: 's:k'}\n  parameter-store: {P: /p}\n"
        "  exported-variables: [X]\n",
        services=replace(
            services,
            secrets=MemorySecrets(parameters={"/p": "other-secret"}, secrets={"s:k": secret}),
        ),
    )
    assert ["v=***", "p=***"] == done.output
    assert 'Running command echo "v=$X"; echo "$X" > f' in done.words
    assert {} == done.result.exported_variables
    for path in services.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secret.encode() not in content, path
            assert b"other-secret" not in content, path


def test_runtime_versions_elsewhere_are_a_warning(build):
    """Trap 31."""
    done = build("version: 0.2\nphases:\n  install:\n    runtime-versions: {python: 3.10}\n")
    assert S == done.status
    assert (
        "Skipping install of runtimes. Runtime version selection is not supported "
        "by this build image"
    ) in done.words


def test_the_default_shell_knows_no_bash(build):
    """Trap 33."""
    done = build(phases(build=["[[ 1 == 1 ]]"]))
    assert (F, "exit status 127") == (done.status, done.result.failure.message[-15:])


def test_bash_can_be_chosen(build):
    """Trap 33."""
    done = build(
        phases(build=["[[ 1 == 1 ]] && echo ${BASH_VERSION:+bash}"]) + "env: {shell: bash}\n"
    )
    assert (S, ["bash"]) == (done.status, done.output)


@pytest.mark.docker
def test_commands_run_as_root_whatever_user_the_image_names(docker_image, source, services):
    """Trap 32."""
    name = f"cicd-user-{services.new_id()}"
    dockerfile = f"FROM {docker_image}\nUSER nobody\nWORKDIR /tmp\n"
    subprocess.run(
        ["docker", "build", "-q", "-t", name, "-"],
        input=dockerfile.encode(),
        check=True,
        capture_output=True,
    )
    try:
        spec = phases(build=['test "$(id -u) $PWD" = "0 $CODEBUILD_SRC_DIR"'])
        (source / "buildspec.yml").write_text(spec)
        request = BuildRequest(source=source, project=default_project("app"), image=name)
        assert S == run_build(request, services).status
    finally:
        subprocess.run(["docker", "image", "rm", "-f", name], check=True, capture_output=True)


JUNIT = (
    "<testsuite name='s'><testcase name='a'/>"
    "<testcase name='b'><failure message='boom'/></testcase></testsuite>"
)


def test_failing_tests_fail_the_report_not_the_build(build):
    """Trap 34."""
    done = build(phases(build=[f'echo "{JUNIT}" > r.xml']) + "reports: {unit: {files: r.xml}}\n")
    assert S == done.status


def test_a_report_group_is_named_after_its_project(build, reporter):
    """Trap 35."""
    done = build(
        phases(build=[f'G=unit; echo "{JUNIT}" > r.xml'])
        + "reports: {$G: {files: '*.xml', file-format: JunitXml}}\n"
    )
    (arn,) = done.result.build["reportArns"]
    assert "report/app-unit:" in arn
    (said,) = [text for text in reporter.said() if text.startswith("Report")]
    assert [
        "Report app-unit: FAILED, 2 tests: 1 passed, 1 failed, 0 errors, 0 skipped (0.00 s)",
        "  FAILED b: boom",
    ] == said.split("\n")


def test_cache_paths_without_a_cache_of_the_project_keep_nothing(build):
    """Trap 40."""
    spec = phases(build=["test ! -e kept", "mkdir kept; touch kept/x"])
    spec += "cache: {paths: ['kept/**/*']}\n"
    assert [S, S] == [build(spec).status for _ in range(2)]


def test_a_version_is_what_is_written_not_the_number_that_yaml_makes_of_it(services, source):
    """Trap 42."""
    (source / "buildspec.yml").write_text(
        "version: 0.2\nphases: {install: {runtime-versions: {python: 3.10}}}\n"
    )
    plan = plan_build(BuildRequest(source=source, project=default_project("app")), services)
    assert (("python", "3.10"),) == plan.runtime_versions


def test_exit_ends_its_command_only(build):
    """Trap 41."""
    done = build(phases(build=["exit 3", "echo no"], post_build=["echo post"]))
    assert "Error while executing command: exit 3. Reason: exit status 3" == (
        done.result.failure.message
    )
    assert ["post"] == done.output


def test_a_breakpoint_without_a_debug_session_is_ignored(build):
    """Trap 43."""
    assert S == build(phases(build=["codebuild-breakpoint"])).status


def test_a_background_process_does_not_hold_the_build_up(build):
    """Trap 44."""
    done = build(phases(install=["nohup sleep 600 >/dev/null 2>&1 &"], build=["echo on"]))
    assert (S, ["on"]) == (done.status, done.output)


def test_associative_arrays_are_lost(build):
    """Trap 46."""
    done = build(
        phases(build=["declare -A m; m[a]=1", 'echo "[${m[a]}]"']) + "env: {shell: bash}\n"
    )
    assert ["[]"] == done.output


def test_the_number_counts_failed_builds_too(build):
    """Trap 47."""
    numbers = [
        build(phases(build=[command])).result.build["buildNumber"]
        for command in ("false", "echo $CODEBUILD_BUILD_NUMBER")
    ]
    assert [1, 2] == numbers


def test_a_secondary_source_has_its_own_directory(build, tmp_path):
    """Trap 48."""
    other = tmp_path / "lib"
    other.mkdir()
    (other / "buildspec.yml").write_text("ignored: [")
    (other / "l.txt").write_text("lib\n")
    done = build(
        phases(build=["cat $CODEBUILD_SRC_DIR_lib/l.txt; touch $CODEBUILD_SRC_DIR_lib/made"])
        + "artifacts: {base-directory: $CODEBUILD_SRC_DIR_lib, files: made}\n",
        secondary_sources={"lib": other},
    )
    assert (S, ["lib"]) == (done.status, done.output)
    assert not (other / "made").exists()


def test_phases_run_in_their_order_not_in_the_file_s(build):
    """Trap 49."""
    done = build(
        phases(post_build=["echo 4"], build=["echo 3"], pre_build=["echo 2"], install=["echo 1"])
    )
    assert ["1", "2", "3", "4"] == done.output


def test_discarded_paths_land_at_the_top(build, tmp_path):
    """Trap 50."""
    build(
        phases(build=["mkdir a b; echo 1 > a/x.txt; echo 2 > b/y.txt"])
        + "artifacts: {files: ['a/*', 'b/*'], discard-paths: yes}\n",
        artifacts_directory=tmp_path / "out",
    )
    assert {"x.txt": "1\n", "y.txt": "2\n"} == files_below(tmp_path / "out")


@pytest.mark.parametrize("number", range(1, 51))
def test_every_trap_has_a_test(number):
    """So that none is lost."""
    named = re.compile(rf'^    """Trap {number}\.|^def test_trap_{number}_', re.MULTILINE)
    assert [p.name for p in Path(__file__).parent.rglob("*.py") if named.search(p.read_text())]
