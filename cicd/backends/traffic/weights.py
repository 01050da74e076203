"""What weights may be. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def check_weights(weights: Mapping[str, int]) -> None:
    """Refuse weights that are not per cent of the whole; raises ``UsageError``."""
    if sum(weights.values()) != 100 or any(weight < 0 for weight in weights.values()):
        shown = ", ".join(f"{name} {weight}" for name, weight in weights.items())
        raise UsageError(
            f"weights must be 0 or more and sum to 100: {shown or 'there are none'}",
            hint="they are per cent of a route's requests",
        )


def unknown_route(router: str, route: str, known: Iterable[str]) -> UsageError:
    """Say that there is no such route."""
    return UsageError(
        f"load balancer '{router}' has no route '{route}'",
        hint=f"it has {', '.join(known) or 'none'}",
    )
