"""Checking what departments sent: read in child processes, split, accepted or returned, answered once.

What becomes of it is decided in `campaigns/intake.py`; here the decisions get their facts and are written, in one transaction.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from campaigns.asking import speaks_of_time
from campaigns.decisions import Kind
from campaigns.definition import Role
from campaigns.errors import Refused
from campaigns.events import Event
from campaigns.findings import Severity
from campaigns.forms import Form
from campaigns.intake import (
    MOST_RECEIPTS,
    Decision,
    EnvelopeKind,
    Issued,
    Read,
    Sender,
    by_decision,
    decided,
    doubtful,
    empty_mail,
    loose,
    named_in,
    over,
    registered,
    taken,
    unfit,
    with_parts,
)
from campaigns.letters import Line, Outcome
from campaigns.organs import Directory
from campaigns.parts import OTHER
from campaigns.plan import Plan
from campaigns.records import DecisionRecord, EnvelopeRecord, PartRecord, SubmissionRecord
from campaigns.states import State, state
from campaigns.submission import Checked, CheckedBlock
from campaigns.versions import SAME, Cell, Version, changes, in_effect
from integrations.database.ledger import Ledger
from integrations.inbox.authentication import refuted
from integrations.inbox.folder import alone
from integrations.inbox.mime import Mail, Part
from tasks.asking import put, wish
from tasks.correspondence import aside, settle_aside
from tasks.office import Office, office
from tasks.parts import KINDS, kinds_of, put_out_original, record_parts, titles_of
from tasks.post import make_message
from tasks.reading import book_of, mail_of
from tasks.receipts import Answer, receipt
from tasks.step import step
from tasks.versions import versions_of
from tasks.wording import moment_in_chinese
from tasks.workbooks import stands_for

_LOCK = ".check.lock"
_A_DAY = timedelta(days=1)
_MOST_TRIES = 3
_TAKEN = (Outcome.ACCEPTED, Outcome.RETURNED, Outcome.DUPLICATE)  # what is in such an envelope belongs to its round


@step("审核来件")
def check_envelopes(as_of: datetime) -> int:
    """Return how many envelopes got their outcome and their one receipt; one that cannot be dealt with never stops the next."""
    at = office()
    with at.ledger() as ledger:
        waiting = ledger.unchecked_envelopes()
    for envelope in waiting:
        check_envelope(at, envelope.id, as_of)
    return len(waiting)


def check_envelope(at: Office, code: str, as_of: datetime) -> None:
    """Give an envelope its outcome and its one receipt; nothing happens when it has them. One is checked at a time."""
    with alone(at.home / _LOCK):
        with at.ledger() as ledger:
            envelope = ledger.envelope(code)
        if envelope.kind is None:
            _check_envelope(at, envelope, as_of)


def _check_envelope(at: Office, envelope: EnvelopeRecord, as_of: datetime) -> None:
    with at.ledger() as ledger:
        tries = ledger.try_envelope(envelope.id)
    if tries > _MOST_TRIES:
        reason = f"多次尝试均未能处理“{envelope.name}”，已转办公室人工处理，原件已留存。"
        reading = _Reading(Decision(Outcome.QUARANTINED, reason))
    else:
        mail = mail_of(at, envelope)
        if found := aside(at, envelope, mail):
            put_out_original(at, envelope, at.bytes_of(envelope.sha256))
            with at.ledger() as ledger:
                settle_aside(at, ledger, envelope, found, as_of)
            return
        if _asks(at, envelope, mail, as_of):
            return
        reading = _read(at, envelope, mail)
    put_out_original(at, envelope, at.bytes_of(envelope.sha256))
    belongs = reading.round if reading.decision.outcome in _TAKEN else None
    plan = _plan_of(at, belongs) if belongs else None
    records = record_parts(at, envelope.id, reading.parts, reading.kinds, plan, belongs)
    with at.ledger() as ledger:
        _settle(at, ledger, envelope, reading, records, as_of)


def _asks(at: Office, envelope: EnvelopeRecord, mail: Mail, as_of: datetime) -> bool:
    """Return whether a mail was settled as a request for more time; one that brings a workbook is a submission."""
    if envelope.door != "mail" or "workbook" in kinds_of(mail.parts):
        return False
    sender = _sender(at, envelope, mail)
    wanted = wish(at, sender, mail)
    if wanted is None:
        return False
    put_out_original(at, envelope, at.bytes_of(envelope.sha256))
    with at.ledger() as ledger:
        decision = Decision(Outcome.QUARANTINED, f"收到延期申请，没有登记：{wanted.problem}。原截止时间不变。")
        if not wanted.problem:
            try:
                made = put(at, ledger, wanted, envelope.sender, "mail", as_of)
            except Refused as refused:
                decision = replace(decision, reason=f"收到延期申请，没有登记：{refused}。原截止时间不变。")
            else:
                told = f"申请编号{made.id}，申请延期至{wanted.until}：{wanted.reason}。办公室决定之前，原截止时间不变。"
                decision = Decision(Outcome.ACCEPTED, f"收到延期申请，已登记，{told}")
        reading = _Reading(decision, department=wanted.department or sender.department, round=wanted.round or None)
        _settle(at, ledger, envelope, replace(reading, asks=decision.outcome is Outcome.ACCEPTED), [], as_of)
    return True


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was found in an envelope before the ledger is touched; `department` is whom it is put down to."""

    decision: Decision
    parts: tuple[Part, ...] = ()
    kinds: tuple[str, ...] = ()
    department: str | None = None
    round: str | None = None
    form: Form | None = None
    checked: Checked | None = None
    workbook: Part | None = None
    asks: bool = False  # a request, with no outcome of its own; the decision says what is answered
    automatic: bool = False  # written by a machine: never answered, or two machines would write to each other for ever


def _read(at: Office, envelope: EnvelopeRecord, mail: Mail) -> _Reading:
    sender, automatic = _sender(at, envelope, mail), mail.machine.automatic
    if not mail.parts:
        blank = not mail.sender and not mail.text.strip()
        why = empty_mail(
            too_large=mail.too_large,
            links=mail.links_instead_of_files,
            blank=blank,
            time=speaks_of_time(mail.subject, mail.text),
        )
        return _Reading(why, department=sender.department)
    kinds = kinds_of(mail.parts)
    blank_reading = _Reading(
        unfit(envelope.name, mail=envelope.door == "mail"), mail.parts, kinds, sender.department, automatic=automatic
    )
    workbooks = [place for place, kind in enumerate(kinds) if kind == "workbook"]
    if not workbooks:
        return _without_workbook(at, blank_reading, envelope, sender, mail)
    chosen, aside = taken([_read_workbook(at, place, mail.parts[place], envelope, sender) for place in workbooks])
    reading = replace(
        blank_reading,
        decision=chosen.decision,
        kinds=tuple(OTHER if place in aside else kind for place, kind in enumerate(kinds)),
        department=chosen.department,
        round=chosen.form.round if chosen.form else None,
        form=chosen.form,
        checked=chosen.checked,
        workbook=mail.parts[chosen.place],
    )
    if chosen.decision.outcome in (Outcome.REFUSED, Outcome.DUPLICATE) and any(kind in KINDS for kind in kinds):
        apart = _without_workbook(at, reading, envelope, sender, mail)
        both = with_parts(chosen.decision, apart.decision)
        if both != chosen.decision:
            return replace(apart, decision=both)
    return reading


def _sender(at: Office, envelope: EnvelopeRecord, mail: Mail) -> Sender:
    with at.ledger() as ledger:
        if scope := ledger.scope_of(envelope.id):
            return Sender("link", frozenset({scope[1]}), round=scope[0])
        if envelope.door == "mail":
            known = (registered(at.plan(one).directory, envelope.sender) for one in ledger.campaigns("live", "paused"))
            server = at.settings.imap.trusts if at.settings.imap else ""
            return Sender("mail", frozenset().union(*known), envelope.sender, refuted=refuted(mail.checks, server))
    return Sender("folder")


def _without_workbook(at: Office, reading: _Reading, envelope: EnvelopeRecord, sender: Sender, mail: Mail) -> _Reading:
    """Return the reading of an envelope for its summaries and scans alone."""
    parts = [(part, kind) for part, kind in zip(reading.parts, reading.kinds, strict=True) if kind in KINDS]
    if not parts:
        return reading
    if sender.refuted:
        return replace(reading, decision=Decision(Outcome.QUARANTINED, doubtful(sender), "sender-refuted"))
    place = (reading.department, reading.round) if reading.department and reading.round else None
    place = place or _place(at, sender, mail, [part for part, _ in parts])
    new: set[str] = set()
    if place:
        with at.ledger() as ledger:
            known = {part.sha256 for department, part in ledger.parts(place[1]) if department == place[0]}
        new = {kind for part, kind in parts if at.keep(part.data) not in known}
    decision = loose([kind for _, kind in parts], new, placed=place is not None, name=envelope.name)
    department, round_id = place or (sender.department, None)
    return replace(reading, decision=decision, department=department, round=round_id)


def _place(at: Office, sender: Sender, mail: Mail, parts: list[Part]) -> tuple[str, str] | None:
    """Return the department and round that loose parts belong to, None when that would have to be guessed.

    A link says both. A mail belongs to the round of the letter it answers, else to an open one in which its sender leads;
    a file in the office's folder to the department named in its name or its title.
    """
    if sender.by == "link" and sender.department:
        return sender.department, sender.round
    with at.ledger() as ledger:
        opened = [
            (one, at.plan(record))
            for record in ledger.campaigns("live", "paused")
            for one in ledger.rounds(record.id)
            if one.opened_at and one.closed_at is None
        ]
        texts = ([part.name for part in parts], titles_of(parts)) if sender.by == "folder" else ()
        found = [
            (one.id, plan, department)
            for one, plan in opened
            for department in sorted(_speaking(sender, plan.directory, texts))
            if ledger.forms(one.id, department)
        ]
        answered = {(one.round, one.department) for one in ledger.letters_with(mail.about)} if mail.about else set()
    leading = [
        (round_id, department)
        for round_id, plan, department in found
        if any(one.role is Role.LEAD for one in plan.expected_of(round_id, department))
    ]
    possible = [(round_id, department) for round_id, _, department in found]
    for choice in ([one for one in possible if one in answered], leading, possible):
        if choice and len({department for _, department in choice}) == 1:
            return choice[0][1], choice[0][0]
    return None


def _speaking(sender: Sender, directory: Directory, texts: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the departments a sender speaks for in a campaign; one that cannot be told, the first that some texts name."""
    if sender.by != "folder":
        return sender.within(directory).departments
    named = next((one for each in texts if (one := named_in(each, directory))), None)
    return frozenset({named} if named else ())


def _read_workbook(at: Office, place: int, part: Part, envelope: EnvelopeRecord, sender: Sender) -> Read:
    name, digest = part.name or envelope.name, at.keep(part.data)
    book = book_of(at, digest, part.data)
    with at.ledger() as ledger:
        told = stands_for(at, ledger, book, digest, envelope.received_at, envelope.id)
        made = _ordered(ledger, envelope, told.form.campaign) if isinstance(told, Issued) else None
    if made and isinstance(told, Issued) and made.kind == Kind.ACCEPT:
        told = by_decision(told, made.granted["taken"], made.granted["rules"].split(), made.scope)
    return decided(name, digest, book, told, sender, place)


def _plan_of(at: Office, round_id: str) -> Plan:
    with at.ledger() as ledger:
        return at.plan(ledger.campaign(round_id.split("/")[0]))


def _settle(
    at: Office, ledger: Ledger, envelope: EnvelopeRecord, reading: _Reading, parts: list[PartRecord], as_of: datetime
) -> None:
    """Write the outcome, the submissions and the receipt in one transaction."""
    reading = _unless_closed(ledger, reading)
    reading, kept = _unless_held(ledger, reading, envelope, as_of)
    form, checked, workbook = reading.form, reading.checked, reading.workbook
    settled = replace(
        envelope,
        campaign=form.campaign if form else (reading.round or "").split("/")[0] or None,
        round=reading.round,
        department=reading.department,
        kind=(EnvelopeKind.REQUEST if reading.asks else EnvelopeKind.SUBMISSION).value,
        outcome=None if reading.asks else reading.decision.outcome.value,
        reason=reading.decision.reason + _entered(ledger, envelope, reading),
        findings=tuple(asdict(one) for one in checked.all_findings) if checked else (),
    )
    if not ledger.settle_envelope(settled, parts):
        return
    lines: tuple[Line, ...] = ()
    if form and checked and workbook:
        lines = tuple(
            _submit(ledger, form, block, envelope, workbook, as_of) for block in checked.blocks if block.outcome.value != "blank"
        )
    lines = (*lines, *kept)
    if settled.campaign:
        data = {"outcome": settled.outcome, "sha256": envelope.sha256, "department": settled.department}
        ledger.record(Event(settled.campaign, "envelope.settled", envelope.id, as_of, "tick", f"settle:{envelope.id}", data))
    answer = Answer(
        lines,
        checked.all_findings if checked else (),
        workbook.name if workbook else "",
        workbook.data if workbook else b"",
        at.bytes_of(record.sha256) if form and (record := ledger.form(form.serial)) else b"",
        about=form.department if form else None,
        to_office=reading.automatic,
    )
    if envelope.door == "mail" and ledger.receipts_of(envelope.sender, as_of - _A_DAY) >= MOST_RECEIPTS:
        return
    letter, attachments = receipt(at, ledger, replace(settled, outcome=reading.decision.outcome.value), answer, as_of)
    if envelope.sender == letter.to.email.lower() == at.settings.mailbox.lower():
        return  # the office wrote to itself
    make_message(at, ledger, letter, attachments, [], as_of)


def _ordered(ledger: Ledger, envelope: EnvelopeRecord, campaign: str) -> DecisionRecord | None:
    """Return the decision by which the office brought an envelope by its own door; None for what came by any other."""
    made = ledger.decisions(campaign) if envelope.door == "office" else ()
    mine = (one for one in made if one.kind in (Kind.ENTER, Kind.ACCEPT) and one.granted["envelope"] == envelope.id)
    return next(mine, None)


def _entered(ledger: Ledger, envelope: EnvelopeRecord, reading: _Reading) -> str:
    """Return who brought what came by the office's own door, and on what basis; empty for what came by any other."""
    made = _ordered(ledger, envelope, reading.form.campaign) if reading.form else None
    if made is None:
        return ""
    if made.kind == Kind.ENTER:
        return f"由办公室{made.by}代为登记（{made.id}），依据：{made.basis}。如与实际不符，请报送更正。"
    return f"经{made.authority}批准，来件{made.granted['taken']}决定受理（{made.id}，经办人{made.by}），依据：{made.basis}。"


def _unless_closed(ledger: Ledger, reading: _Reading) -> _Reading:
    """Return the reading, or what becomes of it when its round was closed meanwhile: nothing is added to a closed round."""
    if reading.form is None or reading.checked is None:
        return reading
    a_round = ledger.round(reading.form.round)
    if a_round.closed_at is None:
        return reading
    name = reading.workbook.name if reading.workbook else ""
    return replace(reading, decision=over(name, a_round.label, moment_in_chinese(a_round.closed_at)), checked=None)


def _unless_held(
    ledger: Ledger, reading: _Reading, envelope: EnvelopeRecord, as_of: datetime
) -> tuple[_Reading, tuple[Line, ...]]:
    """Return the reading without what is held as it is, with a line of the receipt for each of it that says something new.

    What is approved, or was not reopened with its round, is not changed: a correction of it is stored, told, and waits.
    """
    form, checked = reading.form, reading.checked
    if form is None or checked is None:
        return reading, ()
    standings = ledger.standings_of(block.expected for block in checked.blocks)
    lines, left, same = [], [], []
    for block in checked.blocks:
        standing = standings[block.expected]
        if block.outcome.value == "blank" or not (standing.approved or standing.closed_at):
            left.append(block)
            continue
        layout = form.of(block.expected)[0]
        before = in_effect(versions_of(ledger, block.expected))
        said = SubmissionRecord(
            "", envelope.id, block.expected, 0, block.outcome.value, block.nil, block.narrative, envelope.received_at, "", ()
        )
        if before and changes(before, _version(said, block), _labels(form)) == (SAME,):
            same.append(block)
            continue
        data = {"envelope": envelope.id, "decision": standing.approved}
        command = f"hold:{envelope.id}:{block.expected}"
        ledger.record(Event(form.campaign, "correction.held", block.expected, as_of, "tick", command, data))
        why = f"已审定（{standing.approved}）" if standing.approved else "已汇总结束，不在重新开启的范围内"
        lines.append(
            Line(layout.duty, layout.duty_title, "暂存待审", f"{why}，来件已留存，数字没有改动；如需更正，请与办公室联系")
        )
    if len(left) == len(checked.blocks):
        return reading, ()
    decision = reading.decision
    if not any(block.outcome.value != "blank" for block in left):
        told = "；".join(f"任务{line.duty}{line.note}" for line in lines)
        decision = (
            Decision(Outcome.QUARANTINED, f"{told}。", "held")
            if lines
            else Decision(Outcome.DUPLICATE, "各项均已审定，内容与已受理的相同，没有改动。", "held-same")
        )
    return replace(reading, decision=decision, checked=replace(checked, blocks=tuple(left))), tuple(lines)


def _submit(ledger: Ledger, form: Form, block: CheckedBlock, envelope: EnvelopeRecord, workbook: Part, as_of: datetime) -> Line:
    """Return the receipt's line after recording what the envelope says for one expected report."""
    layout = next(one for one in form.blocks if one.expected == block.expected)
    accepted = block.outcome.value == "accepted"
    before = in_effect(versions_of(ledger, block.expected))
    version = ledger.next_version(block.expected) if accepted else 0
    record = SubmissionRecord(
        id=f"{envelope.id}:{block.expected}#1",
        envelope=envelope.id,
        expected=block.expected,
        version=version,
        outcome=block.outcome.value,
        nil=block.nil,
        narrative=block.narrative,
        received_at=envelope.received_at,
        file=workbook.name,
        findings=tuple(asdict(one) for one in (*block.findings, *block.shadow)),
        texts=block.texts if accepted else {},
    )
    ledger.add_submission(record, _figures(form, block) if accepted else ())
    data = {"submission": record.id, "version": version, "nil": block.nil, "findings": [one.rule for one in block.findings]}
    kind = "submission.accepted" if accepted else "submission.returned"
    ledger.record(Event(form.campaign, kind, block.expected, envelope.received_at, "tick", f"settle:{envelope.id}", data))
    if not accepted:
        count = sum(one.severity is Severity.BLOCK for one in block.findings)
        remarks = [f"{count}处问题"] * bool(count) + ([f"此前的第{before.number}版仍然有效"] if before else [])
        return Line(layout.duty, layout.duty_title, "退回修改", "，".join(remarks))
    late = state(ledger.standing(block.expected), as_of) is State.LATE
    overtaken = before is not None and before.received_at > envelope.received_at  # it lay in a mailbox nobody could reach
    told = changes(before, _version(record, block), _labels(form)) if before and not overtaken else ()
    remarks = ["零报告"] * block.nil + ["迟报"] * late
    if before and overtaken:
        remarks += [f"到达早于已收到的第{before.number}版，仍以第{before.number}版为准"]
    else:
        remarks += [f"第{version}版，替换此前各版"] * (version > 1)
    remarks += [SAME] * (told == (SAME,))
    return Line(layout.duty, layout.duty_title, "已收到", "、".join(remarks), told if told != (SAME,) else ())


def _version(record: SubmissionRecord, block: CheckedBlock) -> Version:
    figures = {code: Cell(figure.value, figure.sheet, figure.cell, figure.key) for code, figure in block.figures.items()}
    return Version(
        record.version, record.envelope, record.received_at, record.outcome, record.nil, figures, record.narrative, record.file
    )


def _labels(form: Form) -> dict[str, str]:
    return {one.id: one.label for one in form.indicators}


def _figures(form: Form, block: CheckedBlock) -> list[tuple[str, str, Decimal, str, str, str]]:
    """Return what an accepted block adds to the ledger: its own figures, and the cumulative ones that follow from them."""
    rows: list[tuple[str, str, Decimal, str, str, str]] = []
    for indicator, figure in block.figures.items():
        rows.append(("own", indicator, figure.value, figure.sheet, figure.cell, figure.key))
        layout = form.block_of(block.expected, indicator)
        if "cumulative" not in layout.lines:
            continue
        cumulative = layout.cumulated(form.table(layout).item(indicator), figure.value)
        rows.append(("cumulative", indicator, cumulative, figure.sheet, layout.cell("cumulative", indicator), ""))
    return rows
