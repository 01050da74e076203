import pytest

from cicd.cli.show.live_rows import LiveRow, column_widths

LONG = "CodeDeploy_production_d-ABCDEFGHI-12"
ROWS = (
    LiveRow(busy=True, name="web-1", words="●●●◐○○○  Install", time="0:07"),
    LiveRow(sign="✓", name="web-2", words="Succeeded", time="12:34"),
)


def test_where_there_is_room_columns_are_as_wide_as_what_they_hold():
    assert (1, len("web-1"), len("●●●◐○○○  Install"), len("12:34")) == column_widths(ROWS, 80)


@pytest.mark.parametrize(("width", "name"), [(44, 30), (60, 30), (80, 30), (105, 36)])
def test_where_there_is_little_only_names_and_words_are_cut(width, name):
    wide = LiveRow(name=LONG, words=f"●●●◐○○○  {'A' * 50}", time="0:07")
    widths = column_widths((*ROWS, wide), width)
    assert (1, name, 5) == (widths[0], widths[1], widths[3])
    assert width >= sum(widths) + 3  # a blank between two columns


def test_rows_of_which_nothing_is_known_yet_need_no_room():
    assert (1, 5, 1, 0) == column_widths([LiveRow(name="web-1")], 80)
    assert (1, 0, 1, 0) == column_widths([], 80)
