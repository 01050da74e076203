import pytest

from cicd.build.shell.own_tools import differences
from cicd.build.shell.runtimes import SelectedRuntime, Unselectable, select_runtimes
from cicd.document.load import load_text

IMAGE = load_text(
    """
version: 0.1
runtimes:
  android:
    versions:
      "29": {requires: {java: ["corretto8"]}, commands: [sdk]}
  java:
    versions:
      corretto8: {commands: [java 8]}
      corretto11: {commands: [java 11]}
  nodejs:
    versions:
      "10": {commands: [n 10]}
      "12": {commands: [n 12]}
  python:
    versions:
      "3.9": {commands: [p 9]}
      "3.12": {commands: [p 12]}
    default: {commands: [p $VERSION]}
""",
    "runtimes.yml",
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([("nodejs", "12")], [("nodejs", "12", ("n 12",))]),
        ([("python", "latest")], [("python", "3.12", ("p 12",))]),
        ([("python", "3.x")], [("python", "3.12", ("p 12",))]),
        ([("python", "3.9.x")], [("python", "3.9", ("p 9",))]),
        ([("nodejs", "12.x"), ("nodejs", "12")], [("nodejs", "12", ("n 12",))]),
        ([("python", "3.8.1")], [("python", "3.8.1", ("p $VERSION",))]),
        (
            [("java", "corretto8"), ("android", "29")],
            [("java", "corretto8", ("java 8",)), ("android", "29", ("sdk",))],
        ),
    ],
)
def test_selection(wanted, expected):
    found = select_runtimes(IMAGE, wanted)
    assert [SelectedRuntime(name=n, version=v, commands=c) for n, v, c in expected] == list(found)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            [("nodejs", "18")],
            (
                "Unknown runtime version named '18' of nodejs. "
                "This build image has the following versions: 10, 12"
            ),
        ),
        (
            [("android", "29"), ("java", "corretto11")],
            "Runtime android 29 requires java corretto8, but java corretto11 is selected",
        ),
    ],
)
def test_refusals(wanted, message):
    with pytest.raises(Unselectable) as refused:
        select_runtimes(IMAGE, wanted)
    assert message == str(refused.value)


def test_what_another_runtime_requires_is_chosen_before_it():
    found = select_runtimes(IMAGE, [("android", "29")])
    assert [("java", "android 29"), ("android", "")] == [(r.name, r.needed_by) for r in found]


def test_runtimes_that_require_different_versions_of_a_third_do_not_go_together():
    image = load_text(
        """
runtimes:
  a: {versions: {"1": {requires: {c: ["1"]}}}}
  b: {versions: {"1": {requires: {c: ["2"]}}}}
  c: {versions: {"1": {}, "2": {}}}
""",
        "runtimes.yml",
    )
    with pytest.raises(Unselectable, match="a 1 and b 1 require different versions of c: 1 and 2"):
        select_runtimes(image, [("a", "1"), ("b", "1")])


def test_runtimes_that_require_each_other_are_chosen_once():
    image = load_text(
        """
runtimes:
  a: {versions: {"1": {requires: {b: ["1"]}}}}
  b: {versions: {"1": {requires: {a: ["1"]}}}}
""",
        "runtimes.yml",
    )
    assert {"a", "b"} == {runtime.name for runtime in select_runtimes(image, [("a", "1")])}


@pytest.mark.parametrize(
    ("wanted", "said", "expected"),
    [
        (("python", "3.10"), "Python 3.11.2", "image has python 3.11.2"),
        (("python", "3.11"), "Python 3.11.2", None),
        (("python", "3.x"), "Python 3.11.2", None),
        (("python", "latest"), "Python 3.11.2", None),
        (("nodejs", "18"), "v18.19.0", None),
        (("nodejs", "18"), "v20.1.0", "image has nodejs 20.1.0"),
        (("golang", "1.21"), "go version go1.21.3 linux/amd64", None),
        (("java", "corretto8"), 'openjdk version "1.8.0_392"', None),
        (("java", "corretto17"), 'openjdk version "11.0.2"', "image has java 11.0.2"),
        (("ruby", "3.2"), "sh: 1: ruby: not found", "image has no ruby"),
    ],
)
def test_a_plain_image_s_own_tool_is_told_when_it_is_of_another_version(wanted, said, expected):
    found = differences([wanted], f"cicd-runtime {wanted[0]} {said}\n")
    assert expected is None if not found else expected in found[0]
    assert len(found) == (expected is not None)
