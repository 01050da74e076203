import pytest

from cicd.backends.secret_reference import (
    SecretReference,
    parameter_variable,
    read_secret_reference,
    secret_variable,
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


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("/CodeBuild/x/y", "CICD_PARAMETER_CODEBUILD_X_Y"),
        ("db-password", "CICD_PARAMETER_DB_PASSWORD"),
        ("/a.b//c:3", "CICD_PARAMETER_A_B_C_3"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/CodeBuild/x", "CICD_PARAMETER_CODEBUILD_X"),
    ],
)
def test_each_parameter_has_a_variable(name, variable):
    assert variable == parameter_variable(name)


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("team/bot:key", "CICD_SECRET_TEAM_BOT"),
        (f"{ARN}:key", "CICD_SECRET_TEAM_BOT"),
        ("team/bot:key:AWSCURRENT", "CICD_SECRET_TEAM_BOT"),
        ("team/bot:key:AWSPREVIOUS", "CICD_SECRET_TEAM_BOT_AWSPREVIOUS"),
        ("team/bot:::v-1", "CICD_SECRET_TEAM_BOT_V_1"),
    ],
)
def test_each_secret_has_a_variable_and_other_versions_have_their_own(text, variable):
    assert variable == secret_variable(read_secret_reference(text))
