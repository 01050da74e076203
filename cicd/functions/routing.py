"""
Which version an invocation of an alias goes to: by weight, spread evenly. Pure.

Local rule: where the service draws at random, the draws here follow one another by the golden
ratio, so that even a few dozen invocations hold the weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.functions.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.functions.function import Alias, Function

_GOLDEN: Final = 0.6180339887498949


def draw(start: float, number: int) -> float:
    """Give the draw of one invocation, from 0 to below 1."""
    return (start + number * _GOLDEN) % 1


def choose(alias: Alias, drawn: float) -> str:
    """Give the version that a draw leads to."""
    for version, weight in alias.additional.items():
        if drawn < weight:
            return version
    return alias.function_version


def check_weights(
    function: Function, version: str, additional: Mapping[str, float], name: str
) -> None:
    """
    Refuse a routing that Lambda refuses.

    Source: Lambda API Reference, "AliasRoutingConfiguration"; Developer Guide, "Weighted alias".
    """
    function.version(version)
    for other, weight in additional.items():
        function.version(other)
        if "$LATEST" in (version, other):
            raise invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
                f"publish it first: cicd function publish {function.name}",
            )
        if other == version:
            raise invalid(
                f"Invalid function version {other}. Function version {other} is already included "
                "in routing configuration."
            )
        if not 0 <= weight <= 1:
            raise invalid(f"the weight {weight:g} of version {other} is not between 0 and 1")
    if len(additional) > 1:
        raise invalid(f"the alias '{name}' would point to more than 2 versions")
