"""Node → the ``hooks`` section: which scripts each lifecycle event runs."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.deploy.appspec import scalars
from cicd.deploy.appspec.findings import mappings, value
from cicd.deploy.lifecycle import SCRIPTABLE, TOLERATED
from cicd.deploy.spec import DEFAULT_TIMEOUT, PREFIX, HookScript
from cicd.document.fix import Fix
from cicd.document.node import NodeKind
from cicd.nearest import closest, only_close

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.appspec.findings import Findings
    from cicd.document.node import Entry, Node


def read_hooks(node: Node | None, findings: Findings) -> Mapping[str, tuple[HookScript, ...]]:
    """Read the scripts of each lifecycle event, in order."""
    if node is None:
        return MappingProxyType({})
    if node.kind is not NodeKind.MAPPING:
        findings.wrong_shape(node, "'hooks'", "a mapping of lifecycle events")
        return MappingProxyType({})
    hooks = {}
    for event, entry in node.entries.items():
        if event not in SCRIPTABLE and event not in TOLERATED:
            _unknown_event(event, entry, findings)
        scripts = None if entry.value.is_null else entry.value
        hooks[event] = tuple(
            _read_script(item, findings) for item in mappings(scripts, event, findings, "location")
        )
    return MappingProxyType(hooks)


def _unknown_event(event: str, entry: Entry, findings: Findings) -> None:
    nearest = closest(event, SCRIPTABLE)
    sure = only_close(event, SCRIPTABLE)
    elsewhere = event == "AfterAllowTestTraffic"
    findings.reject(
        "deploy/unknown-event",
        "'AfterAllowTestTraffic' is an event of ECS deployments, not of servers"
        if elsewhere
        else f"'{event}' is not a lifecycle event that scripts may have",
        entry.key_span,
        hint=f"did you mean '{nearest}'?"
        if nearest and not elsewhere
        else f"the events are {', '.join(SCRIPTABLE)}",
        agent=f'appspec.yml file contains unknown lifecycle events: ["{event}"]',
        fix=Fix.word(entry.key_span, sure) if sure and not elsewhere else None,
    )


def _read_script(node: Node, findings: Findings) -> HookScript:
    location = value(node, "location")
    text = location.text.strip() if location is not None else ""
    if not text:
        findings.reject(
            "deploy/script-location",
            "a script has no 'location'",
            (location or node).span,
            hint="name the script, relative to the revision's root",
            agent=f"{PREFIX} the application specification file specifies a script with no "
            "location value. Specify the location in the hooks section of the AppSpec file, and "
            "then try again.",
        )
    runas = value(node, "runas")
    sudo = value(node, "sudo")
    timeout = value(node, "timeout")
    return HookScript(
        location=text,
        timeout=_read_timeout(timeout, findings),
        timeout_given=timeout is not None,
        runas=runas.text.strip() if runas is not None else None,
        sudo=sudo is not None and sudo.text.lower() in ("true", "yes", "on"),
        span=(location or node).span,
    )


def _read_timeout(node: Node | None, findings: Findings) -> timedelta:
    if node is None:
        return DEFAULT_TIMEOUT
    if node.kind is not NodeKind.SCALAR or scalars.is_boolean(node):
        findings.wrong_shape(node, "'timeout'", "a number of seconds")
        return DEFAULT_TIMEOUT
    seconds = scalars.leading_integer(node)
    if seconds <= 0:
        findings.reject(
            "deploy/timeout",
            f"'{node.text}' is not a number of seconds above 0",
            node.span,
            agent=f"{PREFIX} an invalid timeout value was provided for a script in the "
            "application specification file. Make corrections in the hooks section of the "
            "AppSpec file, and then try again.",
        )
        return DEFAULT_TIMEOUT
    return timedelta(seconds=min(seconds, 10**9))
