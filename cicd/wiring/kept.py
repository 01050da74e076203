"""What survives the process: artifacts, secrets, the audit, and the stores that need care."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.metric import Metric
    from cicd.observe.call import Call
    from cicd.ports import ArtifactStore, ParameterStore, SecretSource, Services
    from cicd.settings import Settings
    from cicd.store.audit_log import AuditLog
    from cicd.store.secrets.secret_store import SecretStore
    from cicd.store.upkeep.stores import Stores


def new_id() -> str:
    """Make a name that nothing else has: a random UUID."""
    # Not the module uuid, which looks the whole machine over when it is imported.
    digits = bytearray(os.urandom(16))
    digits[6] = digits[6] & 0x0F | 0x40  # version 4
    digits[8] = digits[8] & 0x3F | 0x80  # variant 1
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@contextmanager
def stores(home: Path) -> Iterator[Stores]:
    """Open what looks after a home needs: to prune, check and copy it."""
    from cicd.engine.clock import SystemClock
    from cicd.store.upkeep.stores import open_stores

    with open_stores(home, SystemClock()) as opened:
        yield opened


def artifact_store(settings: Settings, opened: ExitStack) -> ArtifactStore:
    """Give the store of artifacts: a folder of the home, unless the settings say otherwise."""
    folder = settings.home / "artifacts"
    sealed = settings.artifact_encryption == "on"
    if settings.artifact_store is None and not sealed:
        from cicd.store.artifacts import ArtifactFiles

        return ArtifactFiles(folder)
    from cicd.store.remote_artifacts import RemoteArtifacts
    from cicd.store.sealing import Sealing
    from cicd.store.secrets.key import KeyRing
    from cicd.temporary import temporary
    from cicd.wiring.machine import bucket

    place = settings.artifact_store or str(folder)
    if "://" not in place:
        place = str((settings.home.parent / place).resolve())
    # What is sealed is in clear only for as long as this process works with it.
    # In a folder of its own: the store locks its folder, and so does the other one.
    fresh = opened.enter_context(temporary("artifacts")) / "clear" if sealed else folder
    return RemoteArtifacts(
        fresh,
        bucket(place),
        Sealing(KeyRing.of(os.environ)) if sealed else None,
    )


def secret_store(settings: Settings) -> SecretStore:
    """Give the store of the home's secrets and parameters; nothing is opened yet."""
    from cicd.engine.clock import SystemClock
    from cicd.store.secrets.key import KeyRing
    from cicd.store.secrets.secret_store import SecretStore

    return SecretStore(
        home=settings.home, keys=KeyRing.of(os.environ), clock=SystemClock(), new_id=new_id
    )


def parameters(settings: Settings) -> ParameterStore:
    """Give the parameters that stacks make and remove."""
    from cicd.store.secrets.parameters import LocalParameters

    return LocalParameters(secret_store(settings))


def secrets(settings: Settings, env_file: Path | None) -> SecretSource:
    """Give where builds find parameters and secrets, place after place."""
    from cicd.backends.secrets_chain import USUAL, SecretChain, SecretOrigin

    origin = SecretOrigin(
        home=settings.home, environ=os.environ, env_file=env_file, profile=settings.profile
    )
    usual = (*USUAL, *(("aws",) if settings.profile else ()))
    chain = SecretChain(settings.secrets or usual, origin)
    if env_file is not None or settings.secrets or settings.profile:
        chain.load()
    return chain


def audit_log(home: Path) -> AuditLog:
    """Give the audit of a home; nothing is opened yet."""
    from cicd.store.audit_log import AuditLog

    return AuditLog(home)


def record_call(home: Path, call: Call) -> None:
    """Add a control call to the audit of a home; raises ``Unavailable`` where the disk cannot."""
    from cicd.observe.call import record

    audit_log(home).append(record(call, request_id=new_id(), event_id=new_id()))


def datapoints(
    metric: Metric, period: int, count: int, services: Services
) -> tuple[float | None, ...]:
    """Give what executions have come to, period by period; see ``observe.datapoints``."""
    from cicd.observe.datapoints import datapoints as counted

    return counted(metric, period, count, services)
