import pytest

from cicd.build.shell.runtimes import SelectedRuntime, select_runtimes
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
        ([("python", "3.8.1")], [("python", "3.8.1", ("p $VERSION",))]),
        (
            [("android", "29")],
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
    assert message == select_runtimes(IMAGE, wanted)
