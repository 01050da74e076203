"""A fan-out of containers: each runs its share of the tests with the tools of the image."""

import json

import pytest

from tests.cli.killed import Outside

pytestmark = pytest.mark.docker

BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - codebuild-tests-run --files-search "codebuild-glob-search 'tests/*.txt'"
        --test-command 'cat'
artifacts: {files: ["tests/*.txt"]}
batch: {build-fanout: {parallelism: 2}}
"""


def test_a_fan_out_shares_the_files_among_containers(tmp_path, docker_image):
    (tmp_path / "buildspec.yml").write_text(BUILDSPEC)
    (tmp_path / "tests").mkdir()
    for name in "abc":
        (tmp_path / "tests" / f"{name}.txt").write_text(f"test {name}\n")
    outside = Outside(tmp_path)
    status, out, said = outside.run("build", "--batch", "--image", docker_image, "--jobs", "2")
    assert (0, "") == (status, said)
    lines = out.splitlines()
    assert {"[BuildFanoutShard1] test a", "[BuildFanoutShard1] test b"} <= set(lines)
    assert "[BuildFanoutShard2] test c" in lines
    _, out, _ = outside.run("batches", "list", "--output", "json")
    (batch_id,) = json.loads(out.splitlines()[-1])["ids"]
    _, out, _ = outside.run("batches", "show", batch_id, "--output", "json")
    (batch,) = json.loads(out.splitlines()[-1])["buildBatches"]
    assert "SUCCEEDED" == batch["buildBatchStatus"]
