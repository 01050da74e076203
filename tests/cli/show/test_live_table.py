import io

import pytest
from rich.console import Console

from cicd.cli.show.live_rows import LiveRow
from cicd.cli.show.live_table import live_table

LONG = "CodeDeploy_production_d-ABCDEFGHI-12"
ROWS = (
    LiveRow(busy=True, name="web-1", words="●●●◐○○○  Install", time="0:07"),
    LiveRow(sign="✓", name="web-2", words="Succeeded", time="12:34"),
)


def drawn(rows, width):
    out = io.StringIO()
    console = Console(file=out, width=width, soft_wrap=True, color_system=None)
    console.print(live_table(rows, width, "*"))
    return out.getvalue().splitlines()


def test_columns_stand_below_each_other_and_times_at_the_right():
    assert [
        "* web-1 ●●●◐○○○  Install  0:07",
        "✓ web-2 Succeeded        12:34",
    ] == drawn(ROWS, 80)


@pytest.mark.parametrize("width", [44, 60, 80])
def test_where_there_is_little_room_only_names_and_words_are_cut(width):
    wide = LiveRow(busy=True, name=LONG, words=f"●●●◐○○○  {'A' * 60}", time="0:07")
    lines = drawn((*ROWS, wide), width)
    assert {width} == {len(line) for line in lines}
    assert ["*", "✓", "*"] == [line[0] for line in lines]
    assert [" 0:07", "12:34", " 0:07"] == [line[-5:] for line in lines]
    assert LONG[:29] in lines[2]
    assert 2 == lines[2].count("…")


def test_rows_of_which_nothing_is_known_yet_are_their_names():
    assert ["  web-1", "  web-2"] == [
        line.rstrip() for line in drawn([LiveRow(name="web-1"), LiveRow(name="web-2")], 80)
    ]
    assert [] == drawn([], 80)
