"""The doors by which departments' files come in. Bytes and their row first; only then is anything moved, checked or answered."""

from datetime import datetime

from integrations.inbox.folder import alone, arrivals, must_be_usable, put_away
from integrations.inbox.mime import parts_of
from tasks.office import office
from tasks.step import step

_LOCK = ".inbox.lock"


@step("收件入库")
def take_in(as_of: datetime) -> int:
    """Return how many files of the watched folder were stored and recorded; only then is each moved out of the way."""
    at = office()
    count = 0
    must_be_usable(at.settings.watched_folder)
    with alone(at.home / _LOCK):
        for arrival in arrivals(at.settings.watched_folder):
            sender = parts_of(arrival.data).sender if arrival.door == "mail" else ""
            digest = at.keep(arrival.data)
            with at.ledger() as ledger:
                envelope = ledger.add_envelope(arrival.door, arrival.name, digest, len(arrival.data), sender, as_of)
            put_away(arrival, envelope)
            count += 1
    return count
