"""Offices one above the other: each superior's in a process of its own, behind its door on 127.0.0.1; the lowest is this one."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from campaigns.clocks import Clock
from campaigns.definition import Campaign, Definition, Duty, Form, Hop, Indicator, Report, Role, Rule, Source, Upward
from campaigns.findings import Severity
from campaigns.organs import Directory, Organ
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from flows import tick
from integrations import settings
from tasks.campaign import launch
from tasks.doors import upload_link
from tasks.office import Office
from tests.builders import WORKDAYS, organ, small_definition, small_directory
from tests.flows.test_tick import LAUNCHED, at

PROVINCE_ROUND = "sheng-2020/year-2020-1"
HOURS = time(8, 30), time(17, 30)
UPWARD = Upward(to="省联席办", codes={"cases": "cases_filed", "closed": "cases_closed"}, duties={1: (1, 3), 2: (2,)})
_SERVE = """import socket, sys, uvicorn
from integrations import clock
from liandong.web import create_app
listening = socket.socket(fileno=int(sys.argv[1]))
uvicorn.Server(uvicorn.Config(create_app(clock.now), log_level="error", access_log=False)).run(sockets=[listening])
"""


def province_plan(upward: Upward | None = None) -> Plan:
    """Return a province's campaign: two duties that two city offices answer for, three figures, one rule; due on 20 December."""
    cities = (organ("ceshi", "测试市联席办"), organ("lingyi", "另一市联席办"))
    return _plan_of("sheng", "全省放心消费", "省联席办", "12-20", cities, upward)


def nation_plan() -> Plan:
    """Return a campaign above the provinces' that asks of two of them what they ask of their cities; due on 28 December."""
    provinces = (organ("sheng", "省联席办", "省"), organ("lingsheng", "另一省联席办", "省"))
    return _plan_of("quanguo", "全国放心消费", "总局专项办", "12-28", provinces, None)


def _plan_of(code: str, title: str, office: str, due: str, units: tuple[Organ, ...], upward: Upward | None) -> Plan:
    names = tuple(one.name for one in units)
    definition = Definition(
        campaign=Campaign(
            id=f"{code}-2020",
            title=f"{title}专项行动",
            short_title=title,
            office=office,
            starts=date(2020, 10, 20),
            ends=date(2021, 3, 31),
            source=Source(title="关于开展专项行动的通知", body=office, issued_on=date(2020, 10, 20)),
        ),
        directory=code,
        duties=(
            Duty(number=1, title="查处案件", joint_leads=names),
            Duty(number=2, title="打造商圈", joint_leads=names),
        ),
        reports=(
            Report(
                id="year",
                title="统计表",
                form="whole",
                clock=Clock(yearly=(due,)),
                hops=(Hop(role=Role.LEAD, to="office"),),
                upward=upward,
            ),
        ),
        forms=(
            Form(
                id="whole",
                title="统计表",
                indicators=(
                    Indicator(id="cases", label="查处案件", unit="件"),
                    Indicator(id="closed", label="办结案件", unit="件"),
                    Indicator(id="penalty", label="罚没款", unit="元"),
                ),
            ),
        ),
        rules=(Rule(id="many", form="whole", text="查处案件超过100件的，请核对", check="cases <= 100", severity=Severity.BLOCK),),
    )
    return expand(definition, Directory(id=code, title=f"{office}通讯录", organs=units), WORKDAYS, OfficeHours())


def city_plan() -> Plan:
    """Return the small campaign of a city that hands its totals in to the province."""
    small = small_definition()
    reports = tuple(one.model_copy(update={"upward": UPWARD}) for one in small.reports)
    return expand(small.model_copy(update={"reports": reports}), small_directory(), WORKDAYS, OfficeHours())


@dataclass
class Superior:
    """An office above: its ledger can be read from here, its door is in another process; `below` is who hands in to it."""

    office: Office
    round: str
    below: str
    port: int = 0
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def link(self) -> str:
        """Return the link by which the office below hands in."""
        with self.office.ledger() as ledger:
            a_round = next(one for one in ledger.rounds(self.round.split("/")[0]) if one.id == self.round)
            token = upload_link(self.office, ledger, a_round, self.below, at(12, 12))
        return f"http://127.0.0.1:{self.port}/u/{token}"

    def open(self) -> None:
        """Open its door."""
        with socket.create_server(("127.0.0.1", self.port)) as listening:
            self.port = listening.getsockname()[1]
            number = listening.fileno()
            environment = {name: value for name, value in os.environ.items() if not name.startswith("LIANDONG_")}
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-c", _SERVE, str(number)],
                    pass_fds=[number],
                    env=environment | {"LIANDONG_HOME": str(self.office.home), "PYTHONPATH": os.pathsep.join(sys.path)},
                )
            )

    def close(self) -> None:
        """Close its door, as when its machine is off."""
        while self.running:
            process = self.running.pop()
            process.kill()
            process.wait()

    def figures(self) -> dict[tuple[int, str], str]:
        """Return what counts there of the office below, by duty and indicator."""
        with self.office.ledger() as ledger:
            facts = ledger.figures(self.round.split("/")[0], "own", round_id=self.round)
        return {(one.duty, one.indicator): f"{one.value.normalize():f}" for one in facts if one.department == self.below}

    def envelopes(self) -> list[tuple[str, str | None]]:
        """Return the doors and outcomes of everything that arrived."""
        with self.office.ledger() as ledger:
            return [(one.door, one.outcome) for one in ledger.envelopes()]


@contextmanager
def standing_in(home: Path) -> Iterator[None]:
    """Make an office the one that this process works for, for a while."""
    before = dict(os.environ)
    settings.set_home(home)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def superior(home: Path, plan: Plan, below: str, now: datetime) -> Iterator[Superior]:
    """Yield an office whose first round is open; its clock stands still. The process's own office is what it was before."""
    with standing_in(home):
        made = Office(settings.initialise(plan.definition.campaign.office, "shangji@example.gov.cn", *HOURS, None, now))
        with (home / settings.FILE).open("a", encoding="utf-8") as file:
            file.write('[upward]\naddresses = ["127.0.0.1"]\n')
        launch(plan, LAUNCHED)
        tick.daily(at(11, 18))
    found = Superior(made, plan.rounds[0].id, below)
    try:
        yield found
    finally:
        found.close()
