"""Caches of builds, on a real shell of this machine."""

import json
from dataclasses import replace

import pytest

from cicd.build.project import Project, ProjectCache

S3 = ProjectCache(type="S3", location="bucket/prefix")
LOCAL = ProjectCache(type="LOCAL", modes=("LOCAL_CUSTOM_CACHE",))
MAKE = "mkdir -p deps/in; ls deps/in; date +%N >deps/in/one; ln -sfn one deps/in/latest"


def spec(*commands, **cache):
    written = {key.replace("_", "-"): value for key, value in cache.items()}
    commands = json.dumps(commands)
    return (
        f"version: 0.2\nphases:\n  build:\n    commands: {commands}\n"
        f"cache: {json.dumps(written)}\n"
    )


@pytest.fixture
def cached(build):
    """Build as a project whose cache is given."""

    def run(text, cache=S3, name="app", **more):
        project = Project(name=name, cache=cache)
        return build(text, project=project, **more)

    return run


@pytest.mark.parametrize("cache", [S3, LOCAL])
@pytest.mark.parametrize("path", ["deps", "deps/**/*", "$CODEBUILD_SRC_DIR/deps", "de[p]s"])
def test_what_one_build_saves_the_next_finds(cached, cache, path):
    assert [] == cached(spec(MAKE, paths=[path]), cache).output
    assert ["latest", "one"] == cached(spec(MAKE, paths=[path]), cache).output


def test_links_and_modes_come_back(cached):
    made = "mkdir d; echo x >d/run; chmod 750 d/run; ln -s run d/link"
    look = "stat -c %a d/run; readlink d/link"
    cached(spec(made, paths=["d"]))
    assert ["750", "run"] == cached(spec(look, paths=["d"])).output


def test_40_without_a_cache_in_the_project_nothing_is_saved(build, services):
    done = build(spec(MAKE, paths=["deps"]))
    assert [] == services.caches.entries()
    assert "Skip cache due to: the project's cache type is NO_CACHE" in done.words


def test_without_paths_the_log_says_so(build):
    words = build(spec("true")).words
    assert "Skip cache due to: no paths specified to be cached" in words


def test_trap_39_an_entry_with_a_key_is_never_replaced(cached):
    cached(spec("mkdir d; echo first >d/f", paths=["d"], key="v1"))
    done = cached(spec("echo second >d/f", paths=["d"], key="v1"))
    assert "Cache already exists for the key v1: nothing is saved" in done.words
    assert ["first"] == cached(spec("cat d/f", paths=["d"], key="v1")).output


def test_without_a_key_the_newest_build_counts(cached):
    cached(spec("mkdir d; echo first >d/f", paths=["d"]))
    cached(spec("echo second >d/f", paths=["d"]))
    assert ["second"] == cached(spec("cat d/f", paths=["d"])).output


def test_what_was_replaced_is_gone_once_nobody_looks_through_it(cached, services):
    for _ in range(3):
        cached(spec("mkdir -p d; date +%N >d/f", paths=["d"]))
    assert 1 == len(services.caches.entries())


def test_a_key_is_expanded_by_the_shell_before_the_commands_run(cached, source, services):
    (source / "lock").write_text("1")
    text = spec(
        "mkdir -p d; cat d/f; cp lock d/f; echo changed >lock",
        paths=["d"],
        key="npm-$(codebuild-hash-files lock)",
    )
    cached(text)
    (entry,) = services.caches.entries()
    assert entry.key.startswith("npm-")
    assert 4 + 64 == len(entry.key)
    assert ["1"] == [line for line in cached(text).output if "No such" not in line]
    (source / "lock").write_text("2")
    cached(text)
    assert 2 == len(services.caches.entries())


def test_fallback_keys_are_prefixes_and_the_newest_wins(cached):
    for number in (1, 2):
        cached(spec(f"mkdir -p d; echo {number} >d/f", paths=["d"], key=f"a-{number}"))
    done = cached(spec("cat d/f", paths=["d"], key="b-1", fallback_keys=["none-", "a-"]))
    assert ["2"] == done.output


def test_a_key_itself_is_no_prefix(cached):
    cached(spec("mkdir -p d; echo 1 >d/f", paths=["d"], key="a-1"))
    assert "No cache found" in cached(spec("true", paths=["d"], key="a-")).words


def test_other_paths_make_another_entry(cached, services):
    cached(spec("mkdir d; echo 1 >d/f", paths=["d"], key="a"))
    cached(spec("mkdir -p d; echo 1 >d/f", paths=["d/**/*"], key="a"))
    assert 2 == len(services.caches.entries())


@pytest.mark.parametrize(
    ("other", "found"),
    [(S3, True), (replace(S3, namespace="n"), False), (replace(S3, location="b"), False)],
)
def test_projects_share_keyed_entries_of_one_place_and_namespace(cached, other, found):
    text = spec(MAKE, paths=["deps"], key="a")
    cached(text, name="one")
    assert found == bool(cached(text, cache=other, name="two").output)


def test_projects_do_not_share_what_has_no_key(cached):
    cached(spec(MAKE, paths=["deps"]), name="one")
    assert [] == cached(spec(MAKE, paths=["deps"]), name="two").output


def test_a_failed_command_saves_nothing(cached, services):
    assert "FAILED" == cached(spec(MAKE, "false", paths=["deps"])).status
    assert [] == services.caches.entries()


@pytest.mark.parametrize(("action", "entries"), [("restore", 0), ("save", 1)])
def test_an_action_limits_the_cache(cached, services, action, entries):
    cached(spec(MAKE, paths=["deps"], action=action))
    assert entries == len(services.caches.entries())
    assert [] == cached(spec(MAKE, paths=["deps"], action=action)).output


def test_a_local_cache_takes_directories_only(cached, services):
    done = cached(spec("echo 1 >file", paths=["file"]), LOCAL)
    said = "Unable to initialize cache download: only directories can be cached locally: file"
    assert said in done.words
    assert [] == services.caches.entries()


def test_a_local_cache_without_the_custom_mode_keeps_no_paths(cached, services):
    cached(spec(MAKE, paths=["deps"]), ProjectCache(type="LOCAL", modes=("LOCAL_SOURCE_CACHE",)))
    assert [] == services.caches.entries()


def test_cached_items_override_those_of_the_source(cached, source):
    (source / "d").mkdir()
    (source / "d" / "f").write_text("source\n")
    cached(spec("echo cached >d/f", paths=["d"]))
    assert ["cached"] == cached(spec("cat d/f", paths=["d"])).output
    assert "source\n" == (source / "d" / "f").read_text()


@pytest.mark.parametrize("key", [{}, {"key": "a$((1))"}])
def test_a_build_that_edits_in_place_does_not_change_the_entry(cached, key):
    text = spec("mkdir -p d; test -e d/f || echo 1 >d/f", paths=["d"], **key)
    cached(text)
    cached(spec("echo 2 >>d/f; false", paths=["d"], **key))
    assert ["1"] == cached(spec("cat d/f", paths=["d"], **key)).output


def test_a_cache_that_is_broken_fails_no_build(cached, services):
    cached(spec(MAKE, paths=["deps"], key="a$((1))"))
    (entry,) = services.caches.entries()
    (entry.tree / "src" / "deps").rename(entry.tree / "away")
    (entry.tree / "src").rmdir()
    (entry.tree / "src").write_text("no directory")
    assert "SUCCEEDED" == cached(spec(MAKE, paths=["deps"], key="a$((1))")).status


def test_the_host_runner_leaves_this_machines_own_files_alone(cached, services, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_text("1")
    done = cached(spec("true", paths=[str(outside)]))
    assert "Paths outside the source are not cached by the host runner" in done.words
    assert [] == services.caches.entries()
