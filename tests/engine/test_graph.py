from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine.graph import Dag


def test_an_order_respects_needs_and_then_the_order_given():
    dag = Dag("dcba", [("a", "b"), ("c", "d")])
    assert ("c", "d", "a", "b") == dag.order()


def test_ready_is_what_needs_only_what_is_done():
    dag = Dag("abcd", [("a", "c"), ("b", "c"), ("c", "d")])
    assert ("a", "b") == dag.ready(())
    assert ("b",) == dag.ready({"a"})
    assert ("c",) == dag.ready({"a", "b"})
    assert () == dag.ready("abcd")


def test_successors_are_the_direct_ones():
    dag = Dag("abcd", [("a", "d"), ("a", "b"), ("b", "c")])
    assert ("b", "d") == dag.successors("a")
    assert () == dag.successors("c")


def test_a_cycle_is_told_from_the_node_given_first():
    dag = Dag("xabc", [("x", "c"), ("c", "a"), ("a", "b"), ("b", "c")])
    assert ("a", "b", "c") == dag.cycle()


def test_a_node_that_needs_itself_is_a_cycle():
    assert ("a",) == Dag("a", [("a", "a")]).cycle()


def test_a_graph_with_a_cycle_has_no_order():
    with pytest.raises(ValueError, match="cycle"):
        Dag("ab", [("a", "b"), ("b", "a")]).order()


def test_an_edge_of_unknown_nodes_is_refused():
    with pytest.raises(ValueError, match="'z' is not a node"):
        Dag("a", [("a", "z")])


def test_nothing_at_all_is_a_graph():
    dag = Dag((), ())
    assert ((), (), None) == (dag.order(), dag.ready(()), dag.cycle())


@st.composite
def dags(draw):
    size = draw(st.integers(1, 8))
    pairs = [(a, b) for b in range(size) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    nodes = draw(st.permutations(range(size)))
    return nodes, edges


@settings(max_examples=100)
@given(dags())
def test_every_order_respects_every_edge(case):
    nodes, edges = case
    dag = Dag(nodes, edges)
    order = dag.order()
    assert sorted(nodes) == sorted(order)
    assert all(order.index(a) < order.index(b) for a, b in edges)
    assert dag.cycle() is None


@settings(max_examples=100)
@given(dags(), st.randoms(use_true_random=False))
def test_ready_grows_only_by_what_a_finished_node_frees(case, random):
    nodes, edges = case
    dag = Dag(nodes, edges)
    done = set()
    while ready := dag.ready(done):
        node = random.choice(ready)
        done.add(node)
        grown = set(dag.ready(done)) - set(ready)
        assert grown <= set(dag.successors(node))
        assert set(ready) - {node} <= set(dag.ready(done))
    assert set(nodes) == done


@settings(max_examples=100)
@given(dags(), st.data())
def test_an_added_back_edge_is_found_with_a_cycle_that_really_is_one(case, data):
    nodes, edges = case
    reach = {(n, n) for n in nodes} | set(edges)
    for middle in nodes:
        reach |= {(a, d) for a, b in reach if b == middle for c, d in reach if c == middle}
    before, after = data.draw(st.sampled_from(sorted(reach)))
    edges = [*edges, (after, before)]
    cycle = Dag(nodes, edges).cycle()
    assert cycle is not None
    assert len(set(cycle)) == len(cycle)
    pairs = zip(cycle, (*cycle[1:], cycle[0]), strict=True)
    assert all(pair in edges for pair in pairs)
