"""What becomes of an envelope, decided from facts alone: who sent it, which form it holds, what came before.

One set of outcomes: accepted, returned, refused, quarantined, duplicate. The reasons are whole Chinese sentences.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from campaigns.definition import Rule
from campaigns.forms import Form
from campaigns.letters import Outcome
from campaigns.organs import Directory, plain
from campaigns.submission import Book, Checked, Refusal, check

DOORS = {
    "mail": "邮件",
    "folder": "收件文件夹",
    "upload": "上传页面",
    "api": "报送接口",
    "office": "办公室登记",
    "pull": "读取",
}  # what officers call the ways by which files come in


class EnvelopeKind(StrEnum):
    """What an envelope is. Only a submission has an outcome: a letter that came back was handed in by nobody."""

    SUBMISSION = "submission"
    REQUEST = "request"  # somebody asks for more time
    BOUNCE = "bounce"  # a letter of ours did not arrive
    MACHINE = "machine"  # an automatic reply, a notice of delay, a letter of our own

    @property
    def chinese(self) -> str:
        """Return the word officers read."""
        return {"submission": "报送", "request": "申请", "bounce": "退信", "machine": "自动邮件"}[self.value]


MOST_RECEIPTS = 20  # a day to one sender: who writes more is recorded all the same; assumed (拟定)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who stands behind an envelope, as far as it can be told; `refuted` is what our own mail server found false.

    A mail speaks for the departments whose contact its one plain sender address is, in the directory that the campaign in
    question was launched with; an upload link for the department it was made for (in its round); a file dropped in the
    office's own folder for whichever department its form was sent to.
    """

    by: Literal["mail", "link", "folder"]
    departments: frozenset[str] = frozenset()
    address: str = ""
    round: str = ""
    refuted: str = ""

    @property
    def department(self) -> str | None:
        """Return the one department it speaks for, None when there is none or more."""
        return next(iter(self.departments)) if len(self.departments) == 1 else None

    def within(self, directory: Directory) -> "Sender":
        """Return whom it speaks for in a campaign with that directory: who is a contact there need not be one elsewhere."""
        return replace(self, departments=registered(directory, self.address)) if self.by == "mail" else self


def registered(directory: Directory, address: str) -> frozenset[str]:
    """Return the codes of the departments one of whose contacts has that mailbox: mostly one, or none."""
    wanted = address.casefold()
    people = ((organ.id, person) for organ in directory.organs for person in (organ.liaison, organ.deputy, organ.leader))
    return frozenset(code for code, person in people if person and person.email.casefold() == wanted)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an envelope, or of one workbook in it, and why; `rule` is the reason's code."""

    outcome: Outcome
    reason: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """One workbook of an envelope after it was read: `place` is which part it is, `department` whom it is put down to."""

    place: int
    name: str
    digest: str
    decision: Decision
    department: str | None = None
    form: Form | None = None
    checked: Checked | None = None


class Unissued(StrEnum):
    """Why a workbook stands for no form of this office; the value is the finding's code."""

    NO_TOKEN = "token-missing"
    FORGED = "token-invalid"
    UNKNOWN = "form-unknown"


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last envelope in which the very bytes of a workbook came and counted; `received` is the moment in words."""

    number: str
    received: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Issued:
    """The form a workbook was sent as, with what the ledger knows that bears on it.

    `cancelled` is why its campaign was cancelled, `closed` when its round ended, in words; both empty while it is taken.
    """

    form: Form
    directory: Directory
    rules: Sequence[Rule] = ()
    exempt: Collection[tuple[str, str]] = ()  # rules left aside by decision, each with whom for
    earlier: Earlier | None = None
    cancelled: str = ""
    closed: str = ""
    only: Collection[str] = ()  # the reports it is taken for by decision; all without one
    retired: Collection[str] = ()  # the reports that an amendment asks for no more


def by_decision(told: Issued, envelope: str, rules: Collection[str], only: Collection[str] = ()) -> Issued:
    """Return a form as the office decided to take it: without some rules, though it came in that envelope, for some reports."""
    exempt = frozenset(told.exempt) | {(told.form.department, rule) for rule in rules}
    earlier = None if told.earlier and told.earlier.number == envelope else told.earlier
    return replace(told, exempt=exempt, earlier=earlier, only=only)


_UNISSUED = {
    Unissued.NO_TOKEN: (
        Outcome.REFUSED,
        "未找到下发时的隐藏标识，请在收到的原报表上填报，不要另建表格或只复制其中的工作表。",
    ),
    Unissued.FORGED: (
        Outcome.QUARANTINED,
        "报表标识无效：这份文件不是本办公室下发的报表，或其隐藏的标识已被改动，已暂存待核；请用收到的原报表填报。",
    ),
    Unissued.UNKNOWN: (Outcome.QUARANTINED, "这份报表不在本办公室的下发记录中，已暂存待核；请用收到的原报表填报。"),
}


def decided(name: str, digest: str, book: Book | Refusal, told: Issued | Unissued, sender: Sender, place: int = 0) -> Read:
    """Return what becomes of one workbook: the one decision, whether it was sent or is only asked about.

    `digest` is that of its bytes, `place` which part of its envelope it is.
    """
    if isinstance(book, Refusal):
        return Read(place, name, digest, Decision(Outcome.REFUSED, f"《{name}》：{book.message}", book.code), sender.department)
    if isinstance(told, Unissued):
        outcome, reason = _UNISSUED[told]
        return Read(place, name, digest, Decision(outcome, f"《{name}》：{reason}", told.value), sender.department)
    form, sender = told.form, sender.within(told.directory)
    turned_away = identity(name, form, sender) or _too_late(name, told)
    if turned_away:
        department = sender.department if turned_away.outcome is Outcome.QUARANTINED else form.department
        return Read(place, name, digest, turned_away, department, form)
    checked = check(book, form, told.rules, told.exempt)
    if told.only:
        checked = replace(checked, blocks=tuple(block for block in checked.blocks if block.expected in told.only))
    kept = [one for one in checked.blocks if one.expected in told.retired and one.outcome.value != "blank"]
    checked = replace(checked, blocks=tuple(block for block in checked.blocks if block.expected not in told.retired))
    decision = judged(name, checked)
    if kept:
        decision = with_kept(
            decision, name, sorted({block.duty for block in form.blocks if block.expected in {one.expected for one in kept}})
        )
    return Read(place, name, digest, decision, form.department, form, checked)


def _too_late(name: str, told: Issued) -> Decision | None:
    if told.earlier:
        return seen_before(name, told.earlier)
    if told.cancelled:
        return cancelled(name, told.cancelled)
    return over(name, told.form.round_label, told.closed) if told.closed else None


def identity(name: str, form: Form, sender: Sender) -> Decision | None:
    """Return why a form is not taken from this sender, None when form and sender are of one department.

    The signed token says whose form it is; it is never accepted from somebody who is not that department's registered sender.
    """
    told = f"附件《{name}》是下发给{form.department_name}的报表"
    mine = form.department in sender.departments
    if sender.refuted:
        return Decision(Outcome.QUARANTINED, doubtful(sender), "sender-refuted")
    if sender.by == "folder" or (mine and sender.round in ("", form.round)):
        return None
    if mine:
        reason = f"《{name}》不是这个上传链接所属报送期的报表，已暂存待核。请用该期信件中的链接或邮箱报送。"
        return Decision(Outcome.QUARANTINED, reason, "other-round")
    if sender.by == "link":
        reason = f"{told}，而这个上传链接属于另一单位，不能受理，已暂存待核。请用本单位收到的报表和链接报送。"
    elif sender.departments:
        reason = f"{told}，发件单位与报表单位不一致，不能受理，已暂存待核。请用本单位收到的报表、从登记的邮箱报送。"
    else:
        whose = f"来件邮箱“{sender.address}”没有登记为该单位的联络员邮箱" if sender.address else "来件没有可辨认的发件邮箱"
        reason = f"{told}，{whose}，不能受理，已暂存待核。如确为本单位报送，请从登记的邮箱重新发送，或请办公室登记新的邮箱。"
    return Decision(Outcome.QUARANTINED, reason, "other-sender")


def doubtful(sender: Sender) -> str:
    """Return why nothing is taken from a sender whose address is likely forged."""
    return f"发件邮箱“{sender.address}”没有通过本单位邮件服务器的验证（{sender.refuted}），可能是冒名邮件，已暂存待核。"


def seen_before(name: str, earlier: Earlier) -> Decision:
    """Return what a workbook becomes whose very bytes came before: never a new version, whatever came in between."""
    told = f"《{name}》与{earlier.received}收到的文件（回执{earlier.number}）完全相同，没有重复登记。"
    advice = "那一份已退回修改，请改好后再报。" if earlier.outcome == "returned" else "以最近一次通过核对的报表为准，不必再报。"
    return Decision(Outcome.DUPLICATE, told + advice, "duplicate")


def cancelled(name: str, note: str) -> Decision:
    """Return what a workbook of a cancelled campaign becomes: there is nothing in it to mend, so it is not returned."""
    reason = f"《{name}》所属的专项行动已经撤销（{note}），不再接收报表，已暂存待核。"
    return Decision(Outcome.QUARANTINED, reason, "campaign-cancelled")


def over(name: str, round_label: str, closed: str) -> Decision:
    """Return what a workbook of a closed round becomes."""
    reason = f"《{name}》是{round_label}的报表，该期已于{closed}汇总结束，不再接收；原件已留存。"
    advice = "如填的是本期数字，请改用本期下发的报表；如需更正上期数字，请与办公室联系。"
    return Decision(Outcome.RETURNED, reason + advice, "round-closed")


def judged(name: str, checked: Checked) -> Decision:
    """Return what a workbook becomes by what the check says of its reports: one that must be mended returns it."""
    outcomes = {block.outcome.value for block in checked.blocks}
    if "returned" in outcomes:
        return Decision(Outcome.RETURNED)
    if "accepted" in outcomes:
        return Decision(Outcome.ACCEPTED)
    reason = f"《{name}》没有填写任何一项任务；空白不等于零，确无情况的请把“零报告”选为“是”。"
    return Decision(Outcome.RETURNED, reason, "nothing-filled")


def with_kept(decision: Decision, name: str, duties: Sequence[int]) -> Decision:
    """Return what a workbook becomes that also, or only, tells of duties that an amendment asks for no more."""
    numbers = "、".join(str(number) for number in duties)
    told = f"《{name}》中任务{numbers}按补充通知不再要求报送，所报内容已留存，不计入汇总。"
    if decision.rule == "nothing-filled":
        return Decision(Outcome.ACCEPTED, told, "not-asked")
    return replace(decision, reason=decision.reason + told)


_ORDER = (Outcome.ACCEPTED, Outcome.RETURNED, Outcome.DUPLICATE, Outcome.QUARANTINED, Outcome.REFUSED)


def taken(found: Sequence[Read]) -> tuple[Read, Collection[int]]:
    """Return the one workbook an envelope is taken for, and the places of forms that are left aside.

    Every other workbook is named in the reason, so that its sender can send it; a form left aside is no workbook of this
    envelope, and sent again it is no duplicate.
    """
    forms = [one for one in found if one.form is not None]
    if not forms:
        return min(found, key=_rank), ()
    chosen = min(forms, key=_rank)
    left = [one for one in found if one.digest != chosen.digest]
    aside = {one.place for one in left if one.form and one.decision.outcome is not Outcome.DUPLICATE}
    reason = chosen.decision.reason + "".join(_left(chosen, one) for one in left)
    return replace(chosen, decision=replace(chosen.decision, reason=reason)), aside


def _rank(one: Read) -> int:
    return _ORDER.index(one.decision.outcome)


def _left(chosen: Read, other: Read) -> str:
    """Return what a sender is told of a form that came with the one that was taken."""
    if other.form is None:
        return f"同一来件中的《{other.name}》不是下发的报表或打不开，没有登记，原件已留存。"
    if other.decision.outcome is Outcome.DUPLICATE:
        return f"同一来件中的《{other.name}》此前已经收到，没有重复登记。"
    if chosen.form and other.form.department != chosen.form.department:
        return f"同一来件中的《{other.name}》是下发给{other.form.department_name}的报表，没有受理，请由该单位从登记的邮箱报送。"
    return f"同一来件中的《{other.name}》没有受理：一封邮件只受理一份报表，如需报送请另发一封。"


def empty_mail(*, too_large: bool, links: bool, blank: bool, time: bool) -> Decision:
    """Return what a mail becomes in which there is no file at all; one that speaks of more time is for a person to read."""
    if time:
        reason = "邮件里说到延期，但没有写全，没有登记为申请，已转办公室处理；原截止时间不变。"
        advice = "申请延期请回复那一期的信件，写一行“申请延期至2026-12-10，理由：……”，年月日和理由都要写。"
        return Decision(Outcome.QUARANTINED, reason + advice)
    if too_large:
        reason = "邮件过大，没有取回附件，请压缩图片或分几封邮件重新发送。"
    elif links:
        reason = "邮件里只有超大附件的链接，没有报表本身，请把报表作为普通附件重新发送。"
    elif blank:
        reason = "这封邮件是空的或已经损坏，打不开，请让发件人重新发送；原件已留存。"
    else:
        reason = "邮件里没有附件，未发现报表；报送请把填好的报表作为附件发送。"
    return Decision(Outcome.REFUSED, reason)


def unfit(name: str, *, mail: bool) -> Decision:
    """Return what an envelope becomes that holds files, and no workbook, summary or scan among them."""
    if mail:
        return Decision(Outcome.REFUSED, "邮件里没有报表、工作总结或扫描件；报送请把填好的报表作为附件发送。")
    return Decision(Outcome.REFUSED, f"《{name}》不是报表，也不是工作总结或扫描件，没有受理；原件已留存。")


def loose(kinds: Sequence[str], new: Collection[str], *, placed: bool, name: str) -> Decision:
    """Return what becomes of the summaries and scans of an envelope by themselves.

    `placed` when their department and round are known; `new` are the kinds of those that had not come before, byte for byte.
    """
    words = {"summary": "工作总结", "scan": "盖章扫描件"}
    if not kinds or not placed:
        reason = f"“{name}”中没有报表，也无法判断是哪个单位的材料，已转办公室处理。"
        return Decision(Outcome.QUARANTINED, reason)
    told = "和".join(word for kind, word in words.items() if kind in (new or kinds))
    if not new:
        return Decision(Outcome.DUPLICATE, f"这份{told}此前已经收到，没有重复登记。")
    return Decision(Outcome.ACCEPTED, f"收到{told}，已登记。")


def with_parts(workbook: Decision, parts: Decision) -> Decision:
    """Return what an envelope becomes whose workbook brings nothing while summary or scan in it do: they are not lost with it."""
    if parts.outcome is not Outcome.ACCEPTED:
        return workbook
    outcome = Outcome.RETURNED if workbook.outcome is Outcome.REFUSED else Outcome.ACCEPTED
    return Decision(outcome, f"{workbook.reason}同一来件中{parts.reason}")


def named_in(texts: Sequence[str], directory: Directory) -> str | None:
    """Return the one department named in some texts, a file's name or title; where one name holds another the longer wins."""
    text = plain("\n".join(texts))
    names: Mapping[str, str] = {
        plain(name): organ.id
        for organ in directory.organs
        for name in (organ.name, organ.full_name or "", *(alias.name for alias in organ.aliases))
        if len(plain(name)) >= 3
    }
    found = set()
    for name in sorted(names, key=len, reverse=True):
        if name in text:
            found.add(names[name])
            text = text.replace(name, "\n")
    return found.pop() if len(found) == 1 else None
