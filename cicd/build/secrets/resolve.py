"""A build's variables → their values: which ones are secret, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.environment_variable import Variable, VariableType
from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.ports import SecretSource

_CODES = {
    VariableType.PARAMETER_STORE: "Decrypted Variables Error",
    VariableType.SECRETS_MANAGER: "Secrets Manager Error Message",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """The first secret that could not be had, in the service's words."""

    code: str  # "Decrypted Variables Error"
    message: str  # "parameter does not exist: /x/y"
    hint: str | None  # how all that are missing are given here, a line each


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A variable whose value is looked up."""

    variable: Variable
    place: str | None = None  # where its value comes from; None: it is not there
    hint: str = ""  # how it is given, if it is not there


def resolve(
    variables: Iterable[Variable], secrets: SecretSource
) -> tuple[dict[str, str], tuple[str, ...]] | Unresolved:
    """
    Give the values, and which of them must never be shown.

    All are looked for, so that everything that is missing is told at once.

    Source: user guide, "Build specification reference", parameter-store and secrets-manager;
    the code of a missing parameter was read in logs of the service.
    """
    values: dict[str, str] = {}
    hidden: list[str] = []
    missing: list[Unresolved] = []
    for variable in variables:
        if variable.type is VariableType.PLAINTEXT:
            values[variable.name] = variable.value
            continue
        code = _CODES[variable.type]
        try:
            found = _look_up(variable, secrets)
        except UsageError as wrong:  # a reference of another form, or a key that is not there
            missing.append(Unresolved(code=code, message=wrong.message, hint=wrong.hint))
            continue
        if found is None:
            hint = _hint(variable, secrets)
            missing.append(Unresolved(code=code, message=_missing(variable), hint=hint))
            continue
        values[variable.name] = found
        hidden.append(found)
    if missing:
        hints = "\n".join(dict.fromkeys(each.hint for each in missing if each.hint))
        return Unresolved(code=missing[0].code, message=missing[0].message, hint=hints or None)
    return values, tuple(hidden)


def needed(variables: Iterable[Variable], secrets: SecretSource) -> tuple[Needed, ...]:
    """Say of each variable that is looked up where its value comes from, or how to give it."""
    found = []
    for variable in variables:
        if variable.type is VariableType.PLAINTEXT:
            continue
        try:
            place = _place(variable, secrets)
            hint = "" if place else _hint(variable, secrets)
        except UsageError as wrong:
            place, hint = None, f"{wrong.message}: {wrong.hint}"
        found.append(Needed(variable=variable, place=place, hint=hint))
    return tuple(found)


def _look_up(variable: Variable, secrets: SecretSource) -> str | None:
    if variable.type is VariableType.PARAMETER_STORE:
        return secrets.parameter(variable.value)
    return secrets.secret(variable.value)


def _place(variable: Variable, secrets: SecretSource) -> str | None:
    if variable.type is VariableType.PARAMETER_STORE:
        return secrets.parameter_place(variable.value)
    return secrets.secret_place(variable.value)


def _hint(variable: Variable, secrets: SecretSource) -> str:
    if variable.type is VariableType.PARAMETER_STORE:
        return secrets.parameter_hint(variable.value)
    return secrets.secret_hint(variable.value)


def _missing(variable: Variable) -> str:
    if variable.type is VariableType.PARAMETER_STORE:
        return f"parameter does not exist: {variable.value}"
    return (
        "ResourceNotFoundException: Secrets Manager can't find the specified "
        f"secret: {variable.value}"
    )
