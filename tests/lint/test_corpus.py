"""Published files: what AWS accepts has no error, what it refuses has one at its line."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE / "tools"))

import lint_corpus  # noqa: E402
import lint_mutants  # noqa: E402

from cicd.lint.check import check_document  # noqa: E402

BROKEN = lint_corpus.refused()
CORPUS = Path(os.environ.get("CICD_CORPUS", HERE.parent / "shared" / "corpus"))
FILES = list(lint_corpus.files(CORPUS)) if CORPUS.is_dir() else []


@pytest.mark.parametrize(
    ("candidate", "kind"), FILES, ids=[candidate.name for candidate, _ in FILES]
)
def test_a_published_file_gets_the_verdict_that_aws_gives(candidate, kind):
    checked = check_document(candidate, kind)
    assert BROKEN.get(candidate.name, "") == lint_corpus.first_error(checked)


@pytest.mark.skipif(not FILES, reason="the corpus is not on this machine")
def test_almost_every_single_fault_is_found_in_its_place():
    table, missed = lint_mutants.run(CORPUS, lint_mutants.FEW)
    counts = {
        what: sum(n for (_, each), n in table.items() if each == what)
        for what in ("all", "found", "in place")
    }
    assert counts["all"] >= lint_mutants.LEAST
    assert counts["found"] >= lint_mutants.FOUND * counts["all"], missed
    assert counts["in place"] >= lint_mutants.IN_PLACE * counts["all"], missed
