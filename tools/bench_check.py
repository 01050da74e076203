"""What comes before a push, against lefthook, pre-commit and nox, installed for the occasion."""

from __future__ import annotations

import shlex
from math import nan
from typing import TYPE_CHECKING

from bench_measure import CICD, PYTHON, Ended, goal, installed, measure, run

if TYPE_CHECKING:
    from pathlib import Path

    from bench_measure import Row

_CHECKS = 10
_RIVALS = ("lefthook", "pre-commit", "nox")
_NAMES = [f"check-{number}" for number in range(_CHECKS)]
_DOCUMENTS = {
    "cicd.yml": "check:\n  lint: no  # which the others do not do\n  commands:\n"
    + "".join(f"    - {{name: {name}, run: 'true'}}\n" for name in _NAMES),
    "lefthook.yml": "pre-push:\n  parallel: true\n  commands:\n"
    + "".join(f"    {name}: {{run: 'true'}}\n" for name in _NAMES),
    ".pre-commit-config.yaml": "repos:\n  - repo: local\n    hooks:\n"
    + "".join(
        f"      - {{id: {name}, name: {name}, entry: 'true', language: system, "
        "always_run: true, pass_filenames: false, stages: [pre-push]}\n"
        for name in _NAMES
    ),
    "noxfile.py": "import nox\n"
    + "".join(
        f"@nox.session(name='{name}', venv_backend='none')\n"
        f"def check_{number}(session):\n    session.run('true', external=True)\n"
        for number, name in enumerate(_NAMES)
    ),
}


def before_a_push(directory: Path, runs: int) -> bool:
    """Ten checks that do nothing; and a push that has passed before."""
    place = directory / "pushed"
    place.mkdir()
    for name, text in _DOCUMENTS.items():
        (place / name).write_text(text, encoding="utf-8")
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"),
    ):
        run(("git", *words), place)
    run((CICD, "hooks", "install"), place)
    head = run(("git", "rev-parse", "HEAD"), place).decode().strip()
    line = shlex.quote(f"refs/heads/main {head} refs/heads/main {'0' * 40}")
    pushed = f"printf '%s\\n' {line} | .git/hooks/pre-push origin nowhere"
    row: Row = {
        "python -c pass": (PYTHON, "-c", "pass"),
        "cicd, passed before": ("sh", "-c", pushed, CICD),
    }
    unchanged = measure("A push that has passed before", row, place, runs)
    met = goal(
        "unchanged within 5 x python",
        unchanged["cicd, passed before"],
        5 * unchanged["python -c pass"],
    )
    programs = _rivals(directory)
    rows: Row = {
        name: command
        for name, command in {
            # Else it puts its own hook over the one that is measured below.
            "lefthook": (
                *(programs.get("lefthook", ""), "run", "pre-push"),
                "--no-auto-install",
            ),
            "pre-commit": (
                *(programs.get("pre-commit", ""), "run", "--hook-stage", "pre-push"),
                "--all-files",
            ),
            "nox": (programs.get("nox", ""),),
        }.items()
        if name in programs
    }
    rows["cicd"] = ("sh", "-c", f"export CICD_NO_RECEIPT=1; {pushed}", CICD)
    least = measure("Ten checks that do nothing, before a push", rows, place, max(3, runs // 3))
    theirs = least.get("lefthook", nan)
    return goal("ten checks within 1 x lefthook", least["cicd"], theirs) and met


def _rivals(directory: Path) -> dict[str, str]:
    """Give the others, each where it can be had; lefthook without what wraps it."""
    found = {}
    for name in _RIVALS:
        try:
            found[name] = installed(name, name, directory)
        except Ended as ended:
            print(f"  {name}: not measured: {ended}")
    inner = sorted(directory.glob("environment-lefthook/**/lefthook/bin/*/lefthook"))
    if inner and "lefthook" in found:
        inner[0].chmod(0o755)
        found["lefthook"] = str(inner[0])
    return found
