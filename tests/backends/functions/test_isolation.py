"""What a function in a sandbox finds of this machine."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from cicd.backends.functions.isolation import isolated
from tests.functions.world import create, home, invoke

RUNNERS = ["sandbox"] if shutil.which("bwrap") else []
HANDLER = """
import os, boto3
def handler(path, context):
    try:
        open("/made", "w")
    except OSError as refused:
        wrote = refused.strerror
    return [os.path.exists(path), wrote, bool(boto3.__version__)]
"""


@pytest.mark.parametrize("runner", RUNNERS)
def test_files_of_people_are_out_of_sight_and_the_runtime_is_there(tmp_path, runner):
    with home(tmp_path) as services:
        functions = create(services, "fn", HANDLER, timeout=60, runner=runner)
        ran = invoke(functions, "fn", b'"/var/lib"')
    assert [False, "Read-only file system", True] == json.loads(ran.answer.payload)


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_whole_root_is_not_bound_for_what_is_mounted_there_may_vanish(tmp_path, runner):
    words = isolated(runner, (sys.executable,), code=tmp_path, private=tmp_path)
    bound = {Path(words[place + 1]) for place, word in enumerate(words) if word == "--ro-bind"}
    assert Path("/") not in bound
    assert Path("/var") not in bound


@pytest.mark.parametrize("runner", RUNNERS)
def test_of_a_runtime_in_a_home_only_its_own_installation_is_shown(tmp_path, runner):
    node = tmp_path / "node-22" / "bin" / "node"
    link = tmp_path / ".local" / "bin" / "node"
    for place in (node, link):
        place.parent.mkdir(parents=True)
    node.touch()
    link.symlink_to(node)
    words = isolated(runner, (str(link),), code=tmp_path / "code", private=tmp_path / "own")
    text = " ".join(words)
    assert f"--ro-bind {tmp_path}/node-22 {tmp_path}/node-22" in text
    assert f"--symlink {node} {link}" in text
    assert f"{tmp_path}/.local " not in text
    assert "--ro-bind / " not in " ".join(
        isolated(runner, ("/bin/node",), code=tmp_path, private=tmp_path)
    )
