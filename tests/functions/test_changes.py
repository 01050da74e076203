"""The rules of functions, versions and aliases, without anything that runs."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cicd.functions.changes import (
    aliased,
    created,
    published,
    updated,
    without_alias,
    without_version,
)
from cicd.functions.function import FunctionConfiguration
from cicd.functions.names import check_payload, split
from cicd.functions.refusal import FunctionRefused
from cicd.functions.routing import choose, draw
from cicd.ports import Artifact

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HELD = FunctionConfiguration(runtime="python3.11", handler="app.handler")


def code(number):
    return Artifact(digest=f"{number:064x}", size=number, files=1)


def made(versions=2):
    function = created(None, "fn", HELD, code(1), NOW)
    for number in range(1, versions + 1):
        function = updated(function, HELD, code(number), NOW)
        function, _ = published(function, "", NOW)
    return function


def refusal(call, *arguments, **more):
    with pytest.raises(FunctionRefused) as caught:
        call(*arguments, **more)
    return caught.value


def test_a_published_version_keeps_its_code_whatever_latest_becomes():
    function = updated(made(), replace(HELD, timeout=9), code(7), NOW)
    assert [("1", code(1).digest), ("2", code(2).digest)] == [
        (each.version, each.code) for each in function.versions
    ]
    assert 3 == function.version("2").configuration.timeout
    assert 9 == function.version("$LATEST").configuration.timeout


def test_what_has_not_changed_is_not_published_again_and_no_number_is_given_twice():
    function = made()
    again, version = published(function, "once more", NOW)
    assert (function, "2") == (again, version.version)
    left = without_version(function, "2")
    _, next_one = published(updated(left, HELD, code(9), NOW), "", NOW)
    assert "3" == next_one.version


def test_an_alias_goes_to_two_versions_by_weight_and_no_draw_goes_elsewhere():
    function = aliased(made(), "live", "1", {"2": 0.1})
    for start in (0.0, 0.37, 0.99):
        seen = Counter(choose(function.aliases["live"], draw(start, n)) for n in range(1000))
        assert {"1", "2"} == set(seen)
        assert abs(seen["2"] - 100) <= 5  # far inside 1.5 points
    assert {} == dict(aliased(function, "live", "2", {"1": 0.0}).aliases["live"].additional)


@pytest.mark.parametrize(
    ("version", "additional", "words"),
    [
        ("3", {}, "Function not found: arn:aws:lambda:us-east-1:123456789012:function:fn:3"),
        ("1", {"1": 0.5}, "Function version 1 is already included in routing configuration"),
        ("$LATEST", {"1": 0.5}, "$LATEST is not supported for an alias pointing to more than 1"),
        ("1", {"$LATEST": 0.5}, "$LATEST is not supported for an alias pointing to more than 1"),
        ("1", {"2": 1.5}, "the weight 1.5 of version 2 is not between 0 and 1"),
        ("1", {"2": float("nan")}, "is not between 0 and 1"),
    ],
)
def test_a_routing_that_lambda_refuses_is_refused(version, additional, words):
    assert words in refusal(aliased, made(), "live", version, additional).words


def test_a_version_that_an_alias_points_to_stays():
    function = aliased(made(), "live", "1", {"2": 0.1})
    for version in ("1", "2"):
        assert "is referenced by alias live" in refusal(without_version, function, version).words
    assert ("2",) == tuple(
        each.version for each in without_version(without_alias(function, "live"), "1").versions
    )


def test_an_alias_moves_only_from_the_revision_that_is_expected():
    function = aliased(made(), "live", "1", {})
    old = function.aliases["live"].revision_id
    moved = aliased(function, "live", "2", {}, revision_id=old)
    late = refusal(aliased, moved, "live", "1", {}, revision_id=old)
    assert ("PreconditionFailedException", 412) == (late.code, late.status)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runtime": "python2.7"}, "the runtime 'python2.7' does not run here"),
        ({"runtime": "java21"}, "the runtime 'java21' does not run here"),
        ({"timeout": 901}, "a timeout of 901 s is not between 1 and 900"),
        ({"memory_size": 64}, "64 MB of memory are not between 128 and 10240"),
        ({"environment": {"AWS_REGION": "x"}}, "Reserved keys used in this request: AWS_REGION"),
        ({"environment": {"X1": "x" * 5000}}, "exceeded the 4KB limit"),
        ({"environment": {"1X": ""}}, "cannot be an environment variable"),
        ({"handler": "a b"}, "cannot be a handler"),
    ],
)
def test_a_configuration_that_lambda_refuses_is_refused(change, words):
    held = replace(HELD, **change)
    assert words in refusal(created, None, "fn", held, code(1), NOW).words


def test_names_are_checked_and_arns_are_understood():
    assert "cannot be a function's name" in refusal(created, None, "a b", HELD, code(1), NOW).words
    assert "cannot be an alias's name" in refusal(aliased, made(), "12", "1", {}).words
    assert ("fn", "live") == split("arn:aws:lambda:eu-west-1:123456789012:function:fn:live")
    assert ("fn", "$LATEST") == split("123456789012:function:fn:$LATEST")
    assert ("fn", "") == split("fn")
    conflict = refusal(created, made(), "fn", HELD, code(1), NOW)
    assert ("ResourceConflictException", 409) == (conflict.code, conflict.status)


def test_payloads_are_json_of_six_megabytes_at_most_and_of_one_when_nobody_waits():
    assert b"{}" == check_payload(b" ")
    assert b"[1]" == check_payload(b"[1]")
    text = b'"' + b"x" * (6_291_456 - 2) + b'"'
    assert text == check_payload(text)
    large = refusal(check_payload, text + b" ")
    assert ("RequestTooLargeException", 413) == (large.code, large.status)
    assert "1048576 bytes" in refusal(check_payload, text, asynchronous=True).words
    assert "Could not parse request body into json" in refusal(check_payload, b"{").words
