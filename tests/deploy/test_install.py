import errno
import json
import os
import shutil
import stat
from dataclasses import replace

import pytest

from cicd.backends.target_directory import DirectoryTarget
from cicd.deploy.agent import copying
from cicd.deploy.spec import FileExistsBehavior
from tests.deploy.world import SH, World, events, hooks, message

BOTH = (
    "files:\n  - {source: a.txt, destination: /srv}\n  - {source: conf, destination: /etc/app}\n"
)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def files(*pairs):
    return "files:\n" + "".join(f"  - {{source: '{s}', destination: '{d}'}}\n" for s, d in pairs)


def permission(text):
    return f"permissions:\n  - {text}\n"


def test_trap_1_a_files_destination_is_a_directory(world):
    world.deploy(world.revision("v1", files(("a.txt", "/srv/b.txt")), {"a.txt": "a"}))
    assert "a" == world.text("/srv/b.txt/a.txt")


def test_trap_2_a_directorys_content_is_copied(world):
    world.deploy(world.revision("v1", files(("conf", "/srv")), {"conf/x": "x"}))
    assert "x" == world.text("/srv/x")


def test_trap_2_the_root_ships_the_appspec_and_the_scripts(world):
    appspec = files(("/", "/srv/all")) + hooks(AfterInstall="s.sh")
    world.deploy(world.revision("v1", appspec, {"s.sh": SH}))
    assert ["appspec.yml", "s.sh"] == sorted(p.name for p in world.at("/srv/all").iterdir())


def test_trap_3_hidden_files_and_empty_directories_are_copied_but_no_directory_modes(world):
    revision = world.revision("v1", files(("app", "/srv/app")), {"app/.hidden": "h"})
    (revision / "app" / "empty").mkdir()
    (revision / "app" / "empty").chmod(0o700)
    (revision / "app" / ".hidden").chmod(0o640)
    result = world.deploy(revision)
    assert "Succeeded" == result.status
    assert 0o640 == mode(world.at("/srv/app/.hidden"))
    assert 0o755 == mode(world.at("/srv/app/empty"))


def test_trap_5_a_link_to_a_file_stays_one_and_a_link_to_a_directory_becomes_real(world):
    revision = world.revision("v1", files(("app", "/srv/app")), {"app/d/f": "f"})
    (revision / "app" / "link").symlink_to("d/f")
    (revision / "app" / "dangling").symlink_to("/nowhere")
    (revision / "app" / "dir").symlink_to("d")
    world.deploy(revision)
    assert "d/f" == str(world.at("/srv/app/link").readlink())
    assert "/nowhere" == str(world.at("/srv/app/dangling").readlink())
    assert not world.at("/srv/app/dir").is_symlink()
    assert "f" == world.text("/srv/app/dir/f")


def test_trap_6_a_missing_source_fails_in_the_middle_and_earlier_files_stay(world):
    appspec = files(("a.txt", "/srv"), ("nope.txt", "/srv"))
    result = world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    archive = (
        f"/opt/codedeploy-agent/deployment-root/6f5b/{result.deployment_id}/deployment-archive"
    )
    assert f"No such file or directory @ rb_sysopen - {archive}/nope.txt" == message(result)
    assert "Failed" == events(result)["Install"]
    assert "a" == world.text("/srv/a.txt")


def test_trap_7_a_conflict_is_found_after_the_old_revision_is_gone(world):
    world.deploy(world.revision("v1", files(("a.txt", "/srv")), {"a.txt": "a"}))
    before = world.agent("deployment-instructions/6f5b_last_successful_install").read_text()
    world.at("/srv/foreign").write_text("mine")
    appspec = files(("a.txt", "/srv"), ("foreign", "/srv"))
    result = world.deploy(world.revision("v2", appspec, {"a.txt": "b", "foreign": "f"}))
    assert (
        "The deployment failed because a specified file already exists at this location: "
        "/srv/foreign"
    ) == message(result)
    assert not world.at("/srv/a.txt").exists()
    assert not world.agent("deployment-instructions/6f5b-cleanup").exists()
    after = world.agent("deployment-instructions/6f5b_last_successful_install").read_text()
    assert before == after


def test_trap_8_a_file_of_the_same_group_never_conflicts_even_if_edited(world):
    world.deploy(world.revision("v1", files(("a.txt", "/srv")), {"a.txt": "a"}))
    world.at("/srv/a.txt").write_text("edited")
    assert (
        "Succeeded"
        == world.deploy(world.revision("v2", files(("a.txt", "/srv")), {"a.txt": "b"})).status
    )
    assert "b" == world.text("/srv/a.txt")


def test_trap_9_a_file_of_another_group_conflicts(tmp_path):
    one = World(tmp_path)
    other = World(tmp_path, group_name="other", group_id="other")
    revision = one.revision("v1", files(("a.txt", "/srv")), {"a.txt": "a"})
    one.deploy(revision)
    assert "Failed" == other.deploy(revision).status


def test_trap_10_retained_files_keep_everything_and_survive(world):
    world.at("/srv").mkdir(parents=True)
    world.at("/srv/a.txt").write_text("mine")
    world.at("/srv/a.txt").chmod(0o640)
    appspec = (
        "file_exists_behavior: RETAIN\n"
        + files(("a.txt", "/srv"))
        + permission("{object: /srv, mode: 600}")
    )
    world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert ("mine", 0o640) == (world.text("/srv/a.txt"), mode(world.at("/srv/a.txt")))
    world.deploy(world.revision("v2", ""))
    assert "mine" == world.text("/srv/a.txt")


def test_trap_10_overwritten_files_are_deleted_by_the_next_deployment(world):
    world.at("/srv").mkdir(parents=True)
    world.at("/srv/a.txt").write_text("mine")
    world.at("/srv/a.txt").chmod(0o400)
    appspec = "file_exists_behavior: OVERWRITE\n" + files(("a.txt", "/srv"))
    world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert ("a", 0o644) == (world.text("/srv/a.txt"), mode(world.at("/srv/a.txt")))
    world.deploy(world.revision("v2", ""))
    assert not world.at("/srv/a.txt").exists()


def test_trap_11_the_appspecs_behavior_beats_the_deployments(world):
    world.at("/srv").mkdir(parents=True)
    world.at("/srv/a.txt").write_text("mine")
    appspec = "file_exists_behavior: RETAIN\n" + files(("a.txt", "/srv"))
    result = world.deploy(
        world.revision("v1", appspec, {"a.txt": "a"}),
        file_exists_behavior=FileExistsBehavior.OVERWRITE,
    )
    assert "Succeeded" == result.status
    assert "mine" == world.text("/srv/a.txt")


def test_trap_12_files_of_scripts_stay_and_block_a_later_revision(world):
    script = SH + "mkdir -p /srv && echo log > ${CICD_INSTANCE_ROOT:-}/srv/made\n"
    world.deploy(world.revision("v1", hooks(AfterInstall="s.sh"), {"s.sh": script}))
    result = world.deploy(world.revision("v2", files(("made", "/srv")), {"made": "m"}))
    assert "log\n" == world.text("/srv/made")
    assert "already exists at this location: /srv/made" in message(result)


def test_trap_13_user_files_keep_a_deployed_directory_alive_for_ever(world):
    revision = world.revision("v1", files(("app", "/srv/app")), {"app/f": "f"})
    world.deploy(revision)
    world.at("/srv/app/mine").write_text("mine")
    world.deploy(revision)
    world.at("/srv/app/mine").unlink()
    world.deploy(world.revision("v2", ""))
    assert world.at("/srv/app").is_dir()
    assert not world.at("/srv/app/f").exists()


def test_trap_14_without_files_everything_deployed_before_goes(world):
    world.deploy(world.revision("v1", files(("app", "/srv/p/q")), {"app/f": "f"}))
    world.deploy(world.revision("v2", ""))
    assert not world.at("/srv/p").exists()
    assert "" == world.agent("deployment-instructions/6f5b-cleanup").read_text()


def test_trap_15_directories_that_were_there_are_never_removed(world):
    world.at("/srv/p").mkdir(parents=True)
    world.deploy(world.revision("v1", files(("app", "/srv/p/q")), {"app/f": "f"}))
    world.deploy(world.revision("v2", ""))
    assert [] == list(world.at("/srv/p").iterdir())


def test_trap_18_an_unquoted_octal_mode_becomes_decimal(world):
    appspec = files(("a.txt", "/srv/app")) + permission("{object: /srv/app, mode: 0644}")
    world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert 0o420 == mode(world.at("/srv/app/a.txt"))


def test_trap_18_an_unquoted_0755_fails_before_install(world):
    appspec = files(("a.txt", "/srv/app")) + permission("{object: /srv/app, mode: 0755}")
    result = world.deploy(world.revision("v1", appspec, {"a.txt": "a"}), refuse_invalid=True)
    assert "Failed" == events(result)["BeforeInstall"]
    assert "contains an invalid character (9)" in message(result)
    assert not world.at("/srv/app").exists()


def test_trap_19_chown_takes_a_setuid_bit_away(world):
    appspec = files(("a.txt", "/srv/app"))
    alone = appspec + permission("{object: /srv/app, mode: 4755}")
    world.deploy(world.revision("v1", alone, {"a.txt": "a"}))
    assert 0o4755 == mode(world.at("/srv/app/a.txt"))
    owned = appspec + permission("{object: /srv/app, mode: 4755, owner: nobody, type: [file]}")
    world.deploy(world.revision("v2", owned, {"a.txt": "a"}))
    if os.geteuid() == 0:
        assert 0o755 == mode(world.at("/srv/app/a.txt"))


def test_trap_20_permissions_never_change_the_object_nor_what_was_there(world):
    world.at("/srv/app").mkdir(parents=True)
    world.at("/srv/app").chmod(0o711)
    world.at("/srv/app/old").write_text("old")
    world.at("/srv/app/old").chmod(0o604)
    appspec = files(("a.txt", "/srv/app")) + permission("{object: /srv/app, mode: 600}")
    world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert (0o711, 0o604, 0o600) == tuple(
        mode(world.at(f"/srv/app{name}")) for name in ("", "/old", "/a.txt")
    )


def test_trap_21_patterns_and_exceptions_reach_direct_children_only(world):
    appspec = files(("app", "/srv/app")) + permission(
        "{object: /srv/app, pattern: '*.sh', except: [no.sh], mode: 500}"
    )
    world.deploy(
        world.revision(
            "v1", appspec, {"app/a.sh": "a", "app/no.sh": "n", "app/d/b.sh": "b", "app/t": "t"}
        )
    )
    assert [0o500, 0o644, 0o644, 0o644] == [
        mode(world.at(f"/srv/app/{name}")) for name in ("a.sh", "no.sh", "d/b.sh", "t")
    ]


def test_trap_21_an_exception_does_not_reach_deeper_even_with_two_stars(world):
    appspec = files(("app", "/srv/app")) + permission(
        "{object: /srv/app, except: [f], mode: 600, type: [file]}"
    )
    world.deploy(world.revision("v1", appspec, {"app/f": "f", "app/d/f": "f"}))
    assert [0o644, 0o600] == [mode(world.at(f"/srv/app/{name}")) for name in ("f", "d/f")]


def test_trap_22_without_a_type_directories_get_the_mode_too(world):
    appspec = files(("app", "/srv/app")) + permission("{object: /srv/app, mode: 644}")
    world.deploy(world.revision("v1", appspec, {"app/d/f": "f"}))
    assert 0o644 == mode(world.at("/srv/app/d"))


def test_trap_23_two_entries_on_one_file_fail_and_nothing_is_copied(world):
    appspec = files(("a.txt", "/srv/app")) + (
        "permissions:\n  - {object: /srv/app, mode: 600}\n"
        "  - {object: /srv/app/a.txt, owner: root}\n"
    )
    result = world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert "the permissions setting for (/srv/app/a.txt) is specified more than once" in message(
        result
    )
    assert not world.at("/srv/app").exists()


def test_two_sources_for_one_destination_are_refused(world):
    appspec = files(("/", "/srv"), ("sub/a.txt", "/srv/sub"))
    result = world.deploy(world.revision("v1", appspec, {"sub/a.txt": "a"}))
    assert "specifies two source files named" in message(result)
    assert not world.at("/srv/sub").exists()


def test_a_file_where_another_entry_makes_a_directory_is_refused(world):
    appspec = files(("d", "/srv/x"), ("x", "/srv"))
    result = world.deploy(world.revision("v1", appspec, {"d/f": "f", "x": "x"}))
    assert "but a file with that name already exists at the location (/srv/x)" in message(result)


def test_a_directory_where_another_entry_copies_a_file_is_refused(world):
    appspec = files(("x", "/srv"), ("d", "/srv/x"))
    result = world.deploy(world.revision("v1", appspec, {"d/f": "f", "x": "x"}))
    assert "includes an mkdir command more than once for the same destination path" in message(
        result
    )


def test_a_dangling_link_is_written_through(world):
    world.at("/srv").mkdir(parents=True)
    world.at("/srv/a.txt").symlink_to("/srv/real")
    world.deploy(world.revision("v1", files(("a.txt", "/srv")), {"a.txt": "a"}))
    assert "a" == world.text("/srv/real")
    world.deploy(world.revision("v2", ""))
    assert not world.at("/srv/a.txt").is_symlink()
    assert world.at("/srv/real").exists()


def test_a_pattern_for_a_single_file_is_refused(world):
    appspec = files(("a.txt", "/srv")) + permission(
        "{object: /srv/a.txt, pattern: '*.txt', mode: 600}"
    )
    result = world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert "includes an object (/srv/a.txt) with an invalid pattern (*.txt)" in message(result)


def test_an_unknown_owner_fails_after_the_mode_was_set(world):
    appspec = files(("a.txt", "/srv")) + permission(
        "{object: /srv/a.txt, owner: nosuch, mode: 600}"
    )
    result = world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert "can't find user for nosuch" == message(result)
    assert 0o600 == mode(world.at("/srv/a.txt"))


def test_a_source_that_leads_out_of_the_revision_fails(world):
    result = world.deploy(world.revision("v1", files(("../../secret", "/srv"))))
    assert "the source '../../secret' leads out of the revision" == message(result)


def test_a_destination_through_a_link_stays_on_the_instance(world, tmp_path):
    world.at("/srv").mkdir(parents=True)
    world.at("/srv/out").symlink_to("/outside")
    (tmp_path / "outside").mkdir()
    world.at("/outside").mkdir()
    world.deploy(world.revision("v1", files(("a.txt", "/srv/out/d")), {"a.txt": "a"}))
    assert [] == list((tmp_path / "outside").iterdir())
    assert "a" == world.text("/outside/d/a.txt")


def test_the_instructions_are_kept_as_the_agent_keeps_them(world):
    world.at("/srv/app").mkdir(parents=True)
    appspec = files(("a.txt", "/srv/app/deep")) + permission(
        "{object: /srv/app, mode: 7, owner: root, group: root, type: [file]}"
    )
    result = world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    archive = (
        f"/opt/codedeploy-agent/deployment-root/6f5b/{result.deployment_id}/deployment-archive"
    )
    written = json.loads(world.agent("deployment-instructions/6f5b-install.json").read_text())
    target = "/srv/app/deep/a.txt"
    assert {
        "instructions": [
            {"type": "mkdir", "directory": "/srv/app/deep"},
            {"type": "copy", "source": f"{archive}/a.txt", "destination": target},
            {"type": "chmod", "mode": "007", "file": target},
            {"type": "chown", "owner": "root", "group": "root", "file": target},
        ]
    } == written


def test_trap_57_the_names_of_the_state_files_mix_dash_and_underscore(world):
    result = world.deploy(world.revision("v1", files(("a.txt", "/srv")), {"a.txt": "a"}))
    names = sorted(path.name for path in world.agent("deployment-instructions").iterdir())
    assert [
        "6f5b-cleanup",
        "6f5b-install.json",
        "6f5b_last_successful_install",
        "6f5b_most_recent_install",
    ] == names
    recorded = world.agent("deployment-instructions/6f5b_last_successful_install").read_text()
    assert f"/opt/codedeploy-agent/deployment-root/6f5b/{result.deployment_id}" == recorded
    assert [] == list(world.agent("ongoing-deployment").iterdir())


def test_a_fifo_fails_instead_of_blocking(world):
    revision = world.revision("v1", files(("app", "/srv")), {"app/f": "f"})
    appspec = revision / "appspec.yml"
    appspec.write_text(appspec.read_text() + hooks(BeforeInstall="m.sh"))
    make = SH + (
        'mkfifo "${CICD_INSTANCE_ROOT:-}/opt/codedeploy-agent/deployment-root/'
        '$DEPLOYMENT_GROUP_ID/$DEPLOYMENT_ID/deployment-archive/app/p"\n'
    )
    (revision / "m.sh").write_text(make)
    assert "neither a file, a directory nor a link" in message(world.deploy(revision))


def test_a_link_over_something_fails_even_under_overwrite(world):
    world.at("/srv").mkdir(parents=True)
    world.at("/srv/l").write_text("mine")
    revision = world.revision(
        "v1", "file_exists_behavior: OVERWRITE\n" + files(("l", "/srv")), {"t": "t"}
    )
    (revision / "l").symlink_to("t")
    assert "File exists - /srv/l" == message(world.deploy(revision))


def test_a_disk_that_fills_up_fails_install_and_the_next_deployment_cleans_up(world, monkeypatch):
    appspec = files(("app", "/srv/app"))
    content = {f"app/{n}": n for n in ("a", "b", "c")}
    poured = []

    def filling(reading, writing, size):
        poured.append(size)
        if len(poured) == 2:
            os.write(writing, b"ha")  # as far as it went
            raise OSError(errno.ENOSPC, "No space left on device")
        os.write(writing, os.read(reading, size))

    monkeypatch.setattr(copying, "pour", filling)
    result = world.deploy(world.revision("v1", appspec, content))
    monkeypatch.undo()
    assert "Failed" == events(result)["Install"]
    assert "No space left on device" in message(result)
    assert ["a", "b"] == sorted(path.name for path in world.at("/srv/app").iterdir())
    again = world.deploy(world.revision("v2", files(("other", "/srv/app")), {"other/x": "x"}))
    assert "Succeeded" == again.status
    assert ["x"] == [path.name for path in world.at("/srv/app").iterdir()]


def test_a_pipe_in_the_place_of_a_file_is_not_overwritten_nor_waited_for(world):
    appspec = "file_exists_behavior: OVERWRITE\n" + files(("a.txt", "/srv"))
    world.at("/srv").mkdir(parents=True)
    os.mkfifo(world.at("/srv/a.txt"))
    result = world.deploy(world.revision("v1", appspec, {"a.txt": "a"}))
    assert "Failed" == events(result)["Install"]
    assert "/srv/a.txt is a pipe" in message(result)


class Swapping(DirectoryTarget):
    """An instance in which a process swaps a directory for a link, behind our n-th look at it."""

    def __init__(self, spec, outside, look):
        super().__init__(spec, isolated=False)
        self.outside, self.looks, self.last = outside, 0, look

    def path(self, inside):
        place = super().path(inside)
        below = self._root / "srv" / "app"
        if place.is_relative_to(below):
            self.looks += 1
            if self.looks == self.last and below.is_dir():
                below.rename(below.with_name("old"))
                below.symlink_to(self.outside)
        return place


@pytest.mark.parametrize("behavior", ["DISALLOW", "OVERWRITE"])
def test_a_directory_that_is_swapped_for_a_link_meanwhile_leads_nothing_outside(
    tmp_path, behavior
):
    outside = tmp_path / "outside"
    look, looks = -1, 1
    while look < looks:
        look += 1  # at first none, to know how many there are
        world = World(tmp_path / str(look), isolated=False)
        appspec = f"file_exists_behavior: {behavior}\n" + files(("app", "/srv/app"))
        given = "permissions:\n  - {object: /srv/app, mode: 755, type: [file, directory]}\n"
        one = world.revision("v1", appspec + given, {"app/kept": "1", "app/d/f": "1"})
        two = world.revision("v2", appspec + given, {"app/kept": "2", "app/d/f": "1", "app/n": ""})
        (two / "app" / "l").symlink_to("n")
        world.deploy(one)
        if behavior == "OVERWRITE":  # not of the last Install, so it is written over
            world.at("/srv/app/n").write_text("old")
        shutil.rmtree(outside, ignore_errors=True)
        (outside / "d").mkdir(parents=True)
        (outside / "kept").write_text("theirs")
        (outside / "kept").chmod(0o600)
        (outside / "d" / "f").write_text("theirs")
        swapping = []

        def target(spec, swapping=swapping, look=look):
            swapping.append(Swapping(spec, outside, look))
            return swapping[-1]

        world.services = replace(world.services, target=target)
        world.deploy(two)
        looks = looks if look else max(each.looks for each in swapping)
        found = {
            p.relative_to(outside).as_posix(): p.read_text()
            for p in outside.rglob("*")
            if p.is_file()
        }
        assert {"kept": "theirs", "d/f": "theirs"} == found, look
        assert 0o600 == mode(outside / "kept"), look
    assert looks > 5
