"""Amending a running campaign (补充通知): the plan that is in force against the one a new file lays out, and what follows.

`amendment` says exactly what amending would do, as the events that would record it: what is shown before a person confirms is
what is written afterwards. Rounds that have ended never change; in an open round what is asked for changes by this decision only;
of what was submitted nothing is lost: what is asked for no more is kept, and counts no more.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import SequenceMatcher
from functools import cached_property

from pydantic import BaseModel

from campaigns.decisions import ClosingMoved, Decision, Moved, RatesChanged, Situation, event_of, made
from campaigns.definition import Definition, Role
from campaigns.errors import Refused
from campaigns.events import Event
from campaigns.forms import Form, design
from campaigns.items import items_of, named
from campaigns.organs import Contact, Directory, Organ, clashes, plain
from campaigns.plan import ExpectedReport, Former, Plan, Round
from campaigns.records import RoundRecord
from campaigns.replay import alike, dated
from campaigns.states import Standing, fold, rates, state, tally
from campaigns.workdays import in_chinese, office_date

_OTHER = 0.35  # titles less alike than this speak of another duty; assumed (拟定), a person can give it another number


@dataclass(frozen=True)
class Running:
    """What the ledger holds of a campaign that is to be amended.

    `written` is its directory as its file had it, without the contacts that decisions have put in since; `issued` says who has a
    form of which round (round, department).
    """

    situation: Situation
    written: Directory
    version: str
    issued: frozenset[tuple[str, str]] = frozenset()

    @property
    def plan(self) -> Plan:
        """Return the plan in force."""
        return self.situation.plan


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A department's part in a duty: what it was, what it is; None where it has none."""

    duty: int
    department: str
    before: Role | None
    after: Role | None


@dataclass(frozen=True, slots=True)
class RoundChanged:
    """A round that is new, goes, ends now or has other dates: `what` is 新增, 取消, 终止 or 调整."""

    round: str
    label: str
    what: str
    before: tuple[date, date] | None  # due and closing
    after: tuple[date, date] | None


@dataclass(frozen=True, slots=True)
class Told:
    """A department that gets a letter about the amendment: what it says, and the rounds whose form it gets anew."""

    department: str
    lines: tuple[str, ...]
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amendment:
    """Exactly what amending does: the events that record it, and what they come to, as a person reads it."""

    decision: Decision
    events: tuple[Event, ...]
    plan: Plan  # in force afterwards
    roles: tuple[RoleChanged, ...] = ()
    rounds: tuple[RoundChanged, ...] = ()
    added: tuple[ExpectedReport, ...] = ()
    dropped: tuple[ExpectedReport, ...] = ()  # of rounds that were not open yet
    retired: tuple[ExpectedReport, ...] = ()
    restored: tuple[ExpectedReport, ...] = ()
    redirected: tuple[ExpectedReport, ...] = ()  # owed in another role or to others
    spared: tuple[ExpectedReport, ...] = ()
    moved: tuple[Moved, ...] = ()
    closings: tuple[ClosingMoved, ...] = ()
    rates: tuple[RatesChanged, ...] = ()
    void: tuple[tuple[str, str], ...] = ()  # forms (round, department) that are replaced or needed no more
    told: tuple[Told, ...] = ()
    assigned: tuple[tuple[str, str], ...] = ()  # letters of assignment (round, department) that follow
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    untouched: int = 0  # expected reports that stay as they are, in rounds that have not ended
    ended: int = 0  # rounds that have ended and stay as they are
    missing: tuple[str, ...] = ()  # what its decision has to say before it can be carried out

    @property
    def nothing(self) -> bool:
        """Return whether the file is the very one in force."""
        return not self.events


def in_force(plan: Plan, spared: Collection[str], former: Sequence[tuple[Plan, Collection[str], Collection[str]]]) -> Plan:
    """Return the plan of an amended campaign: rounds that ended under an earlier version stand as that version had them.

    `spared` are reports, and whole rounds, that are not owed; `former` are the versions before: plan, the rounds that ended under
    it, what was spared in it.
    """
    plan = _without(plan, spared)
    earlier = tuple(Former(_without(one, left_out), frozenset(closed)) for one, closed, left_out in former)
    ended = {code for one in earlier for code in one.closed}
    reports = [report.id for one in (plan, *(one.plan for one in reversed(earlier))) for report in one.definition.reports]
    place = {code: at for at, code in reversed(list(enumerate(reports)))}
    rounds = [one for each in earlier for one in each.plan.rounds if one.id in each.closed]
    rounds += [one for one in plan.rounds if one.id not in ended]
    rounds.sort(key=lambda one: (place[one.report], one.due_on))
    expected = [one for each in earlier for one in each.plan.expected if one.round in each.closed]
    expected += [one for one in plan.expected if one.round not in ended]
    return replace(plan, rounds=tuple(rounds), expected=tuple(expected), earlier=earlier)


def _without(plan: Plan, spared: Collection[str]) -> Plan:
    left_out = frozenset(spared)
    if not left_out:
        return plan
    rounds = tuple(one for one in plan.rounds if one.id not in left_out)
    expected = tuple(one for one in plan.expected if left_out.isdisjoint((one.id, one.round)))
    return replace(plan, rounds=rounds, expected=expected)


def carried(new: Directory, written: Directory, now: Directory) -> Directory:
    """Return a new directory with the contacts that decisions have put in, unless the new one names somebody else itself."""
    before, known = ({organ.id: organ for organ in one.organs} for one in (written, now))
    organs = []
    for organ in new.organs:
        mine, theirs = known.get(organ.id), before.get(organ.id)
        kept = {
            capacity: getattr(mine, capacity)
            for capacity in ("liaison", "deputy", "leader")
            if mine and theirs and getattr(mine, capacity) != getattr(theirs, capacity) == getattr(organ, capacity)
        }
        organs.append(organ.model_copy(update=kept))
    return new.model_copy(update={"organs": tuple(organs)})


def amendment(running: Running, new: Plan, version: str, decision: Decision, written: str = "") -> Amendment:
    """Return what amending a campaign to a new plan does; Refused, with every reason at once, when it cannot be.

    `version` is that of the new file, `written` its directory as JSON. The version in force again is nothing to do.
    """
    if version == running.version:
        return Amendment(decision, (), running.plan)
    reasons = list(dict.fromkeys(_impossible(running, new)))
    work = _Work(running, replace(new, directory=carried(new.directory, running.written, running.plan.directory)))
    reasons += work.late
    if reasons:
        raise Refused(reasons)
    return work.result(decision, version, written or new.directory.model_dump_json())


# -- what cannot be ----------------------------------------------------------------------------------------------------


def _impossible(running: Running, new: Plan) -> Iterator[str]:
    old, situation = running.plan, running.situation
    if new.definition.campaign.id != old.definition.campaign.id:
        yield f"文件里的代码是“{new.definition.campaign.id}”，不是“{old.definition.campaign.id}”；专项行动的代码不能改"
        return
    for before, after in clashes(old.directory, new.directory):
        yield f"单位代码“{before.id}”原是{before.name}，新文件里成了{after.name}；一个代码只指一个单位（改名的，把原名写进别名）"
    submitted = {code: one for code, one in situation.standings.items() if one.highest or one.returned}
    yield from _other_duties(old, new, {int(code.split("/")[-2]) for code in submitted})
    yield from _other_figures(old, new, {_round_of(code) for code in submitted})
    yield from _other_rounds(old, new, situation.rounds)


def _round_of(expected: str) -> str:
    return expected.rsplit("/", 2)[0]


def _other_duties(old: Plan, new: Plan, reported: Collection[int]) -> Iterator[str]:
    titles = {plain(one.title): one.number for one in old.definition.duties}
    before = {one.number: one.title for one in old.definition.duties}
    for duty in new.definition.duties:
        was = before.get(duty.number)
        if was is None or duty.number not in reported or plain(was) == plain(duty.title):
            continue
        other = titles.get(plain(duty.title))
        alike_enough = SequenceMatcher(None, plain(was), plain(duty.title)).ratio() >= _OTHER
        if other is not None or not alike_enough:
            came = f"（原任务{other}）" if other is not None else ""
            yield f"任务{duty.number}已有报送，原是“{was}”，新文件里成了“{duty.title}”{came}；不同的任务请另用序号"


def _other_figures(old: Plan, new: Plan, rounds: Collection[str]) -> Iterator[str]:
    asked = {one.report for one in old.rounds if one.id in rounds}
    codes = {form for report in old.definition.reports if report.id in asked for form in report.forms}
    forms = {form.id: form for form in new.definition.forms}
    for form in old.definition.forms:
        if form.id not in codes or form.id not in forms:
            continue
        before = {one.id: one for one in items_of(form, None, old.definition, old.directory)}
        after = {one.id: one for one in items_of(forms[form.id], None, new.definition, new.directory)}
        labels = {(plain(one.label), plain(one.unit)): code for code, one in before.items()}
        for code in (one for one in before if one in after):
            was, now = before[code], after[code]
            told = f"指标“{code}”已有报送，原是“{was.label}（{was.unit or was.kind}）”"
            if (was.unit, was.kind, was.counts) != (now.unit, now.kind, now.counts) or now.decimals < was.decimals:
                yield f"{told}，新文件里单位、类型或小数位数不同（{now.unit or now.kind}）；含义不同的指标请另用代码"
            elif labels.get((plain(now.label), plain(now.unit)), code) != code:
                yield f"{told}，新文件里成了“{now.label}”，那是另一个指标；请保持各指标的代码不变"


def _other_rounds(old: Plan, new: Plan, rounds: Mapping[str, RoundRecord]) -> Iterator[str]:
    """Yield the rounds, opened already, whose code the new file gives to another date."""
    laid, known = ({one.id: one for one in plan.rounds} for plan in (new, old))
    for code, record in rounds.items():
        if record.opened_at is None or code not in known:
            continue
        was = known[code]
        others = [one for one in new.rounds if one.report == was.report]
        same = [one for one in others if one.due_on == was.due_on]
        now = laid.get(code)
        if same and code not in {one.id for one in same}:
            yield (
                f"{record.label}（{code}）已经开启，它的日期{in_chinese(was.due_on)}在新文件里属于“{same[0].id}”；"
                "报送期的代码随日期的写法而定，请保持日期的个数和次序，只改日期本身"
            )
        elif now and _apart(was, now) and any(not _apart(was, one) for one in others if one.id != code):
            yield f"{record.label}（{code}）已经开启，新文件里这个代码成了{in_chinese(now.due_on)}的一期；请保持日期的个数和次序"


def _apart(one: Round, other: Round) -> bool:
    return one.covers_until < other.covers_from or other.covers_until < one.covers_from


# -- what follows ------------------------------------------------------------------------------------------------------


class _Work:
    """The comparison of the plan in force with the new one, worked out once for events, letters and what is shown."""

    def __init__(self, running: Running, new: Plan) -> None:
        self.running, self.old, self.laid = running, running.plan, new
        situation = running.situation
        self.situation, self.as_of, self.today = situation, situation.as_of, office_date(situation.as_of)
        self.workdays, self.hours = situation.slots.workdays, situation.slots.hours
        self.before = {one.id: one for one in self.old.expected}
        # a round that was reopened for some of its reports is corrected as it was, whatever the new file says
        ended = {_round_of(code) for code, one in situation.standings.items() if one.closed_at is not None}
        ended |= {code for one in self.old.earlier for code in one.closed}
        self.live = {code: one for code, one in situation.rounds.items() if one.closed_at is None and code not in ended}
        laid = {one.id: one for one in new.rounds}
        self.kept = {code: laid[code] for code in self.live if code in laid}
        self.gone = [one for code, one in self.live.items() if code not in laid]
        unknown = [one for one in new.rounds if one.id not in situation.rounds]
        self.new_rounds = [one for one in unknown if one.due_on >= self.today]
        self.over = [one for one in unknown if one.due_on < self.today]  # nobody is asked for what is past
        self._sort_out()
        self._move()

    def _sort_out(self) -> None:
        """Find what is owed anew, no longer, again, or to others."""
        standings, fresh = self.situation.standings, {one.id for one in self.new_rounds}
        self.added: list[ExpectedReport] = []
        self.spared: list[ExpectedReport] = []
        self.restored: list[ExpectedReport] = []
        self.redirected: list[ExpectedReport] = []
        self.staying: list[ExpectedReport] = []
        for one in self.laid.expected:
            if one.round in fresh:
                self.added.append(one)
            elif one.round not in self.kept:
                continue
            elif one.id not in standings:
                opened = self.live[one.round].opened_at is not None
                (self.spared if opened and one.due_at <= self.as_of else self.added).append(one)
            else:
                self.staying.append(one)
                was = self.before.get(one.id)
                if standings[one.id].retired:
                    self.restored.append(one)
                elif was and (was.role, was.receivers) != (one.role, one.receivers):
                    self.redirected.append(one)
        stay = {one.id for one in self.staying}
        leaving = [
            one
            for one in self.old.expected
            if one.round in self.live and one.id in standings and one.id not in stay and not standings[one.id].retired
        ]
        self.dropped = [one for one in leaving if self.live[one.round].opened_at is None]
        ending = {one.id for one in self.gone}
        self.retired = [
            one
            for one in leaving
            if self.live[one.round].opened_at is not None
            # what came in a round that ends now stays as it came
            and not (one.round in ending and standings[one.id].received_at is not None)
        ]

    def _move(self) -> None:
        """Find the dates that move: a date that was granted stays unless the new one is later; who has reported is not moved.

        A date that is another only because the working days are known by now was granted to nobody.
        """
        self.moved: list[Moved] = []
        self.late: list[str] = []
        restored = {one.id for one in self.restored}
        for one in self.staying:
            standing, was = self.situation.standings[one.id], self.before.get(one.id)
            if one.id in restored:
                target = one.due_at if one.due_at > self.as_of else standing.due_at
            elif was is None or was.due_at == one.due_at or standing.received_at is not None:
                continue
            else:
                granted = standing.due_version > 1 and standing.due_at != was.due_at
                target = max(standing.due_at, one.due_at) if granted else one.due_at
            opened = self.live[one.round].opened_at is not None
            if target == standing.due_at or (opened and target <= self.as_of and standing.due_at <= self.as_of):
                continue
            if opened and target <= self.as_of:
                day = in_chinese(office_date(target))
                self.late.append(f"{self.kept[one.round].label}{self.label(one)}的截止日期改为{day}，这一天已经过去")
            self.moved.append(Moved(one.id, standing.due_at, target))
        held = [one for one in self.retired if self.situation.standings[one.id].approved]
        self.late += [f"{self.live[one.round].label}{self.label(one)}已经审定，请先撤销审定，再改为不要求报送" for one in held]
        for code, laid in self.kept.items():
            if self.live[code].opened_at is None and laid.due_on < self.today:
                self.late.append(f"{laid.label}的截止日期改为{in_chinese(laid.due_on)}，这一天已经过去；不再需要的，请删去这一期")

    def label(self, one: ExpectedReport) -> str:
        """Return what an officer reads for an expected report."""
        plan = self.laid if any(organ.id == one.department for organ in self.laid.directory.organs) else self.old
        return f"任务{one.duty}·{plan.organ(one.department).name}（{one.role.chinese}）"

    @cached_property
    def dates(self) -> dict[str, RoundRecord]:
        """Return the rounds that are new or have other dates, as they will stand."""
        found: dict[str, RoundRecord] = {}
        campaign = self.laid.definition.campaign.id
        for one in self.new_rounds:
            found[one.id] = RoundRecord(
                one.id, campaign, one.report, one.label, one.opens_on, one.due_on, one.closes_on, None, None
            )
        moved = {one.expected: one.after for one in self.moved}
        latest: dict[str, date] = {}
        for report in [*self.staying, *self.added]:
            standing = self.situation.standings.get(report.id)
            if standing is None or standing.received_at is None:
                due_at = moved.get(report.id) or (standing.due_at if standing else report.due_at)
                latest[report.round] = max(office_date(due_at), latest.get(report.round, date.min))
        known = {one.id: one for one in self.old.rounds}
        decided = {one.round for one in self.staying if self.situation.standings[one.id].due_version > 1}
        for code, laid in self.kept.items():
            record, was = self.live[code], known.get(code, laid)
            opens = laid.opens_on if record.opened_at is None and laid.opens_on != was.opens_on else record.opens_on
            closes = laid.closes_on if laid.closes_on != was.closes_on else record.closes_on
            if code in decided and record.closes_on != was.closes_on:
                closes = max(closes, record.closes_on)
            if latest.get(code, date.min) > closes:
                closes = self.workdays.shift(latest[code], self.workdays.between(laid.due_on, laid.closes_on))
            due = laid.due_on if laid.due_on != was.due_on else record.due_on
            after = replace(record, report=laid.report, label=laid.label, opens_on=opens, due_on=due, closes_on=closes)
            if after != record:
                found[code] = after
        return found

    @cached_property
    def roles(self) -> tuple[RoleChanged, ...]:
        """Return who has another part in which duty."""
        before, after = ({(one.duty, one.department): one.role for one in plan.assignments} for plan in (self.old, self.laid))
        return tuple(
            RoleChanged(duty, department, before.get((duty, department)), after.get((duty, department)))
            for duty, department in dict.fromkeys((*before, *after))
            if before.get((duty, department)) != after.get((duty, department))
        )

    def result(self, decision: Decision, version: str, written: str) -> Amendment:
        """Return all of it."""
        ended = {code for code in self.situation.rounds if code not in self.live} | {one.id for one in self.gone if one.opened_at}
        told_before = {code for one in self.old.earlier for code in one.closed}
        closed = [code for code in self.situation.rounds if code in ended and code not in told_before]
        former = [(one.plan, one.closed, ()) for one in self.old.earlier]
        spared = [*(one.id for one in self.spared), *(one.id for one in self.over)]
        plan = in_force(self.laid, spared, [*former, (replace(self.old, earlier=()), closed, ())])
        events, after = self._events(decision, version, written, closed, spared)
        void, renewed = self._forms(plan)
        told, assigned = self._told(renewed)
        touched = {one.id for each in (self.restored, self.redirected) for one in each} | {one.expected for one in self.moved}
        return Amendment(
            decision,
            events,
            plan,
            self.roles,
            tuple(self._rounds()),
            tuple(self.added),
            tuple(self.dropped),
            tuple(self.retired),
            tuple(self.restored),
            tuple(self.redirected),
            tuple(self.spared),
            tuple(self.moved),
            tuple(
                ClosingMoved(code, self.live[code].closes_on, one.closes_on)
                for code, one in self.dates.items()
                if code in self.live and one.closes_on != self.live[code].closes_on
            ),
            tuple(self._rates(plan, after)),
            void,
            told,
            assigned,
            tuple(differences(self.old, self.laid)),
            tuple(self._notes()),
            sum(one.id not in touched for one in self.staying),
            len(self.situation.rounds) - len(self.live),
        )

    def _events(
        self, decision: Decision, version: str, written: str, closed: list[str], spared: list[str]
    ) -> tuple[tuple[Event, ...], dict[str, Standing]]:
        campaign, as_of = self.laid.definition.campaign, self.as_of
        found = [
            made(decision, as_of),
            event_of(
                decision,
                as_of,
                "campaign.amended",
                campaign.id,
                title=campaign.title,
                version=version,
                definition=self.laid.definition.model_dump_json(),
                directory=self.laid.directory.model_dump_json(),
                written=written,
                closed=closed,
                spared=spared,
                rounds=[dated(one) for one in self.dates.values()],
                removed=[one.id for one in self.gone if one.opened_at is None],
                dropped=[one.id for one in self.dropped if one.round in self.kept],
                expected=alike(self.added),
                roles=[[one.id, one.role.value, list(one.receivers)] for one in (*self.redirected, *self.restored)],
            ),
        ]
        for one in self.restored:
            found.append(event_of(decision, as_of, "report.restored", one.id))
        for move in self.moved:
            dates = {"from": move.before.isoformat(), "to": move.after.isoformat(), "because": ""}
            found.append(event_of(decision, as_of, "due.moved", move.expected, **dates))
        for one in self.retired:
            found.append(event_of(decision, as_of, "report.retired", one.id))
        after = dict(self.situation.standings)
        for event in found:
            if event.about in after:
                after[event.about] = fold(after[event.about], event)
        for record in self.gone:
            if record.opened_at is not None:
                mine = [after[one.id] for one in self.old.expected_in(record.id) if one.id in after and not after[one.id].retired]
                counts = tally(state(one, as_of) for one in mine)
                found.append(event_of(decision, as_of, "round.closed", record.id, tally=dict(counts)))
        return tuple(found), after

    def _rounds(self) -> Iterator[RoundChanged]:
        for code, one in self.dates.items():
            was = self.live.get(code)
            before = (was.due_on, was.closes_on) if was else None
            yield RoundChanged(code, one.label, "调整" if was else "新增", before, (one.due_on, one.closes_on))
        for record in self.gone:
            what = "终止" if record.opened_at else "取消"
            yield RoundChanged(record.id, record.label, what, (record.due_on, record.closes_on), None)

    def _rates(self, plan: Plan, after: Mapping[str, Standing]) -> Iterator[RatesChanged]:
        for code, record in self.live.items():
            if record.opened_at is None or code not in self.kept:
                continue
            before = [
                self.situation.standings[one.id] for one in self.old.expected_in(code) if one.id in self.situation.standings
            ]
            now = [after.get(one.id) or Standing(one.due_at) for one in plan.expected_in(code)]
            pair = [rates(tally(state(one, self.as_of) for one in each)) for each in (before, now)]
            if pair[0] != pair[1]:
                yield RatesChanged(code, *pair)

    # -- forms and letters ----------------------------------------------------------------------------------------------

    def _forms(self, plan: Plan) -> tuple[tuple[tuple[str, str], ...], dict[tuple[str, str], None]]:
        """Return the issued forms that are void, and those of them that are issued anew."""
        void: list[tuple[str, str]] = []
        renewed: dict[tuple[str, str], None] = {}
        open_rounds = [code for code, one in self.live.items() if one.opened_at is not None]
        for code in open_rounds:
            for organ in self._organs():
                if (code, organ.id) not in self.running.issued:
                    continue
                before = _designed(self.old, code, organ.id)
                after = _designed(plan, code, organ.id) if code in self.kept else None
                if after is None and before is not None:
                    void.append((code, organ.id))
                elif after is not None and after != before and self._needed(code, organ.id, before, after):
                    void.append((code, organ.id))
                    renewed[code, organ.id] = None
        return tuple(void), renewed

    def _needed(self, code: str, department: str, before: Form | None, after: Form) -> bool:
        """Return whether a department needs a form anew: it still owes something, or other figures are asked of it."""
        standings = self.situation.standings
        added = any(one.round == code and one.department == department for one in (*self.added, *self.restored))
        owed = any(standings[one.id].owed for one in self.laid.expected_of(code, department) if one.id in standings)
        return added or owed or before is None or before.tables != after.tables

    def _organs(self) -> list[Organ]:
        known = {organ.id: organ for directory in (self.laid.directory, self.old.directory) for organ in directory.organs}
        return [known[code] for code in dict.fromkeys(known)]

    def _told(self, renewed: Mapping[tuple[str, str], None]) -> tuple[tuple[Told, ...], tuple[tuple[str, str], ...]]:
        """Return who gets a letter about the amendment, and the letters of assignment that follow by themselves."""
        lines: dict[str, list[str]] = {organ.id: [] for organ in self._organs()}
        for change in self.roles:
            lines[change.department].append(self._of_role(change))
        opened = {code for code, one in self.live.items() if one.opened_at is not None}
        titled = {one.number: one.title for plan in (self.old, self.laid) for one in plan.definition.duties}
        for words, reports in (
            ("{label}任务{duty}“{title}”不再要求报送{kept}", self.retired),
            ("{label}任务{duty}“{title}”恢复报送，{due}前报", self.restored),
            ("{label}增报任务{duty}“{title}”，{due}前报", self.added),
            ("{label}任务{duty}“{title}”改由贵单位作为{role}单位报给{to}", self.redirected),
        ):
            for one in reports:
                if one.round in opened:
                    standing = self.situation.standings.get(one.id)
                    kept = "；已报的内容留存，不再计入汇总" if standing and standing.accepted else ""
                    said = {"duty": one.duty, "title": titled[one.duty], "role": one.role.chinese, "to": self._receivers(one)}
                    due = in_chinese(office_date(one.due_at))
                    lines[one.department].append(words.format(label=self.live[one.round].label, kept=kept, due=due, **said))
        staying = {one.id: one for one in self.staying}
        for (department, round_id, before, after), duties in self._moves(staying, opened).items():
            numbers = "、".join(str(number) for number in duties)
            label = self.kept[round_id].label
            lines[department].append(f"{label}任务{numbers}的截止日期由{in_chinese(before)}改为{in_chinese(after)}")
        for code, department in renewed:
            lines[department].append(
                f"{self.kept[code].label}的报表已更换，请用本信所附的新表填报；用旧表已经填好的也可以报送，照旧表读取"
            )
        for department in self._new_contacts(opened):
            lines[department].append("贵单位在通讯录中的联系人已经更新，以后的信件发到更新后的邮箱")
        following = [
            (one.round, one.department)
            for one in self.added
            if one.round in opened and (one.round, one.department) not in self.running.issued
        ]
        assigned = tuple(dict.fromkeys(following))
        has_form = {department for code, department in self.running.issued if code in self.live}
        silent = {department for _, department in assigned if department not in has_form}
        told = tuple(
            Told(code, tuple(dict.fromkeys(said)), tuple(round_id for round_id, department in renewed if department == code))
            for code, said in lines.items()
            if said and code not in silent
        )
        return told, assigned

    def _of_role(self, change: RoleChanged) -> str:
        plan = self.laid if change.after else self.old
        named = f"任务{change.duty}“{plan.definition.duty(change.duty).title}”"
        if change.before is None and change.after is not None:
            return f"{named}由贵单位{change.after.chinese}"
        if change.after is None:
            return f"{named}不再由贵单位承担"
        return f"{named}贵单位由{change.before.chinese if change.before else ''}改为{change.after.chinese}"

    def _moves(
        self, staying: Mapping[str, ExpectedReport], opened: Collection[str]
    ) -> dict[tuple[str, str, date, date], list[int]]:
        found: dict[tuple[str, str, date, date], list[int]] = {}
        for move in self.moved:
            one = staying[move.expected]
            if one.round in opened:
                key = (one.department, one.round, office_date(move.before), office_date(move.after))
                found.setdefault(key, []).append(one.duty)
        return found

    def _receivers(self, one: ExpectedReport) -> str:
        known = {organ.id: organ.name for organ in self.laid.directory.organs}
        return "、".join(known.get(code, "办公室") for code in one.receivers)

    def _new_contacts(self, opened: Collection[str]) -> Iterator[str]:
        """Yield the departments that owe something in an open round and have another reporter."""
        before = {organ.id: organ.reporter for organ in self.old.directory.organs}
        owing = {one.department for one in (*self.staying, *self.added) if one.round in opened}
        for organ in self.laid.directory.organs:
            if organ.id in owing and organ.id in before and _mailbox(before[organ.id]) != _mailbox(organ.reporter):
                yield organ.id

    def _notes(self) -> Iterator[str]:
        kept = [one for one in self.retired if self.situation.standings[one.id].accepted]
        if kept:
            yield f"不再要求的应报中有{len(kept)}份已经报送：全部留存，不再计入汇总"
        for record in self.gone:
            if record.opened_at is not None:
                came = sum(
                    self.situation.standings[one.id].received_at is not None
                    for one in self.old.expected_in(record.id)
                    if one.id in self.situation.standings
                )
                yield f"{record.label}已经开启，就此终止，按已收到的{came}份汇总"
        if self.spared:
            names = "、".join(dict.fromkeys(self.label(one) for one in self.spared[:5]))
            yield f"本期新增的{len(self.spared)}份应报，报送日期已过，从下一期起报：{names}{'等' if len(self.spared) > 5 else ''}"
        changed = {one.id for each in (self.retired, self.dropped) for one in each}
        for request in self.situation.requests.values():
            if request.decision is None and changed & set(request.scope):
                yield f"申请{request.id}涉及不再要求的应报，仍待答复"


def _mailbox(person: Contact | None) -> str:
    return person.email.lower() if person else ""


def _designed(plan: Plan, round_id: str, department: str) -> Form | None:
    if not plan.expected_of(round_id, department):
        return None
    return design(plan, round_id, department, serial="", version=1, previous={}, coop={}, coop_notes={})


# -- what the files say otherwise ---------------------------------------------------------------------------------------


def differences(old: Plan, new: Plan) -> Iterator[str]:
    """Yield in Chinese what two definitions and directories say otherwise, in the order of a definition file."""
    before, after = old.definition, new.definition
    yield from _fields("专项行动", before.campaign, after.campaign)
    for what, pairs in _listed(before, after):
        yield from _of_list(what, *pairs)
    forms = {one.id: one for one in before.forms}
    for form in after.forms:
        if form.id in forms:
            was = forms[form.id]
            yield from _of_list(f"报表“{form.title}”的指标", *(_by(named(one), "id", "label") for one in (was, form)))
            yield from _of_list(f"报表“{form.title}”的行", *(_by(one.rows, "id", "label") for one in (was, form)))
    yield from _of_list("单位", *(_by(one.directory.organs, "id", "name") for one in (old, new)))
    yield from _of_list("成组单位", *(_by(one.directory.groups, "id", "name") for one in (old, new)))


_Named = Mapping[str, tuple[str, BaseModel]]


def _listed(before: Definition, after: Definition) -> Iterator[tuple[str, tuple[_Named, _Named]]]:
    for what, name, key, label in (
        ("阶段", "phases", "id", "title"),
        ("任务", "duties", "number", "title"),
        ("报送事项", "reports", "id", "title"),
        ("报表", "forms", "id", "title"),
        ("逻辑关系", "rules", "id", "text"),
        ("催报", "ladder", "id", "title"),
    ):
        yield what, (_by(getattr(before, name), key, label), _by(getattr(after, name), key, label))


def _by(listed: Iterable[BaseModel], key: str, label: str) -> _Named:
    return {str(getattr(one, key)): (str(getattr(one, label)), one) for one in listed}


def _of_list(what: str, before: _Named, after: _Named) -> Iterator[str]:
    for code in dict.fromkeys((*before, *after)):
        named = f"{what}{code}" if code.isdigit() else what
        if code not in before:
            yield f"新增{named}“{after[code][0]}”"
        elif code not in after:
            yield f"删去{named}“{before[code][0]}”"
        else:
            yield from _fields(f"{named}“{after[code][0]}”", before[code][1], after[code][1])


def _fields(named: str, before: BaseModel, after: BaseModel) -> Iterator[str]:
    """Yield which fields of one thing differ; those that are lists of their own are told apart."""
    told = [
        _words(field.title or name, getattr(before, name), getattr(after, name))
        for name, field in type(after).model_fields.items()
        if getattr(before, name) != getattr(after, name) and name not in ("indicators", "rows", "assumed")
    ]
    if told:
        yield f"{named}：{'，'.join(told)}"


def _words(title: str, before: object, after: object) -> str:
    was, now = _plainly(before), _plainly(after)
    return f"{title}由“{was}”改为“{now}”" if was and now and len(was + now) < 80 else f"{title}有改动"


def _plainly(value: object) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return in_chinese(value)
    if isinstance(value, Contact):
        return f"{value.name} {value.email}"
    if isinstance(value, tuple) and all(isinstance(one, (str, int)) for one in value):
        return "、".join(str(one) for one in value) or "无"
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
