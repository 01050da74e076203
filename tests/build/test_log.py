"""The whole log of a build, line by line, in the service's words."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cicd.testing.fakes import MemorySecrets

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


class Frozen:
    """A clock whose time stands still."""

    def __init__(self, clock):
        self.inbox = clock.inbox
        self.working = clock.working

    def now(self):
        return NOW


@pytest.fixture
def log_of(build, services):
    """Give a build's whole log, the service's own words behind a bar."""

    def run(text, **changes):
        secrets = MemorySecrets(parameters={"/p": "a secret"})
        used = replace(services, clock=Frozen(services.clock), secrets=secrets)
        done = build(text, services=used, **changes)
        lines = [line.text for _, line in used.logs.read(done.result.stream)]
        text = re.sub(r"[^\s=]*/src\d+/src", "SRC", "\n".join(lines))
        return text.replace("[Container] 2026/01/02 03:04:05.000678 ", "| ") + "\n"

    return run


SUCCEEDING = r"""version: 0.2
env:
  parameter-store: {P: /p}
phases:
  install:
    commands:
      - echo one; echo two >&2
      - A=1
  build:
    commands:
      - |
        if true; then
          echo $A $P
        fi
    finally:
      - printf 'no end'
artifacts:
  files: [none.json, buildspec.yml]
  type: zip
odd: 1
"""


def test_the_log_of_a_build_that_succeeds(log_of):
    assert (
        r"""| Running on CodeBuild On-demand
| Waiting for agent ping
| Waiting for DOWNLOAD_SOURCE
| Phase is DOWNLOAD_SOURCE
| CODEBUILD_SRC_DIR=SRC
| YAML location is SRC/buildspec.yml
| Found possible syntax errors in buildspec:\x20
| In the section artifacts
|     The following keys cannot be identified:
|         type
| In the section buildspec
|     The following keys cannot be identified:
|         odd
| Processing environment variables
| Decrypting parameter store environment variables
| No runtime version selected in buildspec.
| Moving to directory SRC
| Cache is not defined in the buildspec
| Skip cache due to: no paths specified to be cached
| Registering with agent
| Phases found in YAML: 2
|  INSTALL: 2 commands
|  BUILD: 1 commands
| Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED
| Phase context status code:  Message:\x20
| Entering phase INSTALL
| Running command echo one; echo two >&2
one
two

| Running command A=1

| Phase complete: INSTALL State: SUCCEEDED
| Phase context status code:  Message:\x20
| Entering phase PRE_BUILD
| Phase complete: PRE_BUILD State: SUCCEEDED
| Phase context status code:  Message:\x20
| Entering phase BUILD
| Running command if true; then
  echo $A $P
fi

1 ***

| Running command printf 'no end'
no end

| Phase complete: BUILD State: SUCCEEDED
| Phase context status code:  Message:\x20
| Entering phase POST_BUILD
| Phase complete: POST_BUILD State: SUCCEEDED
| Phase context status code:  Message:\x20
| Expanding base directory path: .
| Assembling file list
| Expanding .
| Expanding file paths for base directory .
| Assembling file list
| Expanding none.json
| Skipping invalid file path none.json
| Expanding buildspec.yml
| Found 1 file(s)
| Set report auto-discover timeout to 5 seconds
| Expanding base directory path:  .
| Assembling file list
| Expanding .
| Expanding file paths for base directory .
| Assembling file list
| Expanding **/*
| No matching auto-discover report paths found
| Report auto-discover file discovery took 0.000000 seconds
| Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
| Phase context status code:  Message:\x20
""".replace(r"\x20", " ")
        == log_of(SUCCEEDING)
    )


def test_the_log_of_a_command_that_fails(log_of):
    log = log_of(
        "version: 0.2\nphases:\n  build:\n    commands:\n      - echo out; (exit 2)\n"
        "      - echo skipped\n"
    )
    assert (
        r"""| Entering phase BUILD
| Running command echo out; (exit 2)
out

| Command did not exit successfully echo out; (exit 2) exit status 2
| Phase complete: BUILD State: FAILED
| Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: \
echo out; (exit 2). Reason: exit status 2
| Entering phase POST_BUILD
| Phase complete: POST_BUILD State: SUCCEEDED
| Phase context status code:  Message:\x20
| Set report auto-discover timeout to 5 seconds
| Expanding base directory path:  .
| Assembling file list
| Expanding .
| Expanding file paths for base directory .
| Assembling file list
| Expanding **/*
| No matching auto-discover report paths found
| Report auto-discover file discovery took 0.000000 seconds
| Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
| Phase context status code:  Message:\x20
""".replace(r"\x20", " ").replace("\\\n", "")
        == log[log.index("| Entering phase BUILD") :]
    )


def test_the_message_of_a_failed_block_holds_all_of_it(log_of):
    log = log_of('version: 0.2\nphases: {build: {commands: ["set -e\\nfalse\\n"]}}\n')
    assert (
        "| Command did not exit successfully set -e\nfalse\n exit status 1\n"
        "| Phase complete: BUILD State: FAILED\n"
        "| Phase context status code: COMMAND_EXECUTION_ERROR Message: "
        "Error while executing command: set -e\nfalse\n. Reason: exit status 1\n"
    ) in log


def test_a_phase_with_commands_says_as_whom_they_run(log_of):
    log = log_of(
        "version: 0.2\nrun-as: root\nphases:\n  build: {commands: ['true']}\n  post_build:\n"
    )
    assert "| Entering phase BUILD\n| Run-as user: root\n| Running command true\n" in log
    assert "| Entering phase POST_BUILD\n| Phase complete: POST_BUILD" in log


def test_the_log_of_a_buildspec_that_cannot_be_carried_out(log_of):
    log = log_of("version: 0.2\nphases: {postbuild: }\n", raise_problems=False)
    assert (
        r"""| Running on CodeBuild On-demand
| Waiting for agent ping
| Waiting for DOWNLOAD_SOURCE
| Phase is DOWNLOAD_SOURCE
| Phase complete: DOWNLOAD_SOURCE State: FAILED
| Phase context status code: YAML_FILE_ERROR Message: Invalid buildspec phase name: POSTBUILD. \
Expecting: BUILD,INSTALL,POST_BUILD,PRE_BUILD
""".replace("\\\n", "")
        == log
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [b\nc: d\n", "did not find expected ',' or ']' at line 2"),
        (
            "version: 0.2\nphases:\n\tbuild:\n",
            "found character that cannot start any token at line 3",
        ),
        ("version: 0.2\na: b: c\n", "mapping values are not allowed in this context at line 2"),
        ("- a\n", "wrong number of container tags, expected 1"),
    ],
)
def test_yaml_that_cannot_be_read_is_told_in_the_parser_s_words(log_of, text, message):
    log = log_of(text, raise_problems=False)
    assert f"| Phase context status code: YAML_FILE_ERROR Message: {message}" in log
