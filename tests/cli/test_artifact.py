"""`cicd artifact …` from outside, after a pipeline has handed something on."""

import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from cicd.backends.bucket_url import UrlBucket
from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from tests.cli.test_events import here as _here

here = _here
CHECKOUT = Path(__file__).parents[2]


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


MARK = "nobody-may-read-this"
SEALED = """
name: shop
roleArn: arn:aws:iam::123456789012:role/p
pipelineType: V2
artifactStore: {type: S3, location: artifacts}
stages:
  - name: Source
    actions:
      - name: Checkout
        actionTypeId: {category: Source, owner: AWS, provider: S3, version: "1"}
        configuration: {S3Bucket: in, S3ObjectKey: app.zip}
        outputArtifacts: [{name: code}]
  - name: Deploy
    actions:
      - name: Up
        actionTypeId: {category: Deploy, owner: AWS, provider: S3, version: "1"}
        configuration: {BucketName: out, Extract: "true", ObjectKey: site}
        inputArtifacts: [{name: code}]
"""


def holding(folder, text):
    """Give the files below a folder that hold a text, in the clear."""
    return [
        path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_what_is_sealed_is_nowhere_in_the_clear_and_goes_from_s3_to_s3(
    tmp_path, capsys, monkeypatch, s3
):
    root, temporary = tmp_path / "shop", tmp_path / "tmp"
    root.mkdir()
    temporary.mkdir()
    (root / "pipeline.yml").write_text(SEALED)
    (root / "cicd.yml").write_text(f"local: {{buckets: {{in: '{s3}/in', out: '{s3}/out'}}}}\n")
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:  # stored: as it is
        archive.writestr("page.txt", MARK)
    UrlBucket(f"{s3}/in").write("app.zip", tmp_path / "app.zip")
    (tmp_path / "app.zip").unlink()
    monkeypatch.chdir(root)
    for name, value in {
        "CICD_HOME": str(root / ".cicd"),
        "CICD_ARTIFACT_STORE": f"{s3}/artifacts",
        "CICD_ARTIFACT_ENCRYPTION": "on",
        "TMPDIR": str(temporary),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)  # as a new process would see it
    assert 0 == run(cicd, ["pipeline", "run"])
    assert [] == holding(tmp_path, MARK)
    store, out = UrlBucket(f"{s3}/artifacts"), UrlBucket(f"{s3}/out")
    (key,) = store.keys()
    assert store.read(key, tmp_path / "kept")
    assert b"cicd-sealed" == (tmp_path / "kept").read_bytes()[:11]
    assert [] == holding(tmp_path, MARK)
    assert out.read("site/page.txt", tmp_path / "deployed")
    assert MARK == (tmp_path / "deployed").read_text()
    capsys.readouterr()

    # Another machine, which has the key: it fetches, and takes away.
    shutil.rmtree(root / ".cicd" / "artifacts", ignore_errors=True)
    status, got = asked(capsys, "get", "code", "-o", "fetched")
    assert (0, MARK) == (status, (root / "fetched" / "page.txt").read_text())
    _, gone = asked(capsys, "prune", "--max-size", "0B")
    assert ([got["digest"]], []) == (gone["digests"], store.keys())


COMBINED = """version: 0.2
batch: {build-graph: [{identifier: left}, {identifier: right, depend-on: [left]}]}
phases:
  build:
    commands:
      - echo $CODEBUILD_BATCH_BUILD_IDENTIFIER > $CODEBUILD_BATCH_BUILD_IDENTIFIER.txt
      - test $CODEBUILD_BATCH_BUILD_IDENTIFIER = left || sh "$MEANWHILE"
artifacts: {files: ['*.txt']}
"""


@pytest.mark.parametrize("pruned", [True, False])
def test_what_a_batch_has_made_stays_until_it_is_over(here, capsys, pruned):
    (here / "pipeline.yml").unlink()
    project = "{name: app, source: {type: NO_SOURCE}, artifacts: {type: S3, name: /}"
    batch = "buildBatchConfig: {combineArtifacts: true}}"
    (here / "cicd.yml").write_text(f"projects: [{project}, {batch}]\nlocal: {{runner: host}}\n")
    (here / "all.yml").write_text(COMBINED)
    prune = f"cd '{CHECKOUT}' && '{sys.executable}' -m cicd artifact prune --max-size 0B --home"
    taken = f"find '{here}/.cicd/artifacts' -name '*.zip' -exec rm {{}} +"
    (here / "meanwhile").write_text(f"{prune} '{here}/.cicd'" if pruned else taken)
    words = ["build", "--batch", "--buildspec", "all.yml", "--env", f"MEANWHILE={here}/meanwhile"]
    status = run(cicd, [*words, "--artifacts", "out"])
    said = "".join(capsys.readouterr())
    if pruned:
        assert (0, ["left.txt", "right.txt"]) == (
            status,
            sorted(path.name for path in (here / "out").iterdir()),
        )
    else:
        assert status != 0
        assert "an artifact of a build of this batch is no longer in the store" in said
