"""The keys of what stands inside a declaration: stores, triggers, conditions and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from cicd.document.rules import rule
from cicd.document.unknown import note_unknown

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration

Keys: TypeAlias = Mapping[str, "Keys | None"]  # None: what is below is somebody else's


def _leaves(*names: str) -> Keys:
    return dict.fromkeys(names)


_STORE: Final[Keys] = {**_leaves("type", "location"), "encryptionKey": _leaves("id", "type")}
_PATTERNS: Final = _leaves("includes", "excludes")
_TRIGGER: Final[Keys] = {
    "providerType": None,
    "gitConfiguration": {
        "sourceActionName": None,
        "push": {"tags": _PATTERNS, "branches": _PATTERNS, "filePaths": _PATTERNS},
        "pullRequest": {"events": None, "branches": _PATTERNS, "filePaths": _PATTERNS},
    },
}
_RULE: Final[Keys] = {
    "name": None,
    "ruleTypeId": _leaves("category", "owner", "provider", "version"),
    "inputArtifacts": _leaves("name"),
    **_leaves("configuration", "commands", "roleArn", "region", "timeoutInMinutes"),
}
_CONDITIONS: Final[Keys] = {"result": None, "rules": _RULE}
_PIPELINE: Final[Keys] = {"artifactStore": _STORE, "triggers": _TRIGGER}
_STAGE: Final[Keys] = {
    "beforeEntry": {"conditions": _CONDITIONS},
    "onSuccess": {"conditions": _CONDITIONS},
    "onFailure": {
        "result": None,
        "retryConfiguration": _leaves("retryMode"),
        "conditions": _CONDITIONS,
    },
    "blockers": _leaves("name", "type"),
}
_ACTION: Final[Keys] = {"environmentVariables": _leaves("name", "value", "type")}


@rule("pipeline/unknown-key")
def unknown_keys(spec: PipelineDeclaration, problems: Problems) -> None:
    """Stores, triggers, conditions and their rules have keys of their own, too."""
    _below(spec.node, _PIPELINE, problems)
    stores = spec.node.entries.get("artifactStores")
    for store in stores.value.entries.values() if stores else ():
        _check(store.value, "a store of 'artifactStores'", _STORE, problems)
    for stage in spec.stages:
        _below(stage.node, _STAGE, problems)
        for action in stage.actions:
            _below(action.node, _ACTION, problems)


def _below(node: Node, keys: Keys, problems: Problems) -> None:
    """Check what is under those of a mapping's keys that ``keys`` says more of."""
    for key, inner in keys.items():
        entry = node.entries.get(key)
        if entry is None or inner is None:
            continue
        for item in entry.value.items:
            _check(item, f"an entry of '{key}'", inner, problems)
        _check(entry.value, f"'{key}'", inner, problems)


def _check(node: Node, what: str, keys: Keys, problems: Problems) -> None:
    for key, entry in node.entries.items():
        if key not in keys:
            note_unknown(
                entry,
                problems,
                rule="pipeline/unknown-key",
                what=what,
                known=tuple(keys),
                free=tuple(name for name in keys if name not in node.entries),
            )
    _below(node, keys, problems)
