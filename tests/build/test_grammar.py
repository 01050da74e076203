"""The rows of the reference's grammar that are about YAML: what a value means as it is written."""

import pytest

from cicd.build.buildspec.reader import read_buildspec
from cicd.build.compile import refusal
from cicd.build.environment_variable import Variable
from cicd.build.project import default_project
from cicd.build.request import BuildRequest
from cicd.build.run import plan_build
from cicd.build.spec import PhaseType
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.errors import DocumentError

BUILD = "version: 0.2\nphases: {build: {commands: [make]}}\n"


def read(text):
    problems = Problems()
    spec = read_buildspec(load_text(text, "buildspec.yml"), problems)
    return spec, [(problem.rule, str(problem.span)[14:]) for problem in problems]


def refused(text):
    """Give the service's words about a buildspec that it does not take."""
    problems = Problems()
    try:
        read_buildspec(load_text(text, "buildspec.yml"), problems)
    except DocumentError as wrong:
        return refusal(wrong.problems).message
    return refusal(problems).message


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", "1"),
        ("123456789012", "123456789012"),
        ("0123", "0123"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("true", "true"),
        ("yes", "yes"),
        ("No", "No"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:45", "12:30:45"),
        ("null", ""),
        ("~", ""),
        ("", ""),
        ("'null'", "null"),
        ("'~'", "~"),
        ("$HOME", "$HOME"),
        ("'`x` ~ $(y)'", "'`x` ~ $(y)'"[1:-1]),
        ('"a\\nb"', "a\nb"),
        ("!!str 1.0", "1.0"),
    ],
)
def test_the_value_of_a_variable_is_what_is_written(written, value):
    spec, problems = read(f"{BUILD}env:\n  variables:\n    A: {written}\n")
    assert ([value], []) == ([v.value for v in spec.variables], problems)


@pytest.mark.parametrize(
    ("written", "commands"),
    [
        ("[42, true, 1.0, 2024-01-01]", ["42", "true", "1.0", "2024-01-01"]),
        ("[~, '']", ["", ""]),
        ("\n", []),
        ("[]", []),
        ("['echo \"a: b\"']", ['echo "a: b"']),
        (
            "\n      - |\n        a\n        b\n      - >-\n        c\n        d\n",
            ["a\nb\n", "c d"],
        ),
        ("\n    - not indented\n", ["not indented"]),
    ],
)
def test_commands_are_what_is_written(written, commands):
    spec, problems = read(f"version: 0.2\nphases:\n  build:\n    commands: {written}\n")
    assert (commands, []) == ([c.text for c in spec.phases[0].commands], problems)


def test_one_text_is_one_command_and_worth_a_word():
    spec, problems = read("version: 0.2\nphases: {build: {commands: make, finally: a && b}}\n")
    (phase,) = spec.phases
    assert (["make"], ["a && b"]) == (
        [c.text for c in phase.commands],
        [c.text for c in phase.finally_commands],
    )
    assert ["build/commands-not-a-list"] * 2 == [rule for rule, _ in problems]


@pytest.mark.parametrize(
    ("written", "shell"),
    [("sh", "sh"), ("/bin/sh", "sh"), ("bash", "bash"), ("/bin/bash", "bash"), ("Bash", "bash")],
)
def test_shells_are_known_by_name_and_path(written, shell):
    spec, problems = read(f"{BUILD}env: {{shell: {written}}}\n")
    assert (shell, []) == (spec.shell, problems)


def test_another_shell_is_refused_where_it_stands():
    assert [("build/unknown-value", "3:14")] == read(f"{BUILD}env: {{shell: zsh}}\n")[1]


@pytest.mark.parametrize("name", ["build", "Build", "BUILD", "bUiLd"])
def test_phases_are_known_in_any_case(name):
    spec, problems = read(f"version: 0.2\nphases: {{{name}: {{commands: [a]}}}}\n")
    assert (["BUILD"], []) == ([phase.phase for phase in spec.phases], problems)


def test_other_keys_are_known_as_they_are_only():
    _, problems = read("version: 0.2\nphases: {build: {Commands: [a]}}\n")
    assert [("build/unknown-key", "2:18")] == problems


def test_anchors_aliases_and_merge_keys_are_plain_yaml():
    spec, problems = read(
        "version: 0.2\n.common: &common\n  - one\n.phase: &phase {on-failure: ABORT}\n"
        "phases:\n  install: {commands: *common}\n  build: {<<: *phase, commands: [two]}\n"
    )
    assert [["one"], ["two"]] == [[c.text for c in phase.commands] for phase in spec.phases]
    assert "ABORT" == spec.phases[1].on_failure.action
    assert [("build/unknown-key", "2:1"), ("build/unknown-key", "4:1")] == problems


def test_a_leading_document_mark_is_fine():
    assert [] == read(f"---\n{BUILD}")[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{BUILD}---\n{BUILD}", "a second document begins here at line 3"),
        (f"{BUILD}version: 0.2\n", "'version' is written twice in one mapping at line 3"),
        (f"{BUILD}env: {{variables: {{A: [1]}}}}\n", "the value of 'A' is a sequence"),
        (f"{BUILD}env: {{variables: {{A: {{b: c}}}}}}\n", "the value of 'A' is a mapping"),
        (
            "version: 0.2\nphases:\n  build:\n    commands:\n      - a\n      - echo b: c\n",
            (
                "Expected Commands[1] to be of string type: found subkeys instead at line 6, "
                "value of the key tag on line 5 might be empty"
            ),
        ),
        (
            "version: 0.2\nphases: {deploy: }\n",
            "Invalid buildspec phase name: DEPLOY. Expecting: BUILD,INSTALL,POST_BUILD,PRE_BUILD",
        ),
        ("[1]\n", "wrong number of container tags, expected 1"),
        ("version: 0.2\nphases:\n\tbuild:\n", "found character that cannot start any token"),
        ("version: 0.3\nphases: {}\n", "'0.3' is not a version of the buildspec at line 1"),
    ],
)
def test_what_is_refused_and_in_which_words(text, message):
    assert refused(text).startswith(message)


def test_both_versions_take_the_newer_keys():
    spec, problems = read(
        "version: 0.1\nenv: {variables: {A: b}}\nphases: {build: {commands: [a], finally: [b]}}\n"
        "reports: {r: {files: x}}\n"
    )
    assert ("0.1", 1, []) == (spec.version, len(spec.reports), problems)


@pytest.mark.parametrize("written", ["yes", "'yes'", "true", "Yes", "on", '"true"'])
def test_flags_are_yes_and_no_in_every_spelling(written):
    spec, problems = read(f"{BUILD}artifacts: {{files: a, discard-paths: {written}}}\n")
    assert (True, []) == (spec.artifacts.discard_paths, problems)


def test_a_start_override_of_a_secret_is_plain_text(build):
    done = build(
        "version: 0.2\nenv: {secrets-manager: {A: s}}\nphases: {build: {commands: [echo $A]}}\n",
        variables=(Variable(name="A", value="plain"),),
    )
    assert ["plain"] == done.output


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("- 'exit 1'", "5:9"),
        ("- |\n        exit 1", "6:9"),
        ("- >-\n\n          exit 1", "7:11"),
        ("- |", "5:9"),
    ],
)
def test_a_command_is_where_its_text_begins(services, source, written, where):
    text = f"version: 0.2\nphases:\n  build:\n    commands:\n      {written}\n"
    (source / "buildspec.yml").write_text(text)
    plan = plan_build(BuildRequest(source=source, project=default_project("app")), services)
    (command,) = plan.phase(PhaseType.BUILD).commands
    assert f"buildspec.yml:{where}" == command.where
