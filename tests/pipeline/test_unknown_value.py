"""What is not known, and what is looked up, of an action's configuration."""

import pytest

from cicd.errors import UsageError
from cicd.pipeline.dynamic_references import looked_up
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
    assert {"A": "x-1-y", "B": "2", "C": "plain"} == looked_up(given, secrets)
    with pytest.raises(UsageError, match="/b"):
        looked_up({"A": "{{resolve:ssm:/b}}"}, secrets)
