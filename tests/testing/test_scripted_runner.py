import threading

import pytest

from cicd.ports import CancelToken, Environment, Exit
from cicd.testing.contracts_session import SessionContract, run
from cicd.testing.scripted_runner import Answer, ScriptedRunner


class TestScriptedRunner(SessionContract):
    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls):
        waiting = Answer(output=b"ready\n", waits=True)
        return ScriptedRunner(
            {
                "once": Answer(output=b"x\n", status=4),
                "why": waiting,
                "reached": waiting,
                "at once": waiting,
                "ended": waiting,
                "next": Answer(output=b"next\n"),
                "unbegun": Answer(output=b"ran\n"),
                "dying": Answer(output=b"begun\n", waits=True),
                "here": Answer(output=b"here\n"),
            }
        )


def test_who_joins_a_command_that_runs_gets_its_output_and_its_end():
    runner = ScriptedRunner({"k": Answer(output=b"out", waits=True)})
    session = runner.open("s", Environment(), stream="build/s")
    begun, token, found = threading.Event(), CancelToken(), []

    def first():
        ended = session.run("k", "", output=lambda _: begun.set(), cancel=token)
        found.append(ended)

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(10)
    joined = []

    def output(data):
        joined.append(data)
        token.cancel("STOPPED")

    ended = session.run("k", "", output=output, cancel=CancelToken())
    thread.join(10)
    assert [Exit(status=143, cancelled="STOPPED")] * 2 == [ended, *found]
    assert ([b"out"], 1) == (joined, len(runner.ran))


def test_what_is_not_written_down_succeeds_silently():
    session = ScriptedRunner().open("s", Environment(), stream="build/s")
    assert (Exit(status=0), b"") == run(session, "anything")
