import stat
import subprocess

import pytest

from cicd.errors import Unavailable
from cicd.store.disk import prepare_home


def test_a_home_is_private_and_ignores_itself_in_git_all_but_the_settings(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    home = tmp_path / ".cicd"
    prepare_home(home)
    prepare_home(home)
    (home / "state.db").write_text("")
    (home / "config.toml").write_text("")
    assert 0o700 == stat.S_IMODE(home.stat().st_mode)
    seen = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [".cicd/config.toml"] == seen.stdout.split()


def test_what_the_user_wrote_to_ignore_stays(tmp_path):
    (tmp_path / ".gitignore").write_text("mine\n")
    prepare_home(tmp_path)
    assert "mine\n" == (tmp_path / ".gitignore").read_text()


def test_a_file_where_the_home_should_be_is_unavailable(tmp_path):
    (tmp_path / ".cicd").write_text("")
    with pytest.raises(Unavailable) as caught:
        prepare_home(tmp_path / ".cicd")
    assert "a file stands where a directory should; move it away" == caught.value.hint
