"""Every question and every change the ledger knows. A Ledger lives inside one transaction; rows never leave this package."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrations.database import tables as t
from integrations.database.ledger.campaigns import Campaigns
from integrations.database.ledger.decisions import Decisions
from integrations.database.ledger.envelopes import Envelopes
from integrations.database.ledger.forms import Forms
from integrations.database.ledger.ladder import Ladders
from integrations.database.ledger.letters import Letters
from integrations.database.ledger.plans import Plans
from integrations.database.ledger.proof import Proof
from integrations.database.ledger.replies import Replies
from integrations.database.ledger.rollups import RollUps
from integrations.database.ledger.submissions import Submissions
from integrations.database.ledger.upward import Upwards


class Ledger(Campaigns, Plans, Forms, Envelopes, Submissions, Letters, RollUps, Decisions, Replies, Proof, Ladders, Upwards):
    """The ledger inside one transaction: a room for each kind of question, one event record under them all."""


def business_state(session: Session) -> str:
    """Return every row of every table as one text, sorted: two equal texts are two equal ledgers."""
    lines = []
    for table in t.Base.metadata.sorted_tables:
        for row in session.execute(select(table)).mappings():
            lines.append(json.dumps([table.name, {k: str(v) for k, v in row.items()}], ensure_ascii=False, sort_keys=True))
    return "\n".join(sorted(lines))
