"""Letters through a real SMTP server that goes down and comes back: all out, none twice; one refusal stops nobody else."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from flows import tick
from tasks.campaign import launch
from tasks.office import Office, office
from tests.builders import small_plan
from tests.integrations.mail.test_smtp import free_port

OPENED = datetime(2020, 10, 26, 1, tzinfo=UTC)


class Server:
    """A mail server's memory: the Message-IDs it took, and whom it refuses for good."""

    def __init__(self, refused: str = "") -> None:
        self.taken: list[str] = []
        self.refused = refused

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address == self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append(str(message_from_bytes(envelope.content)["Message-ID"]))
        return "250 OK"


@pytest.fixture
def port(office: Office, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the port at which the office of LIANDONG_HOME looks for its mail server; none answers there yet."""
    chosen = free_port()
    for name, value in {"HOST": "127.0.0.1", "PORT": str(chosen), "SECURITY": "plain"}.items():
        monkeypatch.setenv(f"LIANDONG_SMTP__{name}", value)
    launch(small_plan(), OPENED)
    return chosen


def statuses() -> Counter[str]:
    with office().ledger() as ledger:
        return Counter(message.status for message in ledger.messages())


def test_a_server_that_was_down_gets_every_letter_once_when_it_is_back(port: int) -> None:
    tick.daily(OPENED)
    assert statuses() == {"queued": 7}
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        for hours in (1, 2):
            tick.daily(OPENED + timedelta(hours=hours))
    finally:
        controller.stop()
    assert statuses() == {"sent": 7}
    assert len(server.taken) == len(set(server.taken)) == 7


def test_one_refused_mailbox_keeps_nobody_else_from_their_letter(port: int) -> None:
    server = Server(refused="gaj@example.gov.cn")
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        tick.daily(OPENED)
    finally:
        controller.stop()
    assert statuses() == {"sent": 6, "refused": 1}
    assert len(server.taken) == 6
