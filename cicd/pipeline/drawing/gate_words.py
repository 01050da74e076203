"""What a stage asks before its entry and after its actions, in words that fit a picture. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.pipeline.condition import BEFORE_ENTRY, ON_FAILURE, ON_SUCCESS, ROLLBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.pipeline.spec import StageDeclaration

_WORDS: Final = {
    BEFORE_ENTRY: "before entry",
    ON_SUCCESS: "on success",
    ON_FAILURE: "on failure",
}


def gate_words(stage: StageDeclaration) -> Iterator[str]:
    """Give a line a gate: "before entry: DeploymentWindow, else SKIP", "on failure: RETRY"."""
    for condition in stage.conditions:
        rules = ", ".join(dict.fromkeys(rule.provider for rule in condition.rules))
        asked = f"{rules}, else {condition.result}" if rules else condition.result
        yield f"{_WORDS[condition.gate]}: {asked}"
    if stage.retry is not None:
        yield f"{_WORDS[ON_FAILURE]}: RETRY"
    if stage.rolls_back:
        yield f"{_WORDS[ON_FAILURE]}: {ROLLBACK}"
