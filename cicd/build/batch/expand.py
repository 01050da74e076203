"""BatchSpec → the builds it means. Pure."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from cicd.build.buildspec.batch import BatchEntry, BatchEnvironment
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.build.buildspec.batch import BatchSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """One build of a batch, before its buildspec is read."""

    entry: BatchEntry
    combination: tuple[tuple[str, str], ...] = ()  # of a matrix, the outermost dimension first
    shard: int = 0  # of a fan-out, from 1
    shards: int = 0


def expand(spec: BatchSpec) -> tuple[Expanded, ...]:
    """
    Give the builds of a batch, in order.

    A matrix gives the product of its dimensions and nothing else, the buildspec being the
    outermost. The guide does not say what the builds of a matrix and a fan-out are called:
    ``matrix_1`` and, as its reports are, ``BuildFanoutShard1``.
    Source: user guide, "batch/build-matrix", "batch/build-fanout".
    """
    if spec.kind == "build-matrix":
        names = [name for name, _ in spec.dimensions]
        values = [values for _, values in spec.dimensions]
        return tuple(
            _of_matrix(spec, f"matrix_{number}", tuple(zip(names, chosen, strict=True)))
            for number, chosen in enumerate(product(*values), 1)
        )
    if spec.kind == "build-fanout":
        return tuple(
            Expanded(
                entry=_entry(spec, f"BuildFanoutShard{shard}"),
                shard=shard,
                shards=spec.parallelism,
            )
            for shard in range(1, spec.parallelism + 1)
        )
    return tuple(Expanded(entry=entry) for entry in spec.entries)


def _of_matrix(
    spec: BatchSpec, identifier: str, combination: tuple[tuple[str, str], ...]
) -> Expanded:
    chosen = dict(combination)
    environment = BatchEnvironment(
        compute_type=chosen.get("env.compute-type"),
        image=chosen.get("env.image"),
        privileged=spec.static.privileged,
        type=spec.static.type,
        variables=tuple(
            (name.removeprefix("env.variables."), value)
            for name, value in combination
            if name.startswith("env.variables.")
        ),
    )
    entry = _entry(spec, identifier, buildspec=chosen.get("buildspec"), environment=environment)
    return Expanded(entry=entry, combination=combination)


def _entry(
    spec: BatchSpec,
    identifier: str,
    *,
    buildspec: str | None = None,
    environment: BatchEnvironment | None = None,
) -> BatchEntry:
    return BatchEntry(
        identifier=identifier,
        buildspec=buildspec,
        depend_on=(),
        ignore_failure=spec.ignore_failure,
        environment=environment or BatchEnvironment(),
        span=spec.span,
    )
