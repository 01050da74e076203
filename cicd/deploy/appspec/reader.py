"""Node → AppSpec, checking in the agent's order and with its words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.deploy.appspec import scalars
from cicd.deploy.appspec.permissions import read_permissions
from cicd.deploy.lifecycle import SCRIPTABLE, TOLERATED
from cicd.deploy.spec import (
    DEFAULT_TIMEOUT,
    PREFIX,
    AppSpec,
    FileExistsBehavior,
    FileMapping,
    HookScript,
    is_string,
)
from cicd.document.nearest import closest
from cicd.document.node import NodeKind
from cicd.document.problem import Problem, Problems, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.document.node import Entry, Node
    from cicd.document.position import Span

_UPDATE = "Update the files section of the AppSpec file, and then try again."
_KEYS = ("version", "os", "files", "hooks", "permissions", "file_exists_behavior")


@dataclass(slots=True)
class Findings:
    """Collects problems; the first that the agent would stop at names the fault."""

    problems: Problems
    fault: str | None = None

    def reject(
        self,
        rule: str,
        message: str,
        span: Span,
        *,
        agent: str,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note something the agent refuses; ``agent`` is how it puts it."""
        self.fault = self.fault or agent
        self.problems.add(
            Problem(
                rule=rule, severity=severity, message=message, span=span, hint=hint, note=agent
            )
        )

    def wrong_shape(self, node: Node, what: str, expected: str) -> None:
        """Note a value of the wrong shape, at which the agent's code breaks."""
        message = f"{what} must be {expected}"
        self.reject("deploy/wrong-shape", message, node.span, agent=message)


def read_appspec(node: Node, problems: Problems) -> AppSpec:
    """
    Read an AppSpec of a server; everything wrong with it goes to ``problems``.

    Order of the checks: version, os, hooks, files, permissions, file_exists_behavior.

    Source: the agent's behaviour; the guide's "AppSpec file structure".
    """
    findings = Findings(problems)
    if node.kind is not NodeKind.MAPPING:
        _no_mapping(node, findings)
        return AppSpec(fault=findings.fault, span=node.span)
    _check_version(node, findings)
    _check_os(node, findings)
    hooks = _read_hooks(_value(node, "hooks"), findings)
    files = _read_files(_value(node, "files"), findings)
    permissions = read_permissions(_value(node, "permissions"), findings)
    behavior = _read_behavior(_value(node, "file_exists_behavior"), findings)
    for key, entry in node.entries.items():
        if key not in _KEYS:
            nearest = closest(key, _KEYS)
            problems.warning(
                "deploy/unknown-key",
                f"'{key}' is not a section of an AppSpec; the agent ignores it",
                entry.key_span,
                hint=f"did you mean '{nearest}'?" if nearest else None,
                note=f"the sections are {', '.join(_KEYS)}",
            )
    return AppSpec(
        files=files,
        hooks=hooks,
        permissions=permissions,
        file_exists_behavior=behavior,
        fault=findings.fault,
        span=node.span,
    )


def _value(node: Node, key: str) -> Node | None:
    entry = node.entries.get(key)
    return None if entry is None or entry.value.is_null else entry.value


def _no_mapping(node: Node, findings: Findings) -> None:
    if node.is_null:
        findings.reject(
            "deploy/empty",
            "the AppSpec is empty",
            node.span,
            hint="begin with 'version: 0.0' and 'os: linux'",
            agent=f"{PREFIX} the application specification file was empty. Make sure your AppSpec "
            "file defines at minimum the 'version' and 'os' properties.",
        )
        return
    findings.reject(
        "deploy/wrong-shape",
        "an AppSpec must be a mapping of sections",
        node.span,
        hint="begin with 'version: 0.0', with a blank after the colon",
        agent=_invalid_version(""),
    )


def _invalid_version(value: str) -> str:
    return (
        f"{PREFIX} an invalid version value ({value}) was entered in the application "
        'specification file. Make sure your AppSpec file specifies "0.0" as the version, and '
        "then try again."
    )


def _check_version(node: Node, findings: Findings) -> None:
    version = _value(node, "version")
    if version is not None and scalars.is_zero(version):
        return
    written = version.text if version is not None else ""
    findings.reject(
        "deploy/version",
        f"'{written}' is not a version of AppSpec" if version else "'version' is missing",
        version.span if version else node.span,
        hint="write 'version: 0.0', without quotes",
        agent=_invalid_version(written),
    )


def _check_os(node: Node, findings: Findings) -> None:
    system = _value(node, "os")
    written = system.text if system is not None else ""
    if written == "linux":
        return
    agent = (
        f"{PREFIX} the application specification file specifies an unsupported operating system "
        f'({written}). Specify either "linux" or "windows" in the os section of the AppSpec '
        "file, and then try again."
    )
    if system is None:
        findings.reject(
            "deploy/os", "'os' is missing", node.span, hint="write 'os: linux'", agent=agent
        )
    elif written == "windows":
        findings.reject(
            "deploy/os",
            "'windows' is not deployed to here; the instances are Linux or macOS",
            system.span,
            agent=agent,
        )
    else:
        findings.reject(
            "deploy/os",
            f"'{written}' is not an operating system to the agent",
            system.span,
            hint="write 'os: linux', in lower case",
            agent=agent,
        )


def _mappings(node: Node | None, section: str, findings: Findings) -> Iterator[Node]:
    if node is None:
        return
    if node.kind is not NodeKind.SEQUENCE:
        findings.wrong_shape(node, f"'{section}'", "a list, each entry after a dash")
        return
    for item in node.items:
        if item.kind is NodeKind.MAPPING:
            yield item
        else:
            findings.wrong_shape(item, f"an entry of '{section}'", "a mapping")


def _read_hooks(node: Node | None, findings: Findings) -> Mapping[str, tuple[HookScript, ...]]:
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
            _read_script(item, findings) for item in _mappings(scripts, event, findings)
        )
    return MappingProxyType(hooks)


def _unknown_event(event: str, entry: Entry, findings: Findings) -> None:
    nearest = closest(event, SCRIPTABLE)
    findings.reject(
        "deploy/unknown-event",
        f"'{event}' is not a lifecycle event that scripts may have",
        entry.key_span,
        hint=f"did you mean '{nearest}'?"
        if nearest
        else f"the events are {', '.join(SCRIPTABLE)}",
        agent=f'appspec.yml file contains unknown lifecycle events: ["{event}"]',
    )


def _read_script(node: Node, findings: Findings) -> HookScript:
    location = _value(node, "location")
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
    runas = _value(node, "runas")
    sudo = _value(node, "sudo")
    timeout = _value(node, "timeout")
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


def _read_files(node: Node | None, findings: Findings) -> tuple[FileMapping, ...]:
    return tuple(_read_file(item, findings) for item in _mappings(node, "files", findings))


def _read_file(node: Node, findings: Findings) -> FileMapping:
    source, destination = _value(node, "source"), _value(node, "destination")
    for name, value in (("source", source), ("destination", destination)):
        if value is not None and not is_string(value):
            findings.wrong_shape(value, f"'{name}'", "text; put a number in quotes")
    if source is None:
        findings.reject(
            "deploy/file-source",
            "an entry of 'files' has no 'source'",
            node.span,
            hint="name a file or a directory of the revision",
            agent=f"{PREFIX} the application specification file specifies a destination file, but "
            f"no source file. {_UPDATE}",
        )
    elif destination is None:
        findings.reject(
            "deploy/file-destination",
            "an entry of 'files' has no 'destination'",
            node.span,
            hint="name the directory it goes to on the instance",
            agent=f"{PREFIX} the application specification file specifies only a source file "
            f"({source.text}). Add the name of the destination file to the files section of the "
            "AppSpec file, and then try again.",
        )
    return FileMapping(
        source=source.text if source else "",
        destination=destination.text if destination else "",
        span=(source or node).span,
    )


def _read_behavior(node: Node | None, findings: Findings) -> FileExistsBehavior | None:
    if node is None:
        return None
    if node.kind is NodeKind.SCALAR and node.text in set(FileExistsBehavior):
        return FileExistsBehavior(node.text)
    upper = node.text.upper()
    findings.reject(
        "deploy/file-exists-behavior",
        f"'{node.text}' is not a file_exists_behavior",
        node.span,
        hint=f"write {upper if upper in set(FileExistsBehavior) else 'DISALLOW'}, in upper case",
        agent=f"{PREFIX} an invalid file_exists_behavior value ({node.text}) was entered in the "
        "application specification file. Make sure your AppSpec file specifies one of "
        "DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again.",
    )
    return None
