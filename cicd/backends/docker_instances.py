"""The containers of this machine's engine as instances with tags: their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from cicd.backends import docker_engine
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.docker_labels import FUNCTION, SESSION
from cicd.errors import Unavailable
from cicd.ports import TaggedInstance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON

_GONE: Final = ("removing", "dead")


def tagged_instances() -> tuple[TaggedInstance, ...]:
    """
    Give every container that has labels, stopped or not, but for those of builds and functions.

    Raises:
        Unavailable: No engine answers.

    """
    try:
        found = Engine(docker_engine.endpoint()).call(
            "GET", "/containers/json", query={"all": "1"}
        )
    except Refused as refused:
        raise Unavailable(f"the containers cannot be listed: {refused.message}") from None
    instances = []
    for each in cast("list[Mapping[str, JSON]]", found):
        labels = cast("Mapping[str, str]", each.get("Labels") or {})
        names = cast("list[str]", each.get("Names") or [])
        is_ours = {SESSION, FUNCTION} & labels.keys()
        if names and labels and not is_ours and each.get("State") not in _GONE:
            instances.append(TaggedInstance(name=names[0].removeprefix("/"), tags=dict(labels)))
    return tuple(instances)
