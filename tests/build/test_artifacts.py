import re
import time
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.build.artifacts.glob import compiled
from cicd.build.artifacts.patterns import (
    Placed,
    base_directories,
    deepest,
    key,
    place,
    select,
    split_pattern,
)
from cicd.build.artifacts.pick import Picker

FILES = (
    ".hidden",
    ".git/config",
    "a.jar",
    "sub/a.jar",
    "sub/deep/b.txt",
    "other/a.txt",
    "{x}.txt",
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.jar", ["a.jar"]),
        ("./a.jar", ["a.jar"]),
        ("sub/a.jar", ["sub/a.jar"]),
        ("sub/*", ["sub/a.jar"]),
        ("sub/**/*", ["sub/a.jar", "sub/deep/b.txt"]),
        ("**/*", sorted(FILES)),
        ("*/a.txt", ["other/a.txt"]),
        ("?.jar", ["a.jar"]),
        ("[ab].jar", ["a.jar"]),
        ("[!a].jar", []),
        ("{x}.txt", ["{x}.txt"]),
        ("sub", []),
        ("[z-a].jar", []),
    ],
)
def test_patterns(pattern, expected):
    assert expected == list(select(FILES, [pattern], []).paths)


WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "[ab]": "(?!/)[ab]"}


@given(
    st.lists(st.sampled_from(["*", "**", "/**/", "/", "?", "[ab]", "a", "b"]), max_size=8),
    st.text("ab/", max_size=10),
)
def test_a_glob_means_what_its_plain_regular_expression_would(words, path):
    pattern = "".join(words)
    tokens = re.findall(r"(?:(?<![^/])\*\*/)|\*\*|\[ab\]|.", pattern)
    plain = re.compile("".join(WILD.get(token, token) for token in tokens), re.DOTALL)
    assert bool(plain.fullmatch(path)) == bool(compiled(pattern).fullmatch(path))


@given(
    st.lists(st.text("ab/.", min_size=1, max_size=8), max_size=4),
    st.lists(st.sampled_from(["*", "/**/", "/", "?", "[ab]", "a", "b", "./"]), max_size=8),
)
def test_no_file_that_a_pattern_chooses_lies_deeper_than_it_reaches(entries, words):
    patterns = ["".join(words), "a"]
    depth = deepest(patterns)
    near = [each for each in entries if depth is None or each.count("/") < depth]
    assert select(entries, patterns, []).paths == select(near, patterns, []).paths


def test_of_a_tree_no_more_is_listed_than_the_patterns_reach(tmp_path):
    asked = []

    class Tree:
        places: ClassVar = {"src": "/src"}

        def files(self, directory, *, depth=None):
            asked.append((directory, depth))
            return iter(())

    picker = Picker(session=Tree(), home=tmp_path, say=lambda *_: None, ask=lambda *_: [])
    for patterns in (["made.txt"], ["made.txt", "target/*.jar"], ["made.txt", "**/*"]):
        picker.choose("out", patterns, [])
    assert [("/src/out", 1), ("/src/out", 2), ("/src/out", None)] == asked


@pytest.mark.parametrize("pattern", ["*a" * 25, "**/" * 25, "**/*a" * 12, "?*" * 20, "**a*b" * 15])
def test_no_glob_takes_long(pattern):
    began = time.monotonic()
    assert () == select(["a" * 200, "a/" * 100 + "c"], [f"{pattern}x"], []).paths
    assert time.monotonic() - began < 2


def test_excludes_are_taken_out_after_matching():
    chosen = select(FILES, ["**/*"], ["**/.*", "**/.*/**/*", "sub/*"])
    assert ("a.jar", "other/a.txt", "sub/deep/b.txt", "{x}.txt") == chosen.paths


def test_the_log_tells_what_was_found_and_skipped():
    assert (
        "Assembling file list",
        "Expanding **/*.jar",
        "Found 2 file(s)",
        "Expanding gone.txt",
        "Skipping invalid file path gone.txt",
        "Expanding *.none",
    ) == select(FILES, ["**/*.jar", "gone.txt", "*.none"], []).log


TREE = ("my-build-1/my-file-1.txt", "my-build-2/my-file-2.txt")
TREE = (*TREE, "my-build-2/my-subdirectory/my-file-3.txt")


def test_every_directory_that_a_base_pattern_means_is_a_root():
    assert ("my-build-1", "my-build-2") == base_directories(TREE, "my-build*")


def test_discarded_paths_keep_the_last_of_two_names():
    placed, clashes = place([("/r", "a/x"), ("/r", "b/x"), ("/r", "y")], discard_paths=True)
    assert (("x",), (Placed(directory="/r", path="b/x", target="x"),)) == (clashes, placed[:1])


@pytest.mark.parametrize(
    ("path", "namespace", "name", "packaging", "expected"),
    [
        ("MyArtifacts", "NONE", "out.zip", "ZIP", "MyArtifacts/out.zip"),
        ("MyArtifacts", "BUILD_ID", "out.zip", "ZIP", "MyArtifacts/uuid/out.zip"),
        ("MyArtifacts", "BUILD_ID", "/", "NONE", "MyArtifacts/uuid"),
        ("", "NONE", "/", "NONE", ""),
        ("", "NONE", "app", "NONE", "app"),
        ("", "NONE", "/", "ZIP", "artifact.zip"),
        ("", "NONE", "../../x", "ZIP", "x"),
    ],
)
def test_keys(path, namespace, name, packaging, expected):
    assert expected == key(
        name, packaging=packaging, path=path, namespace=namespace, build_uuid="uuid"
    )


def test_an_absolute_pattern_is_split_at_its_first_wildcard():
    assert ("/tmp", "build.json") == split_pattern("/tmp/build.json")
    assert ("/tmp/out", "**/*.json") == split_pattern("/tmp/out/**/*.json")


@given(st.text(alphabet="ab*?[]!/.-{}\\", max_size=12), st.lists(st.text("ab/.", min_size=1)))
@settings(max_examples=100, deadline=None)
def test_any_pattern_chooses_among_the_files_only(pattern, files):
    assert set(select(files, [pattern], []).paths) <= set(files)
