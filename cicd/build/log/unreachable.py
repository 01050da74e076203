"""A command that failed for want of a network: what it wanted to reach, and what to do. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan

# Words of resolvers and of what asks them: pip, npm, apt, apk, curl, git, Go, Java.
_SAID = re.compile(
    r"Temporary failure in name resolution|Temporary failure resolving|Could not resolve host"
    r"|EAI_AGAIN|ENOTFOUND|ENETUNREACH|Network is unreachable|Network unreachable"
    r"|UnknownHostException|Name or service not known|nodename nor servname"
    r"|lookup \S+(?: on \S+)?: (?:no such host|server misbehaving)|DNS: transient error"
)
_NO_VERSION = re.compile(r"requirement \S+ \(from versions: none\)$")  # pip, whatever the reason
_HOST = re.compile(
    r"(?:Could not resolve host: |(?:EAI_AGAIN|ENOTFOUND) |Temporary failure resolving '"
    r"|lookup |host='|UnknownHostException: |https?://)(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
)
_DISTRUSTED = re.compile(
    r"SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)"
    r"|CERTIFICATE_VERIFY_FAILED|[Ss]elf[- ]signed certificate|unable to get local issuer"
    r"|certificate signed by unknown authority|unable to find valid certification path"
    r"|server certificate verification failed"
)
_TRUST = (
    (re.compile(r"\bpip3?\b"), "PIP_CERT"),
    (re.compile(r"\bnpm\b|\bnpx\b|\bpnpm\b|\byarn\b|\bnode\b"), "NODE_EXTRA_CA_CERTS"),
    (re.compile(r"\baws\b|\bcdk\b"), "AWS_CA_BUNDLE"),
)
_MIRRORS = (
    (re.compile(r"\bpip3?\b|\bpoetry\b|\bpipenv\b"), "PIP_INDEX_URL"),
    (re.compile(r"\bnpm\b|\bnpx\b|\bpnpm\b|\byarn\b"), "NPM_CONFIG_REGISTRY"),
    (re.compile(r"\bgo\b"), "GOPROXY"),
)


def unreachable_hint(plan: BuildPlan, command: str, said: Sequence[str]) -> str:
    """Give what helps where a host could not be reached, or was not trusted, else ""."""
    if (line := _last(_DISTRUSTED, said)) is not None:
        trust = next((name for which, name in _TRUST if which.search(command)), "SSL_CERT_FILE")
        return (
            f"{_host(line, said) or 'a host'} shows a certificate that the build does not trust, "
            "as where a proxy of this network looks into what passes\n"
            f"put the proxy's certificate beside the source, and --env {trust}=FILE"
        )
    if (line := _last(_SAID, said)) is not None:
        told = f"{_host(line, said) or 'the network'} could not be reached{_network(plan)}"
    elif (line := _last(_NO_VERSION, said)) is not None:
        missed = f"or its index could not be reached{_network(plan)}"
        told = f"pip found no version of {line.split()[-4]}: there is none, {missed}"
    else:
        return ""
    mirror = next((name for which, name in _MIRRORS if which.search(command)), "")
    ways = ["behind a proxy, --env HTTPS_PROXY=URL"]
    ways += [f"with a mirror, --env {mirror}=URL"] if mirror else []
    ways.append("and 'cache:' of the buildspec keeps what was fetched once")
    return f"{told}\n{'; '.join(ways)}"


def _last(saying: re.Pattern[str], said: Sequence[str]) -> str | None:
    return next((line for line in reversed(said) if saying.search(line)), None)


def _host(line: str, said: Sequence[str]) -> str:
    """Give the host that the line names, or the last one that was named at all."""
    found = next(filter(None, map(_HOST.search, (line, *reversed(said)))), None)
    return found["host"] if found else ""


def _network(plan: BuildPlan) -> str:
    place = plan.place
    if place.network is None:
        return " from the build"
    leads = place.network != "none" and place.make_network != "internal"
    closed = "" if leads else ", which leads nowhere else"
    return f" from the build's network '{place.network}'{closed}"
