"""Functions that really run, in both runtimes."""

import os
import time
from pathlib import Path
from typing import ClassVar

import pytest

from cicd.errors import Unavailable
from cicd.functions.code import read_code
from cicd.functions.function import FunctionConfiguration
from cicd.functions.refusal import FunctionRefused
from cicd.functions.run import Functions
from tests.absent import absent
from tests.functions.contract import HANDLER, NODE, FunctionContract, told
from tests.functions.world import create, home, invoke


@pytest.fixture
def services(tmp_path):
    with home(tmp_path) as services:
        yield services


class TestProcesses(FunctionContract):
    held: ClassVar = {}

    def node(self):
        major = os.popen("node --version").read()[1:].partition(".")[0]
        if not major:
            absent("there is no Node on this machine")
        return f"nodejs{major}.x"


def test_a_node_that_is_not_here_is_said_with_what_is(services):
    with pytest.raises(Unavailable, match=r"there is no Node 10 on this machine for nodejs10\.x"):
        invoke(create(services, "fn", NODE, runtime="nodejs10.x"), "fn")


def test_a_runtime_that_is_not_here_is_said_with_what_is(services):
    functions = create(services, "fn", HANDLER, runtime="python3.1")
    with pytest.raises(Unavailable, match=r"no python3\.1 on this machine"):
        invoke(functions, "fn")


@pytest.mark.parametrize(
    ("number", "words"), [(9, "killed"), (11, "segmentation fault"), (15, "terminated")]
)
def test_the_signal_that_ended_a_function_has_the_name_that_lambda_gives_it(
    services, number, words
):
    code = f"import os\ndef handler(event, context): os.kill(os.getpid(), {number})"
    shape = told(invoke(create(services, "fn", code, timeout=30), "fn"))
    assert shape["errorMessage"].endswith(f"Error: Runtime exited with error: signal: {words}")


def test_instances_end_with_the_run_that_started_them(tmp_path):
    with home(tmp_path) as services:
        answer = told(invoke(create(services, "fn", HANDLER, timeout=30), "fn"))
        assert Path(f"/proc/{answer['pid']}").exists()
    assert not Path(answer["env"]["TMPDIR"]).exists()
    assert not Path(f"/proc/{answer['pid']}").exists()


def test_what_one_process_changes_another_sees(tmp_path):
    with home(tmp_path) as one, home(tmp_path) as other:
        functions = create(one, "fn", HANDLER)
        from cicd.functions.run import Functions

        theirs = Functions(other)
        assert "1" == theirs.publish("fn").version
        functions.put_alias("fn", "live", "1", {})
        assert "1" == theirs.find("fn").alias("live").function_version
        theirs.remove("fn")
        with pytest.raises(FunctionRefused, match="Function not found"):
            functions.find("fn")
        assert () == functions.every()
        create(one, "fn", HANDLER)
        assert ["fn"] == [each.name for each in theirs.every()]


def test_a_warm_invocation_costs_little(services):
    functions = create(services, "fn", "def handler(event, context): return 1")
    invoke(functions, "fn")
    took = []
    for _ in range(60):
        began = time.perf_counter()
        invoke(functions, "fn")
        took.append(time.perf_counter() - began)
    assert sorted(took)[30] < 0.05  # the bench measures; this finds a slip of ten times


def test_the_package_around_the_home_says_nothing_about_a_function_of_node(services):
    major = os.popen("node --version").read()[1:].partition(".")[0]
    if not major:
        return  # the test above says what is told where there is no Node
    (services.home.parent / "package.json").write_text('{"type": "module"}')
    tree = services.home.parent / "plain"
    tree.mkdir()
    (tree / "index.js").write_text("exports.handler = async () => 'plain';")
    held = FunctionConfiguration(runtime=f"nodejs{major}.x", handler="index.handler", timeout=20)
    functions = Functions(services)
    functions.create("plain", held, read_code(tree, services.artifacts))
    assert "plain" == told(invoke(functions, "plain"))
