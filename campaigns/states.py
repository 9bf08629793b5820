"""The state of an expected report, folded from its events and asked at a moment: computed, never clicked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from campaigns.events import Event


class State(StrEnum):
    """The seven parts into which expected reports fall at any moment; they always add up to the whole."""

    OPEN = "open"
    RECEIVED = "received"
    LATE = "late"
    MISSING = "missing"
    NIL = "nil"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"

    @property
    def excused(self) -> bool:
        """Return whether nothing need be reported."""
        return self in (State.WAIVED, State.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission that was accepted and not taken back since; `received_at` is when its bytes were stored."""

    submission: str
    version: int
    received_at: datetime
    nil: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one expected report. Instants are UTC.

    `received_at` is when the bytes of the first accepted version still valid were stored: a later correction does not make a
    report late. `earlier` are the dates that were in force before `due_at`, each with the instant until which it was.
    `accepted` are the valid versions, `highest` the last number given, so that a number is never given twice. `approved` is the
    decision by which it is held as it is, empty when there is none. `retired` is what an amendment no longer asks for: what came
    for it is kept and counts no more.
    """

    due_at: datetime
    due_version: int = 1
    received_at: datetime | None = None
    nil: bool = False
    version: int = 0
    returned: bool = False
    waived: bool = False
    not_applicable: bool = False
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    earlier: tuple[tuple[datetime, datetime], ...] = ()
    accepted: tuple[Accepted, ...] = ()
    highest: int = 0
    approved: str = ""
    retired: bool = False

    def due_at_of(self, moment: datetime) -> datetime:
        """Return the date that was in force at a moment: what is decided later does not reach back."""
        return next((due_at for until, due_at in self.earlier if moment < until), self.due_at)

    @property
    def owed(self) -> bool:
        """Return whether somebody still has to report: nothing valid has come, and nobody has said that nothing need come."""
        return self.received_at is None and not (self.waived or self.not_applicable or self.retired)


def fold(standing: Standing, event: Event) -> Standing:
    """Return the standing after one more event about this expected report or its round; other events change nothing.

    Nothing changes the standing of a closed round any more, unless it is reopened; nothing is submitted for what is approved.
    """
    match event.kind:
        case "report.approved":
            return replace(standing, approved=event.data["decision"])
        case "report.unapproved":
            return replace(standing, approved="")
        case "report.reopened":
            return replace(standing, closed_at=None)
    if standing.closed_at is not None or (standing.approved and event.kind.startswith("submission.")):
        return standing
    match event.kind:
        case "submission.accepted":
            return _accept(standing, event.data, event.occurred_at)
        case "submission.returned" | "submission.withdrawn":
            left = tuple(one for one in standing.accepted if one.submission != event.data["submission"])
            return replace(_with(standing, left), returned=event.kind == "submission.returned" and not left)
        case "due.moved":
            until = max([event.occurred_at, *(until for until, _ in standing.earlier)])
            return replace(
                standing,
                due_at=datetime.fromisoformat(event.data["to"]),
                due_version=standing.due_version + 1,
                earlier=(*standing.earlier, (until, standing.due_at)),
            )
        case "report.waived":
            return replace(standing, waived=True)
        case "report.resumed":
            return replace(standing, waived=False, not_applicable=False)
        case "report.not_applicable":
            return replace(standing, not_applicable=True)
        case "report.retired" | "report.restored":
            return replace(standing, retired=event.kind == "report.retired")
        case "round.opened":
            return replace(standing, opened_at=event.occurred_at)
        case "round.closed":
            return replace(standing, closed_at=event.occurred_at)
    return standing


def _accept(standing: Standing, data: Mapping[str, Any], received_at: datetime) -> Standing:
    one = Accepted(data["submission"], int(data["version"]), received_at, bool(data["nil"]))
    known = tuple(known for known in standing.accepted if known.submission != one.submission)
    return replace(_with(standing, (*known, one)), returned=False, highest=max(standing.highest, one.version))


def _with(standing: Standing, accepted: tuple[Accepted, ...]) -> Standing:
    """Return the standing with these valid versions: the one that arrived last counts, the first says when the report came."""
    counting = in_effect(accepted)
    return replace(
        standing,
        accepted=accepted,
        received_at=min((one.received_at for one in accepted), default=None),
        nil=counting.nil if counting else False,
        version=counting.version if counting else 0,
    )


def in_effect(accepted: Iterable[Accepted]) -> Accepted | None:
    """Return which of some valid versions counts: the one that arrived last, whichever was read last; None of none."""
    return max(accepted, key=lambda one: (one.received_at, one.version), default=None)


def as_it_stood(standing: Standing, moment: datetime) -> Standing:
    """Return a standing without the versions that came after a moment; what was decided since is not taken back."""
    known = tuple(one for one in standing.accepted if one.received_at <= moment)
    return standing if len(known) == len(standing.accepted) else _with(standing, known)


def state(standing: Standing, as_of: datetime) -> State:
    """Return which of the seven parts an expected report is in at a moment; of a closed round, the one it closed in.

    Late is asked before nil: a zero report that came after the date is late, and `Standing.nil` still says it was zero. On time
    is judged against the date in force when the bytes were stored. What came although it was waived counts as received; what came
    for a retired one does not. What was accepted before a round was closed counts, though its bytes came after the moment that
    the closing bears.
    """
    if standing.retired:
        return State.NOT_APPLICABLE
    moment = min(as_of, standing.closed_at) if standing.closed_at else as_of
    received_at = standing.received_at
    if received_at is None or received_at > as_of:
        if standing.not_applicable:
            return State.NOT_APPLICABLE
        if standing.waived:
            return State.WAIVED
        return State.MISSING if moment > standing.due_at_of(moment) else State.OPEN
    excused = standing.waived or standing.not_applicable
    if received_at > standing.due_at_of(received_at) and not excused:
        return State.LATE
    return State.NIL if standing.nil else State.RECEIVED


_CHINESE = {
    State.RECEIVED: "已报送",
    State.LATE: "迟报",
    State.MISSING: "逾期未报",
    State.NIL: "零报告",
    State.WAIVED: "免报",
    State.NOT_APPLICABLE: "不适用",
}


def chinese(standing: Standing, as_of: datetime, *, waiting: bool = False) -> str:
    """Return the word officers read: 办理中, 退回, 已报送, 零报告, 迟报, 逾期未报 …; 待前置 while others must report first."""
    now = state(standing, as_of)
    if standing.returned and now in (State.OPEN, State.MISSING):
        return "退回" if now is State.OPEN else "逾期退回"
    if now is State.OPEN:
        return "待前置" if waiting else "办理中"
    return _CHINESE[now]


def tally(states: Iterable[State]) -> Mapping[str, int]:
    """Return how many are in each state, and `expected`, their sum."""
    counts = Counter(states)
    return {"expected": counts.total(), **{one.value: counts[one] for one in State}}


@dataclass(frozen=True, slots=True)
class Rates:
    """How complete and how punctual some expected reports are, each a percentage with one decimal, None of nothing.

    Completeness is what came, of all that is expected and not excused; punctuality what came on time, of what came or is overdue.
    """

    completeness: Decimal | None
    punctuality: Decimal | None


def rates(counts: Mapping[str, int]) -> Rates:
    """Return the rates of a tally."""
    on_time = counts[State.RECEIVED] + counts[State.NIL]
    came = on_time + counts[State.LATE]
    return Rates(
        percentage(came, counts["expected"] - counts[State.WAIVED] - counts[State.NOT_APPLICABLE]),
        percentage(on_time, came + counts[State.MISSING]),
    )


def percentage(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return a share in per cent with one decimal, None of nothing; only what is whole is 100."""
    if not whole:
        return None
    exact = Decimal(part) * 100 / whole
    return (exact if exact >= 100 else min(exact, Decimal("99.9"))).quantize(Decimal("0.1"), ROUND_HALF_UP)
