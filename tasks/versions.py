"""The versions of an expected report as the ledger holds them."""

from campaigns.versions import Cell, Version
from integrations.database.ledger import Ledger


def versions_of(ledger: Ledger, expected: str) -> list[Version]:
    """Return everything that was submitted for an expected report, oldest first, returned ones included."""
    return [
        Version(
            number=one.version,
            envelope=one.envelope,
            received_at=one.received_at,
            outcome=one.outcome,
            nil=one.nil,
            figures={fact.indicator: Cell(fact.value, fact.sheet, fact.cell, fact.key) for fact in facts},
            narrative=one.narrative,
            file=one.file,
        )
        for one, facts in ledger.versions(expected)
    ]
