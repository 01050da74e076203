import pytest

from cicd.document.load import load_text
from cicd.document.node import NodeKind

RESOLVED = {
    "": None, "~": None, "null": None, "Null": None,
    "true": True, "Yes": True, "on": True, "OFF": False, "no": False,
    "0": 0, "-7": -7, "+7": 7, "1_000": 1000, "0755": 493, "0x1F": 31, "0b101": 5,
    "3.10": 3.1, ".5": 0.5, "1e3": 1000.0, "1.5e-3": 0.0015, "-.inf": float("-inf"),
    "12:30:45": "12:30:45", "2001-01-01": "2001-01-01", "1.2.3": "1.2.3", "0.0.1": "0.0.1",
    "089": "089", "e3": "e3", "y": "y", "0x": "0x", ".": ".", "-": "-",
}  # fmt: skip


@pytest.mark.parametrize("text", RESOLVED)
def test_a_plain_scalar_is_resolved_for_schemas(text):
    written = "- " if text == "-" else ""
    node = load_text(f"k: {text}" if not written else f"k: '{text}'", "x.yml").at(("k",))
    found = node.plain()
    assert (type(RESOLVED[text]), RESOLVED[text]) == (type(found), found)


@pytest.mark.parametrize("text", ["0755", "yes", "12:30:45", "3.10", "1e3", "0.20"])
def test_a_scalar_keeps_its_text_as_written(text):
    assert text == load_text(f"k: {text}", "x.yml").at(("k",)).text


@pytest.mark.parametrize("text", ["'yes'", '"yes"', "|-\n  yes", "!!str yes", "! yes"])
def test_a_scalar_that_is_not_plain_is_text(text):
    node = load_text(f"k: {text}", "x.yml").at(("k",))
    assert ("yes", "yes", "") == (node.plain(), node.text, node.tag)


def test_only_a_plain_untagged_scalar_is_null():
    top = load_text("a:\nb: ~\nc: ''\nd: !x\ne: []\nf: null\n", "x.yml")
    assert ["a", "b", "f"] == [key for key in top.entries if top.at((key,)).is_null]


def test_a_path_leads_to_a_node():
    top = load_text("phases:\n  build:\n    commands: [a, b]\n", "x.yml")
    assert "b" == top.at(("phases", "build", "commands", 1)).text
    assert NodeKind.MAPPING is top.at(()).kind


@pytest.mark.parametrize("path", [("x",), ("l", 2), ("l", "x"), ("l", 0, 0)])
def test_a_path_that_leads_nowhere_is_a_lookup_error(path):
    with pytest.raises(LookupError):
        load_text("l: [1]", "x.yml").at(path)


def test_a_whole_number_of_any_length_is_a_number():
    assert float("inf") == load_text("9" * 5000, "x.yml").plain()
    assert 10**3000 - 1 == load_text("9" * 3000, "x.yml").plain()
