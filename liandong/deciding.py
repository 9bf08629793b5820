"""The commands of decisions: what one would do is shown first; only `--confirm` records it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Group, Parameter

from liandong.arguments import AsOf, Json, day
from liandong.saying import moment, say, say_json

if TYPE_CHECKING:
    from campaigns.decisions import Effect

_COMMANDS, _OPTIONS = Group("命令"), Group("选项")
DONE, REFUSED = 0, 1

Day = Annotated[date, Parameter(converter=day)]
Items = Annotated[str, Parameter(help="应报代码，或报送期代码（可用 --unit、--duty 缩小范围）；可以写几个", negative="")]
Units = Annotated[
    tuple[str, ...], Parameter(name="--unit", show_default=False, negative="", help="只涉及这个单位（代码或名称，可重复）")
]
Duties = Annotated[tuple[int, ...], Parameter(name="--duty", show_default=False, negative="", help="只涉及这项任务（可重复）")]
Campaign = Annotated[str, Parameter(name="--campaign", show_default=False, help="专项行动代码（只有一个时可省略）")]


@Parameter(name="*")
@dataclass(frozen=True)
class Signature:
    """Who decides, and on what authority."""

    by: Annotated[str, Parameter(show_default=False, help="经办人")] = ""
    authority: Annotated[str, Parameter(show_default=False, help="批准人或批准机关")] = ""
    basis: Annotated[str, Parameter(show_default=False, help="依据，如批示、来函或补充通知的文号")] = ""
    on: Annotated[Day | None, Parameter(help="决定日期，如 2020-11-26（默认今天）")] = None


@Parameter(name="*")
@dataclass(frozen=True)
class Signed(Signature):
    """What every decision says, and how the command runs."""

    request: Annotated[str | None, Parameter(help="答复的申请编号")] = None
    confirm: Annotated[bool, Parameter(negative="", help="确认；不加则只显示会发生什么，不作改动")] = False
    json: Json = False
    as_of: AsOf = None


decide_app = App(
    name="decide",
    help="作出决定：先显示会发生什么，加 --confirm 才记入台账。",
    version_flags=[],
    group_commands=_COMMANDS,
    group_parameters=_OPTIONS,
    group_arguments=Group("参数"),
)
decide_app["--help"].help = "显示帮助"


@decide_app.command
def extend(
    *items: Items,
    to: Annotated[Day | None, Parameter(help="批准延到哪一天，如 2020-12-10")] = None,
    unit: Units = (),
    duty: Duties = (),
    signed: Signed = Signed(),
) -> int:
    """延期：批准新的截止日期，后续单位和催报随之顺延。"""
    return _decide("extend", items, signed, unit, duty, {"to": to.isoformat()} if to else {})


@decide_app.command
def waive(*items: Items, unit: Units = (), duty: Duties = (), signed: Signed = Signed()) -> int:
    """免报：这些应报不需要报送。"""
    return _decide("waive", items, signed, unit, duty)


@decide_app.command
def resume(*items: Items, unit: Units = (), duty: Duties = (), signed: Signed = Signed()) -> int:
    """恢复报送：免报到此为止。"""
    return _decide("resume", items, signed, unit, duty)


@decide_app.command(name="return")
def send_back(
    *items: Annotated[str, Parameter(help="应报、报送期代码或回执号；可以写几个", negative="")],
    unit: Units = (),
    duty: Duties = (),
    signed: Signed = Signed(),
) -> int:
    """退回：已受理的报送退回重报，此前的有效版本（如有）重新有效。"""
    return _decide("return", items, signed, unit, duty, _envelope(items))


@decide_app.command
def withdraw(
    *items: Annotated[str, Parameter(help="应报、报送期代码或回执号；可以写几个", negative="")],
    unit: Units = (),
    duty: Duties = (),
    signed: Signed = Signed(),
) -> int:
    """撤回：一份报送连同它的数字、总结和扫描件全部作废。"""
    return _decide("withdraw", items, signed, unit, duty, _envelope(items))


@decide_app.command
def accept(
    envelope: Annotated[str, Parameter(help="回执号，如 R-2020-000123")],
    /,
    *,
    rule: Annotated[
        tuple[str, ...], Parameter(show_default=False, negative="", help="不因这条逻辑关系退回（代码，可重复）")
    ] = (),
    signed: Signed = Signed(),
) -> int:
    """受理：退回修改或暂存待核的来件，经核实按原样受理；读不出的数字不能受理。"""
    from campaigns.decisions import Kind, Selection
    from tasks.decide import Order
    from tasks.entering import accept as accept_it

    order = Order(Kind.ACCEPT, Selection(()), signed.by, signed.authority, signed.basis, signed.on)
    return _carry_out(lambda now: accept_it(order, envelope, rule, now, confirm=signed.confirm), signed)


@decide_app.command
def exempt(
    *items: Annotated[str, Parameter(help="应报代码，或单位代码或名称；可以写几个", negative="")],
    rule: Annotated[str, Parameter(show_default=False, help="豁免哪一条逻辑关系（代码）")] = "",
    until: Annotated[Day | None, Parameter(help="豁免到哪一天为止")] = None,
    campaign: Campaign = "",
    signed: Signed = Signed(),
) -> int:
    """豁免：在一定期限内，不因这一条逻辑关系退回。"""
    granted = {"rule": rule} | ({"until": until.isoformat()} if until else {})
    return _decide("exempt", items, signed, granted=granted, campaign=campaign)


@decide_app.command
def substitute(
    unit: Annotated[str, Parameter(help="单位代码或名称")],
    /,
    *,
    name: Annotated[str, Parameter(show_default=False, help="新联系人姓名")] = "",
    email: Annotated[str, Parameter(show_default=False, help="新联系人邮箱")] = "",
    phone: Annotated[str, Parameter(show_default=False, help="新联系人电话")] = "",
    capacity: Annotated[
        Literal["liaison", "deputy", "leader"], Parameter(help="liaison 联络员，deputy 副联络员，leader 分管领导")
    ] = "liaison",
    campaign: Campaign = "",
    signed: Signed = Signed(),
) -> int:
    """更换联系人：以后的信件发给新的人，新邮箱可以报送。"""
    person = {"capacity": capacity, "name": name, "email": email, "phone": phone}
    return _decide("substitute", (unit,), signed, granted=person, campaign=campaign)


@decide_app.command
def merge(
    unit: Annotated[str, Parameter(help="被并入的单位，代码或名称")],
    /,
    *,
    into: Annotated[str, Parameter(show_default=False, help="并入哪个单位，代码或名称")] = "",
    campaign: Campaign = "",
    signed: Signed = Signed(),
) -> int:
    """机构合并：被并入单位还没有报的不再适用，承接单位自己的照报。"""
    return _decide("merge", (unit,), signed, granted={"into": into}, campaign=campaign)


@decide_app.command
def approve(*items: Items, unit: Units = (), duty: Duties = (), signed: Signed = Signed()) -> int:
    """审定：这些汇总连同下级的报送定下来；之后的更正只留存，等撤销审定。"""
    return _decide("approve", items, signed, unit, duty)


@decide_app.command
def unapprove(*items: Items, unit: Units = (), duty: Duties = (), signed: Signed = Signed()) -> int:
    """撤销审定：只放开这一条线（下级和上级），等着的更正随即受理。"""
    return _decide("unapprove", items, signed, unit, duty)


@decide_app.command
def reopen(
    *items: Items,
    to: Annotated[Day | None, Parameter(help="到哪一天再次汇总，如 2021-01-15")] = None,
    unit: Units = (),
    duty: Duties = (),
    signed: Signed = Signed(),
) -> int:
    """重新开启：已汇总的一期里，这些应报可以更正或补报，到日再次汇总并说明变动。"""
    return _decide("reopen", items, signed, unit, duty, {"to": to.isoformat()} if to else {})


@decide_app.command
def decline(*, signed: Signed = Signed()) -> int:
    """不予同意：答复一份申请，什么也不改。"""
    return _decide("decline", (), signed)


def request(
    *items: Items,
    to: Annotated[Day | None, Parameter(help="希望延到哪一天")] = None,
    reason: Annotated[str, Parameter(show_default=False, help="理由")] = "",
    by: Annotated[str, Parameter(show_default=False, help="申请人")] = "",
    door: Annotated[
        Literal["phone", "mail", "page"], Parameter(help="怎么提出的：phone 电话，mail 邮件，page 上传页面")
    ] = "phone",
    unit: Units = (),
    duty: Duties = (),
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """登记一份申请：只登记，不改变任何日期，等办公室决定。"""
    from campaigns.decisions import Selection
    from liandong.decisions_view import request_document
    from tasks.decide import ask

    made = ask(Selection(items, unit, duty), to, reason, by, door, moment(as_of))
    if json:
        say_json(request_document(made))
    else:
        say(f"已登记申请 {made.id}，涉及 {len(made.scope)} 项；日期没有改变，等办公室决定。")
    return DONE


def log_call(
    *items: Items,
    person: Annotated[str, Parameter(show_default=False, help="跟谁通的话")] = "",
    said: Annotated[str, Parameter(show_default=False, help="对方怎么说")] = "",
    by: Annotated[str, Parameter(show_default=False, help="打电话的人")] = "",
    unit: Units = (),
    duty: Duties = (),
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """登记一次电话催办。"""
    signed = Signed(by=by, basis=said, confirm=True, json=json, as_of=as_of)
    return _decide("call", items, signed, unit, duty, {"person": person})


def enter(
    unit: Annotated[str, Parameter(help="单位代码或名称")],
    file: Annotated[Path, Parameter(help="替该单位填好的本期报表")],
    /,
    *,
    by: Annotated[str, Parameter(show_default=False, help="登记人")] = "",
    authority: Annotated[str, Parameter(show_default=False, help="批准人或批准机关（可不写）")] = "",
    basis: Annotated[str, Parameter(show_default=False, help="数字的来源，如 电话（某月某日，某人）、纸质报表")] = "",
    on: Annotated[Day | None, Parameter(help="决定日期，如 2020-11-26（默认今天）")] = None,
    confirm: Annotated[bool, Parameter(negative="", help="确认；不加则只显示会发生什么，不作改动")] = False,
    json: Json = False,
    as_of: AsOf = None,
) -> int:
    """代为登记：把电话、纸质等报来的数字填进该单位的报表，照样审核入账。"""
    from campaigns.decisions import Kind, Selection
    from tasks.decide import Order
    from tasks.entering import enter as enter_it

    signed = Signed(by=by, authority=authority, basis=basis, on=on, confirm=confirm, json=json, as_of=as_of)
    order = Order(Kind.ENTER, Selection(()), by, authority, basis, on)
    return _carry_out(lambda now: enter_it(order, unit, file, now, confirm=confirm), signed)


def close(
    round: Annotated[str, Parameter(help="报送期代码")],
    /,
    *,
    signed: Signed = Signed(),
) -> int:
    """提前结束一个报送期，按当时的情况汇总；结束后不再改变。"""
    return _decide("close", (round,), signed)


def list_decisions(
    campaign: Annotated[str | None, Parameter(help="专项行动代码（只有一个时可省略）")] = None, /, *, json: Json = False
) -> int:
    """列出申请和决定。"""
    from liandong.decisions_view import list_document, show_list
    from liandong.views import the_campaign

    document = list_document(the_campaign(campaign))
    if json:
        say_json(document)
    else:
        show_list(document)
    return DONE


def register(app: App) -> None:
    """Add the commands beside `decide` to the command line."""
    app.command(request)
    app.command(log_call)
    app.command(enter)
    app.command(close)
    app.command(list_decisions, name="list")


def _envelope(items: tuple[str, ...]) -> dict[str, str]:
    """Return the one envelope that is named, if it is one."""
    return {"envelope": items[0]} if len(items) == 1 and items[0].startswith("R-") else {}


def _decide(
    kind: str,
    items: tuple[str, ...],
    signed: Signed,
    units: tuple[str, ...] = (),
    duties: tuple[int, ...] = (),
    granted: Mapping[str, str] | None = None,
    campaign: str = "",
) -> int:
    from campaigns.decisions import Kind, Selection
    from tasks.decide import Order, decide

    order = Order(
        Kind(kind),
        Selection(items, units, duties),
        signed.by,
        signed.authority,
        signed.basis,
        signed.on,
        granted or {},
        signed.request,
        campaign,
    )

    def make(now: datetime) -> "Effect":
        made = decide(order, now, confirm=signed.confirm)
        if order.kind is Kind.UNAPPROVE and signed.confirm:
            from tasks.entering import release

            made = replace(made, notes=(*made.notes, *release(made, now)))
        return made

    return _carry_out(make, signed)


def _carry_out(make: "Callable[[datetime], Effect]", signed: Signed) -> int:
    """Return the exit code after showing what a decision does at the moment it is made."""
    from campaigns.errors import Refused
    from liandong.decisions_view import effect_document, show_effect
    from liandong.window import refresh

    now = moment(signed.as_of)
    try:
        found = make(now)
    except Refused as refused:
        if not signed.json:
            raise
        say_json({"refused": list(refused.reasons)})
        return REFUSED
    if signed.confirm:
        refresh(now)
    document = effect_document(found, now, confirmed=signed.confirm)
    if signed.json:
        say_json(document)
    else:
        show_effect(document)
    return DONE
