"""Definition + directory + calendar -> plan: assignments, rounds, expected reports, and every problem on the way.

Ids are paths of codes derived from the definition (`hezhou-2020/summary-2020-2/15/scjg`), so expanding again changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cached_property
from typing import TypeVar

from campaigns import checks, graph, target_checks
from campaigns.clocks import time_of
from campaigns.collecting import no_collecting
from campaigns.date_checks import doubts, late_hops
from campaigns.definition import Definition, Duty, Report, Role
from campaigns.errors import UnknownOrgan
from campaigns.findings import Problem, Severity
from campaigns.items import asked_by
from campaigns.organs import Directory, Group, Organ
from campaigns.terms import Span, Term, terms
from campaigns.workdays import OfficeHours, Workdays, hour_of, in_chinese

OFFICE = "office"  # the receiver that is no department: 联席会议办公室
_ENTANGLED = 100_000  # links between two duties, or from units to leads: more than anybody meant


@dataclass(frozen=True, slots=True)
class Assignment:
    """A duty given to one department in one role."""

    id: str
    duty: int
    department: str
    role: Role


@dataclass(frozen=True, slots=True)
class Round:
    """One period of a report. Dates are office dates; `due` gives the date of each hop, `due_on` the one at the office.

    It is about the days from `covers_from` to `covers_until`. `hours` holds the hours of the roles that do not have until the
    end of office hours; a `soft` date is one the notice sets in principle (原则上); the dates of the roles in `tentative` are
    provisional (暂定).
    """

    id: str
    report: str
    label: str
    covers_from: date
    opens_on: date
    due_on: date
    closes_on: date
    due: tuple[tuple[Role, date], ...]
    covers_until: date
    hours: tuple[tuple[Role, time], ...] = ()
    soft: bool = False
    tentative: tuple[Role, ...] = ()

    def due_of(self, role: Role) -> date:
        """Return the date by which debtors of that role owe."""
        return dict(self.due)[role]

    def due_at(self, role: Role, hours: OfficeHours) -> datetime:
        """Return the instant (UTC) at which debtors of that role are late."""
        return hours.deadline(self.due_of(role), dict(self.hours).get(role))

    def when(self, role: Role) -> str:
        """Return the date by which debtors of that role owe, with its hour where it has one: `2020年12月3日（周四）11:00`."""
        return in_chinese(self.due_of(role)) + self.hour(role)

    def hour(self, role: Role) -> str:
        """Return the hour of the date of that role, `11:00`; nothing for the end of office hours."""
        return next((hour_of(at) for one, at in self.hours if one is role), "")

    def mark(self, role: Role) -> str:
        """Return what stands behind the date of that role: （暂定）, （原则上）, both or nothing."""
        words = [word for word, said in (("原则上", self.soft), ("暂定", role in self.tentative)) if said]
        return f"（{'，'.join(words)}）" if words else ""


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


@dataclass(frozen=True)
class Plan:
    """A campaign laid out: who does what, what is owed when, and what there is to say about it."""

    definition: Definition
    directory: Directory
    assignments: tuple[Assignment, ...]
    rounds: tuple[Round, ...]
    expected: tuple[ExpectedReport, ...]
    problems: tuple[Problem, ...]
    convention: str = ""  # how “X日前” is understood
    earlier: "tuple[Former, ...]" = ()  # what a campaign was before it was amended, the newest last

    @property
    def usable(self) -> bool:
        """Return whether the definition can be launched: no problem is an error, nothing is still to be said."""
        return not any(problem.severity in (Severity.ERROR, Severity.ASKED) for problem in self.problems)

    def round(self, code: str) -> Round:
        """Return the round with that id; KeyError when there is none."""
        return self._rounds[code]

    def expected_in(self, round_id: str) -> tuple[ExpectedReport, ...]:
        """Return what is owed in a round, in the order of the duties, leads first."""
        return self._by_round.get(round_id, ())

    def expected_of(self, round_id: str, department: str) -> tuple[ExpectedReport, ...]:
        """Return what one department owes in a round, in the order of the duties."""
        return self._by_department.get((round_id, department), ())

    def owed_to(self, round_id: str, lead: str) -> tuple[ExpectedReport, ...]:
        """Return what cooperating departments owe a lead in a round, in the order of the duties."""
        return self._by_lead.get((round_id, lead), ())

    def of(self, round_id: str) -> "Plan":
        """Return the plan that a round stands under: this one, or an earlier one under which it ended."""
        return next((one.plan for one in self.earlier if round_id in one.closed), self)

    def report(self, round_id: str) -> Report:
        """Return the report that a round is of, as the plan that the round stands under has it."""
        return self.of(round_id).definition.report(self.round(round_id).report)

    def organ(self, code: str) -> Organ:
        """Return a department of the campaign, also one that an amendment has taken out; KeyError when there never was one."""
        return self.organs[code]

    def duty(self, number: int) -> Duty:
        """Return a duty of the campaign, also one that an amendment has taken out; KeyError when there never was one."""
        for definition in (self.definition, *(one.plan.definition for one in reversed(self.earlier))):
            with suppress(KeyError):
                return definition.duty(number)
        raise KeyError(number)

    @cached_property
    def organs(self) -> Mapping[str, Organ]:
        """Return the departments of the campaign by code, last those that an amendment has taken out."""
        found: dict[str, Organ] = {}
        for directory in (self.directory, *(one.plan.directory for one in reversed(self.earlier))):
            for organ in directory.organs:
                found.setdefault(organ.id, organ)
        return found

    @cached_property
    def needs(self) -> Mapping[int, tuple[int, ...]]:
        """Return which duties each duty needs."""
        return {duty.number: self.definition.needs_of(duty) for duty in self.definition.duties}

    @cached_property
    def titles(self) -> Mapping[int, str]:
        """Return what each duty is called, also one that an amendment has taken out."""
        plans = (*(one.plan for one in self.earlier), self)
        return {duty.number: duty.title for one in plans for duty in one.definition.duties}

    @cached_property
    def _rounds(self) -> Mapping[str, Round]:
        return {one.id: one for one in self.rounds}

    @cached_property
    def _by_round(self) -> Mapping[str, tuple[ExpectedReport, ...]]:
        return _grouped((one.round, one) for one in self.expected)

    @cached_property
    def _by_department(self) -> Mapping[tuple[str, str], tuple[ExpectedReport, ...]]:
        return _grouped(((one.round, one.department), one) for one in self.expected)

    @cached_property
    def _by_lead(self) -> Mapping[tuple[str, str], tuple[ExpectedReport, ...]]:
        helping = (one for one in self.expected if one.role is Role.COOPERATING)
        return _grouped(((one.round, lead), one) for one in helping for lead in one.receivers)


@dataclass(frozen=True)
class Former:
    """A campaign's plan before it was amended, and the rounds that ended under it: those never change."""

    plan: Plan
    closed: frozenset[str]


_Key = TypeVar("_Key", bound=Hashable)


def _grouped(pairs: Iterable[tuple[_Key, ExpectedReport]]) -> dict[_Key, tuple[ExpectedReport, ...]]:
    found: dict[_Key, list[ExpectedReport]] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return {key: tuple(owed) for key, owed in found.items()}


@no_collecting()
def expand(definition: Definition, directory: Directory, workdays: Workdays, hours: OfficeHours) -> Plan:
    """Return the plan of a definition, with every problem found; with errors in it, the plan holds what could be laid out."""
    problems = [*checks.check(definition, directory), *target_checks.check(definition, directory)]
    assignments, unresolved = _assign(definition, directory)
    problems += unresolved
    rounds, doubts = _rounds(definition, workdays, hours)
    problems += doubts
    owed = {report.id: tuple(owing(definition, directory, assignments, report)) for report in definition.reports}
    expected = tuple(_expected(owed, rounds, hours))
    lost = {definition.duties[int(one.path[1])].number for one in unresolved if one.path[2] in ("lead", "joint_leads")}
    led = [one for one in assignments if one.duty not in lost] if lost else assignments
    problems += _orphans(definition, directory, led)
    problems += _entangled(definition, directory, assignments)
    problems += checks.assumptions(definition, directory)
    problems += checks.debtors(definition, directory, {one.department for one in assignments})
    if not any(one.severity in (Severity.ERROR, Severity.ASKED) for one in problems):
        problems += _unasked(definition, directory, assignments, owed)
        problems += _before_its_document(definition, rounds)
    return Plan(definition, directory, assignments, rounds, expected, tuple(problems), hours.convention)


def group_names(definition: Definition, directory: Directory, duty: Duty, role: Role) -> list[str]:
    """Return the names a duty gives for a role, as the directory writes them; groups keep their own name."""
    names = duty.leads if role is Role.LEAD else duty.cooperating
    on = definition.campaign.starts
    return [directory.resolve(name, on).name for _, name in directory.spelled(names, on)]


def owing(
    definition: Definition, directory: Directory, assignments: tuple[Assignment, ...], report: Report
) -> Iterator[tuple[Assignment, tuple[str, ...]]]:
    """Return the assignments that owe a report, each with its receivers."""
    leads: dict[int, dict[str, None]] = {}
    for one in assignments:
        if one.role is Role.LEAD:
            leads.setdefault(one.duty, {})[one.department] = None
    all_leads = {duty: tuple(led) for duty, led in leads.items()}
    asked = asked_by(definition, directory, report, {one.department for one in assignments})
    hops = {hop.role: hop for hop in report.hops}
    own_leads = _own_leads(directory, assignments)
    for one in assignments:
        hop = hops.get(one.role)
        if hop is None or one.department not in asked or (report.duties and one.duty not in report.duties):
            continue
        if hop.to == "office":
            yield one, (OFFICE,)
        else:
            yield one, (own_leads(one) if hop.to == "parent" else ()) or all_leads.get(one.duty, ())


def _assign(definition: Definition, directory: Directory) -> tuple[tuple[Assignment, ...], list[Problem]]:
    """Return the assignments, groups expanded; a department is named once a duty, and the lead wins."""
    problems: list[Problem] = []
    assignments: list[Assignment] = []
    for index, duty in enumerate(definition.duties):
        taken: dict[str, Role] = {}
        explicit: dict[str, Role] = {}
        for key, role, names in (
            ("lead", Role.LEAD, duty.lead),
            ("joint_leads", Role.LEAD, duty.joint_leads),
            ("cooperating", Role.COOPERATING, duty.cooperating),
        ):
            for position, name in directory.spelled(names, definition.campaign.starts):
                path: checks.Path = ("duties", index, key, position)
                try:
                    holder = directory.resolve(name, definition.campaign.starts)
                    if note := directory.note(name, definition.campaign.starts):
                        problems.append(checks.warning("renamed", path, f"任务{duty.number}：{note}"))
                except UnknownOrgan as unknown:
                    problems.append(checks.error("unknown-organ", path, f"任务{duty.number}：{unknown}"))
                    continue
                if holder.id in explicit:
                    counted = "只计一次" if explicit[holder.id] is role else "按牵头计"
                    problems.append(checks.warning("named-twice", path, f"任务{duty.number}重复列出“{name}”，{counted}"))
                explicit.setdefault(holder.id, role)
                for organ in _members(directory, holder):
                    if organ.id not in taken:
                        taken[organ.id] = role
                        code = f"{definition.campaign.id}/{duty.number}/{organ.id}"
                        assignments.append(Assignment(code, duty.number, organ.id, role))
    return tuple(assignments), problems


def _members(directory: Directory, holder: Organ | Group) -> Iterable[Organ]:
    if isinstance(holder, Organ):
        return (holder,)
    known = {organ.id for organ in directory.organs}
    return (directory.organ(code) for code in holder.members if code in known)


def _rounds(definition: Definition, workdays: Workdays, hours: OfficeHours) -> tuple[tuple[Round, ...], list[Problem]]:
    problems: list[Problem] = []
    rounds: list[Round] = []
    campaign = definition.campaign
    if campaign.ends < campaign.starts or campaign.ends.year - campaign.starts.year > checks.LONGEST:
        return (), []  # said already; no rounds can be laid out
    whole = Span(campaign.starts, campaign.ends)
    phases = {
        one.id: Span(one.first_day or campaign.starts, one.last_day, one.title) for one in definition.phases if one.last_day
    }
    for index, report in enumerate(definition.reports):
        # with several reports a period alone does not say which of them is meant
        prefix = report.title if len(definition.reports) > 1 else ""
        dated = terms(report.clock, whole, phases, workdays)
        laid = [_round(campaign.id, report, one, prefix, campaign.starts, workdays) for one in dated]
        laid = _one_after_another(report, laid, workdays)
        problems += doubts(report, dated, laid, whole, workdays, ("reports", index, "clock"))
        problems += late_hops(report, laid, hours, ("reports", index, "hops"))
        rounds += laid
    return tuple(rounds), problems


def _round(campaign: str, report: Report, term: Term, prefix: str, starts: date, workdays: Workdays) -> Round:
    due = tuple((hop.role, hop.due(term.day, workdays)) for hop in report.hops)
    return Round(
        id=f"{campaign}/{report.id}-{term.code}",
        report=report.id,
        label=term.label if term.named else (prefix + term.label) or report.title,
        covers_from=term.covers.first,
        covers_until=term.covers.last,
        opens_on=max(starts, workdays.shift(term.day, -report.opens_before)),
        due_on=term.day,
        closes_on=workdays.shift(term.day, report.closes_after),
        due=due,
        hours=tuple(_hours(report, dict(due), term.day)),
        soft=report.clock.soft,
        tentative=tuple(role for role, day in due if term.tentative or not (day == term.day or workdays.known(day, term.day))),
    )


def _one_after_another(report: Report, laid: list[Round], workdays: Workdays) -> list[Round]:
    """Return the rounds so that, of listed dates and where the notice says nothing else, none opens before the last one's date.

    Between dates a few days apart the usual lead would send the letters of several rounds on one day.
    """
    if report.opens_working_days_before is not None or report.clock.form not in ("dates", "yearly"):
        return laid
    after = [date.min, *(workdays.shift(one.due_on, 1) for one in laid[:-1])]
    return [
        replace(one, opens_on=day) if one.opens_on < day < min(due for _, due in one.due) else one
        for one, day in zip(laid, after, strict=False)
    ]


def _hours(report: Report, due: Mapping[Role, date], last: date) -> Iterator[tuple[Role, time]]:
    """Return the hours of the roles that have one: the hop's own, on the last date else the clock's."""
    for hop in report.hops:
        hour = hop.hour or (report.clock.hour if due[hop.role] == last else None)
        if hour:
            yield hop.role, time_of(hour)


# by report: the assignments that owe it, each with its receivers
_Owed = Mapping[str, Sequence[tuple[Assignment, tuple[str, ...]]]]


def _expected(owed: _Owed, rounds: tuple[Round, ...], hours: OfficeHours) -> Iterator[ExpectedReport]:
    for a_round in rounds:
        due_at = {role: a_round.due_at(role, hours) for role, _ in a_round.due}
        for one, to in owed[a_round.report]:
            yield ExpectedReport(
                id=f"{a_round.id}/{one.duty}/{one.department}",
                round=a_round.id,
                duty=one.duty,
                department=one.department,
                role=one.role,
                due_at=due_at[one.role],
                receivers=to,
            )


def _unasked(definition: Definition, directory: Directory, assignments: tuple[Assignment, ...], owed: _Owed) -> Iterator[Problem]:
    """Return the reports that nobody owes, and the duties and leads that no report asks about."""
    for index, report in enumerate(definition.reports):
        if not owed[report.id]:
            told = f"没有任何单位要报“{report.title}”：请核对涉及任务（duties）、应报单位（only、excluding）和报表的限填单位"
            yield checks.error("nobody-owes", ("reports", index), told)
    leads = Counter(one.duty for one in assignments if one.role is Role.LEAD)
    asked = {code: Counter(one.duty for one, _ in mine if one.role is Role.LEAD) for code, mine in owed.items()}
    about = {one.duty for mine in owed.values() for one, _ in mine}
    for index, duty in enumerate(definition.duties):
        path: checks.Path = ("duties", index)
        if duty.number not in about:
            told = f"任务{duty.number}没有报送事项涉及，办得怎样没有单位报送，请核对报送事项的涉及任务（duties）"
            yield checks.warning("not-asked", path, told)
        elif not any(one[duty.number] == leads[duty.number] for one in asked.values()):
            reporting = {one.department for mine in owed.values() for one, _ in mine if one.duty == duty.number}
            silent = [one.department for one in assignments if one.duty == duty.number and one.role is Role.LEAD]
            names = [directory.organ(code).name for code in silent if code not in reporting]
            if names:
                said = "、".join(names[:5]) + (f"等{len(names)}个单位" if len(names) > 5 else "")
                told = f"任务{duty.number}的牵头单位{said}没有报送事项要报，请核对应报单位（only、excluding）和通讯录里的层级"
                yield checks.warning("not-asked", path, told)


def _before_its_document(definition: Definition, rounds: tuple[Round, ...]) -> Iterator[Problem]:
    """Return a word where something is due before the document that asks for it was issued."""
    issued = definition.campaign.source.issued_on
    early = [one for one in rounds if definition.campaign.starts <= one.due_on < issued]  # what is due before the start is told
    if early:
        others = f"（共{len(early)}期）" if len(early) > 1 else ""
        told = f"成文日期{in_chinese(issued)}晚于截止日{in_chinese(early[0].due_on)}{others}，请核对"
        yield checks.warning("outside", ("campaign", "source", "issued_on"), told)


def _own_leads(directory: Directory, assignments: Iterable[Assignment]) -> Callable[[Assignment], tuple[str, ...]]:
    """Return what tells the leads of a department's own place: the one above it, else those under the same department."""
    above = {organ.id: organ.parent for organ in directory.organs}
    leads: dict[int, dict[str, str]] = {}
    for one in assignments:
        if one.role is Role.LEAD:
            leads.setdefault(one.duty, {})[one.department] = one.department
    placed = {duty: {parent: tuple(own) for parent, own in graph.under(led, above).items()} for duty, led in leads.items()}

    def own(one: Assignment) -> tuple[str, ...]:
        parent = above.get(one.department)
        if parent is not None and parent in leads.get(one.duty, ()):
            return (parent,)
        return placed.get(one.duty, {}).get(parent, ())

    return own


def _orphans(definition: Definition, directory: Directory, assignments: Sequence[Assignment]) -> Iterator[Problem]:
    """Return the departments that report to the lead above or beside them, where there is none of the duty."""
    own_leads = _own_leads(directory, assignments)
    departments = {one.department for one in assignments}
    for index, report in enumerate(definition.reports):
        asked = asked_by(definition, directory, report, departments)
        for position, hop in enumerate(report.hops):
            lost = [
                directory.organ(one.department).name
                for one in assignments
                if hop.to == "parent" and one.role is hop.role and (not report.duties or one.duty in report.duties)
                if one.department in asked and not own_leads(one)
            ]
            if lost:
                path: checks.Path = ("reports", index, "hops", position, "to")
                names = "、".join(dict.fromkeys(lost[:5])) + ("等" if len(lost) > 5 else "")
                told = f"“{report.title}”要报送给上级或本地的牵头单位，但{names}的上级及其下属单位都不是这项任务的牵头单位"
                told = f"{told}，请核对任务和通讯录里的上级（parent）"
                yield checks.error("no-parent", path, told)


def _entangled(definition: Definition, directory: Directory, assignments: tuple[Assignment, ...]) -> Iterator[Problem]:
    """Return where so many departments wait for so many others that nobody could follow it, and how each waits for its own."""
    named: dict[tuple[int, Role], dict[str, str]] = {}
    for one in assignments:
        named.setdefault((one.duty, one.role), {})[one.department] = one.department
    above = {organ.id: organ.parent for organ in directory.organs}
    for index, duty in enumerate(definition.duties):
        mine = named.get((duty.number, Role.LEAD), {})
        for need in definition.needs_of(duty):
            before = named.get((need, Role.LEAD), {})
            placed = graph.under(before, above)
            if sum(len(graph.awaited(one, before, placed, above)) for one in mine) > _ENTANGLED:
                told = f"任务{duty.number}的{len(mine)}个牵头单位都要等任务{need}的{len(before)}个牵头单位"
                told = f"{told}：只等本单位或本地单位的，请让同一单位牵头两项任务，或在通讯录里写明上级（parent）"
                yield checks.warning("entangled", ("duties", index, "needs"), told)
        helpers = named.get((duty.number, Role.COOPERATING), {})
        if len(mine) * len(helpers) > _ENTANGLED:
            for at, report in enumerate(definition.reports):
                for position, hop in enumerate(report.hops):
                    if hop.role is Role.COOPERATING and hop.to == "lead" and (not report.duties or duty.number in report.duties):
                        told = f"任务{duty.number}的{len(helpers)}个配合单位都要报给{len(mine)}个牵头单位"
                        told = f"{told}：只报给上级或本地牵头单位的，请写 to: parent"
                        yield checks.warning("entangled", ("reports", at, "hops", position, "to"), told)
