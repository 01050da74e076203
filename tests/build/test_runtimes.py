from dataclasses import replace

import pytest

from cicd.build.compile import refusal
from cicd.build.find_project import find_project
from cicd.build.images.runtimes import refused
from cicd.build.prepare import read_request
from cicd.build.request import BuildRequest
from cicd.build.shell.own_tools import differences
from cicd.build.shell.runtimes import SelectedRuntime, Unselectable, select_runtimes
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.resources import Resources

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


def test_a_default_among_the_versions_installs_what_is_not_listed():
    """As the images of today write it."""
    image = load_text(
        'runtimes: {ruby: {versions: {"3.4": {commands: [a]}, default: {commands: [b]}}}}',
        "runtimes.yml",
    )
    found = [select_runtimes(image, [("ruby", v)])[0] for v in ("3.4", "latest", "3.0.6")]
    assert [("3.4", ("a",)), ("3.4", ("a",)), ("3.0.6", ("b",))] == [
        (each.version, each.commands) for each in found
    ]


@pytest.mark.parametrize(
    ("image", "name", "version", "said"),
    [
        ("standard:7.0", "ruby", "3.4", ""),
        ("standard:7.0", "ruby", "3.x", ""),
        ("standard:7.0", "java", "corretto21.x", ""),
        ("standard:7.0", "ruby", "latest", ""),
        ("standard:7.0", "ruby", "3.0.6", ""),
        ("standard:7.0", "python", "3.8", ""),
        ("standard:7.0", "java", "$JAVA", ""),
        ("standard:7.0", "php", "8.6", ""),  # it may have come since
        ("standard:7.0-24.10.02", "php", "8.1", ""),
        ("mine:1", "php", "8.1", ""),
        (
            "standard:7.0",
            "php",
            "8.1",
            (
                "Unknown runtime version named '8.1' of php. "
                "This build image has the following versions: 8.5, 8.4, 8.3, 8.2"
            ),
        ),
        ("amazonlinux-x86_64-standard:6.0", "java", "openjdk11", "Unknown runtime version named"),
        ("standard:8.0", "ruby", "2.x", "Unknown runtime version named '2.x' of ruby."),
        (
            "standard:5.0",
            "rust",
            "1.93",
            (
                "Unknown runtime named 'rust'. This build image has the following runtimes: "
                "java, golang, python, php, ruby, nodejs, dotnet"
            ),
        ),
    ],
)
def test_what_a_curated_image_does_not_have(image, name, version, said):
    where = image if image.startswith("mine") else f"aws/codebuild/{image}"
    found = refused(where, name, version)
    assert said == found if not said else found.startswith(said)


def test_a_version_that_the_project_s_image_has_not_is_the_service_s_error(tmp_path):
    (tmp_path / "cicd.yml").write_text(
        "projects:\n  - name: app\n    source: {type: NO_SOURCE}\n"
        "    environment: {image: 'aws/codebuild/standard:7.0'}\n"
    )
    (tmp_path / "buildspec.yml").write_text(
        "version: 0.2\nphases: {install: {runtime-versions: {php: 8.1}}}\n"
    )
    project = find_project(Resources.load(tmp_path), None, tmp_path)
    request = BuildRequest(source=tmp_path, project=project)
    problems = Problems()
    read_request(request, problems)
    (problem,) = problems.errors
    assert "buildspec.yml:2:44" == str(problem.span)
    assert "Unknown runtime version named '8.1' of php. This build image" in (
        refusal(problems).message
    )
    problems = Problems()
    read_request(replace(request, image="mine:1"), problems)
    assert () == problems.errors
