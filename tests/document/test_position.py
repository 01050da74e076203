from cicd.document.position import EXCERPT_WIDTH, Source, cells


def span(text, start, end):
    return Source(name="buildspec.yml", text=text).span(start, end)


def marked(found):
    """Draw the line, and a caret under each cell of the stretch."""
    shown = found.marked_line()
    return f"{shown.text}\n{' ' * shown.indent}{'^' * shown.width}"


def test_a_span_prints_as_file_line_and_column():
    assert "buildspec.yml:2:3" == str(span("a:\n  b: c\n", 5, 6))


def test_a_span_gives_its_own_text():
    text = "a:\r\n  bcd: e\r\n"
    assert "bcd" == span(text, 6, 9).text
    assert "a:\r\n  b" == span(text, 0, 7).text


def test_lines_end_where_editors_end_them():
    source = Source(name="x", text="a\r\nb\rc\nd\x85e\u2028f")
    assert ["", "a", "b", "c", "d\x85e\u2028f", ""] == [source.line(n) for n in range(6)]


def test_columns_count_characters():
    assert 5 == span("漢字: x", 4, 5).column
    assert 4 == span("😀: x", 3, 4).column


def test_an_excerpt_is_the_line_with_a_caret_under_the_stretch():
    assert "  b: c\n  ^" == marked(span("a:\n  b: c\n", 5, 6))


def test_a_stretch_over_several_lines_is_marked_to_the_end_of_the_first():
    assert "a: b\n   ^" == marked(span("a: b  \nc: d", 3, 11))


def test_an_empty_stretch_still_gets_one_caret():
    assert "a:\n  ^" == marked(span("a:", 2, 2))


def test_tabs_and_wide_characters_keep_the_caret_aligned():
    assert "    x: y\n       ^" == marked(span("\tx: y", 4, 5))
    assert "漢字: y\n      ^" == marked(span("漢字: y", 4, 5))
    assert "e\u0301: y\n   ^" == marked(span("e\u0301: y", 4, 5))


def test_an_excerpt_cannot_steer_the_terminal_or_turn_the_direction_of_writing():
    shown = marked(span("a: \x1b[31m\u202ered", 3, 4))
    assert "a: �[31m�red\n   ^" == shown


def test_a_very_long_line_is_cut_around_the_caret():
    text = "x" * 500 + "HERE" + "y" * 500
    shown = span(text, 500, 504).marked_line()
    assert "HERE" == shown.text[shown.indent : shown.indent + shown.width]
    assert ("…", "…") == (shown.text[0], shown.text[-1])
    assert EXCERPT_WIDTH + 2 == cells(shown.text)


def test_blanks_that_begin_a_very_long_line_are_cut_first():
    source = Source(name="x", text=" " * 120 + "test -f ok")
    shown = source.span(120, 130).marked_line()
    assert ("…test -f ok", 1, 10) == (shown.text, shown.indent, shown.width)


def test_the_cut_stays_aligned_with_wide_characters_and_at_both_ends():
    wide = span("漢" * 300, 150, 151).marked_line()
    assert "漢" == _marked(wide)
    assert "b" == _marked(span("b" + "a" * 300, 0, 1).marked_line())
    assert "b" == _marked(span("a" * 300 + "b", 300, 301).marked_line())


def _marked(shown):
    before = 0
    for at, character in enumerate(shown.text):
        if before == shown.indent:
            return shown.text[at : at + 1]
        before += cells(character)
    return ""
