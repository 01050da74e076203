from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest

from cicd.backends.secrets_environment import EnvironmentSecrets
from cicd.build.environment_variable import Variable, VariableType
from cicd.build.plan import SourcePlan
from cicd.build.secrets.resolve import Unresolved, resolve
from cicd.build.spec import EnvironmentVariable
from cicd.build.variables import built_in, is_reserved, layered
from cicd.document.position import Source, Span
from cicd.testing.fakes import MemorySecrets
from tests.build.machine import NOW, plan

SPAN = Span(source=Source(name="b", text=""), line=1, column=1, end_line=1, end_column=1)


def of_spec(name, value, type_=VariableType.PLAINTEXT):
    return EnvironmentVariable(name=name, value=value, type=type_, span=SPAN)


def test_the_stronger_layer_replaces_value_and_type():
    found = layered(
        [of_spec("A", "spec"), of_spec("B", "spec"), of_spec("C", "spec")],
        [
            Variable(name="B", value="s", type=VariableType.SECRETS_MANAGER),
            Variable(name="C", value="project"),
        ],
        [Variable(name="B", value="override"), Variable(name="CODEBUILD_BUILD_ID", value="no")],
    )
    assert [
        Variable(name="A", value="spec"),
        Variable(name="B", value="override"),
        Variable(name="C", value="project"),
    ] == list(found)


def test_within_a_buildspec_secrets_manager_wins_then_parameter_store():
    found = layered(
        [
            of_spec("A", "s", VariableType.SECRETS_MANAGER),
            of_spec("A", "p", VariableType.PARAMETER_STORE),
            of_spec("A", "v"),
        ],
        [],
        [],
    )
    assert [("A", "s")] == [(v.name, v.value) for v in found]


def test_secrets_are_resolved_and_named_as_such():
    variables = [
        Variable(name="A", value="plain"),
        Variable(name="P", value="/p", type=VariableType.PARAMETER_STORE),
        Variable(name="S", value="s", type=VariableType.SECRETS_MANAGER),
    ]
    assert ({"A": "plain", "P": "pv", "S": "sv"}, ("pv", "sv")) == resolve(
        variables, MemorySecrets({"/p": "pv"}, {"s": "sv"})
    )


@pytest.mark.parametrize(
    ("type_", "value", "code", "message", "hint"),
    [
        (
            VariableType.PARAMETER_STORE,
            "/x/y",
            "Decrypted Variables Error",
            "parameter does not exist: /x/y",
            "give parameter /x/y",
        ),
        (
            VariableType.SECRETS_MANAGER,
            "gone",
            "Secrets Manager Error Message",
            "ResourceNotFoundException: Secrets Manager can't find the specified secret: gone",
            "give secret gone",
        ),
    ],
)
def test_what_is_missing_is_told_in_the_services_words(type_, value, code, message, hint):
    found = resolve([Variable(name="X", value=value, type=type_)], MemorySecrets())
    assert Unresolved(code=code, message=message, hint=hint) == found


def test_a_reference_that_cannot_be_read_is_told_with_its_hint():
    reference = Variable(name="X", value="a:b:c:d:e", type=VariableType.SECRETS_MANAGER)
    found = resolve([reference], EnvironmentSecrets({}))
    assert "'a:b:c:d:e' does not name a secret" == found.message
    assert (
        "write secret-id:json-key:version-stage:version-id, the last three if needed" == found.hint
    )


def test_the_switches_of_auto_discovery_are_the_users_own():
    assert [True, False, False] == [
        is_reserved(name)
        for name in ("CODEBUILD_SRC_DIR", "CODEBUILD_CONFIG_AUTO_DISCOVER", "MY_CODEBUILD_")
    ]


def test_the_start_is_in_milliseconds():
    told = built_in(plan(), {"src": "/s"}, NOW)
    assert ("1767323045000", "/s") == (told["CODEBUILD_START_TIME"], told["CODEBUILD_SRC_DIR"])
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION" not in told


def test_every_variable_of_the_guide_has_its_value():
    source = SourcePlan(
        identifier="",
        directory=Path("/a"),
        type="GITHUB",
        location="https://h/r",
        version="v1",
        resolved_version="c0ffee",
    )
    bucket = SourcePlan(
        identifier="lib",
        directory=Path("/b"),
        type="S3",
        location="b/k.zip",
        version="7",
        resolved_version="beef",
    )
    planned = replace(
        plan(), sources=(source, bucket), webhook=(("CODEBUILD_WEBHOOK_EVENT", "PUSH"),)
    )
    told = built_in(planned, {"src": "/s", "src_lib": "/l"}, NOW)
    build = "arn:aws:codebuild:us-east-1:123456789012:build/app:1"
    assert {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "CODEBUILD_BUILD_ARN": build,
        "CODEBUILD_BUILD_ID": "app:1",
        "CODEBUILD_BUILD_IMAGE": "aws/codebuild/standard:7.0",
        "CODEBUILD_BUILD_NUMBER": "1",
        "CODEBUILD_BUILD_URL": told["CODEBUILD_BUILD_URL"],
        "CODEBUILD_INITIATOR": "tester",
        "CODEBUILD_KMS_KEY_ID": "arn:aws:kms:us-east-1:123456789012:alias/aws/s3",
        "CODEBUILD_LOG_PATH": "1",
        "CODEBUILD_PROJECT_ARN": "arn:aws:codebuild:us-east-1:123456789012:project/app",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": "c0ffee",
        "CODEBUILD_SOURCE_REPO_URL": "https://h/r",
        "CODEBUILD_SOURCE_REPO_URL_lib": "s3://b/k.zip",
        "CODEBUILD_SOURCE_VERSION": "v1",
        "CODEBUILD_SOURCE_VERSION_lib": "7",
        "CODEBUILD_SRC_DIR": "/s",
        "CODEBUILD_SRC_DIR_lib": "/l",
        "CODEBUILD_START_TIME": "1767323045000",
        "CODEBUILD_WEBHOOK_EVENT": "PUSH",
    } == told
    assert (
        "app:1"
        in b64decode(told["CODEBUILD_BUILD_URL"].split("/builds/")[1].split("/")[0]).decode()
    )


def test_the_key_of_a_project_is_told_to_its_commands():
    told = built_in(replace(plan(), encryption_key="alias/mine"), {"src": "/s"}, NOW)
    assert "alias/mine" == told["CODEBUILD_KMS_KEY_ID"]


def test_an_object_of_a_bucket_has_no_commit():
    source = SourcePlan(
        identifier="", directory=Path("/a"), type="S3", location="b/k", resolved_version="c0ffee"
    )
    told = built_in(replace(plan(), sources=(source,)), {"src": "/s"}, NOW)
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION" not in told
