import pytest

from cicd.errors import UsageError
from cicd.settings.file import SettingsFile
from cicd.store.config_file import set_image

NAME = "aws/codebuild/standard:7.0"


def test_a_file_is_made(tmp_path):
    path = tmp_path / "deep" / "config.toml"
    assert not set_image(path, NAME, "mine")
    assert f'[images]\n"{NAME}" = "mine"\n' == path.read_text()
    assert {NAME: "mine"} == SettingsFile(path).images()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# mine\njobs = 2 # two\n", '# mine\njobs = 2 # two\n\n[images]\n"{n}" = "new"\n'),
        (
            '[images] # ours\n"a" = "b"\n\n[other]\nx = 1\n',
            '[images] # ours\n"a" = "b"\n"{n}" = "new"\n\n[other]\nx = 1\n',
        ),
        (
            '[images]\n# why\n"{n}" = "old"  # note\n"a" = "b"\n',
            '[images]\n# why\n"{n}" = "new"  # note\n"a" = "b"\n',
        ),
        ("[images]\n'{n}' = 'old'\n", '[images]\n"{n}" = "new"\n'),
    ],
)
def test_one_line_changes_and_the_rest_stays(tmp_path, before, after):
    path = tmp_path / "config.toml"
    path.write_text(before.replace("{n}", NAME))
    set_image(path, NAME, "new")
    assert after.replace("{n}", NAME) == path.read_text()


def test_a_row_is_removed_and_its_neighbours_stay(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'[images]\n# a\n"{NAME}" = "old"\n"a" = "b"\n')
    assert set_image(path, NAME, None)
    assert '[images]\n# a\n"a" = "b"\n' == path.read_text()
    assert not set_image(path, NAME, None)


@pytest.mark.parametrize(
    "text",
    ['images = {{"{n}" = "old"}}\n', 'images."{n}" = "old"\n', "[images]\nbroken\n"],
)
def test_what_is_written_otherwise_is_left_alone(tmp_path, text):
    path = tmp_path / "config.toml"
    text = text.format(n=NAME)
    path.write_text(text)
    with pytest.raises(UsageError, match="not written a line a row"):
        set_image(path, NAME, "new")
    assert text == path.read_text()
