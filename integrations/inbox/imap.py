"""A mailbox by IMAP: every mail that is not yet in the ledger, as the bytes the server holds. Nothing in the mailbox is changed.

Which mails are new is the caller's knowledge, by (UIDVALIDITY, UID): flags are the office's own, a person who reads a mail first
hides nothing from us.
"""

import base64
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from campaigns.errors import WorldError
from integrations.certificates import trusted
from integrations.inbox.mime import TOO_LARGE

_SECONDS = 30.0
# Above it only the head of a mail is fetched: servers take attachments of some 50 MB, a third longer as they travel.
LARGEST = 80 * 1024 * 1024
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_BROKEN = "邮箱服务器连接中断，已取到的信件不受影响，稍后再试"
# A mailbox of 163 or 126 opens no folder ("Unsafe Login") for a program that has not said its name.
_WHO_WE_ARE = '("name" "liandong" "version" "1" "vendor" "liandong")'


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """Where a mailbox is and whose; `ca_file` is for a server whose certificate the office itself issued."""

    host: str
    port: int = 993
    security: Literal["tls", "starttls", "plain"] = "tls"
    user: str = ""
    password: str = ""
    folder: str = "INBOX"
    ca_file: Path | None = None

    def __repr__(self) -> str:
        return f"ImapAccount({self.mailbox}, {self.security})"  # the password stays out of every log

    @property
    def mailbox(self) -> str:
        """Return what the ledger calls this mailbox."""
        return f"{self.user}@{self.host}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail of the mailbox: its number, when the server got it, its bytes."""

    uid_validity: int
    uid: int
    arrived_at: datetime | None
    raw: bytes


def new_mails(account: ImapAccount, known: Callable[[int], set[int]], since: date) -> Iterator[Fetched]:
    """Yield the mails that came on or after a day and whose UID is not among those known for the mailbox's UIDVALIDITY.

    WorldError when the server cannot be reached, refuses, or is lost half-way: what was yielded before is whole.
    """
    with _failures(account), _mailbox(account) as server:
        _, found = server.response("UIDVALIDITY")
        validity = int(found[0] or 0) if found else 0
        have = known(validity)
        status, lists = server.uid("SEARCH", "SINCE", f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}")
        if status != "OK":
            raise WorldError("邮箱服务器不能列出信件，稍后再试")
        for uid in sorted({int(one) for one in (lists[0] or b"").split()} - have):
            if mail := _fetch(server, validity, uid):
                yield mail


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # IMAP's, whatever the locale


def _fetch(server: imaplib.IMAP4, validity: int, uid: int) -> Fetched | None:
    """Return a mail; None when it is gone meanwhile. Reading it marks nothing."""
    _, about = server.uid("FETCH", str(uid), "(RFC822.SIZE INTERNALDATE)")
    line = b" ".join(one for one in about if isinstance(one, bytes))
    size = _SIZE.search(line)
    if size is None:
        return None
    too_large = int(size[1]) > LARGEST
    _, found = server.uid("FETCH", str(uid), "(BODY.PEEK[HEADER])" if too_large else "(BODY.PEEK[])")
    raw = next((one[1] for one in found if isinstance(one, tuple)), None)
    if raw is None:
        return None
    mark = f"{TOO_LARGE}: {int(size[1])}\r\n".encode("ascii") if too_large else b""
    return Fetched(validity, uid, _arrived(line), mark + raw)


def _arrived(line: bytes) -> datetime | None:
    found = re.search(rb'INTERNALDATE "([^"]+)"', line)
    if found is None:
        return None
    text = found[1].decode("ascii", "replace").strip()
    day, _, rest = text.partition("-")
    month, _, rest = rest.partition("-")
    with suppress(ValueError):
        number = [name.lower() for name in _MONTHS].index(month.lower()) + 1
        return datetime.strptime(f"{int(day):02}-{number:02}-{rest}", "%d-%m-%Y %H:%M:%S %z").astimezone(UTC)
    return None


def log_in(account: ImapAccount) -> None:
    """Return nothing once the mailbox lets us in and opens its folder; WorldError otherwise."""
    with _failures(account), _mailbox(account):
        pass


@contextmanager
def _mailbox(account: ImapAccount) -> Iterator[imaplib.IMAP4]:
    """Yield a connection with the folder open for reading only."""
    server: imaplib.IMAP4
    if account.security == "tls":
        server = imaplib.IMAP4_SSL(account.host, account.port, ssl_context=trusted(account.ca_file), timeout=_SECONDS)
    else:
        server = imaplib.IMAP4(account.host, account.port, timeout=_SECONDS)
    try:
        if account.security == "starttls":
            server.starttls(trusted(account.ca_file))
        try:
            server.login(account.user, account.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise WorldError("邮箱登录被拒，请核对设置中的用户名和授权码（网易、腾讯邮箱用授权码，不用登录密码）") from error
        _say_who_we_are(server)
        status, said = server.select(_folder(account.folder), readonly=True)
        if status != "OK":
            unsafe = any(b"unsafe" in one.lower() for one in said if isinstance(one, bytes))
            why = "邮箱认为登录不安全，请在网页邮箱中允许 IMAP 客户端" if unsafe else "请核对设置中的文件夹名（folder）"
            raise WorldError(f"打不开邮箱的文件夹“{account.folder}”，{why}")
        yield server
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()
        with suppress(OSError):
            server.shutdown()  # a lost connection is not closed by the good-bye it could not say


def _say_who_we_are(server: imaplib.IMAP4) -> None:
    """Send the ID command where the server offers it: some close the connection on a command they do not know."""
    with suppress(AttributeError):  # no answer to CAPABILITY
        _, offered = server.capability()
        if b"ID" in b" ".join(one for one in offered if isinstance(one, bytes)).upper().split():
            server.xatom("ID", _WHO_WE_ARE)


def _folder(name: str) -> str:
    """Return a folder's name as IMAP writes it: what is not ASCII in its own kind of UTF-7 (RFC 3501, 5.1.3), quoted."""

    def shifted(run: re.Match[str]) -> str:
        return "&" + base64.b64encode(run[0].encode("utf-16-be")).decode("ascii").rstrip("=").replace("/", ",") + "-"

    plain = re.sub(r"[^\x20-\x7e]+", shifted, name.replace("&", "&-"))
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


@contextmanager
def _failures(account: ImapAccount) -> Iterator[None]:
    where = f"{account.host}:{account.port}"
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise WorldError(f"邮箱服务器{where}的证书不能核实，请核对服务器名称") from error
    except imaplib.IMAP4.error as error:  # `abort`, when the connection is lost, is one of them
        raise WorldError(_BROKEN) from error
    except OSError as error:
        raise WorldError(f"连不上邮箱服务器{where}，或连接中断，稍后再试") from error
