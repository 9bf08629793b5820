"""That someone must hear something, and the keys that make it happen once; who is reminded when is `campaigns/ladder.py`."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from campaigns.workdays import Slots


@dataclass(frozen=True, slots=True)
class Notice:
    """That someone must hear something about an expected report or a round.

    `department` and `audience` say who: the liaison or leader of a department, or the office itself.
    """

    key: str
    about: str
    rung: str
    due_version: int
    slot: datetime
    department: str
    audience: str
    after: bool = False
    by: str = ""  # of one that nobody needs to hear any more: what was said instead


def bundle_slots(
    hop_due_at: datetime, lead_due_at: datetime, arrivals: Iterable[datetime], slots: Slots, as_of: datetime
) -> tuple[datetime, ...]:
    """Return when a lead is sent what its units reported: after the first hop's date, then after each later arrival.

    Where its own date does not wait for a daily round, neither do they: it is sent them when the first hop's has come.
    """
    first = slots.at_or_after(hop_due_at)
    if hop_due_at < lead_due_at <= first:
        first = hop_due_at
    wanted = {first, *(slots.at_or_after(moment) for moment in arrivals if moment > first)}
    return tuple(sorted(slot for slot in wanted if slot <= as_of))


def message_id(key: str, mailbox: str) -> str:
    """Return the Message-ID a message has for ever, derived from its key."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{mailbox.rpartition('@')[2]}>"
