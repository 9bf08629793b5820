"""What goes to other systems and comes from them by HTTP: `submit` to the office above, `pull` from departments' own systems."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from liandong.arguments import AsOf, Json
from liandong.saying import moment, say, say_json

if TYPE_CHECKING:
    from campaigns.records import SentUp
    from tasks.upward import Preview

_OUTCOMES = {
    "accepted": "已收到",
    "returned": "退回修改",
    "refused": "未能受理",
    "quarantined": "暂存待核",
    "duplicate": "重复来件，以前一份为准",
    None: "已送达，还没有审核",
}


def submit(
    round: Annotated[str, Parameter(help="报送期代码")],
    /,
    *,
    link: Annotated[str | None, Parameter(show_default=False, help="上级信件里的上传链接（每期给一次）")] = None,
    confirm: Annotated[bool, Parameter(negative="", help="确认上报；不加则只显示要报什么")] = False,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """上报：把一期的汇总数填进上级下发的报表，通过上级的上传链接报送。"""
    from tasks import upward

    now = moment(as_of)
    if confirm:
        sent = upward.submit(round, link, now)
        say_json(_document(sent)) if json else say(_told(sent))
        return 0 if sent.outcome in ("accepted", "duplicate", None) else 1
    found = upward.preview(round, link, now)
    say_json(_preview_document(found)) if json else say(_preview_told(found))
    return 1 if found.filled.problems else 0


def pull(*, as_of: AsOf = None, json: Json = False) -> int:
    """取数：现在就读设置里写明的单位系统（平时每次收件都会读）。"""
    from tasks.doors import check
    from tasks.office import office
    from tasks.pulling import pull_all

    now, at = moment(as_of), office()
    numbers = pull_all(now)
    check(numbers, now)
    with at.ledger() as ledger:
        found = [ledger.envelope(number) for number in numbers]
    if json:
        told = [{"receipt": one.id, "department": one.department, "outcome": one.outcome, "reason": one.reason} for one in found]
        say_json(told)
        return 0
    if not at.settings.pull:
        say("设置里没有写可以读取的单位系统（[[pull]]）")
    elif not found:
        say("没有新的数据")
    for one in found:
        say(
            f"{one.id}　{one.name.removesuffix('_系统取数')}　{_OUTCOMES.get(one.outcome, one.outcome)}　{one.reason}".rstrip(
                "　"
            )
        )
    return 0


def register(app: App) -> None:
    """Add the commands to the command line."""
    app.command(submit)
    app.command(pull)


def _told(sent: "SentUp") -> str:
    lines = [f"上级回执{sent.receipt}：{_OUTCOMES.get(sent.outcome, sent.outcome)}（汇总表第{sent.version}版）"]
    if sent.reason:
        lines.append(sent.reason)
    lines += [f"　{one.get('sheet', '')} {one.get('cell', '')}　{one.get('message', '')}" for one in sent.findings]
    if sent.outcome == "returned":
        lines.append("请核对、更正本办公室的数（更正后会有新一版汇总），再用 liandong submit 上报。")
    return "\n".join(lines)


def _preview_told(found: "Preview") -> str:
    lines = [f"{found.label} → {found.to}　《{found.form.filename}》（{found.form.campaign_title}，{found.form.round_label}）"]
    due = dict.fromkeys(block.due for block in found.form.blocks)
    lines.append(f"上级截止：{'、'.join(due)}")
    if not found.closed:
        lines.append("注意　本期还没有结束，报出的是现在的数")
    for one in found.filled.lines:
        ours = f"任务{'、'.join(map(str, one.ours))}" + (f"，{one.note}" if one.note else "")
        lines.append(f"　任务{one.duty}　{one.label}：{one.value.normalize():f}（本办公室{ours}）")
    lines += [f"注意　{found.filled.days}"] if found.filled.days else []
    lines += [f"注意　上级的“{title}”没有对应的任务，留空不报" for title in found.filled.left]
    lines += [f"错误　{problem}" for problem in found.filled.problems]
    lines += [
        f"已报　汇总表第{one.version}版：{_OUTCOMES.get(one.outcome, one.outcome)}（上级回执{one.receipt}）"
        for one in found.earlier
    ]
    if not found.filled.problems:
        lines.append("以上只是预览，没有发出；确认上报请加 --confirm")
    return "\n".join(lines)


def _document(sent: "SentUp") -> dict[str, Any]:
    told = asdict(sent)
    return {**told, "made_at": sent.made_at.isoformat(), "findings": list(sent.findings)}


def _preview_document(found: "Preview") -> dict[str, Any]:
    return {
        "round": found.round,
        "to": found.to,
        "form": found.form.serial,
        "lines": [{**asdict(one), "value": f"{one.value.normalize():f}", "ours": list(one.ours)} for one in found.filled.lines],
        "days": found.filled.days,
        "left": list(found.filled.left),
        "problems": list(found.filled.problems),
        "sent": [_document(one) for one in found.earlier],
    }
