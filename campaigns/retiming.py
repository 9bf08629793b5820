"""What a new holiday notice changes: the dates of a running campaign as recorded, against those that now follow from its clocks.

Nothing moves by it. A date in force moves by decision only; this is the list a person decides on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from campaigns.plan import Plan, Round
from campaigns.records import RoundRecord
from campaigns.states import Standing
from campaigns.workdays import office_date


@dataclass(frozen=True, slots=True)
class Retimed:
    """One date that would be another: `what` it is in Chinese; None for `was` when it is new, for `now` when it falls away."""

    round: str
    label: str
    what: str
    was: date | None
    now: date | None


def retimed(plan: Plan, recorded: Iterable[RoundRecord], standings: Mapping[str, Standing], today: date) -> tuple[Retimed, ...]:
    """Return what differs between the rounds in the ledger that are not closed and the plan as the calendar now has it.

    A date that a decision has moved, and the closing of its round, are left out: the decision stands.
    """
    laid = {one.id: one for one in plan.rounds}
    known = {one.id: one for one in recorded}
    found: list[Retimed] = []
    for code, record in known.items():
        if record.closed_at is None and code in laid:
            found += _of_round(plan, laid[code], record, standings)
        elif record.closed_at is None:
            found.append(Retimed(code, record.label, "取消", record.due_on, None))
    new = (one for one in plan.rounds if one.id not in known and one.due_on >= today)
    return (*found, *(Retimed(one.id, one.label, "新增", None, one.due_on) for one in new))


def _of_round(plan: Plan, laid: Round, record: RoundRecord, standings: Mapping[str, Standing]) -> Iterator[Retimed]:
    if record.opened_at is None and laid.opens_on != record.opens_on:
        yield Retimed(laid.id, laid.label, "下发", record.opens_on, laid.opens_on)
    told: set[tuple[str, date]] = set()
    decided = False
    for one in plan.expected_in(laid.id):
        standing = standings.get(one.id)
        if standing is None:
            continue
        decided = decided or standing.due_version > 1
        moved = standing.due_version == 1 and standing.due_at != one.due_at
        key = (f"{one.role.chinese}单位报送", office_date(standing.due_at))
        if moved and key not in told:
            told.add(key)
            yield Retimed(laid.id, laid.label, *key, office_date(one.due_at))
    if laid.closes_on != record.closes_on and not decided:
        yield Retimed(laid.id, laid.label, "汇总", record.closes_on, laid.closes_on)
