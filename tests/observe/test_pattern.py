"""EventBridge's own pattern language, by the worked examples of its guide."""

import pytest

from cicd.observe.pattern import InvalidEventPattern, read_pattern

EVENT = {
    "source": "aws.codepipeline",
    "time": "2026-11-26T07:00:00Z",
    "detail": {
        "pipeline": "shop",
        "state": "FAILED",
        "version": 3,
        "attempt": 1.0,
        "good": False,
        "nothing": None,
        "empty": "",
        "address": "10.0.0.7",
        "tags": ["a", "b"],
        "type": {"provider": "CodeBuild"},
        "artifacts": [{"name": "one"}, {"name": "two"}],
        "path": "dir/img*1.png",
    },
}


def means(detail):
    return read_pattern({"detail": detail})(EVENT)


@pytest.mark.parametrize(
    "detail",
    [
        {"state": ["SUCCEEDED", "FAILED"]},
        {"state": ["FAILED"], "pipeline": ["shop"]},
        {"version": [3]},
        {"attempt": [1.0]},
        {"good": [False]},
        {"nothing": [None]},
        {"empty": [""]},
        {"tags": ["b"]},
        {"type": {"provider": ["CodeBuild"]}},
        {"artifacts": {"name": ["two"]}},
        {"state": [{"prefix": "FA"}]},
        {"state": [{"prefix": {"equals-ignore-case": "fa"}}]},
        {"state": [{"suffix": "LED"}]},
        {"state": [{"suffix": {"equals-ignore-case": "led"}}]},
        {"state": [{"equals-ignore-case": "failed"}]},
        {"state": [{"anything-but": "SUCCEEDED"}]},
        {"state": [{"anything-but": ["SUCCEEDED", "STARTED"]}]},
        {"state": [{"anything-but": {"prefix": "SUC"}}]},
        {"state": [{"anything-but": {"suffix": ["ED2", "X"]}}]},
        {"state": [{"anything-but": {"wildcard": "S*D"}}]},
        {"state": [{"anything-but": {"equals-ignore-case": ["started"]}}]},
        {"version": [{"anything-but": 4}]},
        {"version": [{"numeric": ["=", 3]}]},
        {"version": [{"numeric": [">", 0, "<=", 3]}]},
        {"version": [{"exists": True}]},
        {"missing": [{"exists": False}]},
        {"missing": {"deeper": [{"exists": False}]}},
        {"missing": ["x", {"exists": False}]},
        {"address": [{"cidr": "10.0.0.0/24"}]},
        {"path": [{"wildcard": "dir/*.png"}]},
        {"path": [{"wildcard": "dir/img\\*?.png"}, {"wildcard": "*img\\*1*"}]},
        {"$or": [{"state": ["STARTED"]}, {"version": [{"numeric": ["<", 5]}]}]},
    ],
)
def test_a_pattern_means_the_event(detail):
    assert means(detail)


@pytest.mark.parametrize(
    "detail",
    [
        {"state": ["failed"]},
        {"state": ["FAILED"], "pipeline": ["other"]},
        {"version": ["3"]},
        {"version": [3.0]},
        {"attempt": [1]},
        {"good": [0]},
        {"empty": [None]},
        {"nothing": [""]},
        {"missing": [None]},
        {"type": ["CodeBuild"]},
        {"artifacts": {"name": ["three"]}},
        {"state": [{"prefix": "LED"}]},
        {"state": [{"anything-but": ["FAILED"]}]},
        {"state": [{"anything-but": {"prefix": ["FA", "X"]}}]},
        {"missing": [{"anything-but": "x"}]},
        {"version": [{"numeric": [">", 3]}]},
        {"good": [{"numeric": ["=", 0]}]},
        {"state": [{"exists": False}]},
        {"type": [{"exists": True}]},
        {"address": [{"cidr": "10.0.1.0/24"}]},
        {"state": [{"cidr": "10.0.1.0/24"}]},
        {"path": [{"wildcard": "*.jpg"}]},
        {"path": [{"wildcard": "dir/img\\\\1.png"}]},
        {"$or": [{"state": ["STARTED"]}, {"version": [4]}]},
    ],
)
def test_a_pattern_does_not_mean_the_event(detail):
    assert not means(detail)


def test_whole_patterns_look_at_the_envelope_too():
    assert read_pattern({"source": ["aws.codepipeline"], "detail": {"state": ["FAILED"]}})(EVENT)
    assert not read_pattern({"source": ["aws.codebuild"]})(EVENT)


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({}, "empty object"),
        ({"state": "FAILED"}, "must stand in a list"),
        ({"state": []}, "empty list"),
        ({"state": [["FAILED"]]}, "filters of one key"),
        ({"state": [{"prefix": "a", "suffix": "b"}]}, "filters of one key"),
        ({"state": [{"begins": "a"}]}, "is no filter"),
        ({"state": [{"prefix": 3}]}, "takes a text"),
        ({"state": [{"prefix": ""}]}, "not empty"),
        ({"state": [{"wildcard": "a**b"}]}, "two * in a row"),
        ({"state": [{"wildcard": "a\\b"}]}, "backslash"),
        ({"state": [{"exists": "yes"}]}, "true or false"),
        ({"state": [{"numeric": ["~", 3]}]}, "compares by"),
        ({"state": [{"numeric": ["=", "3"]}]}, "with numbers"),
        ({"state": [{"numeric": [">", 1, "<"]}]}, "one comparison, or two"),
        ({"state": [{"numeric": ["<", 5, ">", 0]}]}, "a range from below"),
        ({"state": [{"numeric": [">", 5, "<", 0]}]}, "a range from below"),
        ({"state": [{"cidr": "ten"}]}, "no range"),
        ({"state": [{"anything-but": []}]}, "at least one"),
        ({"state": [{"anything-but": {"numeric": ["=", 1]}}]}, "takes prefix"),
        ({"$or": [{"state": ["A"]}]}, "at least two"),
    ],
)
def test_what_eventbridge_would_refuse_is_refused_with_its_place(detail, reason):
    with pytest.raises(InvalidEventPattern) as refused:
        read_pattern({"detail": detail})
    assert reason in refused.value.reason
    assert "detail" == refused.value.path[0]
