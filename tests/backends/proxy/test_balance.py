from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cicd.backends.proxy.balance import Group, Member, MemberState, Route
from cicd.backends.proxy.health import judge
from cicd.ports import Endpoint, HealthCheck

A, B = Endpoint(host="a", port=1), Endpoint(host="b", port=2)


def group(**states):
    made = Group("g")
    for name, state in states.items():
        made.register(Endpoint(host=name, port=1)).state = state
    return made


def hosts(made, count=6):
    return {made.choose().endpoint.host for _ in range(count)}


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5).filter(any), st.integers(1, 300))
def test_any_run_of_requests_is_as_close_to_the_weights_as_it_can_be(weights, count):
    route = Route({str(number): weight for number, weight in enumerate(weights)})
    got = Counter(route.choose() for _ in range(count))
    for number, weight in enumerate(weights):
        assert abs(got[str(number)] - count * weight / sum(weights)) < len(weights)


def test_a_group_without_weight_gets_nothing():
    route = Route({"blue": 100, "green": 0})
    assert {"blue"} == {route.choose() for _ in range(50)}
    route.set_weights({"blue": 0, "green": 0})
    assert route.choose() is None


def test_healthy_members_take_turns():
    made = group(a=MemberState.HEALTHY, b=MemberState.HEALTHY, c=MemberState.UNHEALTHY)
    assert {"a": 3, "b": 3} == Counter(made.choose().endpoint.host for _ in range(6))


def test_a_group_that_is_ill_as_a_whole_still_answers_but_for_who_drains():
    made = group(a=MemberState.UNHEALTHY, b=MemberState.INITIAL, c=MemberState.DRAINING)
    assert {"a", "b"} == hosts(made)


def test_a_member_that_was_tried_is_not_tried_again():
    made = group(a=MemberState.HEALTHY, b=MemberState.HEALTHY)
    first = made.choose()
    second = made.choose(frozenset({first.endpoint}))
    assert first is not second
    assert made.choose(frozenset({first.endpoint, second.endpoint})) is None


def test_a_draining_member_that_is_registered_again_begins_anew():
    made = Group("g")
    made.register(A).state = MemberState.DRAINING
    assert MemberState.INITIAL is made.register(A).state


def test_one_success_heals_and_two_failures_in_a_row_make_ill():
    member, check = Member(A), HealthCheck()
    states = []
    for healthy in (False, True, False, True, False, False, True):
        judge(member, check, healthy=healthy)
        states.append(member.state.value)
    assert [
        *("initial", "healthy", "healthy", "healthy"),
        *("healthy", "unhealthy", "healthy"),
    ] == states


def test_who_waits_is_told_once_when_the_last_request_ends():
    member, told = Member(B), []
    member.begin()
    member.begin()
    member.on_idle.append(lambda: told.append(member.in_flight))
    member.end()
    assert [] == told
    member.end()
    assert [0] == told
