"""Faults: repositories of every odd kind; what is the user's stays as it was."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from faults_world import Row, World, usual_runner

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 100_000
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"


def odd_repositories(scratch: Path) -> Row:
    """Lint and build repositories of every odd kind."""
    kinds: dict[str, Callable[[Path], World]] = {
        "no commits": _no_commits,
        "a detached head": _detached,
        "a shallow clone": _shallow,
        "submodules": _submodules,
        "symbolic links, also broken and circular ones": _links,
        "LFS pointers": _pointers,
        "a worktree": _worktree,
        "a path with spaces, quotes and a newline": _odd_path,
    }
    losses = []
    for number, (name, make) in enumerate(kinds.items()):
        world = make(scratch / str(number))
        before = _fingerprint(world)
        for words in (("lint",), ("check",), ("build", "--runner", usual_runner()), ("status",)):
            status, said = world.run(*words)
            world.lose_unless(status == 0, f"cicd {words[0]} gave {status}: {said[-200:]}")
        world.lose_unless(_fingerprint(world) == before, "something of the user's has changed")
        world.check_state()
        losses += [f"{name}: {loss}" for loss in world.losses]
    return World(directory=scratch / "end", losses=losses).row(
        f"repositories with {', '.join(kinds)}",
        len(kinds),
        "lint, check and build succeed; files, index, stash and refs are as they were",
    )


def bare_repository(scratch: Path) -> Row:
    """Ask for a build and for documents in a bare repository, which has no files."""
    world = World(directory=scratch / "app")
    world.commit()
    bare = scratch / "bare.git"
    world.git("clone", "-q", "--bare", ".", str(bare))
    inside = World(directory=bare)
    (bare / "buildspec.yml").unlink()
    for words in (("init",), ("build", "--runner", usual_runner())):
        status, said = inside.run(*words)
        inside.lose_unless(
            status in {2, 4} and "Traceback" not in said,
            f"cicd {words[0]}: {status}: {said[-200:]}",
        )
    status, said = inside.run("check", "--all")
    inside.lose_unless(status == 0, f"cicd check: {status}: {said[-200:]}")
    inside.git("fsck", "--strict")
    return inside.row(
        "a bare repository",
        3,
        "its commits are checked; what needs files is refused in words, with what to do; git "
        "finds it whole",
    )


def many_files(scratch: Path) -> Row:
    """Build a repository of a hundred thousand files."""
    world = World(directory=scratch / "app")
    for number in range(MANY):
        if number % 1000 == 0:
            (world.directory / f"d{number // 1000}").mkdir()
        (world.directory / f"d{number // 1000}" / f"{number}").write_text(f"{number}\n", "utf-8")
    world.commit()
    took = {}
    for words in (("lint",), ("check",), ("build", "--runner", usual_runner())):
        begun = time.monotonic()
        status, said = world.run(*words)
        took[words[0]] = time.monotonic() - begun
        world.lose_unless(status == 0, f"cicd {words[0]} gave {status}: {said[-200:]}")
    world.lose_unless(world.git("status", "--porcelain") == "", "something has changed")
    return world.row(
        f"a repository of {MANY:,} files",
        1,
        ", ".join(f"{name} took {seconds:.1f} s" for name, seconds in took.items()),
    )


def _no_commits(place: Path) -> World:
    world = World(directory=place)
    world.git("init", "-q")
    return world


def _detached(place: Path) -> World:
    world = World(directory=place)
    world.commit()
    world.git("checkout", "-q", "--detach")
    return world


def _shallow(place: Path) -> World:
    origin = World(directory=place / "origin")
    origin.commit()
    origin.git("commit", "-q", "--allow-empty", "-m", "second")
    origin.git("clone", "-q", "--depth", "1", f"file://{origin.directory}", str(place / "clone"))
    return World(directory=place / "clone")


def _submodules(place: Path) -> World:
    other, world = World(directory=place / "other"), World(directory=place / "app")
    other.commit()
    world.git("init", "-q", "-b", "main")
    world.git("submodule", "--quiet", "add", str(other.directory), "inner")
    world.commit()
    return world


def _links(place: Path) -> World:
    world = World(directory=place)
    for name, target in {"a": "buildspec.yml", "broken": "nowhere", "x": "y", "y": "x"}.items():
        (place / name).symlink_to(target)
    (place / "up").symlink_to(".", target_is_directory=True)
    world.commit()
    return world


def _pointers(place: Path) -> World:
    world = World(directory=place)
    (place / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n", "utf-8")
    (place / "large.bin").write_text(POINTER, "utf-8")
    world.commit()
    return world


def _worktree(place: Path) -> World:
    main = World(directory=place / "main")
    main.commit()
    main.git("worktree", "add", "-q", str(place / "tree"))
    return World(directory=place / "tree")


def _odd_path(place: Path) -> World:
    world = World(directory=place / 'it\'s "here"\nnow $HOME `x` ä')
    world.commit()
    return world


def _fingerprint(world: World) -> str:
    """Give a digest of all files, the index, the stash and the refs; the home aside."""
    digest = hashlib.sha256()
    for directory, folders, names in os.walk(world.directory):
        folders[:] = sorted(name for name in folders if name not in {".git", ".cicd"})
        for name in sorted(names):
            path = Path(directory, name)
            digest.update(os.fsencode(path))
            digest.update(os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes())
    for words in (
        ("ls-files", "--stage"),
        ("show-ref",),
        ("stash", "list"),
        ("status", "--short"),
    ):
        try:
            digest.update(world.git(*words).encode())
        except subprocess.CalledProcessError as nothing:  # show-ref: there are no refs
            digest.update(bytes(nothing.returncode))
    return digest.hexdigest()


REPOSITORIES: dict[str, Callable[[Path], Row]] = {
    "odd-repositories": odd_repositories,
    "bare-repository": bare_repository,
    "many-files": many_files,
}
