"""A service's plan → the order of a task set, and the secrets of its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.ports import TaskSetOrder

if TYPE_CHECKING:
    from cicd.deploy.shift.plan import ServicePlan
    from cicd.deploy.taskdef.definition import TaskDefinition
    from cicd.ports import Services


def service_key(service: ServicePlan) -> str:
    """Name a service among all of this home: "cluster/service"."""
    return f"{service.cluster}/{service.name}"


def order_of(service: ServicePlan) -> TaskSetOrder:
    """Order the replacement: as many tasks as the service desires."""
    return TaskSetOrder(
        service=service_key(service),
        id=service.replacement.id,
        count=service.desired_count,
        containers=tuple(
            each.order for each in service.definition.in_order(service.container_name)
        ),
        port=service.container_port,
    )


def secrets_of(service: ServicePlan, services: Services) -> dict[tuple[str, str], str]:
    """Look the secrets of a service's containers up: see ``secrets_of_definition``."""
    return secrets_of_definition(service.definition, services)


def secrets_of_definition(
    definition: TaskDefinition, services: Services
) -> dict[tuple[str, str], str]:
    """
    Look the secrets of containers up, by container and variable.

    Raises:
        UsageError: One does not exist.

    Source: ECS Developer Guide, "Pass sensitive data to an Amazon ECS container".
    """
    found: dict[tuple[str, str], str] = {}
    for container in definition.containers:
        for variable, source in container.secrets:
            is_secret = ":secretsmanager:" in source
            name = source.partition(":parameter")[2] or source
            value = (
                services.secrets.secret(source) if is_secret else services.secrets.parameter(name)
            )
            if value is None:
                hint = (
                    services.secrets.secret_hint if is_secret else services.secrets.parameter_hint
                )
                raise UsageError(
                    f"container '{container.order.name}' needs '{source}' for {variable}, and "
                    "there is none",
                    hint=hint(source if is_secret else name),
                )
            found[container.order.name, variable] = value
    return found
