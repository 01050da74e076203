"""What documents of one repository say of each other."""

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.lint.links import check_links
from cicd.lint.links_bundle import could_hold

APPSPEC = """\
version: 0.0
os: linux
files: [{source: app, destination: /srv}]
hooks:
  AfterInstall: [{location: scripts/start.sh}]
"""
BUILDSPEC = """\
version: 0.2
phases: {{build: {{commands: [make]}}}}
artifacts:
  files: {files}
  {more}
"""


@pytest.mark.parametrize(
    ("pattern", "name", "may"),
    [
        ("**/*", "appspec.yml", True),
        ("appspec.yml", "appspec.yml", True),
        ("*.yml", "appspec.yml", True),
        ("*.yml", "scripts/a.sh", False),
        ("scripts/*", "scripts/a.sh", True),
        ("scripts/*", "scripts", True),
        ("scripts/**/*", "scripts/deep/a.sh", True),
        ("scripts/a.sh", "scripts/b.sh", False),
        ("*/a.sh", "scripts/a.sh", True),
        ("app", "app/deep", False),
    ],
)
def test_what_a_pattern_may_take(pattern, name, may):
    assert may is could_hold((pattern,), name)


def told(folder, files="['**/*']", more=""):
    (folder / "buildspec.yml").write_text(BUILDSPEC.format(files=files, more=more))
    (folder / "appspec.yml").write_text(APPSPEC)
    return [(p.rule, p.span.source.name, p.span.line) for p in check_links(folder)]


def test_everything_is_in_an_artifact_of_everything(tmp_path):
    assert [] == told(tmp_path)


def test_what_no_pattern_takes_is_told_where_it_is_named(tmp_path):
    assert [
        ("links/file-left-out", "appspec.yml", 3),
        ("links/file-left-out", "appspec.yml", 5),
    ] == told(tmp_path, "[appspec.yml, '*.jar']")


def test_an_appspec_that_stays_behind_is_told_at_the_patterns(tmp_path):
    assert [("links/appspec-left-out", "buildspec.yml", 4)] == told(tmp_path, "[app.jar]")


@pytest.mark.parametrize(
    ("files", "more"),
    [("['$OUT/*']", ""), ("['*.jar']", "base-directory: target"), ("[a]", "discard-paths: yes")],
)
def test_what_cannot_be_decided_is_not_told(tmp_path, files, more):
    assert [] == told(tmp_path, files, more)


def test_a_script_with_windows_line_ends_cannot_start(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "start.sh").write_bytes(b"#!/bin/sh\r\necho a\r\n")
    assert [("links/script-line-ends", "appspec.yml", 5)] == told(tmp_path)


def test_links_are_part_of_lint_and_can_be_passed_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    told(tmp_path, "[app.jar]")
    assert 1 == run(cicd, ["lint", "--fail-on", "warning", "--output", "plain"])
    assert "warning[links/appspec-left-out]" in capsys.readouterr().err
    line = "artifacts:\n  # cicd-lint: ignore=links/*"
    text = (tmp_path / "buildspec.yml").read_text().replace("artifacts:", line)
    (tmp_path / "buildspec.yml").write_text(text)
    run(cicd, ["lint", "--output", "plain"])
    assert "links/" not in capsys.readouterr().err


ACTION = """\
      - name: {name}
        actionTypeId: {{category: {category}, owner: AWS, provider: {provider}, version: "1"}}
        configuration: {{{configuration}}}
        inputArtifacts: [{inputs}]
        outputArtifacts: [{outputs}]
"""


def an_action(name, kind, configuration, inputs="", outputs=""):
    category, _, provider = kind.partition("/")
    return f"  - name: {name}\n    actions:\n" + ACTION.format(
        name=name,
        category=category,
        provider=provider,
        configuration=configuration,
        inputs=", ".join(f"{{name: {each}}}" for each in inputs.split()),
        outputs=", ".join(f"{{name: {each}}}" for each in outputs.split()),
    )


GET = an_action("Get", "Source/CodeCommit", "RepositoryName: r, BranchName: b", outputs="code")
UP = "ApplicationName: a, DeploymentGroupName: g"


def linked(folder, *stages, buildspec, project="name: shop"):
    (folder / "pipeline.yml").write_text("name: p\nstages:\n" + "".join(stages))
    (folder / "buildspec.yml").write_text(f"version: 0.2\n{buildspec}")
    (folder / "cicd.yml").write_text(f"projects: [{{{project}}}]\n")
    return [(p.rule.removeprefix("links/"), p.span.text) for p in check_links(folder)]


MAKE = "phases: {build: {commands: [make]}}\n"
FILES = "artifacts: {files: [app.jar]}\n"


def test_a_revision_that_comes_from_the_source_holds_what_the_source_holds(tmp_path):
    (tmp_path / "appspec.yml").write_text(APPSPEC)
    build = an_action("Make", "Build/CodeBuild", "ProjectName: shop", "code", "jar")
    source = an_action("Up", "Deploy/CodeDeploy", UP, "code")
    assert [] == linked(tmp_path, GET, build, source, buildspec=MAKE + FILES)
    built = an_action("Up", "Deploy/CodeDeploy", UP, "jar")
    assert [("appspec-left-out", "app.jar")] == linked(
        tmp_path, GET, build, built, buildspec=MAKE + FILES
    )


@pytest.mark.parametrize(
    ("batch", "expected"), [("false", [("appspec-left-out", "app.jar")]), ("true", [])]
)
def test_what_a_batch_leaves_is_not_what_its_buildspec_says(tmp_path, batch, expected):
    configuration = f'ProjectName: shop, BatchEnabled: "{batch}"'
    build = an_action("Make", "Build/CodeBuild", configuration, "code", "jar")
    up = an_action("Up", "Deploy/CodeDeploy", UP, "jar")
    assert expected == linked(tmp_path, GET, build, up, buildspec=MAKE + FILES)


def test_the_secondary_artifact_that_is_deployed_is_the_one_looked_into(tmp_path):
    (tmp_path / "appspec.yml").write_text(APPSPEC)
    build = an_action("Make", "Build/CodeBuild", "ProjectName: shop", "code", "whole part")
    files = "artifacts:\n  files: []\n  secondary-artifacts:\n"
    files += "    whole: {files: ['**/*']}\n    part: {files: [app.jar]}\n"
    for name, expected in (("whole", []), ("part", [("appspec-left-out", "app.jar")])):
        up = an_action("Up", "Deploy/CodeDeploy", UP, name)
        assert expected == linked(tmp_path, GET, build, up, buildspec=MAKE + files)


def test_outputs_and_artifacts_belong_together(tmp_path):
    without = an_action("Make", "Build/CodeBuild", "ProjectName: shop", "code")
    with_one = an_action("Make", "Build/CodeBuild", "ProjectName: shop", "code", "jar")
    batch = an_action(
        "Make", "Build/CodeBuild", 'ProjectName: shop, BatchEnabled: "true"', "code", "one two"
    )
    assert [("no-artifact", "jar")] == linked(tmp_path, GET, with_one, buildspec=MAKE)
    assert [("lost-artifact", "Make")] == linked(tmp_path, GET, without, buildspec=MAKE + FILES)
    assert [] == linked(tmp_path, GET, with_one, buildspec=MAKE + FILES)
    assert [] == linked(tmp_path, GET, batch, buildspec=MAKE)


def test_a_secondary_source_is_an_input_or_one_of_the_project(tmp_path):
    spec = "phases: {build: {commands: [ls $CODEBUILD_SRC_DIR_lib]}}\n"
    second = an_action("Lib", "Build/CodeBuild", "ProjectName: other", "code", "lib")
    two = "ProjectName: shop, PrimarySource: code"
    build = an_action("Make", "Build/CodeBuild", two, "code lib")
    alone = an_action("Make", "Build/CodeBuild", "ProjectName: shop", "code")
    assert [] == linked(tmp_path, GET, second, build, buildspec=spec)
    assert [("source-identifier", "CODEBUILD_SRC_DIR_lib")] == linked(
        tmp_path, GET, alone, buildspec=spec
    )


def test_buildspecs_of_a_batch_and_of_an_override_are_looked_for(tmp_path):
    spec = "batch: {build-list: [{identifier: a, buildspec: ci/a.yml}]}\n" + MAKE
    build = an_action(
        "Make", "Build/CodeBuild", "ProjectName: shop, BuildspecOverride: ci/b.yml", "code"
    )
    assert [("missing-buildspec", "ci/a.yml"), ("missing-buildspec", "ci/b.yml")] == linked(
        tmp_path, GET, build, buildspec=spec
    )


def test_a_retry_where_the_service_has_none_is_told(tmp_path):
    spec = "phases: {build: {on-failure: RETRY-2, commands: [make]}}\n"
    for environment, told in (
        ("{type: LINUX_LAMBDA_CONTAINER, computeType: BUILD_LAMBDA_1GB}", True),
        ("{type: LINUX_CONTAINER, fleet: {fleetArn: a}}", True),
        ("{type: LINUX_CONTAINER}", False),
    ):
        project = f"name: shop, environment: {environment}"
        found = linked(tmp_path, GET, buildspec=spec, project=project)
        assert [("no-retry-there", "on-failure")] * told == found


def test_a_project_on_another_system_is_told(tmp_path):
    spec = "env: {shell: bash}\n" + MAKE
    windows = "name: shop, environment: {type: WINDOWS_EC2, image: 'x-aarch64'}"
    linux = "name: shop, environment: {type: LINUX_CONTAINER, image: 'x-aarch64'}"
    assert [("shell-of-another-system", "WINDOWS_EC2")] == linked(
        tmp_path, GET, buildspec=spec, project=windows
    )
    assert [("image-of-another-processor", "'x-aarch64'")] == linked(
        tmp_path, GET, buildspec=spec, project=linux
    )
