"""The only importer of the Docker SDK: it pulls, with the user's own registry credentials."""

from __future__ import annotations

import re
import time
import warnings
from typing import TYPE_CHECKING

from cicd.backends.pull_progress import PullProgress

if TYPE_CHECKING:
    from collections.abc import Callable


class NotPulled(Exception):
    """The registry said no, or could not be reached; in one line, with what may help."""

    def __init__(self, words: str) -> None:
        """Take the words of the engine or of a credential helper."""
        super().__init__(_plain(words))
        hints = (hint for said, hint in _HINTS if re.search(said, words, re.IGNORECASE))
        self.hint = next(hints, "")


_HINTS = (
    ("credentials store error", "look at credHelpers and credsStore in Docker's config.json"),
    (
        "denied|unauthorized|no basic auth|authentication required|403 forbidden",
        "`docker login` to that registry, if the name is right",
    ),
    ("manifest unknown|not found|no such image", "check the name and its tag or digest"),
    ("no matching manifest", "the image is not made for this machine's processor"),
    ("x509|certificate", "let the engine trust that registry's certificate"),
)


def pull(url: str, image: str, say: Callable[[str], None]) -> None:
    """
    Pull an image, as ``docker pull`` would.

    Args:
        url: The engine's, such as unix:///var/run/docker.sock.
        image: A name with or without tag or digest; without either it means "latest".
        say: Gets a line every few seconds.

    Raises:
        NotPulled: The registry said no, or could not be reached.
    """
    import docker
    from docker.errors import DockerException
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(image)
    progress = PullProgress(image)
    say(f"Pulling image {image}")
    try:
        # What the SDK warns of is in what it raises, too.
        warnings.simplefilter("ignore", UserWarning)
        client = docker.APIClient(base_url=url, version="auto")
        try:
            for step in client.pull(repository, tag=tag or "latest", stream=True, decode=True):
                if "error" in step:
                    raise NotPulled(str(step["error"]))
                line = progress.note(step, time.monotonic())
                if line:
                    say(line)
        finally:
            client.close()
    except DockerException as problem:
        explanation = getattr(problem, "explanation", None)
        raise NotPulled(str(explanation or problem)) from None
    except OSError as problem:  # the engine hung up in the middle
        raise NotPulled(str(problem)) from None
    say(progress.summary())


def _plain(words: str) -> str:
    """Take what Python has put around a credential helper's words off again."""
    inner = re.search(r"""Credentials store error: \w+\((['"])(.*)\1,?\)""", words, re.DOTALL)
    text = f"the credential helper says: {inner[2]}" if inner else words
    return " ".join(text.split())
