"""Closing rounds and rolling them up."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from campaigns import rollup
from campaigns.events import Event
from campaigns.forms import header
from campaigns.items import in_letters
from campaigns.letters import Letter, RollUp, Row
from campaigns.pedigree import Change, changes, headings, published
from campaigns.plain import file_name
from campaigns.plan import Plan
from campaigns.records import RollUpRecord, RoundRecord
from campaigns.states import Standing, state, tally
from campaigns.workdays import Slots
from integrations.database.ledger import Ledger
from integrations.excel.rollup_book import write_rollup
from integrations.files import write_whole
from tasks.assessing import assess, sheets
from tasks.office import Office, names, office
from tasks.rolling import rolled_up
from tasks.step import step


def closing_slot(a_round: RoundRecord, slots: Slots) -> datetime:
    """Return when a round closes: the first daily round after the office hours of its closing date."""
    return slots.at_or_after(slots.hours.deadline(a_round.closes_on))


@step("汇总、结束报送期")
def close_rounds(campaign: str, as_of: datetime) -> list[str]:
    """Return the rounds closed now, rolled up as they stand; the last ends the campaign. Telling the office is another step."""
    at = office()
    closed = []
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(campaign))
        slots = at.slots(plan)
        for a_round in ledger.rounds(campaign):
            if a_round.opened_at is None or a_round.closed_at is not None or closing_slot(a_round, slots) > as_of:
                continue
            standings = [one for one in ledger.standings(campaign, a_round.id).values() if not one.retired]
            until = _until(standings, as_of)
            data = {"tally": tally(state(one, until) for one in standings)}  # how it closed is how it stays
            ledger.close_round(
                a_round.id, Event(campaign, "round.closed", a_round.id, as_of, "tick", f"close:{a_round.id}", data)
            )
            _publish_with_later(at, ledger, plan, a_round, as_of)
            closed.append(a_round.id)
        if closed:
            end_if_over(ledger, campaign, as_of)
    return closed


def publish(campaign: str, round_id: str, as_of: datetime) -> RollUpRecord:
    """Return the roll-up of a round as it stands now, written as a new version."""
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(campaign))
        a_round = ledger.round(round_id)
        return publish_in(at, ledger, plan, a_round, as_of)


def publish_closed(at: Office, ledger: Ledger, rounds: Iterable[str], as_of: datetime) -> None:
    """Roll up rounds that were closed by decision, in the transaction that closed them; the last one ends the campaign."""
    for code in rounds:
        a_round = ledger.round(code)
        _publish_with_later(at, ledger, at.plan(ledger.campaign(a_round.campaign)), a_round, as_of)
        end_if_over(ledger, a_round.campaign, as_of)


def _publish_with_later(at: Office, ledger: Ledger, plan: Plan, a_round: RoundRecord, as_of: datetime) -> None:
    """Roll up a round, and those closed already that come after it: what was corrected in it is in their cumulative figures."""
    as_of = _until(ledger.standings(a_round.campaign, a_round.id).values(), as_of)
    publish_in(at, ledger, plan, a_round, as_of)
    for later in ledger.rounds(a_round.campaign):
        if later.report == a_round.report and later.due_on > a_round.due_on and later.closed_at is not None:
            publish_in(at, ledger, plan, later, as_of)


def _until(standings: Iterable[Standing], as_of: datetime) -> datetime:
    """Return the moment from which on all that was accepted has come: a tick bears the one at which it began."""
    return max([as_of, *(one.received_at for standing in standings for one in standing.accepted)])


def end_if_over(ledger: Ledger, campaign: str, as_of: datetime) -> None:
    """End a campaign whose rounds are all closed."""
    if all(one.closed_at for one in ledger.rounds(campaign)):
        note = {"note": "各报送期均已汇总"}
        ledger.set_status(Event(campaign, "campaign.closed", campaign, as_of, "tick", f"close:{campaign}", note), "closed")


def publish_in(at: Office, ledger: Ledger, plan: Plan, a_round: RoundRecord, as_of: datetime) -> RollUpRecord:
    """Return the roll-up of a round, written in the caller's transaction as a new version unless nothing has changed."""
    facts = ledger.figures(a_round.campaign, "own", until=as_of)
    result = rolled_up(ledger, plan, a_round.id, as_of, facts)
    more = sheets(plan.of(a_round.id), assess(ledger, plan, a_round, result, facts, as_of))
    said = published(result, more)
    figures = at.keep(json.dumps(said, ensure_ascii=False, sort_keys=True).encode())
    earlier = ledger.rollups(a_round.id)
    if earlier and earlier[-1].figures == figures:
        return earlier[-1]
    changed = _changed(at, plan, result, earlier[-1], said) if earlier else ()
    data = write_rollup(result, changed, more)
    digest = at.keep(data)
    version = len(earlier) + 1
    name = file_name(f"{plan.definition.campaign.short_title}_{a_round.label}_汇总_第{version}版", ".xlsx")
    folder = at.home / "rollup"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / name, data)
    record = RollUpRecord(a_round.id, version, f"rollup/{name}", digest, result.coverage.text, as_of, figures)
    ledger.add_rollup(record)
    data_of_event = {name: getattr(record, name) for name in ("version", "file", "sha256", "coverage", "figures")}
    command = f"rollup:{a_round.id}:v{version}"
    ledger.record(Event(a_round.campaign, "rollup.published", a_round.id, as_of, "tick", command, data_of_event))
    return record


def rollup_letter(at: Office, ledger: Ledger, plan: Plan, record: RollUpRecord, result: rollup.RollUp, key: str) -> Letter:
    """Return the letter that tells the office of a published roll-up, and of what has changed since the version before."""
    earlier = [one for one in ledger.rollups(record.round) if one.version < record.version]
    changed = _changed(at, plan, result, earlier[-1], json.loads(at.bytes_of(record.figures))) if earlier else ()
    indicators = in_letters(result.indicators)
    body = RollUp(
        coverage=result.coverage.text,
        columns=tuple(header(one) for one in indicators),
        rows=(Row("合计", tuple(_shown(result.overall.get(one.id)) for one in indicators)),),
        missing=result.coverage.missing,
        changes=tuple(one.text for one in changed),
    )
    return Letter(key, at.occasion(plan, result.round, result.round_label), at.office_recipient(), body)


def _changed(at: Office, plan: Plan, result: rollup.RollUp, before: RollUpRecord, said: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what a version of a roll-up says otherwise than the one before."""
    headed = headings(plan, plan.round(result.round).report)
    return changes(json.loads(at.bytes_of(before.figures)), said, result, names(plan), headed)


def _shown(value: Decimal | None) -> str:
    return "—" if value is None else f"{value.normalize():f}"
