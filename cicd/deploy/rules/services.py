"""AppSpecs of ECS and Lambda: checked as the service would, though not deployed to here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.lifecycle import SCRIPTABLE
from cicd.deploy.rules.service_values import (
    check_count,
    check_list,
    check_port,
    check_task,
    check_versions,
)
from cicd.deploy.spec import ComputePlatform
from cicd.document.fix import Fix
from cicd.document.node import NodeKind
from cicd.document.position import brief
from cicd.document.problem import Label, Problems
from cicd.document.unknown import note_unknown
from cicd.nearest import closest, only_close
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Entry, Node
    from cicd.document.position import Span

TOP_KEYS: Final = ("version", "Resources", "Hooks")
VERSIONS: Final = ("0.0", "0", "0.00")  # quoted or not: only the agent minds
LATER: Final = ("1", "1.0")  # undocumented, and in many published files that are deployed
RESOURCE_KEYS: Final = ("Type", "Properties")
HOOKS: Final[Mapping[ComputePlatform, tuple[str, ...]]] = {
    ComputePlatform.ECS: (
        "BeforeInstall",
        "AfterInstall",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AfterAllowTraffic",
    ),
    ComputePlatform.LAMBDA: ("BeforeAllowTraffic", "AfterAllowTraffic"),
}
TYPES: Final = {
    ComputePlatform.ECS: "AWS::ECS::Service",
    ComputePlatform.LAMBDA: "AWS::Lambda::Function",
}
REQUIRED: Final = {
    ComputePlatform.ECS: ("TaskDefinition", "LoadBalancerInfo"),
    ComputePlatform.LAMBDA: ("Name", "Alias", "CurrentVersion", "TargetVersion"),
}
OPTIONAL: Final = {
    ComputePlatform.ECS: ("PlatformVersion", "NetworkConfiguration", "CapacityProviderStrategy"),
    ComputePlatform.LAMBDA: (),
}
BALANCER: Final = ("ContainerName", "ContainerPort")
STRATEGY: Final = ("Base", "CapacityProvider", "Weight")
NETWORK: Final = ("Subnets", "SecurityGroups", "AssignPublicIp")
_SERVERS_ONLY: Final = frozenset({"ApplicationStop", "ApplicationStart", "ValidateService"})


def check_service_appspec(node: Node, platform: ComputePlatform, problems: Problems) -> None:
    """
    Note everything that is wrong with an AppSpec of ECS or Lambda.

    Keys are told in any case, names of events are not.

    Source: user guide, "AppSpec file structure for Amazon ECS deployments", "… for Lambda".
    """
    _Check(platform=platform, problems=problems).document(node)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One check of one document."""

    platform: ComputePlatform
    problems: Problems

    def document(self, node: Node) -> None:
        version = self.get(node, "version")
        if version is None or version.text not in VERSIONS:
            note = (
                self.problems.warning if version and version.text in LATER else self.problems.error
            )
            note(
                "deploy/version",
                f"'{brief(version.text)}' is not a version of AppSpec"
                if version
                else "'version' is missing",
                version.span if version else node.span,
                hint="write 'version: 0.0'",
            )
        self.unknown(node, TOP_KEYS, "an AppSpec")
        resources = self.required(node, "Resources", "the AppSpec", node.span)
        if resources is not None:
            self.resources(resources)
        hooks = self.get(node, "Hooks")
        if hooks is not None:
            self.hooks(hooks)

    def resources(self, node: Node) -> None:
        if node.kind is not NodeKind.SEQUENCE:
            self.shape(node, "'Resources' must be a list with one entry")
            return
        named = [(item, entry) for item in node.items for entry in item.entries.values()]
        for _, extra in named[1:]:
            self.problems.error(
                "deploy/one-resource",
                f"'{brief(extra.key)}' is a second resource, and one is deployed",
                extra.key_span,
                hint="write an AppSpec of its own",
            )
        for _, entry in named[:1]:
            self.resource(entry)

    def resource(self, entry: Entry) -> None:
        if self.platform is ComputePlatform.ECS and entry.key != "TargetService":
            near = closest(entry.key, ("TargetService",))
            self.problems.error(
                "deploy/resource-name",
                f"'{brief(entry.key)}' must be called 'TargetService'",
                entry.key_span,
                hint="the name is the same in every ECS AppSpec",
                fix=Fix.word(entry.key_span, near) if near else None,
            )
        self.unknown(entry.value, RESOURCE_KEYS, f"'{entry.key}'")
        kind = self.get(entry.value, "Type")
        if kind is None or kind.text != TYPES[self.platform]:
            self.problems.error(
                "deploy/resource-type",
                f"'{brief(kind.text)}' is not the type of this resource"
                if kind
                else f"'Type' is missing in '{entry.key}'",
                kind.span if kind else entry.key_span,
                hint=f"write 'Type: {TYPES[self.platform]}'",
            )
        properties = self.required(entry.value, "Properties", f"'{entry.key}'", entry.key_span)
        if properties is not None:
            self.properties(properties)

    def properties(self, node: Node) -> None:
        required = REQUIRED[self.platform]
        self.unknown(node, (*required, *OPTIONAL[self.platform]), "'Properties'")
        for name in required:
            self.required(node, name, "'Properties'", node.span)
        for name in ("CurrentVersion", "TargetVersion"):
            version = self.get(node, name)
            if version is not None and version.text == "$LATEST":
                self.problems.error(
                    "deploy/function-version",
                    f"'{name}' must be a published version, not $LATEST",
                    version.span,
                    hint="publish one: aws lambda publish-version",
                )
        check_versions(
            self.get(node, "CurrentVersion"), self.get(node, "TargetVersion"), self.problems
        )
        check_task(self.get(node, "TaskDefinition"), self.problems)
        strategy = self.get(node, "CapacityProviderStrategy")
        for item in strategy.items if strategy is not None else ():
            self.unknown(item, STRATEGY, "an entry of 'CapacityProviderStrategy'")
            self.required(item, "CapacityProvider", "'CapacityProviderStrategy'", item.span)
            for name in ("Base", "Weight"):
                check_count(self.get(item, name), name, self.problems)
        balancer = self.get(node, "LoadBalancerInfo")
        if balancer is not None:
            self.balancer(balancer)
        network = self.get(node, "NetworkConfiguration")
        if network is not None:
            self.network(network)

    def balancer(self, node: Node) -> None:
        self.unknown(node, BALANCER, "'LoadBalancerInfo'")
        for name in BALANCER:
            self.required(node, name, "'LoadBalancerInfo'", node.span)
        port = self.get(node, "ContainerPort")
        if port is not None:
            check_port(port, self.problems)

    def network(self, node: Node) -> None:
        inner = self.required(node, "AwsvpcConfiguration", "'NetworkConfiguration'", node.span)
        if inner is None:
            return
        self.unknown(inner, NETWORK, "'AwsvpcConfiguration'")
        for name in NETWORK:
            found = self.required(inner, name, "'AwsvpcConfiguration'", inner.span)
            if found is not None and name != "AssignPublicIp":
                check_list(found, name, self.problems)
        public = self.get(inner, "AssignPublicIp")
        if public is not None and public.text not in ("ENABLED", "DISABLED"):
            upper = public.text.upper()
            self.problems.error(
                "deploy/unknown-value",
                f"'{brief(public.text)}' is not allowed for 'AssignPublicIp'",
                public.span,
                hint="write ENABLED or DISABLED",
                fix=Fix.word(public.span, upper) if upper in ("ENABLED", "DISABLED") else None,
            )

    def hooks(self, node: Node) -> None:
        if node.kind is not NodeKind.SEQUENCE:
            self.shape(node, "'Hooks' must be a list: a dash before each event")
            return
        seen: dict[str, Entry] = {}
        for item in node.items:
            if item.kind is not NodeKind.MAPPING:
                self.shape(item, "an entry of 'Hooks' must be 'Event: function'")
            for entry in item.entries.values():
                self.hook(entry)
                if entry.key in seen:
                    self.problems.warning(
                        "deploy/hook-twice",
                        f"'{brief(entry.key)}' stands twice, and an event calls one function",
                        entry.key_span,
                        hint="call the second from the first",
                        labels=(Label(span=seen[entry.key].key_span, text="first written here"),),
                    )
                seen.setdefault(entry.key, entry)

    def hook(self, entry: Entry) -> None:
        events = HOOKS[self.platform]
        if entry.key not in events:
            elsewhere = self.elsewhere(entry.key)
            sure = None if elsewhere else only_close(entry.key, events)
            near = None if elsewhere else closest(entry.key, events)
            self.problems.error(
                "deploy/unknown-event",
                f"'{brief(entry.key)}' is an event of {elsewhere} deployments, not of "
                f"{self.platform}"
                if elsewhere
                else f"'{brief(entry.key)}' is not a lifecycle event of {self.platform}",
                entry.key_span,
                hint=f"did you mean '{near}'?" if near else f"the events are {', '.join(events)}",
                fix=Fix.word(entry.key_span, sure) if sure else None,
            )
        if entry.value.is_null or entry.value.kind is not NodeKind.SCALAR or not entry.value.text:
            self.problems.error(
                "deploy/hook-function",
                f"'{brief(entry.key)}' names no function",
                entry.key_span,
                hint="write the name or the ARN of one Lambda function",
            )

    def elsewhere(self, event: str) -> str:
        if event in _SERVERS_ONLY or (event in SCRIPTABLE and "Block" in event):
            return "EC2/on-premises"
        other = ComputePlatform.ECS if self.platform is ComputePlatform.LAMBDA else None
        return str(other) if other and event in HOOKS[other] else ""

    def get(self, node: Node, name: str) -> Node | None:
        """Give a value by its key in any case; None where it is absent or null."""
        entry = self.entry(node, name)
        return None if entry is None or entry.value.is_null else entry.value

    def entry(self, node: Node, name: str) -> Entry | None:
        """Give an entry by its key in any case, with or without a value."""
        for key, entry in node.entries.items():
            if key.casefold() == name.casefold():
                return entry
        return None

    def required(self, node: Node, name: str, what: str, at: Span) -> Node | None:
        found = self.get(node, name)
        if found is None or (found.kind is NodeKind.SCALAR and not found.text):
            entry = self.entry(node, name)
            lacks = "has no value" if entry else "is missing"
            self.problems.error(
                "deploy/missing-key",
                f"'{name}' {lacks} in {what}",
                entry.key_span if entry else at,
            )
        return found

    def unknown(self, node: Node, known: tuple[str, ...], what: str) -> None:
        folded = {name.casefold() for name in known}
        present = {key.casefold() for key in node.entries}
        for key, entry in node.entries.items():
            if key.casefold() in folded:
                continue
            note_unknown(
                entry,
                self.problems,
                rule="deploy/unknown-key",
                what=what,
                known=known,
                free=tuple(name for name in known if name.casefold() not in present),
            )

    def shape(self, node: Node, message: str) -> None:
        self.problems.error("deploy/wrong-shape", message, node.span)
