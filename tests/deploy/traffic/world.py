"""Instances that serve, behind load balancers that are remembered or real."""

import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta

from cicd.backends.traffic.haproxy_process import RunningHAProxy
from cicd.backends.traffic.haproxy_router import HAProxyRouter
from cicd.backends.traffic.proxy_router import ProxyRouter, RunningProxy
from cicd.deploy.traffic.plan import BlueGreenOptions, LoadBalancer
from cicd.ports import Endpoint, HealthCheck, RouterSpec, RouteSpec, TargetSpec
from cicd.testing.contracts_traffic import free_port
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.world import SH, World, hooks

START = (
    SH + "cd /\n"
    '"$PYTHON" -m cicd.testing.answering VERSION "$PORT" >/dev/null 2>&1 </dev/null &\n'
    'echo $! > "$CICD_INSTANCE_ROOT/pid"\n'
)
STOP = SH + 'kill "$(cat "$CICD_INSTANCE_ROOT/pid")" || true\n'


@dataclass
class TrafficWorld(World):
    """``real``: a router of ``kind`` carries requests; else a fake remembers what it was told."""

    ids: tuple = ("a", "b", "c")
    green_ids: tuple = ()
    options: BlueGreenOptions | None = None
    real: bool = False
    kind: str = "proxy"
    isolated: bool | None = False
    ports: dict = field(default_factory=dict)

    def __post_init__(self):
        super().__post_init__()
        self.front = Endpoint(host="127.0.0.1", port=free_port())
        self.router_spec = RouterSpec(
            name="web-tg",
            kind=self.kind,
            routes=(RouteSpec(name="web-tg", listen=self.front, weights=(("web-tg", 100),)),),
            health_check=HealthCheck(interval=timedelta(seconds=0.2)),
        )
        self.fake = RecordingTrafficRouter(self.router_spec)
        self.services = replace(self.services, router=self.router)

    def router(self, spec):
        made = HAProxyRouter if self.kind == "haproxy" else ProxyRouter
        return made(self.root / "home", spec) if self.real else self.fake

    def spec(self, name):
        port = self.ports.setdefault(name, free_port() if self.real else 8000 + len(self.ports))
        return TargetSpec(
            id=name,
            location=str(self.root / name),
            variables=(("NAME", name), ("PORT", str(port)), ("PYTHON", sys.executable)),
        )

    @property
    def group(self):
        return replace(
            super().group,
            load_balancers=(LoadBalancer(group="web-tg", router=self.router_spec),),
            blue_green=self.options,
            green=tuple(self.spec(name) for name in self.green_ids),
        )

    def serving(self, name):
        """Write a revision that starts a server which answers with the revision's name."""
        scripts = {"start.sh": START.replace("VERSION", name), "stop.sh": STOP}
        return self.revision(
            name, hooks(ApplicationStop="stop.sh", ApplicationStart="start.sh"), scripts
        )

    def told(self):
        """Give what the fake router was told, with instances for their endpoints."""
        names = {f"127.0.0.1:{port}": name for name, port in self.ports.items()}
        return [f"{what} {names[endpoint]}" for what, _, endpoint in self.fake.told]

    def end(self):
        """End the servers and the proxy."""
        for name in self.ports:
            self.services.target(self.spec(name)).terminate()
        running = RunningHAProxy if self.kind == "haproxy" else RunningProxy
        running(self.root / "home" / "routers" / "web-tg").stop()
