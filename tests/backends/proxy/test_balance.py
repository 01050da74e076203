from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cicd.backends.proxy.balance import Group, Member, MemberState, Route
from cicd.backends.proxy.health import judge
from cicd.backends.proxy.table import Table
from cicd.ports import Endpoint, HealthCheck

A, B = Endpoint(host="a", port=1), Endpoint(host="b", port=2)


def group(**states):
    made = Group("g")
    for name, state in states.items():
        made.register(Endpoint(host=name, port=1)).state = state
    return made


def table(weights, **groups):
    made = Table({}, routes={"web": Route(weights)})
    for name, states in groups.items():
        made.groups[name] = group(**states)
    return made


def chosen(made, count):
    return Counter(made.choose("web")[1].endpoint.host for _ in range(count))


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
    made = table(
        {"blue": 100},
        blue={"a": MemberState.HEALTHY, "b": MemberState.HEALTHY, "c": MemberState.UNHEALTHY},
    )
    assert {"a": 3, "b": 3} == chosen(made, 6)


def test_a_group_that_is_ill_as_a_whole_leaves_its_share_to_the_others():
    made = table(
        {"blue": 50, "green": 40, "red": 10},
        blue={"a": MemberState.HEALTHY},
        green={"b": MemberState.UNHEALTHY, "c": MemberState.INITIAL},
        red={"d": MemberState.HEALTHY},
    )
    assert {"a": 50, "d": 10} == chosen(made, 60)


def test_where_all_are_ill_all_are_tried_but_for_who_drains():
    made = table(
        {"blue": 50, "green": 50, "red": 0},
        blue={"a": MemberState.UNHEALTHY, "b": MemberState.DRAINING},
        green={"c": MemberState.INITIAL},
        red={"d": MemberState.HEALTHY},
    )
    assert {"a": 5, "c": 5} == chosen(made, 10)


def test_a_request_that_is_sent_again_stays_with_its_group_if_it_can():
    made = table(
        {"blue": 50, "green": 50},
        blue={"a": MemberState.HEALTHY, "b": MemberState.HEALTHY},
        green={"c": MemberState.HEALTHY},
    )
    first, second, third = (Endpoint(host=name, port=1) for name in "abc")
    blue = made.group("blue")
    assert (blue, blue.members[second]) == made.choose("web", {first}, blue)
    assert made.group("green").members[third] is made.choose("web", {first, second}, blue)[1]
    assert made.choose("web", {first, second, third}, blue) is None


def test_a_route_to_nobody_says_so():
    assert table({"blue": 100}).choose("web") is None


def test_a_draining_member_that_is_registered_again_begins_anew():
    made = Group("g")
    made.register(A).state = MemberState.DRAINING
    assert MemberState.INITIAL is made.register(A).state


def test_one_success_heals_and_two_failures_in_a_row_make_ill():
    member, check = Member(A), HealthCheck()
    states = []
    for healthy in (False, True, False, True, False, False, True):
        judge(member, check, "" if healthy else "it is ill")
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
