"""The forms in which programs print a secret: as it is, encoded, quoted, escaped. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORTEST = 4  # characters; shorter secrets would mask half of every log
_WIDTHS = (64, 76)  # characters of a line of base64, as openssl and coreutils break it


def forms_of(value: str) -> Iterator[bytes]:
    """
    Give all that must not be seen of a value of at least four characters, some of it twice.

    That is the value without the line ends around it, and each of its lines that is long
    enough: in base64 of both alphabets at its three alignments and broken into lines,
    hexadecimal, URL-quoted in both styles, and escaped as JSON, Python, XML and shells do.
    """
    core = value.strip("\r\n")
    lines = {line for line in core.splitlines() if len(line) >= SHORTEST}
    for text in {core, *lines}:
        raw = text.encode(errors="surrogatepass")
        yield raw
        yield from (form.encode(errors="surrogatepass") for form in _escaped(text))
        for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
            yield quoted.encode()
            yield re.sub("%..", lambda code: code[0].lower(), quoted).encode()
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield from _base64(raw)
    if core != value:  # a file's last line end is encoded with it
        whole = value.encode(errors="surrogatepass")
        yield from (encode(whole) for encode in (b64encode, urlsafe_b64encode))


def _escaped(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        inside = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield inside
        yield inside.replace("/", "\\/")
        yield re.sub(r"\\u[0-9a-f]{4}", lambda code: "\\u" + code[0][2:].upper(), inside)
    yield repr(text)[1:-1]
    inside = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield inside
    inside = inside.replace('"', "&quot;")
    yield inside
    for apostrophe in ("&apos;", "&#x27;", "&#39;"):
        yield inside.replace("'", apostrophe)
    for apostrophe in ("'\\''", "'\"'\"'", "\\'"):  # set -x; shlex.quote; $'…'
        yield text.replace("'", apostrophe)


def _base64(raw: bytes) -> Iterator[bytes]:
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(raw)
        for shift in range(3):
            yield _middle(raw, shift, encode)
        for width in _WIDTHS:
            line = width * 3 // 4
            if len(raw) > line:
                for start in range(0, len(raw), line):
                    piece = raw[start : start + line]
                    if len(piece) >= SHORTEST:
                        yield _middle(piece, 0, encode)


def _middle(raw: bytes, shift: int, encode: Callable[[bytes], bytes]) -> bytes:
    """
    Give the characters that ``raw`` alone decides when ``shift`` bytes stand before it.

    Base64 turns three bytes into four characters, so the same text looks different at each of
    three alignments, and its first and last characters mix with its neighbours.
    """
    encoded = encode(bytes(shift) + raw)
    first = (shift * 8 + 5) // 6
    last = (shift + len(raw)) * 8 // 6
    return encoded[first:last]
