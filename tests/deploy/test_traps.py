"""Every trap of the reference that concerns servers is a test that carries its number."""

import ast
import re
from pathlib import Path

SERVERS = {*range(1, 49), *range(52, 59)}  # 49 to 51 are of functions and of ECS


def test_no_trap_is_without_its_test():
    found = set()
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                words = f"{node.name} {ast.get_docstring(node) or ''}"
                found |= {int(number) for number in re.findall(r"(?i)trap[_ ](\d+)", words)}
    assert [] == sorted(SERVERS - found)
