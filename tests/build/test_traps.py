"""The traps of the reference, each on a real shell of this machine."""

import json
from dataclasses import replace

import pytest

from cicd.build.environment_variable import Variable
from cicd.build.project import Project, ProjectArtifacts, ProjectEnvironment, default_project
from cicd.errors import DocumentError
from cicd.testing.fakes import MemorySecrets

S, F = "SUCCEEDED", "FAILED"


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


def test_01_the_directory_carries_over_to_the_next_phase(build, source):
    (source / "sub").mkdir()
    done = build(phases(install=["cd sub"], build=['test "$PWD" = "$CODEBUILD_SRC_DIR/sub"']))
    assert S == done.status


def test_02_version_0_1_runs_every_command_in_its_own_shell(build, source):
    (source / "sub").mkdir()
    spec = phases(build=["cd sub", 'A=1; test "$PWD" = "$CODEBUILD_SRC_DIR"', 'test -z "$A"'])
    assert S == build(spec.replace("0.2", "0.1")).status


def test_03_unexported_variables_carry_over(build):
    done = build(phases(pre_build=["TAG=$(echo 1)"], build=['echo "[$TAG]"']))
    assert ["[1]"] == done.output


def test_04_a_block_has_the_status_of_its_last_command(build):
    assert S == build(phases(build=["false\necho ok\n"])).status


def test_05_set_e_inside_a_block_fails_the_phase(build):
    done = build(phases(build=["set -e\nfalse\necho ok\n"]))
    assert (F, []) == (done.status, done.output)
    assert done.result.failure.message.endswith("Reason: exit status 1")


def test_06_after_a_failed_command_the_rest_of_the_phase_is_skipped(build):
    done = build(phases(build=["false", "echo two"]))
    assert (F, []) == (done.phases["BUILD"], done.output)


def test_07_there_is_no_pipefail(build):
    assert S == build(phases(build=["false | cat"])).status


def test_08_a_failed_build_still_runs_post_build_and_uploads(build):
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
def test_09_an_early_failure_goes_straight_to_finalizing(build, phase):
    done = build(phases(**{phase: ["false"], "post_build": ["echo no"]}))
    assert [] == done.output
    assert "POST_BUILD" not in done.phases
    assert "UPLOAD_ARTIFACTS" not in done.phases
    assert (F, S) == (done.status, done.phases["FINALIZING"])


def test_10_a_failed_post_build_still_uploads(build):
    done = build(
        phases(build=["echo 1 > made"], post_build=["false"]) + "artifacts: {files: made}\n"
    )
    assert (F, S, F) == (done.phases["POST_BUILD"], done.phases["UPLOAD_ARTIFACTS"], done.status)


def test_11_finally_runs_after_a_failed_command(build):
    done = build(
        phases(build=["false", "echo skipped"])
        + '    finally: ["echo finally $CODEBUILD_BUILD_SUCCEEDING"]\n'
    )
    assert ["finally 0"] == done.output
    assert F == done.phases["BUILD"]


def test_12_a_failed_finally_fails_the_phase_and_skips_the_rest_of_it(build):
    done = build(phases(build=["true"]) + '    finally: ["exit 4", "echo no"]\n')
    assert (F, []) == (done.phases["BUILD"], done.output)
    assert "exit 4" == done.result.failure.command


def test_13_abort_skips_post_build(build):
    done = build(phases(post_build=["echo no"], build=["false"]) + "    on-failure: ABORT\n")
    assert [] == done.output
    assert "POST_BUILD" not in done.phases


def test_14_continue_goes_on_and_stays_failed(build):
    done = build(
        phases(build=["echo $CODEBUILD_BUILD_SUCCEEDING"], pre_build=["false"])
        + "    on-failure: CONTINUE\n"
    )
    assert (["0"], F) == (done.output, done.status)


def test_15_variables_are_literal(build):
    done = build(phases(build=['echo "$A"']) + 'env:\n  variables: {A: "$HOME"}\n')
    assert ["$HOME"] == done.output


def test_16_an_override_beats_the_project_which_beats_the_buildspec(build):
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


def test_17_artifacts_are_relative_to_the_source_not_to_the_directory(build, source):
    (source / "sub").mkdir()
    done = build(phases(build=["cd sub && touch x"]) + "artifacts: {files: [x]}\n")
    assert "Skipping invalid file path x" in done.words
    assert "no matching artifact paths found" == done.result.failure.message
    assert (S, F, F) == (done.phases["BUILD"], done.phases["UPLOAD_ARTIFACTS"], done.status)


def test_18_artifacts_that_match_nothing_fail_the_build(build):
    done = build(phases(build=["true"]) + "artifacts: {files: ['*.jar']}\n")
    assert ("CLIENT_ERROR", F) == (done.result.failure.code, done.status)


def test_19_without_artifacts_nothing_is_uploaded(build):
    done = build(phases(build=["true"]))
    assert (S, {}) == (done.phases["UPLOAD_ARTIFACTS"], done.result.artifacts)


def test_20_secondary_artifacts_alone_are_no_primary_definition(build):
    done = build(
        phases(build=["touch x"]) + "artifacts:\n  secondary-artifacts:\n    one: {files: [x]}\n"
    )
    assert "no definition for primary artifacts in buildspec" == done.result.failure.message


def test_21_the_base_directory_is_not_in_the_output(build, tmp_path):
    out = tmp_path / "out"
    build(
        phases(build=["mkdir -p dist/a; echo 1 > dist/a/x"])
        + "artifacts: {base-directory: dist, files: ['**/*']}\n",
        artifacts_directory=out,
    )
    assert {"a/x": "1\n"} == files_below(out)


@pytest.mark.parametrize(("override", "expected"), [(False, "given.zip"), (True, "x-7.zip")])
def test_22_the_name_counts_only_when_the_project_lets_it(build, tmp_path, override, expected):
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


def test_23_packaging_none_gives_files_in_a_folder(build, tmp_path):
    project = Project(name="app", artifacts=ProjectArtifacts(type="S3", name="app", path="p"))
    build(
        phases(build=["echo 1 > f"]) + "artifacts: {files: [f]}\n",
        project=project,
        artifacts_directory=tmp_path / "out",
    )
    assert {"p/app/f": "1\n"} == files_below(tmp_path / "out")


def test_24_an_unquoted_colon_is_refused_before_anything_runs(build, services):
    with pytest.raises(DocumentError) as refused:
        build('version: 0.2\nphases:\n  build:\n    commands:\n      - echo "a": b\n')
    (problem,) = refused.value.problems
    assert problem.note.startswith(
        "YAML_FILE_ERROR Message: Expected Commands[0] to be of string type: found subkeys"
    )
    assert [] == services.executions.list()


def test_24_in_a_pipeline_it_is_a_failed_build(build):
    done = build(
        'version: 0.2\nphases:\n  build:\n    commands:\n      - echo "a": b\n',
        raise_problems=False,
    )
    assert {"DOWNLOAD_SOURCE": F, "FINALIZING": S, "COMPLETED": None} == done.phases
    assert "YAML_FILE_ERROR" == done.result.failure.code
    assert "buildspec.yml:5:9" == done.result.failure.where


def test_25_an_unknown_phase_names_the_known_ones(build):
    with pytest.raises(DocumentError) as refused:
        build(phases(postbuild=["true"]))
    assert (
        "YAML_FILE_ERROR Message: Invalid buildspec phase name: POSTBUILD. "
        "Expecting: BUILD,INSTALL,POST_BUILD,PRE_BUILD"
    ) == refused.value.problems[0].note


def test_26_an_unknown_key_is_a_warning_in_the_log(build):
    done = build(phases(build=["touch f"]) + "artifacts: {type: zip, files: [f]}\n")
    start = done.words.index("Found possible syntax errors in buildspec: ")
    assert [
        "In the section artifacts",
        "    The following keys cannot be identified:",
        "        type",
    ] == done.words[start + 1 : start + 4]
    assert S == done.status


def test_27_phases_without_commands_are_entered_and_logged(build):
    done = build("version: 0.2\nphases:\n  build:\n    commands:\n")
    assert S == done.status
    for phase in ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"):
        assert f"Entering phase {phase}" in done.words
        assert f"Phase complete: {phase} State: SUCCEEDED" in done.words


def test_27_an_absent_phases_section_succeeds(build):
    done = build("version: 0.2\n")
    assert S == done.status
    assert "Phases found in YAML: 0" in done.words


def test_28_commands_begin_in_the_source_not_beside_the_buildspec(build, source):
    (source / "ci").mkdir()
    (source / "ci" / "build.yml").write_text(
        phases(build=['test "$PWD" = "$CODEBUILD_SRC_DIR" && test -d ci'])
    )
    assert S == build("version: 0.2\n", buildspec="ci/build.yml").status


def test_29_a_missing_parameter_fails_before_any_command(build, services):
    done = build(
        phases(build=["echo no"]) + "env: {parameter-store: {P: /x/y}}\n",
        services=replace(services, secrets=MemorySecrets()),
    )
    failure = done.result.failure
    assert ("DOWNLOAD_SOURCE", "Decrypted Variables Error") == (failure.phase, failure.code)
    assert "give parameter /x/y" == failure.hint
    assert "parameter does not exist: /x/y" == failure.message
    assert [] == done.output


def test_30_secrets_are_masked_and_stand_nowhere(build, services):
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


def test_31_runtime_versions_elsewhere_are_a_warning(build):
    done = build("version: 0.2\nphases:\n  install:\n    runtime-versions: {python: 3.10}\n")
    assert S == done.status
    assert (
        "Skipping install of runtimes. Runtime version selection is not supported "
        "by this build image"
    ) in done.words


def test_33_the_default_shell_is_sh_and_bash_can_be_chosen(build):
    done = build(
        phases(build=["[[ 1 == 1 ]] && echo ${BASH_VERSION:+bash}"]) + "env: {shell: bash}\n"
    )
    assert (S, ["bash"]) == (done.status, done.output)


JUNIT = (
    "<testsuite name='s'><testcase name='a'/>"
    "<testcase name='b'><failure message='boom'/></testcase></testsuite>"
)


def test_34_failing_tests_fail_the_report_not_the_build(build):
    done = build(phases(build=[f'echo "{JUNIT}" > r.xml']) + "reports: {unit: {files: r.xml}}\n")
    assert S == done.status


def test_35_a_report_group_is_named_after_its_project(build, reporter):
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


def test_41_exit_ends_its_command_only(build):
    done = build(phases(build=["exit 3", "echo no"], post_build=["echo post"]))
    assert "Error while executing command: exit 3. Reason: exit status 3" == (
        done.result.failure.message
    )
    assert ["post"] == done.output


def test_43_a_breakpoint_without_a_debug_session_is_ignored(build):
    assert S == build(phases(build=["codebuild-breakpoint"])).status


def test_44_a_background_process_does_not_hold_the_build_up(build):
    done = build(phases(install=["nohup sleep 600 >/dev/null 2>&1 &"], build=["echo on"]))
    assert (S, ["on"]) == (done.status, done.output)


def test_46_associative_arrays_are_lost(build):
    done = build(
        phases(build=["declare -A m; m[a]=1", 'echo "[${m[a]}]"']) + "env: {shell: bash}\n"
    )
    assert ["[]"] == done.output


def test_47_the_number_counts_failed_builds_too(build):
    numbers = [
        build(phases(build=[command])).result.build["buildNumber"]
        for command in ("false", "echo $CODEBUILD_BUILD_NUMBER")
    ]
    assert [1, 2] == numbers


def test_48_a_secondary_source_has_its_own_directory(build, tmp_path):
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


def test_49_phases_run_in_their_order_not_in_the_file_s(build):
    done = build(
        phases(post_build=["echo 4"], build=["echo 3"], pre_build=["echo 2"], install=["echo 1"])
    )
    assert ["1", "2", "3", "4"] == done.output


def test_50_discarded_paths_land_at_the_top(build, tmp_path):
    build(
        phases(build=["mkdir a b; echo 1 > a/x.txt; echo 2 > b/y.txt"])
        + "artifacts: {files: ['a/*', 'b/*'], discard-paths: yes}\n",
        artifacts_directory=tmp_path / "out",
    )
    assert {"x.txt": "1\n", "y.txt": "2\n"} == files_below(tmp_path / "out")
