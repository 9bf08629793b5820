"""The command that opens a figure: what it comes to, and each cell of each file it comes from."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from liandong.arguments import AsOf, Json
from liandong.saying import moment, say, say_json

if TYPE_CHECKING:
    from campaigns.pedigree import Opened
    from campaigns.rollup import Fact, RollUp


def trace(
    round: Annotated[str, Parameter(help="报送期代码，如 hezhou-2020/summary-2020-2")],
    /,
    *,
    indicator: Annotated[
        tuple[str, ...], Parameter(name="--indicator", show_default=False, negative="", help="只看这个指标（代码，可重复）")
    ] = (),
    duty: Annotated[int | None, Parameter(help="只看这项任务")] = None,
    department: Annotated[str, Parameter(show_default=False, help="只看这个单位和它的下级（代码或名称）")] = "",
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """汇总数从哪里来：哪个单位、哪个文件、哪张表、哪一格、第几版、谁何时报的。"""
    from tasks.trace import trace as open_it

    rollup, found = open_it(round, indicator, duty, department, moment(as_of))
    document = trace_document(rollup, found)
    if json:
        say_json(document)
    else:
        _show(document)
    return 0


def register(app: App) -> None:
    """Add the command to the command line."""
    app.command(trace)


def trace_document(rollup: "RollUp", found: "tuple[Opened, ...]") -> dict[str, Any]:
    """Return opened figures as programs read them."""
    names = {one.code: one.name for one in rollup.places}
    return {
        "round": rollup.round,
        "label": rollup.round_label,
        "coverage": rollup.coverage.text,
        "figures": [
            {
                "indicator": one.item.id,
                "label": one.item.label,
                "unit": one.item.unit,
                "period": None if one.period is None else f"{one.period:f}",
                "cumulative": None if one.cumulative is None else f"{one.cumulative:f}",
                "places": [{"name": name, "period": f"{value:f}"} for name, value in one.below],
                "from": [_fact(fact, names) for fact in one.facts],
                "earlier": [_fact(fact, names) for fact in one.earlier],
            }
            for one in found
        ],
    }


def _fact(fact: "Fact", names: dict[str, str]) -> dict[str, Any]:
    return {
        "expected": fact.expected,
        "duty": fact.duty,
        "department": names[fact.department],
        "role": fact.role,
        "indicator": fact.indicator,
        "key": fact.key,
        "value": f"{fact.value:f}",
        "file": fact.file,
        "sheet": fact.sheet,
        "cell": fact.cell,
        "version": fact.version,
        "received_at": fact.received_at.isoformat() if fact.received_at else None,
        "door": fact.door,
        "sender": fact.sender,
        "envelope": fact.envelope,
        "submission": fact.submission,
    }


def _show(document: dict[str, Any]) -> None:
    from datetime import datetime

    from campaigns.intake import DOORS
    from tasks.wording import moment_in_chinese

    say(f"{document['label']}　{document['coverage']}")
    for one in document["figures"]:
        head = f"{one['label']}（{one['unit']}）"
        if one["cumulative"] is None:
            say(f"{head}　没有单位报送")
            continue
        say(f"{head}　本期{_plain(one['period'])}，累计{_plain(one['cumulative'])}")
        for fact in one["from"]:
            came = moment_in_chinese(datetime.fromisoformat(fact["received_at"])) if fact["received_at"] else ""
            who = fact["sender"] or DOORS.get(fact["door"], fact["door"])
            key = f"　{fact['key']}" if fact["key"] else ""
            say(
                f"　任务{fact['duty']}　{fact['department']}{key}　{_plain(fact['value'])}　"
                f"《{fact['file']}》{fact['sheet']}!{fact['cell']}　第{fact['version']}版　{came}收到　{who}　{fact['envelope']}"
            )
        if one["earlier"]:
            say(f"　另有以前各期{len(one['earlier'])}个数计入累计（--json 全列）")


def _plain(text: str | None) -> str:
    from decimal import Decimal

    return "没有报送" if text is None else f"{Decimal(text).normalize():f}"
