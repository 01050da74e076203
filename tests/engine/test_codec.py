from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine.codec import decode, encode, encode_and_keep
from cicd.engine.process import Cancel, Decision, Outcome, OutcomeStatus
from cicd.errors import Unavailable
from cicd.event import JSON
from cicd.ports import Artifact, Environment, Mount, MountMode, TargetSpec


class Phase(StrEnum):
    PRE_BUILD = "PRE_BUILD"
    BUILD = "BUILD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    key: str
    phase: Phase
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    key: str
    into: Path | None = None


Do = Run | Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    name: str
    type: str  # AWS's own field of that name


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    commands: tuple[Do, ...] = ()
    first: Do | None = None
    last: Run | None = None
    variables: tuple[Variable, ...] = ()
    limits: tuple[int, float] = (1, 1.0)
    timeout: timedelta = timedelta(hours=1)
    at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    places: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    phases: Mapping[Phase, bool] = field(default_factory=lambda: MappingProxyType({}))
    detail: Mapping[str, JSON] = field(default_factory=dict)
    anything: JSON = None
    number_or_text: int | str = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    value: Variable | Run


def test_a_dataclass_on_its_own_carries_the_name_of_its_class():
    expected = {"type": "Run", "key": "BUILD/1/1", "phase": "BUILD", "attempt": 1}
    assert expected == encode(Run(key="BUILD/1/1", phase=Phase.BUILD))


def test_a_member_of_a_union_is_found_again_by_name():
    upload = Upload(key="u", into=Path("/out"))
    assert {"type": "Upload", "key": "u", "into": "/out"} == encode(upload)
    assert upload == decode(Do, encode(upload))


def test_members_of_a_union_inside_carry_their_names_and_others_do_not():
    plan = Plan(
        commands=(Run(key="r", phase=Phase.BUILD),),
        last=Run(key="l", phase=Phase.BUILD),
        variables=(Variable(name="A", type="PLAINTEXT"),),
    )
    data = encode(plan)
    assert [{"type": "Run", "key": "r", "phase": "BUILD", "attempt": 1}] == data["commands"]
    assert {"key": "l", "phase": "BUILD", "attempt": 1} == data["last"]
    assert [{"name": "A", "type": "PLAINTEXT"}] == data["variables"]
    assert plan == decode(Plan, data)


def test_a_field_named_type_is_a_field():
    variable = Variable(name="A", type="PARAMETER_STORE")
    assert {"name": "A", "type": "PARAMETER_STORE"} == encode(variable)
    assert variable == decode(Variable, encode(variable))


def test_a_class_with_a_field_named_type_cannot_be_one_of_several():
    with pytest.raises(TypeError, match="has a field 'type'"):
        encode(Typed(value=Variable(name="A", type="X")))


def test_a_time_is_written_in_utc_with_microseconds():
    at = datetime(2024, 5, 6, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    assert "2024-05-06T07:00:00.000000Z" == encode(at)
    assert at == decode(datetime, "2024-05-06T07:00:00.000000Z")


def test_a_time_without_a_zone_is_refused_both_ways():
    with pytest.raises(TypeError):
        encode(datetime(2024, 5, 6))  # noqa: DTZ001
    with pytest.raises(Unavailable):
        decode(datetime, "2024-05-06T07:00:00")


def test_a_duration_is_written_in_seconds():
    assert [90, 0.5] == [encode(timedelta(seconds=90)), encode(timedelta(milliseconds=500))]


def test_values_of_ports_go_through():
    environment = Environment(
        image="a:1",
        mounts=(Mount(name="src", source=Path("/s"), mode=MountMode.COPY_ON_WRITE),),
        variables=MappingProxyType({"A": "b"}),
        cpus=2,
    )
    for value in (
        environment,
        TargetSpec(id="web-1", location="/i", variables=(("PORT", "8091"),)),
        Artifact(digest="00", size=1, files=1),
        Cancel(key="k", reason="STOPPED"),
    ):
        assert value == decode(type(value), encode(value))


def test_an_outcome_reads_as_it_was_written():
    outcome = Outcome(status=OutcomeStatus.FAILED, detail={"exit": 2, "deep": {"a": [1, None]}})
    assert outcome == decode(Outcome, encode(outcome))


def test_a_missing_field_takes_its_default():
    assert Run(key="k", phase=Phase.BUILD) == decode(Run, {"key": "k", "phase": "BUILD"})


@pytest.mark.parametrize(
    "data",
    [
        {"phase": "BUILD"},
        {"key": "k", "phase": "build"},
        {"key": "k", "phase": "BUILD", "attempt": "1"},
        {"key": "k", "phase": "BUILD", "attempt": True},
        {"key": "k", "phase": "BUILD", "attempt": 1.0},
        {"key": "k", "phase": "BUILD", "attempt": None},
        {"key": "k", "phase": "BUILD", "surprise": 1},
        {"key": "k", "phase": "BUILD", "type": "Upload"},
        {"key": 7, "phase": "BUILD"},
        [],
        None,
        "text",
    ],
)
def test_data_that_was_not_written_here_is_refused_in_words(data):
    with pytest.raises(Unavailable) as caught:
        decode(Run, data)
    assert caught.value.hint is not None


@pytest.mark.parametrize("data", [{}, {"type": "Nope"}, {"type": ["Run"]}, [], None, 1])
def test_data_of_no_member_of_a_union_is_refused(data):
    with pytest.raises(Unavailable):
        decode(Do, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("limits", [1]),
        ("limits", [1, 2, 3]),
        ("timeout", "1"),
        ("timeout", float("inf")),
        ("timeout", 1e300),
        ("at", "yesterday"),
        ("at", 5),
        ("places", []),
        ("number_or_text", None),
        ("number_or_text", [1]),
        ("phases", {"INSTALL": True}),
        ("last", []),
    ],
)
def test_a_field_of_another_shape_is_refused(name, data):
    with pytest.raises(Unavailable):
        decode(Plan, {name: data})


@pytest.mark.parametrize(
    "value",
    [
        Run(key=1, phase=Phase.BUILD),
        Run(key="k", phase="BUILD"),
        Run(key="k", phase=Phase.BUILD, attempt=True),
        Plan(commands=[Run(key="k", phase=Phase.BUILD)]),
        Plan(detail={"a": float("nan")}),
        Plan(detail={1: "a"}),
        Plan(detail={"a": object()}),
        Plan(number_or_text=1.5),
        Decision(start=(object(),)),
        object(),
        {1: 2},
    ],
)
def test_a_value_that_is_not_what_it_declares_cannot_be_written(value):
    with pytest.raises((TypeError, NameError)):
        encode(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
paths = st.text("abc/. é", min_size=1).map(Path)
runs = st.builds(Run, key=st.text(), phase=st.sampled_from(Phase), attempt=st.integers())
uploads = st.builds(Upload, key=st.text(), into=st.none() | paths)
plans = st.builds(
    Plan,
    commands=st.lists(runs | uploads, max_size=3).map(tuple),
    first=st.none() | runs | uploads,
    last=st.none() | runs,
    variables=st.lists(st.builds(Variable, name=st.text(), type=st.text())).map(tuple),
    limits=st.tuples(st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    timeout=st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    at=st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-9)))).filter(
        lambda at: 2 < at.year < 9998
    ),
    places=st.dictionaries(st.text(), paths, max_size=3),
    phases=st.dictionaries(st.sampled_from(Phase), st.booleans()),
    detail=st.dictionaries(st.text(), json_values, max_size=3),
    anything=json_values,
    number_or_text=st.integers() | st.text(),
)


@settings(max_examples=100)
@given(plans)
def test_decode_undoes_encode(plan):
    import json

    assert plan == decode(Plan, json.loads(json.dumps(encode(plan))))


def test_what_was_just_written_is_read_as_the_very_same_object_if_it_is_of_the_type():
    import json

    run = Run(key="k", phase=Phase.BUILD)
    written = encode_and_keep(run)
    assert run is decode(Run, written) is decode(Do, written)
    assert encode(run) == written == json.loads(json.dumps(written))
    assert run is not decode(Run, json.loads(json.dumps(written)))
    with pytest.raises(Unavailable):
        decode(Upload, written)


@settings(max_examples=100)
@given(json_values)
def test_any_data_is_read_or_refused_but_never_crashes(data):
    for type_ in (Run, Plan, Do, Outcome):
        with suppress(Unavailable):
            decode(type_, data)
