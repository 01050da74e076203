"""The commands of docs/pre-push.md do what it says, in the order in which they stand there."""

import re
from pathlib import Path

from tests.cli.checks.pushing import CICD, commit, make, run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pre-push.md"


def test_every_command_of_the_page_works(tmp_path):
    here = make(tmp_path)
    commit(here, {"cicd.yml": "check: {commands: [test -e cicd.yml]}\n"})
    commit(here, {"more": ""})
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert 9 == len(lines)
    path = f"{Path(CICD).parent}:/usr/bin:/bin"
    for line in lines:
        status, said = run(here, "/bin/sh", "-c", line.removeprefix("$ "), PATH=path)
        assert 0 == status, (line, said)
    assert not (here / ".git" / "hooks" / "pre-push").exists()
