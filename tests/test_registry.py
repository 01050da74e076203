import pytest

from cicd.errors import UsageError
from cicd.registry import Registry

RUNNERS = Registry("cicd.runners", {"docker": "m:a", "host": "m:b", "sandbox": "m:c"})


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("dcker", "did you mean 'docker'? known names: docker, host, sandbox"),
        ("Docker", "did you mean 'docker'? known names: docker, host, sandbox"),
        ("elsewhere", "known names: docker, host, sandbox"),
    ],
)
def test_a_name_that_is_nearly_one_of_the_table_is_guessed(written, hint):
    with pytest.raises(UsageError) as refused:
        RUNNERS.get(written)
    assert hint == refused.value.hint
