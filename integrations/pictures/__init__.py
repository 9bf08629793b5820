"""Pictures of a campaign: a round's dependency graph, one row per duty, coloured by state; all duties against time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from campaigns import graph
from campaigns.critical import Timing
from campaigns.definition import Role
from campaigns.plain import shortened, unmarked
from campaigns.plan import Plan

# what Linux, Kylin, Windows and macOS come with, the best first
FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Noto Sans CJK JP",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "SimSun",
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
    "AR PL UMing CN",
    "Droid Sans Fallback",
)
NO_FONT = "这台机器上没有中文字体，关系图只标了任务序号和单位代码；请安装 Noto Sans CJK（fonts-noto-cjk）或文泉驿字体后重画"

# (fill, ink) by light; the words in the legend and the marks in the boxes say the same without colour
_COLOURS = {
    "green": ("#cfeed8", "#14532d"),
    "red": ("#c62828", "#ffffff"),
    "yellow": ("#fde9a6", "#6b4700"),
    "blue": ("#dbe8f8", "#1d4272"),
    "grey": ("#e9edf1", "#48535f"),
}
_LIGHTS = {
    "已报送": "green",
    "零报告": "green",
    "迟报": "green",
    "已汇总": "green",
    "逾期未报": "red",
    "逾期退回": "red",
    "退回": "yellow",
    "办理中": "blue",
    "待前置": "grey",
    "待汇总": "grey",
    "免报": "grey",
    "不适用": "grey",
}
_ORDER = ("已报送", "零报告", "迟报", "办理中", "待前置", "退回", "逾期退回", "逾期未报", "免报", "不适用")
# said beside the name where the colour alone would leave two states alike
_MARKS = {word: word[0] for word in ("零报告", "迟报", "逾期未报", "逾期退回", "退回", "待前置", "免报")} | {"不适用": "—"}

_INK = "#1f2933"

# everything below is measured in characters of the small font
_EM = 0.135  # inches
_LINE = 1.75
_COOPERATING, _LEAD, _ROLLUP = (2.0, 96.0), (103.0, 126.0), (134.0, 141.5)
_WIDTH = 144.0


@dataclass(frozen=True, slots=True)
class _Chip:
    """A box with a name: where it stands within its row, and the expected report it shows."""

    id: str
    text: str
    x: float
    line: int
    width: float


@dataclass(frozen=True, slots=True)
class _Row:
    """One duty: its title, its cooperating departments laid out in lines, its leads."""

    duty: int
    title: str
    chips: tuple[_Chip, ...]
    leads: tuple[_Chip, ...]

    @property
    def height(self) -> float:
        """Return the room it needs: the title, the lines of boxes, a gap."""
        lines = max([chip.line for chip in (*self.chips, *self.leads)], default=0) + 1
        return 1.8 + lines * _LINE + 1.0


def graph_picture(plan: Plan, round_id: str, states: Mapping[str, str], path: Path, *, fonts: Sequence[str] = FONTS) -> str:
    """Return a warning when there is no Chinese font, else ""; the picture is written to the path, PNG or SVG by its suffix.

    `states` gives the Chinese state of each expected report and of the roll-up node; what is not in it is drawn without one.
    """
    font, plan = chinese_font(fonts), plan.of(round_id)
    rows = _rows(plan, round_id, states, readable=bool(font))
    height = sum(row.height for row in rows) + 9.0
    figure = Figure(figsize=(_WIDTH * _EM, height * _EM), dpi=120)
    FigureCanvasAgg(figure)
    sketch = _Sketch(figure, font or "DejaVu Sans", height)
    a_round = plan.round(round_id)
    title = f"{plan.definition.campaign.title}　{a_round.label}任务关系图" if font else round_id
    sketch.text(2.0, 1.6, title, size=15, weight="bold", align="left")
    _legend(sketch, plan, round_id, states, readable=bool(font))
    top = 7.0
    middles: dict[int, float] = {}
    for row in rows:
        middles[row.duty] = _draw(sketch, row, states, top)
        top += row.height
    for duty in plan.definition.duties:
        for need in plan.definition.needs_of(duty):
            if need in middles and duty.number in middles:
                sketch.bend(_LEAD[1] + 0.2, middles[need], middles[duty.number])
    node = graph.rollup_node(round_id)
    words = ["汇总", "", *wrap(a_round.label, 5), "", states.get(node, "")] if font else ["roll", "up"]
    fill, ink = _COLOURS[_light(states.get(node, ""))]
    sketch.box(_ROLLUP[0], 7.0, _ROLLUP[1] - _ROLLUP[0], top - 8.0, fill)
    sketch.text(sum(_ROLLUP) / 2, (7.0 + top - 1.0) / 2, "\n".join(words), size=12, colour=ink)
    _save(figure, path)
    return "" if font else NO_FONT


def gantt_picture(plan: Plan, found: Timing, path: Path, *, fonts: Sequence[str] = FONTS) -> str:
    """Return a warning when there is no Chinese font, else ""; every duty against time is written to the path.

    A bar is a round of a duty: light until the cooperating departments' date, dark until the lead's, grey until the roll-up; red
    where the lead has no working day to spare. A diamond is the date by which the work itself is to be done.
    """
    font = chinese_font(fonts)
    steps = {one.node: one for one in found.steps}
    duties = plan.definition.duties
    height = 1.6 + 0.3 * len(duties)
    figure = Figure(figsize=(16, height), dpi=120)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.27, 0.55 / height, 0.71, 1 - 1.5 / height))
    style: dict[str, Any] = {"family": font or "DejaVu Sans"}
    for a_round in plan.rounds:
        closes = steps[graph.rollup_node(a_round.id)].due
        for row, duty in enumerate(duties):
            mine = [one for one in plan.expected_in(a_round.id) if one.duty == duty.number]
            if not mine:
                continue
            leads = [steps[one.id] for one in mine if one.role is Role.LEAD]
            helpers = [steps[one.id] for one in mine if one.role is not Role.LEAD]
            at = a_round.opens_on
            tight = any(one.slack == 0 for one in leads)
            for last, colour in (
                (max((one.due for one in helpers), default=at), "#9cc3ea"),
                (max((one.due for one in leads), default=at), "#c62828" if tight else "#2b6cb0"),
                (closes, "#c5ced8"),
            ):
                if last > at:
                    axes.barh(row, (last - at).days, left=_x(at), height=0.62, color=colour)
                    at = last
    for row, duty in enumerate(duties):
        if duty.due_on:
            axes.plot(_x(duty.due_on), row, marker="D", color="#6b4700", markersize=5)
    for phase in plan.definition.phases:
        if phase.first_day and phase.last_day:
            axes.axvline(_x(phase.first_day), color="#7a4bb0", linewidth=0.8, linestyle="--")
            name = unmarked(phase.title) if font else phase.id
            axes.text(_x(phase.first_day), -0.9, f" {name}", color="#7a4bb0", fontsize=9, **style)
    axes.set_ylim(len(duties) - 0.4, -0.6)
    axes.set_yticks(range(len(duties)), [_short(f"{one.number}. {one.title}" if font else str(one.number)) for one in duties])
    axes.xaxis_date()
    formatter: Any = DateFormatter  # without types
    axes.xaxis.set_major_formatter(formatter("%Y年%-m月" if font else "%Y-%m"))
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontfamily(style["family"])
        tick.set_fontsize(9)
    axes.grid(axis="x", color="#e4e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    title = f"{plan.definition.campaign.title}　进度图" if font else plan.definition.campaign.id
    figure.text(0.01, 1 - 0.3 / height, unmarked(title), fontsize=14, weight="bold", va="center", **style)
    words = (
        ("配合单位报送", "牵头单位汇总报送", "牵头单位，没有机动时间", "办公室汇总")
        if font
        else ("cooperating", "lead", "tight", "rollup")
    )
    x = 0.27
    for word, colour in zip(words, ("#9cc3ea", "#2b6cb0", "#c62828", "#c5ced8"), strict=True):
        figure.text(x, 1 - 0.62 / height, "■", color=colour, fontsize=12, va="center", **style)
        figure.text(x + 0.013, 1 - 0.62 / height, word, fontsize=9, va="center", **style)
        x += 0.13
    _save(figure, path)
    return "" if font else NO_FONT


def _save(figure: Figure, path: Path) -> None:
    """Write a figure; the same one gives the same bytes."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "liandong"}):
        form = "svg" if path.suffix.lower() == ".svg" else "png"
        figure.savefig(path, format=form, metadata={"Date": None} if form == "svg" else {"Software": None})


def _x(day: date) -> int:
    """Return where a day stands on matplotlib's axis."""
    return (day - date(1970, 1, 1)).days


def _short(text: str) -> str:
    return unmarked(shortened(text, 26))


def chinese_font(fonts: Sequence[str] = FONTS) -> str:
    """Return the first of the fonts that this machine has, empty when it has none."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in fonts if name in known), "")


def _light(state: str) -> str:
    return _LIGHTS.get(state, "grey")


def _rows(plan: Plan, round_id: str, states: Mapping[str, str], *, readable: bool) -> list[_Row]:
    owed = plan.expected_in(round_id)
    rows: list[_Row] = []
    for duty in plan.definition.duties:
        mine = [one for one in owed if one.duty == duty.number]
        if not mine:
            continue
        chips: list[_Chip] = []
        x, line = _COOPERATING[0] + 0.8, 0
        leads: list[_Chip] = []
        for one in mine:
            text = plan.organ(one.department).name if readable else one.department
            mark = _MARKS.get(states.get(one.id, ""), "") if readable else ""
            text += f" {mark}" if mark else ""
            if one.role is Role.LEAD:
                leads.append(_Chip(one.id, text, _LEAD[0], len(leads), _LEAD[1] - _LEAD[0]))
                continue
            width = sum(1.0 if ord(c) > 0x2E80 else 0.6 for c in text) + 1.2
            if x + width > _COOPERATING[1] - 0.8:
                x, line = _COOPERATING[0] + 0.8, line + 1
            chips.append(_Chip(one.id, text, x, line, width))
            x += width + 0.6
        title = f"任务{duty.number}　{duty.title}" if readable else f"{duty.number}"
        rows.append(_Row(duty.number, title, tuple(chips), tuple(leads)))
    return rows


def _draw(sketch: "_Sketch", row: _Row, states: Mapping[str, str], top: float) -> float:
    """Return the height at which the row's lead stands, having drawn the row from `top` down."""
    sketch.text(_COOPERATING[0], top + 0.8, row.title, size=10, weight="bold", align="left")
    first = top + 1.8
    lines = max([chip.line for chip in (*row.chips, *row.leads)], default=0) + 1
    middle = first + lines * _LINE / 2
    if row.chips:
        own = max(chip.line for chip in row.chips) + 1
        start = middle - own * _LINE / 2
        right = max(chip.x + chip.width for chip in row.chips) + 0.8
        sketch.box(_COOPERATING[0], start - 0.1, right - _COOPERATING[0], own * _LINE + 0.2, "#fbfcfd", edge="#c5ced8")
        for chip in row.chips:
            sketch.chip(chip, start, states.get(chip.id, ""))
        if row.leads:
            sketch.arrow(right, _LEAD[0], middle)
    start = middle - len(row.leads) * _LINE / 2
    for chip in row.leads:
        sketch.chip(chip, start, states.get(chip.id, ""), weight="bold")
    sketch.arrow(_LEAD[1] if row.leads else right, _ROLLUP[0], middle)
    return middle


def _legend(sketch: "_Sketch", plan: Plan, round_id: str, states: Mapping[str, str], *, readable: bool) -> None:
    if not readable:
        return
    counts = Counter(states.get(one.id, "") for one in plan.expected_in(round_id))
    x = _COOPERATING[0]
    for state in _ORDER:
        if counts[state]:
            text = f"{state} {counts[state]}"
            width = len(text) + 1.0
            sketch.chip(_Chip("", text, x, 0, width), 3.2, state)
            x += width + 0.8
    for text, span in (("配合单位", _COOPERATING), ("牵头单位", _LEAD), ("汇总", _ROLLUP)):
        middle = span[0] + 2.5 if span is _COOPERATING else sum(span) / 2
        sketch.text(middle, 5.9, text, size=10, colour="#52606d")


class _Sketch:
    """A sheet measured in characters from its upper left corner."""

    def __init__(self, figure: Figure, font: str, height: float) -> None:
        self._axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_xlim(0, _WIDTH)
        self._axes.set_ylim(height, 0)
        self._axes.axis("off")
        self._font = font

    def text(
        self, x: float, y: float, words: str, *, size: float, weight: str = "normal", align: str = "center", colour: str = _INK
    ) -> None:
        """Write words, their middle (or left end) at a point."""
        style = font_manager.FontProperties(family=self._font, size=size, weight=weight)
        self._axes.text(x, y, unmarked(words), fontproperties=style, ha=align, va="center", color=colour, linespacing=1.3)

    def box(self, x: float, y: float, width: float, height: float, fill: str, edge: str = "#9aa5b1") -> None:
        """Draw a box with rounded corners."""
        style = "round,pad=0,rounding_size=0.3"
        self._axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=fill, edgecolor=edge, linewidth=0.7))

    def chip(self, chip: _Chip, start: float, state: str, weight: str = "normal") -> None:
        """Draw a named box in its line, coloured by its state."""
        fill, ink = _COLOURS[_light(state)]
        y = start + chip.line * _LINE + 0.15
        self.box(chip.x, y, chip.width, _LINE - 0.3, fill)
        self.text(chip.x + chip.width / 2, y + _LINE / 2 - 0.15, chip.text, size=9, weight=weight, colour=ink)

    def arrow(self, x: float, to: float, y: float) -> None:
        """Draw an arrow to the right."""
        self._axes.add_patch(FancyArrowPatch((x, y), (to, y), arrowstyle="-|>", mutation_scale=9, color="#7b8794", linewidth=0.8))

    def bend(self, x: float, y: float, to: float) -> None:
        """Draw a dashed bend from one lead to another that waits for it."""
        curve = "arc3,rad=" + ("-0.35" if to > y else "0.35")
        ends = FancyArrowPatch((x, y), (x, to), arrowstyle="-|>", mutation_scale=9, connectionstyle=curve)
        ends.set(color="#7a4bb0", linewidth=1, linestyle="--")
        self._axes.add_patch(ends)
