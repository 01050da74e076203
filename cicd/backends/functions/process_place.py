"""A process of this machine as the place of an instance."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

from cicd.backends.functions.memory import resident_megabytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cicd.temporary import Temporary

# Its standard input ends when we do, however that is: so does the group then, as a handler that
# is busy would not notice the end of its socket.
_GUARD = 'read -r _; kill -KILL -- "-$1"'


class ProcessPlace:
    """A process with a private directory, reached through a socket that it inherits."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        code: Path,
        private: Temporary,
    ) -> None:
        """
        Start it.

        Args:
            command: What runs the handler; the number of its socket becomes the last word.
            environment: All of it.
            code: The unpacked code, which it starts in.
            private: A directory of its own, removed when it ends.

        """
        self._private = private
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    (*command, str(theirs.fileno())),
                    env=dict(environment),
                    cwd=code,
                    stdin=subprocess.DEVNULL,
                    stdout=write,
                    stderr=write,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            os.close(read)
            raise
        finally:
            os.close(write)
        self._guard = subprocess.Popen(
            ("sh", "-c", _GUARD, "sh", str(self._process.pid)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.set_blocking(read, False)
        ours.settimeout(0)
        self.channel = ours
        self.output = read

    def memory(self) -> float:
        """See ``Place``."""
        return resident_megabytes(self._process.pid)

    def kill(self) -> None:
        """See ``Place``."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def exit_status(self) -> int | None:
        """See ``Place``."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(1)
        return None

    def out_of_memory(self) -> bool:
        """See ``Place``: whoever looks at the memory of a process ends it himself."""
        return False

    def close(self) -> None:
        """See ``Place``."""
        self._guard.kill()  # first: the number of a group that has ended may be another's
        with self._guard:
            self.kill()
            self._process.wait()
        self._private.remove()
