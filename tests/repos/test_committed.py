"""A home that was committed: whose clone it is in does not believe it."""

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.errors import Unavailable
from cicd.repos.committed import refuse_committed
from tests.git_command import git

SPEC = "version: 0.2\nphases: {build: {commands: [echo hi]}}\n"
SOURCES = "secondarySources: [{type: GITHUB, sourceIdentifier: lib, location: 'file:///lib.git'}]"
PROJECT = f"projects: [{{name: app, source: {{type: GITHUB}}, {SOURCES}}}]\n"


@pytest.fixture
def theirs(tmp_path):
    made = tmp_path / "theirs"
    (made / ".cicd").mkdir(parents=True)
    git(made, "init", "-q")
    (made / "buildspec.yml").write_text(SPEC)
    return made


@pytest.fixture
def clone(tmp_path, theirs, monkeypatch):
    def cloned():
        git(theirs, "add", "-f", ".")
        git(theirs, "commit", "-q", "-m", "x")
        git(tmp_path, "clone", "-q", str(theirs), "clone")
        monkeypatch.chdir(tmp_path / "clone")
        monkeypatch.delenv("CICD_HOME", raising=False)
        return tmp_path / "clone"

    return cloned


def test_settings_and_what_ignores_the_rest_may_be_committed(theirs, clone):
    (theirs / ".cicd" / "config.toml").write_text('runner = "host"\n')
    (theirs / ".cicd" / ".gitignore").write_text("*\n")
    refuse_committed(clone() / ".cicd")
    assert 0 == run(cicd, ["build"])


def test_nothing_is_written_through_a_link_that_was_committed(theirs, clone, tmp_path, capfd):
    own = tmp_path / "own"
    own.write_text("mine\n")
    (theirs / ".cicd" / "audit.jsonl").symlink_to("../../own")
    made = clone()
    for words in (["build", "--runner", "host"], ["doctor", "--reap"], ["prune"], ["status"]):
        assert 4 == run(cicd, words)
        said = capfd.readouterr().err
        assert "came with the repository: git has .cicd/audit.jsonl" in said
        assert "git rm -r --cached .cicd" in said
    assert "mine\n" == own.read_text()
    assert ["audit.jsonl"] == [each.name for each in (made / ".cicd").iterdir()]
    assert 0 == run(cicd, ["lint"])  # which looks at documents alone
    assert 0 == run(cicd, ["build", "--runner", "host", "--home", str(tmp_path / "home")])


@pytest.mark.parametrize("name", [".cicd", ".CICD"])
def test_a_home_that_is_a_link_itself_is_refused(theirs, clone, tmp_path, name):
    (theirs / ".cicd").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (theirs / name).symlink_to("../elsewhere")
    made = clone()
    if name != ".cicd":  # as on a file system that takes both for one
        (made / ".cicd").symlink_to("../elsewhere")
    with pytest.raises(Unavailable, match="came with the repository"):
        refuse_committed(made / ".cicd")


def test_git_is_not_run_with_the_configuration_of_a_mirror_that_was_committed(
    theirs, clone, tmp_path
):
    from hashlib import sha256

    mirror = theirs / ".cicd" / "repositories" / sha256(b"file:///lib.git").hexdigest()[:16]
    git(tmp_path, "init", "-q", "--bare", str(mirror))
    ran = tmp_path / "ran"
    evil = f'[remote "origin"]\n\turl = {tmp_path}/theirs\n\tuploadpack = touch {ran};\n'
    (mirror / "config").write_text(f"[core]\n\tbare = true\n{evil}")
    for name in ("objects", "refs"):
        (mirror / name / "kept").touch()
    (theirs / "cicd.yml").write_text(PROJECT)
    clone()
    assert 4 == run(cicd, ["build", "--runner", "host"])
    assert not ran.exists()


def test_ones_own_home_is_no_trouble_and_neither_is_none(theirs, clone, tmp_path):
    (theirs / ".cicd").rmdir()
    made = clone()
    refuse_committed(made / ".cicd")
    assert 0 == run(cicd, ["build", "--runner", "host"])
    refuse_committed(made / ".cicd")
    (tmp_path / "plain" / ".cicd").mkdir(parents=True)
    refuse_committed(tmp_path / "plain" / ".cicd")


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param((), id="paths written out"),
        pytest.param(("-c", "index.version=4"), id="paths by what is new in them"),
        pytest.param(("-c", "core.splitIndex=true"), id="in two parts"),
    ],
)
def test_it_is_seen_however_git_keeps_its_index(theirs, clone, kept):
    (theirs / ".cicd" / "state.db").write_text("theirs")
    (theirs / ".cicc").write_text("so that the next path begins alike")
    made = clone()
    git(made, *kept, "read-tree", "HEAD")
    git(made, *kept, "update-index", "--refresh")
    with pytest.raises(Unavailable, match=r"git has \.cicd/state\.db"):
        refuse_committed(made / ".cicd")


def test_it_is_seen_in_a_worktree_and_in_other_letters(theirs, clone, tmp_path):
    (theirs / ".CICD").mkdir()
    (theirs / ".CICD" / "state.db").write_text("theirs")
    made = clone()
    git(made, "worktree", "add", "-q", str(tmp_path / "beside"))
    for root in (made, tmp_path / "beside"):
        (root / ".cicd").mkdir(exist_ok=True)
        with pytest.raises(Unavailable, match=r"git has \.CICD/state\.db"):
            refuse_committed(root / ".cicd")


def test_no_process_is_begun_where_git_has_nothing_of_it(theirs, clone, monkeypatch):
    made = clone()
    (made / ".cicd").mkdir()
    monkeypatch.setattr("cicd.repos.committed.run_git", None)
    refuse_committed(made / ".cicd")
