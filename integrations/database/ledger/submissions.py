"""Submissions and their figures."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter

from sqlalchemy import BigInteger, func, insert, select, type_coerce

from campaigns.collecting import no_collecting
from campaigns.records import (
    SubmissionRecord,
)
from campaigns.rollup import Fact
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record

_MANY = 5_000  # ids in one query


class Submissions(Record):
    """Questions and changes about what envelopes say for expected reports."""

    def versions(self, expected: str) -> list[tuple[SubmissionRecord, list[Fact]]]:
        """Return everything that was submitted for an expected report, oldest first, each with its own line's figures."""
        query = (
            select(t.SubmissionRow, t.ExpectedReportRow)
            .join(t.ExpectedReportRow, t.ExpectedReportRow.id == t.SubmissionRow.expected_report_id)
            .where(t.SubmissionRow.expected_report_id == expected)
            .order_by(t.SubmissionRow.received_at, t.SubmissionRow.version, t.SubmissionRow.id)
        )
        found = [(s, e) for s, e in self._session.execute(query)]
        facts: dict[str, list[t.FactRow]] = defaultdict(list)
        own = select(t.FactRow).where(t.FactRow.submission_id.in_([s.id for s, _ in found]), t.FactRow.line == "own")
        for row in self._session.scalars(own):
            facts[row.submission_id].append(row)
        return [(rows.submission(s), [rows.fact(row, s, e) for row in facts[s.id]]) for s, e in found]

    def next_version(self, expected: str) -> int:
        """Return the version the next accepted submission of an expected report gets."""
        return self._session.get_one(t.ExpectedReportRow, expected).highest + 1

    def add_submission(self, record: SubmissionRecord, figures: Iterable[tuple[str, str, Decimal, str, str, str]]) -> None:
        """Store a submission and its figures: line, indicator, value, sheet, cell, key."""
        ordinal = int(record.id.rsplit("#", 1)[1])
        row = rows.as_row(t.SubmissionRow, record, {"envelope": "envelope_id", "expected": "expected_report_id"}, ordinal=ordinal)
        row.findings = list(record.findings)
        self._session.add(row)
        self._session.flush()
        names = ("line", "indicator", "value", "sheet", "cell", "key")
        stored = [{"submission_id": record.id, **dict(zip(names, figure, strict=True))} for figure in figures]
        if stored:
            self._session.execute(insert(t.FactRow), stored)

    def held(self, expected: Iterable[str]) -> dict[str, set[str]]:
        """Return the envelopes that wait since they correct what is approved, each with the reports it is about."""
        ids = set(expected)
        query = select(t.EventRow).where(t.EventRow.kind == "correction.held", t.EventRow.about.in_(ids))
        found: dict[str, set[str]] = defaultdict(set)
        for row in self._session.scalars(query.order_by(t.EventRow.campaign_id, t.EventRow.sequence)):
            found[json.loads(row.text)["data"]["envelope"]].add(row.about)
        return dict(found)

    def submissions(self, round_id: str, of: Iterable[str] | None = None) -> list[SubmissionRecord]:
        """Return every submission of a round in the order they arrived, so that of each report the last valid one counts.

        `of` asks for some expected reports only.
        """
        query = (
            select(t.SubmissionRow)
            .join(t.ExpectedReportRow, t.ExpectedReportRow.id == t.SubmissionRow.expected_report_id)
            .where(t.ExpectedReportRow.round_id == round_id)
            .order_by(t.SubmissionRow.received_at, t.SubmissionRow.version, t.SubmissionRow.id)
        )
        if of is not None:
            query = query.where(t.ExpectedReportRow.id.in_(list(of)))
        return [rows.submission(row) for row in self._session.scalars(query)]

    def submissions_in(self, envelope: str) -> list[SubmissionRecord]:
        """Return every submission that one envelope brought."""
        query = select(t.SubmissionRow).where(t.SubmissionRow.envelope_id == envelope).order_by(t.SubmissionRow.id)
        return [rows.submission(row) for row in self._session.scalars(query)]

    def figures(
        self,
        campaign: str,
        line: str,
        *,
        round_id: str | None = None,
        of: Iterable[str] | None = None,
        until: datetime | None = None,
    ) -> list[Fact]:
        """Return the figures of one line of every submission in effect: of each expected report the valid one that arrived last.

        `of` asks for some expected reports only. `until` asks as of an instant: what arrived later is left out, and versions
        replaced later count again.
        """
        wanted = None if of is None else list(of)
        if wanted == []:
            return []
        if wanted is not None and len(wanted) > _MANY:
            some = (wanted[start : start + _MANY] for start in range(0, len(wanted), _MANY))
            return [one for each in some for one in self.figures(campaign, line, round_id=round_id, of=each, until=until)]
        said, owed = t.SubmissionRow, t.ExpectedReportRow
        latest = (said.received_at.desc(), said.version.desc())
        place = func.row_number().over(partition_by=said.expected_report_id, order_by=latest)
        valid = select(said.id, place.label("place")).join(owed, owed.id == said.expected_report_id)
        valid = valid.where(owed.campaign_id == campaign, ~owed.retired, said.outcome == "accepted")
        if round_id:
            valid = valid.where(owed.round_id == round_id)
        if wanted is not None:
            valid = valid.where(owed.id.in_(wanted))
        if until:
            valid = valid.where(said.received_at <= until)
        placed = valid.subquery()
        in_effect = select(placed.c.id).where(placed.c.place == 1)
        # what all figures of a submission have in common is read once for each, not once for each figure
        heads = (
            select(
                said.id, owed.id, owed.duty, owed.department_id, owed.role, said.envelope_id, said.file, said.version,
                said.received_at, t.EnvelopeRow.door, t.EnvelopeRow.sender,
            )
            .join(owed, owed.id == said.expected_report_id)
            .join(t.EnvelopeRow, t.EnvelopeRow.id == said.envelope_id)
            .where(said.id.in_(in_effect))
            .order_by(owed.round_id, owed.duty, owed.id)
        )  # fmt: skip
        fact = t.FactRow.__table__.c
        own = select(fact.submission_id, fact.indicator, type_coerce(fact.value, BigInteger), fact.sheet, fact.cell, fact.key)
        own = own.where(fact.submission_id.in_(in_effect), fact.line == line)
        amount = lru_cache(1 << 16)(t.amount)  # most figures are small numbers
        with no_collecting():
            shared = {submission: (expected, rest) for submission, expected, *rest in self._session.execute(heads)}
            figures: dict[str, list[Fact]] = {submission: [] for submission in shared}
            for submission, code, value, sheet, cell, key in self._session.connection().execute(own):
                expected, (duty, unit, role, envelope, file, version, at, door, sender) = shared[submission]
                figures[submission].append(
                    tuple.__new__(Fact, (
                        expected, duty, unit, role, code, amount(value), sheet, cell, submission, envelope, file, key,
                        version, at, door, sender,
                    ))
                )  # fmt: skip
        return [fact for mine in figures.values() for fact in sorted(mine, key=_CODE)]


_CODE = attrgetter("indicator")
