"""The schemas that editors use: they take what AWS takes, and know the keys that we know."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cicd.build.buildspec.reader import read_buildspec
from cicd.check.configuration import read_check
from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.deploy.appspec.reader import _KEYS
from cicd.deploy.lifecycle import SCRIPTABLE, TOLERATED
from cicd.deploy.rules.keys import CONTEXT_KEYS, FILE_KEYS, PERMISSION_KEYS, SCRIPT_KEYS
from cicd.deploy.rules.services import HOOKS, OPTIONAL, REQUIRED
from cicd.deploy.spec import ComputePlatform
from cicd.document.load import load_bytes, load_text
from cicd.document.problem import Problems
from cicd.document.resources_reader import LOCAL_KEYS, NAMES
from cicd.lint.documents import Candidate, Kind
from cicd.lint.schemas import KINDS, schema

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE / "tools"))

import lint_corpus  # noqa: E402

CORPUS = Path(os.environ.get("CICD_CORPUS", HERE.parent / "shared" / "corpus"))
SOUND = [
    checked
    for checked in (lint_corpus.verdicts(CORPUS) if CORPUS.is_dir() else ())
    if checked.kind is not Kind.TEMPLATE
    and not lint_corpus.first_error(checked)
    and not {p.rule.partition("/")[2] for p in checked.problems}
    & {"unknown-key", "duplicate-key", "version", "permission-mode", "bucket-name"}
]
VALIDATORS = {kind: Draft202012Validator(schema(kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one_and_is_printed(kind, capsys):
    Draft202012Validator.check_schema(schema(kind))
    assert 0 == run(cicd, ["schema", kind])
    assert schema(kind) == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("checked", SOUND, ids=lambda checked: checked.name)
def test_a_published_file_without_problems_validates(checked):
    path = CORPUS / checked.name
    candidate = Candidate(path=path, name=checked.name, given=True)
    node = load_bytes(
        path.read_bytes(), checked.name, json=candidate.is_json(b""), duplicates="last"
    )
    (folder, _, _) = checked.name.partition("/")
    assert [] == [
        (list(error.absolute_path), error.message)
        for error in VALIDATORS[folder].iter_errors(node.plain())
    ]


SECTIONS = {
    "": ("buildspec",),
    "env": ("env",),
    "proxy": ("proxy",),
    "artifacts": ("artifacts",),
    "cache": ("cache",),
    "batch": ("batch",),
    "phases.install": ("phases", "install"),
    "phases.build": ("phases", "build"),
    "reports.r": ("reports", "r"),
    "artifacts.secondary-artifacts.s": ("artifacts", "secondary-artifacts", "s"),
    "batch.build-list.0": ("batch", "build-list", 0),
    "batch.build-graph.0": ("batch", "build-graph", 0),
    "batch.build-matrix.static": ("batch", "build-matrix", "static"),
    "batch.build-matrix.dynamic": ("batch", "build-matrix", "dynamic"),
    "batch.build-fanout": ("batch", "build-fanout"),
}


def known_to_reader(path):
    """The keys that our reader's note on an unknown key lists."""
    document: dict[str, object] = {}
    inner: object = {"zzzzzzzzzz": 1}
    if path.endswith("dynamic"):  # whose keys are only asked for when they are there
        inner = {"zzzzzzzzzz": 1, "buildspec": ["a.yml"]}
    for step in reversed(path.split(".") if path else ()):
        inner = [inner] if step == "0" else {step: inner}
    document = {"version": "0.2", **(inner if isinstance(inner, dict) else {})}
    problems = Problems()
    read_buildspec(load_text(json.dumps(document), "b.json", json=True), problems)
    (note,) = [p.note for p in problems if "zzzzzzzzzz" in p.message]
    return set(re.sub(r"^.* are ", "", note).split(", "))


def known_to_schema(whole, path):
    node = whole
    for step in path.split(".") if path else ():
        node = resolved(whole, node)
        if step == "0":
            node = node["items"]
        else:
            properties = node.get("properties", {})
            node = properties.get(step, node.get("additionalProperties"))
    return set(resolved(whole, node)["properties"])


def resolved(whole, node):
    if "anyOf" in node and "properties" not in node:
        node = next(each for each in node["anyOf"] if each != {"type": "null"})
    if "$ref" in node:
        node = whole["$defs"][node["$ref"].rpartition("/")[2]]
    return node


@pytest.mark.parametrize("path", SECTIONS)
def test_the_schema_of_buildspecs_has_the_readers_keys(path):
    assert known_to_reader(path) == known_to_schema(schema("buildspec"), path)


def test_the_schema_of_appspecs_has_the_readers_keys():
    definitions = schema("appspec")["$defs"]
    server = definitions["server"]["properties"]
    whole = schema("appspec")
    assert set(_KEYS) == set(server)
    files = resolved(whole, server["files"])["items"]
    permissions = resolved(whole, server["permissions"])["items"]["properties"]
    assert set(FILE_KEYS) == set(files["properties"])
    assert set(PERMISSION_KEYS) == set(permissions)
    assert set(CONTEXT_KEYS) == set(resolved(whole, permissions["context"])["properties"])
    assert set(SCRIPT_KEYS) == set(definitions["scripts"]["items"]["properties"])
    events = set(map(str, (*SCRIPTABLE, *TOLERATED)))
    assert events == set(resolved(whole, server["hooks"])["properties"])
    for platform, name in ((ComputePlatform.ECS, "ecs"), (ComputePlatform.LAMBDA, "lambda")):
        hooks = definitions[f"{name}Hooks"]["items"]["properties"]
        assert set(HOOKS[platform]) == set(hooks)
        resource = definitions[name]["properties"]["Resources"]["items"]
        inner = resource.get("additionalProperties") or resource["properties"]["TargetService"]
        properties = inner["properties"]["Properties"]
        assert set(REQUIRED[platform]) == set(properties["required"])
        assert {*REQUIRED[platform], *OPTIONAL[platform]} == set(properties["properties"])


def test_the_schema_of_cicd_yml_has_the_readers_keys():
    properties = schema("cicd")["properties"]
    assert {*NAMES, "local", "check"} == set(properties)
    assert set(LOCAL_KEYS) == set(properties["local"]["properties"])


def test_the_schema_of_checks_has_the_readers_keys():
    check = schema("cicd")["properties"]["check"]["properties"]
    lists = ("builds", "pipelines", "commands")
    entries = {key: check[key]["items"]["anyOf"][1]["properties"] for key in lists}
    known = "".join(f"{key}:\n" for key in check if key not in entries)
    for key, properties in entries.items():
        others = ", ".join(each for each in properties if each != "name")
        known += f"{key}:\n  - {{name: a, {others}}}\n"
    problems = Problems()
    read_check(load_text(known, "cicd.yml"), problems)
    assert {"resources/missing-key"} == {problem.rule for problem in problems}  # 'run' is empty
    near = {"lint", "failOn", "triggers", *lists}
    assert near == set(check)
    assert {"name", "run", "timeoutInMinutes", "branches", "tags", "filePaths"} == set(
        entries["commands"]
    )


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("buildspec", {"version": 0.2, "phases": {"biuld": {"commands": ["make"]}}}),
        ("buildspec", {"version": 0.2, "artefacts": {"files": ["a"]}}),
        ("appspec", {"version": "0.0", "os": "linux"}),
        ("appspec", {"version": 0.0, "os": "linux", "hooks": {"afterInstall": []}}),
        ("pipeline", {"pipeline": {"name": "p"}}),
        ("cicd", {"project": []}),
    ],
)
def test_what_is_wrong_does_not_validate(kind, document):
    assert not VALIDATORS[kind].is_valid(document)
