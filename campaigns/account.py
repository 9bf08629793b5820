"""What the office tells of a round, ready to be set: sentences, quotations under the demanded headings, tables.

Figures come from the roll-up; words are the departments' own, verbatim and with their names. Nothing is invented, and what
nobody wrote is said to be missing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from campaigns.definition import Definition, Role
from campaigns.forms import header
from campaigns.items import Item, in_letters
from campaigns.plain import legible, shortened
from campaigns.plan import Plan, Round
from campaigns.rollup import Coverage, Entry, Figures, RollUp, percent
from campaigns.sheets import Sheet
from campaigns.targets import WHOLE, Attainment
from campaigns.workdays import in_chinese, moment_in_chinese

MOST_SIGNS = 1_500  # of one department under one heading: what is longer is read in its own document
_MOST_COLUMNS = 10  # figures that a table across a page has room for
_MOST_ROWS = 100  # of a table that the workbook has in full
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Summary:
    """A lead's prose summary as read: what it says under each demanded heading, and where it is kept."""

    department: str
    envelope: str
    sections: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a department wrote, paragraph by paragraph, and where it stands."""

    unit: str
    paragraphs: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One demanded heading with what the departments wrote under it; `silent` wrote nothing there."""

    title: str
    quotes: tuple[Quote, ...]
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """What the leads of a duty wrote into the form beside their figures."""

    duty: int
    title: str
    leads: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; those of the program's own annexes have no title."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Everything the report and the bulletin of a round say; `as_of` is the last moment at which anything in it changed."""

    campaign: str
    short_title: str
    doc_no: str
    office: str
    round_label: str
    covers: str
    as_of: str
    standing: tuple[str, ...]
    figures: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    progress: tuple[Progress, ...]
    totals: Table
    units: Table
    ahead: tuple[str, ...]
    more: tuple[Table, ...] = ()  # targets, scores, questions: what the round was assessed by


def numeral(number: int) -> str:
    """Return 一, 二 … 九十九, as chapters are counted."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _NUMERALS[number - 1]
    return ("" if tens == 1 else _NUMERALS[tens - 1]) + "十" + (_NUMERALS[ones - 1] if ones else "")


def last_change(rollup: RollUp) -> datetime:
    """Return the last moment up to which anything a roll-up tells has changed: something came, or a date passed."""
    moments = [moment for one in rollup.entries for moment in (one.received_at, one.due_at) if moment and moment <= rollup.as_of]
    return max(moments, default=rollup.as_of)


def account(
    plan: Plan,
    rollup: RollUp,
    before: RollUp | None,
    summaries: Sequence[Summary],
    unread: Sequence[str],
    narratives: Mapping[str, tuple[str, str]],
    attainments: Sequence[Attainment] = (),
    doubts: int = 0,
    sheets: Sequence[Sheet] = (),
) -> Account:
    """Return what the office tells of a round.

    `before` is the roll-up of the round before, if there was one; `summaries` are the leads' as read, `unread` the leads whose
    summary did not come or could not be read; `narratives` are text and envelope of each report in effect, by its id. What the
    round was assessed by comes as targets attained, the number of questions its figures raise, and the sheets of both.
    """
    campaign = plan.definition.campaign
    a_round = plan.round(rollup.round)
    demanded = plan.report(rollup.round).summary_headings
    names = rollup.departments
    return Account(
        campaign=campaign.title,
        short_title=campaign.short_title,
        doc_no=campaign.doc_no or "",
        office=campaign.office,
        round_label=rollup.round_label,
        covers=rollup.covers,
        as_of=moment_in_chinese(last_change(rollup)),
        standing=tuple(_standing(rollup, [names.get(code, code) for code in unread])),
        figures=(*_figures(rollup, before), *_aims(attainments), *_doubts(doubts)),
        chapters=tuple(_chapter(one, summaries, names) for one in demanded),
        progress=tuple(_progress(plan.of(rollup.round).definition, rollup, narratives)),
        totals=_totals(rollup),
        units=_units(rollup),
        ahead=tuple(_ahead(plan, a_round)),
        more=tuple(_table(one) for one in sheets),
    )


def _standing(rollup: RollUp, unread: Sequence[str]) -> Iterable[str]:
    """Yield how the round stands: what it covers, who was in time, late, missing, and whose summary did not come."""
    yield rollup.coverage.text
    by_unit = {rollup.departments[code]: one.counts for code, one in rollup.coverage_of.items()}
    owing = {name: counts for name, counts in by_unit.items() if rollup.coverage.owed and _owed(counts)}
    whole = sum(counts["received"] + counts["nil"] == _owed(counts) for counts in owing.values())
    yield f"涉及任务{len(rollup.duties)}项、单位{len(owing)}个，其中{whole}个单位全部按时报送。"
    late = [f"{name}（{counts['late']}项）" for name, counts in owing.items() if counts["late"]]
    if late:
        yield f"迟报的单位：{'、'.join(late)}。"
    missing = [f"{name}（{n}项）" for name, counts in owing.items() if (n := counts["missing"] + counts["open"])]
    if missing:
        yield f"没有报送的单位：{'、'.join(missing)}。"
    if unread:
        yield f"没有收到工作总结的牵头单位：{'、'.join(unread)}。"


def _owed(counts: Mapping[str, int]) -> int:
    return counts["expected"] - counts["waived"] - counts["not_applicable"]


def figures_told(rollup: RollUp) -> Iterable[tuple[Item, Decimal]]:
    """Return the totals of a roll-up that somebody reported anything for, those a letter has room for."""
    return _known(rollup.indicators, rollup.overall)


def _known(items: Iterable[Item], figures: Figures) -> Iterable[tuple[Item, Decimal]]:
    return ((one, figures[one.id]) for one in in_letters(items) if one.id in figures)


def _figures(rollup: RollUp, before: RollUp | None) -> Iterable[str]:
    said = _in_words(rollup)
    yield f"据已报单位统计，{said}。" if said else "没有收到数据。"
    if rollup.earlier:
        yield f"自{rollup.since}起累计，{_in_a_row(rollup.indicators, rollup.cumulative.overall)}。"
    earlier = _in_words(before) if before else ""
    if before and earlier:
        yield f"上一期（{before.round_label}，报送率{_rate(before.coverage)}）：{earlier}。"


def _aims(attainments: Sequence[Attainment]) -> Iterable[str]:
    """Yield a sentence on each target: what the whole came to, or where only each department is held to it, how many met it."""
    each: dict[str, list[Attainment]] = {}
    for one in attainments:
        if one.department == WHOLE:
            came = "" if one.value is None else f"完成{one.value:f}{one.target.unit}，"
            aim = "，".join(filter(None, (one.target.chinese, f"目标{one.target.bound}")))
            yield f"{one.target.title}（{aim}）：{came}{one.text}。"
        elif one.target.of == "each":
            each.setdefault(one.target.id, []).append(one)
    for found in each.values():
        bounds = {one.target.bound for one in found}
        aim = f"每个单位{bounds.pop()}" if len(bounds) == 1 else "各单位分别分解"
        told = "，".join(f"{count}个单位{word}" for word, count in Counter(one.text for one in found).items())
        yield f"{found[0].target.title}（{aim}）：{told}。"


def _doubts(count: int) -> Iterable[str]:
    if count:
        yield f"有{count}处数据由办公室请报送单位核对（只是提问，不影响受理）。"


def _table(one: Sheet) -> Table:
    """Return a sheet of the roll-up as a table, as long as a report has room for."""
    rows = [tuple(map(_cell, row)) for row in one.rows]
    if len(rows) > _MOST_ROWS:
        rows = [*rows[:_MOST_ROWS], ("……", f"共{len(rows)}行，其余见汇总表", *[""] * (len(one.columns) - 2))]
    return Table(tuple(head for head, _ in one.columns), tuple(rows), one.title)


def _cell(value: str | int | Decimal | None) -> str:
    if value is None:
        return ""
    return plain(value) if isinstance(value, Decimal) else str(value)


def _in_words(rollup: RollUp) -> str:
    return _in_a_row(rollup.indicators, rollup.overall)


def _in_a_row(items: Iterable[Item], figures: Figures) -> str:
    return "，".join(f"{one.label}{plain(value)}{one.unit}" for one, value in _known(items, figures))


def plain(value: Decimal) -> str:
    """Return a figure as running text has it."""
    return f"{value.normalize():f}"


def _rate(coverage: Coverage) -> str:
    return "—" if coverage.rate is None else percent(coverage.rate)


def _chapter(title: str, summaries: Sequence[Summary], names: Mapping[str, str]) -> Chapter:
    quotes = []
    for one in summaries:
        if paragraphs := one.sections.get(title):
            unit = names.get(one.department, one.department)
            quotes.append(_quote(unit, paragraphs, f"摘自{unit}工作总结，来件{one.envelope}"))
    silent = tuple(names.get(one.department, one.department) for one in summaries if title not in one.sections)
    return Chapter(title, tuple(quotes), silent)


def _progress(definition: Definition, rollup: RollUp, narratives: Mapping[str, tuple[str, str]]) -> Iterable[Progress]:
    leads: dict[int, list[Entry]] = {}
    for entry in rollup.entries:
        if entry.role is Role.LEAD and narratives.get(entry.expected, ("",))[0].strip():
            leads.setdefault(entry.duty, []).append(entry)
    for duty, entries in sorted(leads.items()):
        quotes = []
        for entry in entries:
            text, envelope = narratives[entry.expected]
            lines = [line for line in text.splitlines() if line.strip()]
            quotes.append(_quote(entry.department_name, lines, f"摘自{entry.department_name}统计表，来件{envelope}"))
        yield Progress(duty, definition.duty(duty).title, rollup.duties[duty][1], tuple(quotes))


def _quote(unit: str, paragraphs: Sequence[str], source: str) -> Quote:
    """Return what a department wrote, as long as there is room for it."""
    kept: list[str] = []
    left = MOST_SIGNS
    for paragraph in (legible(one).strip() for one in paragraphs):
        if left <= 0:
            return Quote(unit, tuple(kept), f"{source}；全文较长，此处只摘录前{MOST_SIGNS}字")
        if paragraph:
            kept.append(shortened(paragraph, left))
            left -= len(paragraph)
    if left < 0:
        source = f"{source}；全文较长，此处只摘录前{MOST_SIGNS}字"
    return Quote(unit, tuple(kept), source)


def _totals(rollup: RollUp) -> Table:
    """Return the totals by duty; of a form with more figures than a page is wide, one line for each figure."""
    shown = in_letters(rollup.indicators)
    told = {one.id: plain(value) for one, value in figures_told(rollup)}
    in_all = tuple(told.get(one.id, "") for one in shown)
    if len(shown) > _MOST_COLUMNS:
        lines = zip(shown, in_all, strict=True)
        return Table(("序号", "指标", "合计"), tuple((str(at), header(one), value) for at, (one, value) in enumerate(lines, 1)))
    rows = []
    for number, (title, leads) in rollup.duties.items():
        mine = [one for one in rollup.entries if one.duty == number]
        owed = [one for one in mine if one.owes]
        values = rollup.period.by_duty.get(number, {})
        figures = (plain(values[one.id]) if one.id in values else "" for one in shown)
        rows.append((str(number), title, leads, f"{sum(one.reported for one in mine)}/{len(owed)}", *figures))
    counted = f"{rollup.coverage.reported}/{rollup.coverage.owed}"
    return Table(
        ("任务", "任务名称", "牵头单位", "已报/应报", *(header(one) for one in shown)),
        (*rows, ("合计", "", "", counted, *in_all)),
    )


def _units(rollup: RollUp) -> Table:
    keys = ("received", "nil", "late", "missing", "open")
    rows = [
        (str(at), rollup.departments[code], str(one.owed), *(str(one.counts[key]) for key in keys), _rate(one))
        for at, (code, one) in enumerate(rollup.coverage_of.items(), start=1)
    ]
    whole = rollup.coverage
    totals = ("合计", "", str(whole.owed), *(str(whole.counts[key]) for key in keys), _rate(whole))
    return Table(("序号", "单位", "应报", "按时", "零报告", "迟报", "逾期未报", "未到期", "报送率"), (*rows, totals))


def _ahead(plan: Plan, a_round: Round) -> Iterable[str]:
    """Yield what comes next: the dates of the round that follows."""
    following = [one for one in plan.rounds if one.report == a_round.report and one.due_on > a_round.due_on]
    if not following:
        yield "本报送事项没有下一期。"
        return
    one = following[0]
    hops = {hop.role: hop for hop in plan.report(one.id).hops}
    to = {"lead": "牵头单位", "parent": "上级单位", "office": "办公室"}
    dates = [f"{role.chinese}单位于{one.when(role)}{one.mark(role)}前报{to[hops[role].to]}" for role, _ in one.due]
    yield f"下一期（{one.label}）{in_chinese(one.opens_on)}下发报表，{'，'.join(dates)}。"
