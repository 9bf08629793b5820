"""A round's totals as the ledger holds them: what is published, handed in and assessed alike."""

from collections.abc import Sequence
from datetime import datetime

from campaigns.plan import Plan
from campaigns.rollup import Fact, RollUp, roll_up
from integrations.database.ledger import Ledger


def rolled_up(ledger: Ledger, plan: Plan, round_id: str, as_of: datetime, facts: Sequence[Fact] | None = None) -> RollUp:
    """Return the totals of a round as of a moment; `facts` are the own figures of its campaign until then, if known."""
    campaign = plan.definition.campaign.id
    known = ledger.figures(campaign, "own", until=as_of) if facts is None else facts
    return roll_up(plan, round_id, known, ledger.standings(campaign, round_id), as_of)
