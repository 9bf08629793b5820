"""What decisions do, and which there were: documents for programs, and the same as text for people."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from rich.table import Table

from campaigns.decisions import Effect, Kind
from campaigns.graph import expected_label
from campaigns.plan import Plan
from campaigns.records import RequestRecord
from campaigns.states import Rates
from campaigns.workdays import in_chinese, office_time
from liandong.views import console
from tasks.campaign import plan_of
from tasks.decide import listed
from tasks.office import names as names_of
from tasks.wording import moment_in_chinese

_DOORS = {"phone": "电话", "mail": "邮件", "page": "上传页面"}


def effect_document(found: Effect, as_of: datetime, *, confirmed: bool) -> dict[str, Any]:
    """Return what a decision does, or did when it was confirmed."""
    label, decision = labels(plan_of(found.decision.campaign)), found.decision
    return {
        "id": decision.id,
        "kind": decision.kind.value,
        "kind_text": decision.kind.chinese,
        "confirmed": confirmed,
        "by": decision.by,
        "authority": decision.authority,
        "basis": decision.basis,
        "decided_on": decision.decided_on.isoformat(),
        "granted": dict(decision.granted),
        "request": decision.request,
        "scope": [{"id": code, "label": label(code)} for code in decision.scope],
        "moved": [
            {
                "id": one.expected,
                "label": label(one.expected),
                "from": office_time(one.before).isoformat(timespec="minutes"),
                "to": office_time(one.after).isoformat(timespec="minutes"),
                "because": one.because or None,
            }
            for one in found.moved
        ],
        "changed": [
            {"id": one.expected, "label": label(one.expected), "from": one.before, "to": one.after} for one in found.changed
        ],
        "closings": [
            {
                "round": one.round,
                "label": label(one.round),
                "from": one.before.isoformat(),
                "to": one.after.isoformat(),
            }
            for one in found.closings
        ],
        "reminders": {
            "withdrawn": [_reminder(one) for one in found.withdrawn],
            "arranged": [_reminder(one) for one in found.arranged],
        },
        "rates": [
            {
                "round": one.round,
                "label": label(one.round),
                "before": rates_document(one.before),
                "after": rates_document(one.after),
            }
            for one in found.rates
        ],
        "notes": list(found.notes),
    }


def _reminder(one: Any) -> dict[str, str]:
    slot = office_time(one.slot).isoformat(timespec="minutes")
    return {"id": one.expected, "rung": one.rung, "title": one.title, "slot": slot}


def rates_document(rates: Rates) -> dict[str, float | None]:
    """Return rates as numbers, None of nothing."""
    return {
        "completeness": None if rates.completeness is None else float(rates.completeness),
        "punctuality": None if rates.punctuality is None else float(rates.punctuality),
    }


def labels(plan: Plan) -> Callable[[str], str]:
    """Return what an officer reads for the code of an expected report, a round or a department."""
    expected = {one.id: one for one in plan.expected}
    names = {**names_of(plan), **{one.id: one.label for one in plan.rounds}}

    def label(code: str) -> str:
        if one := expected.get(code):
            return f"{names[one.round]}{expected_label(one.duty, names[one.department], one.role)}"
        return names.get(code, code)

    return label


def show_effect(document: Mapping[str, Any]) -> None:
    """Print what a decision does for people."""
    out = console()
    done = document["confirmed"]
    out.print(f"{document['kind_text']}　{document['id']}　{'已记入台账' if done else '（预览，没有作任何改动）'}")
    if document["moved"]:
        table = Table("应报", "原截止", "新截止", "原因")
        for one in document["moved"]:
            why = "批准延期" if one["because"] is None else "前面的单位延期，随之顺延"
            table.add_row(one["label"], _moment(one["from"]), _moment(one["to"]), why)
        out.print(table)
    else:
        for one in document["scope"]:
            out.print(f"　{one['label']}")
    for one in document["changed"]:
        out.print(f"状态　{one['label']}：{one['from']} → {one['to']}")
    for one in document["closings"]:
        out.print(f"汇总　{one['label']}：{_day(one['from'])} → {_day(one['to'])}")
    gone, new = document["reminders"]["withdrawn"], document["reminders"]["arranged"]
    if gone or new:
        out.print(f"催报　撤销{len(gone)}次，重新安排{len(new)}次")
    for one in document["rates"]:
        before, after = one["before"], one["after"]
        out.print(
            f"比率　{one['label']}：报送率 {_rate(before['completeness'])} → {_rate(after['completeness'])}，"
            f"按时率 {_rate(before['punctuality'])} → {_rate(after['punctuality'])}"
        )
    if not document["rates"] and (document["moved"] or document["changed"]):
        out.print("比率　报送率、按时率不变")
    for note in document["notes"]:
        out.print(f"注意　{note}")
    if not done:
        out.print("确认无误后加 --confirm 记入台账。")


def _rate(value: float | None) -> str:
    return "无" if value is None else f"{value:g}%"


def _moment(text: str) -> str:
    return moment_in_chinese(datetime.fromisoformat(text))


def _day(text: str) -> str:
    return in_chinese(date.fromisoformat(text))


def request_document(one: RequestRecord) -> dict[str, Any]:
    """Return a request; it is open until a decision answers it."""
    label = labels(plan_of(one.campaign))
    return {
        "id": one.id,
        "scope": [{"id": code, "label": label(code)} for code in one.scope],
        "wanted": one.wanted.isoformat() if one.wanted else None,
        "reason": one.reason,
        "asked_by": one.asked_by,
        "door": one.door,
        "made_at": office_time(one.made_at).isoformat(timespec="minutes"),
        "open": one.decision is None,
        "decision": one.decision,
    }


def list_document(campaign: str) -> dict[str, Any]:
    """Return the requests and decisions of a campaign, in the order they were made."""
    decisions, requests = listed(campaign)
    label = labels(plan_of(campaign))
    return {
        "campaign": campaign,
        "requests": [request_document(one) for one in requests],
        "decisions": [
            {
                "id": one.id,
                "kind": one.kind,
                "kind_text": Kind(one.kind).chinese,
                "by": one.by,
                "authority": one.authority,
                "basis": one.basis,
                "decided_on": one.decided_on.isoformat(),
                "made_at": office_time(one.made_at).isoformat(timespec="minutes"),
                "scope": [{"id": code, "label": label(code)} for code in one.scope],
                "granted": dict(one.granted),
                "request": one.request,
            }
            for one in decisions
        ],
    }


def show_list(document: Mapping[str, Any]) -> None:
    """Print requests and decisions for people."""
    out = console()
    if not document["requests"] and not document["decisions"]:
        out.print("还没有申请，也没有决定。")
    if document["requests"]:
        table = Table("申请", "怎么提出", "申请人", "希望延到", "涉及", "理由", "答复")
        for one in document["requests"]:
            wanted = _day(one["wanted"]) if one["wanted"] else ""
            answer = one["decision"] or "待决定"
            table.add_row(one["id"], _DOORS[one["door"]], one["asked_by"], wanted, _scope(one), one["reason"], answer)
        out.print(table)
    if document["decisions"]:
        table = Table("决定", "类别", "决定日期", "经办人", "批准", "依据", "涉及", "批准内容")
        for one in document["decisions"]:
            granted = "，".join(value for value in one["granted"].values() if value)
            said = (one["by"], one["authority"], one["basis"], _scope(one), granted)
            table.add_row(one["id"], one["kind_text"], _day(one["decided_on"]), *said)
        out.print(table)


def _scope(one: Mapping[str, Any]) -> str:
    """Return what a request or decision is about, short enough for a cell."""
    named = [each["label"] for each in one["scope"]]
    return "、".join(named) if len(named) <= 2 else f"{named[0]}等{len(named)}项"
