"""Which build follows a failed one by itself."""

from dataclasses import replace

import pytest

from cicd import expression
from cicd.build.attempts import attempt_words, follow_up, following, pattern_fault
from cicd.build.plan import Attempt
from cicd.build.project import default_project
from cicd.build.run import build_result, resume_build
from cicd.build.spec import OnFailure
from cicd.expression import ExpressionFault
from tests.build.machine import NOW, Run, phase, plan

ALWAYS = {"on_failure": OnFailure.RETRY}


def failing(phase_plan, attempt=None, *others):
    """Give the plan and the last state of a build whose command "bad" fails."""
    of = replace(plan(phase_plan, *others), attempt=attempt or Attempt())
    done = Run(of).to_the_end(("bad",))
    return of, done


def chain(of):
    """Give every attempt that follows while "bad" goes on failing."""
    found = []
    while (after := following(of, Run(of).to_the_end(("bad",)).state)) is not None:
        of = follow_up(of, after, NOW)
        found.append(of)
    return found


@pytest.mark.parametrize(("retries", "runs"), [(0, 0), (1, 1), (3, 3), (100, 100)])
def test_a_build_runs_again_as_often_as_on_failure_says(retries, runs):
    made = chain(plan(phase("BUILD", "bad", **ALWAYS, retries=retries)))
    assert runs == len(made)
    assert runs + 1 == len({"app:1", *(p.build_id for p in made)})
    assert [f"attempt {n} of {runs + 1}" for n in range(2, runs + 2)] == [
        attempt_words(p.attempt) for p in made
    ]


@pytest.mark.parametrize(
    ("pattern", "again"),
    [
        (".*", True),
        ("exit status 1", True),
        ("^Error while executing command: bad", True),
        ("exit status 2", False),
        ("^exit", False),
    ],
)
def test_the_pattern_is_searched_in_the_message_of_the_phase_context(pattern, again):
    of, done = failing(phase("BUILD", "bad", **ALWAYS, retry_pattern=pattern))
    assert again == (following(of, done.state) is not None)


def test_a_pattern_that_takes_too_long_to_match_runs_nothing_again(monkeypatch):
    monkeypatch.setattr(expression, "LIMIT", 0.05)
    endless = phase("BUILD", "bad" + "a" * 60, **ALWAYS, retry_pattern="(a|aa)+$")
    of = plan(endless)
    done = Run(of).to_the_end(("bad" + "a" * 60,))
    assert following(of, done.state) is None


def test_a_run_that_will_be_repeated_ends_after_finally():
    others = (phase("PRE_BUILD", "p"), phase("POST_BUILD", "q"))
    of, done = failing(phase("BUILD", "bad", finally_=("f",), **ALWAYS), None, *others)
    assert ["p", "bad", "f"] == done.texts
    assert "UPLOAD_ARTIFACTS" not in done.phases
    assert following(of, done.state) is not None


def test_the_last_run_goes_on_as_if_nothing_were_asked():
    last = Attempt(retried=3)
    of, done = failing(phase("BUILD", "bad", **ALWAYS), last, phase("POST_BUILD", "q"))
    assert ["bad", "q"] == done.texts
    assert None is following(of, done.state)


@pytest.mark.parametrize("name", ["INSTALL", "PRE_BUILD"])
def test_early_phases_are_run_again_too(name):
    of, done = failing(phase(name, "bad", **ALWAYS), None, phase("BUILD", "b"))
    assert ["bad"] == done.texts
    assert following(of, done.state).attempt.retried == 1


def test_a_stopped_build_is_not_run_again():
    of = replace(plan(phase("BUILD", "bad", **ALWAYS)), attempt=Attempt(auto_retry_limit=2))
    run = Run(of)
    run.start()
    run.add("SIGNALLED", signal="stop", reason="STOPPED")
    run.finish()
    run.to_the_end()
    assert None is following(of, run.state)


def test_the_projects_limit_counts_builds_beside_the_first():
    of = replace(plan(phase("BUILD", "bad")), attempt=Attempt(auto_retry_limit=2))
    made = chain(of)
    assert [1, 2] == [p.attempt.auto_retry_number for p in made]
    assert "automatic retry 2 of 2" == attempt_words(made[-1].attempt)
    assert [of.build_id, made[0].build_id] == [p.attempt.previous for p in made]


def test_on_failure_is_used_up_before_the_projects_limit_and_counts_anew_after_it():
    of = replace(
        plan(phase("BUILD", "bad", **ALWAYS, retries=1)), attempt=Attempt(auto_retry_limit=1)
    )
    made = [(p.attempt.retried, p.attempt.auto_retry_number) for p in chain(of)]
    assert [(1, 0), (0, 1), (1, 1)] == made


def test_a_pattern_that_takes_too_long_is_told_as_the_reason(monkeypatch):
    monkeypatch.setattr("cicd.build.attempts.matches", too_slow)
    failed = phase("BUILD", "bad", on_failure=OnFailure.RETRY, retry_pattern="(a+)+$")
    assert pattern_fault(failed, "aaaa", Attempt()) == (
        "the build is not run again by 'RETRY-(a+)+$': it takes too long"
    )
    assert not pattern_fault(failed, "aaaa", Attempt(retried=failed.retries))
    assert not pattern_fault(phase("BUILD", "bad"), "aaaa", Attempt())


def too_slow(_pattern, _text):
    raise ExpressionFault("it takes too long")


# ── For real ──────────────────────────────────────────────────────────────────────────────────

FLAKY = """version: 0.2
phases:
  build:
    on-failure: RETRY-3
    commands: ['test -e fresh && exit 9; touch fresh; echo $CODEBUILD_BUILD_NUMBER',
               'n=$(cat {count} 2>/dev/null || echo 0); echo $((n+1)) > {count}; test $n -ge 2']
"""


def builds_of(services):
    return list(reversed(services.executions.list(kind="build")))


def test_a_flaky_build_succeeds_in_its_third_fresh_session(build, services, tmp_path, reporter):
    done = build(FLAKY.format(count=tmp_path / "count"))
    records = builds_of(services)
    assert ["FAILED", "FAILED", "SUCCEEDED"] == [r.status for r in records]
    assert [1, 2, 3] == [r.number for r in records]
    assert ("SUCCEEDED", records[-1].stream) == (done.status, done.result.stream)
    shapes = [build_result(r.stream, services).build for r in records]
    arns = [shape["arn"] for shape in shapes]
    links = [shape["autoRetryConfig"] for shape in shapes]
    assert [arns[1], arns[2], None] == [link.get("nextAutoRetry") for link in links]
    assert [None, arns[0], arns[1]] == [link.get("previousAutoRetry") for link in links]
    said = [said.text for _, _, said in reporter.events if said.text.startswith("Build app:")]
    assert ["attempt 2 of 4", "attempt 3 of 4"] == [
        text.rpartition(", ")[2] for text in said if "attempt" in text
    ]


def test_a_build_that_died_between_two_attempts_is_taken_up_again(build, services, tmp_path):
    class Died(Exception):
        pass

    submission, seen = services.executions.submission, []

    class Dying:
        def __getattr__(self, name):
            return getattr(services.executions, name)

        def submission(self, stream, **more):
            seen.append(stream)
            if len(seen) == 2:
                raise Died
            return submission(stream, **more)

    with pytest.raises(Died):
        build(
            FLAKY.format(count=tmp_path / "count"),
            services=replace(services, executions=Dying()),
        )
    (first,) = builds_of(services)
    assert "SUCCEEDED" == resume_build(first.stream, services).status
    assert ["FAILED", "FAILED", "SUCCEEDED"] == [r.status for r in builds_of(services)]
    assert seen[1] == builds_of(services)[1].stream
    assert "SUCCEEDED" == resume_build(first.stream, services).status
    assert 3 == len(builds_of(services))


def test_the_projects_limit_is_for_builds_outside_pipelines(build, services):
    spec = "version: 0.2\nphases: {build: {commands: ['false']}}\n"
    project = replace(default_project("app"), auto_retry_limit=1)
    assert "FAILED" == build(spec, project=project).status
    assert ["FAILED", "FAILED"] == [r.status for r in builds_of(services)]
    build(spec, project=replace(project, name="piped"), outputs=())
    assert 1 == len(services.executions.list(kind="build", name="piped"))
