"""The handler answers what the hook looks for."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))


def test_it_greets_by_name_and_says_which_version_it_is(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", "2")
    from greet import handler

    assert {"greeting": "Hello, Ada", "version": "2"} == handler({"name": "Ada"}, None)
