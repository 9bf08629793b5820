"""The leader's single page: where it is stuck, who, what decision is needed; and what has changed since the last page.

It speaks of the last moment at which anything on it changed, so that an unchanged ledger gives an unchanged page.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from campaigns.account import figures_told, last_change, plain
from campaigns.definition import Role
from campaigns.items import Item
from campaigns.plain import one_line, shortened
from campaigns.plan import Plan
from campaigns.records import RequestRecord
from campaigns.rollup import Entry, RollUp, percent
from campaigns.states import State
from campaigns.workdays import in_chinese, moment_in_chinese, office_date

_MOST = 3  # of duties, units, figures: a page has no more room, and a leader no more time
_MOST_DECISIONS = 3
_MOST_SIGNS = 40
_LABEL = 12  # signs in which a figure is called
_REPEATED = 2  # from how many rounds on a unit that is late is brought before a leader


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the figures a page shows, and what it was in the round before, if anything was reported there."""

    label: str
    value: str
    unit: str
    before: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page says, without what has changed; `counts` are of expected reports, by state."""

    campaign: str
    office: str
    round: str
    round_label: str
    as_of: str
    closed: bool
    counts: Mapping[str, int]
    coverage: str
    figures: tuple[Figure, ...]
    stuck: tuple[str, ...]
    who: tuple[str, ...]
    decide: tuple[str, ...]
    ahead: str

    def record(self) -> dict[str, Any]:
        """Return it as an event keeps it, to be compared with the next."""
        lists = {key: list(getattr(self, key)) for key in ("stuck", "who", "decide")}
        return {**asdict(self), **lists, "figures": [asdict(one) for one in self.figures]}


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it will be set."""

    facts: Facts
    changes: tuple[str, ...]

    @property
    def progress(self) -> str:
        """Return how much has come, in one sentence."""
        counts = self.facts.counts
        told = [f"应报{counts['expected'] - counts['waived'] - counts['not_applicable']}项"]
        words = (("received", "按时"), ("nil", "零报告"), ("late", "迟报"), ("missing", "逾期未报"), ("open", "未到期"))
        told += [f"{word}{counts[key]}项" for key, word in words]
        return f"{'，'.join(told)}。报送率{self.facts.coverage}。"

    @property
    def numbers(self) -> str:
        """Return the figures in one sentence."""
        told = [f"{one.label}{one.value}{one.unit}{f'（上期{one.before}）' if one.before else ''}" for one in self.facts.figures]
        return f"{'，'.join(told)}。" if told else "本期还没有收到数据。"


def facts(
    plan: Plan,
    rollup: RollUp,
    before: RollUp | None,
    late_rounds: Mapping[str, int],
    requests: Sequence[RequestRecord],
    unclear: int,
    *,
    closed: bool,
) -> Facts:
    """Return what a page says of a round.

    `late_rounds` says in how many rounds each department was late, `requests` are those nobody has answered, `unclear` is how
    many files wait to be looked at.
    """
    campaign = plan.definition.campaign
    rate = rollup.coverage.rate
    earlier = {one.id: value for one, value in figures_told(before)} if before else {}
    figures = [
        Figure(_label(one), plain(value), one.unit, plain(earlier[one.id]) if one.id in earlier else "", one.id)
        for one, value in list(figures_told(rollup))[:_MOST]
    ]
    return Facts(
        campaign=campaign.short_title,
        office=campaign.office,
        round=rollup.round,
        round_label=rollup.round_label,
        as_of=moment_in_chinese(last_change(rollup)),
        closed=closed,
        counts=dict(rollup.coverage.counts),
        coverage="—" if rate is None else percent(rate),
        figures=tuple(figures),
        stuck=tuple(_stuck(rollup)) or ("各项任务都没有逾期。",),
        who=tuple(_who(rollup, late_rounds)) or ("没有逾期未报的单位。",),
        decide=tuple(_decide(rollup, late_rounds, requests, unclear)) or ("没有需要决定的事项。",),
        ahead=_ahead(plan, rollup),
    )


def _label(item: Item) -> str:
    """Return what a figure is called in twelve signs: of a matrix its row is cut short, by its column it is told apart."""
    if not item.row or len(item.label) <= _LABEL:
        return shortened(item.label, _LABEL)
    head = shortened(item.head, _LABEL // 2)
    return f"{shortened(item.row_label, _LABEL - 1 - len(head))}·{head}"


def page(now: Facts, last: Mapping[str, Any] | None) -> Page:
    """Return a page with what has changed since the last one of the campaign, given as its record keeps it."""
    if last is None:
        return Page(now, ("这是第一页。",))
    if last["round"] != now.round:
        return Page(now, (f"上一页说的是{last['round_label']}（截至{last['as_of']}），报送率{last['coverage']}。",))
    return Page(now, tuple(_changes(now, last)) or ("没有变化。",))


def _missing(entries: Iterable[Entry]) -> list[Entry]:
    return [one for one in entries if one.state is State.MISSING]


def _stuck(rollup: RollUp) -> Iterable[str]:
    """Yield the duties of which most is overdue."""
    found = []
    for number, (title, _) in rollup.duties.items():
        mine = [one for one in rollup.entries if one.duty == number]
        missing = _missing(mine)
        if missing:
            lead = "（含牵头）" if any(one.role is Role.LEAD for one in missing) else ""
            owed = sum(one.owes for one in mine)
            text = f"任务{number}“{shortened(one_line(title), 8)}”应报{owed}项，未报{len(missing)}项{lead}。"
            found.append((-len(missing), number, text))
    for _, _, text in sorted(found)[:_MOST]:
        yield text
    if len(found) > _MOST:
        yield f"另有{len(found) - _MOST}项任务有逾期未报的。"


def _late_units(rollup: RollUp) -> list[tuple[int, str, str]]:
    counted = Counter(one.department for one in _missing(rollup.entries))
    return sorted((-count, code, rollup.departments[code]) for code, count in counted.items())


def _who(rollup: RollUp, late_rounds: Mapping[str, int]) -> Iterable[str]:
    units = _late_units(rollup)
    for count, code, name in units[:_MOST]:
        times = late_rounds.get(code, 1)
        again = f"，已有{times}期逾期或迟报" if times >= _REPEATED else ""
        yield f"{shortened(one_line(name), 12)}：{-count}项未报{again}。"
    if len(units) > _MOST:
        yield f"另有{len(units) - _MOST}个单位有逾期未报的。"


def _decide(rollup: RollUp, late_rounds: Mapping[str, int], requests: Sequence[RequestRecord], unclear: int) -> Iterable[str]:
    told = [
        f"是否批准延期：{shortened(one_line(f'{one.asked_by}，{one.reason}'), _MOST_SIGNS)}（{one.id}）。" for one in requests
    ]
    again = [name for _, code, name in _late_units(rollup) if late_rounds.get(code, 1) >= _REPEATED]
    if again:
        named = "、".join(shortened(one_line(name), 12) for name in again[:_MOST])
        told.append(f"是否约谈多次逾期的单位：{named}{f'等{len(again)}个' if len(again) > _MOST else ''}。")
    if unclear:
        told.append(f"暂存待核的来件{unclear}件：是否受理，或请原单位重报。")
    yield from told[:_MOST_DECISIONS]
    if len(told) > _MOST_DECISIONS:
        yield f"另有{len(told) - _MOST_DECISIONS}件，见台账。"


def _ahead(plan: Plan, rollup: RollUp) -> str:
    """Return the next date of the campaign: the nearest at which something is due, else at which a round opens."""
    due: dict[datetime, list[str]] = {}
    for one in rollup.entries:
        if one.state is State.OPEN and one.due_at > rollup.as_of:
            due.setdefault(one.due_at, []).append(one.department)
    if due:
        first = min(due)
        return f"{moment_in_chinese(first)}：{len(set(due[first]))}个单位{len(due[first])}项截止。"
    today = office_date(rollup.as_of)
    later = sorted((one.opens_on, one.label) for one in plan.rounds if one.opens_on > today)
    return f"{in_chinese(later[0][0])}：下发{later[0][1]}报表。" if later else "后面没有报送期。"


def _changes(now: Facts, last: Mapping[str, Any]) -> Iterable[str]:
    words = {"received": "按时", "nil": "零报告", "late": "迟报", "missing": "逾期未报", "open": "未到期"}
    moved = [f"{word}{last['counts'].get(key, 0)}→{now.counts[key]}" for key, word in words.items()
             if last["counts"].get(key, 0) != now.counts[key]]  # fmt: skip
    if moved:
        yield f"{'，'.join(moved)}；报送率{last['coverage']}→{now.coverage}。"
    old = {one["code"]: one["value"] for one in last["figures"]}  # what is cut short may be called alike
    figures = [f"{one.label}{old[one.code]}→{one.value}" for one in now.figures if old.get(one.code, one.value) != one.value]
    if figures:
        yield f"{'，'.join(figures)}。"
    others = (("卡在哪里", "stuck"), ("谁还没报", "who"), ("需要决定什么", "decide"))
    if changed := [f"“{title}”" for title, key in others if list(getattr(now, key)) != list(last[key])]:
        yield f"{'、'.join(changed)}有变动。"
    if not moved and not figures and last["as_of"] != now.as_of:
        yield f"截至时间由{last['as_of']}改为{now.as_of}。"
