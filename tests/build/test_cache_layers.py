"""A cache as part of a session's view, where ``.cicd`` lies in the source: the usual place."""

import json
import os
import shutil
import sys

import pytest

from cicd.backends import session_errands, session_files, session_mounts
from cicd.build.project import Project, ProjectCache
from cicd.settings import Settings
from cicd.wiring import make_services

RUNNERS = [
    "host",
    *(("sandbox",) if sys.platform == "linux" and shutil.which("bwrap") else ()),
    pytest.param("docker", marks=pytest.mark.docker),
]
S3 = ProjectCache(type="S3", location="bucket")


def spec(*commands, **cache):
    text = json.dumps(commands)
    return f"version: 0.2\nphases:\n  build:\n    commands: {text}\ncache: {json.dumps(cache)}\n"


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


@pytest.fixture
def services(source, reporter):
    with make_services(Settings(home=source / ".cicd"), reporters=(reporter,)) as made:
        yield made


@pytest.fixture
def cached(build):
    return lambda text: build(text, project=Project(name="app", cache=S3))


@pytest.fixture
def no_copies(monkeypatch, runner):
    """Forbid what copies a whole source, or a whole cache."""

    def refuse(*_):
        raise AssertionError("something is copied")

    def forbid():
        if runner == "host" and os.geteuid() != 0:
            return  # who is not root cannot mount
        monkeypatch.setattr(session_mounts, "copy", refuse)
        for module in (session_mounts, session_files, session_errands):
            monkeypatch.setattr(module, "lay_over", refuse)

    return forbid


def test_cached_directories_lie_over_those_of_the_source_and_nothing_is_copied(
    cached, source, services, no_copies
):
    (source / "deps").mkdir()
    (source / "deps" / "both").write_text("source\n")
    (source / "deps" / "own").write_text("own\n")
    made = "mkdir -p deps/in a/b; echo c | tee deps/both deps/in/new a/b/f >file"
    text = spec(made, paths=["deps", "a/**/*", "file"])
    assert "SUCCEEDED" == cached(text).status
    no_copies()
    look = "cat deps/both deps/own deps/in/new a/b/f file; ls -A; echo more >>deps/both"
    done = cached(spec(look, paths=["deps", "a/**/*", "file"]))
    expected = ["c", "own", "c", "c", "c", "a", "buildspec.yml", "deps", "file"]
    assert (expected, "SUCCEEDED") == (done.output, done.status)
    assert "source\n" == (source / "deps" / "both").read_text()
    assert ["deps"] == [p.name for p in source.iterdir() if p.name in {"a", "deps", "file"}]
    # The next cache is read through it.
    assert ["c", "more"] == cached(spec("cat deps/both", paths=["deps"])).output


@pytest.mark.parametrize(
    "gone",
    ["rm -rf deps", "rm -r ./deps/ && true", "mv deps old", "rm -rf *", "make clean || rm -r d*"],
)
def test_a_directory_that_a_command_removes_is_no_mount(cached, gone):
    cached(spec("mkdir deps; echo 1 >deps/f", paths=["deps"]))
    done = cached(spec("cat deps/f", gone, "test ! -e deps", "mkdir deps", paths=["deps"]))
    assert (["1"], "SUCCEEDED") == ([x for x in done.output if "make" not in x], done.status)


@pytest.mark.parametrize(
    ("file", "text", "command"),
    [
        ("tools/fresh.sh", "set -e\nrm -rf deps\nmkdir deps", "sh tools/fresh.sh"),
        ("Makefile", "all:\n\trm -rf deps/\n", "make all || rm -rf dep[s]"),
    ],
)
def test_a_directory_that_a_script_of_the_source_removes_is_no_mount(
    cached, source, file, text, command
):
    (source / file).parent.mkdir(exist_ok=True)
    (source / file).write_text(text)
    assert "SUCCEEDED" == cached(spec("mkdir deps; touch deps/f", paths=["deps"])).status
    assert "SUCCEEDED" == cached(spec(command, paths=["deps"])).status


@pytest.mark.parametrize("goes_on", ["rm -rf deps/in", "rm -f other; ls deps", "echo clean-up"])
def test_what_is_removed_inside_is_still_looked_through(cached, no_copies, goes_on):
    cached(spec("mkdir -p deps/in; echo 1 >deps/in/f", paths=["deps"]))
    no_copies()
    assert "SUCCEEDED" == cached(spec("cat deps/in/f", goes_on, paths=["deps"])).status


def test_what_lies_outside_the_source_is_a_mount_too(cached, runner, no_copies, services):
    if runner == "host":
        return
    cached(spec("mkdir -p ~/.m2/r; echo 1 >~/.m2/r/f", paths=["/root/.m2/**/*"]))
    (entry,) = services.caches.entries()
    assert 1 == entry.files
    no_copies()
    done = cached(spec("cat ~/.m2/r/f; echo 2 >~/.m2/r/f", paths=["/root/.m2/**/*"]))
    assert (["1"], "SUCCEEDED") == (done.output, done.status)
    assert ["2"] == cached(spec("cat ~/.m2/r/f", paths=["/root/.m2/**/*"])).output


def test_a_link_in_the_source_is_replaced_not_written_through(cached, source, tmp_path):
    cached(spec("mkdir deps; echo 1 >deps/f", paths=["deps"]))
    (tmp_path / "away").mkdir()
    (source / "deps").symlink_to(tmp_path / "away")
    done = cached(spec("cat deps/f; test -L deps || echo own", paths=["deps"]))
    assert (["1", "own"], []) == (done.output, list((tmp_path / "away").iterdir()))


@pytest.mark.parametrize("copied", [False, True])
def test_no_build_can_change_what_is_kept(cached, services, copied):
    """Neither through what it looks through, nor through copies, nor by what it has open."""
    key = {"key": "k-$(echo 1)"} if copied else {}
    made = "mkdir deps; echo 1 >deps/a; echo 1 >deps/b; ln deps/a deps/c; chmod 755 deps/b"
    # What is open while it is saved is written to for as long as the build lives.
    holds = "(while :; do echo lost >>deps/a; sleep 0.01; done) </dev/null >/dev/null 2>&1 &"
    assert "SUCCEEDED" == cached(spec(f"{made}; {holds}", paths=["deps"], **key)).status
    (entry,) = services.caches.entries()
    before = {
        path: (path.read_bytes(), path.stat().st_mode) for path in entry.tree.glob("src/deps/*")
    }
    assert 3 == len(before)
    changes = (
        "echo 2 >>deps/a; echo 2 >deps/b; chmod 600 deps/b; touch -t 200001010000 deps/c",
        "ln deps/c deps/d; echo 3 >>deps/d; : >deps/a; mv deps/b deps/e; rm deps/c",
        "for f in deps/*; do dd if=/dev/zero of=$f bs=1 count=9 conv=notrunc; done; ls deps",
    )
    done = cached(spec(*changes, paths=["deps"], action="restore", **key))
    assert ("SUCCEEDED", ["a", "d", "e"]) == (done.status, done.output[-3:])
    after = {path: (path.read_bytes(), path.stat().st_mode) for path in before}
    assert before == after
    assert [] == services.caches.damaged()
