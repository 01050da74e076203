from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.build.buildspec.reader import read_buildspec
from cicd.build.environment_variable import VariableType
from cicd.build.rules import BUILD_RULES
from cicd.build.spec import COMMAND_PHASES, OnFailure, PhaseType
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.rules import run_rules
from cicd.errors import DocumentError


def read(text):
    problems = Problems()
    spec = read_buildspec(load_text(text, "buildspec.yml"), problems)
    run_rules(BUILD_RULES, spec, problems)
    return spec, tuple(problems)


def rules_of(text):
    return [(p.severity.value, p.rule, str(p.span)[14:]) for p in read(text)[1]]


WHOLE = """version: 0.2
run-as: Linux-user-name
env:
  shell: bash
  variables: {A: 1, B: 0123, C: true, D: 1.10, E: , F: "x"}
  parameter-store: {P: /CodeBuild/p}
  secrets-manager: {S: "team/bot:actions read"}
  exported-variables: [A, B]
  git-credential-helper: no
proxy: {upload-artifacts: no, logs: "yes"}
phases:
  install:
    run-as: root
    on-failure: ABORT
    runtime-versions: {python: 3.10, nodejs: 18.x}
    commands: [echo 1, 42, true]
    finally: [echo 2]
  Build:
    on-failure: Retry-3-.*connection timed out.*
    commands: echo one
reports:
  arn-or-name: {files: ["**/*"], base-directory: b, discard-paths: no, file-format: JunitXml}
artifacts:
  files: a.jar
  name: n
  discard-paths: "yes"
  base-directory: d
  exclude-paths: [x]
  enable-symlinks: yes
  s3-prefix: p
  secondary-artifacts:
    one: {files: [b]}
cache:
  paths: [/root/.m2/**/*]
  key: k
  fallback-keys: [f]
  action: restore
"""


def test_the_whole_grammar_is_read():
    spec, problems = read(WHOLE)
    assert {"build/commands-not-a-list"} == {p.rule for p in problems}
    assert ("0.2", "Linux-user-name", "bash") == (spec.version, spec.run_as, spec.shell)
    assert [
        ("A", "1"),
        ("B", "0123"),
        ("C", "true"),
        ("D", "1.10"),
        ("E", ""),
        ("F", "x"),
        ("P", "/CodeBuild/p"),
        ("S", "team/bot:actions read"),
    ] == [(v.name, v.value) for v in spec.variables]
    assert [VariableType.PARAMETER_STORE, VariableType.SECRETS_MANAGER] == [
        v.type for v in spec.variables[-2:]
    ]
    install, build = spec.phases
    assert ["echo 1", "42", "true"] == [c.text for c in install.commands]
    assert [("python", "3.10"), ("nodejs", "18.x")] == [
        (name, version.text) for name, version in install.runtime_versions
    ]
    assert (PhaseType.BUILD, ["echo one"]) == (build.phase, [c.text for c in build.commands])
    assert (OnFailure.RETRY, 3, ".*connection timed out.*") == (
        build.on_failure.action,
        build.on_failure.retries,
        build.on_failure.pattern,
    )
    artifacts = spec.artifacts
    assert (["a.jar"], True, True, "p") == (
        [f.text for f in artifacts.files],
        artifacts.discard_paths,
        artifacts.enable_symlinks,
        artifacts.s3_prefix,
    )
    assert ["one"] == [a.identifier for a in spec.secondary_artifacts]
    assert ("k", "restore") == (spec.cache.key, spec.cache.action)
    assert ("JUNITXML", "b") == (spec.reports[0].file_format, spec.reports[0].base_directory)


@pytest.mark.parametrize(
    ("text", "action", "retries", "pattern"),
    [
        ("abort", OnFailure.ABORT, 3, ".*"),
        ("RETRY", OnFailure.RETRY, 3, ".*"),
        ("RETRY-4", OnFailure.RETRY, 4, ".*"),
        ("RETRY-invalid+", OnFailure.RETRY, 3, "invalid+"),
        ("RETRY-5-x-y", OnFailure.RETRY, 5, "x-y"),
        ("RETRY-5xx", OnFailure.RETRY, 3, "5xx"),
    ],
)
def test_on_failure(text, action, retries, pattern):
    spec, _ = read(f"version: 0.2\nphases: {{build: {{commands: [a], on-failure: '{text}'}}}}\n")
    found = spec.phases[0].on_failure
    assert (action, retries, pattern) == (found.action, found.retries, found.pattern)


def test_version_0_1_names_its_variables_otherwise():
    spec, problems = read(
        "version: 0.1\nenvironment_variables:\n  plaintext: {A: b}\nphases: {build: {}}\n"
    )
    assert ([("A", "b")], ()) == ([(v.name, v.value) for v in spec.variables], problems)


E = "error"
W = "warning"
P = "version: 0.2\nphases: {build: {commands: [a]}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phases: {build: {commands: [a]}}\n", [(E, "build/version", "1:1")]),
        ("version: 2\nphases: {build: }\n", [(E, "build/version", "1:10")]),
        ("version: 0.20\nphases: {build: }\n", [(E, "build/version", "1:10")]),
        ("batch: {build-list: [{identifier: a}]}\n", [(W, "build/version", "1:1")]),
        ("version: 0.2\n", [(W, "build/no-phases", "1:1")]),
        (
            "version: 0.2\nphases:\nbuild:\n  commands: [a]\n",
            [(W, "build/no-phases", "1:1"), (W, "build/unknown-key", "3:1")],
        ),
        ("version: 0.2\nphases: {pre-build: }\n", [(E, "build/unknown-phase", "2:10")]),
        ("version: 0.2\nphases: {}\n", [(W, "build/no-phases", "1:1")]),
        ("phases: {}\n", [(E, "build/version", "1:1"), (W, "build/no-phases", "1:1")]),
        (
            "version: 0.2\nphases: {build: , BUILD: }\n",
            [(E, "build/duplicate-phase", "2:19")],
        ),
        (
            "version: 0.2\nphases: {build: {on-failure: STOP}}\n",
            [(E, "build/on-failure", "2:18")],
        ),
        (
            "version: 0.2\nphases: {build: {on-failure: RETRY-101}}\n",
            [(E, "build/on-failure", "2:18")],
        ),
        (
            "version: 0.2\nphases: {pre_build: {runtime-versions: {java: 1}}}\n",
            [(W, "build/unknown-key", "2:22")],
        ),
        (f"{P}env: {{variables: {{A: [1]}}}}\n", [(E, "build/variable-value", "3:22")]),
        (f"{P}env: {{variables: {{CODEBUILD_X: 1}}}}\n", [(W, "build/reserved-variable", "3:19")]),
        (f"{P}env: {{variables: {{1A: 1}}}}\n", [(W, "build/variable-name", "3:19")]),
        (
            f"{P}batch: {{build-list: [{{identifier: a, env: {{variables: {{B-C: [1]}}}}}}]}}\n",
            [(W, "build/variable-name", "3:56"), (E, "build/variable-value", "3:61")],
        ),
        (
            P + "batch: {build-list: [{identifier: a, env: {compute-type: BUILD_LAMBDA_1GB}}]}\n",
            [],
        ),
        (
            f"{P}batch: {{build-list: [{{identifier: a, env: {{type: ARM}}}}]}}\n",
            [(E, "build/unknown-value", "3:50")],
        ),
        (
            P + "batch: {build-matrix: {static: {env: {type: ARM_CONTAINER}}, "
            "dynamic: {env: {compute-type: [BUILD_GENERAL1_SMALL, BUILD_LAMBDA_1GB]}}}}\n",
            [(W, "build/compute-type", "3:115")],
        ),
        (f"{P}env: {{variables: {{PATH: $PATH:/x}}}}\n", [(W, "build/literal-variable", "3:19")]),
        (
            f"{P}env: {{variables: {{A: 1}}, parameter-store: {{A: p}}}}\n",
            [(W, "build/variable-twice", "3:44")],
        ),
        (f"{P}env: {{exported-variables: [AWS_X]}}\n", [(W, "build/exported-variable", "3:28")]),
        (f"{P}reports: {{r: }}\n", [(E, "build/report-files", "3:11")]),
        (
            f"{P}cache: {{paths: [p], key: a-$$(codebuild-hash-files b)}}\n",
            [(W, "build/cache-keys", "3:26")],
        ),
        (
            f"{P}cache: {{paths: [p], fallback-keys: [a]}}\n",
            [(W, "build/cache-keys", "3:37")],
        ),
        (
            f"{P}batch: {{build-list: [{{identifier: a-b}}]}}\n",
            [(E, "build/batch-identifier", "3:35")],
        ),
        (
            f"{P}batch: {{build-graph: [{{identifier: a, depend-on: [b]}}]}}\n",
            [(E, "build/batch-depend-on", "3:51")],
        ),
        (
            f"{P}batch: {{build-list: [{{identifier: a}}], build-fanout: {{parallelism: 2}}}}\n",
            [(E, "build/batch-kinds", "3:40")],
        ),
    ],
)
def test_problems_stand_where_they_are(text, expected):
    assert expected == rules_of(text)


def test_a_command_that_is_a_mapping_is_told_as_the_service_does():
    _, (problem,) = read('version: 0.2\nphases:\n  build:\n    commands:\n    - echo "a": b\n')
    assert (
        "YAML_FILE_ERROR Message: Expected Commands[0] to be of string type: found subkeys "
        "instead at line 5, value of the key tag on line 4 might be empty"
    ) == problem.note


def test_unknown_keys_are_kept_by_section():
    spec, _ = read(f"{P}artifacts: {{files: a, type: zip, 'odd': 1}}\nextra: 1\n")
    assert [("artifacts", ("type", "odd")), ("buildspec", ("extra",))] == [
        (u.section, u.keys) for u in spec.unknown
    ]


def test_the_matrix_and_the_fan_out_are_read():
    spec, problems = read(
        f"{P}batch:\n  fast-fail: true\n  build-matrix:\n    static: {{ignore-failure: no, "
        "env: {privileged-mode: true, type: LINUX_CONTAINER}}\n    dynamic:\n"
        "      buildspec: [a.yml, b.yml]\n      env: {image: [i], variables: {V: [1, 2, 3]}}\n"
    )
    assert [] == [p.rule for p in problems]
    assert (
        ("buildspec", ("a.yml", "b.yml")),
        ("env.image", ("i",)),
        ("env.variables.V", ("1", "2", "3")),
    ) == spec.batch.dimensions


@given(
    st.sampled_from([*COMMAND_PHASES, "artifacts", "reports", "env"]), st.text("abc", min_size=9)
)
@settings(max_examples=50, deadline=None)
def test_an_unknown_key_is_exactly_one_more_problem(where, key):
    text = (
        f"{P}{key}: 1\n"
        if where in ("reports", "env")
        else f"{P}artifacts: {{files: a, {key}: 1}}\n"
    )
    assert ["build/unknown-key"] == [p.rule for p in read(text)[1]]


@given(
    st.recursive(
        st.sampled_from(["0.2", "x", "[]", "~", "'y'"]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
            st.dictionaries(
                st.sampled_from(
                    [
                        "version",
                        "env",
                        "phases",
                        "build",
                        "commands",
                        "finally",
                        "artifacts",
                        "files",
                        "reports",
                        "cache",
                        "batch",
                        "build-list",
                        "build-matrix",
                        "dynamic",
                        "variables",
                        "on-failure",
                        "runtime-versions",
                        "install",
                        "secondary-artifacts",
                        "identifier",
                    ]
                ),
                inner,
                max_size=4,
            ).map(lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}"),
        ),
        max_leaves=20,
    )
)
@settings(max_examples=100, deadline=None)
def test_any_document_is_read_or_has_problems(text):
    with suppress(DocumentError):
        read(text)


def test_a_key_that_is_indented_too_far_or_not_enough_is_told_where_it_stands():
    _, problems = read(
        "version: 0.2\nvariables: {A: b}\nphases: {build: {commands: [x]}}\npost_build: {}\n"
        "artifacts:\n  files: a\n  cache: {paths: [b]}\n"
    )
    assert [
        ("'variables' is not a key of buildspec", "it stands below 'env'"),
        ("'post_build' is not a key of buildspec", "it stands below 'phases'"),
        (
            "'cache' is not a key of artifacts",
            "it stands at the top: it is indented too far",
        ),
    ] == [(problem.message, problem.hint) for problem in problems]


@pytest.mark.parametrize(
    ("phases", "hint"),
    [
        ("{build: , commands: [x]}", "indent 'commands' below 'build'"),
        ("{commands: [x]}", "'commands' stands in a phase"),
        (
            "{build: {commands: [x]}, artifacts: {files: a}}",
            "'artifacts' stands at the top: it is indented too far",
        ),
        ("{biuld: }", "did you mean 'build'?"),
    ],
)
def test_what_stands_among_the_phases_and_is_none_is_told_where_it_belongs(phases, hint):
    _, problems = read(f"version: 0.2\nphases: {phases}\n")
    assert [hint] == [p.hint for p in problems if p.rule == "build/unknown-phase"]


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("echo a: b", "': ' inside makes it a mapping"),
        ("[a, b]", "a '[' at its beginning makes it a list"),
        ("- a", "a list in a list of commands is none"),
    ],
)
def test_what_is_no_command_is_told_with_what_made_it_none(command, hint):
    _, (problem,) = read(f"version: 0.2\nphases:\n  build:\n    commands:\n    - {command}\n")
    assert "build/command-not-text" == problem.rule
    assert (problem.hint or "").endswith(hint)


def test_a_command_of_finally_is_told_as_one():
    _, (problem,) = read("version: 0.2\nphases: {build: {commands: [a], finally: [{b: c}]}}\n")
    assert "command 1 of 'finally' of 'build' is a mapping, not text" == problem.message
