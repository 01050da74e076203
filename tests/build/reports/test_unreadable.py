"""Files that are not what their format says: a reason with a place, and never a traceback."""

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.build.reports.formats import COVERAGE_FORMATS, REPORT_FORMATS
from cicd.build.reports.model import FileCoverage, ReportUnreadable, TestCase
from cicd.build.spec import REPORT_FILE_FORMATS
from tests.build.reports.reading import read, sample

FORMATS = tuple(REPORT_FORMATS)
XML = sorted(name for name in FORMATS if name not in {"CUCUMBERJSON", "SIMPLECOV"})


def refused(file_format, content):
    with pytest.raises(ReportUnreadable) as caught:
        read(file_format, content)
    return caught.value


def test_every_documented_format_is_read():
    assert sorted(REPORT_FILE_FORMATS) == sorted(REPORT_FORMATS)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_sample_gives_what_its_format_is_for(file_format):
    kind = FileCoverage if file_format in COVERAGE_FORMATS else TestCase
    found = read(file_format, sample(file_format))
    assert found
    assert {kind} == {type(each) for each in found}


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused_where_it_ends(file_format, part):
    content = sample(file_format)
    content = content[: int(len(content) * part)]
    wrong = refused(file_format, content)
    assert 1 <= wrong.line <= content.count(b"\n") + 1
    assert f"r:{wrong.line}:{wrong.column}: " in wrong.at("r")


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("content", [b"", b" \n "])
def test_an_empty_file_is_refused(file_format, content):
    assert refused(file_format, content).line >= 1


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_of_another_format_is_refused(file_format):
    others = {
        other
        for other in REPORT_FORMATS
        if other != file_format and (other in XML) == (file_format in XML)
    }
    for other in sorted(others):
        said = str(refused(file_format, sample(other)))
        assert "root is <" in said or "file-format is" in said or "not a" in said


BOMB = """<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<{root}><testcase name="&b;"/></{root}>"""
FILE = """<!DOCTYPE t [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<{root}><testcase name="n"><failure>&f;</failure></testcase></{root}>"""
PARAMETER = '<!DOCTYPE t [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><{root}/>'
ROOTS = {
    "JUNITXML": "testsuite",
    "NUNITXML": "test-results",
    "NUNIT3XML": "test-run",
    "TESTNGXML": "testng-results",
    "VISUALSTUDIOTRX": "TestRun",
    "CLOVERXML": "coverage",
    "COBERTURAXML": "coverage",
    "JACOCOXML": "report",
}


@pytest.mark.parametrize("file_format", XML)
@pytest.mark.parametrize("text", [BOMB, FILE, PARAMETER])
def test_declarations_of_the_files_own_are_refused(file_format, text):
    said = refused(file_format, text.replace("{root}", ROOTS[file_format]).encode())
    assert "document type" in str(said)
    assert 1 == said.line


@pytest.mark.parametrize("file_format", XML)
def test_a_document_type_that_stands_elsewhere_is_not_loaded(file_format):
    root = ROOTS[file_format]
    text = f'<!DOCTYPE {root} SYSTEM "file:///dev/zero"><{root}/>'
    assert [] == read(file_format, text.encode())


@pytest.mark.parametrize("file_format", XML)
def test_deep_nesting_is_refused(file_format):
    root = ROOTS[file_format]
    assert "deeper" in str(refused(file_format, f"<{root}>".encode() * 300))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xff\xfe\x00garbage", "syntax error"),
        (b"<?xml version='1.0' encoding='nonsense'?><testsuite/>", "encoding"),
        (b"<testsuite name='\xff'/>", "token"),
    ],
)
def test_what_is_no_text_is_refused(content, word):
    assert word in str(refused("JUNITXML", content))


def test_latin_1_that_says_so_is_read():
    head = "<?xml version='1.0' encoding='iso-8859-1'?>"
    text = f"{head}<testsuite><testcase name='grün'/></testsuite>"
    assert "grün" == read("JUNITXML", text.encode("latin-1"))[0].name


def test_one_endless_tag_is_refused_before_it_fills_the_memory():
    class Endless:
        given = 0

        def read(self, size):
            self.given += size
            head = b"<testsuite a='" if self.given == size else b""
            return head + b"x" * (size - len(head))

    endless = Endless()
    with pytest.raises(ReportUnreadable, match="tag is longer than 16 MiB"):
        list(REPORT_FORMATS.get("JUNITXML")(endless))
    assert endless.given < 32 * 1024 * 1024


def test_a_text_of_any_length_is_kept_in_part_only():
    text = b"<testsuite><testcase><failure>" + b"x" * 3_000_000
    (case,) = read("JUNITXML", text + b"</failure></testcase></testsuite>")
    assert len(case.message) <= 20_000


@pytest.mark.parametrize(
    ("file_format", "content", "word"),
    [
        ("CUCUMBERJSON", b"[" * 100_000, "deep"),
        ("CUCUMBERJSON", b'[{"elements": [{"steps": [1]}]}]', "a number, not an object"),
        ("CUCUMBERJSON", b"\xff", "UTF-8"),
        ("CUCUMBERJSON", b"NaN", "NaN is no number"),
        ("SIMPLECOV", b'{"RSpec": {"coverage": {"a": {"lines": "x"}}}}', "a text, not a list"),
        ("SIMPLECOV", b'{"RSpec": {}}', "nothing, not an object"),
    ],
)
def test_json_of_another_shape_is_refused(file_format, content, word):
    assert word in str(refused(file_format, content))


def test_numbers_that_are_none_count_nothing():
    content = b'[{"uri": 1, "elements": [{"line": 1e999, "steps": [{"result": %s}]}]}]'
    result = b'{"status": "passed", "duration": %s}'
    for duration in (b"-5", b"1e400", b'"x"', b"1" * 5000, b"true"):
        (case,) = read("CUCUMBERJSON", content.replace(b"1e999", b"1") % (result % duration))
        assert 0 == case.seconds


def read_all(content):
    for file_format in REPORT_FORMATS:
        with suppress(ReportUnreadable):
            for found in REPORT_FORMATS.get(file_format)(BytesIO(content)):
                assert isinstance(found, TestCase | FileCoverage)


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_findings_or_unreadable(content):
    read_all(content)


@given(st.sampled_from(sorted(REPORT_FORMATS)), st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_sample_is_findings_or_unreadable(file_format, data):
    content = sample(file_format)
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    read_all(content[:start] + data.draw(st.binary(max_size=10)) + content[end:])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["elements", "steps", "result", "status", "duration"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values)
@settings(max_examples=100, deadline=None)
def test_any_json_is_findings_or_unreadable(value):
    import json

    read_all(json.dumps(value).encode())
