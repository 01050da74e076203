"""A fleet in the shape of an element of what DescribeAutoScalingGroups answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.deploy.fleet.fleet import Fleet, Member
    from cicd.event import JSON
    from cicd.ports import Machines, Services


def fleet_shape(fleet: Fleet, services: Services) -> dict[str, JSON]:
    """
    Give ``AutoScalingGroup``; what exists only here stands in it under ``Local``.

    Source: EC2 Auto Scaling API Reference, "AutoScalingGroup" and "Instance".
    """
    machines = services.machines(fleet.spec.kind)
    created = fleet.created_at
    return {
        "AutoScalingGroupName": fleet.name,
        "MinSize": 0,
        "DesiredCapacity": fleet.desired,
        "CreatedTime": None if created is None else created.isoformat(),
        "Status": None if fleet.replaced_by is None else f"replaced by {fleet.replaced_by}",
        "Tags": [{"Key": key, "Value": value} for key, value in fleet.spec.labels],
        "Instances": [_instance(member, machines) for member in fleet.living],
        "Local": {
            "kind": str(fleet.spec.kind),
            "image": fleet.spec.image,
            "directory": fleet.spec.directory,
            "port": fleet.spec.port,
        },
    }


def _instance(member: Member, machines: Machines) -> JSON:
    well = machines.runs(member.target) and member.fault != "unhealthy"
    return {
        "InstanceId": member.target.id,
        "LifecycleState": str(member.state),
        "HealthStatus": "Healthy" if well else "Unhealthy",
        "Local": {
            "location": member.target.location,
            "endpoint": member.target.endpoint,
            "fault": member.fault,
            "cause": member.cause,
        },
    }
