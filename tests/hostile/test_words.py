"""Words that make no sense: status 2, "error:" and "hint:", and nothing made."""

import pytest

INSTANCE = "is not an instance"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build", "--env", "NOEQ"), "--env 'NOEQ' is not NAME=VALUE"),
        (("build", "--env", "=x"), "--env '=x' is not NAME=VALUE"),
        (("build", "--env", "A B=x"), "'A B' cannot be the name of an environment variable"),
        (("build", "--timeout", "abc"), "'--timeout': 'abc' is not a whole number"),
        (("build", "--timeout", "0"), "'--timeout': 0 is not in the range 1<=x<=2160"),
        (("build", "--timeout", "9" * 40), f"'--timeout': {'9' * 40} is not in the range"),
        (("build", "--secondary-source", "x"), "--secondary-source 'x' is not NAME=DIR"),
        (("build", "--secondary-source", "x=no"), "the secondary source 'x', 'no', is not a"),
        (
            ("build", "--secondary-source", "x=.", "--secondary-source", "x=."),
            "there are two secondary sources called 'x'",
        ),
        (("build", "--runner", "hosst"), "'hosst' is not known among the runners"),
        (("build", "--project", "no"), "there is no project 'no'"),
        (("builds", "show", "no"), "there is no build 'no'"),
        (("builds", "resume", "no:1"), "there is no build 'no:1'"),
        (("deploy", "status", "d-NO"), "no deployment 'd-NO'"),
        (("deploy", "stop"), "there is no deployment yet"),
        (("deploy", ".", "--instance", "i"), INSTANCE),
        (("deploy", ".", "--instance", "i="), INSTANCE),
        (("deploy", ".", "--instance", "../i=x"), INSTANCE),
        (("deploy", ".", "--instance", "i=x", "--instance", "i=y"), "two instances are called"),
        (("deploy", ".", "--instance", "i=x", "--instance", "j=x"), "are the same place"),
        (("deploy", ".", "--speed", "inf"), "'--speed': inf is not in the range"),
        (("deploy", ".", "--minimum-healthy", "9" * 30), "is not a number of hosts"),
        (("pipeline", "run", "no"), "there is no pipeline and no file 'no'"),
        (("pipeline", "status", "no"), "there is no pipeline execution 'no'"),
        (("lint", "no.yml"), "there is no 'no.yml'"),
        (("biuld",), "'biuld' is not a command of cicd"),
    ],
)
def test_misuse_is_an_error_and_a_hint(place, words, said):
    ended = place.cicd(*words)
    assert (2, "") == (ended.status, ended.out)
    error, hint = ended.err.splitlines()
    assert said in error
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")


def test_a_speed_that_is_no_number_is_misuse(place):
    assert 2 == place.cicd("deploy", ".", "--speed", "nan").status


def test_a_source_that_does_not_exist_is_not_made(place):
    ended = place.cicd("build", "no/where")
    assert (2, "error: there is no directory 'no/where'") == (
        ended.status,
        ended.err.splitlines()[0],
    )
    assert not (place.path / "no").exists()


def test_a_relative_home_is_where_the_user_is(place):
    place.write("sub/buildspec.yml", "version: 0.2\nphases: {build: {commands: [echo hi]}}\n")
    assert 0 == place.cicd("build", "sub", "--home", "home").status
    assert 0 == place.cicd("build", "sub", environ={"CICD_HOME": "other"}).status
    assert [False, True, True] == [
        (place.path / name / "state.db").is_file() for name in ("sub/home", "home", "other")
    ]


def test_without_words_the_help_is_no_complaint(place):
    ended = place.cicd()
    assert (2, "Usage:") == (ended.status, ended.err.split()[0])


@pytest.mark.parametrize("output", ["plain", "human"])
def test_escape_sequences_of_words_do_not_reach_the_terminal(place, output):
    ended = place.cicd("builds", "show", "\x1b]0;title\x07", "--output", output)
    assert (2, False) == (ended.status, "\x1b" in ended.out + ended.err)


def test_words_that_are_not_utf8_are_told_back(place):
    ended = place.cicd("build", "--buildspec", b"x\xff.yml", "--output", "json")
    assert (2, True) == (ended.status, "\\udcff" in ended.out)
