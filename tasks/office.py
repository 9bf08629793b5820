"""The open office: settings, ledger, stored bytes and the plans of its campaigns; what every step starts from."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from campaigns.amendment import in_force
from campaigns.definition import Definition
from campaigns.errors import Conflict
from campaigns.letters import Occasion, Recipient
from campaigns.organs import Directory, Organ
from campaigns.plan import OFFICE, Plan, expand
from campaigns.records import CampaignRecord
from campaigns.workdays import OfficeHours, Slots, Workdays, office_time
from integrations import calendar, clock, settings
from integrations.database.engine import engine, transaction
from integrations.database.ledger import Ledger
from integrations.files import sweep
from integrations.inbox import store
from integrations.inbox.folder import TAKEN

_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Office:
    """An office's settings and what hangs on them."""

    settings: settings.Settings

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Yield the ledger in one transaction."""
        with transaction(engine(self.settings.url)) as session:
            yield Ledger(session, clock.now())

    @property
    def home(self) -> Path:
        """Return the folder of the office's data."""
        return self.settings.home

    def keep(self, data: bytes) -> str:
        """Return the SHA-256 under which the bytes are now stored."""
        return store.keep(self.home / "raw", data)

    def sweep(self) -> int:
        """Return how many files were removed that a process that died had left half-written."""
        inbox = self.settings.watched_folder
        others = {inbox.resolve(), (self.home / "prefect").resolve()}  # senders still write to the one, Prefect to the other
        places = [*(one for one in self.home.glob("*/") if one.resolve() not in others), inbox / TAKEN]
        return sweep([self.home, *places, *(folder for place in places for folder in place.glob("*/"))])

    def bytes_of(self, digest: str) -> bytes:
        """Return stored bytes."""
        return store.path_of(self.home / "raw", digest).read_bytes()

    def workdays(self, definition: Definition) -> Workdays:
        """Return the working days that a campaign can touch, half a year before and after it included."""
        first, last = definition.campaign.starts.year - 1, definition.campaign.ends.year + 1
        folder = self.home / "calendar"
        return _workdays(first, last, folder, tuple((file, file.stat().st_mtime_ns) for file in sorted(folder.glob("*.yaml"))))

    def days(self, as_of: datetime) -> Slots:
        """Return when the office works around a moment."""
        year, folder = as_of.year, self.home / "calendar"
        files = tuple((file, file.stat().st_mtime_ns) for file in sorted(folder.glob("*.yaml")))
        return Slots(_workdays(year - 1, year + 1, folder, files), self.settings.hours)

    def plan(self, record: CampaignRecord) -> Plan:
        """Return the plan of a launched campaign, from the definition it was launched or last amended with.

        Rounds that ended under an earlier one stand as they were.
        """
        plan = self._expanded(record.definition, record.directory)
        former = [(self._expanded(one.definition, one.directory), one.closed, one.spared) for one in record.earlier]
        return in_force(plan, record.spared, former) if former else plan

    def _expanded(self, definition: str, directory: str) -> Plan:
        known, _ = _read(definition, directory)
        return _plan(definition, directory, self.workdays(known), self.settings.hours)

    def running(self, record: CampaignRecord) -> "Running":
        """Return what a tick needs of a launched campaign; the plan is not laid out for it."""
        definition, directory = _read(record.definition, record.directory)
        known = {organ.id for organ in directory.organs}
        former = [organ for one in record.earlier for organ in _read(one.definition, one.directory)[1].organs]
        gone = {organ.id: organ for organ in former if organ.id not in known}
        if gone:
            directory = directory.model_copy(update={"organs": (*directory.organs, *gone.values())})
        return Running(record, definition, directory, Slots(self.workdays(definition), self.settings.hours))

    def slots(self, plan: Plan) -> Slots:
        """Return the moments at which the office sends letters during a campaign."""
        return Slots(self.workdays(plan.definition), self.settings.hours)

    def occasion(self, plan: Plan, round_id: str = "", round_label: str = "") -> Occasion:
        """Return the occasion of a letter about a campaign, and a round of it."""
        campaign = plan.definition.campaign
        return Occasion(
            office=self.settings.office,
            mailbox=self.settings.mailbox,
            campaign=campaign.id,
            campaign_title=campaign.title,
            short_title=campaign.short_title,
            doc_no=campaign.doc_no or "",
            round=round_id,
            round_label=round_label,
            contact=campaign.contact or "",
        )

    def recipient(self, plan: Plan, department: str, audience: str = "liaison") -> Recipient:
        """Return the person of a department who gets a letter; the office itself stands in for a contact that is missing."""
        return self._to(plan.organ(department), audience) if department != OFFICE else self.office_recipient()

    def person(self, directory: Directory, department: str, audience: str = "liaison") -> Recipient:
        """Return the person of a department who gets a letter; the office itself stands in for a contact that is missing."""
        if department == OFFICE:
            return self.office_recipient()
        return self._to(directory.organ(department), audience)

    def _to(self, organ: Organ, audience: str) -> Recipient:
        department = organ.id
        person = {"leader": organ.leader, "deputy": organ.deputy}.get(audience, organ.reporter)
        if person is None:
            return Recipient(self.settings.office, self.settings.mailbox, organ.name, department, "office")
        capacity: Literal["liaison", "deputy", "leader"] = (
            "leader" if audience == "leader" else "deputy" if audience == "deputy" else "liaison"
        )
        return Recipient(person.name, person.email, organ.name, department, capacity)

    def no_occasion(self) -> Occasion:
        """Return the occasion of a letter that is about no campaign."""
        return Occasion(self.settings.office, self.settings.mailbox, "", "联合执法报送", "联合执法报送")

    def office_recipient(self) -> Recipient:
        """Return the office as the recipient of a letter."""
        return Recipient(self.settings.office, self.settings.mailbox, self.settings.office, OFFICE, "office")


@dataclass(frozen=True)
class Running:
    """A launched campaign as a tick sees it; its directory also has who was taken out, whose rounds may be open again."""

    record: CampaignRecord
    definition: Definition
    directory: Directory
    slots: Slots

    def asking(self, round_id: str) -> Definition:
        """Return the definition that a round stands under: this one, or an earlier one under which it ended."""
        former = next((one for one in self.record.earlier if round_id in one.closed), None)
        return _read(former.definition, former.directory)[0] if former else self.definition

    @property
    def fingerprint(self) -> str:
        """Return what reminders are timed by: the ladder, the working days and the office's hours."""
        days, hours = self.slots.workdays, self.slots.hours
        said = (self.definition.ladder, sorted(days.rest), sorted(days.makeup), sorted(days.published), hours)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Return what each department is called, by code; the office goes by its own name."""
        return {OFFICE: self.definition.campaign.office, **{organ.id: organ.name for organ in self.directory.organs}}

    @cached_property
    def organs(self) -> Mapping[str, Organ]:
        """Return the departments by code."""
        return {organ.id: organ for organ in self.directory.organs}


def working_moment(as_of: datetime | None) -> datetime:
    """Return the moment to work at; Conflict when it is days ahead: letters would go out for good. A stopped clock is free."""
    now = clock.now()
    if as_of and as_of > now + _AHEAD and office().settings.fixed_clock is None:
        told = f"给出的时间（{office_time(as_of):%Y-%m-%d %H:%M}）比现在晚一天以上"
        why = "收件、催报、汇总都会照那一天记入台账并发信，不能撤回，没有执行"
        raise Conflict(f"{told}：{why}。想先看看以后会怎样，请用 liandong rehearse 定义文件 预演")
    return as_of or now


def office() -> Office:
    """Return the office of LIANDONG_HOME; NotConfigured when there is none."""
    return Office(settings.load())


@lru_cache(maxsize=8)
def _workdays(first: int, last: int, folder: Path, _: tuple[tuple[Path, int], ...]) -> Workdays:
    """Return the working days; asked again only when an override file has changed."""
    return calendar.workdays(first, last, folder)


@lru_cache(maxsize=32)
def _read(definition: str, directory: str) -> tuple[Definition, Directory]:
    return Definition.model_validate_json(definition), Directory.model_validate_json(directory)


@lru_cache(maxsize=16)
def _plan(definition: str, directory: str, workdays: Workdays, hours: OfficeHours) -> Plan:
    return expand(Definition.model_validate_json(definition), Directory.model_validate_json(directory), workdays, hours)


def names(plan: Plan) -> Mapping[str, str]:
    """Return what each department is called, by code; the office goes by its own name."""
    directories = [*(one.plan.directory for one in plan.earlier), plan.directory]
    named = {organ.id: organ.name for directory in directories for organ in directory.organs}
    return {OFFICE: plan.definition.campaign.office, **named}
