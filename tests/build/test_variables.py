import pytest

from cicd.build.plan import Variable
from cicd.build.spec import EnvironmentVariable, VariableType
from cicd.build.variables import Unresolved, built_in, is_reserved, layered, resolve
from cicd.document.position import Source, Span
from cicd.errors import UsageError
from tests.build.machine import NOW, plan

SPAN = Span(source=Source(name="b", text=""), line=1, column=1, end_line=1, end_column=1)


def of_spec(name, value, type_=VariableType.PLAINTEXT):
    return EnvironmentVariable(name=name, value=value, type=type_, span=SPAN)


class Secrets:
    def parameter(self, name):
        return {"/p": "pv"}.get(name)

    def secret(self, reference):
        if reference == "bad":
            raise UsageError("the reference is bad")
        return {"s": "sv"}.get(reference)


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
    assert ({"A": "plain", "P": "pv", "S": "sv"}, ("pv", "sv")) == resolve(variables, Secrets())


@pytest.mark.parametrize(
    ("type_", "value", "code", "message"),
    [
        (
            VariableType.PARAMETER_STORE,
            "/x/y",
            "Decrypted Variables Error",
            "parameter does not exist: /x/y",
        ),
        (
            VariableType.SECRETS_MANAGER,
            "gone",
            "Secrets Manager Error Message",
            "ResourceNotFoundException: Secrets Manager can't find the specified secret: gone",
        ),
        (
            VariableType.SECRETS_MANAGER,
            "bad",
            "Secrets Manager Error Message",
            "the reference is bad",
        ),
    ],
)
def test_what_is_missing_is_told_in_the_services_words(type_, value, code, message):
    found = resolve([Variable(name="X", value=value, type=type_)], Secrets())
    assert Unresolved(code=code, message=message) == found


def test_the_switches_of_auto_discovery_are_the_users_own():
    assert [True, False, False] == [
        is_reserved(name)
        for name in ("CODEBUILD_SRC_DIR", "CODEBUILD_CONFIG_AUTO_DISCOVER", "MY_CODEBUILD_")
    ]


def test_the_start_is_in_milliseconds():
    told = built_in(plan(), {"src": "/s"}, NOW)
    assert ("1767323045000", "/s") == (told["CODEBUILD_START_TIME"], told["CODEBUILD_SRC_DIR"])
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION" not in told
