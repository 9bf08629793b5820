"""Requests for more time, by mail and from the upload page: recorded for the office to decide, moving nothing."""

from dataclasses import dataclass
from datetime import date, datetime

from campaigns.asking import asked, day
from campaigns.decisions import Selection
from campaigns.errors import Refused
from campaigns.intake import Sender
from campaigns.records import RequestRecord
from campaigns.workdays import in_chinese, office_date
from integrations.database.ledger import Ledger
from integrations.inbox.mime import Mail
from tasks.decide import put_request
from tasks.office import Office

_NEEDED = "一行写明“申请延期至2026-12-10，理由：……”（年月日和理由）"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a mail asks for: of whom, for which round, until when and why; `problem` says why it cannot be put as it is."""

    round: str = ""
    department: str = ""
    until: date | None = None
    reason: str = ""
    problem: str = ""


def wish(at: Office, sender: Sender, mail: Mail) -> Wish | None:
    """Return what a mail asks for, None when it asks for nothing.

    The round is that of the letter it answers, else the only open one of its sender's department.
    """
    found = asked(mail.subject, mail.text)
    if found is None:
        return None
    if sender.refuted:
        return Wish(problem=f"发件邮箱没有通过验证（{sender.refuted}）")
    if not found.reason:
        return Wish(problem=f"没有写明理由，请另发一封，{_NEEDED}")
    with at.ledger() as ledger:
        opened = [
            (one.id, department)
            for record in ledger.campaigns("live", "paused")
            for department in sorted(sender.within(at.plan(record).directory).departments)
            for one in ledger.rounds(record.id)
            if one.opened_at and one.closed_at is None
        ]
        letters = ledger.letters_with(mail.about) if mail.about else []
    answered = [one for one in opened if one in {(letter.round, letter.department) for letter in letters}]
    places = answered or opened
    if not places:
        return Wish(problem=f"来件邮箱“{sender.address}”没有登记，或所在单位没有开启的报送期")
    if len(places) > 1:
        return Wish(problem="说不清是哪一个单位、哪一期的报送，请直接回复那一期的信件提出")
    return Wish(places[0][0], places[0][1], found.until, found.reason)


def put(at: Office, ledger: Ledger, asked_for: Wish, asked_by: str, door: str, as_of: datetime) -> RequestRecord:
    """Return the request, recorded in the caller's transaction; Refused, with every reason, when it cannot be."""
    code, selection = asked_for.round.split("/")[0], Selection((asked_for.round,), (asked_for.department,))
    return put_request(at, ledger, code, selection, asked_for.until, asked_for.reason, asked_by, door, as_of)


def put_from_page(at: Office, round_id: str, department: str, until: str, reason: str, as_of: datetime) -> RequestRecord:
    """Return the request that somebody put on a department's page; Refused, in words for that page, when it cannot be."""
    wanted, problems = day(until), []
    if wanted is None:
        problems.append("延期到哪一天没有写对，请写成 2026-12-10 这样")
    elif wanted <= office_date(as_of):
        problems.append("延期到的日子应在今天以后")
    if not reason.strip():
        problems.append("没有写明理由")
    if problems:
        raise Refused(problems)
    with at.ledger() as ledger:
        found = Wish(round_id, department, wanted, reason.strip()[:500])
        name = at.plan(ledger.campaign(round_id.split("/")[0])).organ(department).name
        return put(at, ledger, found, name, "page", as_of)


def shown(ledger: Ledger, plan_round: str, department: str) -> tuple[str, ...]:
    """Return the requests of a department in a round, one Chinese sentence each, the newest first."""
    code, told = plan_round.split("/")[0], []
    for one in reversed(ledger.requests(code)):
        if any(item.startswith(f"{plan_round}/") and item.endswith(f"/{department}") for item in one.scope):
            until = in_chinese(one.wanted) if one.wanted else "未写明"
            answer = "办公室已答复，请看信件" if one.decision else "等待办公室决定，原截止时间不变"
            told.append(f"{in_chinese(office_date(one.made_at))}申请延期至{until}：{one.reason}（{answer}）")
    return tuple(told)
