"""The totals of a round written into the form of the office above: which figure goes into which cell, and what cannot.

A figure that nobody reported stays blank, and a blank is never sent as zero: it is a reason not to send.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from campaigns.definition import Upward
from campaigns.forms import Block, Form
from campaigns.items import Item
from campaigns.records import SentUp
from campaigns.rollup import Figures, RollUp

Value = Decimal | str
MONEY = {"元": Decimal(1), "万元": Decimal(10_000), "亿元": Decimal(100_000_000)}


@dataclass(frozen=True, slots=True)
class Written:
    """One cell of the superior's form that we fill in."""

    sheet: str
    cell: str
    value: Value


@dataclass(frozen=True, slots=True)
class Line:
    """One figure as people check it: the superior's duty and label, the value, and of which duties of ours it is the total."""

    duty: int
    label: str
    value: Decimal
    ours: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A superior's form filled in; with `problems` it must not be sent. `left` are its duties that we have nothing for."""

    cells: tuple[Written, ...]
    lines: tuple[Line, ...]
    left: tuple[str, ...]
    problems: tuple[str, ...]


def fill(form: Form, upward: Upward, rollup: RollUp) -> Filled:
    """Return what a roll-up writes into a superior's form, with every reason why it cannot be sent."""
    cells: list[Written] = []
    lines: list[Line] = []
    problems: list[str] = []
    left: dict[str, None] = {}
    known = {item.id: item for item in rollup.indicators}
    strangers = upward.codes.keys() - {item.id for item in form.indicators}
    problems += [f"上级报表里没有指标“{code}”，请核对定义中的 upward.codes" for code in sorted(strangers)]
    for block in form.blocks:
        ours = _ours(form, block, upward, rollup)
        if not ours:
            left[block.title] = None
            continue
        # of several duties a ratio, or a case that stands in two of them, is worked out anew
        totals = rollup.period.by_duty.get(ours[0], {}) if len(ours) == 1 else rollup.of_duties(ours)
        figures = []
        for item in form.table(block).items:
            if not item.counts or not item.typed:
                continue
            code = upward.codes.get(item.id, item.id)
            if code not in known:
                problems.append(
                    f"上级报表要“{item.label}”（{item.id}），本办公室没有这个指标，请在定义的 upward.codes 中写明取自哪一个"
                )
                continue
            value, note = _value(totals, known[code], item)
            if isinstance(value, str):
                problems.append(f"{block.title}的“{item.label}”：{value}")
                continue
            figures.append(value)
            cells.append(Written(block.sheet, block.cell("own", item.id), value))
            lines.append(Line(block.duty, item.label, value, ours, note))
        cells.append(
            Written(block.sheet, block.narrative_cell, f"{rollup.office}汇总{rollup.round_label}：{rollup.coverage.text}")
        )
        if figures and not any(figures) and rollup.coverage.reported == rollup.coverage.owed:
            cells.append(Written(block.sheet, block.nil_cell, "是"))
    if not lines and not problems:
        problems.append("上级报表的各项任务都没有可以上报的数，请核对定义中的 upward.duties")
    return Filled(tuple(cells), tuple(lines), tuple(left), tuple(dict.fromkeys(problems)))


def _ours(form: Form, block: Block, upward: Upward, rollup: RollUp) -> tuple[int, ...]:
    if upward.duties:
        return tuple(one for one in upward.duties.get(block.duty, ()) if one in rollup.duties)
    if len({one.duty for one in form.blocks}) == 1:
        return tuple(rollup.duties)
    return (block.duty,) if block.duty in rollup.duties else ()


def _value(totals: Figures, own: Item, theirs: Item) -> tuple[Decimal | str, str]:
    """Return the figure in the superior's unit and decimals with what there is to say about it, or why there is none."""
    total = totals.get(own.id)
    if total is None:
        return "没有单位报送过这个数，空白不是零，不能上报", ""
    if own.unit != theirs.unit and not (own.unit in MONEY and theirs.unit in MONEY):
        return f"上级的单位是“{theirs.unit}”，本办公室是“{own.unit}”，不能换算，请核对定义中的 upward.codes", ""
    note = ""
    if own.unit != theirs.unit:
        note, total = f"由{total.normalize():f}{own.unit}换算", total * MONEY[own.unit] / MONEY[theirs.unit]
    rounded = total.quantize(Decimal(1).scaleb(-theirs.decimals), ROUND_HALF_UP)
    if rounded != total:
        note = f"{note or f'由{total.normalize():f}{theirs.unit}'}，四舍五入到{theirs.decimals}位小数".lstrip("，")
    return rounded, note


def unsent(newest: int, sent: Sequence[SentUp]) -> str:
    """Return what the office must know of a closed round that the superior has not accepted; empty when all is well.

    `newest` is the newest version of the round's roll-up, `sent` what was handed in, oldest first.
    """
    if any(one.version == newest and one.outcome in ("accepted", "duplicate") for one in sent):
        return ""
    if not sent:
        return "已汇总，还没有上报"
    last = sent[-1]
    if last.version < newest:
        return f"汇总表第{newest}版还没有上报（上次报的是第{last.version}版）"
    if last.outcome is None:
        return "已发给上级，还没有回执" if last.receipt else "没有发到上级"
    words = {"returned": "被上级退回修改", "refused": "上级没有受理", "quarantined": "被上级暂存待核"}
    return f"{words[last.outcome]}（上级回执{last.receipt}，{len(last.findings)}处问题）"
