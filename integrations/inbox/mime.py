"""A raw mail -> its parts: every one of them, under names people can read, whatever the mail looks like.

The mail is hostile until shown otherwise. Nothing here decides who sent it: `sender` is a hint for display, the signed token in
the workbook is the identity. The raw bytes are stored before this is called, so what cannot be taken apart is not lost.
"""

import base64
import quopri
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any

MAX_PARTS = 300
MAX_DEPTH = 8  # of mails within mails
MAX_NAME = 200
MAX_ARCHIVE_FILES = 200
TOO_LARGE = "X-Liandong-Too-Large"  # set by us on a mail of which only the head was fetched
MAX_ARCHIVE_BYTES = 100 * 1024 * 1024  # unpacked

_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ENCODED = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_AUTOMATIC_SUBJECT = re.compile(r"^\s*(自动回复|自动答复|automatic reply|auto[- ]?reply|out of office)", re.IGNORECASE)
_BOUNCE_SUBJECT = re.compile(r"^\s*(系统退信|退信|undeliver|delivery status|mail delivery failed|returned mail)", re.IGNORECASE)
_BOUNCE_SENDER = re.compile(r"^(mailer-daemon|postmaster)@", re.IGNORECASE)
_LINK_INSTEAD = re.compile(r"超大附件|中转站|云附件")


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a mail; `archive` is the name of the compressed file it was taken from, if any."""

    name: str
    content_type: str
    data: bytes
    archive: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail taken apart. `about` holds the Message-IDs it answers or returns; `automatic` mails must not be answered."""

    message_id: str = ""
    sender: str = ""
    subject: str = ""
    date: datetime | None = None
    parts: tuple[Part, ...] = ()
    text: str = ""
    about: tuple[str, ...] = ()
    automatic: bool = False
    bounce: bool = False
    too_large: bool = False

    @property
    def links_instead_of_files(self) -> bool:
        """Return whether the mail speaks of an attachment that is only a link, which will expire."""
        return not self.parts and bool(_LINK_INSTEAD.search(self.text))


def parts_of(raw: bytes) -> Mail:
    """Return the mail with all its parts; one that cannot be taken apart has none. Never raises on what a mail contains."""
    try:
        return _mail(message_from_bytes(raw))
    except Exception:  # the parser's own faults on hostile mails are many: the raw mail is kept, a person looks at it
        return Mail()


def _mail(message: "Message[Any, Any]") -> Mail:
    files: list[Part] = []
    texts: list[str] = []
    pages: list[str] = []
    about = _ids(_header(message, "In-Reply-To") + _header(message, "References"))
    for part, _ in _walk(message, 0):
        if len(files) >= MAX_PARTS:
            break
        if part.get_content_type() == "text/rfc822-headers":  # a bounce that returns only the head of the letter
            about += _ids(str(part.get_payload()))
        _sort(part, files, texts, pages)
    about += [one for part, depth in _walk(message, 0) if depth for one in _ids(_header(part, "Message-ID"))]
    subject = _clean(_decoded(_header(message, "Subject")))
    sender = _sender(message)
    bounce = _is_bounce(message, sender, subject)
    return Mail(
        message_id=next(iter(_ids(_header(message, "Message-ID"))), ""),
        sender=sender,
        subject=subject,
        date=_date(_header(message, "Date")),
        parts=tuple(files[:MAX_PARTS]),
        text="\n".join(texts) or re.sub(r"<[^>]*>", "", "\n".join(pages)),
        about=tuple(dict.fromkeys(about)),
        automatic=bounce or _is_automatic(message, subject),
        bounce=bounce,
        too_large=bool(_raw(message, TOO_LARGE)),
    )


def _walk(message: "Message[Any, Any]", depth: int) -> "Iterator[tuple[Message[Any, Any], int]]":
    """Yield every part and how many mails deep it lies; a mail that was forwarded as a file is walked like its own."""
    if depth > MAX_DEPTH:
        return
    if inner := _mail_as_file(message):
        yield from _walk(inner, depth + 1)
        return
    yield message, depth
    payload = message.get_payload()
    if isinstance(payload, list):
        deeper = depth + (message.get_content_maintype() == "message")
        for part in payload:
            if isinstance(part, Message):
                yield from _walk(part, deeper)


def _mail_as_file(part: "Message[Any, Any]") -> "Message[Any, Any] | None":
    """Return the mail that an .eml file holds, or a message/rfc822 part that was encoded though it must not be."""
    payload = part.get_payload()
    if part.get_content_type() == "message/rfc822" and isinstance(payload, list) and isinstance(payload[0], Message):
        if _header(part, "Content-Transfer-Encoding").strip().lower() != "base64":
            return None
        return message_from_bytes(base64.b64decode(payload[0].as_bytes()))
    data = part.get_payload(decode=True) if _name(part).lower().endswith(".eml") else None
    return message_from_bytes(data) if isinstance(data, bytes) else None


def _sort(part: "Message[Any, Any]", files: list[Part], texts: list[str], pages: list[str]) -> None:
    if part.is_multipart():
        return
    kind = part.get_content_type()
    name = _name(part)
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return
    attached = name or _header(part, "Content-Disposition").strip().lower().startswith("attachment")
    if part.get_content_maintype() == "multipart":  # a broken one: its boundary is never found, so it is one text
        texts.append(_text(data, None))
    elif kind in ("text/plain", "text/html") and not attached:
        (texts if kind == "text/plain" else pages).append(_text(data, part.get_param("charset")))
    elif kind not in ("message/delivery-status", "text/rfc822-headers", "message/disposition-notification") and data:
        files += unpacked(Part(name or f"未命名附件{len(files) + 1}{_suffix(data)}", kind, data))


def unpacked(part: Part) -> list[Part]:
    """Return the files of a zip archive, one level deep; the part itself when it is no archive or not safe to unpack."""
    if not part.data.startswith(b"PK") or _suffix(part.data) != ".zip":
        return [part]
    found: list[Part] = []
    left = MAX_ARCHIVE_BYTES
    try:
        with zipfile.ZipFile(BytesIO(part.data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
            # what is declared is checked before a byte is unpacked, what really comes out is counted after
            if len(entries) > MAX_ARCHIVE_FILES or sum(one.file_size for one in entries) > left or _overlap(archive):
                return [part]
            for one in entries:
                with archive.open(one) as file:
                    data = file.read(left + 1)
                left -= len(data)
                if left < 0:
                    return [part]
                found.append(Part(_entry_name(one), "application/octet-stream", data, part.name))
    except Exception:  # broken, encrypted or an unknown method: kept as it came
        return [part]
    return found or [part]


def _overlap(archive: zipfile.ZipFile) -> bool:
    """Return whether entries share bytes, as those of a bomb do; older Pythons do not look."""
    ends = 0
    for one in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if one.header_offset < ends:
            return True
        ends = one.header_offset + 30 + one.compress_size  # 30: the shortest local header
    return False


def _entry_name(entry: zipfile.ZipInfo) -> str:
    utf8 = entry.flag_bits & 0x800
    return file_name(entry.filename if utf8 else _guess(entry.orig_filename.encode("cp437", "replace"))) or "未命名"


def _suffix(data: bytes) -> str:
    """Return the file suffix the content itself speaks for."""
    if data.startswith(b"PK"):
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                names = set(archive.namelist())
        except Exception:  # truncated: still what a spreadsheet most likely was
            return ".xlsx"
        if "[Content_Types].xml" in names:
            return ".docx" if any(name.startswith("word/") for name in names) else ".xlsx"
        return ".ods" if "mimetype" in names else ".zip"
    for magic, suffix in ((b"\xd0\xcf\x11\xe0", ".xls"), (b"%PDF", ".pdf"), (b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png")):
        if data.startswith(magic):
            return suffix
    return ""


def _raw(message: "Message[Any, Any]", name: str) -> list[str]:
    """Return the header lines of that name as they came: bytes that are not ASCII as surrogates, folding undone."""
    return [re.sub(r"[\r\n]+[ \t]?", " ", value) for key, value in message.raw_items() if key.lower() == name.lower()]


def _header(message: "Message[Any, Any]", name: str) -> str:
    """Return the first header of that name, raw bytes read as UTF-8 or else GB18030, encoded words left as they are."""
    found = _raw(message, name)
    return _guess(found[0].encode("utf-8", "surrogateescape")) if found else ""


def _guess(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def _decode(data: bytes, charset: str) -> str:
    # mail programs say gb2312 and write characters that only its supersets have
    charset = "gb18030" if charset.lower().replace("-", "") in ("gb2312", "gbk", "gb18030", "xgbk", "cp936") else charset
    try:
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError, ValueError):
        return _guess(data)


def _text(data: bytes, charset: object) -> str:
    return _decode(data, charset if isinstance(charset, str) else "utf-8")


def _decoded(text: str) -> str:
    """Return a header text with its encoded words (RFC 2047) decoded, also those cut inside a character."""
    text = re.sub(r"(\?=)\s+(=\?)", r"\1\2", text)
    out: list[str] = []
    pending, charset, at = b"", "", 0
    for word in _ENCODED.finditer(text):
        if word.start() != at or word[1].lower() != charset.lower():
            out += [_decode(pending, charset), text[at : word.start()]]
            pending, charset = b"", word[1]
        pending += _word(word[2], word[3])
        at = word.end()
    return "".join([*out, _decode(pending, charset), text[at:]])


def _word(kind: str, text: str) -> bytes:
    data = text.encode("ascii", "ignore")
    if kind in "qQ":
        return quopri.decodestring(data, header=True)
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except ValueError:
        return b""


def _name(part: "Message[Any, Any]") -> str:
    """Return the part's file name, from its disposition or else its content type, however it is encoded."""
    names = [_parameter(part, "Content-Disposition", "filename"), _parameter(part, "Content-Type", "name")]
    return next((name for name in names if name and "\ufffd" not in name), next((name for name in names if name), ""))


def _parameter(part: "Message[Any, Any]", header: str, name: str) -> str:
    text = _header(part, header)
    if not text:
        return ""
    alone: Message[str, str] = Message()  # the raw header, its bytes decoded first: the parser would make them U+FFFD
    alone[header] = text
    value = alone.get_param(name, header=header)
    if isinstance(value, tuple):  # RFC 2231: the bytes of the value as Latin-1, and what they are
        charset, _, encoded = value
        try:
            return file_name(_decode(encoded.encode("latin-1"), charset or "utf-8"))
        except UnicodeEncodeError:
            return file_name(encoded)
    return file_name(_decoded(value)) if value else ""


def file_name(name: str) -> str:
    """Return the last step of a name, fit to be shown: no controls, no characters that turn the direction, not too long."""
    name = _clean(re.split(r"[/\\]", name)[-1]).strip(". ")
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    return stem[: MAX_NAME - 12] + dot + suffix[:10] if dot and len(suffix) <= 10 else name[:MAX_NAME]


def _clean(text: str) -> str:
    """Return a text on one line, without control characters and without those that are not seen or turn the direction."""
    visible = "".join(c for c in re.sub(r"[\r\n\t]", " ", text) if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join(visible.split())


def _sender(message: "Message[Any, Any]") -> str:
    """Return the address in angle brackets, or the only thing there; empty when there is any doubt which address it is."""
    found = _raw(message, "From")
    if len(found) != 1:
        return ""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', "", found[0]).strip()
    angled = re.fullmatch(r"[^<>]*<\s*([^<>\s]+)\s*>", text)
    address = angled[1] if angled else text
    return address.lower() if _ADDRESS.fullmatch(address) and address.isascii() else ""


def _ids(text: str) -> list[str]:
    return [one for one in _MESSAGE_ID.findall(text) if one.isascii()]


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _is_automatic(message: "Message[Any, Any]", subject: str) -> bool:
    """Return whether a machine wrote it (RFC 3834 and what mail programs do instead)."""
    said = _header(message, "Auto-Submitted").split(";")[0].strip().lower()
    return (
        said not in ("", "no")
        or _header(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(_raw(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "List-Id"))
        or any(value.strip() == "<>" for value in _raw(message, "Return-Path"))
        or message.get_content_type() == "multipart/report"
        or bool(_AUTOMATIC_SUBJECT.match(subject))
    )


def _is_bounce(message: "Message[Any, Any]", sender: str, subject: str) -> bool:
    report = message.get_content_type() == "multipart/report" and message.get_param("report-type") == "delivery-status"
    nobody = any(value.strip() == "<>" for value in _raw(message, "Return-Path"))
    return report or bool(_BOUNCE_SENDER.match(sender)) or (nobody and bool(_BOUNCE_SUBJECT.match(subject)))
