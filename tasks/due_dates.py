"""The dates to come of what a department owes, as a file for its calendar program."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from campaigns.ladder import Owed
from campaigns.letters import Attachment
from campaigns.records import RoundRecord
from integrations.database.ledger import Ledger
from integrations.mail.dates import ICS, NAME, DueDate, calendar_file
from tasks.office import Office, Running


def dates_of(
    at: Office, ledger: Ledger, running: Mapping[str, Running], owing: Iterable[tuple[RoundRecord, str]], as_of: datetime
) -> Attachment | None:
    """Return the dates to come of what departments owe in rounds, for a calendar program: an event for each role of each."""
    found = []
    for a_round, department in owing:
        by_role: dict[str, list[Owed]] = defaultdict(list)
        for one in ledger.owed_in(a_round.id, department):
            by_role[one.role].append(one)
        found += [_due_date(running[mine[0].campaign], a_round, mine, as_of) for mine in by_role.values()]
    dates = [one for one in found if one]
    return Attachment(NAME, ICS, calendar_file(dates, at.settings.mailbox, as_of)) if dates else None


def _due_date(running: Running, a_round: RoundRecord, of_role: Sequence[Owed], as_of: datetime) -> DueDate | None:
    """Return the nearest date to come in one role, an event that moves with it and with every decision; None when none comes."""
    coming = [one for one in of_role if one.standing.owed and one.standing.due_at > as_of]
    if not coming:
        return None
    about, first = running.definition.campaign, min(coming, key=lambda one: one.standing.due_at)
    return DueDate(
        code=f"{a_round.id}/{first.department}/{first.role}",
        version=1 + sum(one.standing.due_version - 1 for one in of_role),
        title=f"{about.short_title}{a_round.label}报送截止（{running.names[first.department]}）",
        due_at=first.standing.due_at,
        words="；".join(f"任务{one.duty}　{running.asking(a_round.id).duty(one.duty).title}" for one in coming),
    )
