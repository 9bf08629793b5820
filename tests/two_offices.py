"""Two offices: a province's in a process of its own, behind its door on 127.0.0.1, and the city's, which is this process."""

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
from campaigns.organs import Directory
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
UPWARD = Upward(to="省联席办", codes={"cases": "cases_filed", "closed": "cases_closed"}, duties={1: (1, 3), 2: (2,)})
_SERVE = """import socket, sys, uvicorn
from integrations import clock
from liandong.web import create_app
listening = socket.socket(fileno=int(sys.argv[1]))
uvicorn.Server(uvicorn.Config(create_app(clock.now), log_level="error", access_log=False)).run(sockets=[listening])
"""


def province_plan() -> Plan:
    """Return a province's campaign: two duties that two city offices answer for, three figures, one rule; due on 20 December."""
    definition = Definition(
        campaign=Campaign(
            id="sheng-2020",
            title="某省放心消费专项行动",
            short_title="全省放心消费",
            office="省联席办",
            starts=date(2020, 10, 20),
            ends=date(2021, 3, 31),
            source=Source(title="关于开展全省专项行动的通知", body="省联席办", issued_on=date(2020, 10, 20)),
        ),
        directory="sheng",
        duties=(
            Duty(number=1, title="查处案件", joint_leads=("测试市联席办", "另一市联席办")),
            Duty(number=2, title="打造商圈", joint_leads=("测试市联席办", "另一市联席办")),
        ),
        reports=(
            Report(
                id="year",
                title="全省统计表",
                form="whole",
                clock=Clock(yearly=("12-20",)),
                hops=(Hop(role=Role.LEAD, to="office"),),
            ),
        ),
        forms=(
            Form(
                id="whole",
                title="全省统计表",
                indicators=(
                    Indicator(id="cases", label="查处案件", unit="件"),
                    Indicator(id="closed", label="办结案件", unit="件"),
                    Indicator(id="penalty", label="罚没款", unit="元"),
                ),
            ),
        ),
        rules=(Rule(id="many", form="whole", text="查处案件超过100件的，请核对", check="cases <= 100", severity=Severity.BLOCK),),
    )
    cities = (organ("ceshi", "测试市联席办"), organ("lingyi", "另一市联席办"))
    return expand(definition, Directory(id="sheng", title="某省通讯录", organs=cities), WORKDAYS, OfficeHours())


def city_plan() -> Plan:
    """Return the small campaign of a city that hands its totals in to the province."""
    small = small_definition()
    reports = tuple(one.model_copy(update={"upward": UPWARD}) for one in small.reports)
    return expand(small.model_copy(update={"reports": reports}), small_directory(), WORKDAYS, OfficeHours())


@dataclass
class Province:
    """The office above: its ledger can be read from here, its door is in another process."""

    office: Office
    port: int
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def link(self) -> str:
        """Return the link by which the city's office hands in."""
        with self.office.ledger() as ledger:
            a_round = next(one for one in ledger.rounds("sheng-2020") if one.id == PROVINCE_ROUND)
            token = upload_link(self.office, ledger, a_round, "ceshi", at(12, 12))
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
        """Return what counts at the province, by duty and indicator."""
        with self.office.ledger() as ledger:
            facts = ledger.figures("sheng-2020", "own", round_id=PROVINCE_ROUND)
        return {(one.duty, one.indicator): f"{one.value.normalize():f}" for one in facts if one.department == "ceshi"}

    def envelopes(self) -> list[tuple[str, str | None]]:
        """Return the doors and outcomes of everything that arrived."""
        with self.office.ledger() as ledger:
            return [(one.door, one.outcome) for one in ledger.envelopes()]


@contextmanager
def province(home: Path, now: datetime) -> Iterator[Province]:
    """Yield a province whose round is open; its clock stands still. The process's own office is what it was before."""
    before = dict(os.environ)
    settings.set_home(home)
    try:
        made = Office(settings.initialise("省联席办", "sheng@example.gov.cn", time(8, 30), time(17, 30), None, now))
        launch(province_plan(), LAUNCHED)
        tick.daily(at(11, 10))
    finally:
        os.environ.clear()
        os.environ.update(before)
    found = Province(made, 0)
    try:
        yield found
    finally:
        found.close()
