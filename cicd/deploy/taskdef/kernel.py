"""What a container definition says to the kernel: limits, capabilities, devices, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.ports import KernelOptions, Ulimit

if TYPE_CHECKING:
    from cicd.document.fields import Fields

_MIB: Final = 1024 * 1024
_MAY: Final = {"read": "r", "write": "w", "mknod": "m"}


def read_kernel(fields: Fields) -> KernelOptions:
    """
    Read ``ulimits``, ``linuxParameters``, ``systemControls`` and their like.

    Source: ECS API Reference, "LinuxParameters", "Ulimit" and "SystemControl".
    """
    ulimits = []
    for item in fields.sequence("ulimits"):
        limit = fields.inner(item, what="limit")
        soft, hard = limit.integer("softLimit", 0), limit.integer("hardLimit", 0)
        ulimits.append(Ulimit(name=limit.required_text("name"), soft=soft, hard=hard))
        limit.unknown()
    controls = []
    for item in fields.sequence("systemControls"):
        control = fields.inner(item, what="system control")
        controls.append((control.required_text("namespace"), control.text("value")))
        control.unknown()
    options = fields.mapping("linuxParameters")
    security = tuple(item.text for item in fields.texts("dockerSecurityOptions"))
    privileged = fields.flag("privileged", default=False)
    read_only_root = fields.flag("readonlyRootFilesystem", default=False)
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    shared = swap = swappiness = None
    devices: tuple[tuple[str, str, str], ...] = ()
    tmpfs: tuple[tuple[str, str], ...] = ()
    if options is not None:
        capabilities = options.mapping("capabilities")
        if capabilities is not None:
            more = tuple(item.text for item in capabilities.texts("add"))
            less = tuple(item.text for item in capabilities.texts("drop"))
            capabilities.unknown()
        options.node("initProcessEnabled")  # there always is one: it reaps, and hands signals on
        devices, tmpfs = _devices(options), _tmpfs(options)
        size = options.integer("sharedMemorySize", minimum=1)
        shared = None if size is None else size * _MIB
        size = options.integer("maxSwap", minimum=0)
        swap = None if size is None else size * _MIB
        swappiness = options.integer("swappiness", minimum=0, maximum=100)
        options.unknown()
    return KernelOptions(
        ulimits=tuple(ulimits),
        capabilities=more,
        without_capabilities=less,
        devices=devices,
        tmpfs=tmpfs,
        shared_memory=shared,
        swap=swap,
        swappiness=swappiness,
        controls=tuple(controls),
        security=security,
        privileged=privileged,
        read_only_root=read_only_root,
    )


def _devices(options: Fields) -> tuple[tuple[str, str, str], ...]:
    found = []
    for item in options.sequence("devices"):
        device = options.inner(item, what="device")
        path = device.required_text("hostPath")
        may = [_MAY.get(item.text, "") for item in device.texts("permissions")]
        found.append((path, device.text("containerPath", default=path), "".join(may) or "rwm"))
        device.unknown()
    return tuple(found)


def _tmpfs(options: Fields) -> tuple[tuple[str, str], ...]:
    found = []
    for item in options.sequence("tmpfs"):
        place = options.inner(item, what="tmpfs")
        size = place.integer("size", 1, minimum=1)
        more = [item.text for item in place.texts("mountOptions")]
        found.append((place.required_text("containerPath"), ",".join((f"size={size}m", *more))))
        place.unknown()
    return tuple(found)
