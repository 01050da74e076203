import pytest

from cicd.backends import SECRET_SOURCES
from cicd.backends.secrets_chain import SecretChain, SecretOrigin
from cicd.errors import UsageError
from cicd.testing.fakes import MemorySecrets


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """A chain of sources called "one" and "two", and what they were made out of."""

    def make(one, two, names=("one", "two")):
        made = {"one": lambda origin: one, "two": lambda origin: two, "store": lambda origin: two}
        for name, maker in made.items():
            monkeypatch.setitem(SECRET_SOURCES._table, name, f"nowhere:{name}")
            monkeypatch.setitem(SECRET_SOURCES._loaded, name, maker)
        return SecretChain(names, SecretOrigin(home=tmp_path, environ={}))

    return make


def test_the_first_source_that_has_a_value_gives_it(chain):
    secrets = chain(MemorySecrets({"/a": "1"}), MemorySecrets({"/a": "2", "/b": "2"}, {"s": "2"}))
    assert ["1", "2", None] == [secrets.parameter(name) for name in ("/a", "/b", "/c")]
    assert ["2", None] == [secrets.secret(name) for name in ("s", "t")]
    assert ["memory", None] == [secrets.secret_place(name) for name in ("s", "t")]


def test_an_empty_value_is_a_value(chain):
    assert "" == chain(MemorySecrets({"/a": ""}), MemorySecrets({"/a": "2"})).parameter("/a")


def test_nothing_is_made_before_it_is_asked(tmp_path):
    secrets = SecretChain(("nowhere",), SecretOrigin(home=tmp_path, environ={}))
    with pytest.raises(UsageError, match="'nowhere' is not known among the secret sources"):
        secrets.parameter("/a")


def test_what_is_missing_is_given_to_the_store_if_it_is_asked_at_all(chain):
    class Other(MemorySecrets):
        def parameter_hint(self, name):
            return f"elsewhere {name}"

    assert "give parameter /a" == chain(Other(), MemorySecrets(), ("one", "store")).parameter_hint(
        "/a"
    )
    assert "elsewhere /a" == chain(Other(), MemorySecrets(), ("one",)).parameter_hint("/a")
