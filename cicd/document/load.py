"""A file, or a text from elsewhere, → its tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cicd.document.position import Source
from cicd.document.problem import Problem, Severity
from cicd.errors import DocumentError, Unavailable, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.document.node import Node
    from cicd.document.yaml_reader import Duplicates

MAX_BYTES = 1024 * 1024
"""The largest document that is read; the largest real ones hold about a tenth of it."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def load(
    path: Path,
    name: str | None = None,
    *,
    duplicates: Duplicates = "error",
    aliases: bool = True,
) -> Node:
    """
    Read a document; one whose name ends in ``.json`` is JSON, any other YAML.

    Args:
        path: The file.
        name: What the user calls it, in messages; the path if not given.
        duplicates: Whether a key written twice is a problem, or the last one counts.
        aliases: Whether YAML's ``*alias`` is allowed.

    Raises:
        UsageError: There is no such file, or it is a folder.
        Unavailable: It cannot be read.
        DocumentError: It is too large, not text, or not well-formed.

    """
    name = name or str(path)
    return load_bytes(
        content(path, name),
        name,
        json=path.suffix.lower() == ".json",
        duplicates=duplicates,
        aliases=aliases,
    )


def load_bytes(
    given: bytes,
    name: str,
    *,
    json: bool = False,
    duplicates: Duplicates = "error",
    aliases: bool = True,
) -> Node:
    """Read a document whose bytes are there already; see ``load``."""
    if len(given) > MAX_BYTES:
        raise _too_large(name)
    return _read(_decoded(given, name), json=json, duplicates=duplicates, aliases=aliases)


def load_text(
    text: str,
    name: str,
    *,
    json: bool = False,
    duplicates: Duplicates = "error",
    aliases: bool = True,
) -> Node:
    """Read a document that is not a file, such as an inline buildspec; see ``load``."""
    if len(text) > MAX_BYTES:
        raise _refused(
            Source(name=name, text=""),
            "document/too-large",
            "the text is larger than 1 MiB",
            hint="a document of this size is not read",
        )
    return _read(Source(name=name, text=text), json=json, duplicates=duplicates, aliases=aliases)


def load_source(source: Source) -> Node:
    """Read a document whose text is part of another one; raises ``DocumentError``."""
    return _read(source, json=False, duplicates="error", aliases=True)


def _read(source: Source, *, json: bool, duplicates: Duplicates, aliases: bool) -> Node:
    if not source.text.strip():
        raise _refused(
            source,
            "document/empty",
            f"'{source.name}' is empty",
            hint="write the document, or name another file",
        )
    if json:
        from cicd.document.json_reader import read_json

        return read_json(source, duplicates=duplicates)
    from cicd.document.yaml_reader import read_yaml

    return read_yaml(source, duplicates=duplicates, aliases=aliases)


def content(path: Path, name: str) -> bytes:
    """
    Give the bytes of a document.

    Raises:
        UsageError: There is no such file, or it is a folder.
        Unavailable: It cannot be read.
        DocumentError: It is too large.

    """
    try:
        with open(path, "rb", opener=_opened) as file:
            # Not by the size it claims: devices and pipes claim none.
            found = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"'{name}' does not exist",
            hint="check the spelling, or the directory you are in",
        ) from None
    except IsADirectoryError:
        raise UsageError(
            f"'{name}' is a directory, not a document",
            hint="name the file inside it",
        ) from None
    except (OSError, ValueError) as reason:
        # ValueError: a NUL in the path.
        said = reason.strerror if isinstance(reason, OSError) else str(reason)
        raise Unavailable(
            f"'{name}' cannot be read: {said}",
            hint="check its permissions",
        ) from reason
    if len(found) > MAX_BYTES:
        raise _too_large(name)
    return found


def _too_large(name: str) -> DocumentError:
    return _refused(
        Source(name=name, text=""),
        "document/too-large",
        f"'{name}' is larger than 1 MiB",
        hint="is this the right file? A document of this size is not read",
    )


def _opened(path: str, flags: int) -> int:
    """Open without waiting for a named pipe's other end; reading then waits as ever."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


def _decoded(content: bytes, name: str) -> Source:
    if encoding := _OTHER_ENCODINGS.get(content[:2]):
        raise _refused(
            Source(name=name, text=""),
            "document/encoding",
            f"'{name}' is {encoding} text, not UTF-8",
            hint=f"save it as UTF-8: iconv -f {encoding} -t UTF-8",
        )
    marked = content.startswith(_BYTE_ORDER_MARK)
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if (at := content.find(0)) >= 0:
        source, offset = _readable(content, name, at)
        raise _refused(
            source,
            "document/binary",
            f"'{name}' is not text: it holds a zero byte",
            hint="is this the right file?",
            at=offset,
        )
    try:
        return Source(name=name, text=content.decode("utf-8"), byte_order_mark=marked)
    except UnicodeDecodeError as reason:
        source, offset = _readable(content, name, reason.start)
        raise _refused(
            source,
            "document/encoding",
            f"byte 0x{content[reason.start]:02x} is not UTF-8",
            hint="save the file as UTF-8",
            at=offset,
        ) from None


def _readable(content: bytes, name: str, at: int) -> tuple[Source, int]:
    """Give the line with a bad byte for show, and the character at which the byte stands."""
    before = content[:at].decode("utf-8", errors="replace")
    rest = content[at : at + 200].decode("utf-8", errors="replace")
    return Source(name=name, text=before + rest), len(before)


def _refused(source: Source, rule: str, message: str, *, hint: str, at: int = 0) -> DocumentError:
    span = source.span(at, min(at + 1, len(source.text)))
    return DocumentError(
        (Problem(rule=rule, severity=Severity.ERROR, message=message, span=span, hint=hint),)
    )
