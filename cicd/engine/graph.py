"""What needs what: the one door to networkx."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

N = TypeVar("N", bound=Hashable)


class Dag(Generic[N]):
    """
    A directed graph that should have no cycles; ``cycle`` says whether it has one.

    Whatever comes in several possible orders comes in the order in which the nodes were given.
    """

    def __init__(self, nodes: Iterable[N], edges: Iterable[tuple[N, N]]) -> None:
        """Take edges as (before, after); raises ``ValueError`` for an edge of unknown nodes."""
        from networkx import DiGraph

        self._position = {node: position for position, node in enumerate(dict.fromkeys(nodes))}
        self._graph: DiGraph[N] = DiGraph()
        self._graph.add_nodes_from(self._position)
        for before, after in edges:
            for node in (before, after):
                if node not in self._position:
                    raise ValueError(f"{node!r} is not a node")
            self._graph.add_edge(before, after)

    def order(self) -> tuple[N, ...]:
        """Give all nodes, each after those it needs; raises ``ValueError`` on a cycle."""
        from networkx import NetworkXUnfeasible, lexicographical_topological_sort

        try:
            return tuple(lexicographical_topological_sort(self._graph, self._position.__getitem__))
        except NetworkXUnfeasible:
            raise ValueError(f"{self.cycle()} is a cycle") from None

    def ready(self, done: Collection[N]) -> tuple[N, ...]:
        """Give the nodes that are not done and need only what is done."""
        return tuple(
            node
            for node in self._position
            if node not in done and all(before in done for before in self._graph.pred[node])
        )

    def cycle(self) -> tuple[N, ...] | None:
        """Give the nodes of one cycle, each an edge before the next and the last before the
        first, beginning with the node given first; None when there is none."""
        from networkx import NetworkXNoCycle, find_cycle

        try:
            nodes = [edge[0] for edge in find_cycle(self._graph)]
        except NetworkXNoCycle:
            return None
        first = nodes.index(min(nodes, key=self._position.__getitem__))
        return tuple(nodes[first:] + nodes[:first])

    def successors(self, node: N) -> tuple[N, ...]:
        """Give the nodes that need ``node`` directly."""
        return tuple(sorted(self._graph.succ[node], key=self._position.__getitem__))
