"""A secondary source of a project that git fetches, seen from outside."""

import subprocess

from tests.cli.killed import Outside

SPEC = """version: 0.2
phases:
  build:
    commands:
      - cat "$CODEBUILD_SRC_DIR_lib/a"
      - test "$(git -C "$CODEBUILD_SRC_DIR_lib" rev-parse HEAD)" = "$CODEBUILD_SOURCE_VERSION_lib"
      - echo spoiled >"$CODEBUILD_SRC_DIR_lib/a"
"""


def test_a_source_with_a_git_url_is_fetched_and_never_changed_by_a_build(tmp_path):
    origin, app = tmp_path / "lib", tmp_path / "app"
    app.mkdir()
    origin.mkdir()

    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@x"]
        subprocess.run(["git", *who, *words], cwd=origin, check=True, capture_output=True)

    git("init", "--quiet")
    (origin / "a").write_text("from elsewhere\n")
    git("add", "--all")
    git("commit", "--quiet", "--message=one")
    (app / "buildspec.yml").write_text(SPEC)
    (app / "cicd.yml").write_text(
        "projects:\n  - name: app\n    source: {type: NO_SOURCE}\n    secondarySources:\n"
        f"      - {{type: GITHUB, sourceIdentifier: lib, location: '{origin.as_uri()}'}}\n"
    )
    outside = Outside(app)
    for _ in range(2):
        status, out, said = outside.run("build", "--runner", "host")
        assert 0 == status, out + said
        assert "from elsewhere" in out
        assert f"source lib: {origin.as_uri()} at " in said
    (app / "cicd.yml").write_text((app / "cicd.yml").read_text().replace("/lib'", "/none'"))
    status, _, said = outside.run("build", "--runner", "host")
    assert (4, True) == (status, "none cannot be fetched: " in said)
