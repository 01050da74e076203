import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd.build.secrets.reference import (
    SecretReference,
    parameter_version,
    read_secret_reference,
    under_key,
)
from cicd.errors import UsageError

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/bot-AbCdEf"


def reference(secret_id, json_key="", stage="AWSCURRENT", version_id=""):
    return SecretReference(
        secret_id=secret_id, json_key=json_key, version_stage=stage, version_id=version_id
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", reference("name")),
        ("name:key", reference("name", "key")),
        ("team/bot:actions read", reference("team/bot", "actions read")),
        ("name:key:AWSPREVIOUS", reference("name", "key", "AWSPREVIOUS")),
        ("name:key::v-1", reference("name", "key", "", "v-1")),
        ("name:::v-1", reference("name", "", "", "v-1")),
        ("name::", reference("name")),
        ("name:::", reference("name")),
        (ARN, reference(ARN)),
        (f"{ARN}:key", reference(ARN, "key")),
        (f"{ARN}:key:AWSPREVIOUS", reference(ARN, "key", "AWSPREVIOUS")),
        (f"{ARN}:key::v-1", reference(ARN, "key", "", "v-1")),
        (f"{ARN}:::v-1", reference(ARN, "", "", "v-1")),
    ],
)
def test_references_are_read_by_their_fields_and_an_arn_has_seven(text, expected):
    assert expected == read_secret_reference(text)


@pytest.mark.parametrize(
    "text", ["", ":key", "a:b:c:d:e", "arn:aws:secretsmanager:eu:1:secret", "arn:", f"{ARN}::::"]
)
def test_what_names_no_secret_is_refused(text):
    with pytest.raises(UsageError, match="does not name a secret"):
        read_secret_reference(text)


def test_stage_and_id_exclude_each_other():
    with pytest.raises(UsageError, match="both a version stage and a version id"):
        read_secret_reference("name:key:AWSCURRENT:v-1")


@given(
    st.from_regex(r"[A-Za-z0-9/_+=.@-]{1,40}", fullmatch=True).filter(lambda n: n != "arn"),
    st.text().filter(lambda key: ":" not in key),
    st.sampled_from(["", "AWSCURRENT", "AWSPREVIOUS", "MY-LABEL"]),
    st.one_of(st.just(""), st.uuids().map(str)),
    st.booleans(),
)
def test_what_was_put_together_is_taken_apart_again(name, key, stage, version_id, in_full):
    secret_id = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
    secret_id = secret_id if in_full else name
    text = f"{secret_id}:{key}:{stage}:{version_id}".rstrip(":")
    if stage and version_id:
        with pytest.raises(UsageError):
            read_secret_reference(text)
        return
    found = read_secret_reference(text)
    assert (
        reference(secret_id, key, stage or ("" if version_id else "AWSCURRENT"), version_id)
        == found
    )
    assert name == found.name or not in_full


@given(st.text())
def test_any_text_is_a_reference_or_refused_in_words(text):
    try:
        assert read_secret_reference(text).secret_id
    except UsageError as refused:
        assert refused.hint


@given(st.text(), st.text(min_size=1))
def test_a_key_is_found_or_refused_without_the_value(value, key):
    asked = reference("s", key)
    with pytest.raises(UsageError):
        under_key(json.dumps([value]), asked, hint="x")
    assert value == under_key(json.dumps({key: value}), asked, hint="x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/x/y", ("/x/y", "")),
        ("/x/y:3", ("/x/y", "3")),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/x/y:3", ("/x/y", "3")),
    ],
)
def test_a_parameters_version_stands_behind_its_name(name, expected):
    assert expected == parameter_version(name)
