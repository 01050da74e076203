"""The adapters: one file a way of doing, and the tables that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.backends.secrets_chain import SecretOrigin
    from cicd.ports import (
        InstanceTarget,
        Machines,
        RouterSpec,
        Runner,
        SecretSource,
        TargetSpec,
        TrafficRouter,
    )

RUNNERS: Registry[Callable[[Path], Runner]] = Registry(
    "cicd.runners",
    {
        "docker": "cicd.backends.runner_docker:DockerRunner",
        "sandbox": "cicd.backends.runner_sandbox:SandboxRunner",
        "host": "cicd.backends.runner_host:HostRunner",
    },
)

SECRET_SOURCES: Registry[Callable[[SecretOrigin], SecretSource]] = Registry(
    "cicd.secret_sources",
    {
        "environment": "cicd.backends.secrets_environment:environment_secrets",
        "store": "cicd.store.secrets.source:stored_secrets",
        "aws": "cicd.backends.secrets_aws:aws_secrets",
    },
)

TRAFFIC_ROUTERS: Registry[Callable[[Path, RouterSpec], TrafficRouter]] = Registry(
    "cicd.traffic_routers",
    {
        "proxy": "cicd.backends.traffic.proxy_router:ProxyRouter",
        "haproxy": "cicd.backends.traffic.haproxy_router:HAProxyRouter",
    },
)

TARGETS: Registry[Callable[[TargetSpec], InstanceTarget]] = Registry(
    "cicd.targets",
    {
        "DIRECTORY": "cicd.backends.target_directory:DirectoryTarget",
        "CONTAINER": "cicd.backends.target_container:ContainerTarget",
        "MACHINE": "cicd.backends.target_directory:this_machine",
    },
)

MACHINES: Registry[Callable[[Path], Machines]] = Registry(
    "cicd.machines",
    {
        "DIRECTORY": "cicd.backends.fleet.directories:DirectoryMachines",
        "CONTAINER": "cicd.backends.fleet.containers:ContainerMachines",
    },
)
