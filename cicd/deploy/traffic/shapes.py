"""What the shapes of the API say of traffic: load balancers, and the colours of instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.event import JSON


def traffic_info(plan: DeploymentPlan) -> dict[str, JSON]:
    """Give what ``deploymentInfo`` has beside the style. Source: API, "DeploymentInfo"."""
    info: dict[str, JSON] = {}
    if plan.traffic is not None:
        info["loadBalancerInfo"] = {
            "targetGroupInfoList": [{"name": each.group} for each in plan.traffic.load_balancers]
        }
    if plan.blue_green is not None:
        options = plan.blue_green.options
        # Instances that are listed have no tags that mean them.
        fleets: list[JSON] = [*dict.fromkeys(each.fleet for each in plan.targets if each.fleet)]
        info["targetInstances"] = {"tagFilters": [], "autoScalingGroups": fleets}
        info["blueGreenDeploymentConfiguration"] = {
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": str(options.blue_action),
                "terminationWaitTimeInMinutes": int(options.termination_wait.total_seconds())
                // 60,
            },
            "deploymentReadyOption": {
                "actionOnTimeout": str(options.ready_action),
                "waitTimeInMinutes": int(options.ready_wait.total_seconds()) // 60,
            },
            "greenFleetProvisioningOption": {"action": str(options.green_action)},
        }
    return info


def label(plan: DeploymentPlan, target: str) -> dict[str, JSON]:
    """Give ``instanceLabel``: Blue is the original environment, whichever way traffic goes."""
    if plan.blue_green is None:
        return {}
    replaced = target in {each.id for each in plan.blue_green.original}
    return {"instanceLabel": "Blue" if replaced != plan.blue_green.rollback else "Green"}
