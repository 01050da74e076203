import pytest

from cicd.nearest import closest, slip

PHASES = ("install", "pre_build", "build", "post_build")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("pre-build", "pre_build"),
        ("PreBuild", "pre_build"),
        ("BUILD", "build"),
        ("biuld", "build"),
        ("buil", "build"),
        ("instal", "install"),
        ("post_biuld", "post_build"),
        ("deploy", None),
        ("b", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_a_slip_finds_what_was_meant_and_another_word_finds_nothing(word, meant):
    assert meant == closest(word, PHASES)


def test_the_nearest_option_wins_and_the_first_of_equals():
    assert "stages" == closest("stage", ("staged", "stages")[::-1])
    assert "staged" == closest("stage", ("staged", "stages"))
    assert "files" == closest("flies", ("file", "files"))


def test_no_options_give_nothing():
    assert None is closest("build", ())


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("IMAGE_TGA", "IMAGE_TAG"),  # two letters changed places
        ("IMGE_TAG", "IMAGE_TAG"),  # one is missing
        ("IMAAGE_TAG", "IMAGE_TAG"),  # one is too many
        ("IMAGE_TAGS", None),  # both may be meant
        ("IMAGE_TAB", None),
        ("IMAGE_TAG", None),
        ("image_tag", None),
        ("", None),
    ],
)
def test_a_slip_is_of_the_fingers_and_not_another_name(word, meant):
    assert meant == slip(word, ["IMAGE_TAG", "REGION"])


@pytest.mark.parametrize(
    ("word", "meant"), [("JUNIT", "JUNITXML"), ("N", None), ("NUNIT", None), ("XUNIT", "NUNIT")]
)
def test_where_none_is_near_the_only_one_that_begins_so_is_meant(word, meant):
    known = ["JUNITXML", "NUNITXML", "NUNIT3XML", "NUNIT"] if word == "XUNIT" else None
    assert meant == closest(word, known or ["JUNITXML", "NUNITXML", "NUNIT3XML"])
