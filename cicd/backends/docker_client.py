"""The only importer of the Docker SDK: it pulls, with the user's own registry credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


def pull(url: str, image: str, progress: Callable[[str], None]) -> None:
    """
    Pull an image, as ``docker pull`` would.

    Args:
        url: The engine's, such as unix:///var/run/docker.sock.
        image: A name with or without tag or digest; without either it means "latest".
        progress: Gets a line for each layer's change of state.

    Raises:
        Unavailable: The registry said no, or could not be reached.
    """
    import docker
    from docker.errors import DockerException
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(image)
    said: set[str] = set()
    try:
        client = docker.APIClient(base_url=url, version="auto")
        try:
            for step in client.pull(repository, tag=tag or "latest", stream=True, decode=True):
                if "error" in step:
                    raise _refused(image, str(step["error"]))
                layer = f"{step['id']}: " if "id" in step else ""
                line = f"{layer}{step.get('status', '')}"
                if line not in said:  # a step repeats with each percent
                    said.add(line)
                    progress(line)
        finally:
            client.close()
    except DockerException as problem:
        explanation = getattr(problem, "explanation", None)
        raise _refused(image, str(explanation or problem)) from None


def _refused(image: str, words: str) -> Unavailable:
    return Unavailable(
        f"image '{image}' is not on this machine and cannot be pulled: {words}",
        hint="check the name, `docker login`, or choose another with `--image`",
    )
