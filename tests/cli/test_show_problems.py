from cicd.cli.show.problems import as_json, render, summary
from cicd.document.position import Source
from cicd.document.problem import Label, Problem, Severity

SOURCE = Source(
    name="buildspec.yml",
    text="version: 0.2\n\nphases:\n  build:\n    commands:\n      - make\n  pre-build:\n"
    "    commands: [x]\n    commands: [y]\n",
)


def problem(word, occurrence=0, **options):
    start = -1
    for _ in range(occurrence + 1):
        start = SOURCE.text.index(word, start + 1)
    defaults = {
        "rule": "build/unknown-phase",
        "severity": Severity.ERROR,
        "message": f"'{word}' is not a phase",
        "span": SOURCE.span(start, start + len(word)),
    }
    return Problem(**{**defaults, **options})


def shown(*problems):
    return render(problems, colour=False).split("\n")


def test_a_problem_is_laid_out_as_the_architecture_draws_it():
    text = render(
        [
            problem(
                "pre-build",
                hint="did you mean 'pre_build'?",
                note="the phases are install, pre_build, build, post_build",
            )
        ],
        colour=False,
    )
    assert (
        "error[build/unknown-phase]: 'pre-build' is not a phase\n"
        "  --> buildspec.yml:7:3\n"
        "   |\n"
        " 7 |   pre-build:\n"
        "   |   ^^^^^^^^^ did you mean 'pre_build'?\n"
        "   = the phases are install, pre_build, build, post_build\n"
        "\n"
        "1 error"
    ) == text


def test_a_label_shows_the_place_that_explains_the_first():
    first = problem("commands", 1).span
    found = problem("commands", 2, labels=(Label(span=first, text="first written here"),))
    assert [
        "   |",
        " 8 |     commands: [x]",
        "   |     -------- first written here",
        " 9 |     commands: [y]",
        "   |     ^^^^^^^^",
    ] == shown(found)[2:7]


def test_lines_between_a_label_and_its_problem_are_left_out():
    found = problem("pre-build", labels=(Label(span=problem("phases").span, text="in here"),))
    assert [
        " 3 | phases:",
        "   | ------ in here",
        "...",
        " 7 |   pre-build:",
    ] == shown(found)[3:7]


def test_a_label_on_the_same_line_shares_it():
    found = problem("[x]", labels=(Label(span=problem("commands", 1).span, text="of this"),))
    assert [
        " 8 |     commands: [x]",
        "   |     -------- of this",
        "   |               ^^^",
    ] == shown(found)[3:6]


def test_a_label_in_another_file_gets_a_place_of_its_own():
    other = Source(name="cicd.yml", text="a\n" * 11 + "name: x\n")
    found = problem("phases", labels=(Label(span=other.span(22, 26), text="named here"),))
    assert [
        "   --> buildspec.yml:3:1",
        "    |",
        "  3 | phases:",
        "    | ^^^^^^",
        "   ::: cicd.yml:12:1",
        "    |",
        " 12 | name: x",
        "    | ---- named here",
    ] == shown(found)[1:9]


def test_without_a_text_the_hint_stands_alone():
    nothing = Source(name="big.yml", text="").span(0, 0)
    assert [
        "error[document/too-large]: it is large",
        "  --> big.yml:1:1",
        "   = take another",
    ] == shown(
        problem(
            "phases",
            rule="document/too-large",
            message="it is large",
            span=nothing,
            hint="take another",
        )
    )[:3]


def test_the_last_line_counts_by_severity():
    found = [
        problem("phases"),
        problem("build"),
        problem("make", severity=Severity.WARNING),
        problem("x", severity=Severity.NOTE),
    ]
    assert "2 errors, 1 warning, 1 note" == summary(found)
    assert "2 errors, 1 warning, 1 note" == shown(*found)[-1]
    assert ("", "") == (summary([]), render([], colour=False))


def test_colour_changes_nothing_but_colour():
    import re

    found = [problem("phases", hint="h", note="n"), problem("make", severity=Severity.WARNING)]
    coloured = render(found, colour=True)
    assert "\x1b[1;31merror[build/unknown-phase]\x1b[0m" in coloured
    assert render(found, colour=False) == re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def test_nothing_out_of_a_document_can_steer_the_terminal():
    found = problem("phases", message="'\x1b[2J' is odd", hint="\u202ex", note="a\rb")
    text = render([found], colour=False)
    assert ("\x1b" in text, "\u202e" in text, "a�b" in text) == (False, False, True)


def test_a_note_may_have_several_lines():
    found = problem("phases", note="In the section artifacts\n    type")
    assert ["   = In the section artifacts", "         type"] == shown(found)[5:7]


def test_json_has_the_place_in_numbers():
    (found,) = as_json([problem("pre-build", hint="h")])
    assert {
        "rule": "build/unknown-phase",
        "severity": "error",
        "message": "'pre-build' is not a phase",
        "file": "buildspec.yml",
        "line": 7,
        "column": 3,
        "endLine": 7,
        "endColumn": 12,
        "hint": "h",
        "note": None,
        "labels": [],
        "fix": None,
    } == found
