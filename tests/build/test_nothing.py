"""Where patterns take no file, people are told what is there, and what is near."""

import pytest

from cicd.build.artifacts.nothing import no_base_directory, nothing_matched

FILES = (".git/config", "README.md", "build/libs/app.jar", "site/dist/index.html")


@pytest.mark.parametrize(
    ("patterns", "said"),
    [
        (["out/**/*"], "there is README.md, build/, site/"),
        (
            ["target/App.jar"],
            ("there is build/libs/app.jar: patterns begin at the same place wherever a 'cd' went"),
        ),
        (["build"], "'build' is a directory: its files are 'build/**/*'"),
        (["./build/"], "'build' is a directory: its files are 'build/**/*'"),
    ],
)
def test_what_may_be_meant_is_told(patterns, said):
    first, second = nothing_matched(".", FILES, patterns, []).splitlines()
    assert first == f"nothing in the source's directory matches {patterns[0]}"
    assert second == said


def test_all_patterns_are_named_and_an_empty_base_is_told():
    assert nothing_matched("dist", (), ["a", "b/*"], []) == (
        "nothing in 'dist' matches a or b/*\n'dist' is empty"
    )


def test_what_is_taken_out_again_is_told():
    assert nothing_matched(".", FILES, ["build/**/*"], ["**/*.jar"]) == (
        "'exclude-paths' takes out again all that match: 1 file(s)"
    )


def test_a_base_directory_that_is_elsewhere_is_found():
    assert (
        no_base_directory("dist", FILES)
        == "no directory of the source is 'dist'\nthere is site/dist/"
    )
    assert no_base_directory("out", FILES).endswith("\nthere is README.md, build/, site/")


ARTIFACTS = """
version: 0.2
phases:
  build:
    commands:
      - mkdir -p build/out && touch build/out/app.js
artifacts:
  base-directory: {base}
  files:
    - {files}
"""


@pytest.mark.parametrize(
    ("base", "files", "where", "shown", "said"),
    [
        (".", "out/app.js", "buildspec.yml:10:7", "out/app.js", "there is build/out/app.js: "),
        ("dist", "x", "buildspec.yml:8:19", "dist", "there is build/, buildspec.yml"),
    ],
)
def test_a_build_without_its_artifact_names_the_line(build, base, files, where, shown, said):
    failure = build(ARTIFACTS.format(base=base, files=files)).result.failure
    assert (failure.where, failure.pattern) == (where, shown)
    assert said in failure.hint


def test_a_report_without_files_says_which_pattern_took_none(build):
    done = build("""
version: 0.2
phases: {build: {commands: [touch a.xml]}}
reports:
  unit:
    base-directory: reports
    files: ['**/*.xml']
""")
    (report,) = done.result.reports
    assert report["nothing"] == (
        "buildspec.yml:7:13: no directory of the source is 'reports'\n"
        "there is a.xml, buildspec.yml"
    )
