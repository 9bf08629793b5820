"""`liandong scores`: what targets came to, and how departments score, line by line."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from liandong.arguments import AsOf, Json
from liandong.saying import moment, say_json

if TYPE_CHECKING:
    from campaigns.records import RoundRecord
    from campaigns.targets import Attainment
    from tasks.assessing import CampaignAssessed


def scores(
    campaign: Annotated[str | None, Parameter(help="专项行动代码（只有一个时可省略）")] = None,
    /,
    *,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """考核：目标完成情况，各单位报送得分，逐条说明。"""
    from liandong.views import the_campaign
    from tasks.assessing import assess_campaign

    found = assess_campaign(the_campaign(campaign), moment(as_of))
    document = _document(found)
    if json:
        say_json(document)
    else:
        _show(document)
    return 0


def register(app: App) -> None:
    """Add the command to the command line."""
    app.command(scores)


def _document(found: "CampaignAssessed") -> dict[str, Any]:
    from tasks.office import names

    named, scoring = names(found.plan), found.plan.definition.scoring
    return {
        "campaign": found.plan.definition.campaign.id,
        "targets": [_target(a_round, one, named) for a_round, attainments in found.rounds for one in attainments],
        "basis": scoring.basis if scoring else None,
        "scores": None
        if found.scores is None
        else [
            {
                "department": one.department,
                "name": named[one.department],
                "total": _text(one.total),
                "starts_at": _text(one.starts_at),
                "lines": [
                    {
                        "rule": line.rule,
                        "title": line.title,
                        "round": line.label,
                        "times": line.times,
                        "points": _text(line.points),
                        "why": line.why,
                    }
                    for line in one.lines
                ],
            }
            for one in found.scores
        ],
    }


def _target(a_round: "RoundRecord", one: "Attainment", named: Any) -> dict[str, Any]:
    return {
        "round": a_round.id,
        "label": a_round.label,
        "target": one.target.id,
        "title": one.target.title,
        "kind": one.target.chinese,
        "bound": one.target.bound,
        "by": one.target.by,
        "department": one.department or None,
        "name": named.get(one.department, "合计"),
        "numerator": _text(one.numerator),
        "denominator": _text(one.denominator),
        "value": _text(one.value),
        "unit": one.target.unit,
        "met": one.met,
        "text": one.text,
        "gap": _text(one.gap),
        "figures": [
            {
                "department": fact.department,
                "indicator": fact.indicator,
                "value": _text(fact.value),
                "envelope": fact.envelope,
                "file": fact.file,
                "sheet": fact.sheet,
                "cell": fact.cell,
            }
            for fact in one.facts
        ],
    }


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    from liandong.views import console

    out = console()
    if document["targets"]:
        table = Table("报送期", "指标", "属性", "目标", "单位", "完成", "情况", "差距", "取自")
        for one in document["targets"]:
            value = f"{one['value']}{one['unit']}" if one["value"] is not None else ""
            gap = f"{one['gap']}{one['unit']}" if one["gap"] is not None else ""
            taken = f"{len(one['figures'])}个数"
            table.add_row(one["label"], one["title"], one["kind"], one["bound"], one["name"], value, one["text"], gap, taken)
        out.print(table)
    else:
        out.print("定义里没有写目标（targets），或还没有下发过报表。")
    if document["scores"] is None:
        out.print("定义里没有写考核计分（scoring），没有依据的不计分。")
        return
    out.print(f"考核计分依据：{document['basis']}")
    for one in document["scores"]:
        out.print(f"{one['name']}　{one['total']}分")
        if one["starts_at"] != "0":
            out.print(f"　基础分　{one['starts_at']}")
        for line in one["lines"]:
            times = f"×{line['times']}" if line["times"] > 1 else ""
            told = f"　{line['round']}　{line['title']}{times}　{line['points']}　{line['why']}"
            out.print(told, soft_wrap=True)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
