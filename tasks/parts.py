"""Summaries and scans, come with workbooks or apart: read once, put where the office opens them, held against the table."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from campaigns.definition import Part as Demanded
from campaigns.definition import Role
from campaigns.findings import Finding, Severity
from campaigns.items import figures_of
from campaigns.parts import Document, PartStanding, completeness, kind_of, missing_headings, suffix_of
from campaigns.plan import Plan
from campaigns.prose import differing, mentions, stated
from campaigns.records import EnvelopeRecord, PartRecord
from campaigns.states import Standing
from campaigns.submission import Refusal
from integrations.database.ledger import Ledger
from integrations.files import write_whole
from integrations.inbox.folder import taken
from integrations.inbox.mime import Part
from integrations.word.reader import read, read_scan
from tasks.office import Office

_FOLDER = "parts"
KINDS = (Demanded.SUMMARY.value, Demanded.SCAN.value)


def kinds_of(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the kind of each part of an envelope."""
    return tuple(kind_of(part.name, part.data) for part in parts)


def record_parts(
    at: Office, envelope: str, parts: Sequence[Part], kinds: Sequence[str], plan: Plan | None, round_id: str | None
) -> list[PartRecord]:
    """Return the parts of an envelope as the ledger keeps them; with a round, summaries are read and copies put out."""
    records = []
    for place, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        record = PartRecord(envelope, part.name, at.keep(part.data), kind, place=place)
        if plan and round_id and kind in KINDS:
            _put_out(at, record, part.data)
            reading = _read if kind == Demanded.SUMMARY.value else _read_scan
            record = reading(record, part.data, plan, round_id)
        records.append(record)
    return records


def titles_of(parts: Sequence[Part]) -> list[str]:
    """Return the first lines of the documents among some files: where a department puts its name."""
    found = []
    for part in parts:
        document = read(part.data) if kind_of(part.name, part.data) == Demanded.SUMMARY.value else None
        if isinstance(document, Document):
            found += [one.text for one in document.paragraphs[:3]]
    return found


def _read(record: PartRecord, data: bytes, plan: Plan, round_id: str) -> PartRecord:
    document, plan = read(data), plan.of(round_id)
    if isinstance(document, Refusal):
        return PartRecord(record.envelope, record.name, record.sha256, record.kind, document.message, place=record.place)
    report = plan.report(round_id)
    return PartRecord(
        record.envelope,
        record.name,
        record.sha256,
        record.kind,
        missing=missing_headings(report.summary_headings, document),
        figures=mentions(document.text, figures_of(plan.definition, plan.directory, report.id)),
        place=record.place,
    )


def _read_scan(record: PartRecord, data: bytes, plan: Plan, round_id: str) -> PartRecord:
    document = read_scan(data)
    if document is None:
        return record
    plan = plan.of(round_id)
    report = plan.report(round_id)
    return replace(record, figures=mentions(document.text, figures_of(plan.definition, plan.directory, report.id)))


def _put_out(at: Office, record: PartRecord, data: bytes) -> None:
    """Put a copy where an officer can open it: what is in a mail can only be opened through it."""
    _write(at, record.envelope, record.place + 1, record.name, suffix_of(record.kind, data), data)


def _write(at: Office, envelope: str, number: int, name: str, suffix: str, data: bytes) -> None:
    folder = at.home / _FOLDER / envelope
    folder.mkdir(parents=True, exist_ok=True)
    stem = "".join(sign for sign in Path(name).stem if sign.isalnum() or sign in "-_（）()〔〕 ").strip()
    stem = stem.encode()[:150].decode(errors="ignore") or "材料"
    write_whole(folder / f"{number} {stem}{suffix}", data)


def _found(at: Office, envelope: str, number: int) -> Path | None:
    folder = at.home / _FOLDER / envelope
    return next(iter(sorted(folder.glob(f"{number} *"))), None) if envelope and folder.is_dir() else None


def copy_of(at: Office, standing: PartStanding) -> str:
    """Return where the copy of a part stands, relative to the office's folder; empty when there is none."""
    found = _found(at, standing.envelope, standing.place + 1)
    return str(found.relative_to(at.home)) if found else ""


def put_out_original(at: Office, envelope: EnvelopeRecord, data: bytes) -> None:
    """Put a copy of an envelope that came through no folder where an officer can open it."""
    if not taken(at.settings.watched_folder, envelope.id).exists():
        suffix = ".eml" if envelope.door == "mail" else suffix_of(kind_of(envelope.name, data), data)
        _write(at, envelope.id, 0, envelope.name, suffix, data)


def original_of(at: Office, envelope: str) -> str:
    """Return where the file that came as an envelope stands now: relative to the office's folder when it is in it."""
    path = taken(at.settings.watched_folder, envelope)
    if not path.exists():
        path = _found(at, envelope, 0) or path
    return str(path.relative_to(at.home) if path.is_relative_to(at.home) else path)


@dataclass(frozen=True, slots=True)
class RoundParts:
    """What a round's parts are, by department: which are demanded of leads, what arrived, what the tables state."""

    wanted: tuple[Demanded, ...]
    leads: Mapping[str, tuple[str, ...]]  # department -> its lead reports
    arrived: Mapping[str, Sequence[PartRecord]]
    stated: Mapping[str, Mapping[str, Sequence[Decimal]]]
    labels: Mapping[str, tuple[str, str]]

    def of(self, department: str, standings: Mapping[str, Standing]) -> tuple[PartStanding, ...]:
        """Return how a lead's whole submission stands; nothing for a department that leads nothing."""
        reports = self.leads.get(department, ())
        if not reports:
            return ()
        reported = all(standings[one].received_at is not None for one in reports)
        return completeness(self.wanted, self.arrived.get(department, ()), reported=reported)

    def of_report(self, department: str, *, reported: bool) -> tuple[PartStanding, ...]:
        """Return how the parts of one lead report stand: its own figures, and what came for all of the department's reports."""
        return completeness(self.wanted, self.arrived.get(department, ()), reported=reported)

    def differences(self, department: str) -> tuple[Finding, ...]:
        """Return where its newest readable summary or scan says another figure than its table; shown, never counted."""
        figures, found = self.stated.get(department, {}), []
        said = []
        for kind, word in ((Demanded.SUMMARY, "工作总结"), (Demanded.SCAN, "盖章扫描件")):
            readable = [one for one in self.arrived.get(department, ()) if one.kind == kind.value and not one.problem]
            said += [(word, readable[-1].name, one) for one in differing(readable[-1].figures, figures)] if readable else []
        for word, name, one in said:
            label, unit = self.labels[one.indicator]
            total = f"{figures[one.indicator][0].normalize():f}"
            message = f"{word}写“{one.text}”，统计表中“{label}”本期合计为{total}{unit}（汇总以统计表为准）"
            found.append(Finding("prose-differs", Severity.WARNING, message, name))
        return tuple(found)


def parts_of_round(ledger: Ledger, plan: Plan, round_id: str, only: str | None = None) -> RoundParts:
    """Return the parts of a round; with `only` a department, what came from it alone."""
    plan = plan.of(round_id)
    report = plan.report(round_id)
    wanted = next((hop.parts for hop in report.hops if hop.role is Role.LEAD), ())
    leads: dict[str, list[str]] = defaultdict(list)
    duties: dict[str, list[int]] = defaultdict(list)
    for one in plan.expected_in(round_id):
        if one.role is Role.LEAD:
            leads[one.department].append(one.id)
            duties[one.department].append(one.duty)
    arrived: dict[str, list[PartRecord]] = defaultdict(list)
    for department, part in ledger.parts(round_id, only):
        arrived[department].append(part)
    campaign = plan.definition.campaign.id
    speaking = {department for department, parts in arrived.items() if any(part.figures for part in parts)}
    own, cumulative = (  # nothing to hold against them while no prose says a figure
        ledger.figures(campaign, line, round_id=round_id) if speaking else [] for line in ("own", "cumulative")
    )
    items = {one.id: one for one in figures_of(plan.definition, plan.directory, report.id)}
    return RoundParts(
        wanted,
        {department: tuple(reports) for department, reports in leads.items()},
        arrived,
        {department: stated(own, cumulative, department, duties[department], items) for department in speaking},
        {code: (one.label, one.unit) for code, one in items.items()},
    )
