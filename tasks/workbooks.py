"""A workbook that was read, and the form of this office that it stands for."""

from datetime import datetime

from campaigns.decisions import exempted
from campaigns.forms import Form
from campaigns.intake import Earlier, Issued, Unissued
from campaigns.submission import Book, Refusal, token_of
from integrations.database.ledger import Ledger
from integrations.signing import BadToken, unsign
from tasks.office import Office
from tasks.wording import moment_in_chinese


def stands_for(
    at: Office, ledger: Ledger, book: Book | Refusal, digest: str, received_at: datetime, envelope: str = ""
) -> Issued | Unissued:
    """Return the form that a workbook names, with what the ledger knows that bears on it; why there is none otherwise.

    `digest` is that of its bytes, `envelope` the one it came in: what it brings itself did not come before.
    """
    token = None if isinstance(book, Refusal) else token_of(book)
    if token is None:
        return Unissued.NO_TOKEN
    try:
        told = unsign(token, at.settings.secret)
    except BadToken:
        return Unissued.FORGED
    record = ledger.form(str(told.get("serial", "")))
    if record is None:
        return Unissued.UNKNOWN
    form = Form.model_validate_json(record.layout)
    a_round = next((one for one in ledger.rounds(form.campaign) if one.id == form.round), None)
    if a_round is None:
        return Unissued.UNKNOWN
    campaign = ledger.campaign(form.campaign)
    plan = at.plan(campaign)
    before = ledger.earlier_envelope(digest, envelope)
    if before and envelope and before.door == ledger.envelope(envelope).door == "pull":
        before = None  # what a system says again after it said something else is no old file sent once more
    return Issued(
        form,
        plan.directory,
        plan.definition.rules,
        exempted(ledger.decisions(campaign.id), received_at),
        Earlier(before.id, moment_in_chinese(before.received_at), before.outcome) if before else None,
        cancelled=(campaign.status_note or "未写依据") if campaign.status == "cancelled" else "",
        closed=moment_in_chinese(a_round.closed_at) if a_round.closed_at else "",
        retired={code for code, one in ledger.standings_of(block.expected for block in form.blocks).items() if one.retired},
    )
