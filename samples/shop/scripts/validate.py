#!/usr/bin/env python3
"""Checks that the new version serves: its health, a price, and the page."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ADDRESS = f"http://127.0.0.1:{os.environ.get('PORT', '8080')}"
SECONDS = 20
INSTALLED = Path(os.environ.get("CICD_INSTANCE_ROOT", "") + "/srv/shop/VERSION")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(path, body=None):
    """Give what the server answers, as text."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        ADDRESS + path, data=data, headers={"Content-Type": "application/json"}
    )
    with OPENER.open(request, timeout=5) as answer:
        return answer.read().decode()


def check():
    """Say what is wrong, or nothing."""
    version = INSTALLED.read_text(encoding="utf-8").strip()
    health = json.loads(ask("/health"))
    if health["version"] != version:
        return f"version {health['version']} serves instead of {version}"
    cents = json.loads(ask("/total", {"mug": 1}))["cents"]
    if cents != 1580:
        return f"a mug costs {cents} cents"
    if version not in ask("/"):
        return "the page does not tell the version"
    return None


def main():
    """Try until it serves, for a while: a server needs a moment to start."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            wrong = check()
        except (OSError, ValueError) as error:
            wrong = f"{ADDRESS} does not answer well: {error}"
        if wrong is None:
            print(f"{ADDRESS} serves {INSTALLED.read_text(encoding='utf-8').strip()}")
            return 0
        if time.monotonic() > until:
            print(wrong)
            return 1
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
