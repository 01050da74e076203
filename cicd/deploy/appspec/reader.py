"""Node → AppSpec, checking in the agent's order and with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.appspec import scalars
from cicd.deploy.appspec.classes import check_classes
from cicd.deploy.appspec.findings import Findings, mappings, value
from cicd.deploy.appspec.permissions import read_permissions
from cicd.deploy.appspec.scripts import read_hooks
from cicd.deploy.spec import PREFIX, WINDOWS, AppSpec, FileExistsBehavior, FileMapping, is_string
from cicd.document.fix import Fix
from cicd.document.node import NodeKind
from cicd.nearest import closest, only_close

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_UPDATE = "Update the files section of the AppSpec file, and then try again."
_KEYS = ("version", "os", "files", "hooks", "permissions", "file_exists_behavior")


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
    check_classes(node, findings)
    _check_mark(node, findings)
    _check_version(node, findings)
    _check_os(node, findings)
    hooks = read_hooks(value(node, "hooks"), findings)
    files = _read_files(value(node, "files"), findings)
    permissions = read_permissions(value(node, "permissions"), findings)
    behavior = _read_behavior(value(node, "file_exists_behavior"), findings)
    for key, entry in node.entries.items():
        if key not in _KEYS:
            missing = tuple(name for name in _KEYS if name not in node.entries)
            nearest, sure = closest(key, missing), only_close(key, missing)
            problems.warning(
                "deploy/unknown-key",
                f"'{key}' is not a section of an AppSpec; the agent ignores it",
                entry.key_span,
                hint=f"did you mean '{nearest}'?" if nearest else None,
                note=f"the sections are {', '.join(_KEYS)}",
                fix=Fix.word(entry.key_span, sure) if sure else None,
            )
    system = value(node, "os")
    return AppSpec(
        os=system.text if system is not None else "",
        files=files,
        hooks=hooks,
        permissions=permissions,
        file_exists_behavior=behavior,
        fault=findings.fault,
        span=node.span,
    )


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


def _check_mark(node: Node, findings: Findings) -> None:
    """
    Refuse a byte order mark: the first key is then none of the agent's.

    Source: the agent's behaviour, "YAML rules".
    """
    source = node.span.source
    if not source.byte_order_mark:
        return
    first = next(iter(node.entries), "")
    findings.reject(
        "deploy/byte-order-mark",
        "the file begins with a byte order mark, which the agent takes for a letter",
        source.span(0, 0),
        hint="save it as UTF-8 without a mark; 'cicd lint --fix' does",
        agent=_unsupported_system("") if first == "os" else _invalid_version(""),
        fix=Fix.mark(source.span(0, 0)),
    )


def _invalid_version(written: str) -> str:
    return (
        f"{PREFIX} an invalid version value ({written}) was entered in the application "
        'specification file. Make sure your AppSpec file specifies "0.0" as the version, and '
        "then try again."
    )


def _unsupported_system(written: str) -> str:
    return (
        f"{PREFIX} the application specification file specifies an unsupported operating system "
        f'({written}). Specify either "linux" or "windows" in the os section of the AppSpec '
        "file, and then try again."
    )


def _check_version(node: Node, findings: Findings) -> None:
    version = value(node, "version")
    if version is not None and scalars.is_zero(version):
        return
    written = version.text if version is not None else ""
    findings.reject(
        "deploy/version",
        f"'{written}' is not a version of AppSpec" if version else "'version' is missing",
        version.span if version else node.span,
        hint="write 'version: 0.0', without quotes",
        agent=_invalid_version(written),
        fix=Fix.text(version.span, "0.0") if version and _quoted_zero(version) else None,
    )


def _quoted_zero(version: Node) -> bool:
    return version.kind is NodeKind.SCALAR and version.text in {"0.0", "0"}


def _check_os(node: Node, findings: Findings) -> None:
    system = value(node, "os")
    written = system.text if system is not None else ""
    if written == "linux":
        return
    agent = _unsupported_system(written)
    if system is None:
        findings.reject(
            "deploy/os", "'os' is missing", node.span, hint="write 'os: linux'", agent=agent
        )
    elif written == WINDOWS:
        findings.reject(
            "deploy/os-not-here",
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
            fix=Fix.word(system.span, written.lower())
            if written.lower() in {"linux", WINDOWS}
            else None,
        )


def _read_files(node: Node | None, findings: Findings) -> tuple[FileMapping, ...]:
    return tuple(_read_file(item, findings) for item in mappings(node, "files", findings))


def _read_file(node: Node, findings: Findings) -> FileMapping:
    source, destination = value(node, "source"), value(node, "destination")
    for name, written in (("source", source), ("destination", destination)):
        if written is not None and not is_string(written):
            findings.wrong_shape(written, f"'{name}'", "text; put a number in quotes")
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
        fix=Fix.word(node.span, upper) if upper in set(FileExistsBehavior) else None,
    )
    return None
