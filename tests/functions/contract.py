"""What must hold of a function, in whatever it runs."""

import json
import time
from typing import Any

import pytest

from tests.functions.world import create, invoke, write

HANDLER = """
import json, logging, os, sys, time
print("loaded")
count = 0
mark = os.urandom(8).hex()
kept = []

def private():
    path = os.path.join(os.environ["TMPDIR"], "mine")
    with open(path, "w") as file:
        file.write("written")
    return open(path).read()

def handler(event, context):
    global count
    count += 1
    do = event.get("do")
    print("asked", do)
    if do == "raise":
        raise KeyError("nope")
    if do == "sleep":
        time.sleep(60)
    if do == "eat":
        kept.append(bytearray(400 * 2**20)); time.sleep(30)
    if do == "exit":
        os._exit(7)
    if do == "odd":
        return {1, 2}
    if do == "large":
        return "x" * 7_000_000
    if do == "log":
        logging.getLogger().warning("careful")
    return {
        "count": count,
        "pid": os.getpid(),
        "mark": mark,
        "env": dict(os.environ),
        "private": private(),
        "left": context.get_remaining_time_in_millis(),
        "context": [
            context.function_name, context.function_version, context.invoked_function_arn,
            context.memory_limit_in_mb, context.log_group_name, bool(context.aws_request_id),
        ],
    }
"""

SPAMS = """
import os
def handler(event, context):
    while True:
        os.write(1, b"x" * 65536)
"""

GARBLED = """
import os, stat
def handler(event, context):
    if "said" in event:
        for number in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    os.set_blocking(number, True)
                    os.write(number, event["said"].encode() + b"\\n")
            except OSError:
                pass
    return "fine"
"""

NODE = """
export const handler = async (event, context) => {
  console.log("asked", event.do);
  if (event.do === "raise") throw new TypeError("nope");
  if (event.do === "spin") while (true);
  return { name: context.functionName, left: context.getRemainingTimeInMillis() };
};
export const classic = (event, context, callback) => {
  setTimeout(() => callback(null, { said: event.word }), 1);
};
"""


def told(done):
    return json.loads(done.answer.payload)


class FunctionContract:
    """Subclasses say how a function is configured, and give the fixture ``services``."""

    held: dict[str, Any]
    """More of each function's configuration."""

    def node(self):
        """Give the runtime of Node that there is."""
        raise NotImplementedError

    def create(self, services, name, source, **more):
        return create(services, name, source, **{**self.held, **more})

    def test_a_python_handler_finds_its_event_its_context_and_nothing_of_our_environment(
        self, services, monkeypatch
    ):
        monkeypatch.setenv("OUR_OWN_TOKEN", "hidden")
        functions = self.create(
            services, "fn", HANDLER, environment={"GREETING": "hello"}, timeout=30
        )
        functions.publish("fn")
        functions.put_alias("fn", "live", "1", {})
        answer = told(invoke(functions, "fn", qualifier="live"))
        arn = "arn:aws:lambda:us-east-1:123456789012:function:fn:live"
        assert ["fn", "1", arn, "128", "/aws/lambda/fn", True] == answer["context"]
        assert 20_000 < answer["left"] <= 30_000
        found = answer["env"]
        assert "OUR_OWN_TOKEN" not in found
        assert ("hello", "1") == (found["GREETING"], found["AWS_LAMBDA_FUNCTION_VERSION"])
        assert found["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert "written" == answer["private"]

    def test_a_warm_instance_is_used_again_and_new_code_gets_a_new_one(self, services):
        functions = self.create(services, "fn", HANDLER, timeout=30)
        first, second = (told(invoke(functions, "fn")) for _ in range(2))
        assert (1, 2, first["mark"]) == (first["count"], second["count"], second["mark"])
        code = write(services, "fn", HANDLER + "\n# changed")
        functions.update("fn", lambda held: held, code)
        third = told(invoke(functions, "fn"))
        assert 1 == third["count"]
        assert third["mark"] != first["mark"]

    def test_every_end_of_an_invocation_is_told_as_lambda_tells_it(self, services):
        self.create(services, "slow", HANDLER, timeout=1)
        functions = self.create(services, "fn", HANDLER, timeout=300)
        good = invoke(functions, "fn", b'{"do": "log"}')
        lines = good.answer.log.splitlines()
        assert f"START RequestId: {good.request_id} Version: $LATEST" == lines[0]
        assert ["loaded", "asked log"] == lines[1:3] or "asked log" in lines
        assert any(line.startswith("[WARNING]\t") and "careful" in line for line in lines)
        assert f"END RequestId: {good.request_id}" == lines[-2]
        assert lines[-1].startswith(f"REPORT RequestId: {good.request_id}\tDuration: ")
        assert "Init Duration" in lines[-1]

        raised = invoke(functions, "fn", b'{"do": "raise"}')
        shape = told(raised)
        assert ("Unhandled", "KeyError", "'nope'") == (
            raised.answer.error,
            shape["errorType"],
            shape["errorMessage"],
        )
        assert 1 == len(shape["stackTrace"])
        assert "in handler" in shape["stackTrace"][0]
        assert "[ERROR] KeyError: 'nope'" in raised.answer.log
        assert "Init Duration" not in raised.answer.log  # it was warm

        for do, kind, words in (
            ("sleep", "Sandbox.Timedout", "Error: Task timed out after 1.00 seconds"),
            ("eat", "Runtime.ExitError", "Error: Runtime exited with error: signal: killed"),
            ("exit", "Runtime.ExitError", "Error: Runtime exited with error: exit status 7"),
            ("odd", "Runtime.MarshalError", "Unable to marshal response: "),
            ("large", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
        ):
            name = "slow" if do == "sleep" else "fn"
            done = invoke(functions, name, json.dumps({"do": do}).encode())
            shape = told(done)
            assert ("Unhandled", kind) == (done.answer.error, shape["errorType"]), do
            assert words in shape["errorMessage"]
            assert f"asked {do}" in done.answer.log  # what it printed before its end is there
        kept = [line.text for _, line in services.logs.read("function/fn")]
        assert 6 == sum(text.startswith("REPORT") for text in kept)

    @pytest.mark.parametrize(
        "said", ["junk", "[]", '{"size": -1}', '{"size": "x"}', "x" * 70_000, "[" * 65_000]
    )
    def test_a_handler_that_speaks_in_its_runtimes_place_has_ended(self, services, said):
        functions = self.create(services, "garbled", GARBLED, timeout=30)
        done = invoke(functions, "garbled", json.dumps({"said": said}).encode())
        assert ("Unhandled", "Runtime.ExitError") == (done.answer.error, told(done)["errorType"])
        assert "fine" == told(invoke(functions, "garbled", b"{}"))

    def test_a_handler_that_prints_without_end_costs_its_time_and_little_more(self, services):
        functions = self.create(services, "fn", SPAMS, timeout=1)
        began = time.monotonic()
        done = invoke(functions, "fn", b"{}")
        assert "Sandbox.Timedout" == told(done)["errorType"]
        assert time.monotonic() - began < 30
        assert 8 << 20 < len(done.answer.log) < 9 << 20
        assert " more bytes were printed)" in done.answer.log[-1000:]

    @pytest.mark.parametrize(
        ("handler", "source", "kind", "words"),
        [
            (
                "app.other",
                "",
                "Runtime.HandlerNotFound",
                "Handler 'other' missing on module 'app'",
            ),
            ("none.handler", "", "Runtime.ImportModuleError", "Unable to import module 'none'"),
            ("app.handler", "import nowhere", "Runtime.ImportModuleError", "No module named"),
            (
                "app.handler",
                "def (",
                "Runtime.UserCodeSyntaxError",
                "Syntax error in module 'app'",
            ),
            ("app", "", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
            ("app.handler", "1 / 0", "ZeroDivisionError", "division by zero"),
        ],
    )
    def test_a_handler_that_cannot_be_loaded_is_an_error_of_the_function(
        self, services, handler, source, kind, words
    ):
        functions = self.create(services, "fn", source, handler=handler)
        done = invoke(functions, "fn")
        assert ("Unhandled", kind) == (done.answer.error, told(done)["errorType"])
        assert words in told(done)["errorMessage"]

    def test_a_node_handler_answers_raises_and_is_ended_when_it_spins(self, services):
        runtime = self.node()
        functions = self.create(services, "fn", NODE, runtime=runtime, timeout=2)
        good = told(invoke(functions, "fn"))
        assert "fn" == good["name"]
        assert 0 < good["left"] <= 2000
        raised = invoke(functions, "fn", b'{"do": "raise"}')
        assert ("TypeError", "nope") == (told(raised)["errorType"], told(raised)["errorMessage"])
        assert "\tINFO\tasked raise" in raised.answer.log
        spun = invoke(functions, "fn", b'{"do": "spin"}')
        assert "Sandbox.Timedout" == told(spun)["errorType"]
        self.create(services, "old", NODE, runtime=runtime, handler="app.classic")
        assert {"said": "hi"} == told(invoke(functions, "old", b'{"word": "hi"}'))
