import pytest

from cicd.observe.chain import Head, link, verify


@pytest.fixture
def chained():
    lines, head = [], Head()
    for number in range(5):
        line, head = link({"eventName": f"call {number}"}, head)
        lines.append(line)
    return lines, head


def places(lines, head):
    return [each.line for each in verify(lines, head)[1]]


def test_a_chain_that_nobody_touched_holds(chained):
    lines, head = chained
    assert (head, []) == verify(lines, head)
    assert (Head(), []) == verify([], None)


def test_a_change_shows_where_it_was_made(chained):
    lines, head = chained
    lines[2] = lines[2].replace("call 2", "call 9")
    assert [3] == places(lines, head)


@pytest.mark.parametrize("put", ['{"eventName":"forged",', "{ "])
def test_a_line_that_reads_otherwise_than_it_was_written_shows(chained, put):
    lines, head = chained
    lines[2] = put + lines[2].removeprefix("{")
    assert [3] == places(lines, head)


def test_a_removed_record_shows(chained):
    lines, head = chained
    assert [3] == places([*lines[:2], *lines[3:]], head)


def test_a_change_of_order_shows(chained):
    lines, head = chained
    assert places([lines[0], lines[2], lines[1], *lines[3:]], head)


def test_a_record_that_stands_twice_shows(chained):
    lines, head = chained
    assert [3] == places([lines[0], lines[1], lines[1], *lines[2:]], head)[:1]


def test_a_cut_end_shows(chained):
    lines, head = chained
    (told,) = verify(lines[:3], head)[1]
    assert "2 record(s) were cut off" in told.why


def test_a_head_that_is_gone_shows(chained):
    lines, _ = chained
    assert [5] == places(lines, None)


def test_a_chain_made_anew_does_not_fit_its_head(chained):
    _, head = chained
    forged, end = [], Head()
    for number in range(5):
        line, end = link({"eventName": f"other {number}"}, end)
        forged.append(line)
    assert places(forged, head)


def test_what_is_no_record_shows(chained):
    lines, head = chained
    assert 2 in places([lines[0], "{}", *lines[1:]], head)
