"""Fleets of directories, and the group that names them."""

from dataclasses import dataclass, replace

from cicd.backends.fleet.directories import DirectoryMachines
from cicd.deploy.fleet.fleet import FleetSpec
from cicd.deploy.fleet.ledger import find, members_of
from cicd.deploy.fleet.run import fleet_down, fleet_up, scale_fleet
from cicd.ports import TargetKind
from tests.deploy.traffic.world import TrafficWorld

FLEET = "web"


@dataclass
class FleetWorld(TrafficWorld):
    """``balanced``: the group has a load balancer."""

    ids: tuple = ()
    balanced: bool = False
    termination_hook: bool = False

    def __post_init__(self):
        super().__post_init__()
        machines = DirectoryMachines(self.root / "home")
        self.services = replace(self.services, machines=lambda _kind: machines)

    @property
    def group(self):
        group = super().group
        return replace(
            group,
            targets=members_of(FLEET, self.services) or (),
            load_balancers=group.load_balancers if self.balanced else (),
            auto_scaling_groups=(FLEET,),
            termination_hook=self.termination_hook,
        )

    def up(self, count, **options):
        spec = FleetSpec(
            kind=TargetKind.DIRECTORY, directory=str(self.root / "fleet"), port=8100, **options
        )
        return fleet_up(FLEET, count, spec, self.services, (self.group,))

    def scale(self, count):
        return scale_fleet(FLEET, count, self.services, (self.group,))

    def down(self):
        return fleet_down(FLEET, self.services, (self.group,))

    @property
    def fleet(self):
        return find(FLEET, self.services)

    def member(self, number):
        """Give the directory of a member."""
        return self.root / "fleet" / f"{FLEET}-{number}"

    def made_by(self, creator):
        """Give (targets, events that succeeded) of the deployments with this creator."""
        from cicd.deploy.run import get_deployment

        found = []
        for record in reversed(self.executions.list(kind="deployment")):
            result = get_deployment(record.stream.partition("/")[2], self.services)
            if result.deployment["deploymentInfo"]["creator"] == creator:
                found.append(result)
        return found
