"""The ``permissions`` section: reading it, and which names its patterns reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.deploy.appspec import scalars
from cicd.deploy.appspec.acl import AclEntry, parse_entry
from cicd.deploy.appspec.context import Context, range_problem
from cicd.deploy.spec import PREFIX, Permission
from cicd.document.fix import Fix
from cicd.document.node import NodeKind, ScalarStyle
from cicd.document.problem import Severity
from cicd.expression import is_filled

if TYPE_CHECKING:
    from cicd.deploy.appspec.findings import Findings
    from cicd.document.node import Node
    from cicd.document.position import Span

_UPDATE = "Update the permissions section of the AppSpec file, and then try again."
_TYPES = ("file", "directory")
_OCTAL = re.compile("[0-7]+")


def read_permissions(node: Node | None, findings: Findings) -> tuple[Permission, ...]:
    """
    Read the section.

    Wrong values are warnings here, since a deployment finds them at BeforeInstall;
    wrong shapes, at which the agent breaks, are errors.
    """
    if node is None:
        return ()
    if node.kind is not NodeKind.SEQUENCE:
        findings.wrong_shape(node, "'permissions'", "a list, each entry after a dash")
        return ()
    permissions = []
    for item in node.items:
        if item.kind is NodeKind.MAPPING:
            permissions.append(_read(item, findings))
        else:
            findings.wrong_shape(item, "an entry of 'permissions'", "a mapping")
    return tuple(permissions)


def matches(permission: Permission, path: str) -> bool:
    """
    Tell whether a copied file or a made directory is below the object and meant.

    A pattern other than ``**``, and every exclusion, reaches direct children by name only.

    Source: the agent's behaviour, "permissions".
    """
    base = permission.object.rstrip("/") + "/"
    if not path.startswith(base):
        return False
    name = path[len(base) :]
    if any(_simple_glob(name, pattern) for pattern in permission.exclude):
        return False
    return permission.pattern == "**" or _simple_glob(name, permission.pattern)


def _simple_glob(name: str, pattern: str) -> bool:
    """Match ``*`` alone, which stays in one name."""
    return name == pattern or ("/" not in name and is_filled(pattern.split("*"), name))


def _value(node: Node, key: str) -> Node | None:
    entry = node.entries.get(key)
    return None if entry is None or entry.value.is_null else entry.value


def _text(node: Node, key: str) -> str | None:
    value = _value(node, key)
    return None if value is None else value.text


def _warn(
    findings: Findings,
    rule: str,
    message: str,
    span: Span,
    agent: str,
    hint: str | None = None,
    fix: Fix | None = None,
) -> None:
    findings.reject(
        rule, message, span, agent=agent, hint=hint, severity=Severity.WARNING, fix=fix
    )


def _read(node: Node, findings: Findings) -> Permission:
    subject = _text(node, "object")
    if not (subject or "").strip():
        _warn(
            findings,
            "deploy/permission-object",
            "an entry of 'permissions' has no 'object'",
            node.span,
            f"{PREFIX} a permission listed in the application specification file has no object "
            f"value. {_UPDATE}",
            "name a directory or a file on the instance",
        )
    pattern = _text(node, "pattern")
    return Permission(
        object=(subject or "").strip(),
        pattern="**" if pattern is None else pattern,
        exclude=_texts(node, "except", findings),
        owner=_text(node, "owner"),
        group=_text(node, "group"),
        mode=_read_mode(_value(node, "mode"), findings),
        acls=_read_acls(node, findings),
        context=_read_context(_value(node, "context"), findings),
        type=_read_type(node, findings),
        type_given=_value(node, "type") is not None,
        span=(_value(node, "object") or node).span,
    )


def _list(node: Node, key: str, findings: Findings) -> tuple[Node, ...]:
    value = _value(node, key)
    if value is None:
        return ()
    if value.kind is not NodeKind.SEQUENCE:
        findings.wrong_shape(value, f"'{key}'", f"a list, such as [{value.text or '...'}]")
        return ()
    return value.items


def _texts(node: Node, key: str, findings: Findings) -> tuple[str, ...]:
    return tuple(item.text for item in _list(node, key, findings))


def _read_type(node: Node, findings: Findings) -> tuple[str, ...]:
    if _value(node, "type") is None:
        return _TYPES
    written = _list(node, "type", findings)
    for item in written:
        if item.text not in _TYPES:
            _warn(
                findings,
                "deploy/permission-type",
                f"'{item.text}' is not a type of 'permissions'",
                item.span,
                # The missing blank is the agent's own.
                f"{PREFIX} the application specification filespecifies a permission for an object "
                f"type not supported for permissions ({item.text}). {_UPDATE}",
                "the types are file and directory",
            )
    return tuple(item.text for item in written)


def _read_mode(node: Node | None, findings: Findings) -> str | None:
    if node is None:
        return None
    text = scalars.mode_text(node)
    meant = (
        f'write "{node.text}", in quotes: unquoted it is octal, so {text} to the agent'
        if text != node.text and node.style is ScalarStyle.PLAIN
        else None
    )
    fix = Fix.text(node.span, f'"{node.text}"') if meant and _OCTAL.fullmatch(node.text) else None
    if len(text) > 4:
        _warn(
            findings,
            "deploy/permission-mode",
            f"the mode '{text}' has more than four digits",
            node.span,
            f"{PREFIX} the length of a permissions mode ({text}) in the application specification "
            "file is invalid. Permissions modes must be between one and four characters long. "
            f"{_UPDATE}",
            meant,
            fix,
        )
        return None
    padded = text.rjust(3, "0")
    for character in padded:
        if character not in "01234567":
            _warn(
                findings,
                "deploy/permission-mode",
                f"the mode '{node.text}' has the digit '{character}' to the agent"
                if meant
                else f"the mode '{node.text}' is not made of octal digits",
                node.span,
                f"{PREFIX} the permissions mode ({padded}) in the application specification file "
                f"contains an invalid character ({character}). {_UPDATE}",
                meant,
                fix,
            )
            return None
    if meant and _OCTAL.fullmatch(node.text) and int(text, 8) != int(node.text, 8):
        findings.problems.warning(
            "deploy/octal-mode",
            f"the unquoted mode '{node.text}' becomes {padded.rjust(4, '0')}",
            node.span,
            hint=meant,
            fix=fix,
        )
    return padded


def _read_acls(node: Node, findings: Findings) -> tuple[AclEntry, ...] | None:
    if _value(node, "acls") is None:
        return None
    entries = []
    for item in _list(node, "acls", findings):
        entry = parse_entry(item.text)
        if isinstance(entry, str):
            _warn(
                findings,
                "deploy/permission-acl",
                f"'{item.text}' is not an access control entry",
                item.span,
                entry,
                "write such as 'u:deploy:rw'",
            )
        else:
            entries.append(entry)
    return tuple(entries)


def _read_context(node: Node | None, findings: Findings) -> Context | None:
    if node is None:
        return None
    if node.kind is not NodeKind.MAPPING:
        findings.wrong_shape(node, "'context'", "a mapping of user, type and range")
        return None
    kind, limits = _text(node, "type"), _text(node, "range")
    if kind is None:
        _warn(
            findings,
            "deploy/permission-context",
            "'context' has no 'type'",
            node.span,
            f"{PREFIX} the application specification file specifies an invalid context type. "
            f"{_UPDATE}",
        )
        return None
    wrong = range_problem(limits) if limits is not None else None
    if wrong:
        _warn(
            findings,
            "deploy/permission-context",
            f"the range of 'context' is not one: {wrong}",
            node.span,
            f"{PREFIX} the application specification file specifies an invalid context: {wrong}. "
            f"{_UPDATE}",
        )
    user = _text(node, "name")
    return Context(user=user if user is not None else _text(node, "user"), type=kind, range=limits)
