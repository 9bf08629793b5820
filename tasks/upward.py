"""Handing a round's totals in to the office above, through the link it gave us and in the form it sent.

Idempotent by round, version of the roll-up, the superior's form and what is written into it: the workbook is stored and recorded
before it is sent, and what is sent again is the same bytes under the same key.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from campaigns.definition import Upward
from campaigns.errors import LiandongError, Refused, UnknownItem, WorldError
from campaigns.events import Event
from campaigns.forms import Form
from campaigns.plan import Plan
from campaigns.records import RoundRecord, SentUp
from campaigns.submission import Refusal
from campaigns.upward import Filled, fill, words_of
from integrations.database.ledger import Ledger
from integrations.excel import fill as workbook
from integrations.http.client import Bounds
from integrations.http.superior import IssuedForm, Receipt, Superior
from tasks.closing import publish_in
from tasks.office import Office, office
from tasks.rolling import rolled_up
from tasks.step import step

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be handed in: into which form of whom, until when there, and what was sent before."""

    round: str
    label: str
    to: str
    form: Form
    filled: Filled
    closed: bool
    earlier: tuple[SentUp, ...]


def preview(round_id: str, link: str | None, as_of: datetime) -> Preview:
    """Return what handing a round in would send; Refused when there is no superior, WorldError when it is out of reach."""
    at = office()
    _, form = _form(at, round_id, link)
    with at.ledger() as ledger:
        plan, a_round, upward = _round(at, ledger, round_id)
        filled = _filled(ledger, plan, round_id, upward, form, as_of)
        earlier = tuple(ledger.sent_up(round_id))
    return Preview(round_id, a_round.label, upward.to, form, filled, a_round.closed_at is not None, earlier)


def submit(round_id: str, link: str | None, as_of: datetime, *, pause: float = 2.0) -> SentUp:
    """Return what was handed in, with the superior's answer; Refused with every reason why it cannot be sent.

    A failure of the world is tried three times, `pause` seconds apart, then raised; the next call goes on where it stopped.
    """
    at = office()
    issued, form = _form(at, round_id, link)
    with at.ledger() as ledger:
        plan, a_round, upward = _round(at, ledger, round_id)
        if link:
            ledger.set_superior_link(round_id, link, as_of)
        made = _made(at, ledger, plan, a_round, upward, issued, form, as_of)
        superior = _superior(at, ledger, round_id, None)
    receipt = _handed_in(superior, made, at.bytes_of(made.sha256), pause)
    return _answered(at, made, receipt, as_of)


@step("向上级报送")
def hand_in_due(as_of: datetime) -> list[str]:
    """Return the closed rounds handed in now, where the settings say so: those whose newest roll-up has no answer yet."""
    at = office()
    when = at.settings.upward.automatic
    if when is None:
        return []
    with at.ledger() as ledger:
        due = [code for code in ledger.linked_rounds() if _is_due(ledger, code, approved=when == "approved")]
    sent, failed = [], []
    for code in due:
        try:
            submit(code, None, as_of)
            sent.append(code)
        except LiandongError as fault:
            failed.append(f"{code}没有上报成功：{fault}")
    if failed:
        raise WorldError("；".join(failed))
    return sent


def _is_due(ledger: Ledger, round_id: str, *, approved: bool) -> bool:
    a_round = ledger.round(round_id)
    campaign = ledger.campaign(a_round.campaign)
    if a_round.closed_at is None or campaign.status not in ("live", "closed"):
        return False
    came = [one for one in ledger.standings(campaign.id, round_id).values() if one.received_at and not one.retired]
    if approved and not all(one.approved for one in came):
        return False
    newest = len(ledger.rollups(round_id))
    return not any(one.version == newest and one.outcome for one in ledger.sent_up(round_id))


def _round(at: Office, ledger: Ledger, round_id: str) -> tuple[Plan, RoundRecord, Upward]:
    code = round_id.split("/")[0]
    plan = at.plan(ledger.campaign(code))
    a_round = next((one for one in ledger.rounds(code) if one.id == round_id), None)
    if a_round is None:
        raise UnknownItem(f"没有报送期“{round_id}”，可用 liandong status 查看")
    upward = plan.report(a_round.id).upward
    if upward is None:
        raise Refused([f"{a_round.label}的报送事项没有写报给哪个上级，请在定义中写明 upward"])
    if a_round.opened_at is None:
        raise Refused([f"{a_round.label}还没有下发，没有可上报的数"])
    return plan, a_round, upward


def _superior(at: Office, ledger: Ledger, round_id: str, link: str | None) -> Superior:
    found = link or ledger.superior_link(round_id)
    if found is None:
        raise Refused(["还不知道上级的上传链接：请从上级的信件中复制，用 --link 给出，以后不必再写"])
    return Superior(found, Bounds(networks=tuple(map(str, at.settings.upward.addresses)), ca_file=at.settings.upward.ca_file))


def _form(at: Office, round_id: str, link: str | None) -> tuple[IssuedForm, Form]:
    with at.ledger() as ledger:
        _round(at, ledger, round_id)
        superior = _superior(at, ledger, round_id, link)
    issued = superior.form()
    try:
        return issued, Form.model_validate_json(issued.layout)
    except ValueError:
        raise WorldError("上级报表的式样读不懂，可能版本不同，请下载报表人工填写") from None


def _filled(ledger: Ledger, plan: Plan, round_id: str, upward: Upward, form: Form, as_of: datetime) -> Filled:
    """Return what a round's totals, and of lists the words beside them, write into the superior's form."""
    facts = ledger.figures(plan.definition.campaign.id, "own", until=as_of)
    texts = {one.id: one.texts for one in ledger.submissions(round_id)}
    return fill(form, upward, rolled_up(ledger, plan, round_id, as_of, facts), words_of(facts, texts))


def _made(
    at: Office,
    ledger: Ledger,
    plan: Plan,
    a_round: RoundRecord,
    upward: Upward,
    issued: IssuedForm,
    form: Form,
    as_of: datetime,
) -> SentUp:
    """Return the workbook to send, made and recorded now unless it was: one for each roll-up and version of the form."""
    filled = _filled(ledger, plan, a_round.id, upward, form, as_of)
    if filled.problems:
        raise Refused(filled.problems)
    record = publish_in(at, ledger, plan, a_round, as_of)
    # a link copied wrong may have brought another's form; the same totals are written otherwise once what they are taken from is
    # put right
    written = sha256(repr((form.serial, filled.cells)).encode(errors="backslashreplace")).hexdigest()[:8]
    key = f"{a_round.id}:v{record.version}:f{form.version}:{written}"
    known = next((one for one in ledger.sent_up(a_round.id) if one.key == key), None)
    if known:
        return known
    data = workbook.fill(issued.workbook, [(one.sheet, one.cell, one.value) for one in filled.cells])
    if isinstance(data, Refusal):
        raise Refused([f"上级的报表填不进去：{data.message}"])
    made = SentUp(a_round.id, key, record.version, form.filename, at.keep(data), as_of)
    told = {"key": key, "version": made.version, "file": made.file, "sha256": made.sha256, "form": form.serial}
    ledger.record(Event(a_round.campaign, "upward.made", a_round.id, as_of, "office", f"upward:{key}", told))
    return made


def _handed_in(superior: Superior, made: SentUp, data: bytes, pause: float) -> Receipt:
    for turn in range(1, _TRIES):
        try:
            return superior.submit(made.file, data, made.key)
        except WorldError:
            time.sleep(pause * turn)
    return superior.submit(made.file, data, made.key)


def _answered(at: Office, made: SentUp, receipt: Receipt, as_of: datetime) -> SentUp:
    answer = SentUp(
        made.round, made.key, made.version, made.file, made.sha256, made.made_at,
        receipt.number, receipt.outcome, receipt.reason, tuple(dict(one) for one in receipt.findings),
    )  # fmt: skip
    if answer == made:
        return made
    told = {
        "key": made.key,
        "receipt": receipt.number,
        "outcome": receipt.outcome,
        "reason": receipt.reason,
        "findings": list(answer.findings),
    }
    with at.ledger() as ledger:
        campaign = made.round.split("/")[0]
        ledger.record(Event(campaign, "upward.answered", made.round, as_of, "superior", f"upward:{made.key}", told))
    return answer
