import pytest

from cicd.errors import Unavailable, UsageError
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


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys; sys.exit(0)", "broke: SystemExit at "),
        ("raise RuntimeError('hush')", "broke: RuntimeError at "),
        ("import not_there_at_all", "cannot be loaded: 'not_there_at_all' cannot be imported"),
        ("", "broke: AttributeError at registry.py:"),
        ("(", "broke: SyntaxError at "),
    ],
)
def test_a_package_that_cannot_be_loaded_is_named_whatever_it_does(
    tmp_path, monkeypatch, source, said
):
    module = f"bad_{abs(hash(source))}"
    about = tmp_path / "bad-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[cicd.runners]\nnew = {module}:There\n")
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Unavailable) as refused:
        RUNNERS.get("new")
    message = refused.value.message
    assert message.startswith(f"the package bad, which brings new, {said}")
    assert "hush" not in message
