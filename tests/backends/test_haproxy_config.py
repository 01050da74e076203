from hypothesis import given
from hypothesis import strategies as st

from cicd.backends.traffic.haproxy_config import HEAVIEST, server_weights


@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.tuples(st.integers(0, 100), st.integers(1, 20)),
        min_size=1,
    )
)
def test_the_groups_of_a_route_have_the_shares_that_were_asked_for(groups):
    weights = {name: weight for name, (weight, _) in groups.items()}
    counts = {name: count for name, (_, count) in groups.items()}
    single = server_weights(weights, counts)
    assert all(0 <= weight <= HEAVIEST for weight in single.values())
    assert {name for name in weights if weights[name]} == {n for n in single if single[n]}
    total = sum(single[name] * counts[name] for name in groups)
    if total and all(count <= 3 for count in counts.values()):
        for name in groups:
            share = single[name] * counts[name] / total
            assert abs(share - weights[name] / sum(weights.values())) < 0.015


def test_a_group_without_servers_has_no_weight_to_give():
    assert {"blue": 1, "green": 0} == server_weights(
        {"blue": 50, "green": 50}, {"blue": 2, "green": 0}
    )
