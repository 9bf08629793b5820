"""Whether the tables are what the event record says: every event and every row that is not is named."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import and_, select

from campaigns.events import GENESIS, chain
from campaigns.replay import Replayed, replay
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record
from integrations.database.ledger.rollups import MADE


class Proof(Record):
    """Questions that compare the tables with the record."""

    def broken_links(self, campaign: str) -> list[str]:
        """Return what is wrong with a campaign's chain, in words: events that were altered, removed or put in."""
        found, previous, last = [], GENESIS, 0
        for row in self._events(campaign):
            named = f"第{row.sequence}号事件（{row.kind}，{row.about}）"
            if row.sequence != last + 1:
                found.append(f"{named}之前缺少第{last + 1}号事件")
            if row.hash != chain(previous, row.text):
                found.append(f"{named}的内容与它的指纹不符，或它前面的事件被改动")
            elif not _agrees(row):
                found.append(f"{named}的列与它的内容不符")
            previous, last = row.hash, row.sequence
        return found

    def event_hash(self, campaign: str, sequence: int) -> str | None:
        """Return the hash of an event, None when there is no such event."""
        wanted = (t.EventRow.campaign_id == campaign, t.EventRow.sequence == sequence)
        return self._session.scalar(select(t.EventRow.hash).where(*wanted))

    def last_opening(self) -> str:
        """Return the instant at which the last round was opened, as its event says it; empty when none was."""
        return max((said["occurred_at"] for said in self._said("round.opened")), default="")

    def replayed(self, campaign: str) -> Replayed:
        """Return what a campaign's events come to."""
        return replay(row.text for row in self._events(campaign))

    def altered_rows(self, campaign: str) -> list[str]:
        """Return the rows that are not what the record says, in words: altered, removed or put in."""
        told = self.replayed(campaign)
        found: list[str] = []
        for name, said, ask in self._tables(campaign, told):
            try:
                held = ask()
            except (LookupError, ValueError, TypeError):
                found.append(f"{name}的表里有读不出的内容，被改动")
                continue
            for code in sorted(said.keys() | held.keys()):
                if code not in held:
                    found.append(f"{name}“{code}”不见了")
                elif code not in said:
                    found.append(f"{name}“{code}”没有来历")
                elif said[code] != held[code]:
                    found.append(f"{name}“{code}”与存证不符")
        return found

    def orphans(self) -> list[str]:
        """Return the rows that belong to nothing, in words: put in, or left when what they belong to was removed."""
        found = []
        for table in t.Base.metadata.sorted_tables:
            for key in table.foreign_key_constraints:
                owner = key.referred_table.alias()
                belongs = and_(*(one.parent == owner.c[one.column.name] for one in key.elements))
                first = key.elements[0]
                query = select(*table.primary_key.columns).select_from(table.outerjoin(owner, belongs))
                lost = self._session.execute(query.where(first.parent.is_not(None), owner.c[first.column.name].is_(None)))
                found += [f"表{table.name}里的“{'/'.join(map(str, one))}”没有所属，没有来历" for one in lost]
        return found

    def recorded_campaigns(self) -> list[str]:
        """Return every campaign that the record, or the table of campaigns, knows."""
        codes = {
            *self._session.scalars(select(t.EventRow.campaign_id).distinct()),
            *self._session.scalars(select(t.CampaignRow.id)),
        }
        return sorted(codes)

    def _events(self, campaign: str) -> Iterator[t.EventRow]:
        query = select(t.EventRow).where(t.EventRow.campaign_id == campaign).order_by(t.EventRow.sequence)
        yield from self._session.scalars(query.execution_options(yield_per=1000))

    def _said(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """Yield what the events of a kind say; one that can no longer be read is named by its chain."""
        for text in self._session.scalars(select(t.EventRow.text).where(t.EventRow.kind == kind)):
            with suppress(ValueError):
                yield json.loads(text)

    def _tables(self, campaign: str, told: Replayed) -> Iterator[tuple[str, Mapping[str, Any], Callable[[], Mapping[str, Any]]]]:
        """Yield, for each table, what the record says of its rows and a way to ask what they are."""
        session = self._session

        def mine(table: Any) -> Any:
            return session.scalars(select(table).where(table.campaign_id == campaign))

        def of_rounds(table: Any) -> Any:
            joined = select(table).join(t.RoundRow, t.RoundRow.id == table.round_id)
            return session.scalars(joined.where(t.RoundRow.campaign_id == campaign))

        def of_reports() -> Any:
            joined = select(t.SubmissionRow).join(
                t.ExpectedReportRow, t.ExpectedReportRow.id == t.SubmissionRow.expected_report_id
            )
            return session.scalars(joined.where(t.ExpectedReportRow.campaign_id == campaign))

        row = session.get(t.CampaignRow, campaign)
        yield "专项行动", {campaign: told.campaign}, lambda: {campaign: rows.campaign(row)} if row else {}
        yield "报送期", told.rounds, lambda: {one.id: rows.round(one) for one in mine(t.RoundRow)}
        yield "应报", told.owed, lambda: {one.id: _owed(one) for one in mine(t.ExpectedReportRow)}
        yield "应报状态", told.standings, lambda: {one.id: rows.standing(one) for one in mine(t.ExpectedReportRow)}
        yield "决定", told.decisions, lambda: {one.id: rows.decision(one) for one in mine(t.DecisionRow)}
        yield "申请", told.requests, lambda: {one.id: rows.request(one) for one in mine(t.RequestRow)}
        yield "汇总", told.rollups, lambda: {f"{o.round_id} v{o.version}": rows.rollup(o) for o in of_rounds(t.RollUpRow)}
        yield "下发的报表", told.forms, lambda: {o.serial: rows.form_digest(session, o.serial) for o in of_rounds(t.FormRow)}
        yield (
            "上传链接",
            told.links,
            lambda: {
                code: rows.link_digest(session, code)
                for code in (f"{one.round_id}/{one.department_id}" for one in of_rounds(t.UploadLinkRow))
            },
        )
        yield (
            "报送",
            told.submissions,
            lambda: {one.id: (one.outcome, rows.submission_digest(session, one.id)) for one in of_reports()},
        )
        yield (
            "来件",
            told.envelopes,
            lambda: {one.id: rows.envelope_digest(session, one.id) for one in mine(t.EnvelopeRow) if one.kind is not None},
        )
        yield "信件", told.messages, lambda: {one.key: rows.message_digest(session, one.key) for one in mine(t.MessageRow)}
        yield (
            "信件的投递结果",
            told.settled,
            lambda: {
                one.key: (one.status, one.sent_at.isoformat() if one.sent_at else None)
                for one in mine(t.MessageRow)
                if one.status not in ("queued", "sending")
            },
        )
        yield (
            "催报",
            told.notices,
            lambda: {one.key: rows.notice_digest(one) for one in mine(t.NoticeRow) if one.message_key is None},
        )

    def kept_files(self) -> dict[str, str]:
        """Return the SHA-256 of every file the ledger says it keeps, each with what it is."""
        found: dict[str, str] = {}
        ask = self._session.execute  # these columns alone: what cannot be read in another is named elsewhere
        for sha256, code, name in ask(select(t.EnvelopeRow.sha256, t.EnvelopeRow.id, t.EnvelopeRow.name)):
            found[sha256] = f"来件{code}《{name}》"
        for sha256, code, name in ask(select(t.PartRow.sha256, t.PartRow.envelope_id, t.PartRow.name)):
            found.setdefault(sha256, f"来件{code}的《{name}》")
        for sha256, serial in ask(select(t.FormRow.sha256, t.FormRow.serial)):
            found[sha256] = f"报表{serial}"
        for sha256, subject in ask(select(t.MessageRow.sha256, t.MessageRow.subject)):
            found[sha256] = f"信件“{subject}”"
        for sha256, file in ask(select(t.RollUpRow.sha256, t.RollUpRow.file)):
            found[sha256] = f"汇总{file}"
        for said in self._said("upward.made"):
            found[said["data"]["sha256"]] = f"上报的《{said['data']['file']}》"
        for said in self._said(MADE):
            for one in said["data"]["documents"]:
                found.setdefault(one["sha256"], f"文件{one['file']}")
        return found

    def shown_files(self) -> list[tuple[str, str]]:
        """Return the files that people open, under the office's folder, each with the SHA-256 it must have."""
        sent = select(t.MessageRow.file, t.MessageRow.sha256).where(t.MessageRow.status == "sent")
        letters = [(f"outbox/{file}", sha256) for file, sha256 in self._session.execute(sent)]
        return [
            *letters,
            *((file, sha256) for file, sha256 in self._session.execute(select(t.RollUpRow.file, t.RollUpRow.sha256))),
        ]


def _owed(row: t.ExpectedReportRow) -> tuple[Any, ...]:
    return row.id, row.round_id, row.duty, row.department_id, row.role, tuple(row.receivers)


def _agrees(row: t.EventRow) -> bool:
    """Return whether the columns of an event say what its text says."""
    said = json.loads(row.text)
    mine = [row.campaign_id, row.sequence, row.kind, row.about, row.occurred_at.isoformat(), row.recorded_at.isoformat()]
    return mine == [said[key] for key in ("campaign", "sequence", "kind", "about", "occurred_at", "recorded_at")]
