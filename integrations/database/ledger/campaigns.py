"""Campaigns, departments and contacts."""

import json
from dataclasses import asdict

from sqlalchemy import select, update

from campaigns.errors import Conflict, UnknownItem
from campaigns.events import Event
from campaigns.organs import Directory
from campaigns.records import (
    CampaignRecord,
)
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record


class Campaigns(Record):
    """Questions and changes about campaigns and whom they concern."""

    def campaign(self, code: str) -> CampaignRecord:
        """Return a launched campaign; UnknownItem when there is none."""
        row = self._session.get(t.CampaignRow, code)
        if row is None:
            raise UnknownItem(f"台账里没有专项行动“{code}”，请先用 liandong launch 下发")
        return rows.campaign(row)

    def campaigns(self, *statuses: str) -> list[CampaignRecord]:
        """Return the launched campaigns, all or those with one of these statuses, by id."""
        query = select(t.CampaignRow).order_by(t.CampaignRow.id)
        if statuses:
            query = query.where(t.CampaignRow.status.in_(statuses))
        return [rows.campaign(row) for row in self._session.scalars(query)]

    def add_campaign(self, record: CampaignRecord) -> bool:
        """Return whether the campaign is new; the version it has, or had once, changes nothing, another is a Conflict."""
        known = self._session.get(t.CampaignRow, record.id)
        if known is None:
            self._session.add(t.CampaignRow(**asdict(record)))
            self._session.flush()
            return True
        if record.version not in (known.version, *(one.version for one in rows.campaign(known).earlier)):
            raise Conflict(
                f"专项行动“{record.id}”已按另一版定义下发，本版不同；如是补充通知，请用 liandong apply 调整；"
                "如需另行下发，请在定义文件里换一个代码"
            )
        return False

    def written_directory(self, campaign: str) -> str:
        """Return a campaign's directory as it was last launched or amended with: without the contacts that decisions put in."""
        query = (
            select(t.EventRow.text)
            .where(t.EventRow.campaign_id == campaign, t.EventRow.kind.in_(("campaign.launched", "campaign.amended")))
            .order_by(t.EventRow.sequence.desc())
            .limit(1)
        )
        data = json.loads(self._session.scalars(query).one())["data"]
        return str(data.get("written", data["directory"]))

    def set_status(self, event: Event, status: str) -> None:
        """Change a campaign's status, with the event that says why; the event's data carries the note."""
        self._session.execute(
            update(t.CampaignRow)
            .where(t.CampaignRow.id == event.campaign)
            .values(status=status, status_note=event.data.get("note", ""))
        )
        self.record(event)

    def add_directory(self, directory: Directory) -> None:
        """Store the departments and contacts of a place; what is there already is brought up to date."""
        for organ in directory.organs:
            self._session.merge(
                t.DepartmentRow(
                    id=organ.id,
                    name=organ.name,
                    level=organ.level,
                    parent=organ.parent,
                    valid_from=organ.since,
                    valid_to=organ.until,
                )
            )
        self._session.flush()
        for organ in directory.organs:
            for kind, person in (("liaison", organ.liaison), ("deputy", organ.deputy), ("leader", organ.leader)):
                if person:
                    self._session.merge(
                        t.ContactRow(
                            department_id=organ.id, kind=kind, name=person.name, email=person.email.lower(), phone=person.phone
                        )
                    )
        self._session.flush()
