"""The state of an expected report, folded from its events and asked at a moment: computed, never clicked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one expected report. Instants are UTC.

    `received_at` is when the bytes of the first accepted version were stored: a later correction does not make a report late.
    """

    due_at: datetime
    due_version: int = 1
    received_at: datetime | None = None
    nil: bool = False
    version: int = 0
    returned: bool = False
    waived: bool = False
    not_applicable: bool = False


def fold(standing: Standing, event: Event) -> Standing:
    """Return the standing after one more event about this expected report; events that say nothing of it change nothing."""
    if event.kind == "submission.accepted":
        return replace(
            standing,
            received_at=standing.received_at or event.occurred_at,
            nil=bool(event.data["nil"]),
            version=int(event.data["version"]),
            returned=False,
        )
    if event.kind == "submission.returned":
        return replace(standing, returned=standing.received_at is None)
    return standing


def state(standing: Standing, as_of: datetime) -> State:
    """Return which of the seven parts an expected report is in at a moment.

    Late is asked before nil: a zero report that came after the date is late, and `Standing.nil` still says it was zero.
    """
    if standing.not_applicable:
        return State.NOT_APPLICABLE
    if standing.waived:
        return State.WAIVED
    if standing.received_at is None or standing.received_at > as_of:
        return State.MISSING if as_of > standing.due_at else State.OPEN
    if standing.received_at > standing.due_at:
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
