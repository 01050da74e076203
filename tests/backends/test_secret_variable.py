import pytest

from cicd.backends.secret_variable import parameter_variable, secret_variable
from cicd.build.secrets.reference import read_secret_reference

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/bot-AbCdEf"


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
