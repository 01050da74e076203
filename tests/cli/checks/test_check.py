"""``cicd check``, and the hook that runs it, from outside: the exact commits, and only those."""

import json
import os
import shutil

import pytest

from tests.cli.checks.pushing import CICD, cicd, commit, git, make, run

COMMANDS = "check:\n  commands:\n    - {name: look, run: 'test ! -e bad && cat said'}\n"


@pytest.fixture
def here(tmp_path):
    repository = make(tmp_path)
    commit(repository, {"cicd.yml": COMMANDS, "said": "one\n"})
    return repository


def checks(said):
    (found,) = json.loads(said.splitlines()[-1])["commits"]
    return {each["check"]: each for each in found["checks"]}


def test_what_is_committed_is_checked_and_not_what_lies_about(here):
    (here / "bad").touch()
    assert 0 == cicd(here, "check")[0]
    git(here, "add", "bad")
    assert 0 == cicd(here, "check", "--no-receipt")[0]
    commit(here, {})
    (here / "bad").unlink()
    status, said = cicd(here, "check")
    assert (1, True) == (status, "NO  command look" in said)


def test_what_has_passed_is_not_done_again_unless_asked(here):
    def receipts(*words):
        return checks(cicd(here, "check", "--output", "json", *words)[1])["command look"][
            "receipt"
        ]

    assert [False, True, False] == [receipts(), receipts(), receipts("--no-receipt")]
    git(here, "commit", "-q", "--amend", "-m", "other words")
    assert receipts()
    (here / ".cicd" / "config.toml").write_text("jobs = 2\n")
    assert not receipts()


def test_a_plan_gives_a_reason_for_each_and_runs_nothing(here):
    text = """
projects:
  - name: web
    webhook:
      filterGroups: [[{type: EVENT, pattern: PUSH}, {type: HEAD_REF, pattern: refs/heads/door}]]
check:
  lint: no
  commands:
    - {name: never, run: 'touch $CICD_CHECK_WORKTREE/ran', filePaths: [never/**]}
    - {name: now, run: 'touch $CICD_CHECK_WORKTREE/ran'}
"""
    commit(here, {"cicd.yml": text})
    status, said = cicd(here, "check", "--plan", "--output", "json")
    assert 0 == status
    found = {name: (each["runs"], each["why"]) for name, each in checks(said).items()}
    assert found == {
        "lint": (False, "'lint' of 'check' is off"),
        "command never": (False, "none of 2 changed files is of never/**"),
        "command now": (True, "'check' names it"),
        "build web": (
            False,
            "group 1: HEAD_REF: 'refs/heads/main' does not match 'refs/heads/door'",
        ),
    }
    assert not (here / "ran").exists()


def test_a_build_that_the_push_would_start_runs_in_the_snapshot_with_history(here):
    project = "{type: EVENT, pattern: PUSH}, {type: HEAD_REF, pattern: refs/heads/main}"
    commit(
        here,
        {
            "cicd.yml": f"projects: [{{name: web, webhook: {{filterGroups: [[{project}]]}}}}]\n"
            "local: {runner: host}\n",
            "buildspec.yml": "version: 0.2\nphases:\n  build:\n    commands:\n"
            "      - git log --format=%s | grep 'a message'\n      - test ! -e bad\n",
        },
    )
    (here / "bad").touch()
    status, said = cicd(here, "check")
    assert (0, True) == (status, "ok  build web" in said), said
    commit(here, {})
    status, said = cicd(here, "check")
    assert 1 == status
    assert "test ! -e bad" in said


def test_a_pipeline_that_deploys_is_not_run_behind_anybodys_back(here):
    def action(category, provider, **more):
        kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
        return {"name": category, "actionTypeId": kind, **more}

    place = {"RepositoryName": "app", "BranchName": "main"}
    source = action("Source", "CodeCommit", configuration=place, outputArtifacts=[{"name": "S"}])
    target = {"ApplicationName": "app", "DeploymentGroupName": "g"}
    deploy = action("Deploy", "CodeDeploy", configuration=target, inputArtifacts=[{"name": "S"}])
    stages = [{"name": n, "actions": [a]} for n, a in (("Source", source), ("Prod", deploy))]
    store = {"type": "S3", "location": "b"}
    pipeline = {"name": "p", "roleArn": "arn:aws:iam::123456789012:role/r", "version": 1}
    document = {"pipeline": {**pipeline, "artifactStore": store, "stages": stages}}
    commit(here, {"pipeline.json": json.dumps(document)})
    status, said = cicd(here, "check", "--plan")
    assert 0 == status, said
    assert "-  pipeline p: the push would start it, but 'Deploy' acts outside" in said


def test_documents_are_linted_under_the_names_that_people_use(here):
    commit(here, {"ci/buildspec.yml": "version: 0.2\nphases: {biuld: {commands: [make]}}\n"})
    status, said = cicd(here, "check")
    assert 1 == status
    assert "ci/buildspec.yml:2:" in said


def test_of_a_large_commit_only_documents_are_written_unless_more_is_asked_for(here):
    many = {f"many/{number}": "" for number in range(1000)}
    hooks = "hooks: {ValidateService: [{location: scripts/validate.sh}]}\n"
    commit(
        here,
        {
            **many,
            "cicd.yml": COMMANDS.replace("'test ! -e bad && cat said'", "'ls many | wc -l'"),
            "deploy/appspec.yml": f"version: 0.0\nos: linux\n{hooks}",
            "deploy/scripts/validate.sh": "#!/bin/sh\r\n",
        },
    )
    status, said = cicd(here, "check")
    assert 0 == status
    assert "'scripts/validate.sh' has Windows line ends" in said
    assert "'scripts/validate.sh' is not executable" in said
    assert "ok  command look" in said
    alone = cicd(here, "check", "--no-receipt", CICD_SKIP="look")[1]
    assert [line for line in said.splitlines() if "validate" in line] == [
        line for line in alone.splitlines() if "validate" in line
    ]


def test_a_push_with_the_hook_is_stopped_by_what_does_not_pass(here, tmp_path):
    assert 0 == cicd(here, "hooks", "install")[0]
    commit(here, {"bad": ""})
    status, said = run(here, "git", "push", "-q", "origin", "main")
    assert 1 == status
    assert "NO  command look" in said
    assert "" == git(tmp_path / "remote.git", "for-each-ref")
    git(here, "push", "-q", "--no-verify", "origin", "main")
    git(here, "push", "-q", "origin", "main:skipped", CICD_SKIP="look")
    git(here, "push", "-q", "origin", "main:all", CICD_SKIP="1")
    git(here, "push", "-q", "origin", ":skipped")


def test_an_unchanged_push_passes_without_cicd_being_started(here):
    cicd(here, "hooks", "install")
    hook = here / ".git" / "hooks" / "pre-push"
    git(here, "push", "-q", "origin", "main:first")
    git(here, "push", "-q", "--no-verify", "origin", ":first")
    hook.write_text(hook.read_text().replace("\nprogram=", "\nprogram=/nowhere\nother="))
    git(here, "commit", "-q", "--amend", "-m", "same files")
    without = {"PATH": "/usr/bin:/bin"}
    assert "has passed before" in git(here, "push", "origin", "main:first", **without)
    git(here, "push", "-q", "--no-verify", "origin", ":first")
    changes = (
        {"CICD_RUNNER": "host"},
        {"XDG_CONFIG_HOME": str(here.parent / "config")},
    )
    (here.parent / "config" / "cicd").mkdir(parents=True)
    (here.parent / "config" / "cicd" / "config.toml").write_text("jobs = 2\n")
    for change in changes:
        status, said = run(here, "git", "push", "origin", "main:first", **without, **change)
        assert (1, True) == (status, "not installed" in said), change
    commit(here, {"said": "two\n"})
    assert 1 == run(here, "git", "push", "origin", "main:first", **without)[0]


def test_tags_are_followed_to_their_commit_and_what_is_none_is_left(here):
    git(here, "tag", "-a", "v1", "-m", "one")
    blob = git(here, "hash-object", "-w", "said")
    git(here, "tag", "blob", blob)
    head, tag = git(here, "rev-parse", "HEAD"), git(here, "rev-parse", "v1")
    assert head != tag
    cicd(here, "hooks", "install")
    said = git(here, "push", "origin", "v1", "blob")
    assert f"{head[:12]} to tag v1" in said
    assert "tag blob: it is no commit, so there is nothing to check" in said


def test_a_range_says_what_was_there_and_what_comes(here):
    text = "check:\n  commands: [{name: docs, run: 'true', filePaths: [docs/**]}]\n"
    commit(here, {"cicd.yml": text, "docs/a": ""})
    commit(here, {"b": ""})
    for words, runs in (("HEAD~1..HEAD", False), ("HEAD~2..", True), ("..main", True)):
        said = cicd(here, "check", "--plan", "--output", "json", words)[1]
        assert runs is checks(said)["command docs"]["runs"], words
    assert 2 == cicd(here, "check", "main")[0]
    assert 2 == cicd(here, "check", "nothing..main")[0]
    assert 2 == cicd(here, "check", "--stdin", "a..b")[0]


def test_a_directory_with_a_cicd_yml_of_its_own_is_checked_when_it_changes(here):
    inner = "check:\n  commands: [{name: pwd, run: test -e here}]\n"
    commit(here, {"api/cicd.yml": inner, "api/here": ""})
    found = checks(cicd(here, "check", "--output", "json", "HEAD~1..")[1])
    assert 0 == found["command api:pwd"]["status"]
    commit(here, {"elsewhere": ""})
    found = checks(cicd(here, "check", "--output", "json", "HEAD~1..")[1])
    assert not found["command api:pwd"]["runs"]
    assert (
        0
        == checks(cicd(here, "check", "--all", "--output", "json", "HEAD~1..")[1])[
            "command api:pwd"
        ]["status"]
    )


def test_what_pre_commit_says_is_pushed_is_what_is_checked(here):
    first = git(here, "rev-parse", "HEAD")
    commit(here, {"bad": ""})
    told = {"PRE_COMMIT_TO_REF": first, "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/old"}
    status, said = cicd(here, "check", **told)
    assert (0, True) == (status, f"{first[:12]} to branch old" in said)
    assert 1 == cicd(here, "check")[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("check: {lnt: no}\n", "cicd.yml:1:9"),
        ("check: {builds: [nothing]}\nprojects: [{name: web}]\n", "there is no project 'nothing'"),
        ("check: {pipelines: [p]}\n", "'check' names the pipeline 'p', which is not there"),
    ],
)
def test_a_check_that_cannot_be_read_stops_with_the_reason(here, text, words):
    commit(here, {"cicd.yml": text})
    status, said = cicd(here, "check")
    assert status in (2, 3)
    assert words in said
    assert [] == list((here / ".cicd" / "checks").iterdir())


@pytest.mark.parametrize("words", [["check"], ["hooks", "install"]])
def test_outside_of_a_repository_it_says_how_to_have_one(tmp_path, words):
    status, said = cicd(tmp_path, *words)
    assert (2, True) == (status, "go into one, or make this one with 'git init'" in said), said


def test_thousands_of_refs_cost_git_no_more_questions_than_one(here, tmp_path):
    first, zero = git(here, "rev-parse", "HEAD"), "0" * 40
    git(here, "update-ref", "refs/remotes/origin/main", first)
    commit(here, {"said": "two\n"})
    git(here, "tag", "-a", "-m", "a tag", "annotated")
    head = git(here, "rev-parse", "HEAD")
    blob, tag = (git(here, "rev-parse", name) for name in ("HEAD:said", "annotated"))
    git_is = shutil.which("git")
    asked = tmp_path / "asked"
    (tmp_path / "git").write_text(f'#!/bin/sh\necho >>"{asked}"\nexec "{git_is}" "$@"\n')
    (tmp_path / "git").chmod(0o755)
    line = (
        f"exec {CICD} check --stdin --remote origin --no-receipt --output plain <{tmp_path}/refs"
    )

    def questions(refs):
        asked.write_text("")
        given = "".join(f"{name} {own} {name} {before}\n" for name, own, before in refs)
        (tmp_path / "refs").write_text(given)
        status, said = run(here, "sh", "-c", line, PATH=f"{tmp_path}:{os.environ['PATH']}")
        assert 0 == status, said
        return len(asked.read_text()), said

    one, _ = questions([("refs/tags/v0", head, zero)])
    many, said = questions([(f"refs/tags/v{n}", head, zero) for n in range(3000)])
    assert many <= one + 1
    assert f"{head[:12]} to tag v0, tag v1, tag v2, " in said
    assert ", tag v7 and 2992 more\n" in said
    mixed = [("refs/tags/annotated", tag, zero), ("refs/heads/main", head, first)]
    lost = [("refs/tags/blob", blob, zero), ("refs/tags/gone", "1" * 40, zero)]
    _, said = questions([*mixed, ("refs/heads/old", first, zero), *lost])
    assert f"{head[:12]} to tag annotated, branch main\n" in said
    assert f"{first[:12]} to branch old\n" in said
    assert 2 == said.count("it is no commit, so there is nothing to check")
