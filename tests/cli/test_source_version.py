"""``cicd build --source-version``, seen from outside."""

import subprocess

import pytest

from tests.cli.killed import Outside

SPEC = """version: 0.2
phases:
  build:
    commands:
      - cat a
      - git rev-parse --abbrev-ref HEAD
      - test "$(git rev-parse HEAD)" = "$CODEBUILD_RESOLVED_SOURCE_VERSION"
      - echo "$CODEBUILD_SOURCE_VERSION $CODEBUILD_SOURCE_REPO_URL"
"""


def git(directory, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@x"]
    subprocess.run(["git", *who, *words], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def app(tmp_path):
    """Give a repository with a tag, a commit behind it, and a file that is changed since."""
    app = tmp_path / "app"
    app.mkdir()
    git(app, "init", "--quiet")
    git(app, "remote", "add", "origin", "https://example.com/app.git")
    for text in ("tagged", "committed"):
        (app / "a").write_text(f"{text}\n")
        name = "ci.yml" if text == "tagged" else "buildspec.yml"
        (app / name).write_text(SPEC)
        git(app, "add", "--all")
        git(app, "commit", "--quiet", f"--message={text}")
        if text == "tagged":
            git(app, "tag", "v1")
            (app / name).unlink()
    (app / "a").write_text("changed\n")
    return app


def test_a_version_is_built_as_git_has_it_with_its_own_buildspec(app):
    outside = Outside(app)
    words = ("build", "--runner", "host", "--source-version", "v1", "--buildspec", "ci.yml")
    status, out, said = outside.run(*words)
    assert 0 == status, out + said
    lines = out.splitlines()
    assert {"tagged", "HEAD", "v1 https://example.com/app.git"} <= set(lines)
    assert "changed\n" == (app / "a").read_text()
    status, out, said = outside.run("build", "--runner", "host", "--source-version", "HEAD")
    assert (0, True) == (status, "committed" in out.splitlines()), out + said


def test_a_version_that_is_not_there_is_told_by_the_users_own_repository(app):
    status, _, said = Outside(app).run("build", "--runner", "host", "--source-version", "v9")
    assert (2, True) == (status, f"'v9' is not a commit, branch or tag of {app}" in said)


def test_a_source_that_is_elsewhere_is_to_be_cloned(app):
    status, _, said = Outside(app).run("build", "https://example.com/app.git")
    assert (2, True) == (
        status,
        "hint: a source is a directory of this machine: git clone" in said,
    )


def test_a_directory_that_the_version_does_not_have_is_told(app):
    below = app / "below"
    below.mkdir()
    (below / "buildspec.yml").write_text(SPEC)
    status, _, said = Outside(below).run("build", "--runner", "host", "--source-version", "v1")
    assert (2, True) == (status, "'below' is not in v1" in said)


def test_what_a_batch_of_a_version_did_is_kept_in_the_users_own_home(app):
    batch = "batch:\n  build-list:\n    - identifier: one\n"
    (app / "batch.yml").write_text(SPEC + batch)
    git(app, "add", "batch.yml")
    git(app, "commit", "--quiet", "--message=batch")
    outside = Outside(app)
    words = ("--runner", "host", "--source-version", "HEAD", "--buildspec", "batch.yml")
    status, out, said = outside.run("build", "--batch", *words)
    assert 0 == status, out + said
    assert [app / ".cicd" / "state.db"] == list(app.rglob("state.db"))
