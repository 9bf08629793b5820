"""Charts of a round, and the leader's page as a picture for the phone; Chinese by a font of the machine.

Without one there is no chart: numbers and marks alone would say nothing.
"""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from campaigns.account import figures_told, plain
from campaigns.leader_page import Page
from campaigns.plain import one_line, shortened, unmarked
from campaigns.rollup import RollUp
from integrations.pictures import FONTS, chinese_font

_INK, _SOFT, _LINE = "#1f2933", "#52606d", "#d9e0e7"
_STATES = (
    ("received", "按时", "#2e9e5b"),
    ("nil", "零报告", "#9bd3ae"),
    ("late", "迟报", "#e0a526"),
    ("missing", "逾期未报", "#c62828"),
    ("open", "未到期", "#c5ced8"),
)
_MOST_BARS = 45
_FIGURES = 3


def standing_chart(rollup: RollUp, fonts: Sequence[str] = FONTS) -> bytes | None:
    """Return how each department stands in a round, as a PNG; None without a Chinese font, or where nobody owes anything."""
    font = chinese_font(fonts)
    units = [one for one in rollup.coverage_of.items() if any(one[1].counts[key] for key, _, _ in _STATES)]
    if not font or not units:
        return None
    units.sort(key=lambda one: -one[1].counts["missing"])
    units = units[:_MOST_BARS]
    height = 1.5 + 0.27 * len(units)
    figure, axes = _figure(9, height, (0.24, 0.45 / height, 0.72, 1 - 1.35 / height))
    left = [0] * len(units)
    for key, word, colour in _STATES:
        values = [one.counts[key] for _, one in units]
        if any(values):
            axes.barh(range(len(units)), values, left=left, height=0.68, color=colour, label=word)
            left = [a + b for a, b in zip(left, values, strict=True)]
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylim(len(units) - 0.4, -0.6)
    axes.set_yticks(range(len(units)), [_name(rollup.departments[code]) for code, _ in units])
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=5, frameon=False, prop={"family": font, "size": 9}, borderaxespad=0.2
    )
    _dress(axes, font)
    figure.text(
        0.02, 1 - 0.3 / height, _name(f"{rollup.round_label}各单位报送情况（项）", 40), fontsize=13, va="center", family=font
    )
    return _png(figure)


def figures_chart(rollup: RollUp, fonts: Sequence[str] = FONTS) -> bytes | None:
    """Return the first figures of a round by duty, as a PNG; None without a Chinese font, or where nobody reported any."""
    font, shown = chinese_font(fonts), list(figures_told(rollup))[:_FIGURES]
    duties = [number for number in rollup.duties if rollup.period.by_duty.get(number)][:_MOST_BARS]
    if not font or not shown or not duties:
        return None
    height = 1.3 + 0.27 * len(duties)
    figure = Figure(figsize=(9, height), dpi=120)
    FigureCanvasAgg(figure)
    width = 0.74 / len(shown)
    for at, (item, total) in enumerate(shown):
        axes = figure.add_axes((0.22 + at * width, 0.25 / height, width - 0.045, 1 - 1.15 / height))
        values = [float(rollup.period.by_duty[number].get(item.id, 0)) for number in duties]
        axes.barh(range(len(duties)), values, height=0.68, color="#2b6cb0")
        for row, number in enumerate(duties):
            if item.id in rollup.period.by_duty[number]:
                text = plain(rollup.period.by_duty[number][item.id])
                axes.text(values[row], row, f" {text}", fontsize=8, va="center", color=_INK, family=font)
        axes.set_xlim(0, max(values) * 1.3 or 1)
        axes.set_ylim(len(duties) - 0.4, -0.6)
        labels = [_name(f"{number} {rollup.duties[number][0]}") for number in duties] if at == 0 else [""] * len(duties)
        axes.set_yticks(range(len(duties)), labels)
        axes.set_xticks([])
        head = f"{item.label}（{item.unit}）\n合计{plain(total)}"
        axes.set_title(head, fontsize=10, family=font, color=_INK, loc="left")
        _dress(axes, font)
    figure.text(
        0.02, 1 - 0.25 / height, _name(f"{rollup.round_label}主要数据，按任务", 40), fontsize=13, va="center", family=font
    )
    return _png(figure)


def page_picture(told: Page, fonts: Sequence[str] = FONTS) -> bytes | None:
    """Return the leader's page as a PNG as wide as a phone shows it; None when the machine has no Chinese font."""
    font = chinese_font(fonts)
    if not font:
        return None
    at = told.facts
    lines: list[tuple[str, float, str, float]] = []  # text, size, colour, room above
    _say(lines, f"{at.campaign}情况速览", 20, _INK, 0)
    _say(lines, f"{at.round_label}　截至{at.as_of}", 12, _SOFT, 2)
    _say(lines, at.office, 12, _SOFT, 0)
    tiles = [(word, at.counts[key], colour) for key, word, colour in _STATES]
    blocks = [
        ("主要数据", [told.numbers]),
        ("卡在哪里", list(at.stuck)),
        ("谁还没报", list(at.who)),
        ("需要决定什么", list(at.decide)),
        ("下一个日期", [at.ahead]),
        ("与上一页相比", list(told.changes)),
    ]
    body: list[tuple[str, float, str, float]] = []
    for title, texts in blocks:
        _say(body, title, 15, "#1d4272", 14)
        for text in texts:
            _say(body, text, 13, _INK, 4)
    unit = 0.0165  # inches for one point of height
    above = sum(size * 1.45 + room for _, size, _, room in lines)
    below = sum(size * 1.45 + room for _, size, _, room in body)
    tile = 84.0
    points = 24 + above + tile + below + 24
    width, height = 6.0, points * unit
    figure = Figure(figsize=(width, height), dpi=180)
    FigureCanvasAgg(figure)
    y = 24.0
    y = _put(figure, font, lines, y, points)
    for place, (word, count, colour) in enumerate(tiles):
        x = 0.06 + place * 0.18
        figure.text(x, 1 - (y + 30) / points, str(count), fontsize=24, color=colour, family=font, va="center", weight="bold")
        figure.text(x, 1 - (y + 62) / points, word, fontsize=11, color=_SOFT, family=font, va="center")
    _put(figure, font, body, y + tile, points)
    return _png(figure, dpi=180)


def _say(lines: list[tuple[str, float, str, float]], text: str, size: float, colour: str, room: float) -> None:
    for number, line in enumerate(_wrapped(one_line(text), 5.3 * 72 / size)):
        lines.append((line, size, colour, room if number == 0 else 0))


def _wrapped(text: str, most: float) -> list[str]:
    """Return the lines of a text that are that many signs wide; figures are kept whole, and no line begins with a mark."""
    lines, width = [""], 0.0
    for word in re.findall(r"[\x21-\x7e]{1,24}[，。、；：）”]*|.[，。、；：）”]*", text):
        room = sum(1.0 if ord(sign) > 255 else 0.56 for sign in word)
        if width + room > most and lines[-1]:
            lines.append("")
            width = 0.0
        lines[-1] += word
        width += room
    return lines


def _put(figure: Figure, font: str, lines: Sequence[tuple[str, float, str, float]], y: float, points: float) -> float:
    for text, size, colour, room in lines:
        y += room + size * 1.45
        weight = "bold" if size > 14 else "normal"
        figure.text(
            0.06,
            1 - (y - size * 0.6) / points,
            unmarked(text),
            fontsize=size,
            color=colour,
            family=font,
            va="center",
            weight=weight,
        )
    return y


def _figure(width: float, height: float, place: tuple[float, float, float, float]) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), dpi=120)
    FigureCanvasAgg(figure)
    return figure, figure.add_axes(place)


def _dress(axes: Any, font: str) -> None:
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontfamily(font)
        tick.set_fontsize(9)
    axes.tick_params(length=0)
    axes.set_axisbelow(True)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(_LINE)


def _name(text: str, most: int = 13) -> str:
    return unmarked(shortened(one_line(text), most))


def _png(figure: Figure, dpi: int = 120) -> bytes:
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi, metadata={"Software": None})
    return drawn.getvalue()


def charts(rollup: RollUp) -> Mapping[str, bytes]:
    """Return the charts of a round by their names; fewer where there is nothing to draw, none without a Chinese font."""
    drawn = {"各单位报送情况图": standing_chart(rollup), "主要数据图": figures_chart(rollup)}
    return {name: data for name, data in drawn.items() if data}
