"""Every sample says what it is, and its documents are clean; its own tests pass."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FOLDERS = sorted(path for path in SAMPLES.iterdir() if path.is_dir())


def names(paths):
    return [path.name for path in paths]


@pytest.mark.parametrize("sample", FOLDERS, ids=names(FOLDERS))
def test_a_sample_says_what_to_type(sample):
    assert "```console" in (sample / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("sample", FOLDERS, ids=names(FOLDERS))
def test_the_documents_of_a_sample_have_no_problem(sample, tmp_path):
    copy = tmp_path / sample.name
    shutil.copytree(sample, copy, ignore=shutil.ignore_patterns("__pycache__"))
    command = (sys.executable, "-m", "cicd", "lint", "--fail-on", "note")
    done = subprocess.run(command, cwd=copy, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("sample", FOLDERS, ids=names(FOLDERS))
def test_the_tests_of_a_sample_pass(sample):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        cwd=sample,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_scripts_of_the_shop_can_be_executed():
    for script in (SAMPLES / "shop" / "scripts").iterdir():
        assert os.access(script, os.X_OK), script
