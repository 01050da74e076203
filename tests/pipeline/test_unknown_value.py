"""What is not known, and what is looked up, of an action's configuration."""

import json
from dataclasses import replace

import pytest

from cicd.errors import UsageError
from cicd.pipeline.dynamic_references import looked_up, masked
from cicd.pipeline.result import FailureType, failed
from cicd.pipeline.unknown_value import placeholder, refuse_unknown
from cicd.testing.fakes import MemorySecrets


def test_a_value_that_an_action_needs_is_refused_with_what_to_give():
    with pytest.raises(UsageError) as refused:
        refuse_unknown({"ProjectName": placeholder("ImportValue.build")})
    assert "imports: {build: VALUE}" in refused.value.hint
    refuse_unknown({"ConnectionArn": placeholder("ImportValue.connection"), "Branch": "main"})


def test_a_dynamic_reference_is_replaced_by_what_this_machine_keeps():
    secrets = MemorySecrets(parameters={"/a": "1"}, secrets={"shop:token": "2"})
    given = {
        "A": "x-{{resolve:ssm:/a}}-y",
        "B": "{{resolve:secretsmanager:shop:SecretString:token}}",
        "C": "plain",
    }
    assert {"A": "x-1-y", "B": "2", "C": "plain"} == looked_up(given, secrets)[0]
    with pytest.raises(UsageError, match="/b"):
        looked_up({"A": "{{resolve:ssm:/b}}"}, secrets)


def test_a_variable_that_is_one_reference_is_left_to_its_build_to_look_up_and_to_hide():
    written = [
        {"name": "S", "value": "{{resolve:secretsmanager:shop:SecretString:token}}"},
        {"name": "P", "value": "{{resolve:ssm-secure:/a:1}}", "type": "PLAINTEXT"},
        {"name": "A", "value": "x-{{resolve:ssm:/a}}"},
        {"name": "N", "value": "/n", "type": "PARAMETER_STORE"},
        {"name": 5},
        [],
    ]
    given, _ = looked_up(
        {"EnvironmentVariables": json.dumps(written)}, MemorySecrets(parameters={"/a": "1"})
    )
    assert json.loads(given["EnvironmentVariables"]) == [
        {"name": "S", "value": "shop:token", "type": "SECRETS_MANAGER"},
        {"name": "P", "value": "/a:1", "type": "PARAMETER_STORE"},
        {"name": "A", "value": "x-1"},
        {"name": "N", "value": "/n", "type": "PARAMETER_STORE"},
        {"name": 5},
        [],
    ]
    for text in ("{", "7", "[" * 100_000):
        assert {"EnvironmentVariables": text} == looked_up(
            {"EnvironmentVariables": text}, MemorySecrets()
        )[0]


def test_what_was_looked_up_is_kept_out_of_what_is_said_of_an_action():
    _, hides = looked_up(
        {"A": "{{resolve:ssm:/a}}"}, MemorySecrets(parameters={"/a": "hush-hush"})
    )
    told = failed(
        FailureType.JOB_FAILED, "no hush-hush", hint="make hush-hush", external_id="x/hush-hush"
    )
    said = masked(replace(told, external_execution_url="http://h/hush-hush"), hides)
    assert "hush-hush" not in str(said)
    assert ("no ***", "make ***") == (said.error.message, said.error.hint)
