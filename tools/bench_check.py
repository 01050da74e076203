"""What comes before a push, against lefthook, pre-commit and nox, installed for the occasion."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

from bench_measure import CICD, PYTHON, goal, measure

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
        subprocess.run(("git", *words), cwd=place, check=True)
    subprocess.run((CICD, "hooks", "install"), cwd=place, check=True, capture_output=True)
    head = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=place, check=True, capture_output=True, text=True
    ).stdout.strip()
    line = shlex.quote(f"refs/heads/main {head} refs/heads/main {'0' * 40}")
    pushed = f"printf '%s\\n' {line} | .git/hooks/pre-push origin nowhere"
    row: Row = {
        "python -c pass": (PYTHON, "-c", "pass"),
        "cicd, passed before": ("sh", "-c", pushed),
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
            "lefthook": (programs.get("lefthook", ""), "run", "pre-push"),
            "pre-commit": (
                *(programs.get("pre-commit", ""), "run", "--hook-stage", "pre-push"),
                "--all-files",
            ),
            "nox": (programs.get("nox", ""),),
        }.items()
        if name in programs
    }
    rows["cicd"] = ("sh", "-c", f"export CICD_NO_RECEIPT=1; {pushed}")
    least = measure("Ten checks that do nothing, before a push", rows, place, max(3, runs // 3))
    if "lefthook" not in least:
        print("  lefthook: not measured (it cannot be installed)")
        return met
    return goal("ten checks within 1 x lefthook", least["cicd"], least["lefthook"]) and met


def _rivals(directory: Path) -> dict[str, str]:
    """Install the others, each where it can be had; lefthook without what wraps it."""
    place = directory / "rivals"
    subprocess.run((PYTHON, "-m", "venv", str(place)), check=False, capture_output=True)
    found = {}
    for name in _RIVALS:
        pip = (str(place / "bin" / "pip"), "install", "--quiet", name)
        try:
            done = subprocess.run(pip, check=False, capture_output=True)
        except OSError:
            continue
        program = place / "bin" / name
        inner = sorted(place.glob("lib/*/site-packages/lefthook/bin/*/lefthook"))
        if name == "lefthook" and inner:
            program = inner[0]
            program.chmod(0o755)
        if done.returncode == 0 and program.exists():
            found[name] = str(program)
    return found
