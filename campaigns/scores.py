"""Scoring departments by rules that are data: every point with the rule, the round and what happened. Nothing is scored else."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from campaigns.definition import ScoreRule, Scoring
from campaigns.findings import Severity
from campaigns.plan import ExpectedReport, Plan
from campaigns.records import RoundRecord, SubmissionRecord
from campaigns.sheets import Cell, Sheet
from campaigns.states import Standing, State, as_it_stood, state
from campaigns.targets import Attainment
from campaigns.workdays import moment_in_chinese


@dataclass(frozen=True, slots=True)
class Happened:
    """What there is to score of one department in one round, each in words that name the report and the moment.

    What is waived or not applicable is in none of them; `owed` counts what had to come by now, `reported` what came of it.
    """

    round: str
    label: str
    department: str
    owed: int
    reported: int
    late: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()


def happened(
    plan: Plan, a_round: RoundRecord, standings: Mapping[str, Standing], submissions: Iterable[SubmissionRecord], as_of: datetime
) -> tuple[Happened, ...]:
    """Return what there is to score of every department in a round, as it stands at a moment."""
    owed: dict[str, list[ExpectedReport]] = {}
    for one in plan.expected_in(a_round.id):
        owed.setdefault(one.department, []).append(one)
    standings = {one.id: as_it_stood(standings[one.id], as_of) for mine in owed.values() for one in mine}
    told: dict[str, dict[str, list[str]]] = {"returned": {}, "warned": {}}
    states = {one: state(standings[one.id], as_of) for mine in owed.values() for one in mine}
    departments = {one.id: one.department for one, now in states.items() if not now.excused}
    for said in (one for one in submissions if one.received_at <= as_of):
        remarks = [one["message"] for one in said.findings if one["severity"] == Severity.WARNING.value]
        kind = "returned" if said.outcome == "returned" else "warned" if said.outcome == "accepted" and remarks else ""
        if kind and said.expected in departments:
            told[kind].setdefault(departments[said.expected], []).append(said.envelope)
    found = []
    for department, mine in owed.items():
        due = [one for one in mine if not (states[one] is State.OPEN or states[one].excused)]
        missing = [one for one in due if states[one] is State.MISSING]
        found.append(
            Happened(
                a_round.id,
                a_round.label,
                department,
                len(due),
                len(due) - len(missing),
                tuple(_late(one, standings[one.id]) for one in due if states[one] is State.LATE),
                tuple(f"任务{one.duty}：{moment_in_chinese(standings[one.id].due_at)}截止，没有收到" for one in missing),
                tuple(f"来件{code}退回修改" for code in dict.fromkeys(told["returned"].get(department, ()))),
                tuple(f"来件{code}有提醒核对之处" for code in dict.fromkeys(told["warned"].get(department, ()))),
            )
        )
    return tuple(found)


def _late(one: ExpectedReport, standing: Standing) -> str:
    received = moment_in_chinese(standing.received_at) if standing.received_at else ""
    return f"任务{one.duty}：{moment_in_chinese(standing.due_at)}截止，{received}收到"


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """Points for one thing: by which rule, in which round, how often, and why."""

    rule: str
    title: str
    label: str
    times: int
    points: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one department: what it starts at and every line add up to `total`."""

    department: str
    total: Decimal
    starts_at: Decimal
    lines: tuple[ScoreLine, ...]


def scores(scoring: Scoring, happened: Sequence[Happened], attainments: Iterable[tuple[str, Attainment]]) -> tuple[Score, ...]:
    """Return the score of every department something is known of, the highest first; `attainments` go with their round's label.

    Late and missing count once a round, a return and a report with remarks once an envelope, a target once a round.
    """
    of_department: dict[str, list[Happened]] = defaultdict(list)
    for event in happened:
        of_department[event.department].append(event)
    attained: dict[str, list[tuple[str, Attainment]]] = defaultdict(list)
    for label, attainment in attainments:
        attained[attainment.department].append((label, attainment))
    found = []
    for department, mine in of_department.items():
        lines = tuple(line for rule in scoring.rules for line in _lines(rule, mine, attained[department]))
        total = scoring.starts_at + sum((line.points for line in lines), Decimal(0))
        found.append(Score(department, total, scoring.starts_at, lines))
    return tuple(sorted(found, key=lambda one: -one.total))


def _lines(rule: ScoreRule, mine: Sequence[Happened], met: Sequence[tuple[str, Attainment]]) -> Iterable[ScoreLine]:
    if rule.each == "rate":
        owed, reported = sum(one.owed for one in mine), sum(one.reported for one in mine)
        if owed:
            points = (rule.points * reported / owed).quantize(Decimal("0.01"), ROUND_HALF_UP).normalize() + 0
            why = f"到期应报{owed}项，已报{reported}项：{reported}÷{owed}×{rule.points:f}"
            yield ScoreLine(rule.id, rule.title, "全部报送期", 1, points, why)
        return
    if rule.each in ("met", "missed"):
        for label, one in met:
            if one.met is (rule.each == "met"):
                value = f"{one.value:f}{one.target.unit}" if one.value is not None else ""
                kind = f"（{one.target.chinese}）" if one.target.chinese else ""
                why = f"{one.target.title}{value}，目标{one.target.bound}{kind}"
                yield ScoreLine(rule.id, rule.title, label, 1, rule.points, why)
        return
    for happening in mine:
        reasons: tuple[str, ...] = getattr(happening, rule.each)
        if reasons:
            times = 1 if rule.each in ("late", "missing") else len(reasons)
            yield ScoreLine(rule.id, rule.title, happening.label, times, rule.points * times, "；".join(reasons))


def sheet(found: Iterable[Score], scoring: Scoring, names: Mapping[str, str]) -> Sheet:
    """Return the scores as a sheet of the roll-up: for each department its lines, then its total."""
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        name = names.get(one.department, one.department)
        if one.starts_at:
            rows.append((name, "基础分", None, None, one.starts_at, None))
        rows += [(name, line.title, line.label, line.times, line.points, line.why) for line in one.lines]
        rows.append((name, "得分", None, None, one.total, f"依据：{scoring.basis}"))
    columns = (("单位", 24.0), ("计分事项", 20.0), ("报送期", 18.0), ("次数", 7.0), ("分值", 10.0), ("说明", 70.0))
    return Sheet("考核", "报送考核计分", columns, tuple(rows), (1, 2, 3, 6))
