import pytest

from cicd.backends.secrets_environment import EnvironmentSecrets
from cicd.build.environment_variable import Variable, VariableType
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
