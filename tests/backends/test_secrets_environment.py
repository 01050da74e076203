import pytest

from cicd.backends.secrets_environment import EnvironmentSecrets
from cicd.errors import UsageError

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/bot-AbCdEf"


def from_file(tmp_path, text):
    (tmp_path / "my.env").write_text(text)
    return EnvironmentSecrets({"CICD_PARAMETER_A": "environment"}, tmp_path / "my.env")


def test_a_parameter_comes_from_its_variable():
    secrets = EnvironmentSecrets({"CICD_PARAMETER_CODEBUILD_X_Y": "v", "/CodeBuild/z": "no"})
    assert "v" == secrets.parameter("/CodeBuild/x/y")
    assert "v" == secrets.parameter("arn:aws:ssm:eu:1:parameter/CodeBuild/x/y")
    assert None is secrets.parameter("/CodeBuild/z")


def test_no_other_variable_is_given_away():
    secrets = EnvironmentSecrets({"AWS_SECRET_ACCESS_KEY": "k"})
    assert None is secrets.parameter("AWS_SECRET_ACCESS_KEY")
    assert None is secrets.secret("AWS_SECRET_ACCESS_KEY")


def test_the_file_knows_exact_names_and_beats_the_environment(tmp_path):
    secrets = from_file(tmp_path, "/CodeBuild/x/y=exact\nCICD_PARAMETER_A=file\n")
    assert "exact" == secrets.parameter("/CodeBuild/x/y")
    assert "file" == secrets.parameter("/a")


def test_an_empty_value_is_a_value():
    assert "" == EnvironmentSecrets({"CICD_PARAMETER_A": ""}).parameter("A")


def test_a_secret_is_whole_or_one_key_of_it():
    secrets = EnvironmentSecrets({"CICD_SECRET_TEAM_BOT": '{"user": "ada", "actions read": "t"}'})
    assert '{"user": "ada", "actions read": "t"}' == secrets.secret("team/bot")
    assert "t" == secrets.secret("team/bot:actions read")
    assert "ada" == secrets.secret(f"{ARN}:user:AWSCURRENT")
    assert None is secrets.secret("team/bot:user:AWSPREVIOUS")
    assert None is secrets.secret("other:user")


def test_versions_stand_under_names_of_their_own(tmp_path):
    secrets = from_file(tmp_path, f"team/bot=now\nteam/bot:AWSPREVIOUS=before\n{ARN}=arn\n")
    assert ["now", "before", "arn", "before"] == [
        secrets.secret(reference)
        for reference in (
            "team/bot",
            "team/bot::AWSPREVIOUS",
            ARN,
            f"{ARN}::AWSPREVIOUS",
        )
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hunter2", "secret 'bot' is not JSON, so it has no key 'k'"),
        ("[" * 100000, "secret 'bot' is not JSON, so it has no key 'k'"),
        ('{"hunter2": "x"}', "secret 'bot' has no text under the key 'k'"),
        ('{"k": 12345}', "secret 'bot' has no text under the key 'k'"),
        ('["k"]', "secret 'bot' has no text under the key 'k'"),
    ],
)
def test_a_key_that_is_not_there_is_named_without_showing_the_secret(value, message):
    with pytest.raises(UsageError) as caught:
        EnvironmentSecrets({"CICD_SECRET_BOT": value}).secret("bot:k")
    assert message == caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"
    assert "CICD_SECRET_BOT" in caught.value.hint


def test_a_hint_names_the_variable_and_the_line_of_a_file():
    secrets = EnvironmentSecrets({})
    expected = (
        "set CICD_PARAMETER_CODEBUILD_X_Y=…, "
        "or put /CodeBuild/x/y=… into a file and name it by --env-file"
    )
    assert expected == secrets.parameter_hint("arn:aws:ssm:eu:1:parameter/CodeBuild/x/y")
    expected = (
        'set CICD_SECRET_TEAM_BOT={"user": "…"}, '
        'or put team/bot={"user": "…"} into a file and name it by --env-file'
    )
    assert expected == secrets.secret_hint(f"{ARN}:user:AWSCURRENT")
    assert "set CICD_SECRET_A_AWSPREVIOUS=…" in secrets.secret_hint("a::AWSPREVIOUS")
