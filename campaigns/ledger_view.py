"""The ledger as a page shows it: who owes what, how it stands, whom to call, in words and links ready to be set.

Plain values: states, dates and remaining times are Chinese text already; links are paths relative to the page.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from campaigns.states import percentage

REPORTED = ("已报送", "零报告", "迟报")
OVERDUE = ("逾期未报", "逾期退回")
EXEMPT = ("免报", "不适用")


@dataclass(frozen=True, slots=True)
class Link:
    """A file the page points at: its words and its path, relative to the page or absolute."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class PartSeen:
    """One part of a submission (统计表, 工作总结, 加盖公章扫描件): whether it is there, what it lacks, and where to open it."""

    name: str
    present: bool
    note: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """An envelope that was not taken for anybody: a person looks at it."""

    number: str
    name: str
    received: str
    sender: str
    outcome: str
    reason: str
    href: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One expected report: `soon` means that its date is near; `files` are what was received for it.

    `doubts` are what the department's prose says otherwise than its table, and what its figures ask to be looked at for.
    """

    duty: int
    title: str
    role: str
    receiver: str
    state: str
    due: str
    remaining: str = ""
    soon: bool = False
    received: str = ""
    version: int = 0
    parts: tuple[PartSeen, ...] = ()
    files: tuple[Link, ...] = ()
    doubts: tuple[str, ...] = ()
    extended: bool = False  # its date was moved by a decision

    @property
    def light(self) -> str:
        """Return green (reported), red (overdue), yellow (returned, or the date is near), grey (not due yet, or nothing owed)."""
        if self.state in REPORTED:
            return "green"
        if self.state in OVERDUE:
            return "red"
        return "yellow" if self.state == "退回" or (self.soon and self.state not in EXEMPT) else "grey"

    @property
    def mark(self) -> str:
        """Return the one character that stands for the state where there is no room for the word."""
        return {"不适用": "—", "已报送": "报", "退回": "退"}.get(self.state, self.state[0])

    @property
    def owed(self) -> bool:
        """Return whether it is still to come."""
        return self.state not in REPORTED and self.state not in EXEMPT


@dataclass(frozen=True, slots=True)
class Unit:
    """One department in a round, with the person to call, its form, and the letters sent to it."""

    code: str
    name: str
    entries: tuple[Entry, ...]
    contact: str = ""
    phone: str = ""
    email: str = ""
    form: Link | None = None
    letters: tuple[Link, ...] = ()

    @property
    def owed(self) -> tuple[Entry, ...]:
        """Return what it has not reported yet."""
        return tuple(entry for entry in self.entries if entry.owed)

    def entry(self, duty: int) -> Entry | None:
        """Return what it owes for a duty, if anything."""
        return next((entry for entry in self.entries if entry.duty == duty), None)

    @property
    def overdue(self) -> tuple[Entry, ...]:
        """Return what it should have reported already."""
        return tuple(entry for entry in self.entries if entry.light == "red")


@dataclass(frozen=True, slots=True)
class Counts:
    """How a number of expected reports fall apart; everything but `expected` adds up to it."""

    expected: int
    received: int
    nil: int
    late: int
    missing: int
    open: int
    exempt: int

    @property
    def coverage(self) -> str:
        """Return the share that has reported, of those that must: `96.1%`, or a dash when nobody must."""
        share = percentage(self.received + self.nil + self.late, self.owed)
        return f"{share.normalize():f}%" if share is not None else "—"

    @property
    def owed(self) -> int:
        """Return how many had to report: those that are exempt had not."""
        return self.expected - self.exempt


def count(entries: Iterable[Entry]) -> Counts:
    """Return the counts of some expected reports."""
    states = [entry.state for entry in entries]
    received, nil, late = (states.count(word) for word in REPORTED)
    missing = sum(state in OVERDUE for state in states)
    exempt = sum(state in EXEMPT for state in states)
    return Counts(len(states), received, nil, late, missing, len(states) - received - nil - late - missing - exempt, exempt)


@dataclass(frozen=True, slots=True)
class RoundView:
    """One round: `dates` is what falls due when; a round not opened yet has no units, a closed one takes nothing more."""

    id: str
    label: str
    status: str
    dates: tuple[tuple[str, str], ...] = ()
    units: tuple[Unit, ...] = ()
    links: tuple[Link, ...] = ()
    closed: bool = False

    @property
    def counts(self) -> Counts:
        """Return the counts of the whole round."""
        return count(self._entries())

    @property
    def duties(self) -> tuple[tuple[int, str], ...]:
        """Return the number and title of every duty of the round, in order."""
        return tuple(sorted({entry.duty: entry.title for entry in self._entries()}.items()))

    def _entries(self) -> Iterator[Entry]:
        return (entry for unit in self.units for entry in unit.entries)


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The whole page: `as_of` is the moment it speaks of, in Chinese; `attention` what the office must see to."""

    office: str
    mailbox: str
    title: str
    short_title: str
    as_of: str
    doc_no: str = ""
    rounds: tuple[RoundView, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    links: tuple[Link, ...] = ()
    attention: tuple[str, ...] = ()

    @property
    def opened(self) -> tuple[RoundView, ...]:
        """Return the rounds that were sent out."""
        return tuple(one for one in self.rounds if one.units)

    @property
    def open_units(self) -> tuple[tuple[RoundView, Unit], ...]:
        """Return every department of every round that still takes reports."""
        return tuple((one, unit) for one in self.opened if not one.closed for unit in one.units)

    @property
    def overdue(self) -> tuple[tuple[RoundView, Unit], ...]:
        """Return who is overdue in which open round, those who owe most first."""
        found = [(one, unit) for one, unit in self.open_units if unit.overdue]
        return tuple(sorted(found, key=lambda pair: -len(pair[1].overdue)))

    @property
    def awaited(self) -> tuple[tuple[RoundView, Unit], ...]:
        """Return who still owes something that is not overdue in an open round, those whose date is near first."""
        found = [(one, unit) for one, unit in self.open_units if len(unit.owed) > len(unit.overdue)]
        return tuple(sorted(found, key=lambda pair: -sum(entry.light == "yellow" for entry in pair[1].owed)))

    def urging(self, a_round: RoundView, unit: Unit) -> str:
        """Return the line an officer pastes into a chat to urge a department: what is overdue, or else what is still to come."""
        late = unit.overdue
        entries = late or unit.owed
        duties = "、".join(f"任务{entry.duty}" for entry in entries)
        when = "已逾期，尚未收到，请尽快补报" if late else f"请于{min(entries, key=_by_date).due}前报送"
        return (
            f"【催办】{unit.name}：“{self.short_title}”{a_round.label}的{duties}（共{len(entries)}项）{when}，"
            f"填好报表后发到 {self.mailbox}。如已发送请忽略，谢谢！"
        )


def _by_date(entry: Entry) -> tuple[int, ...]:
    return tuple(int(part) for part in "".join(c if c.isdigit() else " " for c in entry.due).split())
