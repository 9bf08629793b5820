"""Mails that no person wrote: bounces, automatic replies, receipts of programs. What they are, and what a bounce says.

After RFC 3834 (automatic answers) and RFC 3464 (delivery reports), and after what mail systems do instead: qmail, Exim and the
providers of QQ, 163 and Coremail say it in plain text only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any

from integrations.inbox.headers import clean, decoded, guess, header, raw_lines

_ADDRESS = re.compile(r"[A-Za-z0-9._%+=-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_MOST_ADDRESSES, _MOST_SIGNS = 20, 20_000  # of a bounce's text: its reason stands at the top
_REPLY_SUBJECT = re.compile(
    r"^\s*(?:\[?(?:系统|假期)?自动(?:回复|答复)|automatic reply|auto[- ]?(?:reply|response)|out of (?:the )?office)",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"^\s*(?:\[?系统退信|退信|邮件退回|未送达|无法(?:送达|投递)|(?:邮件)?投递失败|(?:message )?undeliver"
    r"|delivery (?:status|failure|has failed)|mail delivery (?:failed|failure|system)|returned mail|failure notice)",
    re.IGNORECASE,
)
_WAITING = re.compile(r"delayed|still being retried|will be retried|延迟|延误|稍后(?:将|会)?重试|继续尝试", re.IGNORECASE)
_FAILED = re.compile(
    r"退信|无法(?:送达|投递)|投递失败|未能送达|could not be delivered|wasn't able to deliver|delivery (?:to .* )?failed"
    r"|permanent (?:fatal )?error",
    re.IGNORECASE,
)
_DAEMON, _POSTMASTER = re.compile(r"^mailer-daemon@"), re.compile(r"^(?:postmaster|microsoftexchange[0-9a-f]{8,})@")
_ENHANCED = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
# by RFC 3463; then by the words of mail systems that give no such code
_BY_STATUS = (
    (r"5\.1\.(?:0|1|3|6|10)", "收件地址不存在"),
    (r"[45]\.1\.2|5\.4\.4", "收件地址的域名不存在"),
    (r"5\.2\.1", "对方邮箱已停用"),
    (r"[45]\.2\.2", "对方邮箱已满"),
    (r"5\.(?:2\.3|3\.4)", "信件超过对方允许的大小"),
    (r"[45]\.4\.\d+|4\.\d+\.\d+", "对方邮件服务器长时间连不上或不接收"),
    (r"5\.7\.\d+", "对方服务器拒收，可能被当作垃圾邮件"),
)
_BY_WORDS = (
    (
        r"不存在|无此用户|查无此人|no such|user unknown|unknown user|not found|does(?:n't| not) exist|invalid recipient",
        "收件地址不存在",
    ),
    (r"已满|容量不足|mailbox (?:is )?full|over ?quota|quota exceeded|insufficient storage", "对方邮箱已满"),
    (r"停用|冻结|禁用|disabled|suspended|inactive", "对方邮箱已停用"),
    (r"过大|超过.{0,8}大小|too (?:large|big)|size limit", "信件超过对方允许的大小"),
    (r"拒收|垃圾|拒绝|spam|blacklist|blocked|rejected|denied", "对方服务器拒收，可能被当作垃圾邮件"),
    (r"超时|连接失败|timed? ?out|connection refused|unreachable", "对方邮件服务器长时间连不上或不接收"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a mail says of being no person's: `reply` answers a letter of ours by itself, `bounce` says one did not arrive.

    `automatic` mails are never answered; of a bounce, `failed` are the addresses it may speak of and `why` is the reason,
    in Chinese.
    """

    automatic: bool = False
    reply: bool = False
    bounce: bool = False
    failed: tuple[str, ...] = ()
    why: str = ""


def machine_of(message: "Message[Any, Any]", sender: str, text: str) -> Machine:
    """Return what a mail says of being no person's; `sender` is its address, `text` what it says in its own words."""
    subject, text = clean(decoded(header(message, "Subject"))), text[:_MOST_SIGNS]
    nobody = _nobody(message)
    daemon, postmaster = bool(_DAEMON.match(sender)), bool(_POSTMASTER.match(sender))
    said = _header(message, "Auto-Submitted")
    reply = (
        said == "auto-replied"
        or _header(message, "Precedence") == "auto_reply"
        or any(raw_lines(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponse"))
        or bool(_REPLY_SUBJECT.match(subject))
    )
    automatic = (
        (reply or nobody or daemon or postmaster)
        or said not in ("", "no")
        or _header(message, "Precedence") in ("bulk", "junk", "list")
        or bool(raw_lines(message, "List-Id"))
        or message.get_content_type() == "multipart/report"
    )
    reports = _reports(message)
    if reports:
        dead = [one for one in reports if one.get("action", "").lower() == "failed"]
        return _bounce(_addresses(dead), dead, text) if dead else Machine(automatic=True)
    of_delivery = message.get_content_type() == "multipart/report" and _parameter(message) == "delivery-status"
    named = raw_lines(message, "X-Failed-Recipients")
    told = bool(_BOUNCE_SUBJECT.match(subject))
    speaks = told or daemon or bool((nobody or postmaster) and _FAILED.search(text))
    if named or of_delivery or ((daemon or postmaster or nobody) and speaks):
        if not told and not named and _WAITING.search(f"{subject}\n{text[:500]}"):
            return Machine(automatic=True)
        found = _ADDRESS.findall(" ".join(named)) or _ADDRESS.findall(text)
        return _bounce(list(dict.fromkeys(one.lower() for one in found))[:_MOST_ADDRESSES], [], text)
    return Machine(automatic=automatic, reply=reply)


def _bounce(failed: Sequence[str], reports: Sequence[dict[str, str]], text: str) -> Machine:
    said = " ".join(one.get("diagnostic-code", "") for one in reports)
    status = " ".join(one.get("status", "") for one in reports)
    return Machine(
        automatic=True,
        bounce=True,
        failed=tuple(failed),
        why=_why(status, said) or _why("", text) or "对方服务器退回，没有说明原因",
    )


def _why(status: str, text: str) -> str:
    """Return the reason in Chinese: by the code, by a code within the words, by the words; empty when none of them tells."""
    # a code such as 5.0.0 or 5.5.0 says nothing: what stands beside it may
    for code in (*status.split(), *_ENHANCED.findall(text)):
        for pattern, reason in _BY_STATUS:
            if re.fullmatch(pattern, code):
                return f"{reason}（{code}）"
    return next((reason for pattern, reason in _BY_WORDS if re.search(pattern, text, re.IGNORECASE)), "")


def _reports(message: "Message[Any, Any]") -> list[dict[str, str]]:
    """Return the fields told of each recipient in a mail's own delivery report, by lower-case name; none when it has none."""
    if message.get_content_type() != "multipart/report":
        return []
    payload = message.get_payload()
    parts = [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    found = []
    for part in parts:
        if not part.get_content_type().endswith("delivery-status"):
            continue
        inner = part.get_payload()
        text = (
            "\n\n".join(one.as_string() for one in inner if isinstance(one, Message)) if isinstance(inner, list) else str(inner)
        )
        found += [
            fields for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if (fields := _fields(block)).get("action")
        ]
    return found


def _fields(block: str) -> dict[str, str]:
    lines = re.sub(r"\n[ \t]+", " ", block).split("\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): guess(value.strip().encode("utf-8", "surrogateescape")) for name, _, value in pairs}


def _addresses(reports: Sequence[dict[str, str]]) -> list[str]:
    told = [one.get(name, "") for one in reports for name in ("original-recipient", "final-recipient")]
    return list(dict.fromkeys(found.lower() for text in told for found in _ADDRESS.findall(text)))


def _nobody(message: "Message[Any, Any]") -> bool:
    return any(value.strip() == "<>" for value in raw_lines(message, "Return-Path"))


def _header(message: "Message[Any, Any]", name: str) -> str:
    return re.split(r"[;(\s]", header(message, name).strip(), maxsplit=1)[0].lower()


def _parameter(message: "Message[Any, Any]") -> str:
    kind = message.get_param("report-type")
    return kind.lower() if isinstance(kind, str) else ""
