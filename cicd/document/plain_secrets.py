"""Values that look like credentials, told without ever repeating them."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.document.position import Source

if TYPE_CHECKING:
    from cicd.document.position import Span

_KNOWN = (
    ("an AWS access key", r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}"),
    ("a GitLab token", r"glpat-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"xox[abposr]-[A-Za-z0-9-]{20,}"),
    ("a Stripe key", r"[sr]k_live_[A-Za-z0-9]{20,}"),
    ("a Google API key", r"AIza[A-Za-z0-9_-]{35}"),
    ("an npm token", r"npm_[A-Za-z0-9]{36}"),
    ("a PyPI token", r"pypi-[A-Za-z0-9_-]{50,}"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
)
_EXAMPLE = re.compile(r"EXAMPLE|(.)\1{7}")  # AWS's own documentation, and xxxxxxxx
_TELLING = re.compile(
    r"(?:^|[_-])(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:[_-]|$)",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"[$#{<>*\s/:]|^(?:true|false|none|null|changeme)$", re.IGNORECASE)
_BITS = 3.5  # a character: words stay below, random letters and digits do not


def find_secret(text: str) -> tuple[str, int, int] | None:
    """Find a credential with a known form: what it is, and where it begins and ends."""
    for what, pattern in _KNOWN:
        found = re.search(pattern, text)
        if found and not _EXAMPLE.search(found[0]):
            return what, found.start(), found.end()
    return None


def looks_secret(name: str, value: str) -> bool:
    """Tell whether a variable's name promises a credential, and its value is random enough."""
    if not _TELLING.search(name) or len(value) < 16 or _HARMLESS.search(value):
        return False
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return bits >= _BITS and any(c.isdigit() for c in value)


def masked(span: Span) -> Span:
    """Give the same stretch of a copy of its source in which it is all asterisks."""
    source = span.source
    start = source.starts[span.line - 1] + span.column - 1
    end = source.starts[span.end_line - 1] + span.end_column - 1
    hidden = re.sub(r"[^\r\n]", "*", source.text[start:end])
    text = source.text[:start] + hidden + source.text[end:]
    return replace(span, source=Source(name=source.name, text=text))
