"""What secrets and parameters have in common on the command line: their store, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cicd.cli.values import confirmed
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.store.secrets.content import Content, StoredParameter, StoredSecret
    from cicd.store.secrets.secret_store import SecretStore

S = TypeVar("S", bound="StoredSecret | StoredParameter")


def store_of(invocation: Invocation) -> SecretStore:
    """Give the store that both are in; nothing is read yet."""
    from cicd.wiring.kept import secret_store

    return secret_store(invocation.settings())


def forget(
    invocation: Invocation,
    kind: str,
    name: str,
    known: Callable[[Content], Mapping[str, S]],
    answer: Callable[[S], JSON],
    *,
    yes: bool,
) -> ExitCode:
    """
    Forget a value with all its versions, after asking.

    Args:
        invocation: Whose store it is.
        kind: "secret", "parameter".
        name: Which.
        known: Gives all of that kind.
        answer: What programs are told of the one that has gone.
        yes: Whether nobody is asked.

    Raises:
        UsageError: There is none, or nobody to be asked.

    """
    store = store_of(invocation)
    found = known(store.read()).get(name)
    if found is None:
        raise UsageError(f"there is no {kind} '{name}'", hint=f"cicd {kind} list names them")
    versions = len(found.versions)
    if not confirmed(f"Forget {kind} {name} with all its versions ({versions})?", yes=yes):
        return ExitCode.FAILED
    (store.remove_secret if kind == "secret" else store.remove_parameter)(name)
    invocation.show.text(f"{kind} {name} is forgotten")
    invocation.show.result(answer(found))
    return ExitCode.SUCCEEDED
