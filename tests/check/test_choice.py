"""Which checks a push asks for."""

import pytest

from cicd.check.choice import CheckKind, Choice, Push, is_skipped, united, wanted_by
from cicd.check.choose import places
from cicd.check.configuration import Wanted
from cicd.check.pushed import PushedRef
from cicd.pipeline.triggers import Patterns

ONE = "1" * 40


def push(ref="refs/heads/main", files=("src/a.py",)):
    return Push(
        pushed=PushedRef(local="HEAD", id=ONE, ref=ref),
        commit=ONE,
        files=files,
        existed=True,
    )


def asked(wanted, a_push, place="", always=()):
    return wanted_by(wanted, a_push, place=place, always=always)


def test_what_is_named_without_more_runs_for_every_push():
    assert (True, "'check' names it") == asked(Wanted(name="a"), push())
    assert asked(Wanted(name="a"), push("refs/tags/v1"))[0]


@pytest.mark.parametrize(
    ("ref", "runs"),
    [
        ("refs/heads/main", True),
        ("refs/heads/door", False),
        ("refs/tags/main", False),
        ("", False),
    ],
)
def test_branches_are_told_from_other_refs(ref, runs):
    wanted = Wanted(name="a", branches=Patterns(includes=("main",)))
    assert runs is asked(wanted, push(ref))[0]


def test_tags_are_told_from_branches():
    wanted = Wanted(name="a", tags=Patterns(includes=("v*",)))
    assert asked(wanted, push("refs/tags/v1"))[0]
    assert "it is about tags, and a branch is pushed" == asked(wanted, push())[1]


def test_one_of_many_files_is_enough_however_many_there_are():
    wanted = Wanted(name="a", files=Patterns(includes=("docs/**",)))
    files = (*(f"src/{n}" for n in range(500)), "docs/last.md")
    assert asked(wanted, push(files=files))[0]
    assert asked(wanted, push()) == (False, "none of 1 changed file is of docs/**")


def test_a_changed_buildspec_asks_for_its_build_whatever_the_patterns_say():
    wanted = Wanted(name="a", files=Patterns(includes=("docs/**",)))
    found = asked(wanted, push(files=("ci/build.yml",)), always=("ci/build.yml",))
    assert found == (True, "'check' names it; 'ci/build.yml' has changed")


def test_what_a_directory_names_is_for_changes_below_it():
    wanted = Wanted(name="a")
    assert asked(wanted, push(), place="api") == (False, "nothing below 'api' has changed")
    assert asked(wanted, push(files=("api/x",)), place="api")[0]
    assert not asked(wanted, push(files=("apis/x",)), place="api")[0]


def test_a_check_that_two_refs_are_judged_for_runs_if_one_asks_for_it():
    no = Choice(kind=CheckKind.BUILD, name="web", runs=False, why="no")
    yes = Choice(kind=CheckKind.BUILD, name="web", runs=True, why="yes")
    assert united([no, yes, no]) == (yes,)


@pytest.mark.parametrize(
    ("skip", "left_out"),
    [
        ("", False),
        ("1", True),
        ("all", True),
        ("build", True),
        ("web", True),
        ("lint, build:web", True),
        ("build:api", False),
        ("lint", False),
    ],
)
def test_cicd_skip_names_kinds_checks_or_both(skip, left_out):
    choice = Choice(kind=CheckKind.BUILD, name="web", runs=True, why="")
    assert left_out is is_skipped(choice, skip)


def test_a_file_that_was_deployed_to_an_instance_is_no_place_of_its_own(tmp_path):
    for below in ("", "docs/", "servers/web-1/srv/app/"):
        (tmp_path / below).mkdir(parents=True, exist_ok=True)
        (tmp_path / below / "cicd.yml").write_text("check: {lint: true}\n")
    (tmp_path / "servers/web-1/opt/codedeploy-agent/deployment-root").mkdir(parents=True)
    assert ["", "docs"] == sorted(place.name for place in places(tmp_path))
