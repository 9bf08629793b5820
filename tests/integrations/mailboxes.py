"""Real IMAP servers on 127.0.0.1, each in a process of its own, with one mailbox that tests fill."""

import imaplib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from integrations.inbox.imap import ImapAccount

USER, PASSWORD = "office@example.gov.cn", "示例授权码".encode().hex()
DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def answering(command: list[str], port: int, greeting: bytes = b"* OK") -> Iterator[None]:
    """Run a server until it is no longer needed; it is ready once it greets."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(100_000):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
                    if probe.recv(4).startswith(greeting):
                        break
                if process.poll() is not None:
                    pytest.fail(f"{command[0]} ended at once")
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def answering_smtp(journal: Path, at: int | None = None) -> Iterator[int]:
    """Yield the port, chosen or free, of an SMTP server that writes a line into the journal for every letter it takes."""
    port = at or free_port()
    with answering([sys.executable, "-m", "tests.soak.mail_server", str(port), str(journal)], port, greeting=b"220"):
        yield port


@contextmanager
def mail_devel() -> Iterator[ImapAccount]:
    """Yield the mailbox of a mail-devel server."""
    port = free_port()
    command = [sys.executable, "-m", "mail_devel", "--host", "127.0.0.1", "--user", USER, "--password", PASSWORD, "--no-http"]
    with answering([*command, "--imap-port", str(port), "--smtp-port", str(free_port())], port):
        yield ImapAccount("127.0.0.1", port, "plain", USER, PASSWORD)


@contextmanager
def dovecot() -> Iterator[ImapAccount]:
    """Yield the mailbox of a Dovecot server; its files are gone afterwards."""
    if not Path(DOVECOT).exists():
        pytest.skip("no dovecot on this machine")
    with tempfile.TemporaryDirectory(prefix="ld") as name:  # a short path: sockets stand in it
        folder, port, root = Path(name), free_port(), os.geteuid() == 0
        folder.chmod(0o755)
        owner, group = (65534, 65534) if root else (os.getuid(), os.getgid())
        home = folder / "mail"
        home.mkdir()
        if root:
            os.chown(home, owner, group)
        me = (
            ""
            if root
            else f"default_internal_user = {_me()}\ndefault_login_user = {_me()}\ndefault_internal_group = {_my_group()}\n"
        )
        config = folder / "dovecot.conf"
        config.write_text(
            f"""base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/%n
{me}service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={home}/%n
}}
first_valid_uid = 1
""",
            "utf-8",
        )
        with answering([DOVECOT, "-F", "-c", str(config)], port):
            yield ImapAccount("127.0.0.1", port, "plain", USER, PASSWORD)


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _my_group() -> str:
    import grp

    return grp.getgrgid(os.getgid()).gr_name


@contextmanager
def client(account: ImapAccount, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
    """Yield a person's own mail program."""
    with imaplib.IMAP4(account.host, account.port) as server:
        server.login(account.user, account.password)
        server.select(folder)
        yield server


def put(account: ImapAccount, *mails: bytes, folder: str = "INBOX", arrived: datetime | None = None, flags: str = "") -> None:
    """Put mails into a folder, as if they had arrived at that moment."""
    moment = arrived or datetime(2020, 11, 20, 2, tzinfo=UTC)
    with client(account) as server:
        for raw in mails:
            status, said = server.append(folder, flags, moment, raw)  # type: ignore[arg-type]
            assert status == "OK", said


def mail_from(sender: str, *files: tuple[str, bytes], subject: str = "报表", **headers: str) -> bytes:
    """Return a mail with files attached."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, USER, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("见附件。")
    for name, data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()
