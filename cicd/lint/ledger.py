"""What documents say that has no effect on this machine, or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import DocumentError
from cicd.lint.documents import Kind

if TYPE_CHECKING:
    from cicd.build.ledger_entry import LedgerEntry
    from cicd.lint.documents import Candidate


def ledger_of(candidate: Candidate, kind: Kind | None) -> tuple[LedgerEntry, ...]:
    """
    Give the ledger of a buildspec, or of the projects of a ``cicd.yml``; () for others.

    Each document stands alone: what only both together decide is told by ``cicd build``.
    """
    from cicd.build.ledger import Facts, ledger
    from cicd.document.load import load
    from cicd.document.resources import Resources

    facts = Facts(project=None, runner=None)
    try:
        if kind is Kind.BUILDSPEC:
            return ledger(load(candidate.path, candidate.name), None, facts)
        if kind is Kind.RESOURCES:
            projects = Resources.load(candidate.path.parent).section("projects")
            return tuple(e for node in projects.values() for e in ledger(None, node, facts))
    except DocumentError:
        pass  # what is wrong with it has been said
    return ()
