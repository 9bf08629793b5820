"""What the ladder has to look at, and when next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

from sqlalchemy import Select, bindparam, or_, select, update

from campaigns.ladder import Owed, digest_key
from campaigns.workdays import instant
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record

_MANY = 500  # ids in one query
_REPORT = t.ExpectedReportRow


class Ladders(Record):
    """Questions and changes about what is still owed and who must be reminded of it."""

    def to_look_at(self, as_of: datetime) -> list[Owed]:
        """Return the expected reports of running campaigns that the ladder has to look at now, in the order of their ids."""
        live = select(t.CampaignRow.id).where(t.CampaignRow.status == "live")
        due = _REPORT.next_at <= as_of
        return self._owed(select(_REPORT).where(_REPORT.next_at.is_not(None), due, _REPORT.campaign_id.in_(live)))

    def owed_to(self, lead: str, round_id: str) -> list[Owed]:
        """Return what cooperating departments owe a lead in a round, reported or not."""
        query = select(_REPORT).where(_REPORT.round_id == round_id, _REPORT.role == "cooperating", ~_REPORT.retired)
        return [one for one in self._owed(query) if lead in one.receivers]

    def owed_in(self, round_id: str, department: str | None = None) -> list[Owed]:
        """Return what is owed in a round, by all or by one department, reported or not."""
        query = select(_REPORT).where(_REPORT.round_id == round_id)
        return self._owed(query.where(_REPORT.department_id == department) if department else query)

    def _owed(self, query: Select[tuple[t.ExpectedReportRow]]) -> list[Owed]:
        return [
            Owed(
                row.id, row.campaign_id, row.round_id, row.duty, row.department_id, row.role, tuple(row.receivers),
                rows.standing(row),
            )
            for row in self._session.scalars(query.order_by(_REPORT.id))
        ]  # fmt: skip

    def looked_at(self, next_at: Mapping[str, datetime | None]) -> None:
        """Store when to look again at expected reports: never, where the ladder is climbed."""
        found = [{"code": code, "moment": moment} for code, moment in next_at.items()]
        if found:
            table = _REPORT.__table__
            statement = update(table).where(table.c.id == bindparam("code")).values(next_at=bindparam("moment"))  # type: ignore[arg-type]
            self._session.connection().execute(statement, found)

    def heard_on(self, day: date, mailboxes: Iterable[str]) -> set[str]:
        """Return which of these mailboxes had their letter of reminders on a day, made or sent, or have one that still waits.

        So a mail server that was down for days brings nobody several letters at once. One held back by a paused campaign keeps
        its reader from nothing else.
        """
        wanted, keys, start = set(mailboxes), {digest_key(day, one): one for one in mailboxes}, instant(day, time())
        found = set[str]()
        for first in range(0, len(keys), _MANY):
            some = list(keys)[first : first + _MANY]
            found |= {keys[one] for one in self._session.scalars(select(t.MessageRow.key).where(t.MessageRow.key.in_(some)))}
        waits = t.MessageRow.status.in_(("queued", "sending")) & t.CampaignRow.status.in_(("live", "closed"))
        left = (t.MessageRow.status == "sent") & (t.MessageRow.sent_at >= start)
        query = (
            select(t.MessageRow.to_email)
            .outerjoin(t.CampaignRow, t.CampaignRow.id == t.MessageRow.campaign_id)
            .where(t.MessageRow.kind.in_(("reminder", "overdue")), waits | left)
        )
        return found | wanted & {one.lower() for one in self._session.scalars(query)}

    def late_rounds(self, campaign: str, as_of: datetime) -> Mapping[str, int]:
        """Return in how many rounds of a campaign each department was late, or is."""
        came = or_(_REPORT.received_at > _REPORT.due_at, _REPORT.received_at.is_(None) & (_REPORT.due_at < as_of))
        query = select(_REPORT.department_id, _REPORT.round_id).where(
            _REPORT.campaign_id == campaign, came, ~_REPORT.waived, ~_REPORT.not_applicable, ~_REPORT.retired,
            _REPORT.opened_at.is_not(None),
        )  # fmt: skip
        return Counter(row.department_id for row in self._session.execute(query.distinct()))

    def time_by(self, campaign: str, fingerprint: str, as_of: datetime) -> bool:
        """Return whether reminders must be timed anew, by another calendar or ladder: then all that is open is looked at now."""
        row = self._session.get_one(t.CampaignRow, campaign)
        if row.timed_by == fingerprint:
            return False
        row.timed_by = fingerprint
        open_ones = _REPORT.campaign_id == campaign, _REPORT.next_at.is_not(None)
        self._session.execute(update(_REPORT).where(*open_ones).values(next_at=as_of))
        return True
