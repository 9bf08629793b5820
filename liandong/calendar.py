"""`liandong calendar`: what the holiday notices known today change in running campaigns."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from campaigns.retiming import retimed
from campaigns.workdays import in_chinese, office_date
from liandong.views import console
from tasks.office import office


def calendar_document(as_of: datetime) -> list[dict[str, Any]]:
    """Return, for each running campaign, the years whose holiday notice is not out, and the dates that would now be others."""
    at = office()
    with at.ledger() as ledger:
        campaigns = [
            (record, ledger.rounds(record.id), ledger.standings(record.id)) for record in ledger.campaigns("live", "paused")
        ]
    found = []
    for record, rounds, standings in campaigns:
        plan = at.plan(record)
        workdays = at.workdays(plan.definition)
        years = {one.due_on.year for one in rounds if one.closed_at is None} - workdays.published
        found.append(
            {
                "campaign": record.id,
                "title": record.title,
                "provisional_years": sorted(years),
                "awaited_years": sorted(year for year in years if workdays.awaits(year)),
                "changes": [
                    {"round": one.round, "label": one.label, "what": one.what, "was": _text(one.was), "now": _text(one.now)}
                    for one in retimed(plan, rounds, standings, office_date(as_of))
                ],
            }
        )
    return found


def show_calendar(document: Sequence[Mapping[str, Any]]) -> None:
    """Print it for people."""
    out = console()
    if not document:
        out.print("没有正在进行的专项行动。")
    for one in document:
        awaited = [f"{year}年放假安排尚未公布" for year in one["awaited_years"]]
        lacking = [f"没有{year}年的放假安排数据" for year in one["provisional_years"] if year not in one["awaited_years"]]
        told = "，".join([*awaited, *lacking, "有关日期暂定"]) if awaited or lacking else "各期所在年份的放假安排均已公布"
        out.print(f"{one['title']}：{told}")
        for change in one["changes"]:
            was, now = (in_chinese(date.fromisoformat(day)) if day else "无" for day in (change["was"], change["now"]))
            out.print(f"  {change['label']} {change['what']}：{was} → {now}")
        if one["changes"]:
            out.print("  以上日期没有自动改动；需要改的，用 liandong decide extend 逐项决定。")
        else:
            out.print("  各期日期与现在的放假安排一致。")


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
