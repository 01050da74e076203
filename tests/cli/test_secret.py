"""`cicd secret` and `cicd parameter` from outside, and builds that use what they keep."""

import io
import json
import sys

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd

BUILDSPEC = """version: 0.2
env:
  parameter-store: {P: /app/p}
  secrets-manager: {S: "team/bot:user"}
  exported-variables: [OUT]
phases:
  build:
    commands:
      - echo "P is $P, S is $S"
      - printf '%s' "$S" | base64
      - OUT="x-$P"
      - mkdir "d-$P" && touch "d-$P/f"
artifacts: {files: ["d-*/f"], name: "n-$S"}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / ".cicd"))
    monkeypatch.setenv("CICD_RUNNER", "host")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("CICD_PASSPHRASE", raising=False)
    return tmp_path


def asked(*words):
    return run(cicd, list(words))


def piped(monkeypatch, text, *words):
    """The same with ``text`` on standard input, which is no terminal."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return asked(*words)


def last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_secret_is_put_told_of_shown_and_forgotten(here, monkeypatch, capsys):
    assert 0 == piped(monkeypatch, "hunter2-more\n", "secret", "put", "team/bot", "-")
    assert 0 == asked("secret", "get", "team/bot")
    assert 0 == asked("secret", "list")
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err
    assert "AWSCURRENT" in said.out
    assert 0 == asked("secret", "get", "team/bot", "--show")
    assert "hunter2-more\n" == capsys.readouterr().out
    assert 2 == piped(monkeypatch, "", "secret", "rm", "team/bot")
    assert "--yes answers beforehand" in capsys.readouterr().err
    assert 0 == asked("secret", "rm", "team/bot", "--yes")
    assert 2 == asked("secret", "get", "team/bot")


def test_versions_and_keys(here, monkeypatch, capsys):
    piped(monkeypatch, "ada", "secret", "put", "s:user", "-")
    piped(monkeypatch, "x y", "secret", "put", "s:other key", "-")
    assert 0 == piped(monkeypatch, "pending", "secret", "put", "s", "-", "--stage", "MINE")
    capsys.readouterr()
    for words, value in (
        (("s",), '{"user": "ada", "other key": "x y"}'),
        (("s:user",), "ada"),
        (("s:other key",), "x y"),
        (("s::AWSPREVIOUS",), '{"user": "ada"}'),
        (("s:user", "--stage", "AWSPREVIOUS"), "ada"),
        (("s", "--stage", "MINE"), "pending"),
    ):
        assert 0 == asked("secret", "get", *words, "--show")
        assert f"{value}\n" == capsys.readouterr().out
    asked("secret", "get", "s", "--output", "json")
    by_stage = {v[0]: k for k, v in last_json(capsys)["VersionIdsToStages"].items()}
    assert 0 == asked("secret", "get", "s", "--version-id", by_stage["MINE"], "--show")
    assert "pending\n" == capsys.readouterr().out


def test_json_has_the_apis_shapes(here, monkeypatch, capsys):
    piped(
        monkeypatch, "value", "secret", "put", "s", "-", "--description", "d", "--output", "json"
    )
    put = last_json(capsys)
    assert ["ARN", "Name", "VersionId", "VersionStages"] == list(put)
    asked("secret", "get", "s", "--show", "--output", "json")
    got = last_json(capsys)
    assert (put["ARN"], put["VersionId"], "value", ["AWSCURRENT"]) == (
        got["ARN"],
        got["VersionId"],
        got["SecretString"],
        got["VersionStages"],
    )
    asked("secret", "list", "--output", "json")
    (listed,) = last_json(capsys)["SecretList"]
    assert ("s", "d") == (listed["Name"], listed["Description"])
    piped(monkeypatch, "v", "parameter", "put", "/a/b", "-", "--type", "String")
    asked("parameter", "get", "/a/b", "--show", "--output", "json")
    got = last_json(capsys)["Parameter"]
    assert ("/a/b", "String", "v", 1) == tuple(
        got[k] for k in ("Name", "Type", "Value", "Version")
    )


def test_parameters_are_listed_by_their_path(here, monkeypatch, capsys):
    for name in ("/app/a", "/app/db/b", "/apple", "plain"):
        piped(monkeypatch, "v", "parameter", "put", name, "-")
    for words, names in (
        ((), ["/app/a", "/app/db/b", "/apple", "plain"]),
        (("/app",), ["/app/a"]),
        (("/app/", "--recursive"), ["/app/a", "/app/db/b"]),
        (("/",), ["/apple"]),
    ):
        asked("parameter", "list", *words, "--output", "json")
        assert names == [each["Name"] for each in last_json(capsys)["Parameters"]]


def test_versions_of_a_parameter(here, monkeypatch, capsys):
    for value in ("one", "two"):
        piped(monkeypatch, value, "parameter", "put", "/a", "-")
    capsys.readouterr()
    for name, value in (("/a", "two"), ("/a:1", "one"), ("/a:2", "two")):
        assert 0 == asked("parameter", "get", name, "--show")
        assert f"{value}\n" == capsys.readouterr().out
    assert 2 == asked("parameter", "get", "/a:3", "--show")
    assert "parameter '/a' has no version 3" in capsys.readouterr().err


def test_a_file_is_taken_to_its_last_byte_and_a_pipe_without_its_line_end(
    here, monkeypatch, capsys
):
    (here / "key.pem").write_bytes(b"-----BEGIN\nabc\n")
    assert 0 == asked("secret", "put", "pem", "--file", "key.pem")
    capsys.readouterr()
    asked("secret", "get", "pem", "--show", "--output", "json")
    assert "-----BEGIN\nabc\n" == last_json(capsys)["SecretString"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("secret", "put", "s", "hunter2"), "where your shell remembers it"),
        (("secret", "put", "s", "-", "--value", "hunter2"), "comes from two places"),
        (("secret", "put", "s"), "there is no terminal to ask for"),
        (("secret", "put", "s", "-"), "would have no value"),
        (("secret", "put", "s:k:AWSCURRENT:x", "-"), "both a version stage and a version id"),
        (("secret", "put", "s::AWSPREVIOUS", "-"), "a new one is to be made"),
        (("secret", "put", "s", "--file", "nowhere"), "nowhere is not there"),
        (("parameter", "put", "a/b", "-"), "cannot be the name of a parameter"),
        (("parameter", "rm", "/x", "--yes"), "there is no parameter '/x'"),
        (("parameter", "list", "x"), "'x' is not a path"),
        (("secret", "get", "s", "--stage", "A", "--version-id", "1"), "exclude each other"),
    ],
)
def test_what_cannot_be_done_says_so_without_the_value(here, monkeypatch, capsys, words, said):
    assert 2 == piped(monkeypatch, "", *words)
    error = capsys.readouterr().err
    assert said in error
    assert "hunter2" not in error
    assert not (here / ".cicd" / "secrets.json").exists()


def test_a_value_in_the_command_is_taken_with_a_warning(here, capsys):
    assert 0 == asked("secret", "put", "s", "--value", "v")
    assert "your shell's history now holds that value" in capsys.readouterr().err


def test_a_build_says_what_is_missing_and_how_to_give_it(here, capsys):
    (here / "buildspec.yml").write_text(BUILDSPEC)
    assert 1 == asked("build")
    printed = capsys.readouterr()
    said = printed.err
    assert 1 == printed.out.count("parameter does not exist: /app/p")
    assert 1 == said.count("cicd secret put team/bot:user")
    for line in (
        "/app/p for P is missing\n",
        "team/bot:user for S is missing\n",
        "hint: cicd parameter put /app/p --type SecureString\n      cicd secret put team/bot:user",
    ):
        assert line in said
    assert "P is" not in printed.out


def test_a_plan_tells_where_values_come_from_and_not_what_they_are(here, monkeypatch, capsys):
    (here / "buildspec.yml").write_text(BUILDSPEC)
    piped(monkeypatch, "hunter2-param", "parameter", "put", "/app/p", "-")
    capsys.readouterr()
    assert 0 == asked("build", "--plan")
    said = capsys.readouterr().out
    assert "the local store" in said
    assert "missing: cicd secret put team/bot:user" in said
    assert 0 == asked("build", "--plan", "--output", "json")
    printed = capsys.readouterr().out
    assert "hunter2" not in said + printed
    assert [("/app/p", True), ("team/bot:user", False)] == [
        (each["value"], each["found"]) for each in json.loads(printed.splitlines()[-1])["secrets"]
    ]


def test_a_build_finds_what_was_put_and_shows_it_nowhere(here, monkeypatch, capsys):
    (here / "buildspec.yml").write_text(BUILDSPEC)
    piped(monkeypatch, "hunter2-param", "parameter", "put", "/app/p", "-")
    piped(monkeypatch, "ada-lovelace", "secret", "put", "team/bot:user", "-")
    capsys.readouterr()
    assert 0 == asked("build", "--output", "json")
    printed = capsys.readouterr()
    build = json.loads(printed.out.splitlines()[-1])
    assert 0 == asked("builds", "logs", build["id"])
    log = capsys.readouterr().out
    assert "P is ***, S is ***" in log
    assert [] == build["exportedEnvironmentVariables"]
    for path in (here / ".cicd").rglob("*"):
        # What a build puts into an artifact is its own affair: here, the name of a directory.
        if path.is_file() and "artifacts" not in path.parts:
            for value in (b"hunter2-param", b"ada-lovelace", b"YWRhLWxvdmVsYWNl"):
                assert value not in path.read_bytes(), path
    for value in ("hunter2-param", "ada-lovelace", "YWRhLWxvdmVsYWNl"):
        assert value not in printed.out + printed.err + log


def test_where_values_come_from_is_a_setting(here, monkeypatch, capsys):
    (here / "buildspec.yml").write_text(
        "version: 0.2\nenv: {parameter-store: {P: /p}}\nphases: {build: {commands: [env]}}\n"
    )
    monkeypatch.setenv("CICD_PARAMETER_P", "of the environment")
    piped(monkeypatch, "of the store", "parameter", "put", "/p", "-")
    for setting, place in (
        ("", "the variable CICD_PARAMETER_P"),
        ("store, environment", "the local store"),
        ("environment", "the variable CICD_PARAMETER_P"),
    ):
        monkeypatch.setenv("CICD_SECRETS", setting)
        capsys.readouterr()
        assert 0 == asked("build", "--plan")
        assert place in capsys.readouterr().out
    for setting, said in (("nowhere", "'nowhere' is not known"), ("aws", "no profile")):
        monkeypatch.setenv("CICD_SECRETS", setting)
        assert 2 == asked("build")
        assert said in capsys.readouterr().err


def test_a_store_that_cannot_be_opened_stops_a_build_before_it_starts(here, monkeypatch, capsys):
    (here / "buildspec.yml").write_text(BUILDSPEC)
    piped(monkeypatch, "hunter2-param", "parameter", "put", "/app/p", "-")
    (here / "data" / "cicd" / "key").unlink()
    assert 4 == asked("build")
    assert "is not there" in capsys.readouterr().err
    asked("builds", "list", "--output", "json")
    assert {"ids": []} == last_json(capsys)


def test_a_secret_that_stands_in_the_document_or_in_a_message_is_hidden(here, monkeypatch, capsys):
    (here / "buildspec.yml").write_text(
        "version: 0.2\nenv: {secrets-manager: {S: s}}\n"
        "phases: {build: {commands: ['echo written hunter2-x']}}\n"
        "artifacts: {base-directory: no-$S, files: ['*']}\n"
    )
    piped(monkeypatch, "hunter2-x", "secret", "put", "s", "-")
    capsys.readouterr()
    assert 1 == asked("build", "--output", "json")
    printed = capsys.readouterr().out
    events = [json.loads(line) for line in printed.splitlines()]
    assert "$ echo written ***" in [each.get("text") for each in events]
    assert "no matching base directory path found for no-***" in printed
    build = events[-1]
    assert 0 == asked("builds", "logs", build["id"])
    assert "hunter2" not in capsys.readouterr().out


def test_a_secret_written_in_a_command_is_hidden_by_whatever_looks_at_the_build(
    here, monkeypatch, capsys
):
    piped(monkeypatch, "hunter2-x", "secret", "put", "s", "-")
    for phases in (
        "{build: {commands: ['false hunter2-x']}}",
        "{build: {commands: ['true']}}\nartifacts: {files: ['hunter2-x']}",
    ):
        (here / "buildspec.yml").write_text(
            f"version: 0.2\nenv: {{secrets-manager: {{S: s}}}}\nphases: {phases}\n"
        )
        capsys.readouterr()
        assert 1 == asked("build")
        for looks in (
            ("builds", "show"),
            ("builds", "show", "--output", "json"),
            ("builds", "logs"),
            ("events", "list", "--output", "json"),
            ("status", "--output", "json"),
        ):
            assert 0 == asked(*looks)
        printed = "".join(capsys.readouterr())
        assert ("***" in printed, "hunter2" in printed) == (True, False), printed
