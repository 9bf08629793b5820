"""Amending over random histories: what is shown is what the record comes to, and nothing that must stay is touched."""

import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from campaigns.amendment import Amendment, Running, amendment
from campaigns.clocks import Clock
from campaigns.decisions import Decision, Kind, Situation, effect
from campaigns.definition import Duty, Indicator
from campaigns.errors import Refused
from campaigns.organs import Contact
from campaigns.plan import Plan, expand
from campaigns.replay import replay
from campaigns.states import Standing, State, state
from campaigns.workdays import office_date
from integrations.database import tables
from integrations.database.engine import engine, transaction
from tests.builders import WORKDAYS
from tests.histories import HOURS, SLOTS, live
from tests.test_histories import holds


class Amending:
    """A campaign with a history, amended again and again, with reports and extensions in between."""

    def __init__(self, seed: int) -> None:
        self.world = live(seed, 25)
        self.chance = random.Random(seed + 1)
        self.plan, self.version = self.world.plan, "v1"
        self.directories = [self.plan.directory]
        self.done = self.refused = 0

    def run(self, times: int) -> None:
        for number in range(times):
            self.world.now += timedelta(hours=self.chance.choice((1, 30, 200, 900)))
            self.amend(f"v{number + 2}")
            for _ in range(6):
                self.something()

    @property
    def situation(self) -> Situation:
        return Situation(self.plan, SLOTS, self.world.found.rounds, dict(self.world.found.standings), self.world.now)

    def something(self) -> None:
        """Let a round open, somebody report, or a date be moved."""
        world, found = self.world, self.world.found
        world.now += timedelta(hours=self.chance.choice((1, 5, 50)))
        what = self.chance.random()
        waiting = [one.id for one in found.rounds.values() if one.opened_at is None and one.closed_at is None]
        open_ones = [code for code, one in found.standings.items() if one.opened_at and not one.closed_at]
        if what < 0.2 and waiting:
            world.event("round.opened", waiting[0])
        elif what < 0.8 and open_ones:
            code = self.chance.choice(open_ones)
            if not found.standings[code].retired:
                number, version = f"R-{len(world.texts)}:{code}#1", found.standings[code].highest + 1
                world.event("submission.accepted", code, submission=number, version=version, nil=False)
        elif open_ones:
            code = self.chance.choice(open_ones)
            to = (office_date(found.standings[code].due_at) + timedelta(self.chance.randint(1, 20))).isoformat()
            decision = Decision(
                f"D{len(world.texts)}", "test-2020", Kind.EXTEND, (code,), "甲", "乙", "丙", office_date(world.now), {"to": to}
            )
            try:
                told = effect(self.situation, decision)
            except Refused:
                return
            for event in told.events:
                world.record(event)

    def amend(self, version: str) -> None:
        """Amend to some other plan; what cannot be done changes nothing, what is done is exactly what was told."""
        world, new = self.world, self.another()
        before, rounds = dict(world.found.standings), dict(world.found.rounds)
        issued = {
            (one.round, one.department) for one in self.plan.expected if rounds.get(one.round) and rounds[one.round].opened_at
        }
        running = Running(self.situation, self.directories[-1], self.version, frozenset(issued))
        decision = Decision(
            f"D{len(world.texts)}", "test-2020", Kind.AMEND, ("test-2020",), "甲", "乙", "丙", office_date(world.now)
        )
        try:
            found = amendment(running, new, version, decision)
        except Refused as refused:
            assert refused.reasons and world.found.standings == before
            self.refused += 1
            return
        self.done += 1
        for event in found.events:
            world.record(event)
        self.holds(found, before, rounds)
        self.plan, self.version = found.plan, version
        self.directories.append(new.directory)
        again = amendment(replace(running, situation=self.situation, version=version), new, version, decision)
        assert again.nothing and not again.events

    def another(self) -> Plan:
        """Return a plan that differs from the one in force in some ways."""
        chance, old, directory = self.chance, self.plan.definition, self.plan.directory
        names = [one.name for one in directory.organs]
        duties = list(old.duties)
        for _ in range(chance.randint(0, 3)):
            if len(duties) > 1 and chance.random() < 0.4:
                gone = duties.pop(chance.randrange(len(duties)))
                duties = [one.model_copy(update={"needs": tuple(n for n in one.needs if n != gone.number)}) for one in duties]
            chosen = chance.sample(names, chance.randint(1, 4))
            if chance.random() < 0.5:
                number = max(one.number for one in duties) + 1
                duties.append(Duty(number=number, title=f"任务{number}", lead=tuple(chosen[:1]), cooperating=tuple(chosen[1:])))
            else:
                at = chance.randrange(len(duties))
                duties[at] = duties[at].model_copy(update={"lead": tuple(chosen[:1]), "cooperating": tuple(chosen[1:])})
        report, form, campaign = old.reports[0], old.forms[0], old.campaign
        if chance.random() < 0.5:
            days = ("06-20", f"12-{chance.randint(1, 24):02}") if chance.random() < 0.9 else ("03-20", "06-20", "12-03")
            report = report.model_copy(update={"clock": Clock(yearly=days)})
        if chance.random() < 0.3:
            hop = report.hops[0].model_copy(update={"working_days_before": chance.randint(1, 10)})
            report = report.model_copy(update={"hops": (hop, *report.hops[1:])})
        if chance.random() < 0.3:
            kept = tuple(one for one in form.indicators if chance.random() < 0.9) or form.indicators
            more = Indicator(id=f"more{chance.randint(1, 9)}", label=f"新指标{chance.randint(1, 9)}", unit="件")
            form = form.model_copy(update={"indicators": tuple({one.id: one for one in (*kept, more)}.values())})
        if chance.random() < 0.3:
            campaign = campaign.model_copy(
                update={"ends": chance.choice((date(2021, 6, 30), date(2021, 12, 31), date(2022, 6, 30)))}
            )
        if chance.random() < 0.3:
            person = Contact(name="新联络员", email=f"new{chance.randint(1, 99)}@example.gov.cn")
            organs = tuple(
                one.model_copy(update={"liaison": person}) if chance.random() < 0.2 else one for one in directory.organs
            )
            directory = directory.model_copy(update={"organs": organs})
        update = {"duties": tuple(duties), "reports": (report,), "forms": (form,), "campaign": campaign, "rules": ()}
        return expand(old.model_copy(update=update), directory, WORKDAYS, HOURS)

    def holds(self, found: Amendment, before: dict[str, Standing], rounds: dict[str, Any]) -> None:
        """See that the record comes to what was told, and to nothing else."""
        world, after = self.world, self.world.found.standings
        moved = {one.expected: one.after for one in found.moved}
        retired, restored = ({one.id for one in each} for each in (found.retired, found.restored))
        added, dropped = ({one.id for one in each} for each in (found.added, found.dropped))
        assert after.keys() == (before.keys() | added) - dropped
        asked = {one.id for one in found.plan.expected}
        for code, one in after.items():
            was = before.get(code)
            if was is None:
                assert code in added and one.due_at == next(x.due_at for x in found.added if x.id == code)
                continue
            assert (one.accepted, one.highest, one.received_at) == (was.accepted, was.highest, was.received_at)
            assert one.due_at == moved.get(code, was.due_at)
            assert one.retired == ((was.retired or code in retired) and code not in restored)
            if was.closed_at is not None or (code not in moved and code not in retired | restored and one.closed_at is None):
                assert one == was
            assert one.retired or code in asked or rounds[code.rsplit("/", 2)[0]].opened_at is None, code
        for code, one in moved.items():
            assert after[code].opened_at is None or one > world.now or before[code].retired
        for code, record in rounds.items():
            if record.closed_at is not None:
                assert world.found.rounds[code] == record
        assert {one.id for one in found.plan.expected if one.round in world.found.rounds} <= after.keys()
        for record in world.found.rounds.values():
            if record.closed_at is None:
                mine = [after[one.id] for one in found.plan.expected_in(record.id)]
                assert all(office_date(one.due_at) <= record.closes_on for one in mine if one.owed), record
        told = {one.department for one in found.told}
        concerned = {one.department for one in (*found.roles, *found.retired, *found.restored)}
        assert concerned <= told | {department for _, department in found.assigned}
        for one in found.retired:
            assert state(after[one.id], world.now) is State.NOT_APPLICABLE


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_any_amendment_does_what_it_tells_and_nothing_else(seed: int) -> None:
    one = Amending(seed)
    one.run(3)
    assert replay(one.world.texts) == one.world.found


def test_many_amendments() -> None:
    worlds = [Amending(seed) for seed in range(40)]
    for one in worlds:
        one.run(4)
    assert sum(one.done for one in worlds) > 100
    assert sum(one.refused for one in worlds)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_ledger_holds_what_the_record_of_amendments_comes_to(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for seed in range(4):
        one = Amending(seed)
        one.run(3)
        world = one.world
        made = engine(f"sqlite:///{tmp_path / f'{seed}.db'}" if database == "sqlite" else request.getfixturevalue("postgresql"))
        with made.begin() as connection:
            for table in reversed(tables.Base.metadata.sorted_tables):
                connection.execute(text(f'DELETE FROM "{table.name}"'))
        with transaction(made) as session:
            holds(session, world)
