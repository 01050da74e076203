"""Every promise of ``ports.SecretSource``, as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.ports import SecretSource

PARAMETERS = {"/app/db/password": "hunter2-parameter", "plain": "of no path"}
SECRETS = {
    "team/bot": '{"user": "ada-lovelace", "actions read": "t0ken", "port": 5432}',
    "text": "no JSON at all",
}
PREVIOUS = ("team/bot", '{"user": "grace-hopper"}')  # what is AWSPREVIOUS of a secret
_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/bot-AbCdEf"


class SecretSourceContract:
    """
    Promises of a ``SecretSource``.

    The fixture ``secrets`` is a source that holds PARAMETERS, SECRETS and PREVIOUS.
    """

    def test_parameters_have_their_values(self, secrets: SecretSource) -> None:
        """By name, and by ARN."""
        for name, value in PARAMETERS.items():
            assert secrets.parameter(name) == value
        arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/app/db/password"
        assert secrets.parameter(arn) == PARAMETERS["/app/db/password"]

    def test_secrets_are_whole_or_one_key_of_them(self, secrets: SecretSource) -> None:
        """By name and by ARN; the fields between may be empty."""
        for asked in ("team/bot", _ARN, "team/bot:::", "team/bot::AWSCURRENT"):
            assert secrets.secret(asked) == SECRETS["team/bot"]
        for asked in ("team/bot:user", f"{_ARN}:user", "team/bot:user:AWSCURRENT:"):
            assert secrets.secret(asked) == "ada-lovelace"
        assert secrets.secret("team/bot:actions read") == "t0ken"
        assert secrets.secret("text") == "no JSON at all"

    def test_versions_are_told_apart(self, secrets: SecretSource) -> None:
        """By their stage."""
        assert secrets.secret("team/bot::AWSPREVIOUS") == PREVIOUS[1]
        assert secrets.secret(f"{_ARN}:user:AWSPREVIOUS") == "grace-hopper"

    def test_what_is_not_there_is_none(self, secrets: SecretSource) -> None:
        """And its hint says what to do."""
        assert secrets.parameter("/no/such") is None
        assert secrets.secret("no/such:key") is None
        assert secrets.secret("team/bot::MY-LABEL") is None
        assert secrets.secret("team/bot:::11111111-2222-4333-8444-555555555555") is None
        assert "no" in secrets.parameter_hint("/no/such").lower()
        assert "no" in secrets.secret_hint("no/such:key").lower()

    def test_a_place_is_told_for_what_is_there_and_never_the_value(
        self, secrets: SecretSource
    ) -> None:
        """Whatever key is asked for."""
        places = [secrets.parameter_place(name) for name in PARAMETERS]
        places += [secrets.secret_place(asked) for asked in (*SECRETS, "team/bot:user", _ARN)]
        for place in places:
            assert place
            assert not any(value in place for value in (*PARAMETERS.values(), *SECRETS.values()))
        assert secrets.parameter_place("/no/such") is None
        assert secrets.secret_place("no/such:key") is None
        assert secrets.secret_place("team/bot:user:MY-LABEL") is None

    def test_what_is_no_text_under_a_key_is_refused_without_the_value(
        self, secrets: SecretSource
    ) -> None:
        """A key that is missing, a number, and a secret that is not JSON."""
        for asked in ("team/bot:nobody", "team/bot:port", "text:key"):
            refused = _refused(secrets, asked)
            said = f"{refused.message} {refused.hint}"
            assert refused.hint
            assert not any(word in said for word in ("ada", "5432", "no JSON at all"))

    def test_what_names_no_secret_is_refused(self, secrets: SecretSource) -> None:
        """So are a stage and an id together."""
        for asked in ("", ":key", "a:b:c:d:e", "a:b:AWSCURRENT:11111111"):
            for ask in (secrets.secret, secrets.secret_place):
                try:
                    ask(asked)
                except UsageError:
                    continue
                raise AssertionError(f"{asked!r} was taken")


def _refused(secrets: SecretSource, asked: str) -> UsageError:
    try:
        secrets.secret(asked)
    except UsageError as refused:
        return refused
    raise AssertionError(f"{asked} was given")
