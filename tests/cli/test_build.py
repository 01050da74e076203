"""`cicd build` and `cicd builds` from outside: words in, words and exit statuses out."""

import json
import subprocess
from datetime import UTC, datetime

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.event import Event, EventKind
from cicd.settings import Settings
from cicd.wiring import make_services

BUILDSPEC = """version: 0.2
env: {variables: {A: spec}}
phases:
  build:
    commands:
      - echo "A is $A"
      - echo made > made.txt
artifacts: {files: [made.txt]}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "buildspec.yml").write_text(BUILDSPEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / ".cicd"))
    monkeypatch.setenv("CICD_RUNNER", "host")
    return tmp_path


def asked(*words):
    return run(cicd, list(words))


def last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_build_needs_no_flags(here, capsys):
    assert 0 == asked("build")
    assert "A is spec" in capsys.readouterr().out.splitlines()


def test_the_result_has_awss_shape(here, capsys):
    assert 0 == asked("build", "--output", "json", "--env", "A=flag", "--timeout", "9")
    build = last_json(capsys)
    assert ("SUCCEEDED", 9, [{"name": "A", "value": "flag", "type": "PLAINTEXT"}]) == (
        build["buildStatus"],
        build["timeoutInMinutes"],
        build["environment"]["environmentVariables"],
    )


def test_a_comment_passes_a_warning_over_in_a_run_as_in_lint(here, capsys):
    for comment, told in (("", True), ("  # cicd-lint: ignore=build/unknown-key", False)):
        (here / "buildspec.yml").write_text(f"{BUILDSPEC}more: 1{comment}\n")
        assert 0 == asked("build")
        assert ("unknown-key" in "".join(capsys.readouterr())) is told


ALL = """version: 0.2
phases:
  build:
    commands:
      - echo '<testsuite><testcase name="a"/></testsuite>' >r.xml
artifacts: {files: '**/*'}
"""


def test_an_engine_may_be_asked_for_without_a_project(here, capsys):
    for words, given in ((), False), (("--privileged",), True):
        command = ("build", "--runner", "docker", "--plan", "--output", "json", *words)
        assert 0 == asked(*command)
        plan = last_json(capsys)
        assert (given, "socket" if given else "") == (plan["privileged"], plan["place"]["docker"])
    assert 0 == asked("build", "--privileged")
    assert "--privileged has no effect: the host runner has no images" in capsys.readouterr().err


def test_artifacts_that_go_below_the_source_are_no_part_of_it(here, capsys):
    (here / "buildspec.yml").write_text(ALL)
    for _ in range(2):
        assert 0 == asked("build", "--artifacts", "out")
        assert ": SUCCEEDED, 1 test: " in capsys.readouterr().out
    made = {str(path.relative_to(here / "out")) for path in (here / "out").rglob("*")}
    assert {"buildspec.yml", "r.xml"} == made


def test_artifacts_that_git_keeps_are_part_of_the_source(here):
    (here / "buildspec.yml").write_text(
        BUILDSPEC.replace("echo made", "cat out/kept && echo made")
    )
    (here / "out").mkdir()
    (here / "out" / "kept").touch()
    for words in (("init", "--quiet"), ("add", "--all")):
        subprocess.run(["git", *words], check=True, cwd=here)
    assert 0 == asked("build", "--artifacts", "out")
    subprocess.run(["git", "rm", "--quiet", "--cached", "out/kept"], check=True, cwd=here)
    assert 1 == asked("build", "--artifacts", "out")


def test_a_source_below_and_its_artifacts(here, capsys):
    (here / "sub").mkdir()
    (here / "sub" / "buildspec.yml").write_text(BUILDSPEC)
    assert 0 == asked("build", "sub", "--artifacts", "out")
    assert "made\n" == (here / "out" / "made.txt").read_text()


def test_the_document_is_found_upwards(here, monkeypatch, capsys):
    (here / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(here / "deep" / "er")
    assert 0 == asked("build")


def test_a_failed_build_exits_1_and_names_the_line(here, capsys):
    (here / "buildspec.yml").write_text(BUILDSPEC.replace("echo made > made.txt", "exit 7"))
    assert 1 == asked("build")
    told, said = (text.splitlines() for text in capsys.readouterr())
    assert "hint: look into it where it happens: cicd build --break-on failure" == told[-1]
    at = said.index("error[build/command-failed]: a command of BUILD ended with exit status 7")
    assert "  --> buildspec.yml:7:9" == said[at + 1]
    assert " 7 |         exit 7" == said[at + 3]
    assert 1 == asked("build", "--output", "json")
    assert "break-on" not in capsys.readouterr().out


def test_what_no_line_explains_is_explained_once_with_its_hint(here, capsys):
    (here / "buildspec.yml").write_text(BUILDSPEC.replace("[made.txt]", ""))
    assert 1 == asked("build")
    told = capsys.readouterr()
    assert 1 == told.out.count("no definition for primary artifacts in buildspec")
    assert 0 == told.err.count("no definition for primary artifacts in buildspec")
    assert 1 == told.err.count("hint: name its files: 'artifacts: {files: [...]}'")
    assert 1 == asked("builds", "resume")
    assert 1 == capsys.readouterr().err.count("no definition for primary artifacts in buildspec")


def test_a_secret_of_the_project_is_not_exported_and_that_is_told(here, capsys):
    variable = "{name: TOKEN, value: t, type: SECRETS_MANAGER}"
    project = f"projects: [{{name: app, environment: {{environmentVariables: [{variable}]}}}}]\n"
    (here / "cicd.yml").write_text(project)
    spec = BUILDSPEC.replace("env: {", "env: {exported-variables: [A, TOKEN], ")
    (here / "buildspec.yml").write_text(spec)
    assert 0 == asked("build", "--env", "TOKEN=plain", "--output", "json")
    told = capsys.readouterr()
    assert "'TOKEN' is a secret of the project, so it is not exported" in told.out
    build = json.loads(told.out.splitlines()[-1])
    assert ["A"] == [each["name"] for each in build["exportedEnvironmentVariables"]]


def test_an_image_for_a_runner_without_images_is_told_to_have_no_effect(here, capsys):
    assert 0 == asked("build", "--image", "x:1")
    told = capsys.readouterr()
    assert "--image has no effect: the host runner has no images" in told.err
    assert "x:1" not in told.out


def test_what_a_cache_cannot_keep_is_told_once(here, capsys):
    cache = "cache: {type: LOCAL, modes: [LOCAL_CUSTOM_CACHE]}"
    (here / "cicd.yml").write_text(f"projects: [{{name: app, {cache}}}]\n")
    (here / "buildspec.yml").write_text(f"{BUILDSPEC}cache: {{paths: [buildspec.yml, $NOPE/x]}}\n")
    assert 0 == asked("build")
    said = capsys.readouterr().out.splitlines()
    alone = "Unable to initialize cache download: only directories can be cached locally: "
    assert 1 == said.count(f"{alone}buildspec.yml")
    assert 1 == said.count("Cache paths: the variable NOPE is not set")


def test_what_an_artifact_did_not_take_is_told_with_it(here, capsys):
    spec = BUILDSPEC.replace(
        "      - echo made", "      - ln -s nowhere l; mkdir a; touch a/l\n      - echo made"
    )
    files = "[made.txt, gone.txt, $NOPE, '**/l', b/../made.txt], discard-paths: yes"
    (here / "buildspec.yml").write_text(spec.replace("[made.txt]", files))
    assert 0 == asked("build")
    said = capsys.readouterr().out.splitlines()
    (at,) = [n for n, line in enumerate(said) if line.startswith("Artifact primary: 2 file(s)")]
    assert [
        "  the variable NOPE of '$NOPE' is not set at the end of the build",
        "  gone.txt is no file that is there",
        "  l: the link leads to no file, or round",
    ] == said[at + 1 : at + 4]
    assert said[at + 4].startswith("Phase complete")


def test_files_of_one_name_without_their_paths_are_told_of(here, capsys):
    (here / "a").mkdir()
    (here / "a" / "made.txt").touch()
    spec = BUILDSPEC.replace("[made.txt]", "'**/made.txt', discard-paths: yes")
    (here / "buildspec.yml").write_text(spec)
    assert 0 == asked("build")
    said = "  several files are called made.txt: the last one is taken"
    assert said in capsys.readouterr().out.splitlines()


def test_a_variable_that_a_pattern_lacks_is_named_where_nothing_matches(here, capsys):
    (here / "buildspec.yml").write_text(BUILDSPEC.replace("made.txt]", "$NOPE/x]"))
    assert 1 == asked("build")
    said = "the variable NOPE of '$NOPE/x' is not set at the end of the build"
    assert 1 == capsys.readouterr().err.count(said)


def test_a_cache_that_is_not_used_is_told_of_once(here, capsys):
    project = "projects: [{name: app, cache: {type: S3, location: bucket}}]\n"
    (here / "cicd.yml").write_text(project)
    for section, said in (
        ("{paths: [d], key: $NOPE}", "Skip cache due to: the key $NOPE is empty"),
        ("{paths: [d], key: k}", "No files match the cache paths: nothing is saved"),
    ):
        (here / "buildspec.yml").write_text(f"{BUILDSPEC}cache: {section}\n")
        assert 0 == asked("build")
        assert 1 == capsys.readouterr().out.splitlines().count(said)


def test_an_invalid_buildspec_exits_3_with_a_caret(here, capsys):
    (here / "buildspec.yml").write_text("version: 0.2\nphases: {biuld: }\n")
    assert 3 == asked("build")
    error = capsys.readouterr().err
    assert "buildspec.yml:2:10" in error
    assert "did you mean 'build'?" in error


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("build", "--runner", "nope"), 2, "'nope' is not known"),
        (("build", "--project", "nope"), 2, "there is no project 'nope'"),
        (("build", "--buildspec", "nope.yml"), 2, "there is no buildspec 'nope.yml'"),
        (("build", "--env", "A"), 2, "'A' is not NAME=VALUE"),
        (("build", "--timeout", "0"), 2, "0 is not in the range"),
        (("build", "nowhere"), 2, "there is no directory 'nowhere'"),
        (("builds", "show", "nope"), 2, "there is no build 'nope'"),
        (("builds", "resume", "nope"), 2, "there is no build 'nope'"),
    ],
)
def test_what_cannot_be_done_says_so(here, capsys, words, status, said):
    assert status == asked(*words)
    assert said in capsys.readouterr().err


_TEMPLATE = """
Parameters: {Word: {Type: String}}
Resources:
  Checks:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: !Sub "${Word}-checks"
      ServiceRole: role
      Artifacts: {Type: NO_ARTIFACTS}
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/standard:7.0
        EnvironmentVariables: [{Name: SAID, Value: !Ref Word}]
      Source:
        Type: GITHUB
        Location: https://github.com/me/shop
        BuildSpec: |
          version: 0.2
          phases: {build: {commands: ['echo "it says $SAID"']}}
"""


@pytest.mark.parametrize("name", ["shop-checks", "Checks"])
def test_a_project_of_a_template_is_built_by_its_name_or_its_logical_id(here, capfd, name):
    (here / "infra").mkdir()
    (here / "infra" / "stack.yml").write_text(_TEMPLATE)
    (here / "infra" / "broken.yml").write_text("Resources: {A: {Type: AWS::CodeBuild::Project")
    (here / "cicd.yml").write_text("local: {parameters: {Word: shop}}\n")
    assert 0 == asked("build", "--runner", "host", "--project", name)
    out = capfd.readouterr().out
    assert ("it says shop" in out, "shop-checks:" in out) == (True, True)
    assert 2 == asked("build", "--project", "shop-check")
    assert "did you mean 'shop-checks'?" in capfd.readouterr().err


def test_a_project_of_cicd_yml_goes_before_that_of_a_template(here, capfd):
    (here / "stack.yml").write_text(_TEMPLATE)
    (here / "cicd.yml").write_text(
        "projects: [{name: Checks}]\nlocal: {parameters: {Word: shop}}\n"
    )
    assert 0 == asked("build", "--project", "Checks", "--plan")
    assert "it says" not in capfd.readouterr().out


def test_a_plan_changes_nothing(here, capsys):
    assert 0 == asked("build", "--plan", "--output", "json")
    plan = last_json(capsys)
    assert ['echo "A is $A"', "echo made > made.txt"] == [
        line["text"] for line in plan["phases"][2]["commands"]
    ]
    assert 0 == asked("builds", "list", "--output", "json")
    assert {"ids": []} == last_json(capsys)


def test_an_env_file_gives_variables_and_secrets_but_no_secret_to_a_plan(here, capsys):
    (here / "values.env").write_text(
        "A=from file\nCICD_PARAMETER_P=hidden-value\n/q=other-one\n/unused=x\n"
    )
    (here / "buildspec.yml").write_text(
        "version: 0.2\nenv: {parameter-store: {P: /p, Q: /q}}\n"
        'phases: {build: {commands: ["echo $A $P $Q"]}}\n'
    )
    assert 0 == asked("build", "--env-file", "values.env")
    assert "from file *** ***" in capsys.readouterr().out.splitlines()
    assert 0 == asked("build", "--env-file", "values.env", "--plan", "--output", "json")
    printed = capsys.readouterr().out
    assert "hidden-value" not in printed
    assert "other-one" not in printed


def test_builds_are_listed_shown_and_their_log_printed(here, capsys):
    asked("build", "--output", "json")
    build_id = last_json(capsys)["id"]
    assert 0 == asked("builds", "list")
    assert build_id in capsys.readouterr().out
    assert 0 == asked("builds", "show", build_id[:-4], "--output", "json")
    assert [build_id] == [build["id"] for build in last_json(capsys)["builds"]]
    assert 0 == asked("builds", "logs", build_id)
    assert "Phase complete: BUILD State: SUCCEEDED" in capsys.readouterr().out
    assert 0 == asked("builds", "stop", build_id)
    assert "SUCCEEDED" in capsys.readouterr().out


def test_a_build_that_was_left_running_is_told_of(here, capsys):
    asked("build", "--output", "json")
    plan_of = last_json(capsys)["id"]
    settings = Settings(home=here / ".cicd")
    with make_services(settings, reporters=()) as services:
        (_, submitted), *_ = services.log.read(f"build/{plan_of}")
        left = "build/left:1"
        services.executions.submit(
            left,
            kind="build",
            name="left",
            status="IN_PROGRESS",
            parent=None,
            at=datetime.now(UTC),
        )
        services.log.append(
            left,
            (Event(kind=EventKind.SUBMITTED, at=submitted.at, data=submitted.data),),
            expected=0,
        )
    assert 0 == asked("build")
    assert "build left:1 was left running: cicd builds resume left:1" in capsys.readouterr().err
    assert 0 == asked("builds", "resume", "left:1")


@pytest.mark.parametrize("words", [("build",), ("builds",), ("builds", "logs")])
def test_help(here, capsys, words):
    assert 0 == asked(*words, "--help")
    assert "Usage: cicd" in capsys.readouterr().out
