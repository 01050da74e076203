"""
How large artifacts may be at AWS; here nothing is refused for it, but it is told. Pure.

Source: CodePipeline User Guide, "Quotas in AWS CodePipeline".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.pipeline.action_type import ActionTypeId
    from cicd.ports import Artifact

_MB = 1024 * 1024
_MADE = {"S3": 7 * 1024 * _MB}  # by a source action
_MADE_BY_OTHERS = 1024 * _MB  # CodeCommit, GitHub and their like
_TAKEN = {"ElasticBeanstalk": 512 * _MB, "CloudFormation": 256 * _MB, "CodeDeployToECS": 3 * _MB}
_FILES = 100_000  # in one object


def beyond_made(name: str, type_id: ActionTypeId, made: Artifact) -> tuple[str, ...]:
    """Say where an artifact that an action made is beyond a quota."""
    said = []
    if type_id.category == "Source":
        most = _MADE.get(type_id.provider, _MADE_BY_OTHERS)
        if made.size > most:
            said.append(_words(name, made.size, most, f"a source of {type_id.provider}"))
    if made.files > _FILES:
        said.append(f"artifact {name}: {made.files} files; AWS takes {_FILES} in an artifact")
    return tuple(said)


def beyond_taken(name: str, type_id: ActionTypeId, taken: Artifact) -> tuple[str, ...]:
    """Say where an artifact that an action takes is beyond what its provider would take."""
    most = _TAKEN.get(type_id.provider)
    if most is None or taken.size <= most:
        return ()
    return (_words(name, taken.size, most, type_id.provider),)


def _words(name: str, size: int, most: int, whose: str) -> str:
    return f"artifact {name}: {size / _MB:.0f} MB; AWS takes {most // _MB} MB for {whose}"
