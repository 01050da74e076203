import sys

import pytest

from cicd.backends.secrets_aws import AwsSecrets, aws_secrets
from cicd.backends.secrets_chain import SecretOrigin
from cicd.build.environment_variable import Variable, VariableType
from cicd.build.secrets.resolve import resolve
from cicd.errors import Unavailable, UsageError
from tests.contracts.test_secret_sources import FakeAccount


def test_what_the_account_refuses_fails_the_build_in_the_services_words():
    wanted = Variable(name="X", value="forbidden", type=VariableType.SECRETS_MANAGER)
    found = resolve([wanted], AwsSecrets("work", FakeAccount().client))
    assert "AccessDeniedException: no" == found.message
    assert "that is what AWS says to profile 'work'" == found.hint


def test_a_secret_of_bytes_is_no_value_of_a_variable():
    with pytest.raises(UsageError, match="secret 'binary' is binary"):
        AwsSecrets("work", FakeAccount().client).secret("binary")


def test_without_boto3_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Unavailable) as told:
        AwsSecrets("work").parameter("/x")
    assert "needs boto3" in told.value.message
    assert "pip install 'cicd[aws]'" == told.value.hint


def test_a_profile_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with pytest.raises(Unavailable, match="profile 'nobody' cannot be used"):
        AwsSecrets("nobody").parameter("/x")


def test_aws_is_not_asked_unless_a_profile_is_named(tmp_path):
    with pytest.raises(UsageError, match="but no profile"):
        aws_secrets(SecretOrigin(home=tmp_path, environ={}))
