"""Drafting papers for a person to sign."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from campaigns.definition import Paper, Role
from campaigns.errors import UnknownItem
from campaigns.ladder import Owed
from campaigns.letters import Attachment, Item
from campaigns.papers import Late, draft
from campaigns.records import RoundRecord
from integrations.database.ledger import Ledger
from integrations.word.papers import write_papers
from tasks.office import Office, Running, office
from tasks.wording import item_of, moment_in_chinese

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def paper_about(
    at: Office, ledger: Ledger, running: Running, a_round: RoundRecord, kind: Paper, owed: Iterable[Owed], as_of: datetime
) -> Attachment | None:
    """Return the drafts of one kind about what is owed in a round, one .docx; None when nothing is."""
    about = running.definition.campaign
    by_unit: dict[str, list[Owed]] = defaultdict(list)
    for one in sorted(owed, key=lambda one: (one.standing.due_at, one.duty)):
        if one.standing.owed:
            by_unit[one.department].append(one)
    times = ledger.late_rounds(about.id, as_of)
    order = [organ.id for organ in running.directory.organs if organ.id in by_unit]
    late = [
        Late(running.names[code], tuple(_item(running, one, as_of) for one in by_unit[code]), times.get(code, 1))
        for code in order
    ]
    drafts = draft(kind, about.office, about.title, about.doc_no or "", a_round.label, moment_in_chinese(as_of), late)
    if not drafts:
        return None
    count = f"（{len(drafts)}份）" if len(drafts) > 1 else ""
    return Attachment(f"{kind.chinese}_{about.short_title}_{a_round.label}{count}.docx", DOCX, write_papers(drafts))


def paper(kind: Paper, scope: str | None, as_of: datetime) -> Attachment:
    """Return the drafts about what is overdue in opened rounds: of a department, of a round, or of the only open round.

    UnknownItem when nothing is overdue there.
    """
    at = office()
    with at.ledger() as ledger:
        for record in ledger.campaigns("live", "paused"):
            running = at.running(record)
            department = next((one.id for one in running.directory.organs if scope in (one.id, one.name)), None)
            for a_round in reversed([one for one in ledger.rounds(record.id) if one.opened_at and one.closed_at is None]):
                if scope not in (None, a_round.id) and department is None:
                    continue
                owed = [one for one in ledger.owed_in(a_round.id, department) if one.standing.due_at < as_of]
                if found := paper_about(at, ledger, running, a_round, kind, owed, as_of):
                    return found
    raise UnknownItem(
        f"{f'“{scope}”' if scope else '各报送期'}没有逾期未报的事项，不需要拟{kind.chinese}；范围应是单位代码、名称或报送期编号"
    )


def papers_of(
    at: Office, ledger: Ledger, running: Running, a_round: RoundRecord, climbed: Sequence[tuple[str, Owed]], as_of: datetime
) -> list[Attachment]:
    """Return the drafts that the rungs now climbed ask for, given as (rung, what is owed)."""
    by_paper: dict[Paper, list[Owed]] = defaultdict(list)
    papers = {rung.id: rung.paper for rung in running.definition.ladder}
    for rung, one in climbed:
        if kind := papers.get(rung):
            by_paper[kind].append(one)
    found = (paper_about(at, ledger, running, a_round, kind, owed, as_of) for kind, owed in by_paper.items())
    return [one for one in found if one]


def _item(running: Running, one: Owed, as_of: datetime) -> Item:
    return item_of(
        running.asking(one.round), one.duty, Role(one.role), one.receivers, one.standing, as_of, running.slots.workdays,
        running.names,
    )  # fmt: skip
