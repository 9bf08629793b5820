"""Letters: everything one mail says, as plain facts; how it is worded and packed is another room's work.

A letter has three parts: the occasion (which campaign and round, on whose behalf), the recipient, and a body, one type per kind
of letter. Every text in it is already Chinese and ready to read; nothing is looked up and nothing is computed from dates.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """The kinds of letter; each has a folder of templates of the same name."""

    ASSIGNMENT = "assignment"  # 任务分工及报表
    REMINDER = "reminder"  # 催办
    OVERDUE = "overdue"  # 逾期
    BUNDLE = "bundle"  # 配合单位材料, to a lead
    ROLLUP = "rollup"  # 汇总
    RECEIPT = "receipt"  # 回执 or 退回修改
    UNDELIVERED = "undelivered"  # 未送达, to the office
    ALERT = "alert"  # 运行提醒, to the office: what an automation of Prefect noticed
    DECISION = "decision"  # 延期, 免报, 退回, 撤回 …, to whom it concerns


class Outcome(StrEnum):
    """How an envelope ended, as its receipt says it."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"

    @property
    def chinese(self) -> str:
        """Return the word officers read."""
        return {
            "accepted": "已收到",
            "returned": "退回修改",
            "refused": "未能受理",
            "quarantined": "暂存待核",
            "duplicate": "重复来件",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a letter is about and on whose behalf it speaks; `campaign` and `round` are ids, the rest is read by people."""

    office: str
    mailbox: str
    campaign: str
    campaign_title: str
    short_title: str
    doc_no: str = ""
    round: str = ""
    round_label: str = ""
    contact: str = ""  # whom the notice names for questions

    @property
    def reference(self) -> str:
        """Return what a subject line calls the campaign: its document number, if it has one, and its short title."""
        return f"{self.doc_no} {self.short_title}".strip()


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a letter: `department` is the code, `unit` the name; `capacity` decides the tone."""

    name: str
    email: str
    unit: str
    department: str
    capacity: Literal["liaison", "deputy", "leader", "office"] = "liaison"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing owed: the duty, in which role, to whom, by when, and how it stands (`还有3个工作日`, `已逾期2个工作日`).

    `was` is the date before a decision moved it, `clause` where the duty stands in the document.
    """

    duty: int
    title: str
    role: str
    receiver: str
    due: str
    state: str = ""
    remaining: str = ""
    was: str = ""
    clause: str = ""


def duties_in_words(items: Iterable[Item]) -> str:
    """Return the duties of what is owed, role by role: `任务2、3（配合），任务1（牵头）`."""
    by_role: dict[str, list[str]] = {}
    for one in items:
        by_role.setdefault(one.role, []).append(str(one.duty))
    return "，".join(f"任务{'、'.join(dict.fromkeys(duties))}（{role}）" for role, duties in by_role.items())


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a department owes in a round, with its form: `due` is the first date, `parts` what a full submission consists of."""

    items: tuple[Item, ...]
    due: str
    covers: str = ""
    parts: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    upload: str = ""  # the address of the department's upload page
    kind = Kind.ASSIGNMENT


@dataclass(frozen=True, slots=True)
class MissingUnit:
    """A department that has not reported, with the person to call and words to pass on by 企业微信, 钉钉 or 浙政钉."""

    unit: str
    contact: str
    phone: str
    email: str
    items: tuple[Item, ...]
    words: str = ""

    @property
    def owed(self) -> tuple[tuple[str, str], ...]:
        """Return what it owes, what stands alike together: `任务1、3（配合）` and `已逾期1个工作日（逾期退回）`."""
        alike: dict[str, list[Item]] = {}
        for one in self.items:
            stands = f"{one.remaining}（{one.state}）" if one.state in ("退回", "逾期退回") else one.remaining
            alike.setdefault(stands, []).append(one)
        return tuple((duties_in_words(found), stands) for stands, found in alike.items())


@dataclass(frozen=True, slots=True)
class Section:
    """What a person must hear of one round of one campaign, in one capacity: `items` owed by the own unit, `units` by others.

    `due` is the nearest date of what is not overdue, `standing` says how many have reported, `upload` is the address of the
    department's upload page, `papers` are drafts attached for a signature.
    """

    campaign: str
    reference: str
    round_label: str
    unit: str
    capacity: Literal["liaison", "deputy", "lead", "leader", "office"]
    overdue: bool
    items: tuple[Item, ...] = ()
    units: tuple[MissingUnit, ...] = ()
    due: str = ""
    standing: str = ""
    upload: str = ""
    papers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a person must be reminded of on a day, whatever campaigns it comes from: what is overdue stands first."""

    sections: tuple[Section, ...]

    @property
    def kind(self) -> Kind:
        """Return 逾期 as soon as anything is overdue, else 催办."""
        return Kind.OVERDUE if any(one.overdue for one in self.sections) else Kind.REMINDER


@dataclass(frozen=True, slots=True)
class Reported:
    """A cooperating department that has reported: when, and what is worth knowing (`零报告`, `迟报`, `第2版`)."""

    unit: str
    when: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of figures."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DutyBundle:
    """What the cooperating departments of one duty have sent its lead, who is missing, and their sub-totals.

    `due` is the lead's own date for it, where it is later than that of the letter.
    """

    duty: int
    title: str
    reported: tuple[Reported, ...] = ()
    missing: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    total: Row | None = None
    due: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a lead is sent: its cooperating departments' files and where each duty stands; `due` is the lead's own date.

    `receiver` is whom it reports to then; `prefilled` names the forms in which their sub-totals are filled in beforehand.
    """

    duties: tuple[DutyBundle, ...]
    due: str
    receiver: str
    prefilled: tuple[str, ...] = ()
    kind = Kind.BUNDLE


@dataclass(frozen=True, slots=True)
class RollUp:
    """The result of a round: coverage in words, totals (`columns` over `rows`), and who is not in it."""

    coverage: str
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    missing: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    kind = Kind.ROLLUP


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A letter of ours that did not arrive: to whom, which, why, and the number under which the bounce is kept."""

    name: str
    address: str
    subject: str
    sent_at: str
    reason: str
    number: str = ""
    kind = Kind.UNDELIVERED


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the office should look at: said in one line, and what is known of it."""

    said: str
    detail: str
    kind = Kind.ALERT


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one expected report of an envelope, and what changed from the version before."""

    duty: int
    title: str
    result: str
    note: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """One part of a whole submission (统计表, 工作总结, 加盖公章扫描件): there or not, and what it lacks."""

    name: str
    present: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding as a receipt shows it: `blocking` ones must be mended, the others are for attention."""

    message: str
    sheet: str = ""
    cell: str = ""
    value: str = ""
    expected: str = ""
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to an envelope: what arrived, what became of each report in it, what to mend, what is still owed.

    `materials` are the parts of the department's whole submission; there are none for who leads nothing in the round.
    """

    outcome: Outcome
    number: str
    file_name: str
    received_at: str
    lines: tuple[Line, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    unreported: tuple[Item, ...] = ()
    explanation: str = ""
    sender: str = ""
    materials: tuple[Material, ...] = ()
    place: str = ""  # where the record of it stands: number and mark of the event that settled it
    kind = Kind.RECEIPT

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the parts that are still missing beside the workbook, which `unreported` tells."""
        return tuple(one.name for one in self.materials if not one.present and one.name != "统计表")


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on a department's reports, by whom, on what basis, with what content, and how each of them stands now."""

    kind_text: str
    sentence: str
    number: str
    authority: str
    basis: str
    decided_on: str
    items: tuple[Item, ...] = ()
    granted: str = ""
    lines: tuple[str, ...] = ()  # what changes for the department, one sentence each
    kind = Kind.DECISION


Body = Assignment | Digest | Bundle | RollUp | Receipt | Undelivered | Alert | Decided


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person; `key` is its own for ever: the same key is the same letter."""

    key: str
    occasion: Occasion
    to: Recipient
    body: Body

    @property
    def kind(self) -> Kind:
        """Return which kind of letter this is."""
        return self.body.kind
