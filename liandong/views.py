"""What `status`, `show` and `rollup` tell: documents for programs, and the same as text for people."""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from campaigns.definition import Part, Role
from campaigns.errors import Conflict, UnknownItem
from campaigns.items import figures_of
from campaigns.parts import part_counts
from campaigns.plain import legible
from campaigns.plan import ExpectedReport, Plan
from campaigns.questions import Question, cited
from campaigns.records import CampaignRecord, RollUpRecord, RoundRecord
from campaigns.states import Standing, State, as_it_stood, chinese, rates, state, tally
from campaigns.versions import series
from campaigns.workdays import office_time
from integrations.database.ledger import Ledger
from tasks.assessing import questions_of
from tasks.attention import attention
from tasks.office import names, office
from tasks.parts import RoundParts, parts_of_round
from tasks.versions import versions_of
from tasks.wording import moment_in_chinese

STATUS = {"live": "进行中", "paused": "已暂停", "cancelled": "已撤销", "closed": "已结束"}
WORDS = {
    "expected": "应报",
    "open": "未到期",
    "received": "已报送",
    "late": "迟报",
    "missing": "逾期未报",
    "nil": "零报告",
    "waived": "免报",
    "not_applicable": "不适用",
}


def the_campaign(code: str | None) -> str:
    """Return the campaign meant: the one named, or the only one there is; UnknownItem when it is not clear."""
    with office().ledger() as ledger:
        if code:
            return ledger.campaign(code).id
        known = ledger.campaigns()
    if len(known) == 1:
        return known[0].id
    if not known:
        raise UnknownItem("还没有下发过专项行动，请先用 liandong launch 下发")
    raise UnknownItem(f"有{len(known)}个专项行动，请写明是哪一个：{'、'.join(one.id for one in known)}")


def status_document(code: str | None, as_of: datetime) -> dict[str, Any]:
    """Return how every round and department stands: `expected` is the sum of the seven states."""
    with office().ledger() as ledger:
        records = [ledger.campaign(code)] if code else ledger.campaigns()
        urgent = attention(office(), ledger, as_of)
    campaigns = [_campaign_document(record, as_of) for record in records]
    return {"as_of": as_of.isoformat(), "campaigns": campaigns, "attention": list(urgent)}


def _campaign_document(record: CampaignRecord, as_of: datetime) -> dict[str, Any]:
    at = office()
    plan = at.plan(record)
    with at.ledger() as ledger:
        rounds, standings = ledger.rounds(record.id), ledger.standings(record.id)
        after = ledger.after_closing(record.id)
        parts = {one.id: parts_of_round(ledger, plan, one.id) for one in rounds if one.opened_at}
    return {
        "id": record.id,
        "title": record.title,
        "status": record.status,
        "status_note": record.status_note,
        "rounds": [
            _round_document(plan, one, standings, parts.get(one.id), as_of) | {"after_closing": after.get(one.id, 0)}
            for one in rounds
        ],
        **_groups(plan, [one.id for one in plan.expected if one.id in standings], standings, as_of),
    }


def _round_document(
    plan: Plan, a_round: RoundRecord, standings: Mapping[str, Standing], parts: RoundParts | None, as_of: datetime
) -> dict[str, Any]:
    mine = [one.id for one in plan.expected_in(a_round.id)]
    return {
        "id": a_round.id,
        "report": a_round.report,
        "label": a_round.label,
        "due": a_round.due_on.isoformat(),
        "opened_at": _text(a_round.opened_at),
        "closed_at": _text(a_round.closed_at),
        **_counted(state(standings[one], as_of) for one in mine),
        # of the leads' submissions in several parts: how many must be, how many have each part, how many are whole
        "parts": part_counts(parts.of(department, standings) for department in parts.leads) if parts else None,
        **_groups(plan, mine, standings, as_of),
    }


def _counted(states: Iterable[State]) -> dict[str, Any]:
    """Return how many are in each state, with the rates in per cent; a rate of nothing is None."""
    counts = tally(states)
    found = rates(counts)
    return {
        **counts,
        "completeness": None if found.completeness is None else float(found.completeness),
        "punctuality": None if found.punctuality is None else float(found.punctuality),
    }


def _groups(plan: Plan, ids: Iterable[str], standings: Mapping[str, Standing], as_of: datetime) -> dict[str, Any]:
    """Return the counts and rates of some expected reports by department, duty and level."""
    found = [(one.split("/")[-2], plan.organ(one.rsplit("/", 1)[1]), state(standings[one], as_of)) for one in ids]
    by: dict[str, dict[str, list[State]]] = {"departments": {}, "duties": {}, "levels": {}}
    for duty, organ, now in found:
        for key, code in (("departments", organ.id), ("duties", duty), ("levels", organ.level)):
            by[key].setdefault(code, []).append(now)
    named = names(plan)
    return {
        "departments": [
            {"department": code, "name": named[code], **_counted(states)} for code, states in by["departments"].items()
        ],
        "duties": [
            {"duty": int(code), "title": plan.titles[int(code)], **_counted(states)} for code, states in by["duties"].items()
        ],
        "levels": [{"level": code, **_counted(states)} for code, states in by["levels"].items()],
    }


def show_status(document: Mapping[str, Any]) -> None:
    """Print the status for people."""
    out = console()
    if not document["campaigns"]:
        out.print("还没有下发过专项行动。")
    for campaign in document["campaigns"]:
        note = f"（{campaign['status_note']}）" if campaign["status_note"] else ""
        out.print(f"{campaign['title']}　{STATUS[campaign['status']]}{note}")
        table = Table("报送期", "截止", *WORDS.values(), "报送率", "按时率")
        for one in campaign["rounds"]:
            shares = (_rate(one["completeness"]), _rate(one["punctuality"]))
            table.add_row(one["label"], one["due"], *(str(one[key]) for key in WORDS), *shares)
        out.print(table)
        for one in campaign["rounds"]:
            if one["parts"] and one["parts"].keys() > {"expected", "workbook", "complete"}:  # the table above counts workbooks
                told = "，".join(f"{part.chinese}{one['parts'][part.value]}家" for part in Part if part.value in one["parts"])
                out.print(f"{one['label']}：牵头单位{one['parts']['expected']}家，已收齐{one['parts']['complete']}家（{told}）")
        for one in campaign["rounds"]:
            if one["after_closing"]:
                out.print(f"{one['label']}结束后又收到{one['after_closing']}份来件，已留存，没有计入")
        for one in campaign["rounds"]:
            missing = [d["name"] for d in one["departments"] if d["missing"]]
            if missing:
                out.print(f"{one['label']}逾期未报：{'、'.join(missing)}")
    for sentence in document["attention"]:
        out.print(f"请处理　{sentence}", soft_wrap=True)


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:g}%"


class _Console(Console):
    """A console on which texts from outside are texts: no markup of theirs, nothing that speaks to the terminal."""

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(legible(text), **how)


def console() -> Console:
    """Return a console for tables: what is not a terminal has no width, and must not cut Chinese words."""
    made = _Console(file=sys.stdout, highlight=False, markup=False)
    return made if made.is_terminal else _Console(file=sys.stdout, highlight=False, markup=False, width=140)


def item_document(code: str, as_of: datetime) -> dict[str, Any]:
    """Return what the ledger holds on one campaign, round, expected report, department or envelope; UnknownItem otherwise."""
    at = office()
    with at.ledger() as ledger:
        records = ledger.campaigns()
        envelopes = {one.id: one for one in ledger.envelopes()}
    if code in envelopes:
        envelope = envelopes[code]
        return {
            "kind": "envelope",
            "id": envelope.id,
            "name": envelope.name,
            "sha256": envelope.sha256,
            "sender": envelope.sender,
            "received_at": _text(envelope.received_at),
            "round": envelope.round,
            "department": envelope.department,
            "nature": envelope.kind,
            "outcome": envelope.outcome,
            "reason": envelope.reason,
            "findings": list(envelope.findings),
        }
    found: dict[str, Any] = {}
    for record in records:
        if code == record.id:
            return {"kind": "campaign", **_campaign_document(record, as_of)}
        plan = at.plan(record)
        with at.ledger() as ledger:
            rounds = {one.id: one for one in ledger.rounds(record.id)}
            standings = ledger.standings(record.id)
        if code in rounds:
            with at.ledger() as ledger:
                parts = parts_of_round(ledger, plan, code)
                asked = questions_of(plan, code, ledger.figures(record.id, "own", until=as_of))
            return {
                "kind": "round",
                **_round_document(plan, rounds[code], standings, parts, as_of),
                "questions": [_question(one) for one in asked],
                "reports": _reports(plan, standings, as_of, round_id=code),
            }
        if code in standings:
            with at.ledger() as ledger:
                asking = _asking(plan, code)
                more = _submitted(ledger, asking, next(one for one in asking.expected if one.id == code), standings[code])
            return {"kind": "expected_report", **_reports(asking, standings, as_of, only=code)[0], **more}
        codes = {**plan.organs, **{organ.name: organ for organ in plan.organs.values()}}
        if code in codes:  # of every campaign in which it owes something
            organ = codes[code]
            found = found or {"kind": "department", "id": organ.id, "name": organ.name, "reports": []}
            found["reports"] += _reports(plan, standings, as_of, department=organ.id)
    if found:
        return found
    raise UnknownItem(f"台账里没有“{code}”，可用 liandong status --json 查看全部代码")


def _question(one: Question) -> dict[str, Any]:
    """Return a question with the cells it compares."""
    return {
        "kind": one.kind,
        "expected": one.expected,
        "text": one.text,
        "figures": [cited(fact) for fact in one.figures],
        "against": [cited(fact) for fact in one.against],
    }


def _asking(plan: Plan, expected: str) -> Plan:
    """Return the newest plan of a campaign that asks for an expected report."""
    plans = (plan, *(one.plan for one in reversed(plan.earlier)))
    return next(one for one in plans if any(report.id == expected for report in one.expected))


def _reports(
    plan: Plan, standings: Mapping[str, Standing], as_of: datetime, *, round_id: str = "", department: str = "", only: str = ""
) -> list[dict[str, Any]]:
    named, labels = names(plan), {one.id: one.label for one in plan.rounds}
    return [
        {
            "id": one.id,
            "round_label": f"{plan.definition.campaign.short_title} {labels[one.round]}",
            "duty": one.duty,
            "title": plan.titles[one.duty],
            "department": named[one.department],
            "role": one.role.value,
            "to": [named[code] for code in one.receivers],
            "due_at": _text(stood.due_at),
            "state": state(stood, as_of).value,
            "state_text": chinese(stood, as_of),
            "received_at": _text(stood.received_at),
            "version": stood.version,
        }
        for one in plan.expected
        if one.id in standings
        and (not round_id or one.round == round_id)
        and (not department or one.department == department)
        and (not only or one.id == only)
        for stood in (as_it_stood(standings[one.id], as_of),)
    ]


def _submitted(ledger: Ledger, plan: Plan, one: ExpectedReport, standing: Standing) -> dict[str, Any]:
    """Return the parts of an expected report, what its prose says otherwise, and the series of its versions."""
    parts = parts_of_round(ledger, plan, one.round)
    standings = parts.of_report(one.department, reported=standing.received_at is not None) if one.role is Role.LEAD else ()
    plan = plan.of(one.round)
    labels = {item.id: item.label for item in figures_of(plan.definition, plan.directory, plan.round(one.round).report)}
    return {
        "parts": [
            {
                "part": each.part.value,
                "present": each.present,
                "missing_headings": list(each.missing),
                "problem": each.problem,
                "file": each.file,
                "envelope": each.envelope,
            }
            for each in standings
        ],
        "differences": [finding.message for finding in parts.differences(one.department)] if standings else [],
        "versions": [
            {
                "version": each.version.number,
                "envelope": each.version.envelope,
                "received_at": _text(each.version.received_at),
                "outcome": each.version.outcome,
                "nil": each.version.nil,
                "counts": each.counts,
                "file": each.version.file,
                "changes": list(each.changes),
            }
            for each in series(versions_of(ledger, one.id), labels)
        ],
    }


_LABELS = {
    "id": "代码",
    "name": "名称",
    "title": "任务",
    "status": "状态",
    "sha256": "指纹",
    "sender": "发件邮箱",
    "received_at": "收到",
    "round": "报送期",
    "round_label": "报送期",
    "department": "单位",
    "outcome": "结果",
    "reason": "说明",
    "label": "名称",
    "due": "截止日期",
    "due_at": "截止",
    "state_text": "状态",
    "version": "版本",
    **WORDS,
}
_OUTCOMES = {
    "accepted": "已收到",
    "returned": "退回修改",
    "withdrawn": "已撤回",
    "refused": "未能受理",
    "quarantined": "暂存待核",
    "duplicate": "重复来件",
}


def show_item(document: Mapping[str, Any]) -> None:
    """Print one item for people."""
    out = console()
    for key, label in _LABELS.items():
        value = document.get(key)
        if value not in (None, "", []):
            shown = _OUTCOMES.get(str(value), STATUS.get(str(value), str(value))) if key in ("outcome", "status") else str(value)
            shown = _readable(shown) if key in ("received_at", "due_at") else shown
            out.print(f"{label}：{shown}")
    for finding in document.get("findings", ()):
        out.print(f"　{finding['sheet']} {finding['cell']}　{finding['message']}")
    for part in document.get("parts") or ():
        if isinstance(part, Mapping):
            lacks = f"缺少标题：{'、'.join(part['missing_headings'])}" if part["missing_headings"] else part["problem"]
            word = "有" if part["present"] else "缺"
            out.print(f"{Part(part['part']).chinese}：{word}{f'（{lacks}）' if lacks else ''}　{part['file']}")
    for difference in document.get("differences", ()):
        out.print(f"请核对：{difference}")
    if document.get("versions"):
        table = Table("版本", "收到", "结果", "来件", "与上一版相比")
        for one in document["versions"]:
            number = f"第{one['version']}版{'（有效）' if one['counts'] else ''}" if one["version"] else ""
            result = _OUTCOMES[one["outcome"]] + ("，零报告" if one["nil"] else "")
            table.add_row(number, _readable(one["received_at"]), result, one["envelope"], "\n".join(one["changes"]))
        out.print(table)
    if document.get("reports"):
        head = "报送期" if document["kind"] == "department" else "单位"
        table = Table("任务", head, "角色", "截止", "状态", "收到", "版本")
        for one in document["reports"]:
            role = "牵头" if one["role"] == "lead" else "配合"
            due, received = _readable(one["due_at"]), _readable(one["received_at"])
            whose = one["round_label" if head == "报送期" else "department"]
            table.add_row(str(one["duty"]), whose, role, due, one["state_text"], received, str(one["version"] or ""))
        out.print(table)
    for one in document.get("questions", ()):
        against = f"　对照：{'，'.join(one['against'][:3])}" if one["against"] else ""
        out.print(f"数据疑问：{one['text']}（{'，'.join(one['figures'][:3])}）{against}", soft_wrap=True)
    for one in document.get("rounds", ()):
        out.print(f"{one['label']}（{one['id']}）：" + "，".join(f"{word}{one[key]}" for key, word in WORDS.items()))


def roll_up(round_id: str | None, as_of: datetime) -> RollUpRecord:
    """Return the roll-up of a round, or of the one opened last, as it stands now; the office is told of a new one."""
    from tasks import accounts, closing  # they write workbooks and documents, which asking needs not

    chosen = the_round(round_id)
    record = closing.publish(chosen.campaign, chosen.id, as_of)
    accounts.tell_of_rollups(as_of)
    return record


def the_round(code: str | None) -> RoundRecord:
    """Return the opened round meant: the one named, of a campaign or of all the one opened last; UnknownItem otherwise."""
    with office().ledger() as ledger:
        opened = [one for record in ledger.campaigns() for one in ledger.rounds(record.id) if one.opened_at]
    if not opened:
        raise Conflict("还没有开启任何报送期，没有可汇总的数据")
    meant = [one for one in opened if code in (None, one.id, one.campaign)]
    if not meant:
        raise UnknownItem(f"没有已开启的报送期“{code}”；已开启的有：{'、'.join(one.id for one in opened)}")
    return max(meant, key=lambda one: one.due_on)


def _readable(text: str | None) -> str:
    """Return a time of a document as people read it."""
    return moment_in_chinese(datetime.fromisoformat(text)) if text else ""


def _text(moment: datetime | None) -> str | None:
    return office_time(moment).isoformat(timespec="minutes") if moment else None
