"""What each format of test reports says, read out of a file as its tool writes it."""

import pytest

from cicd.build.reports.formats.case import clock_seconds_of, seconds_of
from tests.build.reports.reading import read, rows


def test_junit():
    bad = "assert 1 == 2\ndef test_bad():\n>   assert 1 == 2\n\ntests/test_a.py:7: AssertionError"
    assert [
        ("test_ok", "pytest", "tests.test_a", "SUCCEEDED", 0.001, "", ""),
        ("test_bad", "pytest", "tests.test_a", "FAILED", 1000.5, bad, "tests/test_a.py:7"),
        ("test_skip", "pytest", "tests.test_a", "SKIPPED", 0, "later", ""),
        ("test_err", "pytest", "tests.test_a", "ERROR", 0, "boom", ""),
    ] == rows("JUNITXML")


def test_junit_a_lone_suite_and_a_namespace_are_understood():
    (case,) = read(
        "JUNITXML", b'<testsuite xmlns="urn:x" name="s"><testcase name="n"/></testsuite>'
    )
    assert ("s", "n", "SUCCEEDED") == (case.suite, case.name, case.status)


def test_junit_of_several_results_of_a_case_the_worst_counts():
    content = (
        b"<testsuite><testcase name='n'><skipped message='s'/><error message='e'/>"
        b"<failure message='f'/></testcase><testcase name='o'/></testsuite>"
    )
    assert [("ERROR", "e"), ("SUCCEEDED", "")] == [
        (c.status, c.message) for c in read("JUNITXML", content)
    ]


def test_junit_a_suite_without_cases_is_empty():
    assert [] == read("JUNITXML", b"<testsuites/>")


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (
            "<failure message='m'>def t():\nE  x\n\nt/a.py:12: AssertionError</failure>",
            "t/a.py:12",
        ),
        ("<failure message='m'>no: 3: place here</failure>", ""),
        ("<failure message='m'>E: 1: 2</failure>", ""),
        ("<failure>at shop.CartTest.removes(CartTest.java:21)</failure>", "CartTest.java:21"),
        ("<failure>at /src/cart.test.js:3:9</failure>", "/src/cart.test.js:3"),
    ],
)
def test_junit_the_place_is_what_the_text_of_the_failure_names(case, expected):
    (found,) = read("JUNITXML", f"<testsuite><testcase>{case}</testcase></testsuite>".encode())
    assert expected == found.where


def test_junit_the_place_is_else_what_the_attributes_say():
    head = "<testsuite><testcase file='f.js' line='7'><failure>no</failure></testcase></testsuite>"
    assert "f.js:7" == read("JUNITXML", head.encode())[0].where


def test_nunit_2_with_nested_suites():
    removes = "Expected: 2\n  But was:  1\n{}".format(
        "at Shop.CartTests.Removes () [0x00000] in /src/CartTests.cs:line 21"
    )
    place = "/src/CartTests.cs:21"
    fixture = ("CartTests", "Shop.CartTests")
    assert [
        ('Adds(1.5,"a.b")', *fixture, "SUCCEEDED", 0.125, "", ""),
        ("Removes", *fixture, "FAILED", 0.25, removes, place),
        ("Throws", *fixture, "ERROR", 0.01, "System.Exception : no", ""),
        ("Later", *fixture, "SKIPPED", 0, "not yet", ""),
        ("Perhaps", *fixture, "SKIPPED", 0, "", ""),
    ] == rows("NUNITXML")


def test_nunit_before_2_5_had_no_results():
    content = (
        b"<test-results><test-case name='a.b' executed='True' success='True'/>"
        b"<test-case name='c' executed='True' success='False'/>"
        b"<test-case name='d' executed='False'/></test-results>"
    )
    assert [("b", "SUCCEEDED"), ("c", "FAILED"), ("d", "SKIPPED")] == [
        (c.name, c.status) for c in read("NUNITXML", content)
    ]


def test_nunit_3():
    fixture = ("Shop.CartTests", "Shop.CartTests")
    removes = "Expected: 2\nat Shop.CartTests.Removes() in /src/CartTests.cs:line 21"
    assert [
        ("Adds(1,2)", *fixture, "SUCCEEDED", 0.125, "", ""),
        ("Removes", *fixture, "FAILED", 0.25, removes, "/src/CartTests.cs:21"),
        ("Throws", *fixture, "ERROR", 0.01, "System.Exception : no", ""),
        ("Later", *fixture, "SKIPPED", 0, "not yet", ""),
        ("Warns", *fixture, "SUCCEEDED", 0.001, "", ""),
    ] == rows("NUNIT3XML")


def test_testng_what_sets_up_is_no_test():
    adds, removes, later = rows("TESTNGXML")
    owner = ("Cart", "shop.CartTest")
    assert ("adds", *owner, "SUCCEEDED", 0.125, "", "") == adds
    assert ("removes", *owner, "FAILED", 1.25) == removes[:5]
    assert removes[5].startswith("expected [2] but found [1]\njava.lang.AssertionError")
    assert "CartTest.java:21" == removes[6]
    assert ("later", *owner, "SKIPPED", 0, "not yet", "") == later


def test_visual_studio_classes_come_from_the_definitions_and_rows_count_not_what_is_around():
    cart, table = ("Shop.CartTests", "Shop.CartTests"), ("Shop.RowTests", "Shop.RowTests")
    removes = (
        "Assert.Equal() Failure\nExpected: 2\n"
        "at Shop.CartTests.Removes() in /src/CartTests.cs:line 21"
    )
    assert [
        ("Adds", *cart, "SUCCEEDED", 0.125, "", ""),
        ("Removes", *cart, "FAILED", 1.25, removes, "/src/CartTests.cs:21"),
        ("Later", *cart, "SKIPPED", 0, "", ""),
        ("Rows (1)", *table, "SUCCEEDED", 0.01, "", ""),
        ("Rows (2)", *table, "ERROR", 0.02, "", ""),
    ] == rows("VISUALSTUDIOTRX")


def test_cucumber_backgrounds_belong_to_the_scenario_after_them():
    adds, removes, unknown, later = rows("CUCUMBERJSON")
    place = "features/cart.feature"
    assert ("Adds", "Cart", "Cart", "SUCCEEDED", 0.125, "", f"{place}:6") == adds
    assert ("Removes", "Cart", "Cart", "FAILED", 0.25) == removes[:5]
    assert removes[5].startswith("expected: 2")
    assert "./features/steps.rb:21" == removes[6]
    told = "undefined: When nobody knows"
    assert ("Unknown", "Cart", "Cart", "ERROR", 0, told, f"{place}:14") == unknown
    told = "pending: When it is time"
    assert ("Later", "Cart", "Cart", "SKIPPED", 1e-6, told, f"{place}:18") == later


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5", 1.5),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234", 1234),
        ("1,234,567.5", 1234567.5),
        ("0,125", 0.125),
        ("0,5", 0.5),
        ("1e-3", 0.001),
        *((text, 0) for text in ("", "NaN", "inf", "-1", "1e300", "soon", "9" * 5000)),
    ],
)
def test_durations_in_seconds(text, expected):
    assert expected == seconds_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:00:01.2500000", 1.25),
        ("01:02:03", 3723),
        ("1.00:00:01", 86401),
        ("0.5", 0.5),
        ("99:99", 0),
    ],
)
def test_durations_on_a_clock(text, expected):
    assert expected == clock_seconds_of(text)
