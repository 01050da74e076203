"""Named checks of one spec; a room lists its own in a table and runs them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from cicd.document.problem import Problems
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[S]):
    """
    One thing a schema cannot say.

    The check notes whatever it finds, usually under the rule's own name; it never raises for
    what a document says. Its docstring is the rule's documentation.
    """

    name: str  # "build/unknown-phase": room, slash, kebab-case name
    check: Callable[[S, Problems], None]

    def __call__(self, spec: S, problems: Problems) -> None:
        """Run the check, as if it were the function that was decorated."""
        self.check(spec, problems)


def rule(name: str) -> Callable[[Callable[[S, Problems], None]], Rule[S]]:
    """Make a rule of the function below, which goes into its room's table by that name."""

    def named(check: Callable[[S, Problems], None]) -> Rule[S]:
        return Rule(name=name, check=check)

    return named


def run_rules(rules: Iterable[Rule[S]], spec: S, problems: Problems) -> None:
    """Run every rule over the spec, whatever the others found."""
    for each in rules:
        each(spec, problems)
