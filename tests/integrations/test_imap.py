"""Fetching from real IMAP servers: every mail once, whoever has read it, whatever breaks."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest

from campaigns.errors import WorldError
from integrations.inbox.imap import Fetched, ImapAccount, _folder, new_mails
from tests.integrations import mailboxes
from tests.integrations.mailboxes import client, mail_from, put

SINCE = date(2020, 10, 20)
ARRIVED = datetime(2020, 11, 20, 2, 30, tzinfo=UTC)


@pytest.fixture(scope="module", params=["mail_devel", "dovecot"])
def server(request: pytest.FixtureRequest) -> Iterator[ImapAccount]:
    with getattr(mailboxes, request.param)() as account:
        yield account


@pytest.fixture
def account(server: ImapAccount) -> Iterator[ImapAccount]:
    """Yield the mailbox, empty."""
    with client(server) as box:
        box.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
        box.expunge()
    yield server


def fetched(account: ImapAccount, *known: int, since: date = SINCE) -> list[Fetched]:
    return list(new_mails(account, lambda _: set(known), since))


def test_every_mail_comes_as_it_is_though_somebody_has_read_it(account: ImapAccount) -> None:
    one, two = (mail_from("gaj@example.gov.cn", (f"{name}.xlsx", bytes(range(256)) * 40)) for name in "甲乙")
    put(account, one, arrived=ARRIVED, flags=r"(\Seen)")
    put(account, two, arrived=ARRIVED)
    found = fetched(account)
    assert [mail.raw.replace(b"\r\n", b"\n") for mail in found] == [one, two]
    assert {mail.arrived_at for mail in found} == {ARRIVED}
    assert [mail.uid for mail in fetched(account, found[0].uid)] == [found[1].uid]
    assert fetched(account, *(mail.uid for mail in found)) == []
    with client(account) as box:  # what is read by a person and what is not is as it was
        _, lists = box.search(None, "SEEN")
        assert lists == [b"1"]


def test_mails_from_before_the_campaign_are_left_alone(account: ImapAccount) -> None:
    put(account, mail_from("a@example.com", subject="旧信"), arrived=datetime(2020, 3, 1, tzinfo=UTC))
    put(account, mail_from("b@example.com", subject="新信"), arrived=ARRIVED)
    assert len(fetched(account)) == 1


def test_a_wrong_password_is_told_in_chinese_and_so_is_a_folder_that_is_not_there(account: ImapAccount) -> None:
    wrong = ImapAccount(account.host, account.port, "plain", account.user, "错".encode().hex())
    with pytest.raises(WorldError, match="授权码"):
        fetched(wrong)
    assert "授权" not in repr(wrong) and wrong.password not in repr(wrong)


def test_a_folder_with_a_chinese_name_is_written_as_imap_wants_it() -> None:
    assert _folder("INBOX") == '"INBOX"'
    assert _folder("报送/2020") == '"&YqWQAQ-/2020"'
    assert _folder('A&B "x"') == '"A&-B \\"x\\""'


def test_a_server_that_is_not_there_is_worth_another_try() -> None:
    nowhere = ImapAccount("127.0.0.1", mailboxes.free_port(), "plain", "a", "b")
    with pytest.raises(WorldError, match="连不上邮箱服务器"):
        fetched(nowhere)


class Scripted:
    """A server that plays 网易: no folder before the client has said who it is; an unknown command ends the connection."""

    def __init__(self, offers_id: bool) -> None:
        self.offers_id, self.said = offers_id, []  # type: bool, list[str]
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(b"* OK ready\r\n")
            stream.flush()
            for line in stream:
                tag, command, *_ = line.decode("ascii").split()
                self.said.append(command)
                for answer in self.answers(command):
                    stream.write(answer.replace("TAG", tag).encode("ascii") + b"\r\n")
                stream.flush()

    def answers(self, command: str) -> list[str]:
        if command == "CAPABILITY":
            return [f"* CAPABILITY IMAP4rev1{' ID' if self.offers_id else ''}", "TAG OK done"]
        if command in ("SELECT", "EXAMINE"):
            if self.offers_id and "ID" not in self.said:
                return ["TAG NO SELECT Unsafe Login. Please contact kefu@example.com for help"]
            return ["* 0 EXISTS", "* OK [UIDVALIDITY 7] x", "TAG OK [READ-ONLY] done"]
        if command == "UID":
            return ["* SEARCH", "TAG OK done"]
        if command == "LOGOUT":
            return ["* BYE", "TAG OK done"]
        if command == "ID" and not self.offers_id:
            raise OSError("an unknown command ends the connection")
        return ["* ID NIL"] * (command == "ID") + ["TAG OK done"]


@pytest.mark.parametrize("offers_id", [True, False])
def test_the_client_says_who_it_is_where_the_server_wants_it_and_nowhere_else(offers_id: bool) -> None:
    scripted = Scripted(offers_id)
    assert fetched(ImapAccount("127.0.0.1", scripted.port, "plain", "a", "b")) == []
    assert ("ID" in scripted.said) == offers_id
    if offers_id:
        assert scripted.said.index("ID") < scripted.said.index("EXAMINE")


class Cutting:
    """A line to a server that breaks after so many bytes have come back."""

    def __init__(self, account: ImapAccount, after: int) -> None:
        self.account, self.left = account, after
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.through = ImapAccount("127.0.0.1", int(self.socket.getsockname()[1]), "plain", account.user, account.password)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        near, _ = self.socket.accept()
        far = socket.create_connection((self.account.host, self.account.port))
        threading.Thread(target=self.copy, args=(near, far), daemon=True).start()
        while self.left > 0 and (data := far.recv(min(self.left, 500))):
            self.left -= len(data)
            near.sendall(data)
        for one in (near, far):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.socket.close()

    @staticmethod
    def copy(source: Any, target: Any) -> None:
        try:
            while data := source.recv(4096):
                target.sendall(data)
        except OSError:
            return


def test_a_line_that_breaks_anywhere_loses_nothing_and_repeats_nothing(account: ImapAccount) -> None:
    mails = [mail_from("gaj@example.gov.cn", (f"{number}.xlsx", bytes(900))) for number in range(4)]
    put(account, *mails)
    have: dict[int, bytes] = {}
    broken = 0
    for after in range(200, 9000, 700):
        line = Cutting(account, after)
        try:
            for mail in new_mails(line.through, lambda _: set(have), SINCE):
                assert mail.uid not in have
                have[mail.uid] = mail.raw
        except WorldError:
            broken += 1
    assert broken
    for mail in new_mails(account, lambda _: set(have), SINCE):
        have[mail.uid] = mail.raw
    assert [raw.replace(b"\r\n", b"\n") for _, raw in sorted(have.items())] == mails
