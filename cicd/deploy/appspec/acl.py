"""Access control entries of ``permissions``: their grammar, and the full list for setfacl."""

from __future__ import annotations

from typing import Final

from cicd.record import dataclass

_TYPES: Final = {
    "u": "user",
    "user": "user",
    "g": "group",
    "group": "group",
    "m": "mask",
    "mask": "mask",
    "o": "other",
    "other": "other",
}
_DEFAULT: Final = ("d", "default")
_NAMELESS: Final = ("mask", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """One entry: ``[default:]type:[name]:permissions``."""

    default: bool
    type: str  # "user", "group", "mask", "other"
    name: str  # "": the base entry
    permissions: str  # "rw-"

    def __str__(self) -> str:
        """Give the form setfacl takes and install.json keeps."""
        return f"{'default:' if self.default else ''}{self.type}:{self.name}:{self.permissions}"


def parse_entry(text: str) -> AclEntry | str:
    """
    Read one entry, or say what the agent says about it.

    Source: the agent's grammar of access control entries.
    """
    invalid = (
        "The deployment failed because of a problem with the acls permission settings in the "
        f"application specification file. Invalid acl entry ({text})."
    )
    parts = text.split(":")
    if not 2 <= len(parts) <= 4:
        return invalid
    permissions = parts.pop()
    default = len(parts) > 1 and parts[0] in _DEFAULT
    if default:
        parts.pop(0)
    if len(parts) == 3 or (len(parts) == 2 and parts[0] not in _TYPES):
        return invalid
    if len(parts) == 2:
        kind, name = _TYPES[parts[0]], parts[1]
        # "u:m:rw" names the mask of a user, which the agent takes for a user called "mask".
        name = _TYPES[name] if _TYPES.get(name) in _NAMELESS else name
    elif _TYPES.get(parts[0]) in _NAMELESS:
        kind, name = _TYPES[parts[0]], ""
    else:
        kind, name = "user", parts[0]
    if kind in _NAMELESS and name:
        return invalid
    if not default and kind != "mask" and not name:
        return (
            "The deployment failed because of a problem with the acls permission settings in the "
            f"application specification file. Use mode to set the base acl entry ({text}). "
            "Update the permissions section of the AppSpec file, and then try again."
        )
    if len(permissions) == 1 and permissions in "01234567":
        return AclEntry(default=default, type=kind, name=name, permissions=_rwx(permissions))
    for character in permissions:
        if character not in "rwx-":
            return (
                f"The deployment failed because the access control list (ACL) named {text} in the "
                "application specification file contains an invalid character "
                f"({character}). Correct the ACL in the hooks section of the AppSpec file, "
                "and then try again."
            )
    letters = "".join(letter if letter in permissions else "-" for letter in "rwx")
    return AclEntry(default=default, type=kind, name=name, permissions=letters)


def full_list(entries: tuple[AclEntry, ...], mode: int) -> tuple[str, ...]:
    """
    Complete ``entries`` with what setfacl needs, taken from the current ``mode``.

    Because the mask is the group's bits, named rights are cut to them.

    Source: the agent's setfacl command; its own tests have mode 421 as example.
    """
    user, group, other = (_rwx(digit) for digit in f"{mode & 0o777:03o}")
    complete = [*entries]

    def add(kind: str, permissions: str, *, default: bool = False) -> None:
        complete.append(AclEntry(default=default, type=kind, name="", permissions=permissions))

    def has(kind: str, *, default: bool) -> bool:
        return any(e.default is default and e.type == kind and not e.name for e in entries)

    add("user", user)
    add("group", group)
    add("other", other)
    if any(e.name and not e.default for e in entries) and not has("mask", default=False):
        add("mask", group)
    defaults = [e for e in entries if e.default]
    if defaults:
        for kind, permissions in (("user", user), ("group", group), ("other", other)):
            if not has(kind, default=True):
                add(kind, permissions, default=True)
        if any(e.name for e in defaults) and not has("mask", default=True):
            mask = next(
                (e.permissions for e in defaults if e.type == "group" and not e.name), group
            )
            add("mask", mask, default=True)
    return tuple(str(entry) for entry in complete)


def _rwx(digit: str) -> str:
    bits = int(digit, 8)
    return "".join(letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
