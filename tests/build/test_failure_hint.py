"""What the block at the end says of the commonest reasons that a command fails for."""

from dataclasses import replace

import pytest

from cicd.build.compute.place import Place
from cicd.build.log.no_such_path import no_such_path_hint
from cicd.build.log.unreachable import unreachable_hint
from cicd.build.log.unset import empty_hint, unset_hint
from cicd.build.shell.shell import BuildShell
from cicd.errors import Unavailable
from tests.build.machine import plan

PLAN = replace(plan(), runner="docker", image="mine:1", build_image="mine:1")
SOURCE = "/codebuild/output/src1/src"


def shell(*, here=SOURCE, found="", names="app.py\nservice/\n"):
    return lambda asked: [here, SOURCE, found, names]


# ── Paths ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("/codebuild/session/3.script: 1: cd: can't cd to nowhere", "nowhere"),
        ("bash: line 1: cd: no where: No such file or directory", "where"),
        ("cat: config/a.json: No such file or directory", "config/a.json"),
        ("cp: cannot stat 'dist/app.js': No such file or directory", "dist/app.js"),
        ("ls: cannot access 'x': No such file or directory", "x"),
        ("sh: 1: cannot open x.txt: No such file", "x.txt"),
        ("python3: can't open file 'run.py': [Errno 2] No such file or directory", "run.py"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'a.csv'", "a.csv"),
        ("Error: ENOENT: no such file or directory, open 'package.json'", "package.json"),
        (f"Error: ENOENT: no such file or directory, open '{SOURCE}/a/b.json'", "a/b.json"),
        ("sh: 1: eval: ./build.sh: not found", "./build.sh"),
        ("tar: lib/a.tar.gz: Cannot open: No such file or directory", "lib/a.tar.gz"),
    ],
)
def test_a_path_that_is_not_there_is_named_with_where_it_was_looked_for(line, path):
    first, second = no_such_path_hint(PLAN, ("before", line), shell()).splitlines()
    assert first == f"'{path}' is not in the source's directory, where the command ran"
    assert second == "there is app.py, service/"


def test_a_cd_of_an_earlier_command_is_told():
    said = ("cat: a.json: No such file or directory",)
    hint = no_such_path_hint(PLAN, said, shell(here=f"{SOURCE}/service", names=""))
    assert hint == (
        "'a.json' is not in the source's service/, where the command ran: "
        "a 'cd' lasts from one command to the next\nnothing is there"
    )


def test_an_absolute_path_is_one_of_the_image():
    said = ("cat: /etc/mine.conf: No such file or directory",)
    assert no_such_path_hint(PLAN, said, shell()) == (
        "/etc/mine.conf is not there: the build sees the files of the image mine:1 and its "
        "sources, no others"
    )
    assert not no_such_path_hint(replace(PLAN, image=""), said, shell())


def test_a_script_that_is_there_lacks_what_its_first_line_names():
    said = ("sh: 1: eval: ./run.sh: not found",)
    windows = no_such_path_hint(PLAN, said, shell(found="there\n#!/bin/sh\r\necho a\r\n"))
    assert windows.startswith("./run.sh is there, but its lines end in CR LF")
    other = no_such_path_hint(PLAN, said, shell(found="there\n#!/bin/zsh\necho a"))
    assert other == "./run.sh is there, but not what its first line wants: '/bin/zsh'"


@pytest.mark.parametrize(
    "said",
    [
        ("main.c:1:10: fatal error: zlib.h: No such file or directory",),
        ("./a: libx.so.1: cannot open shared object file: No such file or directory",),
        ("rm: x: No such file or directory", *("more",) * 9),
        ("all is well",),
    ],
)
def test_what_is_no_missing_path_is_not_told_as_one(said):
    assert not no_such_path_hint(PLAN, said, shell())


def test_many_names_are_cut():
    names = "".join(f"f{n:02}\n" for n in range(20))
    said = ("cat: x: No such file or directory",)
    assert no_such_path_hint(PLAN, said, shell(names=names)).endswith("f11 and 8 more")


# ── Variables ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        "/codebuild/session/2.script: 2: eval: BUCKET: parameter not set",
        "bash: line 2: BUCKET: unbound variable",
        "sh: 1: BUCKET: parameter not set or null",
        "bash: BUCKET: parameter null or not set",
    ],
)
def test_an_unset_variable_is_named_with_how_to_give_it(line):
    first, second = unset_hint((line,)).splitlines()
    assert first == "BUCKET is not set in this build"
    assert second.startswith("give it with --env BUCKET=VALUE")


def holding(**values):
    """Answer as the shell does: an "x" before the value of what is set."""

    def look(asked):
        names = [each[2:].partition("+")[0] for each in asked]
        return [f"x{values[name]}" if name in values else "" for name in names]

    return look


def test_variables_without_a_value_are_named():
    hint = empty_hint("cp a ${TARGET_DIR}/$STAGE/$HOME", holding(HOME="/root"))
    assert hint.startswith("the command uses TARGET_DIR and STAGE, which have no values")
    empty = empty_hint("cp a $TARGET_DIR", holding(TARGET_DIR=""))
    assert empty.startswith("the command uses TARGET_DIR, which has no value in this build\n")
    assert "--env TARGET_DIR=VALUE" in empty


@pytest.mark.parametrize(
    "command",
    [
        "false",
        "awk '{print $NF}' a",
        "echo ${STAGE:-dev}",
        "STAGE=a; test -n $STAGE && false",
        "for STAGE in a b; do test $STAGE = c; done",
        "read STAGE < a; false $STAGE",
        "echo \\$STAGE; false",
        "i=1; false $i",
    ],
)
def test_what_a_command_gives_itself_or_can_do_without_is_not_missed(command):
    assert not empty_hint(command, holding())


def test_a_source_that_is_not_here_is_named_whole():
    for command in ("cd $CODEBUILD_SRC_DIR_lib", "cd ${CODEBUILD_SRC_DIR_lib}/a"):
        first, second = empty_hint(command, holding()).splitlines()
        assert "uses CODEBUILD_SRC_DIR_lib, which has no value" in first
        assert "--secondary-source lib=DIR" in second
    assert not empty_hint("echo $STAGEname", holding())


def test_names_of_the_service_are_not_to_be_given():
    hint = empty_hint("deploy $CODEBUILD_WEBHOOK_HEAD_REF", holding())
    assert hint.endswith("--event push")
    assert "--env" not in empty_hint("deploy $CODEBUILD_RESOLVED_SOURCE_VERSION", holding())


# ── Network ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("command", "line", "said"),
    [
        ("npm ci", "npm error getaddrinfo EAI_AGAIN registry.npmjs.org", "registry.npmjs.org"),
        (
            "curl -f https://a.example/x",
            "curl: (6) Could not resolve host: a.example",
            "a.example",
        ),
        ("apt-get update", "Err: Temporary failure resolving 'deb.debian.org'", "deb.debian.org"),
        ("go build", "dial tcp: lookup proxy.golang.org: no such host", "proxy.golang.org"),
        (
            "pip install requests",
            (
                "WARNING: Retrying after connection broken by 'NewConnectionError("
                "HTTPSConnection(host='pypi.org', port=443): "
                "[Errno -3] Temporary failure in name resolution')': /simple/requests/"
            ),
            "pypi.org",
        ),
    ],
)
def test_what_could_not_be_reached_is_named(command, line, said):
    first, second = unreachable_hint(PLAN, command, (line, "and so on")).splitlines()
    assert first == f"{said} could not be reached from the build"
    assert "HTTPS_PROXY" in second
    assert ("PIP_INDEX_URL" in second) == ("pip" in command)
    assert ("NPM_CONFIG_REGISTRY" in second) == ("npm" in command)


def test_pip_does_not_say_why_it_finds_nothing():
    line = "ERROR: Could not find a version that satisfies the requirement a (from versions: none)"
    assert unreachable_hint(PLAN, "pip install a", (line,)).startswith(
        "pip found no version of a: there is none, or its index could not be reached from the "
        "build\n"
    )


@pytest.mark.parametrize(
    ("command", "line", "variable"),
    [
        (
            "npm ci",
            "npm error request to https://npm.example/a failed: self-signed certificate in chain",
            "NODE_EXTRA_CA_CERTS",
        ),
        (
            "pip install a",
            "HTTPSConnectionPool(host='npm.example', port=443): CERTIFICATE_VERIFY_FAILED",
            "PIP_CERT",
        ),
        (
            "git clone",
            "fatal: 'https://npm.example/': SSL: unable to get local issuer",
            "SSL_CERT",
        ),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_of(command, line, variable):
    first, second = unreachable_hint(PLAN, command, (line,)).splitlines()
    assert first.startswith("npm.example shows a certificate that the build does not trust")
    assert f"--env {variable}" in second


def test_a_network_that_leads_nowhere_is_the_reason():
    closed = replace(PLAN, place=Place(network="vpc-1", make_network="internal"))
    hint = unreachable_hint(closed, "npm ci", ("npm error code ENOTFOUND",))
    assert hint.startswith(
        "the network could not be reached from the build's network 'vpc-1', "
        "which leads nowhere else\n"
    )


# ── In a build ──────────────────────────────────────────────────────────────────────────────────


def test_a_build_asks_its_own_shell(build):
    done = build("""
        version: 0.2
        phases:
          install:
            commands: [mkdir -p service && touch service/b.json]
            on-failure: CONTINUE
          build:
            commands:
              - cd service
              - cat a.json
            on-failure: CONTINUE
    """)
    assert done.result.failure.hint == (
        "'a.json' is not in the source's service/, where the command ran: "
        "a 'cd' lasts from one command to the next\nthere is b.json"
    )


def test_a_path_is_missing_for_want_of_the_variable_in_it(build):
    done = build("version: 0.2\nphases: {build: {commands: ['cat $MINE/a.txt']}}")
    assert "the command uses MINE, which has no value" in done.result.failure.hint


def test_a_build_fails_by_its_command_though_nobody_can_say_why(build, monkeypatch):
    def ask(_shell, key, _expressions):
        raise Unavailable(f"{key}: no space left")

    monkeypatch.setattr(BuildShell, "ask", ask)
    done = build("version: 0.2\nphases: {build: {commands: ['cat a.txt']}}")
    failure = done.result.failure
    assert (failure.status, failure.code) == ("FAILED", "COMMAND_EXECUTION_ERROR")
    assert not failure.hint


def test_a_secret_in_a_files_name_is_masked(build, monkeypatch):
    monkeypatch.setenv("CICD_PARAMETER_A", "open-sesame")
    done = build("""
        version: 0.2
        env: {parameter-store: {A: /a}}
        phases: {build: {commands: ['touch $A.txt && cat b.json']}}
    """)
    assert "***.txt" in done.result.failure.hint
    assert "sesame" not in done.result.failure.hint


# ── A part of a repository ──────────────────────────────────────────────────────────────────────


def test_a_path_of_the_repository_that_the_source_is_a_part_of_is_found_there(tmp_path):
    service = tmp_path / "services" / "a"
    service.mkdir(parents=True)
    primary = replace(PLAN.sources[0], directory=service)
    part = replace(PLAN, sources=(primary,), buildspec="buildspec.yml")
    said = ("sh: 1: cd: can't cd to services/a",)
    assert "repository" not in no_such_path_hint(part, said, shell())
    (tmp_path / ".git").mkdir()
    *_, last = no_such_path_hint(part, said, shell()).splitlines()
    assert last == (
        "it is in the repository, and on AWS the source is all of that: "
        f"cicd build {tmp_path} --buildspec services/a/buildspec.yml"
    )
    (service / ".git").mkdir()
    assert "repository" not in no_such_path_hint(part, said, shell())
