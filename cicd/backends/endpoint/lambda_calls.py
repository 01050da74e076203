"""Lambda's calls: functions are invoked and looked at, versions published, aliases moved."""

from __future__ import annotations

import base64
import re
import threading
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from cicd.backends.endpoint.call import Answer, as_json, fields_of, text
from cicd.functions.function import LATEST
from cicd.functions.names import split
from cicd.functions.refusal import FunctionRefused, invalid
from cicd.functions.shapes import alias_shape, configuration_shape, function_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.backends.endpoint.call import Call, Served
    from cicd.event import JSON

    Handler: TypeAlias = Callable[[Served, Call, str, str], Answer]

PREFIX: Final = "/2015-03-31/functions"
_TAIL: Final = 4096  # bytes of the log that come with an answer


def answer_lambda(served: Served, call: Call) -> Answer:
    """Answer a call whose path begins with ``PREFIX``; raises ``FunctionRefused``."""
    for (method, pattern), handler in _TABLE.items():
        match = pattern.fullmatch(call.path.removeprefix(PREFIX))
        if match and method == call.method:
            name, rest = (*(unquote(each) for each in match.groups()), "", "")[:2]
            return handler(served, call, name, rest)
    raise FunctionRefused(
        "ResourceNotFoundException", f"{call.method} {call.path} is not answered here"
    )


def _invoke(served: Served, call: Call, name: str, _: str) -> Answer:
    """Source: Lambda API Reference, "Invoke"."""
    kind = call.headers.get("x-amz-invocation-type", "RequestResponse")
    if kind not in {"RequestResponse", "Event", "DryRun"}:
        raise invalid(f"'{kind}' is not an invocation type")
    functions = served.functions
    prepared = functions.prepare(
        name,
        qualifier=call.query.get("Qualifier", ""),
        payload=call.body,
        asynchronous=kind == "Event",
    )
    if kind == "DryRun":
        return Answer(status=204)
    if kind == "Event":
        threading.Thread(target=functions.invoke_unheard, args=(prepared,), daemon=True).start()
        return Answer(status=202, headers={"x-amzn-RequestId": prepared.call.request_id})
    done = functions.invoke(prepared)
    headers = {
        "Content-Type": "application/json",
        "X-Amz-Executed-Version": done.version,
        "x-amzn-RequestId": done.request_id,
    }
    if done.answer.error:
        headers["X-Amz-Function-Error"] = done.answer.error
    if call.headers.get("x-amz-log-type") == "Tail":
        headers["X-Amz-Log-Result"] = base64.b64encode(done.answer.log.encode()[-_TAIL:]).decode()
    return Answer(status=200, body=done.answer.payload, headers=headers)


def _list(served: Served, call: Call, *_: str) -> Answer:
    shapes: list[JSON] = []
    for function in served.functions.every():
        every = call.query.get("FunctionVersion") == "ALL"
        versions = (function.latest, *(function.versions if every else ()))
        shapes += [configuration_shape(function.name, each) for each in versions]
    return as_json({"Functions": shapes})


def _get(served: Served, call: Call, wanted: str, _: str) -> Answer:
    name, inside = split(wanted)
    function = served.functions.find(name)
    qualifier = call.query.get("Qualifier", "") or inside or LATEST
    if qualifier in function.aliases:
        qualifier = function.aliases[qualifier].function_version
    return as_json(function_shape(function, function.version(qualifier)))


def _configuration(served: Served, call: Call, wanted: str, _: str) -> Answer:
    name, inside = split(wanted)
    function = served.functions.find(name)
    qualifier = call.query.get("Qualifier", "") or inside or LATEST
    if qualifier in function.aliases:
        qualifier = function.aliases[qualifier].function_version
    return as_json(configuration_shape(name, function.version(qualifier)))


def _versions(served: Served, _: Call, wanted: str, __: str) -> Answer:
    function = served.functions.find(split(wanted)[0])
    versions = (function.latest, *function.versions)
    return as_json({"Versions": [configuration_shape(function.name, each) for each in versions]})


def _publish(served: Served, call: Call, wanted: str, _: str) -> Answer:
    name = split(wanted)[0]
    fields = fields_of(call.body)
    function = served.functions.find(name)
    expected = fields.get("CodeSha256")
    if expected and expected != function.latest.code_sha256:
        raise invalid(
            f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST "
            f"({function.latest.code_sha256}). Please try again with the CodeSHA256 in $LATEST."
        )
    made = served.functions.publish(name, str(fields.get("Description") or ""))
    return as_json(configuration_shape(name, made), 201)


def _aliases(served: Served, _: Call, wanted: str, __: str) -> Answer:
    function = served.functions.find(split(wanted)[0])
    found = [function.aliases[name] for name in sorted(function.aliases)]
    return as_json({"Aliases": [alias_shape(function.name, each) for each in found]})


def _alias(served: Served, _: Call, wanted: str, alias: str) -> Answer:
    name = split(wanted)[0]
    return as_json(alias_shape(name, served.functions.find(name).alias(alias)))


def _create_alias(served: Served, call: Call, wanted: str, _: str) -> Answer:
    name = split(wanted)[0]
    fields = fields_of(call.body)
    alias = text(fields, "Name")
    if alias in served.functions.find(name).aliases:
        raise FunctionRefused("ResourceConflictException", f"Alias already exists: {alias}")
    version = text(fields, "FunctionVersion")
    made = served.functions.put_alias(
        name, alias, version, _weights(fields), description=str(fields.get("Description") or "")
    )
    return as_json(alias_shape(name, made), 201)


def _update_alias(served: Served, call: Call, wanted: str, alias: str) -> Answer:
    """Source: Lambda API Reference, "UpdateAlias": what is not named stays as it is."""
    name = split(wanted)[0]
    fields = fields_of(call.body)
    before = served.functions.find(name).alias(alias)
    given = "RoutingConfig" in fields
    made = served.functions.put_alias(
        name,
        alias,
        text(fields, "FunctionVersion")
        if "FunctionVersion" in fields
        else before.function_version,
        _weights(fields) if given else before.additional,
        description=str(fields["Description"]) if "Description" in fields else None,
        revision_id=str(fields["RevisionId"]) if fields.get("RevisionId") else None,
    )
    return as_json(alias_shape(name, made))


def _delete_alias(served: Served, _: Call, wanted: str, alias: str) -> Answer:
    served.functions.remove_alias(split(wanted)[0], alias)
    return Answer(status=204)


def _weights(fields: Mapping[str, JSON]) -> dict[str, float]:
    routing = fields.get("RoutingConfig")
    weights = routing.get("AdditionalVersionWeights") if isinstance(routing, dict) else None
    if not weights:
        return {}
    if not isinstance(weights, dict):
        raise invalid("'AdditionalVersionWeights' must be a map of versions to weights")
    found = {}
    for version, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise invalid(f"the weight of version {version} is not a number")
        found[version] = float(weight)
    return found


_NAME: Final = "/([^/]+)"
_TABLE: Final[dict[tuple[str, re.Pattern[str]], Handler]] = {
    ("POST", re.compile(f"{_NAME}/invocations")): _invoke,
    ("GET", re.compile("/?")): _list,
    ("GET", re.compile(_NAME)): _get,
    ("GET", re.compile(f"{_NAME}/configuration")): _configuration,
    ("GET", re.compile(f"{_NAME}/versions")): _versions,
    ("POST", re.compile(f"{_NAME}/versions")): _publish,
    ("GET", re.compile(f"{_NAME}/aliases")): _aliases,
    ("POST", re.compile(f"{_NAME}/aliases")): _create_alias,
    ("GET", re.compile(f"{_NAME}/aliases{_NAME}")): _alias,
    ("PUT", re.compile(f"{_NAME}/aliases{_NAME}")): _update_alias,
    ("DELETE", re.compile(f"{_NAME}/aliases{_NAME}")): _delete_alias,
}
