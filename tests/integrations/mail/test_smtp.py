"""SMTP against a real server on 127.0.0.1."""

import email
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaigns.errors import LiandongError, WorldError
from integrations.mail.rendering import render
from integrations.mail.smtp import PermanentRefusal, SmtpAccount, deliver_by_smtp
from tests.integrations.mail import samples


class Mailbox:
    """What the server took, and what it answers to RCPT and DATA."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.rcpt = "250 OK"
        self.data = "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data.startswith("250"):
            self.taken.append(envelope)
        return self.data


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def account(mailbox: Mailbox) -> Iterator[SmtpAccount]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    yield from serving(controller, "plain")


def serving(controller: Controller, security: str, **more: object) -> Iterator[SmtpAccount]:
    controller.start()
    try:
        yield SmtpAccount("127.0.0.1", controller.port, security, **more)  # type: ignore[arg-type]
    finally:
        controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def letter() -> bytes:
    return render(
        samples.letter("assignment"),
        [samples.FORM],
        sender=samples.SENDER,
        message_id="<k1@example.gov.cn>",
        date=samples.SENT,
    )


def test_a_letter_arrives_as_it_was_rendered(mailbox: Mailbox, account: SmtpAccount) -> None:
    deliver_by_smtp(letter(), "scjg@example.gov.cn", account)
    (envelope,) = mailbox.taken
    assert envelope.mail_from == "office@example.gov.cn" and envelope.rcpt_tos == ["scjg@example.gov.cn"]
    message = email.message_from_bytes(envelope.original_content or b"", policy=default)
    assert isinstance(message, EmailMessage)
    assert message["Message-ID"] == "<k1@example.gov.cn>" and message["Subject"].startswith("【联合执法】放心消费")
    (part,) = message.iter_attachments()
    assert part.get_filename() == samples.FORM.name and part.get_payload(decode=True) == samples.FORM.data


@pytest.mark.parametrize(
    ("rcpt", "data", "kind", "says"),
    [
        ("550 no such user", "250 OK", PermanentRefusal, "请核对地址"),
        ("451 greylisted", "250 OK", WorldError, "稍后再试"),
        ("250 OK", "552 too big", PermanentRefusal, "信件过大"),
        ("250 OK", "554 spam", PermanentRefusal, "被拒收"),
        ("250 OK", "451 try later", WorldError, "稍后再试"),
        ("250 OK", "421 closing", WorldError, "稍后再试"),
    ],
)
def test_a_refusal_for_ever_is_told_from_one_for_now(
    mailbox: Mailbox, account: SmtpAccount, rcpt: str, data: str, kind: type[LiandongError], says: str
) -> None:
    mailbox.rcpt, mailbox.data = rcpt, data
    with pytest.raises(kind, match=says) as caught:
        deliver_by_smtp(letter(), "nobody@example.gov.cn", account)
    assert not mailbox.taken
    assert rcpt.partition(" ")[2] not in str(caught.value) or rcpt.startswith("250")


def test_no_server_is_the_worlds_failure() -> None:
    with pytest.raises(WorldError, match="连不上邮件服务器127"):
        deliver_by_smtp(letter(), "scjg@example.gov.cn", SmtpAccount("127.0.0.1", 9, "plain"))


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted_with_a_login_and_the_offices_own_certificate(mailbox: Mailbox, tmp_path: Path, security: str) -> None:
    certificate, context = self_signed(tmp_path)
    if security == "tls":
        extra: dict[str, object] = {"ssl_context": context, "auth_require_tls": False}  # the socket is TLS from the start
    else:
        extra = {"tls_context": context, "require_starttls": True}

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=getattr(data, "password", b"") == b"right", handled=False)

    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), authenticator=check, auth_required=True, **extra)
    for account in serving(controller, security, user="office", password="right", ca_file=certificate):
        deliver_by_smtp(letter(), "scjg@example.gov.cn", account)
        assert len(mailbox.taken) == 1 and "right" not in repr(account)
        wrong = SmtpAccount("127.0.0.1", account.port, account.security, "office", "wrong", certificate)
        with pytest.raises(WorldError, match="授权码"):
            deliver_by_smtp(letter(), "scjg@example.gov.cn", wrong)
        unknown = SmtpAccount("127.0.0.1", account.port, account.security)
        with pytest.raises(WorldError, match="证书不能核实"):
            deliver_by_smtp(letter(), "scjg@example.gov.cn", unknown)
    assert len(mailbox.taken) == 1


def self_signed(folder: Path) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context
