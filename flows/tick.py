"""The work itself, as sentences made of steps: the Prefect flows run it, and so does `liandong tick` with no server at all."""

from contextlib import ExitStack
from datetime import datetime

from tasks.accounts import tell_of_rollups
from tasks.bundle import bundle_leads, hourly_campaigns
from tasks.campaign import is_launched, launch, live_campaigns
from tasks.closing import close_rounds
from tasks.dispatch import open_rounds
from tasks.doors import fetch_mails, take_in
from tasks.intake import check_envelopes
from tasks.ledger_page import write_ledger_page
from tasks.preview import usable
from tasks.pulling import pull_all
from tasks.reading import read_ahead
from tasks.record import anchor
from tasks.remind import remind
from tasks.sending import deliver
from tasks.tidying import tidy
from tasks.upward import hand_in_due


def expand_campaign(campaign: str, as_of: datetime) -> None:
    """Expand a definition into the ledger and do what is due at once; again, nothing changes."""
    if not is_launched(campaign):
        launch(usable(campaign, as_of), as_of)
    daily(as_of)


def daily(as_of: datetime) -> None:
    """Do what has come due in every running campaign: open rounds, serve leads, remind, close; then send the letters."""
    tidy()
    running = live_campaigns()
    for campaign in running:
        open_rounds(campaign, as_of)
        bundle_leads(campaign, as_of)
    remind(as_of)
    for campaign in running:
        close_rounds(campaign, as_of)
    tell_of_rollups(as_of)
    try:
        hand_in_due(as_of)
    finally:
        # an office above that is out of reach keeps no letter back
        deliver(as_of)
        write_ledger_page(as_of)
        anchor(as_of)


def collect(as_of: datetime) -> None:
    """Take in what has arrived by mailbox, folder and system, check it, answer it; one door out of order closes no other."""
    with ExitStack() as then:
        then.callback(_answer, as_of)
        then.callback(pull_all, as_of)
        then.callback(take_in, as_of)
        fetch_mails(as_of)


def _answer(as_of: datetime) -> None:
    read_ahead()
    checked = check_envelopes(as_of)
    for campaign in hourly_campaigns():
        bundle_leads(campaign, as_of)
    # what came by the upload page is checked already: its receipts are sent here
    if checked + deliver(as_of):
        write_ledger_page(as_of)


def close(as_of: datetime) -> None:
    """Close and roll up the rounds whose time has come."""
    for campaign in live_campaigns():
        close_rounds(campaign, as_of)
    tell_of_rollups(as_of)
    deliver(as_of)
    write_ledger_page(as_of)


def tick(as_of: datetime) -> None:
    """Collect what has arrived, then do what has come due, which waits for no inbox that is out of order."""
    try:
        collect(as_of)
    finally:
        daily(as_of)
