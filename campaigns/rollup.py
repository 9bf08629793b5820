"""Facts -> totals of a round, each with its pedigree, and how much of what was owed they cover.

A fact is a department's own figure of the period, so every figure counts once, whether its department leads or cooperates; a fact
with a key, such as the number of a case, counts once however many departments report it. Where nothing was reported there is no
figure: never a zero.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeVar

from campaigns.collecting import no_collecting
from campaigns.definition import Duty, Role
from campaigns.formulas import Exact, over_periods, ratio, shown, together
from campaigns.items import Item, in_all_rows, rolled_of
from campaigns.organs import Organ
from campaigns.plan import ExpectedReport, Plan
from campaigns.states import Standing, State, as_it_stood, chinese, percentage, state, tally

Figures = Mapping[str, Decimal]  # by indicator
Key = TypeVar("Key", bound=Hashable)


class Fact(NamedTuple):
    """One figure of a submission in effect, and where it stands. A tuple: a province has a million of them."""

    expected: str
    duty: int
    department: str
    role: str
    indicator: str
    value: Decimal
    sheet: str
    cell: str
    submission: str
    envelope: str
    file: str
    key: str = ""  # of a row of a list: which case it is
    version: int = 0
    received_at: datetime | None = None
    door: str = ""
    sender: str = ""

    @property
    def round(self) -> str:
        """Return the round it was reported in."""
        return self.expected.rsplit("/", 2)[0]


@dataclass(frozen=True, slots=True)
class Totals:
    """What figures come to, by their formulas; only where something was reported. `by_place` is an organ with all below it.

    A total need not be the sum of its parts: a maximum, a ratio, a case that two departments report are not.
    """

    cells: Mapping[tuple[int, str], Figures]  # duty, department
    by_duty: Mapping[int, Figures]
    by_department: Mapping[str, Figures]
    by_place: Mapping[str, Figures]
    overall: Figures


@dataclass(frozen=True, slots=True)
class Entry:
    """How one expected report stands: who, for which duty, when due, when received, in which version and file."""

    expected: str
    duty: int
    department: str
    department_name: str
    role: Role
    due_at: datetime
    received_at: datetime | None
    state: State
    state_text: str
    nil: bool
    version: int
    file: str

    @property
    def owes(self) -> bool:
        """Return whether it had to be reported: nobody has said that nothing need come."""
        return not self.state.excused

    @property
    def reported(self) -> bool:
        """Return whether something counts for it, in time or late, figures or zero."""
        return self.state in (State.RECEIVED, State.LATE, State.NIL)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many expected reports are in which state; `missing` says who has not reported what.

    `units` of departments owe something, `complete` of them have reported all of it. `weight` is the share that what was reported
    had in the figures of the round before, the mean over the indicators that add up; None when there was none.
    """

    counts: Mapping[str, int]
    missing: tuple[str, ...]
    units: int = 0
    complete: int = 0
    weight: Decimal | None = None

    @property
    def owed(self) -> int:
        """Return how many had to report: waived and not applicable ones are not owed."""
        return self.counts["expected"] - self.counts["waived"] - self.counts["not_applicable"]

    @property
    def reported(self) -> int:
        """Return how many of them did."""
        return self.counts["received"] + self.counts["late"] + self.counts["nil"]

    @property
    def rate(self) -> Decimal | None:
        """Return the share that reported, None when nothing was owed."""
        return Decimal(self.reported) / self.owed if self.owed else None

    @property
    def text(self) -> str:
        """Return the statement that goes with every total."""
        counts = self.counts
        parts = [f"应报{self.owed}项，已报{self.reported}项"]
        if self.rate is not None:
            parts.append(f"（报送率{percent(self.rate)}）")
        parts.append(
            f"：按时{counts['received']}项，零报告{counts['nil']}项，迟报{counts['late']}项；逾期未报{counts['missing']}项"
        )
        for key, label in (("open", "未到期"), ("waived", "免报"), ("not_applicable", "不适用")):
            if counts[key]:
                parts.append(f"，{label}{counts[key]}项")
        parts.append("。")
        if self.reported < self.owed:
            if self.units > 1:
                parts.append(f"{self.units}个单位中{self.complete}个已报齐。")
            if self.weight is not None:
                parts.append(f"已报各项占上期数值的{percent(self.weight)}（各指标占比的平均）。")
            parts.append("合计只含已报数据，未报的不按零计。")
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Place:
    """An organ in the tree of a roll-up, and the one above it there, empty at the top."""

    code: str
    name: str
    level: str
    above: str


@dataclass(frozen=True, slots=True)
class Joint:
    """One case that several departments report: it counts once, and its credit is shared among them in equal parts.

    `claims` are the facts that name it, one of each department; `differing` are the codes of the figures in which they disagree.
    """

    indicator: str
    key: str
    claims: tuple[Fact, ...]
    differing: tuple[str, ...]

    @property
    def share(self) -> Fraction:
        """Return the part of it that each of the departments has."""
        return Fraction(1, len(self.claims))


@dataclass(frozen=True, slots=True)
class RollUp:
    """The totals of a round: those of its period, and those that it comes to with the rounds of the same report before it.

    `places` are the organs that report and those above them in the directory, from the top down. What is owed in the round is in
    `duties` and `departments`; `all_duties` and `all_departments` have those too that only rounds before have figures of.
    """

    campaign_title: str
    office: str
    round: str
    round_label: str
    labels: Mapping[str, str]  # of the rounds of the same report up to this one
    covers: str
    since: str  # the first day of the first round of the same report: where what is cumulative begins
    as_of: datetime
    indicators: tuple[Item, ...]
    duties: Mapping[int, tuple[str, str]]  # number -> title, leads
    departments: Mapping[str, str]  # code -> name
    all_duties: Mapping[int, tuple[str, str]]
    all_departments: Mapping[str, str]
    facts: tuple[Fact, ...]
    earlier: tuple[Fact, ...]  # of the rounds before, the earliest first
    period: Totals
    cumulative: Totals
    places: tuple[Place, ...]
    joint: tuple[Joint, ...]
    entries: tuple[Entry, ...]
    coverage: Coverage
    coverage_of: Mapping[str, Coverage]  # by department

    @property
    def overall(self) -> Figures:
        """Return the totals of the period."""
        return self.period.overall

    def of_duties(self, duties: Collection[int]) -> Figures:
        """Return the totals of the period of some duties together."""
        above = {place.code: place.above for place in self.places}
        return totals([fact for fact in self.facts if fact.duty in duties], self.indicators, above).overall


def percent(rate: Decimal) -> str:
    """Return a share in per cent with one decimal; only what is whole is 100%."""
    return f"{(percentage(rate, 1) or Decimal(0)).normalize():f}%"


@no_collecting()
def roll_up(plan: Plan, round_id: str, facts: Iterable[Fact], standings: Mapping[str, Standing], as_of: datetime) -> RollUp:
    """Return the totals of a round from the facts in effect, those of the rounds before it too, and the coverage at a moment."""
    whole, plan = plan, plan.of(round_id)  # rounds that ended under an earlier plan stand in the whole one only
    a_round, campaign = plan.round(round_id), plan.definition.campaign
    owed = plan.expected_in(round_id)
    indicators = rolled_of(plan.definition, plan.directory, a_round.report)
    order = {one.id: at for at, one in enumerate(indicators)}
    rounds = _until(whole, round_id)
    known = [fact for fact in map(_in_all_rows, facts) if fact.round in rounds and fact.indicator in order]
    known.sort(key=lambda fact: (rounds[fact.round], fact.duty, fact.department, order[fact.indicator], fact.key))
    counted = tuple(fact for fact in known if fact.round == round_id)
    files = {fact.expected: fact.file for fact in counted}
    entries = tuple(_entry(plan, one, standings[one.id], files.get(one.id, ""), as_of) for one in owed)
    present = {one.department for one in owed}
    names = {organ.id: organ.name for organ in plan.directory.organs if organ.id in present}
    due = {one.duty for one in owed}
    duties = {duty.number: _titled(duty) for duty in plan.definition.duties if duty.number in due}
    # what was reported before an amendment took its department or duty out still counts
    gone = sorted({fact.duty for fact in known} - duties.keys())
    organs = {**plan.organs, **{code: organ for code, organ in whole.organs.items() if code not in plan.organs}}
    reporting = dict.fromkeys(fact.department for fact in known)
    places = _places(organs, present | reporting.keys(), a_round.covers_until)
    above = {place.code: place.above for place in places}
    return RollUp(
        campaign_title=campaign.title,
        office=campaign.office,
        round=round_id,
        round_label=a_round.label,
        labels={code: whole.round(code).label for code in rounds},
        covers=f"{_day(a_round.covers_from)}至{_day(a_round.covers_until)}",
        since=_day(whole.round(next(iter(rounds))).covers_from),
        as_of=as_of,
        indicators=indicators,
        duties=duties,
        departments=names,
        all_duties=duties | {number: _titled(whole.duty(number)) for number in gone},
        all_departments=names | {code: organs[code].name for code in reporting if code not in names},
        facts=counted,
        earlier=tuple(fact for fact in known if fact.round != round_id),
        period=totals(counted, indicators, above),
        cumulative=totals(known, indicators, above),
        places=places,
        joint=joint(counted, {f"{form.id}.{form.key}" for form in plan.definition.forms if form.key}),
        entries=entries,
        coverage=_coverage(entries, _weight(entries, known, indicators, list(rounds)[-2:-1])),
        coverage_of={code: _coverage(mine) for code, mine in _by_department(entries, names).items()},
    )


def _titled(duty: Duty) -> tuple[str, str]:
    return duty.title, "、".join(duty.leads)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _in_all_rows(fact: Fact) -> Fact:
    return fact._replace(indicator=in_all_rows(fact.indicator)) if "#" in fact.indicator else fact


@no_collecting()
def totals(facts: Iterable[Fact], items: Iterable[Item], above: Mapping[str, str]) -> Totals:
    """Return what figures come to, the facts given in the order of their rounds; `above` names the organ above each, or none."""
    known = {item.id: item for item in items}
    leaves = _leaves(facts, known)
    duties: dict[int, _Sum] = {}
    departments: dict[str, _Sum] = {}
    for (duty, department), leaf in leaves.items():
        _take(duties.setdefault(duty, {}), leaf, known)
        _take(departments.setdefault(department, {}), leaf, known)
    places = _upwards(departments, above, known)
    whole: _Sum = {}
    for code, mine in places.items():
        if not above.get(code):
            _take(whole, mine, known)
    return Totals(
        cells=_shown(leaves, known),
        by_duty=_shown(duties, known),
        by_department=_shown(departments, known),
        by_place=_shown(places, known),
        overall=_shown({"": whole}, known)[""],
    )


# by indicator: what was reported, on its way to a total; of what is counted once, what each key came to
_Sum = dict[str, Exact | dict[str, Decimal]]


def _leaves(facts: Iterable[Fact], items: Mapping[str, Item]) -> dict[tuple[int, str], _Sum]:
    """Return what the figures of each department for each duty come to over the rounds; of one key the newest counts.

    What a zero report says of keys is that there are none.
    """
    series: dict[tuple[int, str], dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    keyed: dict[tuple[int, str], dict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for fact in facts:
        if fact.indicator not in items:
            continue
        leaf = fact.duty, fact.department
        if items[fact.indicator].over_places == "distinct":
            named = keyed[leaf][fact.indicator]
            if fact.key:
                named[fact.key] = fact.value
        else:
            series[leaf][fact.indicator].append(fact.value)
    found: dict[tuple[int, str], _Sum] = {
        leaf: {code: over_periods(items[code], values) for code, values in mine.items()} for leaf, mine in series.items()
    }
    for leaf, cases in keyed.items():
        found.setdefault(leaf, {}).update(cases)
    return found


def _take(whole: _Sum, part: _Sum, items: Mapping[str, Item]) -> None:
    """Add a part to a total that is being made: what has a key is in it once, where two say different amounts the larger."""
    for code, value in part.items():
        before = whole.get(code)
        if isinstance(value, dict):
            known = dict(before) if isinstance(before, dict) else {}
            whole[code] = known | {key: max(amount, known.get(key, amount)) for key, amount in value.items()}
        elif before is None or isinstance(before, dict):
            whole[code] = value
        else:
            whole[code] = together(items[code], before, value)


def _upwards(departments: Mapping[str, _Sum], above: Mapping[str, str], items: Mapping[str, Item]) -> dict[str, _Sum]:
    """Return what each organ comes to with all below it, level by level from the bottom."""
    found = {code: dict(mine) for code, mine in departments.items()}
    for code in sorted(above, key=lambda one: -_depth(one, above)):
        if code in found and above[code]:
            _take(found.setdefault(above[code], {}), found[code], items)
    return found


def _depth(code: str, above: Mapping[str, str]) -> int:
    depth = 0
    while code := above.get(code, ""):
        depth += 1
    return depth


def _shown(sums: Mapping[Key, _Sum], items: Mapping[str, Item]) -> dict[Key, Figures]:
    """Return totals as they are published, with the ratios that follow from them."""
    ratios = [item for item in items.values() if item.ratio_of]
    found: dict[Key, Figures] = {}
    for key, mine in sums.items():
        exact = {code: sum(one.values(), Decimal(0)) if isinstance(one, dict) else one for code, one in mine.items()}
        figures = {code: shown(value, items[code].decimals) for code, value in exact.items()}
        for item in ratios:
            value = ratio(item, exact)
            if value is not None:
                figures[item.id] = shown(value, item.decimals)
        found[key] = figures
    return found


def joint(facts: Iterable[Fact], naming: Collection[str]) -> tuple[Joint, ...]:
    """Return the cases that more departments than one report, in the order of their keys; `naming` are the counts of cases."""
    cases: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.key:
            cases[fact.indicator.partition(".")[0], fact.key].append(fact)
    found = []
    for (_, key), mine in sorted(cases.items()):
        claims: dict[str, Fact] = {}
        said: dict[str, set[Decimal]] = defaultdict(set)
        for fact in sorted(mine, key=lambda one: (one.department, one.duty, one.indicator)):
            said[fact.indicator].add(fact.value)
            if fact.indicator in naming:
                claims.setdefault(fact.department, fact)
        if len(claims) > 1:
            first = next(iter(claims.values()))
            differing = tuple(code for code, values in said.items() if len(values) > 1)
            found.append(Joint(first.indicator, key, tuple(claims.values()), differing))
    return tuple(found)


def credit(facts: Iterable[Fact]) -> dict[tuple[str, str], Fraction]:
    """Return what each department has, by department and indicator, of what counts once; together they are the total."""
    cases: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for fact in facts:
        if fact.key:
            mine = cases[fact.indicator, fact.key]
            mine[fact.department] = max(fact.value, mine.get(fact.department, fact.value))
    found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for (code, _), mine in cases.items():
        for department in mine:
            found[department, code] += Fraction(max(mine.values())) / len(mine)
    return dict(found)


def newest(facts: Iterable[Fact]) -> list[Fact]:
    """Return of what a department has of each case for a duty the last it said, the facts given in the order of their rounds."""
    return list({(one.duty, one.department, one.indicator, one.key): one for one in facts if one.key}.values())


def _until(plan: Plan, round_id: str) -> dict[str, int]:
    """Return the rounds of a round's report up to itself, with their order."""
    report = plan.round(round_id).report
    ids = [one.id for one in plan.rounds if one.report == report]
    return {code: at for at, code in enumerate(ids[: ids.index(round_id) + 1])}


def _places(organs: Mapping[str, Organ], present: Iterable[str], on: date) -> tuple[Place, ...]:
    """Return those present and all above them on a date, from the top down, else in the order of the organs."""
    above = {code: organ.parent_on(on) or "" for code, organ in organs.items()}
    wanted: set[str] = set()
    for code in present:
        while code in organs and code not in wanted:
            wanted.add(code)
            code = above[code]
    tree = {code: up if up in wanted else "" for code, up in above.items() if code in wanted}
    found = [Place(code, organs[code].name, organs[code].level, up) for code, up in tree.items()]
    return tuple(sorted(found, key=lambda place: _depth(place.code, tree)))


def _entry(plan: Plan, one: ExpectedReport, standing: Standing, file: str, as_of: datetime) -> Entry:
    standing = as_it_stood(standing, as_of)
    return Entry(
        expected=one.id,
        duty=one.duty,
        department=one.department,
        department_name=plan.directory.organ(one.department).name,
        role=one.role,
        due_at=standing.due_at,
        received_at=standing.received_at,
        state=state(standing, as_of),
        state_text=chinese(standing, as_of),
        nil=standing.nil,
        version=standing.version,
        file=file,
    )


def _weight(entries: Iterable[Entry], facts: Iterable[Fact], items: Iterable[Item], before: Collection[str]) -> Decimal | None:
    """Return the share that those who have reported had in what those who had to had in the figures of the round before."""
    owing = {(entry.duty, entry.department): entry.reported for entry in entries if entry.owes}
    last = [fact for fact in facts if fact.round in before and (fact.duty, fact.department) in owing]
    shares = []
    for item in items:
        mine = [fact for fact in last if fact.indicator == item.id] if item.adds_up else []
        if whole := sum((fact.value for fact in mine), Decimal(0)):
            part = sum((fact.value for fact in mine if owing[fact.duty, fact.department]), Decimal(0))
            shares.append(Fraction(part) / Fraction(whole))
    if not shares:
        return None
    mean = sum(shares, Fraction(0)) / len(shares)
    return Decimal(mean.numerator) / mean.denominator


def _by_department(entries: Iterable[Entry], departments: Iterable[str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {code: [] for code in departments}
    for entry in entries:
        found[entry.department].append(entry)
    return found


def _coverage(entries: Iterable[Entry], weight: Decimal | None = None) -> Coverage:
    entries = tuple(entries)
    owing = {entry.department for entry in entries if entry.owes}
    lacking = {entry.department for entry in entries if entry.state in (State.MISSING, State.OPEN)}
    missing: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        if entry.state in (State.MISSING, State.OPEN):
            missing[entry.department_name].append(entry.duty)
    named = tuple(f"{name}（任务{'、'.join(str(duty) for duty in sorted(duties))}）" for name, duties in missing.items())
    return Coverage(tally(entry.state for entry in entries), named, len(owing), len(owing - lacking), weight)
