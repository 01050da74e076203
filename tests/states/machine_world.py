"""A state machine carried out in no time: its functions are a table, its clock jumps."""

import json
from datetime import timedelta
from types import MappingProxyType

from cicd.document.load import load_bytes
from cicd.document.problem import Problems
from cicd.engine.codec import encode
from cicd.event import Event, EventKind
from cicd.states.process import ExecutionPlan, StatesProcess, Status
from cicd.states.reader import read_machine
from cicd.testing.clock import START

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def task(name="f", **more):
    return {"Type": "Task", "Resource": f"{ARN}{name}", **more}


def machine(start, /, **states):
    return {"StartAt": start, "States": states}


def read(definition):
    problems = Problems()
    node = load_bytes(json.dumps(definition, indent=1).encode(), "machine.json", json=True)
    return read_machine(node, problems), list(problems)


class Fault(Exception):
    """What a function of the table raises."""

    def __init__(self, error, cause=""):
        super().__init__(error)
        self.outcome = {"status": "FAILED", "detail": {"error": error, "cause": cause}}


class Life:
    """One execution, to its end. ``functions``: a name → what it answers to (payload, nth)."""

    functions = MappingProxyType({})

    def __init__(self, definition, data=None, *, takes=1.0, stop_at=None, **functions):
        self.machine, problems = read(definition)
        assert [] == problems
        self.plan = ExecutionPlan(
            name="one",
            machine="m",
            definition="",
            origin="",
            input=data if data is not None else {},
            execution_arn="arn:e",
            machine_arn="arn:m",
        )
        self.process = StatesProcess(self.plan, self.machine)
        self.state = self.process.initial()
        self.events, self.calls, self.cancelled = [], [], []
        self.functions = functions or type(self).functions
        self.takes = takes
        self.now = START
        self.stop_at = stop_at
        self.add(EventKind.SUBMITTED, plan={})
        self.live()

    def add(self, kind, key="", **data):
        event = Event(kind=kind, at=self.now, key=key, data=data)
        self.events.append(event)
        self.state = self.process.apply(self.state, event)

    def live(self):
        due = {}
        for _ in range(10_000):
            decision = self.process.decide(self.state, self.now)
            for wish in decision.cancel:
                self.cancelled.append(wish.key)
                due.pop(wish.key)
                self.add(EventKind.FINISHED, wish.key, outcome={"status": "CANCELLED"})
            if decision.cancel:
                continue
            if decision.conclude is not None:
                self.status = decision.conclude
                self.ended = self.process.standing(self.state, self.now)[1]
                self.add(EventKind.CONCLUDED, status=decision.conclude)
                return
            for command in decision.start:
                name = command.function.removeprefix(ARN)
                self.calls.append((command.key, self.seconds, command.payload))
                self.add(EventKind.STARTED, command.key, command=encode(command))
                takes = self.takes
                try:
                    nth = sum(
                        1
                        for key, *_ in self.calls
                        if key.split("/")[0] == command.key.split("/")[0]
                    )
                    answer = self.functions[name](command.payload, nth)
                    if isinstance(answer, tuple):
                        takes, answer = answer
                    outcome = {"status": "DONE", "detail": {"output": answer}}
                except Fault as fault:
                    outcome = fault.outcome
                due[command.key] = (self.now + timedelta(seconds=takes), outcome)
            moments = [at for at, _ in due.values()]
            moments += [decision.wake_at] if decision.wake_at is not None else []
            if self.stop_at is not None and self.seconds < self.stop_at:
                moments.append(START + timedelta(seconds=self.stop_at))
            self.now = min(moments)
            if self.stop_at is not None and self.seconds >= self.stop_at:
                self.add(EventKind.SIGNALLED, signal="stop")
            for key, (at, outcome) in list(due.items()):
                if at <= self.now:
                    del due[key]
                    self.add(EventKind.FINISHED, key, outcome=outcome)
        raise AssertionError("it does not end")

    @property
    def seconds(self):
        return (self.now - START).total_seconds()

    @property
    def output(self):
        assert self.status == Status.SUCCEEDED, self.ended
        return self.ended.output

    @property
    def error(self):
        assert self.status == Status.FAILED, self.ended
        return self.ended.error, self.ended.cause
