"""JSON Schemas of our documents, for editors: what they complete, and underline."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cicd.event import JSON

KINDS: Final = ("buildspec", "appspec", "pipeline", "cicd")


def schema(kind: str) -> JSON:
    """
    Give the schema (draft 2020-12) of one of ``KINDS``.

    That of pipelines is the service's own, and what the AWS CLI wraps around a declaration.
    """
    if kind != "pipeline":
        return _read("cicd.lint", f"schemas/{kind}.schema.json")
    declaration = _read("cicd.pipeline", "pipeline.schema.json")
    assert isinstance(declaration, dict), "a schema is an object"
    definitions = declaration.pop("$defs")
    assert isinstance(definitions, dict), "and so are its definitions"
    request: JSON = {
        "type": "object",
        "properties": {
            "pipeline": {"$ref": "#/$defs/declaration"},
            "metadata": {"type": "object", "description": "What get-pipeline prints; not read."},
            "tags": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["pipeline"],
        "additionalProperties": False,
    }
    return {
        "$schema": declaration.pop("$schema"),
        "title": "pipeline",
        "description": "A CodePipeline pipeline: a declaration, alone or below 'pipeline'.",
        "anyOf": [{"$ref": "#/$defs/declaration"}, request],
        "$defs": {**definitions, "declaration": declaration},
    }


def _read(package: str, name: str) -> JSON:
    text = resources.files(package).joinpath(name).read_text("utf-8")
    value: JSON = json.loads(text)
    return value
