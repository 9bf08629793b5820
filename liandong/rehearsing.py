"""`liandong rehearse`: a campaign in virtual time before it is launched."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rich.table import Table

from campaigns.errors import NoLedger, NotConfigured
from campaigns.rehearsal import rehearse
from campaigns.workdays import OfficeHours, Slots, in_chinese
from integrations import calendar, clock, settings
from integrations.database.engine import looking
from integrations.database.ledger import Ledger
from liandong.definitions import load
from liandong.views import console
from tasks.definitions import YEARS
from tasks.office import office

_SHOWN = 12


def rehearsal_document(definition: str) -> dict[str, Any]:
    """Return what launching a definition would bring, as programs read it."""
    plan = load(definition)
    hours, late = _office()
    found = rehearse(plan, Slots(calendar.workdays(*YEARS, settings.home() / "calendar"), hours))
    named = {organ.id: organ.name for organ in plan.directory.organs}
    return {
        "campaign": plan.definition.campaign.id,
        "title": plan.definition.campaign.title,
        "letters": found.letters,
        "days": [
            {
                "on": in_chinese(one.on),
                "letters": one.letters,
                "people": one.people,
                "most_to_one": one.most,
                "due": one.due,
            }
            for one in found.days
        ],
        "departments": [
            {
                "name": named[one.department],
                "letters": one.letters,
                "busiest_week": one.week.isoformat(),
                "due_that_week": one.due,
            }
            for one in found.loads
        ],
        "on_rest_days": [{"round": label, "due": in_chinese(day)} for label, day in found.on_rest_days],
        "without_mailbox": [named[code] for code in found.without_mailbox],
        "late_before": [
            {"name": named[one.department], "rounds": late[one.department]} for one in found.loads if late[one.department]
        ],
    }


def _office() -> tuple[OfficeHours, Counter[str]]:
    """Return the office's hours, and in how many rounds of its campaigns so far a department was late."""
    late: Counter[str] = Counter()
    try:
        at = office()
    except NotConfigured:
        return OfficeHours(), late
    with suppress(NoLedger), looking(at.settings.url) as session:
        ledger = Ledger(session, clock.now())
        for campaign in ledger.campaigns():
            late.update(ledger.late_rounds(campaign.id, clock.now()))
    return at.settings.hours, late


def show_rehearsal(document: Mapping[str, Any]) -> None:
    """Print it for people: the busiest days and departments first."""
    out = console()
    out.print(
        f"{document['title']}：假如到汇总时无人报送，最多发出 {document['letters']} 封信（下发和催报；不含回执、转送和汇总）"
    )
    days = Table("日期", "发信（封）", "收信（人）", "一人最多（封）", "到期（份）", title="最忙的日子")
    for one in sorted(document["days"], key=lambda day: -max(day["letters"], day["due"]))[:_SHOWN]:
        days.add_row(one["on"], str(one["letters"]), str(one["people"]), str(one["most_to_one"]), str(one["due"]))
    out.print(days)
    units = Table("单位", "收信（封）", "最忙的一周（周一）", "该周到期（份）", title="负担最重的单位")
    for one in sorted(document["departments"], key=lambda unit: (-unit["due_that_week"], -unit["letters"]))[:_SHOWN]:
        units.add_row(one["name"], str(one["letters"]), one["busiest_week"], str(one["due_that_week"]))
    out.print(units)
    for one in document["on_rest_days"]:
        out.print(f"截止日是休息日：{one['round']} {one['due']}")
    if document["late_before"]:
        likely = sorted(document["late_before"], key=lambda one: -one["rounds"])
        words = [f"{one['name']}（{one['rounds']}期）" for one in likely]
        out.print(f"以往迟报、未报过，宜先打招呼：{'、'.join(words)}")
    if document["without_mailbox"]:
        out.print(f"没有联络员邮箱：{'、'.join(document['without_mailbox'])}")
