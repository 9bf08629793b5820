"""Climbing the ladder: one letter a person and day, whatever campaigns it speaks of, to those who have not reported."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.definition import Role
from campaigns.ladder import Owed, digest_key, go_round, may_speak
from campaigns.letters import Attachment, Digest, Item, Letter, MissingUnit, Occasion, Recipient, Section
from campaigns.notices import Notice
from campaigns.plan import OFFICE
from campaigns.records import RoundRecord
from campaigns.workdays import office_date
from integrations.database.ledger import Ledger
from tasks.doors import upload_address
from tasks.due_dates import dates_of
from tasks.forms import newest_form
from tasks.office import Office, Running, office
from tasks.papers import papers_of
from tasks.post import as_record, make_message
from tasks.step import step
from tasks.wording import item_of, moment_in_chinese

_CAPACITIES = ("liaison", "deputy", "lead", "leader", "office")


@step("催报")
def remind(as_of: datetime) -> int:
    """Return how many letters of reminders were made: one a person, of all that is due and not yet done.

    What is due is asked for by its `next_at`; no plan is laid out. Each letter is its own transaction with its notices, and what
    was looked at moves on last, so a crash half-way is carried on by the next tick.
    """
    at = office()
    with at.ledger() as ledger:
        running = {record.id: at.running(record) for record in ledger.campaigns("live")}
        speaking = {code for code, one in running.items() if may_speak(as_of, one.slots)}
        for code in speaking:
            ledger.time_by(code, running[code].fingerprint, as_of)
        owed = {one.id: one for one in ledger.to_look_at(as_of) if one.campaign in speaking}
        if not owed:
            return 0
        made = ledger.notices_about(owed)
        concerned = {one.campaign for one in owed.values()}
        repeated = {code for code in concerned if any(rung.times > 1 for rung in running[code].definition.ladder)}
        lateness = {
            (code, department): count for code in repeated for department, count in ledger.late_rounds(code, as_of).items()
        }
        rounds = {a_round.id: a_round for code in concerned for a_round in ledger.rounds(code)}

    def mailbox(campaign: str, department: str, audience: str) -> str:
        organ = running[campaign].organs.get(department)
        if audience == "deputy" and (organ is None or organ.deputy is None):
            return ""
        return at.person(running[campaign].directory, department, audience).email.lower()

    ladders = {code: one.definition.ladder for code, one in running.items()}
    slots = {code: one.slots for code, one in running.items()}
    today = office_date(as_of)
    found = go_round(owed.values(), ladders, made, slots, as_of, mailbox, (), lateness)
    with at.ledger() as ledger:
        heard = ledger.heard_on(today, found.digests)
    if heard:
        found = go_round(owed.values(), ladders, made, slots, as_of, mailbox, heard, lateness)
    count, left = 0, set[str]()
    for address, notices in found.digests.items():
        with at.ledger() as ledger:
            desk = _Desk(at, ledger, running, rounds, owed, as_of)
            letter, attachments = desk.letter(digest_key(today, address), notices)
            if make_message(at, ledger, letter, attachments, notices, as_of):
                count += 1
            else:  # a tick at the same time wrote to this person: the next one sees what is left to say
                left |= {notice.about for notice in notices}
    with at.ledger() as ledger:
        ledger.supersede(map(as_record, found.superseded), as_of)
        ledger.looked_at({code: moment for code, moment in found.next_at.items() if code not in left})
    return count


@dataclass(frozen=True, slots=True)
class _Desk:
    """All that is at hand when the letters of a tick are written."""

    at: Office
    ledger: Ledger
    running: Mapping[str, Running]
    rounds: Mapping[str, RoundRecord]
    owed: Mapping[str, Owed]
    as_of: datetime

    def letter(self, key: str, notices: Sequence[Notice]) -> tuple[Letter, list[Attachment]]:
        """Return one person's letter of the day: what is overdue first, then by date, campaign by campaign."""
        groups: dict[tuple[str, str, str, str, bool], list[Notice]] = defaultdict(list)
        for notice in notices:
            about = self.owed[notice.about]
            groups[about.campaign, about.round, notice.department, notice.audience, notice.after].append(notice)
        urgency: dict[str, tuple[bool, datetime]] = {}
        for (campaign, *_, after), group in groups.items():
            urgency[campaign] = min(urgency.get(campaign, (True, self._due(group))), (not after, self._due(group)))
        order = sorted(
            groups,
            key=lambda one: (urgency[one[0]], one[0], not one[4], self._due(groups[one]), _CAPACITIES.index(one[3]), one[2]),
        )
        papers = {one: self._papers(one, groups[one]) for one in order}
        sections = tuple(self._section(one, groups[one], papers[one]) for one in order)
        attachments = [paper for found in papers.values() for paper in found]
        for _, round_id, department, audience, _ in order:
            if audience in ("liaison", "deputy"):
                form = newest_form(self.at, self.ledger, round_id, department)
                attachments += [form] if form and form not in attachments else []
        if dates := self._dates(order):
            attachments.append(dates)
        return Letter(key, self._occasion(order), self._recipient(order), Digest(sections)), attachments

    def _due(self, group: Iterable[Notice]) -> datetime:
        return min(self.owed[one.about].standing.due_at for one in group)

    def _occasion(self, order: Sequence[tuple[str, str, str, str, bool]]) -> Occasion:
        """Return what the letter is about: a round only when it speaks of no other."""
        campaign, rounds = order[0][0], {one[1] for one in order}
        about, only = self.running[campaign].definition.campaign, self.rounds[order[0][1]] if len(rounds) == 1 else None
        return Occasion(
            office=self.at.settings.office,
            mailbox=self.at.settings.mailbox,
            campaign=about.id,
            campaign_title=about.title,
            short_title=about.short_title,
            doc_no=about.doc_no or "",
            round=only.id if only else "",
            round_label=only.label if only else "",
        )

    def _recipient(self, order: Sequence[tuple[str, str, str, str, bool]]) -> Recipient:
        """Return the person, in the capacity in which they report themselves, else in the first in which they are told."""
        campaign, _, department, audience, _ = min(order, key=lambda one: _CAPACITIES.index(one[3]))
        return self.at.person(self.running[campaign].directory, department, audience)

    def _papers(self, of: tuple[str, str, str, str, bool], group: Sequence[Notice]) -> list[Attachment]:
        """Return the papers for the office to sign that this group's rungs ask for."""
        campaign, round_id, _, audience, _ = of
        if audience != "office":
            return []
        climbed = [(one.rung, self.owed[one.about]) for one in group]
        return papers_of(self.at, self.ledger, self.running[campaign], self.rounds[round_id], climbed, self.as_of)

    def _dates(self, order: Sequence[tuple[str, str, str, str, bool]]) -> Attachment | None:
        """Return the dates still to come of what the person's own department owes, for a calendar program."""
        mine = dict.fromkeys(one[:3] for one in order if one[3] in ("liaison", "deputy") and not one[4])
        return dates_of(self.at, self.ledger, self.running, [(self.rounds[code], unit) for _, code, unit in mine], self.as_of)

    def _section(self, of: tuple[str, str, str, str, bool], group: Sequence[Notice], papers: Sequence[Attachment]) -> Section:
        campaign, round_id, department, audience, after = of
        running, a_round = self.running[campaign], self.rounds[round_id]
        # one report may be on two rungs of one day; it is named once
        mine = {one.about: self.owed[one.about] for one in group}
        reports = sorted(mine.values(), key=lambda one: (one.standing.due_at, one.duty, one.id))
        about = running.definition.campaign
        others = audience in ("lead", "office")
        liaison = audience in ("liaison", "deputy") and department != OFFICE
        return Section(
            campaign=about.title,
            reference=f"{about.doc_no or ''} {about.short_title}".strip(),
            round_label=a_round.label,
            unit=running.names[department],
            capacity=audience,  # type: ignore[arg-type]
            overdue=after,
            items=() if others else tuple(self._item(running, one) for one in reports),
            units=self._units(running, a_round, reports) if others else (),
            due="" if after else moment_in_chinese(self._due(group)),
            standing=self._standing(running, department, round_id) if audience == "lead" else "",
            # the link opens the department's door: it goes to those who report for it, nobody else
            papers=tuple(one.name.partition("_")[0] for one in papers),
            upload=upload_address(self.at, self.ledger, a_round, department, self.as_of) if liaison else "",
        )

    def _item(self, running: Running, one: Owed) -> Item:
        return item_of(
            running.asking(one.round), one.duty, Role(one.role), one.receivers, one.standing, self.as_of, running.slots.workdays,
            running.names,
        )  # fmt: skip

    def _units(self, running: Running, a_round: RoundRecord, reports: Iterable[Owed]) -> tuple[MissingUnit, ...]:
        by_unit: dict[str, list[Item]] = defaultdict(list)
        for one in reports:
            by_unit[one.department].append(self._item(running, one))
        return tuple(self._unit(running, a_round, code, tuple(items)) for code, items in by_unit.items())

    def _unit(self, running: Running, a_round: RoundRecord, department: str, items: tuple[Item, ...]) -> MissingUnit:
        person, to = running.organs[department].reporter, self.at.person(running.directory, department)
        words = words_to_pass_on(self.at, running, a_round, to, items)
        return MissingUnit(running.names[department], to.name, person.phone if person else "", to.email, items, words)

    def _standing(self, running: Running, lead: str, round_id: str) -> str:
        """Return how a lead's cooperating departments stand: how many, and who has not reported yet."""
        units = self.ledger.owed_to(lead, round_id)
        waiting = list(dict.fromkeys(running.names[one.department] for one in units if one.standing.owed))
        came = sum(not one.standing.owed for one in units)
        return f"配合单位应报{len(units)}项，已报{came}项；还没有报送的：{'、'.join(waiting)}。"


def words_to_pass_on(at: Office, running: Running, a_round: RoundRecord, to: Recipient, items: Sequence[Item]) -> str:
    """Return a reminder short enough for 企业微信, 钉钉 or 浙政钉, to be copied as it is."""
    about = running.definition.campaign
    late = any("逾期" in one.remaining for one in items)
    duties = "、".join(f"任务{one.duty}" for one in items[:8]) + (f"等{len(items)}项" if len(items) > 8 else "")
    when = "已过报送日期，请尽快补报" if late else f"请于{items[0].due}前报送"
    greeting = f"{to.unit} {to.name}同志" if to.name not in ("", to.unit, at.settings.office) else to.unit
    return (
        f"{greeting}：您好，{about.short_title}{a_round.label}还有{len(items)}项未收到（{duties}），{when}。"
        f"报表已发到邮箱{to.email}，报至{at.settings.mailbox}；确无数据的请作零报告。（{at.settings.office}）"
    )
