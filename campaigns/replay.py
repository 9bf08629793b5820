"""The ledger rebuilt from its event record alone: what the tables must hold if nobody touched them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from campaigns.decisions import folded
from campaigns.definition import Role
from campaigns.events import Event
from campaigns.organs import Directory
from campaigns.plan import ExpectedReport, Round
from campaigns.records import CampaignRecord, DecisionRecord, FormerVersion, RequestRecord, RollUpRecord, RoundRecord
from campaigns.states import Standing, fold

Owed = tuple[str, str, int, str, str, tuple[str, ...]]  # id, round, duty, department, role, receivers


@dataclass
class Replayed:
    """What a campaign's events come to: records as the ledger gives them out, and digests of rows that events brought."""

    campaign: CampaignRecord | None = None
    rounds: dict[str, RoundRecord] = field(default_factory=dict)
    owed: dict[str, Owed] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    decisions: dict[str, DecisionRecord] = field(default_factory=dict)
    requests: dict[str, RequestRecord] = field(default_factory=dict)
    rollups: dict[str, RollUpRecord] = field(default_factory=dict)
    submissions: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> outcome, digest
    envelopes: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    settled: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # message -> what became of it, when it left
    forms: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)  # those nobody needed to hear any more


def launched(record: CampaignRecord, rounds: Iterable[Round], expected: Iterable[ExpectedReport]) -> dict[str, Any]:
    """Return what the event of a launch carries: the campaign and all that is expected, so that replaying needs nothing else."""
    return {
        "title": record.title,
        "version": record.version,
        "definition": record.definition,
        "directory": record.directory,
        "rounds": [dated(one) for one in rounds],
        "expected": alike(expected),
    }


def dated(one: Round | RoundRecord) -> list[str]:
    """Return a round with its dates as an event carries it."""
    return [one.id, one.report, one.label, one.opens_on.isoformat(), one.due_on.isoformat(), one.closes_on.isoformat()]


def alike(expected: Iterable[ExpectedReport]) -> list[list[Any]]:
    """Return what is expected as an event carries it: what is owed alike, by the same date to the same receivers, together."""
    found: dict[tuple[str, str, str, tuple[str, ...]], list[list[Any]]] = {}
    for one in expected:
        found.setdefault((one.round, one.role.value, one.due_at.isoformat(), one.receivers), []).append(
            [one.duty, one.department]
        )
    return [[*key[:3], list(key[3]), debtors] for key, debtors in found.items()]


def told(data: Mapping[str, Any]) -> Iterator[ExpectedReport]:
    """Yield the expected reports that an event carries."""
    for round_id, role, due_at, receivers, debtors in data["expected"]:
        for duty, department in debtors:
            code, moment = f"{round_id}/{duty}/{department}", datetime.fromisoformat(due_at)
            yield ExpectedReport(code, round_id, duty, department, Role(role), moment, tuple(receivers))


def amended(record: CampaignRecord, data: Mapping[str, Any]) -> CampaignRecord:
    """Return a campaign after it was amended: what it was goes to its earlier versions, with the rounds that ended under it."""
    before = FormerVersion(record.version, record.definition, record.directory, tuple(data["closed"]), record.spared)
    return replace(
        record,
        title=data["title"],
        version=data["version"],
        definition=data["definition"],
        directory=data["directory"],
        spared=tuple(data["spared"]),
        earlier=(*record.earlier, before),
    )


def replay(texts: Iterable[str]) -> Replayed:
    """Return what a campaign's events, as canonical texts in their order, come to."""
    found = Replayed()
    for text in texts:
        step(found, text)
    return found


def step(found: Replayed, text: str) -> None:
    """Take one more event, as its canonical text, into what a campaign's events come to."""
    said = json.loads(text)
    about, data, moment = said["about"], said["data"], datetime.fromisoformat(said["occurred_at"])
    event = Event(said["campaign"], said["kind"], about, moment, said["actor"], said["command"], data)
    match event.kind:
        case "campaign.launched":
            _launch(found, event)
        case "campaign.amended" if found.campaign:
            _amend(found, found.campaign, event)
        case "campaign.paused" | "campaign.revived" | "campaign.cancelled" | "campaign.closed" if found.campaign:
            status = {"paused": "paused", "revived": "live", "cancelled": "cancelled", "closed": "closed"}[event.kind[9:]]
            found.campaign = replace(found.campaign, status=status, status_note=data.get("note", ""))
        case "contact.replaced" if found.campaign:
            directory = folded(Directory.model_validate_json(found.campaign.directory), event)
            found.campaign = replace(found.campaign, directory=directory.model_dump_json())
        case "round.opened":
            found.rounds[about] = replace(found.rounds[about], opened_at=moment)
            _fold_round(found, event)
        case "round.closed":
            found.rounds[about] = replace(found.rounds[about], closed_at=moment, tally=data.get("tally"))
            _fold_round(found, event)
        case "round.reopened":
            found.rounds[about] = replace(found.rounds[about], closed_at=None, closes_on=date.fromisoformat(data["to"]))
        case "round.closing_moved":
            found.rounds[about] = replace(found.rounds[about], closes_on=date.fromisoformat(data["to"]))
        case "decision.made":
            found.decisions[about] = decision_of(event)
            if data["request"]:
                found.requests[data["request"]] = replace(found.requests[data["request"]], decision=about)
        case "request.made":
            found.requests[about] = request_of(event)
        case "rollup.published":
            record = RollUpRecord(about, data["version"], data["file"], data["sha256"], data["coverage"], moment, data["figures"])
            found.rollups[f"{about} v{data['version']}"] = record
        case "envelope.settled":
            found.envelopes[about] = data.get("digest", "")
        case "message.made":
            found.messages[about] = data.get("digest", "")
        case "message.settled":
            found.settled[about] = data["status"], data["sent_at"]
        case "form.issued":
            found.forms[about] = data.get("digest", "")
        case "link.made":
            found.links[about] = data.get("digest", "")
        case "notice.superseded":
            found.notices[about] = data.get("digest", "")
        case _ if about in found.standings:
            _fold_report(found, event)


def _launch(found: Replayed, event: Event) -> None:
    data = event.data
    found.campaign = CampaignRecord(
        event.campaign, data["title"], data["version"], data["definition"], data["directory"], "live", "", event.occurred_at
    )
    _lay_out(found, event)


def _lay_out(found: Replayed, event: Event) -> None:
    """Take in the rounds and expected reports that an event carries; what is new in an open round is owed from now on."""
    for code, report, label, *days in event.data["rounds"]:
        opens, due, closes = map(date.fromisoformat, days)
        known = found.rounds.get(code)
        made = RoundRecord(code, event.campaign, report, label, opens, due, closes, None, None)
        found.rounds[code] = replace(made, opened_at=known.opened_at) if known else made
    for one in told(event.data):
        found.owed[one.id] = one.id, one.round, one.duty, one.department, one.role.value, one.receivers
        opened = found.rounds[one.round].opened_at is not None
        found.standings[one.id] = Standing(one.due_at, opened_at=event.occurred_at if opened else None)


def _amend(found: Replayed, record: CampaignRecord, event: Event) -> None:
    found.campaign, removed = amended(record, event.data), set(event.data["removed"])
    for code in removed:
        del found.rounds[code]
    gone = {*event.data["dropped"], *(code for code, owed in found.owed.items() if owed[1] in removed)}
    for code in gone:
        del found.owed[code], found.standings[code]
    for code, role, receivers in event.data["roles"]:
        found.owed[code] = (*found.owed[code][:4], role, tuple(receivers))
    _lay_out(found, event)


def _fold_round(found: Replayed, event: Event) -> None:
    for code, owed in found.owed.items():
        if owed[1] == event.about:
            found.standings[code] = fold(found.standings[code], event)


def _fold_report(found: Replayed, event: Event) -> None:
    before = found.standings[event.about]
    after = found.standings[event.about] = fold(before, event)
    if event.kind.startswith("submission.") and "decision" not in event.data:
        outcome = event.kind.removeprefix("submission.")
        found.submissions[event.data["submission"]] = outcome, event.data.get("digest", "")
    for gone in {one.submission for one in before.accepted} - {one.submission for one in after.accepted}:
        found.submissions[gone] = event.kind.removeprefix("submission."), found.submissions[gone][1]


def decision_of(event: Event) -> DecisionRecord:
    """Return the decision that an event made."""
    data = event.data
    return DecisionRecord(
        event.about,
        event.campaign,
        data["kind"],
        data["by"],
        data["authority"],
        data["basis"],
        date.fromisoformat(data["decided_on"]),
        event.occurred_at,
        tuple(data["scope"]),
        data["granted"],
        data["request"],
    )


def request_of(event: Event) -> RequestRecord:
    """Return the request that an event put."""
    data = event.data
    wanted = date.fromisoformat(data["wanted"]) if data["wanted"] else None
    scope: Sequence[str] = data["scope"]
    return RequestRecord(
        event.about, event.campaign, tuple(scope), wanted, data["reason"], data["asked_by"], data["door"], event.occurred_at
    )
