"""Tables fit the terminal, and break no short word."""

import pytest

from cicd.cli.show.human import Human

COLUMNS = ("report", "status", "total", "passed", "skipped", "took")
NAME = "rep-unit-tests-of-the-orders-service"


@pytest.fixture
def shown(monkeypatch, capsys):
    def lines_of(rows, width, columns=COLUMNS):
        monkeypatch.setenv("COLUMNS", str(width))
        Human("never").table(columns, rows)
        lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
        assert all(len(line) <= width for line in lines)
        return lines

    return lines_of


def test_where_there_is_room_a_row_is_a_line(shown):
    head, row = shown([(NAME, "FAILED", "2", "1", "0", "1.60 s")], 80)
    assert ["REPORT", "STATUS", "TOTAL", "PASSED", "SKIPPED", "TOOK"] == head.split()
    assert row.startswith(f"{NAME}  FAILED  2 ")


@pytest.mark.parametrize("width", [80, 60, 50])
def test_a_status_and_the_words_above_it_stay_whole(shown, width):
    name = NAME * 2
    lines = shown([(name, "SUCCEEDED", "200", "199", "1", "1.60 s")], width)
    assert ["REPORT", "STATUS", "TOTAL", "PASSED", "SKIPPED", "TOOK"] == lines[0].split()
    assert "SUCCEEDED" in lines[1]
    assert name == "".join(line.split()[0] for line in lines[1:])


def test_a_name_that_fits_stays_whole_beside_a_long_text(shown):
    text = "a text that goes on for longer than the terminal is wide, so that it is broken"
    lines = shown([(NAME, text)], 60, ("name", "description"))
    assert lines[1].startswith(NAME)
    assert len(lines) > 2


def test_an_id_is_whole_where_there_is_room_and_else_its_beginning(shown):
    build = "orders:58518b64-4a87-49b1-8374-1d1c73c8079c"
    columns = ("build", "number", "status", "started", "took")
    rows = [(build, "2", "SUCCEEDED", "2026-11-26 23:49:47", "0.6 s")]
    for width, said in ((100, build), (80, "orders:58518b64")):
        _, line = shown(rows, width, columns)
        assert [said, "2", "SUCCEEDED", "2026-11-26", "23:49:47", "0.6", "s"] == line.split()


def test_a_word_in_front_stays_whole_where_others_are_broken_anyway(shown):
    columns = ("time", "who", "service", "call", "what", "error")
    call = ("2026-11-27 07:08:44", "root", "codepipeline", "StartPipelineExecution", "x" * 30, "")
    first, second = shown([call], 80, columns)[1:3]
    assert ("2026-11-27", "07:08:44") == (first.split()[0], second.split()[0])


def test_a_commit_is_shortened_as_an_execution_is(shown):
    commit = "cd258bde0b1be06cf948f84fbbcdc364aac854cb"
    lines = shown([("Source", "Succeeded", commit)], 50, ("action", "status", "execution"))
    assert ["Source", "Succeeded", "cd258bde"] == lines[1].split()


def test_an_id_within_a_text_is_shortened_too(shown):
    text = "name=shop pipelineExecutionId=4b89645e-9286-44af-b0da-bb384f44ad89"
    lines = shown([("StartPipelineExecution", text)], 60, ("call", "what"))
    assert "pipelineExecutionId=4b89645e" == lines[2].strip()


@pytest.mark.parametrize("width", range(40, 121))
@pytest.mark.parametrize("name", ["rep", NAME, NAME * 2])
def test_nothing_of_a_table_is_cut_off(shown, name, width):
    columns = (*COLUMNS, "trend")
    row = (name, "SUCCEEDED", "200", "199", "1", "1.60 s", "=")
    said = "".join(columns).upper() + "".join(row)
    lines = shown([row], width, columns)
    assert sorted(said.replace(" ", "")) == sorted("".join(lines).replace(" ", ""))


def test_a_time_stays_on_its_line_where_the_name_is_broken_anyway(shown):
    lines = shown([(NAME * 2, "FAILED", "2", "1", "0", "1.60 s")], 60)
    assert lines[1].endswith("1.60 s")


def test_where_words_would_break_each_row_is_a_list(shown):
    build = "rep:58518b64-4a87-49b1-8374-1d1c73c8079c"
    columns = ("build", "number", "status", "started", "took")
    rows = [
        (build, "2", "SUCCEEDED", "2026-11-26 23:49:47", "0.6 s"),
        ("rep:1", "1", "IN_PROGRESS (left running)", "2026-11-26 23:49:40", ""),
    ]
    lines = shown(rows, 40, columns)
    assert "BUILD    rep:58518b64" == lines[0]
    assert "STATUS   SUCCEEDED" in lines
    assert "TOOK     0.6 s" in lines
    second = lines[lines.index("") + 1 :]
    assert ["BUILD    rep:1", "NUMBER   1", "STATUS   IN_PROGRESS (left running)"] == second[:3]
    assert 4 == len(second)


def test_a_long_text_has_a_third_of_the_line(shown):
    text = "13 tests: 13 passed, 0 failed, 0 errors, 0 skipped (0.04 s)"
    columns = ("report", "status", "made", "what")
    lines = shown([(NAME * 2, "SUCCEEDED", "2026-11-26 23:49:47", text)], 80, columns)
    assert "13 tests: 13 passed, 0" in lines[1]
