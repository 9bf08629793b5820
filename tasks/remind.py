"""Climbing the reminder ladder: one letter a person and day, to those who have not reported."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from campaigns.letters import Body, Item, Letter, MissingUnit, Overdue, Reminder
from campaigns.notices import Notice, Selection, gather, reminders
from campaigns.plan import OFFICE, Plan
from campaigns.records import RoundRecord
from campaigns.states import Standing
from tasks.doors import upload_address
from tasks.office import Office, names, office
from tasks.post import as_record, make_message
from tasks.step import step
from tasks.wording import item, moment_in_chinese


@step("催报")
def remind(campaign: str, as_of: datetime) -> int:
    """Return how many reminders were made, before and after the dates of every open round."""
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(campaign))
        made = 0
        for a_round in ledger.rounds(campaign):
            if a_round.opened_at is None or a_round.closed_at is not None:
                continue
            standings = ledger.standings(campaign, a_round.id)
            chosen = _select(at, plan, a_round, standings, ledger.notices(campaign), as_of)
            ledger.supersede((as_record(campaign, one, "superseded") for one in chosen.superseded), as_of)
            for (department, audience, day), group in gather(chosen.due).items():
                key = f"{a_round.id}:reminder:{department}:{audience}:{day}"
                # the link opens the department's door: it goes to the liaison, nobody else
                mine = department != OFFICE and audience == "liaison"
                upload = upload_address(at, ledger, a_round, department, as_of) if mine else ""
                letter = _letter(at, plan, a_round, standings, department, audience, group, as_of, key, upload)
                made += make_message(at, ledger, letter, [], group, as_of)
    return made


def _select(
    at: Office, plan: Plan, a_round: RoundRecord, standings: Mapping[str, Standing], made: Mapping[str, str], as_of: datetime
) -> Selection:
    owed = [(one, standings[one.id]) for one in plan.expected_in(a_round.id)]
    assert a_round.opened_at is not None
    return reminders(owed, a_round.opened_at, plan.definition.ladder, made, at.slots(plan), as_of)


def _letter(
    at: Office,
    plan: Plan,
    a_round: RoundRecord,
    standings: Mapping[str, Standing],
    department: str,
    audience: str,
    group: Sequence[Notice],
    as_of: datetime,
    key: str,
    upload: str,
) -> Letter:
    named, workdays = names(plan), at.workdays(plan.definition)
    owed = {one.id: one for one in plan.expected_in(a_round.id)}
    # one report may be on two rungs of one day; it is named once
    items = {
        notice.about: item(plan, owed[notice.about], standings[notice.about], as_of, workdays, named)
        for notice in sorted(group, key=lambda notice: (owed[notice.about].due_at, owed[notice.about].duty))
    }
    body: Body
    if department == OFFICE:
        by_unit: dict[str, list[Item]] = {}
        for about, one in items.items():
            by_unit.setdefault(owed[about].department, []).append(one)
        body = Overdue(units=tuple(_missing_unit(at, plan, unit, tuple(found)) for unit, found in by_unit.items()))
    elif any(notice.after for notice in group):
        body = Overdue(items=tuple(items.values()), upload=upload)
    else:
        nearest = min(standings[notice.about].due_at for notice in group)
        body = Reminder(tuple(items.values()), due=moment_in_chinese(nearest), upload=upload)
    return Letter(key, at.occasion(plan, a_round.id, a_round.label), at.recipient(plan, department, audience), body)


def _missing_unit(at: Office, plan: Plan, department: str, items: tuple[Item, ...]) -> MissingUnit:
    person = plan.directory.organ(department).reporter
    to = at.recipient(plan, department)
    return MissingUnit(plan.directory.organ(department).name, to.name, person.phone if person else "", to.email, items)
