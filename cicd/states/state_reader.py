"""Node → one state; what is not carried out here is refused with the state's name and place."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from cicd.document.fields import Fields
from cicd.document.problem import Severity
from cicd.states.choices import check_rule, timestamp
from cicd.states.handlers_reader import read_catch, read_retry
from cicd.states.machine import (
    Choice,
    Fail,
    Machine,
    Map,
    Parallel,
    Pass,
    State,
    Succeed,
    Task,
    Template,
    Wait,
    Work,
)
from cicd.states.reading import (
    ASSIGNING,
    INVALID,
    REFUSED,
    ROOM,
    checked,
    json_path_alone,
    path,
    refuse,
    seconds,
)
from cicd.states.templates import check_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.document.node import Node
    from cicd.document.position import Span
    from cicd.document.problem import Problems
    from cicd.event import JSON

    ReadMachine: TypeAlias = Callable[[Node, Problems, str], Machine | None]

_KINDS: Final = ("Pass", "Task", "Wait", "Choice", "Succeed", "Fail", "Parallel", "Map")
_SHAPED: Final = ("Pass", "Task", "Parallel", "Map")  # those that have Parameters and ResultPath
_RETRIED: Final = ("Task", "Parallel", "Map")
_ENDING: Final = ("Succeed", "Fail")
# Keys of the service's own, which would change the result if they were left out.
_NOT_HERE: Final = (
    *ASSIGNING,
    *("Arguments", "Credentials", "HeartbeatSecondsPath", "ItemBatcher", "ItemReader"),
    *("Items", "Label", "MaxConcurrencyPath", "ResultWriter"),
    *("ToleratedFailureCount", "ToleratedFailureCountPath"),
    *("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
)
_FUNCTION: Final = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]*:\d{12}:function:\S+")
_INVOKE: Final = re.compile(r"arn:[a-z-]+:states:::lambda:invoke")


class StateReader:
    """Reads one state."""

    def __init__(
        self, name: str, node: Node, problems: Problems, span: Span, machine: ReadMachine
    ) -> None:
        """Read nothing yet; ``machine`` reads those that are inside."""
        self._machine = machine
        self._name = name
        self._what = f"the state '{name}'"
        self._problems = problems
        self._span = span
        self._fields = Fields(node, problems, room=ROOM, what=self._what, at=span)

    def state(self) -> State | None:
        """Give it; None where its kind is none."""
        fields = self._fields
        kind = fields.required_text("Type")
        if kind not in _KINDS:
            if fields.node("Type") is not None:
                self._stop(
                    INVALID,
                    f"'{kind}' of {self._what} is no type of a state",
                    "Type",
                    hint=f"there are: {', '.join(_KINDS)}",
                )
            return None
        fields.text("Comment")
        if not json_path_alone(fields, self._problems, self._what):
            return None
        refuse(fields, _NOT_HERE)
        work = self._work(kind)
        ends = fields.flag("End") if kind not in (*_ENDING, "Choice") else False
        following = fields.text("Next", default=None) if kind not in (*_ENDING, "Choice") else None
        if kind not in (*_ENDING, "Choice") and ends is (following is not None):
            self._stop(INVALID, f"{self._what} has either 'Next' or 'End: true'", "Next")
        shaped = kind in _SHAPED
        state = State(
            name=self._name,
            work=work,
            input_path=self._path("InputPath", "$") if kind != "Fail" else "$",
            output_path=self._path("OutputPath", "$") if kind != "Fail" else "$",
            parameters=self._template("Parameters") if shaped and kind != "Map" else None,
            result_selector=self._template("ResultSelector") if kind in _RETRIED else None,
            result_path=path(self._fields, "ResultPath", "$", reference=True) if shaped else "$",
            next=following,
            retry=read_retry(self._fields) if kind in _RETRIED else (),
            catch=read_catch(self._fields) if kind in _RETRIED else (),
        )
        fields.unknown(Severity.ERROR)
        return state

    def _work(self, kind: str) -> Work:
        match kind:
            case "Pass":
                result = self._fields.node("Result")
                return Pass(result=None if result is None else Template(value=_plain(result)))
            case "Task":
                return self._task()
            case "Wait":
                return self._wait()
            case "Choice":
                return self._choice()
            case "Succeed":
                return Succeed()
            case "Fail":
                return Fail(
                    error=self._fields.text("Error"),
                    cause=self._fields.text("Cause"),
                    error_path=self._path("ErrorPath", None),
                    cause_path=self._path("CausePath", None),
                )
            case "Parallel":
                return Parallel(branches=self._branches())
            case _:
                return self._map()

    def _task(self) -> Task:
        fields = self._fields
        resource = fields.required_text("Resource")
        function = ""
        if _FUNCTION.fullmatch(resource):
            function = resource
        elif resource and not _INVOKE.fullmatch(resource):
            self._stop(
                REFUSED,
                f"the resource '{resource}' of {self._what} is not carried out here",
                "Resource",
                hint="functions are: arn:aws:states:::lambda:invoke, or the ARN of one",
            )
        if fields.node("HeartbeatSeconds") is not None:
            self._stop(
                REFUSED, f"{self._what} waits for heartbeats: none come", "HeartbeatSeconds"
            )
        return Task(
            function=function,
            timeout=seconds(fields, "TimeoutSeconds", None),
            timeout_path=self._path("TimeoutSecondsPath", None),
        )

    def _wait(self) -> Wait:
        fields = self._fields
        given = [
            k for k in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if k in fields
        ]
        if len(given) != 1:
            self._stop(
                INVALID,
                f"{self._what} has one of 'Seconds', 'SecondsPath', 'Timestamp' and "
                "'TimestampPath'",
                "Seconds",
            )
        moment = fields.text("Timestamp", default=None)
        if moment is not None and timestamp(moment) is None:
            self._stop(
                INVALID, f"'{moment}' is no moment such as 2026-03-14T01:59:00Z", "Timestamp"
            )
        return Wait(
            seconds=seconds(fields, "Seconds", None),
            seconds_path=self._path("SecondsPath", None),
            timestamp=moment,
            timestamp_path=self._path("TimestampPath", None),
        )

    def _choice(self) -> Choice:
        rules = []
        fields = self._fields
        listed = fields.sequence("Choices")
        if not listed:
            self._stop(INVALID, f"{self._what} has no 'Choices'", "Choices")
        for node in listed:
            rule = _plain(node)
            if not isinstance(rule, dict) or not isinstance(rule.get("Next"), str):
                self._problems.error(INVALID, f"a rule of {self._what} has no 'Next'", node.span)
                continue
            refuse(fields.inner(node, what=f"a rule of {self._what}"), ASSIGNING)
            compared = {key: value for key, value in rule.items() if key not in ASSIGNING}
            checked(partial(check_rule, compared), self._fields, node.span)
            rules.append((rule, str(rule["Next"])))
        return Choice(rules=tuple(rules), default=fields.text("Default", default=None))

    def _branches(self) -> tuple[Machine, ...]:
        listed = self._fields.sequence("Branches")
        if not listed:
            self._stop(INVALID, f"{self._what} has no 'Branches'", "Branches")
        read = (
            self._machine(node, self._problems, f"branch {number} of '{self._name}'")
            for number, node in enumerate(listed, 1)
        )
        return tuple(each for each in read if each is not None)

    def _map(self) -> Map:
        fields = self._fields
        key = "Iterator" if "Iterator" in fields else "ItemProcessor"
        node = fields.node(key)
        machine = None
        if node is None:
            self._stop(INVALID, f"{self._what} has no 'ItemProcessor'", key)
        else:
            config = node.entries.get("ProcessorConfig")
            mode = config.value.entries.get("Mode") if config is not None else None
            if mode is not None and mode.value.text != "INLINE":
                self._problems.error(
                    REFUSED,
                    f"{self._what} is a distributed map, which is not carried out here",
                    mode.value.span,
                    hint="write Mode: INLINE",
                )
            machine = self._machine(node, self._problems, f"the processor of '{self._name}'")
        selector = "Parameters" if "Parameters" in fields else "ItemSelector"
        return Map(
            processor=machine or Machine(start_at="", states={}),
            items_path=self._path("ItemsPath", "$") or "$",
            selector=self._template(selector),
            max_concurrency=fields.integer("MaxConcurrency", 0, minimum=0),
        )

    def _path(self, name: str, default: str | None) -> str | None:
        return path(self._fields, name, default)

    def _template(self, name: str) -> Template | None:
        node = self._fields.node(name)
        if node is None:
            return None
        value = _plain(node)
        checked(partial(check_template, value), self._fields, node.span)
        return Template(value=value)

    def _stop(self, rule: str, message: str, key: str, hint: str | None = None) -> None:
        self._problems.error(rule, message, self._fields.span(key), hint=hint)


def _plain(node: Node) -> JSON:
    value: JSON = node.plain()  # type: ignore[assignment]  # a document's values are JSON
    return value
