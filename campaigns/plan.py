"""Definition + directory + calendar -> plan: assignments, rounds, expected reports, and every problem on the way.

Ids are paths of codes derived from the definition (`hezhou-2020/summary-2020-2/15/scjg`), so expanding again changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel

from campaigns.definition import Definition, Duty, Hop, Report, Role
from campaigns.errors import UnknownOrgan
from campaigns.findings import Problem, Severity
from campaigns.graph import find_cycle
from campaigns.organs import Directory, Group, Organ
from campaigns.rules import RuleError, parse
from campaigns.workdays import OfficeHours, Workdays, in_chinese

OFFICE = "office"  # the receiver that is no department: 联席会议办公室
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A duty given to one department in one role."""

    id: str
    duty: int
    department: str
    role: Role


@dataclass(frozen=True, slots=True)
class Round:
    """One period of a report. Dates are office dates; `due` gives the date of each hop, `due_on` the one at the office."""

    id: str
    report: str
    label: str
    covers_from: date
    opens_on: date
    due_on: date
    closes_on: date
    due: tuple[tuple[Role, date], ...]

    def due_of(self, role: Role) -> date:
        """Return the date by which debtors of that role owe."""
        return dict(self.due)[role]


@dataclass(frozen=True, slots=True)
class ExpectedReport:
    """What one department owes for one duty in one round, by when (UTC) and to whom (department codes, or `office`)."""

    id: str
    round: str
    duty: int
    department: str
    role: Role
    due_at: datetime
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign laid out: who does what, what is owed when, and what there is to say about it."""

    definition: Definition
    directory: Directory
    assignments: tuple[Assignment, ...]
    rounds: tuple[Round, ...]
    expected: tuple[ExpectedReport, ...]
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """Return whether the definition can be launched: no problem is an error."""
        return not any(problem.severity is Severity.ERROR for problem in self.problems)

    def round(self, code: str) -> Round:
        """Return the round with that id; KeyError when there is none."""
        return next(r for r in self.rounds if r.id == code)

    def expected_in(self, round_id: str) -> tuple[ExpectedReport, ...]:
        """Return what is owed in a round, in the order of the duties, leads first."""
        return tuple(e for e in self.expected if e.round == round_id)


def expand(definition: Definition, directory: Directory, workdays: Workdays, hours: OfficeHours) -> Plan:
    """Return the plan of a definition, with every problem found; with errors in it, the plan holds what could be laid out."""
    problems = list(_check(definition, directory))
    assignments, unresolved = _assign(definition, directory)
    problems += unresolved
    rounds, doubts = _rounds(definition, workdays)
    problems += doubts
    expected = tuple(_expected(definition, assignments, rounds, hours))
    problems += _assumptions(definition, ()) + _assumptions(directory, ("directory",))
    problems += _without_contact(directory, assignments)
    return Plan(definition, directory, assignments, rounds, expected, tuple(problems))


def group_names(definition: Definition, directory: Directory, duty: Duty, role: Role) -> list[str]:
    """Return the names a duty gives for a role, as the directory writes them; groups keep their own name."""
    names = duty.lead if role is Role.LEAD else duty.cooperating
    return [directory.resolve(name, definition.campaign.starts).name for name in names]


def _error(rule: str, path: Path, message: str) -> Problem:
    return Problem(rule, Severity.ERROR, path, message)


def _warning(rule: str, path: Path, message: str) -> Problem:
    return Problem(rule, Severity.WARNING, path, message)


def _check(definition: Definition, directory: Directory) -> Iterator[Problem]:
    campaign = definition.campaign
    if campaign.ends < campaign.starts:
        yield _error("dates-reversed", ("campaign", "ends"), "专项行动的结束日期早于起始日期，请核对两个日期")
    if definition.directory != directory.id:
        yield _error("directory-differs", ("directory",), f"定义使用通讯录“{definition.directory}”，读到的却是“{directory.id}”")
    for index, phase in enumerate(definition.phases):
        if phase.ends < phase.starts:
            yield _error("dates-reversed", ("phases", index, "ends"), f"{phase.title}的结束月份早于起始月份，请核对")
    yield from _duplicates("duties", "number", "任务序号", [duty.number for duty in definition.duties])
    for section, label, items in (
        ("phases", "阶段代码", definition.phases),
        ("reports", "报送事项代码", definition.reports),
        ("forms", "报表代码", definition.forms),
        ("rules", "逻辑关系代码", definition.rules),
        ("ladder", "催报代码", definition.ladder),
    ):
        yield from _duplicates(section, "id", label, [item.id for item in items])
    yield from _check_needs(definition)
    yield from _check_reports(definition)
    yield from _check_rules(definition)
    codes = [organ.id for organ in directory.organs]
    yield from _duplicates("directory", "id", "单位代码", codes)
    for index, group in enumerate(directory.groups):
        for position, code in enumerate(group.members):
            if code not in codes:
                path = ("directory", "groups", index, "members", position)
                yield _error("unknown-organ", path, f"“{group.name}”的成员代码“{code}”在通讯录里没有对应单位")


def _duplicates(section: str, key: str, label: str, values: list[str] | list[int]) -> Iterator[Problem]:
    first: dict[str | int, int] = {}
    for index, value in enumerate(values):
        if value in first:
            yield _error("duplicate", (section, index, key), f"{label} {value} 重复，前面第{first[value] + 1}条已经用过，请改成不同的")
        first.setdefault(value, index)


def _check_needs(definition: Definition) -> Iterator[Problem]:
    numbers = {duty.number for duty in definition.duties}
    for index, duty in enumerate(definition.duties):
        for position, need in enumerate(duty.needs):
            if need not in numbers:
                yield _error("unknown-duty", ("duties", index, "needs", position), f"任务{duty.number}的前置任务{need}不存在")
    cycle = find_cycle({duty.number: duty.needs for duty in definition.duties})
    if cycle:
        index = next(i for i, duty in enumerate(definition.duties) if duty.number == cycle[0])
        chain = " → ".join(f"任务{number}" for number in [*cycle, cycle[0]])
        yield _error("cycle", ("duties", index, "needs"), f"前置任务互相等待：{chain}，请去掉其中一个前置关系")


def _check_reports(definition: Definition) -> Iterator[Problem]:
    forms = {form.id for form in definition.forms}
    for index, report in enumerate(definition.reports):
        path: Path = ("reports", index)
        if report.form not in forms:
            yield _error("unknown-form", (*path, "form"), f"报送事项“{report.title}”所用报表“{report.form}”没有定义")
        for position, text in enumerate(report.yearly):
            if _month_day(text, 2020) is None:
                yield _error("no-such-date", (*path, "yearly", position), f"“{text}”不是真实的日期")
        roles = Counter(hop.role for hop in report.hops)
        for role, count in roles.items():
            if count > 1:
                yield _error("duplicate", (*path, "hops"), f"“{role.chinese}”在报送环节中出现了{count}次，只能有一次")
        for position, hop in enumerate(report.hops):
            if (hop.role, hop.to) not in ((Role.COOPERATING, "lead"), (Role.COOPERATING, "office"), (Role.LEAD, "office")):
                yield _error("hop", (*path, "hops", position, "to"), f"{hop.role.chinese}单位不能报送给牵头单位，请改为 office")


def _check_rules(definition: Definition) -> Iterator[Problem]:
    forms = {form.id: form for form in definition.forms}
    for index, form in enumerate(definition.forms):
        yield from _duplicates(f"forms[{index}].indicators", "id", "指标代码", [one.id for one in form.indicators])
    for index, rule in enumerate(definition.rules):
        if rule.form not in forms:
            yield _error("unknown-form", ("rules", index, "form"), f"逻辑关系“{rule.text}”所用报表“{rule.form}”没有定义")
            continue
        try:
            relation = parse(rule.check)
        except RuleError as error:
            yield _error("rule", ("rules", index, "check"), str(error))
            continue
        known = {one.id for one in forms[rule.form].indicators}
        for name in sorted(relation.names - known):
            yield _error("unknown-indicator", ("rules", index, "check"), f"关系式中的“{name}”不是报表“{rule.form}”的指标代码")


def _assign(definition: Definition, directory: Directory) -> tuple[tuple[Assignment, ...], list[Problem]]:
    """Return the assignments, groups expanded; a department is named once a duty, and the lead wins."""
    problems: list[Problem] = []
    assignments: list[Assignment] = []
    for index, duty in enumerate(definition.duties):
        taken: dict[str, Role] = {}
        explicit: set[str] = set()
        for key, role, names in (("lead", Role.LEAD, duty.lead), ("cooperating", Role.COOPERATING, duty.cooperating)):
            for position, name in enumerate(names):
                path: Path = ("duties", index, key, position)
                try:
                    holder = directory.resolve(name, definition.campaign.starts)
                except UnknownOrgan as error:
                    problems.append(_error("unknown-organ", path, f"任务{duty.number}：{error}"))
                    continue
                if holder.id in explicit:
                    problems.append(_warning("named-twice", path, f"任务{duty.number}重复列出“{name}”，只计一次"))
                explicit.add(holder.id)
                for organ in _members(directory, holder):
                    if organ.id not in taken:
                        taken[organ.id] = role
                        code = f"{definition.campaign.id}/{duty.number}/{organ.id}"
                        assignments.append(Assignment(code, duty.number, organ.id, role))
    return tuple(assignments), problems


def _members(directory: Directory, holder: Organ | Group) -> Iterable[Organ]:
    known = {organ.id for organ in directory.organs}
    if isinstance(holder, Organ):
        return (holder,)
    return (directory.organ(code) for code in holder.members if code in known)


def _month_day(text: str, year: int) -> date | None:
    month, day = map(int, text.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _rounds(definition: Definition, workdays: Workdays) -> tuple[tuple[Round, ...], list[Problem]]:
    problems: list[Problem] = []
    rounds: list[Round] = []
    campaign = definition.campaign
    for index, report in enumerate(definition.reports):
        dated = [
            (year, ordinal, day)
            for year in range(campaign.starts.year, campaign.ends.year + 1)
            for ordinal, text in enumerate(sorted(report.yearly), start=1)
            if (day := _month_day(text, year)) and campaign.starts <= day <= campaign.ends
        ]
        if not dated:
            problems.append(_error("no-round", ("reports", index, "yearly"), f"“{report.title}”在专项行动期间没有任何报送日期"))
        covered = campaign.starts
        for year, ordinal, day in dated:
            rounds.append(_round(campaign.id, report, year, ordinal, day, covered, campaign.starts, workdays))
            problems += _date_doubts(index, report, rounds[-1], workdays)
            covered = day + timedelta(days=1)
    return tuple(rounds), problems


def _round(
    campaign: str, report: Report, year: int, ordinal: int, day: date, covered: date, starts: date, workdays: Workdays
) -> Round:
    return Round(
        id=f"{campaign}/{report.id}-{year}-{ordinal}",
        report=report.id,
        label=_label(report, year, ordinal),
        covers_from=covered,
        opens_on=max(starts, workdays.shift(day, -report.opens_working_days_before)),
        due_on=day,
        closes_on=workdays.shift(day, report.closes_working_days_after),
        due=tuple((hop.role, _hop_date(hop, day, workdays)) for hop in report.hops),
    )


def _label(report: Report, year: int, ordinal: int) -> str:
    count = len(report.yearly)
    if count == 1:
        return f"{year}年"
    if count == 2:
        return f"{year}年{'上' if ordinal == 1 else '下'}半年"
    return f"{year}年第{ordinal}期"


def _hop_date(hop: Hop, day: date, workdays: Workdays) -> date:
    return workdays.shift(day, -hop.working_days_before)


def _date_doubts(index: int, report: Report, a_round: Round, workdays: Workdays) -> Iterator[Problem]:
    path: Path = ("reports", index, "yearly")
    day = a_round.due_on
    if not workdays.is_working(day):
        last = workdays.on_or_before(day)
        yield _warning(
            "rest-day", path, f"{a_round.label}的截止日{in_chinese(day)}不是工作日，当天催报改在{in_chinese(last)}发出；日期本身不变"
        )
    if day.year not in workdays.published:
        yield _warning("provisional", path, f"{day.year}年放假安排尚未公布，{a_round.label}的工作日推算为暂定")


def _expected(
    definition: Definition, assignments: tuple[Assignment, ...], rounds: tuple[Round, ...], hours: OfficeHours
) -> Iterator[ExpectedReport]:
    leads: dict[int, tuple[str, ...]] = {}
    for one in assignments:
        if one.role is Role.LEAD:
            leads[one.duty] = (*leads.get(one.duty, ()), one.department)
    for a_round in rounds:
        hops = {hop.role: hop for hop in definition.report(a_round.report).hops}
        for one in assignments:
            hop = hops.get(one.role)
            if hop is None:
                continue
            yield ExpectedReport(
                id=f"{a_round.id}/{one.duty}/{one.department}",
                round=a_round.id,
                duty=one.duty,
                department=one.department,
                role=one.role,
                due_at=hours.deadline(a_round.due_of(one.role)),
                receivers=leads.get(one.duty, ()) if hop.to == "lead" else (OFFICE,),
            )


def _assumptions(value: object, path: Path) -> list[Problem]:
    """Return one problem for everything marked 拟定, wherever it stands."""
    if isinstance(value, tuple):
        return [one for index, item in enumerate(value) for one in _assumptions(item, (*path, index))]
    if not isinstance(value, BaseModel):
        return []
    found: list[Problem] = []
    reason = getattr(value, "assumed", None)
    if reason:
        found.append(Problem("assumed", Severity.ASSUMPTION, (*path, "assumed"), f"拟定：{reason}"))
    for name in type(value).model_fields:
        found += _assumptions(getattr(value, name), (*path, name))
    return found


def _without_contact(directory: Directory, assignments: tuple[Assignment, ...]) -> list[Problem]:
    used = {one.department for one in assignments}
    return [
        _warning("no-contact", ("directory", "organs", index), f"“{organ.name}”没有联络员邮箱，发给它的信件将转交联席会议办公室")
        for index, organ in enumerate(directory.organs)
        if organ.id in used and organ.liaison is None
    ]
