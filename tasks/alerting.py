"""Telling the office what an automation of Prefect noticed: by a letter, once, so that it needs no other channel."""

from datetime import datetime

from campaigns.letters import Alert, Letter
from tasks.office import office
from tasks.post import make_message
from tasks.step import step


@step("提醒办公室")
def alert(code: str, said: str, detail: str, as_of: datetime) -> bool:
    """Return whether the office is told now; the same code is told once."""
    at = office()
    with at.ledger() as ledger:
        letter = Letter(f"alert:{code}", at.no_occasion(), at.office_recipient(), Alert(said, detail))
        return make_message(at, ledger, letter, [], [], as_of)
