"""`plan --against` and `apply`: what a new file changes in a running campaign, for people and for programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table

from liandong.arguments import AsOf, Json
from liandong.deciding import DONE, REFUSED, Signature
from liandong.saying import moment, say_json

if TYPE_CHECKING:
    from campaigns.amendment import Amendment

_UNSIGNED = Signature()
_SHOWN = 15  # lines of one kind before the rest is only counted; --json has all


def register(app: App) -> None:
    """Add the command to the command line."""
    app.command(apply)


def apply(
    definition: Annotated[Path, Parameter(help="改好的定义文件或代码；专项行动的代码不能改")],
    /,
    *,
    signed: Signature = _UNSIGNED,
    confirm: Annotated[bool, Parameter(negative="", help="确认调整；不加则只显示会发生什么，不作改动")] = False,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """按补充通知调整正在进行的专项行动：先显示会发生什么，加 --confirm 才调整。"""
    from campaigns.errors import Refused
    from flows import tick
    from liandong.definitions import usable
    from liandong.window import refresh
    from tasks.amend import Order, amend

    now = moment(as_of)
    order = Order(signed.by, signed.authority, signed.basis, signed.on)
    try:
        found = amend(usable(str(definition)), order, now, confirm=confirm)
    except Refused as refused:
        return _refused(refused, json=json)
    if confirm and not found.nothing:
        tick.daily(now)
        refresh(now)
    _tell(found, json=json, confirmed=confirm and not found.nothing)
    return DONE


def against(campaign: str, definition: str, as_of: Any, *, json: bool) -> int:
    """Return the exit code after showing what a file would change in a running campaign; nothing is changed."""
    from campaigns.errors import Refused
    from liandong.definitions import usable
    from tasks.amend import compare

    try:
        found = compare(campaign, usable(definition), as_of)
    except Refused as refused:
        return _refused(refused, json=json)
    _tell(found, json=json, confirmed=False)
    return DONE


def _refused(refused: Any, *, json: bool) -> int:
    if not json:
        raise refused
    say_json({"refused": list(refused.reasons)})
    return REFUSED


def _tell(found: "Amendment", *, json: bool, confirmed: bool) -> None:
    document = amendment_document(found, confirmed=confirmed)
    if json:
        say_json(document)
    else:
        show(document)


def amendment_document(found: "Amendment", *, confirmed: bool) -> dict[str, Any]:
    """Return what an amendment does, or did when it was confirmed."""
    from campaigns.workdays import office_time
    from tasks.office import office

    at, plan, decision = office(), found.plan, found.decision
    labels = {one.id: one.label for one in (*(r for f in plan.earlier for r in f.plan.rounds), *plan.rounds)}

    def report(one: Any) -> dict[str, Any]:
        return {
            "id": one.id,
            "round": labels[one.round],
            "duty": one.duty,
            "unit": f"{plan.organ(one.department).name}（{one.role.chinese}）",
            "due": office_time(one.due_at).isoformat(timespec="minutes"),
        }

    def person(department: str) -> dict[str, str]:
        to = at.recipient(plan, department)
        return {"department": department, "to": f"{to.unit} {to.name}", "email": to.email}

    return {
        "campaign": decision.campaign,
        "decision": None if found.nothing else decision.id,
        "confirmed": confirmed,
        "nothing": found.nothing,
        "differences": list(found.differences),
        "roles": [
            {
                "duty": one.duty,
                "title": plan.titles[one.duty],
                "department": one.department,
                "name": plan.organ(one.department).name,
                "before": one.before.value if one.before else None,
                "after": one.after.value if one.after else None,
            }
            for one in found.roles
        ],
        "rounds": [
            {"id": one.round, "label": one.label, "what": one.what, "before": _days(one.before), "after": _days(one.after)}
            for one in found.rounds
        ],
        "reports": {
            "added": [report(one) for one in found.added],
            "dropped": [report(one) for one in found.dropped],
            "retired": [report(one) for one in found.retired],
            "restored": [report(one) for one in found.restored],
            "redirected": [report(one) for one in found.redirected],
            "not_owed_yet": [report(one) for one in found.spared],
            "untouched": found.untouched,
        },
        "moved": [
            {
                "id": one.expected,
                "round": labels[one.expected.rsplit("/", 2)[0]],
                "duty": int(one.expected.split("/")[-2]),
                "unit": plan.organ(one.expected.rsplit("/", 1)[1]).name,
                "from": office_time(one.before).isoformat(timespec="minutes"),
                "to": office_time(one.after).isoformat(timespec="minutes"),
            }
            for one in found.moved
        ],
        "forms": [
            {
                "round": code,
                "department": department,
                "label": labels[code],
                "name": plan.organ(department).name,
                "issued_anew": any(code in one.forms for one in found.told if one.department == department),
            }
            for code, department in found.void
        ],
        "letters": [
            *(
                {**person(one.department), "kind": "补充通知", "lines": list(one.lines), "forms": len(one.forms)}
                for one in found.told
            ),
            *(
                {**person(department), "kind": "任务分工", "lines": [labels[code]], "forms": 1}
                for code, department in found.assigned
            ),
        ],
        "rates": [
            {"round": one.round, "label": labels[one.round], "before": _rates(one.before), "after": _rates(one.after)}
            for one in found.rates
        ],
        "rounds_ended": found.ended,
        "notes": list(found.notes),
        "missing": list(found.missing),
    }


def _days(pair: Any) -> dict[str, str] | None:
    return {"due": pair[0].isoformat(), "closes": pair[1].isoformat()} if pair else None


def _rates(one: Any) -> dict[str, float | None]:
    from liandong.decisions_view import rates_document

    return rates_document(one)


def show(document: Mapping[str, Any]) -> None:
    """Print what an amendment does for people."""
    from campaigns.definition import Role
    from liandong.views import console

    out = console()
    if document["nothing"]:
        out.print(f"{document['campaign']}：与正在执行的定义完全相同，没有变化。")
        return
    out.print(f"补充通知　{document['decision']}　{'已记入台账' if document['confirmed'] else '（预览，没有作任何改动）'}")
    _lines(out, "定义", document["differences"])
    roles = document["roles"]
    if roles:
        table = Table("任务", "单位", "原分工", "新分工")
        for one in roles[: 4 * _SHOWN]:
            before, after = (Role(one[key]).chinese if one[key] else "无" for key in ("before", "after"))
            table.add_row(f"{one['duty']} {one['title']}", one["name"], before, after)
        out.print(table)
        _rest(out, roles, 4 * _SHOWN)
    _lines(out, "报送期", [_round(one) for one in document["rounds"]])
    for key, words in (
        ("added", "新增应报"),
        ("retired", "不再要求（已开启的期）"),
        ("dropped", "不再要求（尚未开启）"),
        ("restored", "恢复要求"),
        ("redirected", "改变角色或接收单位"),
        ("not_owed_yet", "本期已过日期，下期起报"),
    ):
        _lines(out, words, _together(document["reports"][key], lambda one: f"{one['round']}任务{one['duty']}", "unit"))
    _lines(out, "日期", _moves(document["moved"]))
    voided = _together(document["forms"], lambda one: one["label"] + ("，另发新表" if one["issued_anew"] else ""), "name")
    _lines(out, "旧表作废", voided)
    for one in document["rates"]:
        pair = [
            f"报送率{_share(one[key]['completeness'])}、按时率{_share(one[key]['punctuality'])}" for key in ("before", "after")
        ]
        out.print(f"比率　{one['label']}：{' → '.join(pair)}", soft_wrap=True)
    letters = document["letters"]
    for one in letters[:_SHOWN]:
        forms = f"（附报表{one['forms']}份）" if one["forms"] else ""
        out.print(
            f"信件　{one['kind']}　{one['to']} <{one['email']}>{forms}：{'；'.join(one['lines'])}", markup=False, soft_wrap=True
        )
    _rest(out, letters, _SHOWN)
    for note in document["notes"]:
        out.print(f"注意　{note}", soft_wrap=True)
    kept = f"已结束的报送期{document['rounds_ended']}个、未结束各期中的应报{document['reports']['untouched']}份"
    out.print(f"不变　{kept}照旧；已经收到的来件全部留存。共发信{len(letters)}封。")
    for reason in document["missing"]:
        out.print(f"还缺　{reason}", style="bold", soft_wrap=True)
    if not document["confirmed"]:
        out.print("确认无误后用 liandong apply 文件 --by --authority --basis --confirm 调整。")


def _together(listed: Iterable[Mapping[str, Any]], alike: Callable[[Mapping[str, Any]], str], name: str) -> list[str]:
    """Return one line for all that is alike, naming the first few of them."""
    found: dict[str, list[str]] = {}
    for one in listed:
        found.setdefault(alike(one), []).append(one[name])
    return [f"{words}　{_few(units)}" for words, units in found.items()]


def _few(units: Sequence[str]) -> str:
    return "、".join(units[:6]) + f"等{len(units)}家" * (len(units) > 6)


def _moves(listed: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return one line for each date that becomes another: how many reports move, of which duties and departments."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in listed:
        found.setdefault(f"{one['round']}：{_moment(one['from'])} → {_moment(one['to'])}", []).append(one)
    lines = []
    for words, moved in found.items():
        duties, units = sorted({one["duty"] for one in moved}), list(dict.fromkeys(one["unit"] for one in moved))
        lines.append(f"{words}　应报{len(moved)}份（任务{'、'.join(map(str, duties))}）　{_few(units)}")
    return lines


def _lines(out: Any, words: str, lines: Iterable[str]) -> None:
    said = list(lines)
    for one in said[:_SHOWN]:
        out.print(f"{words}　{one}", soft_wrap=True)
    _rest(out, said, _SHOWN)


def _rest(out: Any, said: "list[Any]", shown: int) -> None:
    if len(said) > shown:
        out.print(f"　…… 共{len(said)}项，全部内容见 --json")


def _round(one: Mapping[str, Any]) -> str:
    def told(days: Mapping[str, str] | None) -> str:
        return f"{days['due']} 截止、{days['closes']} 汇总" if days else ""

    change = " → ".join(text for text in (told(one["before"]), told(one["after"])) if text)
    return f"{one['what']}　{one['label']}（{one['id']}）：{change}"


def _moment(text: str) -> str:
    from datetime import datetime

    from tasks.wording import moment_in_chinese

    return moment_in_chinese(datetime.fromisoformat(text))


def _share(value: float | None) -> str:
    return "无" if value is None else f"{value:g}%"
