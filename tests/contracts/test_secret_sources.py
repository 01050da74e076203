"""Every source of secrets against the contract of its port."""

import io
import json

import boto3
import botocore.awsrequest
import pytest

from cicd.backends.secrets_aws import AwsSecrets
from cicd.backends.secrets_chain import SecretChain, SecretOrigin
from cicd.backends.secrets_environment import EnvironmentSecrets
from cicd.engine.clock import SystemClock
from cicd.store.secrets.key import KeyRing
from cicd.store.secrets.secret_store import SecretStore
from cicd.store.secrets.source import StoredSecrets
from cicd.testing.contracts_secrets import PARAMETERS, PREVIOUS, SECRETS, SecretSourceContract
from cicd.testing.fakes import MemorySecrets
from cicd.wiring.kept import new_id


def filled(home, keys):
    store = SecretStore(home=home, keys=keys, clock=SystemClock(), new_id=new_id)
    for name, value in PARAMETERS.items():
        store.put_parameter(name, value)
    store.put_secret(*PREVIOUS)
    for name, value in SECRETS.items():
        store.put_secret(name, value)
    return store


class TestMemorySecrets(SecretSourceContract):
    @pytest.fixture
    def secrets(self):
        return MemorySecrets(PARAMETERS, {**SECRETS, f"{PREVIOUS[0]}:AWSPREVIOUS": PREVIOUS[1]})


class TestEnvironmentSecrets(SecretSourceContract):
    @pytest.fixture
    def secrets(self):
        return EnvironmentSecrets(
            {
                "CICD_PARAMETER_APP_DB_PASSWORD": PARAMETERS["/app/db/password"],
                "CICD_PARAMETER_PLAIN": PARAMETERS["plain"],
                "CICD_SECRET_TEAM_BOT": SECRETS["team/bot"],
                "CICD_SECRET_TEAM_BOT_AWSPREVIOUS": PREVIOUS[1],
                "CICD_SECRET_TEXT": SECRETS["text"],
            }
        )


class TestEnvFile(SecretSourceContract):
    @pytest.fixture
    def secrets(self, tmp_path):
        given = {**PARAMETERS, **SECRETS, f"{PREVIOUS[0]}:AWSPREVIOUS": PREVIOUS[1]}
        (tmp_path / "my.env").write_text("".join(f"{n}={v}\n" for n, v in given.items()))
        return EnvironmentSecrets({}, tmp_path / "my.env")


class TestStoredSecrets(SecretSourceContract):
    @pytest.fixture
    def secrets(self, tmp_path):
        keys = KeyRing(path=tmp_path / "key")
        filled(tmp_path / "home", keys)
        return StoredSecrets(tmp_path / "home", keys)


class TestSecretChain(SecretSourceContract):
    """The parameters in one source, the secrets in another."""

    @pytest.fixture
    def secrets(self, tmp_path):
        environ = {
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "CICD_PARAMETER_APP_DB_PASSWORD": PARAMETERS["/app/db/password"],
        }
        store = filled(tmp_path / "home", KeyRing.of(environ))
        store.remove_parameter("/app/db/password")
        origin = SecretOrigin(home=tmp_path / "home", environ=environ)
        return SecretChain(("environment", "store"), origin)


class FakeAccount:
    """AWS's answers, given to boto3's own clients in the place of the network's."""

    def client(self, service):
        made = boto3.client(
            service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y"
        )
        made.meta.events.register("before-call", self.answer)
        return made

    def answer(self, model, params, **_):
        asked = json.loads(params["body"])
        status, body = getattr(self, model.name)(asked)
        raw = io.BytesIO(json.dumps(body).encode())
        return botocore.awsrequest.AWSResponse("", status, {}, raw), {
            **body,
            "ResponseMetadata": {"HTTPStatusCode": status},
        }

    def GetParameter(self, asked):  # noqa: N802 - the operation's name
        assert asked["WithDecryption"] is True
        name = asked["Name"].rpartition(":parameter")[2]
        if name not in PARAMETERS:
            return refused("ParameterNotFound")
        return 200, {"Parameter": {"Name": name, "Value": PARAMETERS[name]}}

    def GetSecretValue(self, asked):  # noqa: N802 - the operation's name
        name = asked["SecretId"].rpartition(":secret:")[2].removesuffix("-AbCdEf")
        if name == "forbidden":
            return refused("AccessDeniedException")
        if name == "binary":
            return 200, {"Name": name, "SecretBinary": b"".hex()}
        stage = asked.get("VersionStage")
        versions = {"AWSCURRENT": SECRETS.get(name)}
        if name == PREVIOUS[0]:
            versions["AWSPREVIOUS"] = PREVIOUS[1]
        if not versions.get(stage):
            return refused("ResourceNotFoundException")
        return 200, {"Name": name, "SecretString": versions[stage]}


def refused(code):
    return 400, {"Error": {"Code": code, "Message": "no"}}


class TestAwsSecrets(SecretSourceContract):
    @pytest.fixture
    def secrets(self):
        return AwsSecrets("work", FakeAccount().client)
