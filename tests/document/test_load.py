import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.document.load import MAX_BYTES, load, load_text
from cicd.errors import DocumentError, ExitCode, Unavailable, UsageError
from tests.document.reading import CHECKOUT, corpus, refused, spots


def written(folder, content, name="buildspec.yml"):
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_name_decides_between_json_and_yaml(tmp_path):
    assert {"a": 1} == load(written(tmp_path, b"a: 1")).plain()
    assert {"a": 1} == load(written(tmp_path, b'{"a": 1}', "p.JSON")).plain()
    assert "document/syntax" == refused(load, written(tmp_path, b"a: 1", "p.json"))[0].rule


def test_messages_use_the_name_the_user_typed(tmp_path):
    path = written(tmp_path, b"a: b: c")
    assert "app/buildspec.yml:1:5" == str(refused(load, path, "app/buildspec.yml")[0].span)
    assert f"{path}:1:5" == str(refused(load, path)[0].span)


def test_a_byte_order_mark_is_accepted_remembered_and_takes_no_column(tmp_path):
    node = load(written(tmp_path, b"\xef\xbb\xbfa: 1"))
    assert ({"a": 1}, 1, True) == (
        node.plain(),
        node.span.column,
        node.span.source.byte_order_mark,
    )
    assert {"a": 1} == load(written(tmp_path, b'\xef\xbb\xbf{"a": 1}', "p.json")).plain()


def test_the_first_byte_that_is_not_utf_8_is_pointed_at(tmp_path):
    (problem,) = refused(load, written(tmp_path, "a: é\nbé: ".encode() + b"\xe9t\xe9\n"))
    assert [("document/encoding", 2, 5)] == spots([problem])
    assert "byte 0xe9 is not UTF-8" == problem.message


def test_utf_16_is_named(tmp_path):
    (problem,) = refused(load, written(tmp_path, "a: 1\n".encode("utf-16")))
    assert ("document/encoding", True) == (problem.rule, "UTF-16" in problem.message)


def test_a_binary_file_is_refused_at_its_first_zero_byte(tmp_path):
    found = refused(load, written(tmp_path, b"\x7fELF\x02\x00\x00" + bytes(range(256))))
    assert [("document/binary", 1, 6)] == spots(found)


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["buildspec.yml", "pipeline.json"])
def test_an_empty_file_is_refused(tmp_path, content, name):
    assert [("document/empty", 1, 1)] == spots(refused(load, written(tmp_path, content, name)))


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not(tmp_path):
    most = b"a: " + b"x" * (MAX_BYTES - 3)
    assert load(written(tmp_path, most)).plain()
    assert ["document/too-large"] == [
        p.rule for p in refused(load, written(tmp_path, most + b"x"))
    ]
    assert ["document/too-large"] == [p.rule for p in refused(load_text, "x" * 2_000_000, "x")]


def test_an_endless_device_is_too_large_not_endless(tmp_path):
    path = tmp_path / "zero.yml"
    path.symlink_to("/dev/zero")
    assert "document/too-large" == refused(load, path)[0].rule


@pytest.mark.parametrize("name", ["missing.yml", "file/below.yml", "dangling.yml"])
def test_a_missing_file_is_a_matter_of_usage(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling.yml").symlink_to("nowhere")
    with pytest.raises(UsageError) as caught:
        load(tmp_path / name, name)
    assert (f"'{name}' does not exist", ExitCode.USAGE) == (
        caught.value.message,
        caught.value.exit_code,
    )


def test_a_directory_is_a_matter_of_usage(tmp_path):
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "src")
    assert "'src' is a directory, not a document" == caught.value.message


def test_a_file_that_cannot_be_read_is_unavailable(tmp_path):
    loop = tmp_path / "loop.yml"
    loop.symlink_to(loop)
    for path in (loop, tmp_path / "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(Unavailable) as caught:
            load(path)
        assert "cannot be read: " in caught.value.message


def test_text_from_elsewhere_is_read_the_same_way():
    assert {"a": 1} == load_text("a: 1", "inline buildspec").plain()
    assert {"a": 1} == load_text('{"a": 1}', "inline", json=True).plain()
    assert {"a": 2} == load_text("a: 1\na: 2", "x", duplicates="last").plain()
    assert "document/alias" == refused(load_text, "a: &x 1\nb: *x", "x", aliases=False)[0].rule


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.sampled_from("yj"))
def test_any_bytes_are_a_tree_or_a_refusal(tmp_path_factory, content, kind):
    path = tmp_path_factory.getbasetemp() / ("any.yml" if kind == "y" else "any.json")
    path.write_bytes(content)
    try:
        load(path).plain()
    except DocumentError as failure:
        assert all(problem.span.marked_line() for problem in failure.problems)


@pytest.mark.parametrize("path", corpus(), ids=lambda path: path.name)
def test_every_published_document_reads_or_is_refused_at_a_place(path):
    try:
        load(path, path.name).plain()
    except DocumentError as failure:
        for problem in failure.problems:
            assert str(problem.span).startswith(f"{path.name}:")
            assert problem.span.source.line(problem.span.line) or problem.rule == "document/empty"


def test_nothing_heavy_is_imported_until_a_document_is_read():
    program = (
        "import sys, cicd.document.load, cicd.document.schema, cicd.document.resources\n"
        "print(sorted({'yaml', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "[]" == done.stdout.strip()
