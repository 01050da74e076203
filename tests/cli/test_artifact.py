"""`cicd artifact …` from outside, after a pipeline has handed something on."""

import json

import pytest

from cicd.cli import cicd
from cicd.cli.boundary import run
from tests.cli.test_events import here as _here

here = _here


def asked(capsys, *words):
    status = run(cicd, ["artifact", *words, "--output", "json"])
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.fixture
def ran(here, capsys):
    assert 0 == run(cicd, ["pipeline", "run"])
    capsys.readouterr()
    return here


def test_an_artifact_is_listed_by_its_key_fetched_and_pruned(ran, capsys, monkeypatch):
    _, listed = asked(capsys, "list", "--pipeline", "shop")
    (shown,) = listed["artifacts"]
    bucket, key = shown["s3location"].values()
    assert ("artifacts", f"shop/code/{shown['digest'][:7]}", "code") == (
        bucket,
        key,
        shown["name"],
    )
    for place, wanted in (("a", "code"), ("b", key), ("c", f"{bucket}/{key}.zip")):
        status, got = asked(capsys, "get", wanted, "-o", place)
        assert (0, 2) == (status, got["files"])
        assert (ran / place / "pipeline.yml").read_text().startswith("\nname: shop")
    assert 2 == run(cicd, ["artifact", "get", "code", "-o", "a"])
    assert 2 == run(cicd, ["artifact", "get", "other"])
    assert 0 == run(cicd, ["artifact", "get", "code", "--zip"])
    assert b"PK" == (ran / "code.zip").read_bytes()[:2]
    capsys.readouterr()

    assert 2 == run(cicd, ["artifact", "prune"])
    _, would = asked(capsys, "prune", "--max-size", "0B", "--dry-run")
    _, gone = asked(capsys, "prune", "--max-size", "0B")
    assert would["digests"] == gone["digests"]
    assert shown["digest"] in gone["digests"]
    assert 2 == run(cicd, ["artifact", "get", "code", "-o", "d"])
    assert "was pruned" in capsys.readouterr().err


def test_a_pipeline_runs_with_artifacts_at_a_url_and_sealed_ones(here, capsys, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(here / "data"))
    monkeypatch.setenv("CICD_ARTIFACT_ENCRYPTION", "on")
    for place in (f"file://{here}/elsewhere", "elsewhere-too"):
        monkeypatch.setenv("CICD_ARTIFACT_STORE", place)
        assert 0 == run(cicd, ["pipeline", "run"])
        capsys.readouterr()
        folder = here / place.rpartition("/")[2]
        zips = list(folder.rglob("*.zip"))
        assert zips
        assert all(b"cicd-sealed" == each.read_bytes()[:11] for each in zips)
        assert not list((here / ".cicd" / "artifacts").rglob("*.zip"))
        status, got = asked(capsys, "get", "code", "-o", folder.name + "-out")
        assert (0, 2) == (status, got["files"])
