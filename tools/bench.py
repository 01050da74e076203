"""
What a start costs, and what a command costs, as ratios that hold on any machine.

    python tools/bench.py [--runs N] [--deploy] [--strict]

Runs of the same row are interleaved, so that a busy moment hits all of them;
the median and the minimum of the wall time are shown, goals compare minima.
What a run made stays until the end: for half a minute ext4 passes over each inode that was freed,
and whoever makes files after thousands were removed pays for that several times over.
A program of others that cannot be had, or fails, is not measured, which misses no goal.
``--strict`` ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench_actions import many_actions, thousand_actions
from bench_builds import COMMANDS, million_lines, ten_builds, twenty_commands
from bench_check import before_a_push
from bench_deploy import ROWS
from bench_functions import warm_function
from bench_measure import CICD, PYTHON, Ended, goal, measure, not_measured, seconds
from bench_templates import templates
from bench_traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Callable


def start_up(directory: Path, runs: int) -> bool:
    """Help and version against a bare interpreter and against click alone."""
    least = measure(
        "Start-up",
        {
            "python -c pass": (PYTHON, "-c", "pass"),
            'python -c "import click"': (PYTHON, "-c", "import click"),
            "cicd --version": (CICD, "--version"),
            "cicd --help": (CICD, "--help"),
        },
        directory,
        runs,
    )
    click = least['python -c "import click"']
    return goal("help within 1.5 x click", least["cicd --help"], 1.5 * click)


def one_document(directory: Path, runs: int) -> bool:
    """Lint of one small buildspec, against importing what it cannot do without."""
    place = directory / "one"
    place.mkdir()
    text = f"version: 0.2\nphases:\n  build:\n    commands: [{', '.join(COMMANDS[:3])}]\n"
    (place / "buildspec.yml").write_text(text, encoding="utf-8")
    title = 'python -c "import yaml, click"'
    least = measure(
        "Lint, one document",
        {title: (PYTHON, "-c", "import yaml, click"), "cicd lint": (CICD, "lint", str(place))},
        directory,
        runs,
    )
    return goal("lint within 3 x yaml and click", least["cicd lint"], 3 * least[title])


def hundred_documents(directory: Path, runs: int) -> bool:
    """Lint of a hundred documents of the size that people write."""
    place = directory / "hundred"
    for number in range(50):
        inner = place / f"service-{number}"
        inner.mkdir(parents=True)
        commands = "".join(f"      - {command}\n" for command in COMMANDS)
        (inner / "buildspec.yml").write_text(
            f"version: 0.2\nphases:\n  build:\n    commands:\n{commands}", encoding="utf-8"
        )
        (inner / "appspec.yml").write_text(
            "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv/app\n",
            encoding="utf-8",
        )
    row = {"cicd lint": (CICD, "lint", str(place))}
    least = measure("Lint, a hundred documents", row, directory, runs)
    return goal("lint of a hundred documents within 1 s", least["cicd lint"], 1.0)


def _tree(place: Path, files: int, size: int) -> None:
    """Make ``files`` files of ``size`` bytes, a hundred in a directory, half of each random."""
    for number in range(files):
        path = place / f"package-{number // 100}" / f"file-{number}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size // 2) + b"x" * (size - size // 2))


def unchanged_cache(directory: Path, runs: int) -> bool:
    """What a cache of 10,000 files adds to a build that finds it, against copying these."""
    place = directory / "cached"
    for name, cache in (("plain", ""), ("with", "cache: {type: S3, location: bench}")):
        _tree(place / name / "origin", 10_000, 20_000)  # both have it, as both are sources
        (place / name / "cicd.yml").write_text(f"projects:\n  - name: app\n    {cache}\n")
    text = "version: 0.2\nphases:\n  build:\n    commands: [COMMAND]\ncache:\n  paths: [deps]\n"
    made = text.replace("COMMAND", "cp -a origin deps")
    (place / "with" / "buildspec.yml").write_text(made)
    build = (CICD, "build", "--runner", "sandbox", "--output", "plain")
    seconds((*build, str(place / "with")), place)
    for name in ("plain", "with"):
        found = text.replace("COMMAND", "true").replace("cache:\n", "cache:\n  action: restore\n")
        (place / name / "buildspec.yml").write_text(found)
    copy = f"cp -a {place}/with/origin $(mktemp -d {place}/copy-XXXX)"
    row = {
        "cp -a": ("sh", "-c", copy),
        "cicd build": (*build, str(place / "plain")),
        "cicd build, cache found": (*build, str(place / "with")),
    }
    least = measure("A cache of 200 MB", row, directory, max(3, runs // 5))
    more = least["cicd build, cache found"] - least["cicd build"]
    return goal("the cache within 0.2 x cp -a", more, 0.2 * least["cp -a"])


def large_artifact(directory: Path, runs: int) -> bool:
    """A zip of 5,000 files and 100 MB, against zip, which packs by one processor."""
    place = directory / "artifact"
    _tree(place / "files", 5_000, 20_000)
    code = (
        "import sys; from pathlib import Path; from cicd.ports import ArtifactFile\n"
        "from cicd.store.artifacts import ArtifactFiles\n"
        "top = Path('files'); files = (p for p in top.rglob('*') if p.is_file())\n"
        "ArtifactFiles(Path('kept')).put(\n"
        "    ArtifactFile(path=str(p.relative_to(top)), source=p) for p in files)"
    )
    row = {
        "zip -r": ("sh", "-c", "rm -f made.zip; zip -qr made.zip files"),
        "zip -r, and sync": (
            "sh",
            "-c",
            "rm -f made.zip; zip -qr made.zip files && sync made.zip",
        ),
        "an artifact": ("sh", "-c", 'rm -rf kept; exec "$0" -c "$1"', PYTHON, code),
    }
    least = measure("A zip of 100 MB", row, place, max(3, runs // 5))
    return all(
        goal(f"an artifact within {against}", least["an artifact"], least[against])
        for against in ("zip -r", "zip -r, and sync")
    )


def handed_over(directory: Path, runs: int) -> bool:
    """An artifact from one stage to the next, packed and unpacked, against zip and unzip."""
    place = directory / "handed-over"
    _tree(place / "files", 5_000, 20_000)
    code = (
        "import sys; from pathlib import Path; from cicd.ports import ArtifactFile\n"
        "from cicd.store.artifacts import ArtifactFiles\n"
        "top = Path('files'); files = (p for p in top.rglob('*') if p.is_file())\n"
        "store = ArtifactFiles(Path(sys.argv[1], 'kept'))\n"
        "kept = store.put(\n"
        "    ArtifactFile(path=str(p.relative_to(top)), source=p) for p in files)\n"
        "store.unpack(kept, Path(sys.argv[1], 'next'))"
    )
    theirs = (
        "d=$(mktemp -d zip-XXXX); zip -qr $d/made.zip files && sync $d/made.zip && "
        "unzip -q $d/made.zip -d $d/next"
    )
    row = {
        "zip and unzip": ("sh", "-c", theirs),
        "two stages": ("sh", "-c", 'exec "$0" -c "$1" $(mktemp -d two-XXXX)', PYTHON, code),
    }
    least = measure("100 MB from one stage to the next", row, place, max(3, runs // 5))
    return goal(
        "an artifact handed over within 0.8 x zip and unzip",
        least["two stages"],
        0.8 * least["zip and unzip"],
    )


def load_balancers(directory: Path, _runs: int) -> bool:
    """The built-in load balancer against HAProxy, on the same backends in one run."""
    return traffic(directory / "routers")


def main() -> int:
    """Measure all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--runs", type=int, default=15, help="runs of each program")
    parser.add_argument("--deploy", action="store_true", help="only the rows of deployments")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a goal is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        rows = (
            *(start_up, twenty_commands, ten_builds, million_lines),
            *(one_document, hundred_documents, templates, unchanged_cache, large_artifact),
            *(before_a_push, handed_over, thousand_actions, many_actions, load_balancers),
            warm_function,
        )
        chosen = ROWS if options.deploy else (*rows, *ROWS)
        met = [measured(row, directory, options.runs) for row in chosen]
    return int(options.strict and not all(met))


def measured(row: Callable[[Path, int], bool], directory: Path, runs: int) -> bool:
    """Measure one row; a program of others that fails is no goal of ours that is missed."""
    title, _, _ = (row.__doc__ or row.__name__).strip().partition("\n")
    try:
        return row(directory, runs)
    except Ended as ended:
        if not ended.ours:
            return not_measured(title.rstrip("."), str(ended))
        print(f"\n{title}\n  MISSED  {ended}", flush=True)
        return False


if __name__ == "__main__":
    sys.exit(main())
