"""Containers of functions whose process has died: found by their labels, and removed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cicd.backends import docker_container, docker_engine
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.docker_labels import FUNCTION, HOME, home_label
from cicd.backends.functions.container_place import PLACE
from cicd.errors import Unavailable
from cicd.temporary import is_free

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON


def reap_instances(home: Path) -> list[str]:
    """
    Remove the containers of a home's functions that nobody holds any more; gives their names.

    Where no engine answers there is nothing to remove.
    """
    removed = []
    try:
        engine = Engine(docker_engine.endpoint())
        for name, place in _instances(engine, home_label(home)):
            there = place.exists()
            if not there or is_free(place):  # its image, too, may have said which place it is
                docker_container.remove(engine, name)
                if there:
                    shutil.rmtree(place, ignore_errors=True)
                removed.append(name)
    except (Refused, Unavailable):
        return removed
    return removed


def _instances(engine: Engine, home: str) -> list[tuple[str, Path]]:
    """Give the name of each container, running or not, and the directory of its place."""
    filters = json.dumps({"label": [f"{HOME}={home}", FUNCTION, PLACE]})
    found = engine.call("GET", "/containers/json", query={"all": "1", "filters": filters})
    return [
        (
            str(cast("list[JSON]", each["Names"])[0]).removeprefix("/"),
            Path(str(cast("Mapping[str, JSON]", each["Labels"])[PLACE])),
        )
        for each in cast("list[Mapping[str, JSON]]", found)
    ]
