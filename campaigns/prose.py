"""Figures in running text: what a summary says of an indicator, and where it differs from the table. Shown, never counted.

Rather nothing than a wrong alarm: a figure is taken only where an indicator's own label stands right before it and its unit right
behind it, and it is no part of another figure, no plan, no figure of another year, no single case. A figure of a matrix is told
by the label of its row and, right after it, that of its column: `商标侵权案件立案3件`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from campaigns.formulas import total
from campaigns.items import Item
from campaigns.rollup import Fact

_FULL_WIDTH = {0xFF10 + digit: 0x30 + digit for digit in range(10)} | {0xFF0E: 0x2E, 0xFF05: 0x25, 0x3000: 0x20}
_NUMBER = r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,12}(?:\.[0-9]{1,6})?)"
_WORDS = r"(?P<words>[零〇一二两三四五六七八九十百千万]{2,15}?)"  # one sign alone, as in 立案一件, often tells of a single case
_BETWEEN = r"(?:查处|查办|调查|处理|各类|违法|行政|案件|共计|累计|合计|总计|总额|金额|数量|达到|共|数|达|为|是|了|计|总|[:：\s])"
_NOT_BEHIND = r"(?![0-9余多次套%]|左右|以上|以下|以内)"  # not exact, or another unit
_MONEY = {"元": Decimal(1), "万元": Decimal(10) ** 4, "亿元": Decimal(10) ** 8}
_COUNTED = {"件": ("件", "起", "宗")}
_ALIKE = (
    ("罚没金额", "罚没款", "罚没款金额"),
    ("检查经营主体", "检查市场主体", "检查各类经营主体", "检查各类市场主体"),
    ("出动执法人员", "出动执法检查人员"),
)
_OF_MANY = {"合计", "总计", "小计", "共计", "其他", "其它", "全部", "本级"}  # rows whose label says nothing outside their table
_OF_A_ROW = r"(?:案件|方面|领域|共|已|[:：\s])"  # between the label of a row and that of a column
_ROW_BEGINS = re.compile(
    r"(?:^|[，。；！？、,;!?\s:：]|全年|全市|本期|查处|查办|办理|共|是|对)$"
)  # else it may be the end of a longer label
_NEGATING = re.compile(r"(?:未|不|不予|拟|应|待|撤销|撤|免予|刑事|重新|可)$")
_OTHER_THAN_OURS = re.compile(
    r"其中|去年|上年|前年|往年|同期|上期|此前|计划|目标|力争|预计|下一步|典型案|案例|一案|某|该|当事人|最高|最低|平均|每"
)
_RELATIVE = re.compile(r"同比|环比|增长|增加|减少|下降|比上|较上")


class Named(Protocol):
    """What a text may speak of: anything with a label, a unit and decimals."""

    @property
    def id(self) -> str:
        """Return its code."""

    @property
    def label(self) -> str:
        """Return what it is called."""

    @property
    def unit(self) -> str | None:
        """Return what it is counted in."""

    @property
    def decimals(self) -> int:
        """Return how many decimals it may have."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A figure a text gives for an indicator, in the indicator's unit; `step` is how exactly it was written."""

    indicator: str
    value: Decimal
    step: Decimal
    text: str


def mentions(text: str, indicators: Sequence[Named]) -> tuple[Mention, ...]:
    """Return the figures that a text gives for indicators, in the order they stand."""
    plain = text.translate(_FULL_WIDTH)
    patterns = [(name, one) for one in indicators if one.unit for name in _names(one.label)]
    patterns.sort(key=lambda pair: -len(pair[0]))  # 罚没款金额 before 罚没款
    said = Counter(name for name, _ in patterns)
    found: dict[int, Mention] = {}
    taken: set[int] = set()
    for name, one in patterns:
        for match, mention in _found(plain, name, one):
            if taken.isdisjoint(range(*match.span())):
                taken |= set(range(*match.span()))
                if mention and not ("·" in name and said[name] > 1):  # a cell of either of two matrices
                    found[match.start()] = mention
    return tuple(found[at] for at in sorted(found))


def _names(label: str) -> tuple[str, ...]:
    """Return what a text may call a figure; that of a matrix by its row and its column, joined by `·`."""
    row, _, column = label.rpartition("·")
    if not row:
        return next((names for names in _ALIKE if label in names), (label,))
    if row in _OF_MANY:
        return ()
    return tuple(dict.fromkeys(f"{row}·{re.sub('(?<=.)数量?$', '', name)}" for name in _names(column)))


def _found(text: str, name: str, one: Named) -> Iterator[tuple[re.Match[str], Mention | None]]:
    """Yield what stands in a text for a name; without a mention what only looks like a cell of a matrix, and is of no other."""
    own = one.unit or ""
    money = own in _MONEY
    units = tuple(_MONEY) if money else _COUNTED.get(own, (own,))
    unit = "|".join(re.escape(each) for each in sorted(units, key=len, reverse=True))
    number = _NUMBER if money or one.decimals else f"(?:{_NUMBER}|{_WORDS})"
    row, _, column = name.rpartition("·")
    label = f"{re.escape(row)}{_OF_A_ROW}{{0,2}}{re.escape(column)}"
    pattern = rf"{label if row else re.escape(name)}{_BETWEEN}{{0,5}}{number}\s*(?P<times>万)??(?P<unit>{unit}){_NOT_BEHIND}"
    for match in re.finditer(pattern, text):
        before = text[: match.start()]
        if row and not _ROW_BEGINS.search(before):
            yield match, None
            continue
        if not _ours(before):
            continue
        words = match.groupdict().get("words")
        spoken = numeral(words) if words else None
        if words and spoken is None:
            continue
        written = Decimal(spoken) if spoken is not None else Decimal(match["number"].replace(",", ""))
        times = Decimal(10_000 if match["times"] else 1)
        if money:
            times *= _MONEY[match["unit"]] / _MONEY[own]
        value = written * times
        if not one.decimals and value != value.to_integral_value():
            continue  # half a case is no figure of a count
        exponent = written.as_tuple().exponent
        step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0) * times
        yield match, Mention(one.id, value, step, re.sub(r"\s+", "", match[0]))


_DIGITS = "零一二三四五六七八九"
_PLACES = ((1000, "千"), (100, "百"), (10, "十"), (1, ""))


def numeral(words: str) -> int | None:
    """Return the number below 10^8 that Chinese numerals say in full, None for any other way: 一百二 may mean several."""
    plain = words.replace("两", "二").replace("〇", "零")
    high, _, low = plain.rpartition("万")
    value = _section(high) * 10_000 + _section(low)
    full = _in_words(value)
    return value if plain in (full, full.removeprefix("一") if full.startswith("一十") else full) else None


def _section(words: str) -> int:
    value = digit = 0
    places = {name: place for place, name in _PLACES}
    for sign in words:
        if sign in _DIGITS:
            digit = _DIGITS.index(sign)
        else:
            value, digit = value + (digit or 1) * places.get(sign, 0), 0
    return value + digit


def _in_words(value: int) -> str:
    high, low = divmod(value, 10_000)
    if high:
        return f"{_in_words(high)}万{'零' if 0 < low < 1000 else ''}{_in_words(low) if low else ''}"
    said, gap = "", False
    for place, name in _PLACES:
        digit = value // place % 10
        said += f"{'零' if gap and said else ''}{_DIGITS[digit]}{name}" if digit else ""
        gap = not digit
    return said


def _ours(before: str) -> bool:
    """Return whether a figure after this text can be what the department reports of the period."""
    sentence = re.split(r"[。；！？;!?\n]", before)[-1]
    clause = re.split(r"[，、,]", sentence)[-1]
    return not (_NEGATING.search(clause) or _OTHER_THAN_OURS.search(sentence) or _RELATIVE.search(clause))


def differing(said: Sequence[Mention], stated: Mapping[str, Sequence[Decimal]]) -> tuple[Mention, ...]:
    """Return the first mention of each indicator of which no mention agrees with any figure the table states for it.

    A figure in prose may be that of the period or cumulative, of one duty or of all; rounded as it was written.
    """
    found: dict[str, Mention] = {}
    agreed = set()
    for one in said:
        figures = stated.get(one.indicator, ())
        if any(2 * abs(figure - one.value) <= one.step for figure in figures):
            agreed.add(one.indicator)
        if figures:
            found.setdefault(one.indicator, one)
    return tuple(one for code, one in found.items() if code not in agreed)


def stated(
    own: Iterable[Fact], cumulative: Iterable[Fact], department: str, led: Collection[int], items: Mapping[str, Item]
) -> dict[str, list[Decimal]]:
    """Return, by indicator, every figure that the tables of a round state for a department; its own total comes first.

    A lead may as well speak of what it and its cooperating units did together in the duties it leads.
    """
    found: dict[str, list[Decimal]] = {}
    for facts in (own, cumulative):
        mine: dict[str, list[Decimal]] = defaultdict(list)
        together: dict[str, dict[int, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
        for one in (one for one in facts if one.indicator in items):
            if one.department == department:
                mine[one.indicator].append(one.value)
            if one.duty in led:
                together[one.indicator][one.duty].append(one.value)
        for code, values in mine.items():
            duties = [total(items[code], said) for said in together[code].values()]
            of_all = [total(items[code], duties)] if duties else []
            found.setdefault(code, []).extend([total(items[code], values), *values, *of_all, *duties])
    return found
