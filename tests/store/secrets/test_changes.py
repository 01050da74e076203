from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd.errors import UsageError
from cicd.store.secrets.changes import (
    KEPT,
    put_parameter,
    put_secret,
    remove_parameter,
    remove_secret,
)
from cicd.store.secrets.content import Content, ParameterType

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def with_secrets(*puts):
    """Versions "v0", "v1" … of the secret "s", each with its value and its labels."""
    content = Content()
    for number, stages in enumerate(puts):
        content = put_secret(
            content,
            "s",
            f"value {number}",
            at=AT + timedelta(seconds=number),
            new_id=f"v{number}",
            suffix=f"suff{number:02d}",
            stages=stages,
        )
    return content


def stages_of(content):
    return {v.id: v.stages for v in content.secrets["s"].versions if v.stages}


def test_the_first_version_is_current_whatever_its_labels():
    assert {"v0": ("AWSCURRENT",)} == stages_of(with_secrets(()))
    assert {"v0": ("AWSPENDING", "AWSCURRENT")} == stages_of(with_secrets(("AWSPENDING",)))


def test_the_current_version_becomes_the_previous_one():
    found = stages_of(with_secrets((), (), ()))
    assert {"v1": ("AWSPREVIOUS",), "v2": ("AWSCURRENT",)} == found


def test_labels_of_ones_own_leave_the_current_version_where_it_is():
    content = with_secrets((), ("AWSPENDING",))
    assert {"v0": ("AWSCURRENT",), "v1": ("AWSPENDING",)} == stages_of(content)
    moved = with_secrets((), ("AWSPENDING",), ("AWSPENDING",))
    assert {"v0": ("AWSCURRENT",), "v2": ("AWSPENDING",)} == stages_of(moved)


@given(st.lists(st.lists(st.sampled_from(["AWSCURRENT", "AWSPREVIOUS", "A", "B"]), max_size=3)))
def test_a_label_is_on_one_version_and_there_is_a_current_one(puts):
    content = with_secrets((), *map(tuple, puts))
    labels = [stage for stages in stages_of(content).values() for stage in stages]
    assert len(labels) == len(set(labels))
    assert "AWSCURRENT" in labels
    assert {f"secret:{v.id}" for v in content.secrets["s"].versions} == set(content.values)


def test_what_has_no_label_is_forgotten_after_a_hundred_versions():
    content = with_secrets(*[()] * (KEPT + 5))
    versions = content.secrets["s"].versions
    assert (KEPT, KEPT) == (len(versions), len(content.values))
    assert "v104" == versions[-1].id


def test_description_and_arn_stay():
    content = put_secret(
        Content(), "s", "a", at=AT, new_id="1", suffix="first1", description="mine"
    )
    content = put_secret(content, "s", "b", at=AT, new_id="2", suffix="other2")
    assert ("mine", "first1") == (content.secrets["s"].description, content.secrets["s"].suffix)


def test_parameters_count_their_versions_and_keep_their_type():
    content = put_parameter(Content(), "/a", "x", at=AT)
    assert ParameterType.SECURE_STRING == content.parameters["/a"].version().type
    content = put_parameter(content, "/a", "y", at=AT, type_=ParameterType.STRING)
    content = put_parameter(content, "/a", "z", at=AT)
    found = content.parameters["/a"]
    assert [(1, "SecureString"), (2, "String"), (3, "String")] == [
        (v.version, v.type) for v in found.versions
    ]
    assert ["x", "y", "z"] == [content.parameter_value("/a", v) for v in found.versions]
    for _ in range(KEPT):
        content = put_parameter(content, "/a", "w", at=AT)
    assert (KEPT, KEPT + 3) == (len(content.values), content.parameters["/a"].version().version)
    assert None is content.parameters["/a"].version(3)


def test_what_is_removed_leaves_no_value():
    content = put_parameter(with_secrets((), ()), "/a", "x", at=AT)
    assert Content() == remove_parameter(remove_secret(content, "s"), "/a")
    for remove in (remove_secret, remove_parameter):
        with pytest.raises(UsageError, match="there is no"):
            remove(Content(), "s")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "letters"),
        ("a b", "letters"),
        ("a/b", "/a/b"),
        ("/a//b", "between two slashes"),
        ("/a/", "after the last one"),
        ("/" + "/".join("abcdefghijklmnop"), "15 levels"),
        ("/AWS/x", "the service's own"),
        ("ssm-x", "the service's own"),
        ("x" * 1012, "1011"),
    ],
)
def test_names_of_parameters_are_the_services(name, said):
    with pytest.raises(UsageError) as refused:
        put_parameter(Content(), name, "x", at=AT)
    assert said in refused.value.hint


@pytest.mark.parametrize("value", ["", "a\0b", "x" * 8193])
def test_values_that_no_build_could_take_are_refused_unseen(value):
    with pytest.raises(UsageError) as refused:
        put_parameter(Content(), "/a", value, at=AT)
    assert "x" * 20 not in refused.value.message


def test_a_list_has_no_empty_element():
    with pytest.raises(UsageError, match="empty element"):
        put_parameter(Content(), "/a", "a,,b", at=AT, type_=ParameterType.STRING_LIST)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "x" * 513])
def test_names_of_secrets_are_the_services(name):
    with pytest.raises(UsageError, match="cannot be the name of a secret"):
        put_secret(Content(), name, "x", at=AT, new_id="1", suffix="abcdef")
