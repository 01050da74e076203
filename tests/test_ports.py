"""The seams, by name: what the table promises is there, and nothing else is loaded for it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from cicd import ports

FOLDER = Path(ports.__file__).parent


def defined(path: Path) -> set[str]:
    """Give the public classes of one file."""
    tree = ast.parse(path.read_text())
    classes = (node.name for node in tree.body if isinstance(node, ast.ClassDef))
    return {name for name in classes if not name.startswith("_")}


def test_every_seam_and_only_what_a_seam_defines_is_in_the_table():
    files = {path.stem: defined(path) for path in FOLDER.glob("*.py") if path.stem != "__init__"}
    assert files == {seam: set(names) for seam, names in ports.SEAMS.items()}


def test_a_checker_is_told_the_same_names_as_the_table_gives():
    tree = ast.parse(Path(ports.__file__).read_text())
    told = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {(node.module, each.name) for node in told for each in node.names if each.asname}
    table = {(f"cicd.ports.{seam}", name) for seam, all_ in ports.SEAMS.items() for name in all_}
    assert table == seen


@pytest.mark.parametrize("name", ["Runner", "LogLine", "Services"])
def test_asking_for_a_name_loads_its_seam_alone(name):
    ask = f"import sys; from cicd.ports import {name}; print(*sys.modules)"
    loaded = subprocess.run((sys.executable, "-c", ask), capture_output=True, check=True).stdout
    seams = {word[11:] for word in loaded.decode().split() if word.startswith("cicd.ports.")}
    also = {"Services": {"cancel"}}.get(name, set())
    assert seams == {getattr(ports, name).__module__[11:], *also}


def test_a_name_that_is_no_seam_is_not_there():
    with pytest.raises(AttributeError, match="Daemon"):
        ports.Daemon  # noqa: B018
