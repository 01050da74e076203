"""A cached directory that a command cannot remove, since here it is a mount."""

from dataclasses import replace

import pytest

from cicd.build.cache.busy import busy_hint
from tests.build.machine import plan
from tests.cli.killed import Outside

CACHED = replace(plan(), cache_type="S3", cache_paths=("app/node_modules/**/*", "/root/.m2"))


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("rm: cannot remove 'node_modules': Device or resource busy", "app/node_modules"),
        (
            "npm ERR! EBUSY: resource busy or locked, rmdir '/x/app/node_modules'",
            "app/node_modules",
        ),
        ("mv: cannot move '/root/.m2' to 'x': Device or resource busy", "/root/.m2"),
    ],
)
def test_the_hint_says_how_it_is_emptied(line, place):
    assert f"find {place} -mindepth 1 -delete" in busy_hint(CACHED, ("said before", line))


@pytest.mark.parametrize(
    "line",
    [
        "rm: cannot remove 'old_node_modules': Device or resource busy",
        "rm: cannot remove 'node_modules': Permission denied",
        "EBUSY: port 80",
    ],
)
def test_what_has_another_cause_gets_no_hint(line):
    assert "" == busy_hint(CACHED, (line,))


def test_a_build_without_a_cache_gets_none():
    line = "rm: cannot remove 'node_modules': Device or resource busy"
    assert "" == busy_hint(replace(CACHED, cache_type="NO_CACHE"), (line,))


@pytest.mark.docker
def test_a_script_that_removes_its_cached_directory_is_told_what_to_write(docker_image, tmp_path):
    (tmp_path / "cicd.yml").write_text(
        "projects: [{name: app, cache: {type: S3}, artifacts: {type: NO_ARTIFACTS}}]\n"
    )
    (tmp_path / "wipe.sh").write_text("rm -rf deps\n")
    (tmp_path / "buildspec.yml").write_text(
        "version: 0.2\nphases: {build: {commands: ['sh wipe.sh', mkdir -p deps, touch deps/a]}}\n"
        "cache: {paths: ['deps/**/*']}\n"
    )
    outside = Outside(tmp_path)
    assert 0 == outside.run("build", "--image", docker_image)[0]
    status, out, said = outside.run("build", "--image", docker_image)
    # Where the machine has no overlays the cache is a copy, which can be removed.
    assert (status == 1) == ("find deps -mindepth 1 -delete" in out + said)
