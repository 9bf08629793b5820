"""What would become of a file if it were sent now: asked of the same reader and the same check, recorded nowhere."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaigns.errors import LiandongError, UnknownItem
from campaigns.findings import Finding, Severity
from campaigns.forms import Form
from campaigns.letters import Outcome
from campaigns.records import CampaignRecord
from campaigns.submission import Book, Refusal, check, token_of
from integrations import clock, settings
from integrations.database.engine import looking
from integrations.database.ledger import Ledger
from integrations.excel.reader import read
from integrations.signing import BadToken, unsign
from tasks.office import Office
from tasks.wording import moment_in_chinese

_MOST_BYTES = 32 * 2**20  # more than any file that is taken


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, and everything there is to say about it."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()


def verdict(file: Path) -> Verdict:
    """Return what would become of a workbook sent as it is; the ledger is read, and nothing is written anywhere."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
    except OSError:
        return _told(Outcome.REFUSED, "no-file", f"找不到或读不到文件“{file}”，请检查路径")
    book = read(data)
    if isinstance(book, Refusal):
        return _told(Outcome.REFUSED, book.code, book.message)
    try:
        at = Office(settings.load())
        with _ledger(at) as ledger:
            return _asked(at, ledger, file.name, data, book)
    except (LiandongError, OSError) as error:
        reason = str(error) if isinstance(error, LiandongError) else "读不到本机的办公室数据"
        return _told(Outcome.REFUSED, "no-office", f"文件可以读取，但无法核对是哪一份报表：{reason}")


@contextmanager
def _ledger(at: Office) -> Iterator[Ledger]:
    with looking(at.settings.url) as session:
        yield Ledger(session, clock.now())


def _asked(at: Office, ledger: Ledger, name: str, data: bytes, book: Book) -> Verdict:
    token = token_of(book)
    if token is None:
        reason = "未找到下发时的隐藏标识，请在收到的原报表上填报，不要另建表格或只复制其中的工作表"
        return _told(Outcome.REFUSED, "token-missing", reason)
    try:
        record = ledger.form(str(unsign(token, at.settings.secret).get("serial", "")))
    except BadToken as error:
        return _told(Outcome.REFUSED, "token-invalid", str(error))
    if record is None:
        return _told(Outcome.REFUSED, "form-unknown", "这份报表不在本办公室的下发记录中，请用收到的原报表填报")
    form = Form.model_validate_json(record.layout)
    campaign = ledger.campaign(form.campaign)
    earlier = ledger.earlier_envelope(hashlib.sha256(data).hexdigest(), "")
    if earlier:
        received = moment_in_chinese(earlier.received_at)
        message = f"《{name}》与{received}收到的文件（回执{earlier.id}）完全相同"
        return _told(Outcome.DUPLICATE, "duplicate", message, Severity.WARNING)
    if over := _over(ledger, form, campaign):
        return _told(Outcome.RETURNED, "round-closed", over)
    checked = check(book, form, at.plan(campaign).definition.rules)
    outcomes = {block.outcome.value for block in checked.blocks}
    if outcomes == {"blank"} and not checked.findings:
        return _told(Outcome.RETURNED, "nothing-filled", "没有填写任何一项任务；空白不等于零，确无情况的请把“零报告”选为“是”")
    returned = "returned" in outcomes or "accepted" not in outcomes
    return Verdict(Outcome.RETURNED if returned else Outcome.ACCEPTED, checked.all_findings)


def _over(ledger: Ledger, form: Form, campaign: CampaignRecord) -> str:
    """Return why a form is no longer taken, nothing when it is."""
    if campaign.status == "cancelled":
        return f"所属的专项行动已经撤销（{campaign.status_note}），不再接收报表"
    a_round = next((one for one in ledger.rounds(form.campaign) if one.id == form.round), None)
    if a_round is None:
        raise UnknownItem(f"台账里没有报送期“{form.round_label}”")
    if a_round.closed_at is None:
        return ""
    return f"这是{a_round.label}的报表，该期已于{moment_in_chinese(a_round.closed_at)}汇总结束，不再接收；请改用本期下发的报表"


def _told(outcome: Outcome, rule: str, message: str, severity: Severity = Severity.BLOCK) -> Verdict:
    return Verdict(outcome, (Finding(rule, severity, message),))
