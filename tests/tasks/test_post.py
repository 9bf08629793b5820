"""Letters through a real SMTP server that goes down and comes back: all out, none twice; one refusal stops nobody else."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from pathlib import Path
from time import monotonic

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from campaigns.errors import UnknownItem
from campaigns.events import Event
from campaigns.records import MessageRecord
from campaigns.workdays import instant
from flows import tick
from integrations.mail.rendering import readdress
from tasks.campaign import launch
from tasks.office import Office, office
from tasks.sending import deliver, lost_letters, resend
from tests.builders import small_plan
from tests.integrations.mail.test_smtp import free_port, self_signed

OPENED = datetime(2020, 10, 26, 1, tzinfo=UTC)


class Server:
    """A mail server's memory: the Message-IDs it took, and whom it refuses for good."""

    def __init__(self, refused: str = "") -> None:
        self.taken: list[str] = []
        self.moments: list[float] = []
        self.refused = refused

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address == self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.moments.append(monotonic())
        self.taken.append(str(message_from_bytes(envelope.content)["Message-ID"]))
        return "250 OK"


@pytest.fixture
def port(office: Office, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the port at which the office of LIANDONG_HOME looks for its mail server; none answers there yet."""
    chosen = free_port()
    for name, value in {"HOST": "127.0.0.1", "PORT": str(chosen), "SECURITY": "plain", "PER_MINUTE": "6000"}.items():
        monkeypatch.setenv(f"LIANDONG_SMTP__{name}", value)
    launch(small_plan(), OPENED)
    return chosen


def letters() -> list[MessageRecord]:
    with office().ledger() as ledger:
        return ledger.messages()


def letter_to(department: str, kind: str = "assignment") -> MessageRecord:
    return next(one for one in letters() if one.department == department and one.kind == kind)


@contextmanager
def serving(server: Server, port: int) -> Iterator[None]:
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


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


def test_letters_leave_over_tls_with_the_certificate_the_settings_name(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, context = self_signed(tmp_path)
    monkeypatch.setenv("LIANDONG_SMTP__SECURITY", "tls")
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=port, ssl_context=context)
    controller.start()
    try:
        for ca_file, says in (("", "证书不能核实"), (str(tmp_path / "gone.pem"), "不存在或不是证书")):
            if ca_file:
                monkeypatch.setenv("LIANDONG_SMTP__CA_FILE", ca_file)
            tick.daily(OPENED)
            with office().ledger() as ledger:
                assert any(says in one.error for one in ledger.messages())
        assert not server.taken
        monkeypatch.setenv("LIANDONG_SMTP__CA_FILE", str(certificate))
        tick.daily(OPENED)
    finally:
        controller.stop()
    with office().ledger() as ledger:
        assert sorted(server.taken) == sorted(one.message_id for one in ledger.messages())


def test_one_refused_mailbox_keeps_nobody_else_from_their_letter(port: int) -> None:
    server = Server(refused="gaj@example.gov.cn")
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        tick.daily(OPENED)
    finally:
        controller.stop()
    assert statuses() == {"sent": 7, "refused": 1}  # the office is told, once
    assert len(server.taken) == 7
    told = [one for one in letters() if one.kind == "undelivered"]
    assert [(one.to_email, one.key) for one in told] == [("office@example.gov.cn", f"undelivered:{letter_to('gaj').key}")]


def test_a_letter_is_repeated_only_when_a_person_asks_and_as_a_letter_of_its_own(port: int) -> None:
    server = Server(refused="gaj@example.gov.cn")
    with serving(server, port):
        for hours in range(3):
            tick.daily(OPENED + timedelta(hours=hours))
    lost = letter_to("gaj")
    assert lost.status == "refused"
    mended = Server()
    with serving(mended, port):
        assert lost_letters("市公安局") == lost_letters("gaj")
        assert resend(lost_letters("gaj"), OPENED + timedelta(hours=4)) == 1
        tick.daily(OPENED + timedelta(hours=4))
    (again,) = (one for one in letters() if one.resends)
    assert (again.resends, again.status, mended.taken) == (lost.key, "sent", [again.message_id])
    assert again.message_id != lost.message_id
    with pytest.raises(UnknownItem, match="没有找到"):
        lost_letters("gaj")  # it was repeated already


MANY = 60


def test_many_letters_wait_for_a_server_that_is_down_and_leave_once_in_order(port: int) -> None:
    tick.daily(OPENED)
    waiting = letter_to("gaj")
    with office().ledger() as ledger:
        for number in range(MANY - 7):
            own_id = f"<{number:04}@example.gov.cn>"
            raw = readdress(office().bytes_of(waiting.sha256), ("", waiting.to_email), own_id, OPENED)
            extra = replace(
                waiting, key=f"extra:{number:04}", message_id=own_id, file=f"{number:04}.eml", sha256=office().keep(raw)
            )
            ledger.add_message(extra, [], OPENED)
    for minutes in range(30, 150, 30):
        assert deliver(OPENED + timedelta(minutes=minutes)) == 0
    assert statuses() == {"queued": MANY}
    server, now = Server(), OPENED + timedelta(hours=2)
    with serving(server, port), ThreadPoolExecutor(2) as two_senders:
        assert sum(two_senders.map(deliver, (now, now))) == MANY
    assert statuses() == {"sent": MANY}
    assert len(server.taken) == len(set(server.taken)) == MANY


def test_a_sender_that_froze_and_thaws_finds_that_another_has_sent_its_letters(port: int) -> None:
    server = Server()
    tick.daily(OPENED)
    with office().ledger() as ledger:
        frozen = ledger.claim_messages(OPENED, OPENED - timedelta(minutes=10), "frozen")
    with serving(server, port):
        assert deliver(OPENED + timedelta(minutes=5)) == 0  # it may still be at it
        assert deliver(OPENED + timedelta(minutes=11)) == 7
    with office().ledger() as ledger:
        assert len(frozen) == 7 and not any(ledger.holds(one.key, "frozen") for one in frozen)
        ledger.mark_queued(frozen[0].key, "解冻后才发现连不上", "frozen")  # too late: it is not its letter any more
    assert statuses() == {"sent": 7} and len(set(server.taken)) == 7


def test_letters_leave_no_faster_than_the_settings_say(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_SMTP__PER_MINUTE", "240")
    server = Server()
    with serving(server, port):
        tick.daily(OPENED)
    six_gaps = server.moments[-1] - server.moments[0]
    assert len(server.moments) == 7 and six_gaps > 0.75  # 1.5 s, however late the machine let the first one arrive


def test_a_reminder_that_waited_is_not_sent_to_who_has_reported_nor_at_night(port: int) -> None:
    with serving(Server(), port):
        tick.daily(OPENED)
    due = instant(date(2020, 11, 23), time(8, 30))  # three working days before the first date
    tick.daily(due)
    waiting = [one for one in letters() if one.kind == "reminder"]
    assert waiting and {one.status for one in waiting} == {"queued"}
    with office().ledger() as ledger:
        for code, standing in ledger.standings("test-2020").items():
            if code.endswith("/gaj") and standing.opened_at:
                ledger.record(Event("test-2020", "report.waived", code, due, "office", "waive", {"basis": "试验"}))
    server = Server()
    with serving(server, port):
        deliver(instant(date(2020, 11, 23), time(22, 0)))
        assert server.taken == []
        deliver(instant(date(2020, 11, 24), time(8, 30)))
    assert letter_to("gaj", "reminder").status == "withdrawn"
    assert len(server.taken) == len(waiting) - 1


def test_days_without_a_mail_server_bring_nobody_two_letters_of_reminders_on_one_day(port: int) -> None:
    with serving(Server(), port):
        tick.daily(OPENED)
    for day in (23, 27):  # before the date, and after it
        tick.daily(instant(date(2020, 11, day), time(8, 30)))
    with serving(Server(), port):
        for day in (27, 30):
            tick.daily(instant(date(2020, 11, day), time(14, 30)))
    sent = [one.sent_at for one in letters() if one.to_email == "gaj@example.gov.cn" and one.kind in ("reminder", "overdue")]
    assert [moment and moment.date() for moment in sent] == [date(2020, 11, 27), date(2020, 11, 30)]
