"""Which files that nobody named are reports."""

import os
import subprocess

import pytest

from cicd.build.reports.discover import (
    DIRECTORY,
    EVERYTHING,
    SWITCH,
    file_format_of,
    found_in,
    is_off,
    patterns_of,
    search_script,
    taken,
)
from tests.build.reports.reading import FILES, SAMPLES, sample


@pytest.mark.parametrize("file_format", SAMPLES)
def test_a_sample_is_found_and_known(tmp_path, file_format):
    there = tmp_path / "deep" / "er" / SAMPLES[file_format]
    there.parent.mkdir(parents=True)
    there.write_bytes(sample(file_format))
    assert (f"deep/er/{there.name}",) == search(tmp_path)
    assert file_format == file_format_of(there.name, sample(file_format))


def search(directory, pattern=EVERYTHING, switch=""):
    done = subprocess.run(
        ["sh", "-c", search_script(str(directory))],
        env={"PATH": os.defpath, DIRECTORY: pattern, SWITCH: switch, "IFS": "m"},
        capture_output=True,
        check=True,
        text=True,
    )
    return found_in(done.stdout)


def test_what_others_wrote_is_passed_over_unless_it_is_named(tmp_path):
    for name in ("node_modules/a", ".git", "own"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "r.xml").write_bytes(sample("JUNITXML"))
    (tmp_path / "pom.xml").write_text("<project/>")
    (tmp_path / "package.json").write_text("{}")
    assert ("own/r.xml",) == search(tmp_path)
    assert ("node_modules/a/r.xml", "own/r.xml") == search(tmp_path, "node_modules/**/*")
    assert () == search(tmp_path, switch="False")


def test_a_directory_that_is_gone_or_has_an_odd_name_is_searched(tmp_path):
    assert () == search(tmp_path / "gone")
    odd = tmp_path / 'it\'s "odd" $HOME'
    odd.mkdir()
    (odd / "r.xml").write_bytes(sample("JUNITXML"))
    assert ("r.xml",) == search(odd)


@pytest.mark.parametrize(
    ("path", "head", "expected"),
    [
        ("r.xml", b"<!-- <testsuite> --><project/>", None),
        ("r.xml", b"\xef\xbb\xbf<?xml version='1.0'?>\n<testsuite\n name='x'>", "JUNITXML"),
        ("r.xml", b"<report name='x'/>", None),
        ("r.xml", b"<coverage/>", None),
        ("r.xml", b"", None),
        ("r.xml", b"\xff\xfe", None),
        ("cucumber.json", b"{}", None),
        ("my-cucumber.json", b' [ {"uri": "a", "elements": []}]', "CUCUMBERJSON"),
    ],
)
def test_the_format_is_told_by_name_and_root(path, head, expected):
    assert expected == file_format_of(path, head)


def test_the_variables():
    assert [True, True, False, False] == [is_off(v) for v in ("false", " FALSE ", "", "true")]
    assert [("**/*",), ("target/**/*",), ("t/*.xml",)] == [
        patterns_of(v) for v in ("", "target", "t/*.xml")
    ]


@pytest.mark.parametrize(
    ("base", "patterns", "expected"),
    [
        (".", ["**/*.xml"], {"a/r.xml", "b/r.xml"}),
        ("a", ["*"], {"a/r.xml"}),
        ("/src/a", ["r.xml"], {"a/r.xml"}),
        (".", ["/src/b/*"], {"b/r.xml"}),
        ("?", ["r.xml"], {"a/r.xml", "b/r.xml"}),
        ("..", ["**/*"], set()),
        (".", ["none"], set()),
    ],
)
def test_what_a_group_reads_is_not_found_again(base, patterns, expected):
    assert expected == taken(("a/r.xml", "b/r.xml"), root="/src", base=base, patterns=patterns)


def test_every_sample_is_looked_at():
    assert set(SAMPLES.values()) == {path.name for path in FILES.iterdir()}
