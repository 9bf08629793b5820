"""The main job from start to end: the Hezhou campaign's first two rounds in virtual time, against simulated departments."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Protocol

from campaigns.errors import Conflict, WorldError
from campaigns.ladder import rung_day
from campaigns.letters import Kind, Outcome
from campaigns.plan import Plan, Round
from campaigns.records import EnvelopeRecord, MessageRecord
from campaigns.workdays import OfficeHours, Slots, in_chinese, instant, office_date, office_time
from integrations import settings
from integrations.clock import now
from integrations.pictures import graph_picture
from liandong import prefect_server
from liandong.definitions import load
from liandong.simulated_departments import City
from tasks.campaign import picture, plan_of, version_of
from tasks.closing import closing_slot
from tasks.dispatch import opening_slot
from tasks.ledger_page import PAGE
from tasks.office import names, office

CAMPAIGN = "hezhou-2020"
OFFICE, MAILBOX = "贺州市消费者权益保护工作联席会议办公室", "office@example.gov.cn"
LAUNCHED = instant(date(2020, 10, 20), OfficeHours().start)
ROUNDS = 2
PATIENCE = 240  # seconds for the launch, on a slow machine too
FORMS, LETTERS, RECEIVED, ANNOTATED, ROLLUPS = "下发报表", "信件", "收到的文件", "退回的批注件", "汇总"
DOCUMENTS = "报告"
GRAPH, INDEX, HOME = "依赖关系图.png", "index.json", "office"
DRAFTS, DRAFTED = "试一试", "jyj"  # a filled form of this department, for a visitor to drop into the inbox
MADE_HERE = (DRAFTS, FORMS, LETTERS, RECEIVED, ANNOTATED, ROLLUPS, DOCUMENTS, GRAPH, PAGE, HOME, INDEX)
KINDS = {
    Kind.ASSIGNMENT: "任务分工",
    Kind.REMINDER: "催办",
    Kind.OVERDUE: "逾期通知",
    Kind.BUNDLE: "配合单位材料",
    Kind.ROLLUP: "汇总",
    Kind.DECISION: "决定",
    Kind.RECEIPT: "回执",
    Kind.UNDELIVERED: "未送达",
    Kind.ALERT: "运行提醒",
}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the folder to look at. For a received file: its order, how it ended, and the reports it was accepted for."""

    path: str
    kind: str
    department: str | None
    round: str | None
    order: int | None = None
    outcome: str | None = None
    accepted: tuple[str, ...] = ()


def run_demo(out: Path, say: Say) -> None:
    """Run the demo into a folder: launched through a real Prefect server, two rounds long, every file gathered to look at."""
    home = _fresh(out)
    settings.set_home(home)
    for name in [name for name in os.environ if name.startswith("PREFECT_") and "DATABASE" in name]:
        del os.environ[name]  # a real office's: the demo's server has a database of its own
    # told to end, stop the server as well
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say("启动本机的 Prefect 服务……")
    server = prefect_server.start(home)
    # Prefect reads these when it is imported, which nothing above has done; its runs are processes that must find this checkout
    os.environ.update(server.variables)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    checkout = str(Path(__file__).parent.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (checkout, os.environ.get("PYTHONPATH"))))
    try:
        city = City(home / "outbox", home / "inbox")
        asyncio.run(walk(_ThisMachine(), city, say))
    finally:
        server.stop()
    entries = sorted([*gather(out, CAMPAIGN), _draft(city, out)], key=lambda entry: (entry.kind, entry.order or 0, entry.path))
    document = {"campaign": CAMPAIGN, "files": [asdict(entry) for entry in entries]}
    (out / INDEX).write_text(json.dumps(document, ensure_ascii=False, indent=1), "utf-8")
    _say_what_to_open(out, entries, say)


def _fresh(out: Path) -> Path:
    """Return the office's home in an empty folder; an earlier demo in it is removed, anything else is a Conflict."""
    found = [path.name for path in out.iterdir()] if out.is_dir() else []
    if out.exists() and not out.is_dir():
        raise Conflict(f"“{out}”是一个文件，请换一个文件夹")
    if found and (HOME not in found or not set(found) <= set(MADE_HERE)):
        raise Conflict(f"“{out}”里有别的文件，演示不会动它们，请换一个空文件夹")
    for name in found:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    home = out / HOME
    home.mkdir(parents=True)
    return home


class Machine(Protocol):
    """Where the demo's flows run, and its clock, which stands still between two moments of the walk."""

    def stop_clock(self, moment: datetime) -> None:
        """Make this moment the office's now."""

    async def launch(self) -> None:
        """Launch the campaign."""

    async def collect(self, moment: datetime) -> None:
        """Take in what arrived."""

    async def daily(self, moment: datetime) -> None:
        """Do what is due."""


class _ThisMachine:
    """A Prefect server on this machine: the launch is a run of its deployment, the ticks run in this process."""

    def stop_clock(self, moment: datetime) -> None:
        hours = OfficeHours()
        # for every process of the demo, and for who opens its data later
        settings.initialise(OFFICE, MAILBOX, hours.start, hours.end, None, moment)

    async def launch(self) -> None:
        await _launch()

    async def collect(self, moment: datetime) -> None:
        from flows.collect_submissions import collect_submissions

        await collect_submissions(as_of=moment)

    async def daily(self, moment: datetime) -> None:
        from flows.daily_round import daily_round

        await daily_round(as_of=moment)


async def walk(machine: Machine, city: City, say: Say) -> None:
    """Launch the campaign and walk its first rounds, from one moment to the next at which something happens.

    Then the next round is opened, so that a visitor meets a living one.
    """
    machine.stop_clock(LAUNCHED)
    say(f"下达：{load(CAMPAIGN).definition.campaign.title}")
    await machine.launch()
    plan = plan_of(CAMPAIGN)
    diary = _Diary(say)
    slots = office().slots(plan)
    ahead = {moment for moment in _moments(plan, slots) if moment > LAUNCHED}
    end = max(ahead)
    diary.tell(LAUNCHED, city.act(LAUNCHED))
    while ahead:
        moment = min(ahead | {city.next_action() or end})
        machine.stop_clock(moment)
        done = city.act(moment)
        if done:
            await machine.collect(moment)
            if any(_first_hop(one, slots) < moment <= slots.hours.deadline(one.closes_on) for one in plan.rounds[:ROUNDS]):
                ahead.add(slots.at_or_after(moment))  # leads are told of what arrived
        if moment in ahead:
            ahead.remove(moment)
            await machine.daily(moment)
        diary.tell(moment, [*done, *city.act(moment)])
    moment = slots.first_of(plan.rounds[ROUNDS].opens_on)
    machine.stop_clock(moment)
    await machine.daily(moment)
    diary.tell(moment, city.act(moment))


async def _launch() -> None:
    """Launch the campaign as a run of its deployment, in a process of its own as Prefect does it."""
    from prefect.client.orchestration import get_client

    from liandong.deployments import deployments, launch_in_prefect
    from tasks.window import find

    plan = load(CAMPAIGN)
    # the ticks are not deployed: their clocks would start real runs in the middle of virtual time
    await deployments([(CAMPAIGN, plan.definition.campaign.title)])[0].aapply()
    await launch_in_prefect(CAMPAIGN, version_of(plan))
    async with get_client() as client:
        run = await find(client, CAMPAIGN)
        assert run is not None
        command = [sys.executable, "-m", "prefect", "flow-run", "execute", str(run.id)]
        loud = {**os.environ, "PREFECT_LOGGING_LEVEL": "ERROR"}
        process = await asyncio.create_subprocess_exec(*command, env=loud, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
        try:
            told, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        except TimeoutError:
            told = f"no end after {PATIENCE} s".encode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        state = (await client.read_flow_run(run.id)).state
    if state is None or not state.is_paused():
        log = settings.home() / "prefect" / "launch.log"
        log.write_bytes(told)
        raise WorldError(f"专项行动没能在 Prefect 中启动，详见 {log}")


def _moments(plan: Plan, slots: Slots) -> Iterator[datetime]:
    """Return the daily rounds of the first rounds at which the plan has something to do."""
    with office().ledger() as ledger:
        records = ledger.rounds(CAMPAIGN)[:ROUNDS]
    for record in records:
        yield opening_slot(record, slots)
        yield closing_slot(record, slots)
    for a_round in plan.rounds[:ROUNDS]:
        yield slots.at_or_after(_first_hop(a_round, slots))
        for _, due_on in a_round.due:
            for rung in plan.definition.ladder:
                yield slots.first_of(rung_day(due_on, rung, slots.workdays))


def _first_hop(a_round: Round, slots: Slots) -> datetime:
    return slots.hours.deadline(min(day for _, day in a_round.due))


class _Diary:
    """Tells what happened, a heading for each day on which something did."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._day = ""
        self._letters: set[str] = set()
        self._settled: set[str] = set()

    def tell(self, moment: datetime, done: list[str]) -> None:
        """Say what departments did and what the office answered and sent since the last time."""
        with office().ledger() as ledger:
            letters = [one for one in ledger.messages() if one.key not in self._letters]
            settled = [one for one in ledger.envelopes() if one.outcome and one.id not in self._settled]
        self._letters |= {one.key for one in letters}
        self._settled |= {one.id for one in settled}
        lines = list(done)
        if settled:
            counts = Counter(Outcome(one.outcome or "").chinese for one in settled)
            lines.append("办公室审核来件：" + "，".join(f"{word}{count}件" for word, count in counts.items()))
        if letters:
            kinds = Counter(Kind(one.kind) for one in letters)
            lines.append("办公室发信：" + "，".join(f"{KINDS[kind]}{count}封" for kind, count in kinds.items()))
        day = in_chinese(office_date(moment))
        if lines and day != self._day:
            self._day = day
            self._say(day)
        for line in lines:
            self._say(f"　{line}")


def gather(out: Path, campaign: str) -> Iterator[Entry]:
    """Copy what a campaign made out of the office's data, under names people read, and return the index of it."""
    at = office()
    with at.ledger() as ledger:
        rounds = [one for one in ledger.rounds(campaign) if one.opened_at]
        forms = [form for a_round in rounds for form in ledger.forms(a_round.id)]
        messages, envelopes = ledger.messages(), ledger.envelopes()
        submissions = [one for a_round in rounds for one in ledger.submissions(a_round.id)]
        rollups = [one for a_round in rounds for one in ledger.rollups(a_round.id)]
        documents = ledger.documents(campaign)
    plan = plan_of(campaign)
    named, labels = names(plan), {a_round.id: a_round.label for a_round in plan.rounds}
    for form in forms:
        path = f"{FORMS}/{labels[form.round]}/{named[form.department]}_第{form.version}版.xlsx"
        _put(out / path, at.bytes_of(form.sha256))
        yield Entry(path, "form", form.department, form.round)
    for message in messages:
        raw = at.bytes_of(message.sha256)
        path = f"{LETTERS}/{message.file}"
        _put(out / path, raw)
        yield Entry(path, "letter", message.department, message.round)
        if message.kind == Kind.RECEIPT:
            yield from _annotated(out, message, raw)
    for order, envelope in enumerate(envelopes, start=1):
        path = f"{RECEIVED}/{_received_name(order, envelope)}"
        _put(out / path, at.bytes_of(envelope.sha256))
        accepted = tuple(one.expected for one in submissions if one.envelope == envelope.id and one.outcome == "accepted")
        yield Entry(path, "received", envelope.department, envelope.round, order, envelope.outcome, accepted)
    for rollup in rollups:
        path = f"{ROLLUPS}/{Path(rollup.file).name}"
        _put(out / path, at.bytes_of(rollup.sha256))
        yield Entry(path, "rollup", None, rollup.round)
    for document in documents:
        path = f"{DOCUMENTS}/{Path(document.file).name}"
        _put(out / path, at.bytes_of(document.sha256))
        yield Entry(path, "document", None, document.round)
    last = [one.id for one in rounds if one.closed_at][-1]
    seen = next(one for one in picture(campaign, now()).rounds if one.id == last)
    graph_picture(plan, last, {bar.key: bar.state for bar in seen.bars}, out / GRAPH)
    yield Entry(GRAPH, "graph", None, last)
    # the page's links are relative to the office's home, one folder below
    page = re.sub(r'href="(?=(documents|forms|inbox|outbox|rollup)/)', f'href="{HOME}/', (at.home / PAGE).read_text("utf-8"))
    _put(out / PAGE, page.encode())
    yield Entry(PAGE, "ledger", None, None)


def _draft(city: City, out: Path) -> Entry:
    """Leave the answer of one department to be sent by hand."""
    following = plan_of(CAMPAIGN).rounds[ROUNDS]
    name, data = city.draft(DRAFTED, now())
    _put(out / DRAFTS / name, data)
    return Entry(f"{DRAFTS}/{name}", "form", DRAFTED, following.id)


def _annotated(out: Path, receipt: MessageRecord, raw: bytes) -> Iterator[Entry]:
    for part in message_from_bytes(raw, policy=default).iter_attachments():
        name = part.get_filename() or ""
        if name.lower().endswith(".xlsx"):
            path = f"{ANNOTATED}/{office_time(receipt.made_at):%Y%m%d-%H%M} {name}"
            _put(out / path, part.get_content())
            yield Entry(path, "annotated", receipt.department, receipt.round)


def _received_name(order: int, envelope: EnvelopeRecord) -> str:
    return f"{order:03} {office_time(envelope.received_at):%Y%m%d-%H%M} {Path(envelope.name).name}"


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _say_what_to_open(out: Path, entries: list[Entry], say: Say) -> None:
    counts = Counter(entry.kind for entry in entries)
    say(f"演示完成，结果在 {out}：")
    for path, what in (
        (PAGE, "台账：谁该报、报了没有"),
        (GRAPH, "任务、单位和汇总之间的先后关系"),
        (ROLLUPS, f"汇总表{counts['rollup']}份"),
        (DOCUMENTS, "各期的情况报告、情况通报、领导一页纸、台账和图表"),
        (FORMS, f"下发的报表{counts['form']}份"),
        (LETTERS, f"信件{counts['letter']}封，用邮件程序打开"),
        (RECEIVED, f"收到的文件{counts['received']}件"),
        (ANNOTATED, f"退回的批注件{counts['annotated']}份，错处已标红"),
    ):
        say(f"　{path}　{what}")
    say(f"先打开 {out / PAGE}；再运行 make serve，在浏览器里看 Prefect 界面。")
    say(f"第三期刚刚下发：把 {out / DRAFTS} 里填好的报表放进 {out / HOME / 'inbox'}，")
    say("再运行 make tick，台账和界面随即变化。")
