"""Taking in what departments send: stored first, then read in a child process, split, accepted or returned, answered once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal

from campaigns.events import Event
from campaigns.findings import Finding, Severity
from campaigns.forms import Form
from campaigns.letters import Attachment, Item, Letter, Line, Occasion, Outcome, Receipt, Trouble
from campaigns.plan import Plan
from campaigns.records import EnvelopeRecord, PartRecord, RoundRecord, SubmissionRecord
from campaigns.states import State, state
from campaigns.submission import Book, Checked, CheckedBlock, Refusal, check, token_of
from integrations.database.ledger import Ledger
from integrations.excel.annotate import annotate
from integrations.excel.reader import read
from integrations.inbox.folder import alone
from integrations.inbox.mime import Mail, Part, parts_of, unpacked
from integrations.signing import BadToken, unsign
from tasks.forms import XLSX
from tasks.office import Office, names, office
from tasks.post import make_message
from tasks.step import step
from tasks.wording import item, moment_in_chinese

_LOCK = ".check.lock"
_MOST_TRIES = 3
_WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".et", ".ods", ".xlsb", ".csv")
_SUMMARIES, _SCANS = (".docx", ".doc", ".wps"), (".pdf", ".jpg", ".jpeg", ".png", ".ofd")


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
        if envelope.outcome is None:
            _check_envelope(at, envelope, as_of)


def _check_envelope(at: Office, envelope: EnvelopeRecord, as_of: datetime) -> None:
    with at.ledger() as ledger:
        tries = ledger.try_envelope(envelope.id)
    if tries > _MOST_TRIES:
        reading = _Reading(Outcome.QUARANTINED, f"多次尝试均未能处理“{envelope.name}”，已转办公室人工处理，原件已留存。")
    else:
        reading = _read(at, envelope)
    with at.ledger() as ledger:
        _settle(at, ledger, envelope, reading, as_of)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was found in an envelope before the ledger is touched."""

    outcome: Outcome
    reason: str = ""
    form: Form | None = None
    checked: Checked | None = None
    workbook: Part | None = None
    sender: str | None = None  # the department whose registered mailbox sent it
    parts: tuple[tuple[Part, str], ...] = ()
    round: str | None = None
    automatic: bool = False  # written by a machine: never answered, or two machines would write to each other for ever
    silent: bool = False  # an automatic reply: recorded, and nobody needs a letter about it
    link: str | None = None  # the round of the upload link it came through
    bounced: str | None = None  # the key of our letter that came back


def _read(at: Office, envelope: EnvelopeRecord) -> _Reading:
    data = at.bytes_of(envelope.sha256)
    with at.ledger() as ledger:
        scope = ledger.scope_of(envelope.id)
        sender = scope[1] if scope else ledger.department_of(envelope.sender) if envelope.sender else None
    mail = parts_of(data) if envelope.door == "mail" else Mail(parts=tuple(unpacked(Part(envelope.name, "", data))))
    kinds = tuple((part, _kind(part)) for part in mail.parts)
    link = scope[0] if scope else None
    reading = _Reading(Outcome.REFUSED, sender=sender, parts=kinds, automatic=mail.automatic, link=link)
    if mail.bounce:
        return _bounced(at, reading, mail)
    if mail.automatic and not mail.parts:
        return replace(reading, silent=True, reason="这是自动回复，没有附件，已登记，不作答复。")
    workbooks = [part for part, kind in kinds if kind == "workbook"]
    if not workbooks:
        return _without_workbook(at, reading, envelope, mail)
    return _one_of([_read_workbook(at, reading, part, envelope) for part in workbooks])


def _bounced(at: Office, reading: _Reading, mail: Mail) -> _Reading:
    """Return the reading of a mail that says a letter of ours did not arrive."""
    with at.ledger() as ledger:
        ours = next((one for one in ledger.messages() if one.message_id in mail.about), None)
    if ours is None:
        return replace(reading, parts=(), reason="这是系统退信，有信件没有送达，请打开原件查看是哪一封。")
    reason = f"这是系统退信：发往“{ours.to_email}”的《{ours.subject}》没有送达，请核对该单位登记的邮箱。"
    return replace(reading, parts=(), reason=reason, bounced=ours.key)


def _one_of(found: Sequence[_Reading]) -> _Reading:
    """Return the reading of the one form an envelope is taken for; any other form in it is named, so that its sender can send it.

    A form that is not taken is no workbook of this envelope: sent again, it is no duplicate.
    """
    order = (Outcome.ACCEPTED, Outcome.RETURNED, Outcome.DUPLICATE, Outcome.QUARANTINED)
    forms = [one for one in found if one.form is not None]
    if not forms:
        return found[-1]
    chosen = min(forms, key=lambda one: order.index(one.outcome))
    left = [one for one in forms if one.workbook and chosen.workbook and one.workbook.data != chosen.workbook.data]
    aside = {id(one.workbook) for one in left if one.outcome is not Outcome.DUPLICATE}
    kinds = tuple((part, "other" if id(part) in aside else kind) for part, kind in chosen.parts)
    return replace(chosen, parts=kinds, reason=chosen.reason + "".join(_left(chosen, one) for one in left))


def _left(chosen: _Reading, other: _Reading) -> str:
    """Return what a sender is told of a form that came with the one that was taken."""
    name = other.workbook.name if other.workbook else ""
    if other.outcome is Outcome.DUPLICATE:
        return f"同一邮件中的《{name}》此前已经收到，没有重复登记。"
    if other.form and chosen.form and other.form.department != chosen.form.department:
        return f"同一邮件中的《{name}》是下发给{other.form.department_name}的报表，没有受理，请由该单位从登记的邮箱报送。"
    return f"同一邮件中的《{name}》没有受理：一封邮件只受理一份报表，如需报送请另发一封。"


def _kind(part: Part) -> str:
    name = part.name.lower()
    if name.endswith(_SUMMARIES):
        return "summary"
    if name.endswith(_SCANS):
        return "scan"
    return "workbook" if name.endswith(_WORKBOOKS) or not name.endswith((".txt", ".htm", ".html", ".ics")) else "other"


def _without_workbook(at: Office, reading: _Reading, envelope: EnvelopeRecord, mail: Mail) -> _Reading:
    """Return the reading of an envelope with prose or scans only: recorded for its sender's open round, when that is known."""
    if reading.link and any(kind in ("summary", "scan") for _, kind in reading.parts):
        return replace(reading, outcome=Outcome.ACCEPTED, round=reading.link, reason="收到工作总结或扫描件，已登记。")
    if reading.sender and any(kind in ("summary", "scan") for _, kind in reading.parts):
        with at.ledger() as ledger:
            opened = [
                one
                for record in ledger.campaigns("live", "paused")
                for one in ledger.rounds(record.id)
                if one.opened_at and one.closed_at is None and ledger.forms(one.id, reading.sender)
            ]
        if opened:
            return replace(reading, outcome=Outcome.ACCEPTED, round=opened[0].id, reason="收到工作总结或扫描件，已登记。")
    if reading.parts:
        return replace(
            reading,
            outcome=Outcome.QUARANTINED,
            reason=f"“{envelope.name}”中没有报表，也无法判断是哪个单位的材料，已转办公室处理。",
        )
    if mail.too_large:
        return replace(reading, reason="邮件过大，没有取回附件，请压缩图片或分几封邮件重新发送。")
    if mail.links_instead_of_files:
        return replace(reading, reason="邮件里只有超大附件的链接，没有报表本身，请把报表作为普通附件重新发送。")
    if not mail.sender and not mail.text.strip():
        return replace(reading, reason="这封邮件是空的或已经损坏，打不开，请让发件人重新发送；原件已留存。")
    return replace(reading, reason="邮件里没有附件，未发现报表；报送请把填好的报表作为附件发送。")


def _read_workbook(at: Office, reading: _Reading, part: Part, envelope: EnvelopeRecord) -> _Reading:
    name = part.name or envelope.name
    book = read(part.data)
    if isinstance(book, Refusal):
        return replace(reading, workbook=part, reason=f"附件《{name}》：{book.message}")
    form = _form_of(at, book)
    if isinstance(form, str):
        return replace(reading, workbook=part, reason=f"附件《{name}》：{form}")
    found = replace(reading, form=form, workbook=part, round=form.round)
    if reading.link and reading.sender == form.department and reading.link != form.round:
        reason = f"《{name}》不是这个上传链接所属报送期的报表，已暂存待核。请用该期信件中的链接或邮箱报送。"
        return replace(found, outcome=Outcome.QUARANTINED, reason=reason)
    if envelope.door != "folder" and reading.sender != form.department:
        who = "本邮箱没有登记为该单位的联络员邮箱" if reading.sender is None else "发件单位与报表单位不一致"
        told = f"附件《{name}》是下发给{form.department_name}的报表，{who}，不能受理，已暂存待核。"
        reason = f"{told}请用本单位收到的报表、从登记的邮箱报送。"
        return replace(found, outcome=Outcome.QUARANTINED, reason=reason)
    with at.ledger() as ledger:
        earlier = ledger.earlier_envelope(at.keep(part.data), envelope.id)
        a_round = next(one for one in ledger.rounds(form.campaign) if one.id == form.round)
        record = ledger.campaign(form.campaign)
    if earlier:
        told = f"《{name}》与{moment_in_chinese(earlier.received_at)}收到的文件（回执{earlier.id}）完全相同，没有重复登记。"
        advice = (
            "那一份已退回修改，请改好后再报。" if earlier.outcome == "returned" else "以最近一次通过核对的报表为准，不必再报。"
        )
        return replace(found, outcome=Outcome.DUPLICATE, reason=told + advice)
    if record.status == "cancelled":
        reason = f"《{name}》所属的专项行动已经撤销（{record.status_note}），不再接收报表；原件已留存。"
        return replace(found, outcome=Outcome.RETURNED, reason=reason)
    if a_round.closed_at is not None:
        reason = (
            f"《{name}》是{a_round.label}的报表，该期已于{moment_in_chinese(a_round.closed_at)}汇总结束，不再接收；原件已留存。"
        )
        return replace(
            found,
            outcome=Outcome.RETURNED,
            reason=f"{reason}如填的是本期数字，请改用本期下发的报表；如需更正上期数字，请与办公室联系。",
        )
    checked = check(book, form, at.plan(record).definition.rules)
    outcomes = {block.outcome.value for block in checked.blocks}
    if "returned" in outcomes:
        return replace(found, outcome=Outcome.RETURNED, checked=checked)
    if "accepted" in outcomes:
        return replace(found, outcome=Outcome.ACCEPTED, checked=checked)
    reason = f"《{name}》没有填写任何一项任务；空白不等于零，确无情况的请把“零报告”选为“是”。"
    return replace(found, outcome=Outcome.RETURNED, checked=checked, reason=reason)


def _form_of(at: Office, book: Book) -> Form | str:
    """Return the form a workbook was sent as, or a Chinese sentence saying why it is none of ours."""
    token = token_of(book)
    if token is None:
        return "未找到下发时的隐藏标识，请在收到的原报表上填报，不要另建表格或只复制其中的工作表。"
    try:
        identity = unsign(token, at.settings.secret)
    except BadToken as error:
        return f"{error}。"
    with at.ledger() as ledger:
        record = ledger.form(str(identity.get("serial", "")))
    if record is None:
        return "这份报表不在本办公室的下发记录中，请用收到的原报表填报。"
    return Form.model_validate_json(record.layout)


def _settle(at: Office, ledger: Ledger, envelope: EnvelopeRecord, reading: _Reading, as_of: datetime) -> None:
    """Write the outcome, the submissions and the receipt in one transaction."""
    form, checked = reading.form, reading.checked
    department = form.department if form and reading.outcome is not Outcome.QUARANTINED else reading.sender
    settled = replace(
        envelope,
        campaign=form.campaign if form else (reading.round or "").split("/")[0] or None,
        round=reading.round,
        department=department,
        outcome=reading.outcome.value,
        reason=reading.reason,
        findings=tuple(asdict(one) for one in checked.all_findings) if checked else (),
    )
    parts = [PartRecord(envelope.id, part.name, at.keep(part.data), kind) for part, kind in reading.parts]
    if not ledger.settle_envelope(settled, parts):
        return
    lines: tuple[Line, ...] = ()
    if form and checked and reading.workbook:
        lines = tuple(
            _submit(ledger, form, block, envelope, reading.workbook, as_of) for block in checked.blocks if _says_something(block)
        )
    if settled.campaign:
        data = {"outcome": settled.outcome, "sha256": envelope.sha256, "department": department}
        ledger.record(Event(settled.campaign, "envelope.settled", envelope.id, as_of, "tick", f"settle:{envelope.id}", data))
    if reading.bounced:
        ledger.mark_unsent(reading.bounced, "refused", reading.reason)
    if reading.silent:
        return
    letter, attachments = _receipt(at, ledger, settled, reading, lines, as_of)
    make_message(at, ledger, letter, attachments, [], as_of)


def _says_something(block: CheckedBlock) -> bool:
    return block.outcome.value != "blank"


def _submit(ledger: Ledger, form: Form, block: CheckedBlock, envelope: EnvelopeRecord, workbook: Part, as_of: datetime) -> Line:
    """Return the receipt's line after recording what the envelope says for one expected report."""
    layout = next(one for one in form.blocks if one.expected == block.expected)
    accepted = block.outcome.value == "accepted"
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
    )
    ledger.add_submission(record, _figures(form, block) if accepted else ())
    data = {"submission": record.id, "version": version, "nil": block.nil, "findings": [one.rule for one in block.findings]}
    kind = "submission.accepted" if accepted else "submission.returned"
    ledger.record(Event(form.campaign, kind, block.expected, envelope.received_at, "tick", f"settle:{envelope.id}", data))
    if not accepted:
        count = sum(one.severity is Severity.BLOCK for one in block.findings)
        return Line(layout.duty, layout.duty_title, "退回修改", f"{count}处问题" if count else "")
    standing = ledger.standings(form.campaign, form.round)[block.expected]
    late = state(standing, as_of) is State.LATE
    remarks = ["零报告"] * block.nil + ["迟报"] * late + [f"第{version}版，替换此前各版"] * (version > 1)
    return Line(layout.duty, layout.duty_title, "已收到", "、".join(remarks))


def _figures(form: Form, block: CheckedBlock) -> list[tuple[str, str, Decimal, str, str]]:
    """Return what an accepted block adds to the ledger: its own figures, and the cumulative ones that follow from them."""
    rows: list[tuple[str, str, Decimal, str, str]] = []
    for indicator, figure in block.figures.items():
        rows.append(("own", indicator, figure.value, figure.sheet, figure.cell))
        layout = form.block_of(block.expected, indicator)
        cumulative = figure.value + layout.coop.get(indicator, Decimal(0)) + layout.previous[indicator]
        rows.append(("cumulative", indicator, cumulative, figure.sheet, layout.cell("cumulative", indicator)))
    return rows


def _receipt(
    at: Office, ledger: Ledger, envelope: EnvelopeRecord, reading: _Reading, lines: Sequence[Line], as_of: datetime
) -> tuple[Letter, list[Attachment]]:
    plan, a_round = _context(at, ledger, envelope)
    findings = reading.checked.all_findings if reading.checked else ()
    body = Receipt(
        outcome=reading.outcome,
        number=envelope.id,
        file_name=(reading.workbook.name if reading.workbook else "") or envelope.name,
        received_at=moment_in_chinese(envelope.received_at),
        lines=tuple(lines),
        troubles=tuple(_trouble(one) for one in findings),
        unreported=_unreported(at, ledger, plan, a_round, envelope.department, as_of) if plan and a_round else (),
        explanation=reading.reason,
        sender=envelope.sender,
    )
    occasion = at.occasion(plan, a_round.id if a_round else "", a_round.label if a_round else "") if plan else _no_occasion(at)
    to = at.office_recipient()  # for who is unknown, or a machine
    if plan and envelope.department and not reading.automatic:
        to = at.recipient(plan, envelope.department)
    attachments: list[Attachment] = []
    if reading.outcome is Outcome.RETURNED and reading.workbook and any(one.cell for one in findings):
        copy = annotate(reading.workbook.data, findings)
        attachments.append(Attachment(_annotated_name(reading.workbook.name), XLSX, copy))
        at.keep(copy)
    return Letter(f"receipt:{envelope.id}", occasion, to, body), attachments


def _context(at: Office, ledger: Ledger, envelope: EnvelopeRecord) -> tuple[Plan | None, RoundRecord | None]:
    """Return the plan and round an envelope belongs to; a registered sender's only live campaign stands in for an unknown one."""
    code = envelope.campaign
    if code is None:
        live = ledger.campaigns("live", "paused")
        if not envelope.department or len(live) != 1:
            return None, None
        code = live[0].id
    plan = at.plan(ledger.campaign(code))
    return plan, next((one for one in ledger.rounds(code) if one.id == envelope.round), None)


def _no_occasion(at: Office) -> Occasion:
    return Occasion(at.settings.office, at.settings.mailbox, "", "联合执法报送", "联合执法报送")


def _unreported(
    at: Office, ledger: Ledger, plan: Plan, a_round: RoundRecord, department: str | None, as_of: datetime
) -> tuple[Item, ...]:
    """Return what the department still owes in the round."""
    standings, named, workdays = ledger.standings(a_round.campaign, a_round.id), names(plan), at.workdays(plan.definition)
    return tuple(
        item(plan, one, standings[one.id], as_of, workdays, named)
        for one in plan.expected_in(a_round.id)
        if one.department == department and state(standings[one.id], as_of) in (State.OPEN, State.MISSING)
    )


def _trouble(finding: Finding) -> Trouble:
    return Trouble(
        finding.message, finding.sheet, finding.cell, finding.value, finding.expected, blocking=finding.severity is Severity.BLOCK
    )


def _annotated_name(name: str) -> str:
    stem = name.rsplit(".", 1)[0] or "报表"
    return f"{stem}_退回修改.xlsx"
