"""What a session on another machine is sent and gives back, there being no directory of both."""

from __future__ import annotations

import shlex
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cicd.backends import docker_container, session_mounts
from cicd.backends.docker_engine import Refused
from cicd.backends.remote import archives, execution
from cicd.backends.remote.packing import add_tree
from cicd.backends.remote.spool_mirror import SpoolMirror
from cicd.backends.remote.unpacking import unpack
from cicd.errors import Unavailable

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from cicd.backends.docker_engine import Engine
    from cicd.backends.session_directory import SessionDirectory
    from cicd.ports import Mount

GONE = (404, 409)  # the container is not there, or does not run
OFTEN = 3.0  # seconds between two words about an upload
MIB = 1 << 20


class Ferry:
    """Between a session's own directory ``io`` on this machine and the one inside."""

    def __init__(self, engine: Engine, directory: SessionDirectory) -> None:
        """Serve the container of this session; nothing is asked yet."""
        self._engine = engine
        self._io = directory.io
        self._container = directory.record().state["container"]
        self._left: list[str] = []  # paths inside that nobody needs any more
        spool = f"{docker_container.IO}/{directory.spool.name}"
        self._mirror = SpoolMirror(engine, self._container, spool, directory.spool)

    def board(self) -> None:
        """Take all of the directory over, before the driver begins; raises ``Refused``."""
        inside = PurePosixPath(docker_container.IO)
        self._put(str(inside.parent), ((self._io, inside.name),))

    def ready(self) -> bool:
        """Say whether the driver reads requests."""
        if not self._exists("ready"):
            return False
        (self._io / "ready").touch()
        return True

    def load(
        self,
        mounts: Iterable[Mount],
        places: Mapping[str, str],
        home: Path,
        say: Callable[[str], None],
    ) -> None:
        """Take the sources over, without what must not be seen of them."""
        where = [(mount, PurePosixPath(places[mount.name])) for mount in mounts]
        if not where:
            return
        parents = " ".join(shlex.quote(str(place.parent)) for _, place in where)
        if execution.execute(self._engine, self._container, ("sh", "-c", f"mkdir -p {parents}")):
            raise Unavailable(
                f"the places of the sources, {parents}, cannot be made",
                hint="the image needs mkdir, and directories there",
            )
        for mount, place in where:
            told = _Told(mount.name, say)
            source = mount.source.resolve()
            unseen = frozenset(session_mounts.unseen(mount, home))
            self._send(source, str(place.parent), place.name, unseen, told)
            if mount.layer is not None:
                self._send(mount.layer, str(place), ".", frozenset(), told)
            told.end()

    def command(self, number: int) -> None:
        """
        Take a command's files over; once, also if a process dies in the middle.

        They are whole when the last one is there, and only then is the command asked for.
        """
        last = f"{number}.sent"
        if self._exists(last):
            return
        (self._io / last).touch()
        self.take(*(self._io / name for name in (f"{number}.script", f"{number}.frame", last)))

    def take(self, *paths: Path) -> None:
        """Take files and directories below ``io`` over, in this order; dead sessions get none."""
        try:
            self._put(docker_container.IO, tuple((path, path.name) for path in paths))
        except Refused as refused:
            if refused.status not in GONE:
                raise self._unable(refused) from None

    def errand(self, at: Path, luggage: Path | None) -> int | None:
        """
        Run the script of a directory below ``io``, and bring that directory back.

        Args:
            at: The directory.
            luggage: Another one, which goes there with it.

        Returns:
            The script's exit status; None where the session has died.
        """
        sent = [at] if luggage is None else [luggage, at]
        self.take(*sent)
        inside = f"{docker_container.IO}/{at.name}"
        old, self._left = self._left, [f"{docker_container.IO}/{path.name}" for path in sent]
        tidy = 'rm -rf "$@"; exec sh "$0/script"'
        status = execution.execute(self._engine, self._container, ("sh", "-c", tidy, inside, *old))
        if status is None:
            return None
        try:
            with archives.got(self._engine, self._container, inside) as incoming:
                unpack(incoming, at.name, at)
        except Refused as refused:
            if refused.status in GONE:
                return None
            raise self._unable(refused) from None
        return status

    def follow(self) -> None:
        """Let the spool here grow as the one inside does."""
        self._mirror.follow()

    def drain(self) -> None:
        """Wait for the last bytes of a dead session's spool."""
        self._mirror.drain()

    def close(self) -> None:
        """Follow no longer."""
        self._mirror.close()

    def _exists(self, name: str) -> bool:
        return archives.exists(self._engine, self._container, f"{docker_container.IO}/{name}")

    def _put(self, directory: str, paths: tuple[tuple[Path, str], ...]) -> None:
        """Unpack paths of ours, as root's, under names in a directory inside."""

        def write(archive: tarfile.TarFile) -> None:
            for path, name in paths:
                add_tree(archive, path, name, as_root=True)

        archives.put(self._engine, self._container, directory, write)

    def _send(
        self, source: Path, directory: str, name: str, unseen: frozenset[Path], told: _Told
    ) -> None:
        def write(archive: tarfile.TarFile) -> None:
            add_tree(archive, source, name, unseen=unseen, note=told.note)

        try:
            archives.put(self._engine, self._container, directory, write)
        except Refused as refused:
            raise self._unable(refused) from None

    def _unable(self, refused: Refused) -> Unavailable:
        return Unavailable(
            f"the engine at {self._engine.url} refuses files: {refused.message}",
            hint="look at the free space there: `docker system df`",
        )


class _Told:
    """What is said of an upload that takes long."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name = name
        self._say = say
        self._size = self._files = 0
        self._began = self._last = time.monotonic()

    def note(self, size: int) -> None:
        self._size += size
        self._files += 1
        now = time.monotonic()
        if now - self._last > OFTEN:
            self._last = now
            self._say(f"Uploading {self._name} to the engine: {self._size / MIB:.1f} MiB so far")

    def end(self) -> None:
        took = time.monotonic() - self._began
        if took > OFTEN:
            self._say(
                f"Uploaded {self._name}: {self._size / MIB:.1f} MiB, {self._files} files, "
                f"in {took:.0f} s"
            )
