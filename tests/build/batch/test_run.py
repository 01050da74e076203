"""Whole batches on this machine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.build.batch.run import (
    RetryType,
    batch_result,
    check_batch,
    resume_batch,
    retry_plan,
    run_batch,
)
from cicd.build.environment_variable import Variable
from cicd.build.project import (
    Project,
    ProjectArtifacts,
    ProjectBatch,
    ProjectEnvironment,
)
from cicd.build.request import BuildRequest
from cicd.errors import DocumentError, UsageError

SAYING = """version: 0.2
env: {variables: {V: buildspec}}
phases:
  build:
    commands:
      - echo "$CODEBUILD_BATCH_BUILD_IDENTIFIER $V"
      - test "$V" != bad
"""


def test_the_last_word_on_a_variable_is_the_entrys(run):
    done = run(
        f"{SAYING}batch: {{build-list: [{{identifier: a}}, "
        "{identifier: b, env: {variables: {V: entry}}}]}\n",
        project=Project(
            name="app",
            environment=ProjectEnvironment(variables=(Variable(name="V", value="project"),)),
        ),
        variables=(Variable(name="V", value="override"),),
    )
    assert ("SUCCEEDED", {"a": ["a override"], "b": ["b entry"]}) == (done.status, done.said)


def test_a_failure_keeps_its_dependents_from_starting_and_the_others_go_on(run):
    done = run(
        f"{SAYING}batch:\n  build-graph:\n"
        "    - {identifier: a, env: {variables: {V: bad}}}\n"
        "    - {identifier: b, depend-on: [a]}\n    - {identifier: c}\n"
    )
    assert ("FAILED", {"a": "FAILED", "b": "", "c": "SUCCEEDED"}) == (done.status, done.builds)
    assert "currentBuildSummary" not in done.groups["b"]
    assert ["a"] == done.groups["b"]["dependsOn"]
    assert "FAILED" == done.groups["a"]["currentBuildSummary"]["buildStatus"]
    assert [
        ("SUBMITTED", "SUCCEEDED"),
        ("DOWNLOAD_BATCHSPEC", "SUCCEEDED"),
        ("IN_PROGRESS", "FAILED"),
        ("FAILED", "SUCCEEDED"),
    ] == [(p["phaseType"], p["phaseStatus"]) for p in done.result.batch["phases"]]


def test_trap_38_a_failure_that_is_ignored_does_not_fail_the_batch(run):
    done = run(
        f"{SAYING}batch: {{build-list: [{{identifier: a, ignore-failure: true, "
        "env: {variables: {V: bad}}}]}\n"
    )
    assert ("SUCCEEDED", {"a": "FAILED"}) == (done.status, done.builds)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("build-list: [{identifier: a-b}, {identifier: c-d}]", "Build Identifiers a-b,c-d"),
        ("build-list: [{identifier: a}, {identifier: a}]", "'a' stands twice"),
        ("build-graph: [{identifier: a, depend-on: [x]}]", "which is no build of this batch"),
        ("build-list: []", "'build-list' is empty"),
        ("fast-fail: yes", "'batch' starts no build"),
        (
            "build-graph: [{identifier: a, depend-on: [b]}, {identifier: b, depend-on: [a]}]",
            "the builds wait for each other: a → b → a",
        ),
        ("build-list: [{identifier: a}], build-fanout: {parallelism: 2}", "cannot stand beside"),
    ],
)
def test_trap_37_a_wrong_batch_starts_no_build(run, services, section, said):
    text = f"{SAYING}batch: {{{section}}}\n"
    with pytest.raises(DocumentError) as refused:
        run(text)
    problem = refused.value.problems[0]
    assert problem.note.startswith("BATCH_SPEC_VALIDATION_ERROR: ")
    assert said in problem.note
    assert [] == services.executions.list()
    done = run(text, raise_problems=False)
    assert "FAILED" == done.status
    assert done.result.message == problem.note
    assert [] == services.executions.list(kind="build")


def test_a_buildspec_without_a_batch_has_none_to_start(run):
    with pytest.raises(DocumentError) as refused:
        run(SAYING)
    assert ["build/no-batch"] == [p.rule for p in refused.value.problems]


def test_a_build_has_its_own_buildspec_whose_batch_is_not_looked_at(run, source):
    (source / "other.yml").write_text(
        "version: 0.2\nphases: {build: {commands: [echo other]}}\n"
        "batch: {build-list: [{identifier: deeper}]}\n"
    )
    done = run(f"{SAYING}batch: {{build-list: [{{identifier: a, buildspec: other.yml}}]}}\n")
    assert ("SUCCEEDED", {"a": ["other"]}) == (done.status, done.said)


def test_what_is_wrong_with_a_builds_own_buildspec_is_said_before_anything_starts(run, source):
    (source / "broken.yml").write_text("version: 0.2\nphases: {build: {commands: {a: b}}}\n")
    text = (
        f"{SAYING}batch: {{build-list: [{{identifier: a, buildspec: broken.yml}}, "
        "{identifier: b, buildspec: broken.yml}, {identifier: c, buildspec: gone.yml}]}\n"
    )
    with pytest.raises(DocumentError) as refused:
        run(text)
    assert ["broken.yml:2:28", "buildspec.yml:8:115"] == [
        str(p.span) for p in refused.value.problems
    ]
    done = run(text, raise_problems=False)
    assert {"a": "FAILED", "b": "FAILED", "c": "FAILED"} == done.builds


def test_a_build_for_windows_fails_and_the_others_run(run):
    done = run(
        f"{SAYING}batch: {{build-list: [{{identifier: a}}, "
        "{identifier: w, env: {type: WINDOWS_SERVER_2022_CONTAINER}}]}\n"
    )
    assert {"a": "SUCCEEDED", "w": "FAILED"} == done.builds


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ProjectBatch(maximum_builds=1), "2 builds, and maximumBuildsAllowed is 1"),
        (
            ProjectBatch(compute_types_allowed=("BUILD_GENERAL1_LARGE",)),
            "Build a asks for BUILD_GENERAL1_SMALL",
        ),
        (ProjectBatch(fleets_allowed=("mine",)), "Build b asks for theirs"),
    ],
)
def test_what_a_projects_restrictions_do_not_allow_fails_the_batch(run, services, config, said):
    done = run(
        f"{SAYING}batch: {{build-list: [{{identifier: a}}, "
        "{identifier: b, env: {fleet: theirs}}]}\n",
        project=Project(name="app", batch=config),
    )
    assert "FAILED" == done.status
    assert said in done.result.message
    assert [] == services.executions.list(kind="build")


def test_fast_fail_stops_what_runs(run, services):
    done = run(
        "version: 0.2\nphases: {build: {commands: ['sleep $T; exit $E']}}\n"
        "batch:\n  fast-fail: true\n  build-list:\n"
        '    - {identifier: slow, env: {variables: {T: "60", E: "0"}}}\n'
        '    - {identifier: quick, env: {variables: {T: "0", E: "3"}}}\n',
        services=replace(services, jobs=2),
    )
    assert ("FAILED", {"slow": "STOPPED", "quick": "FAILED"}) == (done.status, done.builds)


def test_every_build_gets_a_number_of_its_own(run, services):
    done = run(f"{SAYING}batch: {{build-list: [{{identifier: a}}, {{identifier: b}}]}}\n")
    records = services.executions.list(kind="build", name="app")
    assert {1, 2} == {record.number for record in records}
    assert {done.result.stream} == {record.parent for record in records}


ARTIFACTS = """version: 0.2
phases:
  build:
    commands:
      - mkdir out; echo "$CODEBUILD_BATCH_BUILD_IDENTIFIER" > out/last
      - echo own > "out/$CODEBUILD_BATCH_BUILD_IDENTIFIER"
artifacts: {files: ["**/*"], base-directory: out}
batch: {build-list: [{identifier: a}, {identifier: b}]}
"""


def test_each_builds_artifacts_are_laid_in_a_directory_of_its_name(run, tmp_path):
    artifacts = ProjectArtifacts(type="S3", name="/")
    done = run(
        ARTIFACTS,
        project=Project(name="app", artifacts=artifacts),
        artifacts_directory=tmp_path / "out",
    )
    assert {"a", "b"} == set(done.result.artifacts)
    assert "b\n" == (tmp_path / "out" / "b" / "last").read_text()
    assert ["a", "last"] == sorted(p.name for p in (tmp_path / "out" / "a").iterdir())


def test_combined_artifacts_are_one_and_the_last_build_wins(run, services, tmp_path):
    done = run(
        ARTIFACTS,
        project=Project(
            name="app",
            artifacts=ProjectArtifacts(type="S3", name="/"),
            batch=ProjectBatch(combine_artifacts=True),
        ),
        artifacts_directory=tmp_path / "out",
    )
    assert ["a", "b", "last"] == sorted(p.name for p in (tmp_path / "out").iterdir())
    assert "b\n" == (tmp_path / "out" / "last").read_text()
    assert [""] == list(done.result.artifacts)
    assert "COMBINE_ARTIFACTS" in {p["phaseType"] for p in done.result.batch["phases"]}


FLAKY = """version: 0.2
phases: {build: {commands: ['echo ran >> "$MARK.$CODEBUILD_BATCH_BUILD_IDENTIFIER"',
  '[ "$CODEBUILD_BATCH_BUILD_IDENTIFIER" != b ] || [ -e "$MARK.go" ]']}}
batch: {build-graph: [{identifier: a}, {identifier: b}, {identifier: c, depend-on: [b]}]}
"""


def counts(mark):
    return {
        name: len(path.read_text().splitlines()) if path.exists() else 0
        for name in "abc"
        for path in (mark.with_name(f"mark.{name}"),)
    }


def test_a_retry_runs_what_did_not_succeed_and_keeps_the_rest(run, services, tmp_path):
    mark = tmp_path / "mark"
    first = run(FLAKY, variables=(Variable(name="MARK", value=str(mark)),))
    assert "FAILED" == first.status
    mark.with_name("mark.go").touch()
    plan = retry_plan(first.result.stream, services, RetryType.RETRY_FAILED_BUILDS)
    second = run_batch(plan, services)
    assert ("SUCCEEDED", {"a": 1, "b": 2, "c": 1}) == (second.status, counts(mark))
    groups = {group["identifier"]: group for group in second.batch["buildGroups"]}
    before = first.groups
    assert before["a"]["currentBuildSummary"]["arn"] == groups["a"]["currentBuildSummary"]["arn"]
    (prior,) = groups["b"]["priorBuildSummaryList"]
    assert (before["b"]["currentBuildSummary"]["arn"], "FAILED") == (
        prior["arn"],
        prior["buildStatus"],
    )
    with pytest.raises(UsageError, match="has succeeded"):
        retry_plan(second.stream, services, RetryType.RETRY_ALL_BUILDS)
    everything = retry_plan(first.result.stream, services, RetryType.RETRY_ALL_BUILDS)
    assert "SUCCEEDED" == run_batch(everything, services).status
    assert {"a": 2, "b": 3, "c": 2} == counts(mark)


def test_a_batch_that_takes_too_long_times_out(run):
    done = run(
        "version: 0.2\nphases: {build: {commands: [sleep 60]}}\n"
        "batch: {build-list: [{identifier: a}]}\n",
        project=Project(name="app", batch=ProjectBatch(timeout=timedelta(seconds=3))),
    )
    assert ("TIMED_OUT", {"a": "STOPPED"}) == (done.status, done.builds)


def test_a_batch_that_nobody_knows(services):
    with pytest.raises(UsageError, match="there is no batch 'app:1'"):
        batch_result("build-batch/app:1", services)


def test_a_batch_that_has_ended_is_resumed_by_telling_how(run, services):
    done = run(f"{SAYING}batch: {{build-list: [{{identifier: a}}]}}\n")
    assert done.result == resume_batch(done.result.stream, services)


def test_a_plan_of_a_batch_changes_nothing(services, source):
    (source / "buildspec.yml").write_text(f"{SAYING}batch: {{build-list: [{{identifier: a}}]}}\n")
    request = BuildRequest(source=source, project=Project(name="app"), runner="host")
    plan, _ = check_batch(request, services)
    assert ["a"] == [node.identifier for node in plan.nodes]
    assert [] == services.executions.list()


def test_trap_36_every_combination_of_a_matrix_is_a_build_of_its_own(run, source):
    for name in ("a", "b"):
        (source / f"{name}.yml").write_text(SAYING.replace("echo", f"echo {name}"))
    done = run(
        f"{SAYING}batch: {{build-matrix: {{dynamic: {{buildspec: [a.yml, b.yml], "
        "env: {variables: {V: [1, 2, 3]}}}}}\n"
    )
    assert ("SUCCEEDED", 6) == (done.status, len(done.builds))
    assert [
        f"{name} matrix_{3 * at + v} {v}" for at, name in enumerate("ab") for v in (1, 2, 3)
    ] == [line for said in done.said.values() for line in said]


REPORTING = """version: 0.2
phases:
  build:
    commands:
      - N=${CODEBUILD_BATCH_BUILD_IDENTIFIER#BuildFanoutShard}
      - echo "<testsuite><testcase name='t$N' time='$N'/></testsuite>" > unit.xml
      - test $N = 1 || cp unit.xml second.xml
reports: {unit: {files: unit.xml}, second: {files: second.xml}}
"""


def test_reports_of_one_name_are_one_for_all_shards(run):
    done = run(f"{REPORTING}batch: {{build-fanout: {{parallelism: 2}}}}\n")
    assert [("app-unit", "SUCCEEDED", 2, 2e9), ("app-second", "INCOMPLETE", 1, 2e9)] == [
        (r["name"], r["status"], r["total"], r["durationInNanoSeconds"])
        for r in done.result.reports
    ]
    uuid = done.result.batch_id.partition(":")[2]
    assert [f"report/app-{name}:{uuid}" for name in ("unit", "second")] == [
        arn[arn.index("report/") :] for arn in done.result.batch["reportArns"]
    ]


def test_merged_reports_are_compared_with_those_of_the_fan_out_before(run):
    text = f"{REPORTING}batch: {{build-fanout: {{parallelism: 2}}}}\n"
    before = run(text)
    run(f"{SAYING}batch: {{build-list: [{{identifier: a}}]}}\n")
    done = run(text.replace("time='$N'", "time='3'"))
    (unit, _), (earlier, _) = done.result.reports, before.result.reports
    assert {"arn": earlier["arn"], "PASS_RATE": 100.0, "DURATION": 2.0, "TOTAL": 2.0} == (
        unit["previous"]
    )
    assert "previous" not in earlier


def test_reports_of_builds_that_are_no_shards_stay_each_builds_own(run):
    text = f"{REPORTING}batch: {{build-list: [{{identifier: a}}, {{identifier: b}}]}}\n"
    run(text)
    done = run(text)
    unit = [report for report in done.result.reports if report["name"] == "app-unit"]
    assert 2 == len({report["arn"] for report in unit})
    # The run before is the batch before, not a build that ran beside.
    theirs = set(done.result.batch["reportArns"])
    assert all(report["previous"]["arn"] not in theirs for report in unit)


def test_an_entry_may_ask_for_another_machine_than_the_project(services, source):
    (source / "buildspec.yml").write_text(
        f"{SAYING}batch: {{build-list: [{{identifier: a}}, {{identifier: b, env: "
        "{compute-type: BUILD_LAMBDA_1GB, privileged-mode: true}, debug-session: true}]}\n"
    )
    request = BuildRequest(source=source, project=Project(name="app"), runner="docker")
    plan, _ = check_batch(request, services)
    a, b = (node.build for node in plan.nodes)
    assert (1 << 30, "socket", True) == (b.place.memory, b.place.docker, b.debug_session)
    assert ("", False) == (a.place.docker, a.debug_session)


def test_the_ledger_of_a_batch_tells_of_its_own_documents_and_of_its_builds_once(services, source):
    (source / "other.yml").write_text(f"{SAYING}proxy: {{logs: yes}}\n")
    (source / "buildspec.yml").write_text(
        f"{SAYING}batch:\n  build-list:\n    - {{identifier: a, buildspec: other.yml}}\n"
        "    - {identifier: b, buildspec: other.yml, env: {fleet: f}}\n"
    )
    request = BuildRequest(source=source, project=Project(name="app"), runner="host")
    plan, _ = check_batch(request, services)
    assert ["batch.build-list.2.env.fleet", "proxy.logs"] == [e.key for e in plan.ledger]
