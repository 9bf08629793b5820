"""Launching a campaign and asking about it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from campaigns import graph, window
from campaigns.errors import Conflict, NotConfigured
from campaigns.events import Event
from campaigns.organs import Directory, clashes
from campaigns.plan import Plan
from campaigns.records import CampaignRecord
from campaigns.replay import launched
from campaigns.states import Standing
from campaigns.workdays import in_chinese, office_date
from tasks.office import office
from tasks.step import step


def version_of(plan: Plan) -> str:
    """Return the version of a definition with its directory: a hash over both."""
    text = plan.definition.model_dump_json() + plan.directory.model_dump_json()
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@step("下达专项行动")
def launch(plan: Plan, as_of: datetime, actor: str = "office") -> bool:
    """Return whether the campaign is new: its departments, assignments, rounds, expected reports and graph stand in the ledger.

    Rounds whose date lies before the launch are not owed. Launching the same version again changes nothing; another version, or a
    campaign that is over, is a Conflict.
    """
    campaign = plan.definition.campaign
    must_not_be_over(plan, as_of)
    must_not_clash(plan)
    today = office_date(as_of)
    record = CampaignRecord(
        id=campaign.id,
        title=campaign.title,
        version=version_of(plan),
        definition=plan.definition.model_dump_json(),
        directory=plan.directory.model_dump_json(),
        status="live",
        status_note="",
        launched_at=as_of,
    )
    owed_rounds = [a_round for a_round in plan.rounds if a_round.due_on >= today]
    kept = {a_round.id for a_round in owed_rounds}
    edges = [edge for edge in graph.edges(plan) if _round_of(edge.source) in kept and _round_of(edge.target) in kept]
    with office().ledger() as ledger:
        new = ledger.add_campaign(record)
        if new:
            ledger.add_directory(plan.directory)
            ledger.add_plan(campaign.id, plan.assignments, owed_rounds, [e for e in plan.expected if e.round in kept], edges)
            data = launched(record, owed_rounds, [e for e in plan.expected if e.round in kept])
            ledger.record(Event(campaign.id, "campaign.launched", campaign.id, as_of, actor, f"launch:{record.version}", data))
    return new


def running_plans() -> list[Plan]:
    """Return the plans of the campaigns that are running or paused; none where there is no office yet."""
    try:
        at = office()
    except NotConfigured:
        return []
    with at.ledger() as ledger:
        return [at.plan(record) for record in ledger.campaigns("live", "paused")]


def must_not_be_over(plan: Plan, as_of: datetime) -> None:
    """Return nothing when a campaign can still be launched; Conflict when its last day has passed."""
    campaign = plan.definition.campaign
    if office_date(as_of) > campaign.ends:
        remedy = "如需演练，请在“以哪一刻为准”（命令行用 --as-of）里给出当时的时间"
        raise Conflict(f"“{campaign.title}”已于{in_chinese(campaign.ends)}结束，不能再下发；{remedy}")


def must_not_clash(plan: Plan) -> None:
    """Return nothing when every code means the same department in all running campaigns; Conflict otherwise.

    Who may send what hangs on the code: two departments under one could report for each other.
    """
    with office().ledger() as ledger:
        running = [one for one in ledger.campaigns("live", "paused") if one.id != plan.definition.campaign.id]
    for record in running:
        for mine, theirs in clashes(plan.directory, Directory.model_validate_json(record.directory)):
            raise Conflict(
                f"单位代码“{mine.id}”在本定义的通讯录里是{mine.name}，在“{record.title}”里是{theirs.name}；一个代码只能指一个单位，"
                f"请在“{plan.directory.title}”里换一个代码（同一单位改了名称的，把原名写进别名）"
            )


def _round_of(node: str) -> str:
    return "/".join(node.split("/")[:2])


def is_launched(campaign: str) -> bool:
    """Return whether the ledger holds a campaign, whatever became of it."""
    with office().ledger() as ledger:
        return campaign in {record.id for record in ledger.campaigns()}


def must_not_have_ended(campaign: str) -> None:
    """Return nothing when a launched campaign runs or waits for the office; Conflict when it was cancelled or is closed."""
    with office().ledger() as ledger:
        record = ledger.campaign(campaign)
    if ended := {"cancelled": "已经撤销", "closed": "已经结束"}.get(record.status):
        raise Conflict(f"“{record.title}”{ended}，不能再次下发；如需重新开展，请在定义文件里换一个代码")


def is_paused(campaign: str) -> bool:
    """Return whether a launched campaign waits for the office to decide whether it goes on."""
    with office().ledger() as ledger:
        return ledger.campaign(campaign).status == "paused"


def live_campaigns() -> list[str]:
    """Return the ids of the campaigns that are running."""
    with office().ledger() as ledger:
        return [record.id for record in ledger.campaigns("live")]


def plan_of(campaign: str) -> Plan:
    """Return the plan of a launched campaign; UnknownItem when it was never launched."""
    at = office()
    with at.ledger() as ledger:
        record = ledger.campaign(campaign)
    return at.plan(record)


def standings_of(campaign: str) -> Mapping[str, Standing]:
    """Return the standing of every expected report of a campaign."""
    with office().ledger() as ledger:
        return ledger.standings(campaign)


def picture(campaign: str, as_of: datetime) -> window.Picture:
    """Return what Prefect's window shows of a campaign at a moment."""
    at = office()
    with at.ledger() as ledger:
        record = ledger.campaign(campaign)
        opened = {r.id: r.closed_at is not None for r in ledger.rounds(campaign) if r.opened_at}
        standings = ledger.standings(campaign)
    return window.picture(at.plan(record), record.version, standings, opened, as_of, status=record.status)


_NOT_PAUSED = {
    "live": "正在进行，没有暂停，不需要恢复",
    "cancelled": "已经撤销，不能恢复；如需重新开展，请换一个代码重新下发",
    "closed": "已经结束，不能恢复",
}


def pause(campaign: str, reason: str, as_of: datetime, actor: str = "prefect-ui") -> None:
    """Stop sending for a campaign until the office decides, and record why; a campaign that is not running is left as it is."""
    _set_status(campaign, "live", "paused", "campaign.paused", reason, as_of, actor)


def revive(campaign: str, reason: str, as_of: datetime, actor: str = "office") -> None:
    """Let a paused campaign run again; one that is not paused is a Conflict."""
    with office().ledger() as ledger:
        record = ledger.campaign(campaign)
    if record.status != "paused":
        raise Conflict(f"“{record.title}”{_NOT_PAUSED[record.status]}")
    _set_status(campaign, "paused", "live", "campaign.revived", reason, as_of, actor)


def cancel(campaign: str, basis: str, as_of: datetime, actor: str = "office") -> None:
    """End a campaign on a basis that is recorded; one that has ended already is a Conflict."""
    with office().ledger() as ledger:
        record = ledger.campaign(campaign)
        if record.status not in ("live", "paused"):
            raise Conflict(f"“{record.title}”已经结束，不能撤销")
        data = {"note": basis}
        ledger.set_status(
            Event(campaign, "campaign.cancelled", campaign, as_of, actor, f"cancel:{as_of.isoformat()}", data), "cancelled"
        )


def _set_status(campaign: str, before: str, after: str, kind: str, note: str, as_of: datetime, actor: str) -> None:
    with office().ledger() as ledger:
        if ledger.campaign(campaign).status == before:
            ledger.set_status(Event(campaign, kind, campaign, as_of, actor, f"{kind}:{as_of.isoformat()}", {"note": note}), after)
