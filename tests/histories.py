"""Random histories of a campaign by seed: opened, reported, moved, waived, taken back, merged, closed, in any order.

Everything that must hold is asserted after every step, against a model that is told apart from what it checks.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from campaigns.decisions import Decision, Effect, Kind, Moved, Situation, effect
from campaigns.definition import Duty, Hop, Role
from campaigns.errors import Refused
from campaigns.events import Event, canonical
from campaigns.graph import NEEDS, REPORTS_TO, edges
from campaigns.plan import Plan, expand
from campaigns.records import CampaignRecord
from campaigns.replay import Replayed, launched, replay, step
from campaigns.states import Standing, State, rates, state, tally
from campaigns.workdays import OfficeHours, Slots, office_date
from tests.builders import WORKDAYS, small_definition, small_directory

LAUNCH = datetime(2020, 10, 20, 1, tzinfo=UTC)
HOURS = OfficeHours()
SLOTS = Slots(WORKDAYS, HOURS)
PLANS = 64
_KINDS = (Kind.EXTEND, Kind.EXTEND, Kind.WAIVE, Kind.RESUME, Kind.MERGE, Kind.RETURN, Kind.WITHDRAW, Kind.CLOSE)


@lru_cache(maxsize=PLANS)
def random_plan(seed: int) -> Plan:
    """Return the plan of a campaign with up to six duties that need one another in any way that has no cycle."""
    chance = random.Random(seed)
    small, directory = small_definition(), small_directory()
    names = [organ.name for organ in directory.organs]
    duties = []
    for number in range(1, chance.randint(2, 7)):
        chosen = chance.sample(names, chance.randint(1, 4))
        needs = tuple(n for n in range(1, number) if chance.random() < 0.35)
        leads = chance.randint(1, min(2, len(chosen)))
        duties.append(
            Duty(number=number, title=f"任务{number}", lead=tuple(chosen[:leads]), cooperating=tuple(chosen[leads:]), needs=needs)
        )
    hops = (Hop(role=Role.COOPERATING, to="lead", working_days_before=chance.randint(1, 10)), Hop(role=Role.LEAD, to="office"))
    report = small.reports[0].model_copy(update={"hops": hops})
    definition = small.model_copy(update={"duties": tuple(duties), "reports": (report,)})
    plan = expand(definition, directory, WORKDAYS, HOURS)
    assert plan.usable, plan.problems
    return plan


@dataclass
class Report:
    """What the model knows of an expected report: everything that happened, nothing folded."""

    dates: list[tuple[datetime, datetime]]  # from when, which date
    versions: list[tuple[str, datetime, bool]] = field(default_factory=list)
    excused: bool = False
    merged: bool = False
    closed: datetime | None = None
    given: int = 0

    def state(self, as_of: datetime) -> State:
        """Return the state, from first principles."""
        moment = min(as_of, self.closed) if self.closed else as_of

        def due(at: datetime) -> datetime:
            return [day for since, day in self.dates if since <= at][-1]

        if not self.versions:
            if self.merged:
                return State.NOT_APPLICABLE
            if self.excused:
                return State.WAIVED
            return State.MISSING if moment > due(moment) else State.OPEN
        first = min(at for _, at, _ in self.versions)
        if first > due(first) and not (self.excused or self.merged):
            return State.LATE
        return State.NIL if self.versions[-1][2] else State.RECEIVED


class World:
    """A campaign, its events, what they come to, and the model beside it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.plan = random_plan(seed % PLANS)
        self.now = LAUNCH
        self.texts: list[str] = []
        self.events: list[Event] = []
        self.found = Replayed()
        campaign = self.plan.definition.campaign
        directory = self.plan.directory.model_dump_json()
        self.launched = CampaignRecord(campaign.id, campaign.title, "v1", "", directory, "live", "", LAUNCH)
        data = launched(self.launched, self.plan.rounds, self.plan.expected)
        self.record(Event(campaign.id, "campaign.launched", campaign.id, LAUNCH, "office", "launch", data))
        self.model = {one.id: Report([(LAUNCH, one.due_at)]) for one in self.plan.expected}
        self.closed: dict[str, Mapping[str, int]] = {}
        self.of_round = {a_round.id: [one.id for one in self.plan.expected_in(a_round.id)] for a_round in self.plan.rounds}
        self.decided = self.refused = 0

    def record(self, event: Event) -> None:
        """Take one event into the record."""
        text = canonical(event, len(self.texts) + 1, event.occurred_at)
        self.texts.append(text)
        self.events.append(event)
        step(self.found, text)

    def event(self, kind: str, about: str, **data: object) -> None:
        self.record(Event(self.plan.definition.campaign.id, kind, about, self.now, "tick", "test", data))

    @property
    def situation(self) -> Situation:
        """Return what a decision is taken on."""
        return Situation(self.plan, SLOTS, self.found.rounds, dict(self.found.standings), self.now)

    def act(self) -> None:
        """Let some time pass and one thing happen."""
        self.now += timedelta(hours=self.chance.choice((0, 1, 5, 26, 50, 120)))
        chosen = self.chance.random()
        if chosen < 0.1:
            self.open()
        elif chosen < 0.55:
            self.submit()
        else:
            self.decide()
        self.check()

    def open(self) -> None:
        """Open a round that is not open."""
        waiting = [one.id for one in self.found.rounds.values() if one.opened_at is None]
        if waiting:
            self.event("round.opened", waiting[0])

    def submit(self) -> None:
        """Let somebody report something, perhaps again, perhaps nil, perhaps with faults."""
        code = self.chance.choice(list(self.model))
        mine = self.model[code]
        if mine.closed or self.found.rounds[code.rsplit("/", 2)[0]].opened_at is None:
            return
        number = f"R-{len(self.texts)}:{code}#1"
        if self.chance.random() < 0.2:
            self.event("submission.returned", code, submission=number, version=0, nil=False)
            return
        nil = self.chance.random() < 0.3
        mine.given += 1
        assert mine.given == self.found.standings[code].highest + 1
        # now and then it lay for some days in a mailbox that could not be reached
        came = max(LAUNCH, self.now - timedelta(hours=self.chance.choice((0, 0, 0, 0, 7, 70))))
        data = {"submission": number, "version": mine.given, "nil": nil}
        self.record(Event(self.plan.definition.campaign.id, "submission.accepted", code, came, "tick", "test", data))
        mine.versions.append((number, came, nil))
        mine.versions.sort(key=lambda one: one[1])

    def decide(self) -> None:
        """Decide something, sensible or not; what is refused changes nothing."""
        kind = self.chance.choice(_KINDS)
        code = self.chance.choice(list(self.model))
        department, round_id = code.rsplit("/", 1)[1], code.rsplit("/", 2)[0]
        alike = [one for one in self.model if one.startswith(round_id)]
        scope: tuple[str, ...] = (code,)
        granted: dict[str, str] = {}
        if kind is Kind.EXTEND:
            scope = tuple(self.chance.sample(alike, min(len(alike), self.chance.choice((1, 1, 2, 4)))))
            granted = {
                "to": (office_date(self.found.standings[code].due_at) + timedelta(self.chance.randint(-3, 20))).isoformat()
            }
        elif kind is Kind.MERGE:
            scope, granted = (department,), {"into": self.chance.choice([organ.id for organ in self.plan.directory.organs])}
        elif kind is Kind.CLOSE:
            if self.chance.random() < 0.7:
                return
            scope = (round_id,)
        decision = Decision(
            f"D{len(self.texts)}", "test-2020", kind, scope, "张甲", "主任", "依据", office_date(self.now), granted
        )
        before = dict(self.found.standings)
        try:
            told = effect(self.situation, decision)
        except Refused as refused:
            assert refused.reasons
            assert self.found.standings == before
            self.refused += 1
            return
        self.decided += 1
        for event in told.events:
            self.record(event)
        self._apply(kind, scope, told, before)

    def _apply(self, kind: Kind, scope: tuple[str, ...], told: Effect, before: Mapping[str, Standing]) -> None:
        for code in scope if kind is not Kind.MERGE else [event.about for event in told.events[1:]]:
            if kind is Kind.WAIVE:
                self.model[code].excused = True
            elif kind is Kind.RESUME:
                self.model[code].excused = self.model[code].merged = False
            elif kind is Kind.MERGE:
                self.model[code].merged = True
            elif kind in (Kind.RETURN, Kind.WITHDRAW):
                self.model[code].versions.pop()
            elif kind is Kind.CLOSE:
                for one in (one for name, one in self.model.items() if name.startswith(f"{code}/")):
                    one.closed = self.now
        if kind is Kind.EXTEND:
            to = date.fromisoformat(told.decision.granted["to"])
            moved = brute_force(self.plan, before, scope, to)
            assert {one.expected: office_date(one.after) for one in told.moved} == moved
            for one in told.moved:
                self.model[one.expected].dates.append((self.now, one.after))
                assert self.found.standings[one.expected].due_at == one.after > one.before
            _closings(self, told.moved)
        shown = {one.expected for one in told.changed} | {one.expected for one in told.moved}
        actual = {code for code, one in self.found.standings.items() if one != before[code]}
        assert shown <= actual | set(scope)
        for one in told.rates:
            mine = self.of_round[one.round]
            assert one.after == rates(tally(state(self.found.standings[code], self.now) for code in mine))

    def check(self) -> None:
        """Assert what must hold at every moment."""
        for round_id, a_round in self.found.rounds.items():
            mine = self.of_round[round_id]
            for as_of in (self.now, self.now + timedelta(days=90)):
                states = [state(self.found.standings[code], as_of) for code in mine]
                assert states == [self.model[code].state(as_of) for code in mine]
                counts = tally(states)
                assert counts["expected"] == len(mine) == sum(counts[one] for one in State)
                found = rates(counts)
                assert all(one is None or Decimal(0) <= one <= 100 for one in (found.completeness, found.punctuality))
                if a_round.closed_at:
                    assert self.closed.setdefault(round_id, counts) == counts == a_round.tally

    def end(self) -> None:
        """Assert that the record alone gives the very same."""
        assert repr(replay(self.texts)) == repr(self.found)


def _closings(world: World, moved: tuple[Moved, ...]) -> None:
    for one in moved:
        a_round = world.found.rounds[one.expected.rsplit("/", 2)[0]]
        assert office_date(one.after) <= a_round.closes_on


def brute_force(plan: Plan, standings: Mapping[str, Standing], scope: tuple[str, ...], to: date) -> dict[str, date]:
    """Return which dates an extension moves where, found by going round and round until nothing moves any more."""
    planned = {one.id: office_date(one.due_at) for one in plan.expected}
    new = dict.fromkeys(scope, to)
    again = True
    while again:
        again = False
        for edge in edges(plan):
            if edge.kind not in (REPORTS_TO, NEEDS) or edge.source not in new or edge.target in scope:
                continue
            standing = standings[edge.target]
            if not standing.owed or standing.closed_at:
                continue
            gap = 0 if edge.kind == NEEDS else WORKDAYS.between(planned[edge.source], planned[edge.target])
            needed = WORKDAYS.shift(new[edge.source], gap)
            if needed > new.get(edge.target, office_date(standing.due_at)):
                new[edge.target], again = needed, True
    return new


def live(seed: int, steps: int = 25) -> World:
    """Return a campaign after a whole random history in which everything held."""
    world = World(seed)
    for _ in range(steps):
        world.act()
    world.end()
    return world
