"""SMTP: one letter to one mailbox, and what a failure means: try again, or never."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Literal

from campaigns.errors import LiandongError, WorldError
from integrations.certificates import trusted

_SECONDS = 30.0
_TOO_BIG = 552


class PermanentRefusal(LiandongError):
    """The letter will never arrive as it is: the mailbox does not exist, or the letter is refused."""


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """Where letters are handed in and as whom; `ca_file` is for a server whose certificate the office itself issued."""

    host: str
    port: int = 465
    security: Literal["tls", "starttls", "plain"] = "tls"
    user: str = ""
    password: str = ""
    ca_file: Path | None = None

    def __repr__(self) -> str:
        return f"SmtpAccount({self.host}:{self.port}, {self.security}, {self.user})"  # the password stays out of every log


def deliver_by_smtp(raw: bytes, to: str, account: SmtpAccount) -> None:
    """Return nothing once the server has taken the letter; WorldError when trying again may help, PermanentRefusal when not."""
    sender = _sender(raw)
    if not to.isascii():
        raise PermanentRefusal(f"邮箱“{to}”含有邮件系统不认的字符，请改正通讯录")
    try:
        with _connection(account) as server:
            refused = server.sendmail(sender, [to], raw)
            if refused:  # smtplib raises only when every recipient is refused
                raise smtplib.SMTPRecipientsRefused(refused)
    except (OSError, smtplib.SMTPException) as error:
        raise _failure(error, to, account) from error


def log_in(account: SmtpAccount) -> None:
    """Return nothing once the server lets us in; WorldError otherwise. No letter is handed over."""
    try:
        with _connection(account):
            pass
    except (OSError, smtplib.SMTPException) as error:
        raise _failure(error, account.user, account) from error


def _failure(error: Exception, to: str, account: SmtpAccount) -> LiandongError:
    """Return what a failure means. Only what concerns this recipient or letter is for ever, never the settings."""
    where = f"{account.host}:{account.port}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
        if code >= 500:
            return PermanentRefusal(f"收件邮箱“{to}”被邮件服务器拒收（代码{code}），请核对地址")
        return WorldError(f"邮件服务器暂时不接收发往“{to}”的信件（代码{code}），稍后再试")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return WorldError(f"发信邮箱登录被拒（代码{error.smtp_code}），请核对设置中的用户名和授权码")
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code >= 500 and error.smtp_code != _TOO_BIG:
        return WorldError(f"邮件服务器不接受发件地址（代码{error.smtp_code}），请核对设置中的发件邮箱")
    if isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
        if isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused) and code >= 500:
            why = "信件过大" if code == _TOO_BIG else "信件内容被拒收"
            return PermanentRefusal(f"发往“{to}”的{why}（代码{code}）")
        return WorldError(f"邮件服务器{where}暂时不能发信（代码{code}），稍后再试")
    if isinstance(error, ssl.SSLCertVerificationError):
        return WorldError(f"邮件服务器{where}的证书不能核实，请核对服务器名称，或在设置中指定单位自己的根证书")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return WorldError(f"邮件服务器{where}不支持设置中的加密或登录方式，请核对设置")
    return WorldError(f"连不上邮件服务器{where}，或连接中断，稍后再试")


@contextmanager
def _connection(account: SmtpAccount) -> Iterator[smtplib.SMTP]:
    server: smtplib.SMTP
    if account.security == "tls":
        server = smtplib.SMTP_SSL(account.host, account.port, timeout=_SECONDS, context=trusted(account.ca_file))
    else:
        server = smtplib.SMTP(account.host, account.port, timeout=_SECONDS)
    try:
        if account.security == "starttls":
            server.starttls(context=trusted(account.ca_file))
        if account.user:
            server.login(account.user, account.password)
        yield server
        with suppress(OSError, smtplib.SMTPException):
            server.quit()  # the letter is taken by now: a failed good-bye must not send it again
    finally:
        server.close()


def _sender(raw: bytes) -> str:
    """Return the address the letter itself says it is from; ours are written by rendering, so it is well formed."""
    address = message_from_bytes(raw, policy=policy.SMTP)["From"].addresses[0].addr_spec
    return str(address)
