"""A raw mail -> its parts: every one of them, under names people can read, whatever the mail looks like.

The mail is hostile until shown otherwise. Nothing here decides who sent it: `sender` is a hint for display, the signed token in
the workbook is the identity. The raw bytes are stored before this is called, so what cannot be taken apart is not lost.
"""

import base64
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any

from integrations.inbox.headers import clean, decode, decoded, guess, header, ids, raw_lines, text_of
from integrations.inbox.machines import Machine, machine_of

MAX_PARTS = 300
MAX_DEPTH = 8  # of mails within mails
MAX_NAME = 200
MAX_ARCHIVE_FILES = 200
TOO_LARGE = "X-Liandong-Too-Large"  # set by us on a mail of which only the head was fetched
MAX_ARCHIVE_BYTES = 100 * 1024 * 1024  # unpacked

_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
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
    """A mail taken apart. `about` holds the Message-IDs it answers or returns, `machine` whether any person wrote it.

    `checks` are its Authentication-Results as they stand, the last server's first.
    """

    message_id: str = ""
    sender: str = ""
    subject: str = ""
    date: datetime | None = None
    parts: tuple[Part, ...] = ()
    text: str = ""
    about: tuple[str, ...] = ()
    machine: Machine = field(default_factory=Machine)
    checks: tuple[str, ...] = ()
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
    about = ids(header(message, "In-Reply-To") + header(message, "References"))
    for part, _ in _walk(message, 0):
        if len(files) >= MAX_PARTS:
            break
        if part.get_content_type() == "text/rfc822-headers":  # a bounce that returns only the head of the letter
            about += ids(str(part.get_payload()))
        _sort(part, files, texts, pages)
    about += [one for part, depth in _walk(message, 0) if depth for one in ids(header(part, "Message-ID"))]
    subject = clean(decoded(header(message, "Subject")))
    sender = _sender(message)
    text = "\n".join(texts) or re.sub(r"<[^>]*>", "", "\n".join(pages))
    machine = machine_of(message, sender, text)
    if machine.bounce:  # some systems quote the letter in their own text
        about += ids(text)
    return Mail(
        message_id=next(iter(ids(header(message, "Message-ID"))), ""),
        sender=sender,
        subject=subject,
        date=_date(header(message, "Date")),
        parts=tuple(files[:MAX_PARTS]),
        text=text,
        about=tuple(dict.fromkeys(about)),
        machine=machine,
        checks=tuple(clean(one) for one in raw_lines(message, "Authentication-Results")),
        too_large=bool(raw_lines(message, TOO_LARGE)),
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
        if header(part, "Content-Transfer-Encoding").strip().lower() != "base64":
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
    attached = name or header(part, "Content-Disposition").strip().lower().startswith("attachment")
    if part.get_content_maintype() == "multipart":  # a broken one: its boundary is never found, so it is one text
        texts.append(text_of(data, None))
    elif kind in ("text/plain", "text/html") and not attached:
        (texts if kind == "text/plain" else pages).append(text_of(data, part.get_param("charset")))
    elif kind not in ("message/delivery-status", "text/rfc822-headers", "message/disposition-notification") and (data or name):
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
    return file_name(entry.filename if utf8 else guess(entry.orig_filename.encode("cp437", "replace"))) or "未命名"


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


def _name(part: "Message[Any, Any]") -> str:
    """Return the part's file name, from its disposition or else its content type, however it is encoded."""
    names = [_parameter(part, "Content-Disposition", "filename"), _parameter(part, "Content-Type", "name")]
    return next((name for name in names if name and "\ufffd" not in name), next((name for name in names if name), ""))


def _parameter(part: "Message[Any, Any]", field: str, name: str) -> str:
    text = header(part, field)
    if not text:
        return ""
    alone: Message[str, str] = Message()  # the raw header, its bytes decoded first: the parser would make them U+FFFD
    alone[field] = text
    value = alone.get_param(name, header=field)
    if isinstance(value, tuple):  # RFC 2231: the bytes of the value as Latin-1, and what they are
        charset, _, encoded = value
        try:
            return file_name(decode(encoded.encode("latin-1"), charset or "utf-8"))
        except UnicodeEncodeError:
            return file_name(encoded)
    return file_name(decoded(value)) if value else ""


def file_name(name: str) -> str:
    """Return the last step of a name, fit to be shown: no controls, no characters that turn the direction, not too long."""
    name = clean(re.split(r"[/\\]", name)[-1]).strip(". ")
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    return stem[: MAX_NAME - 12] + dot + suffix[:10] if dot and len(suffix) <= 10 else name[:MAX_NAME]


def _sender(message: "Message[Any, Any]") -> str:
    """Return the address in angle brackets, or the only thing there; empty when there is any doubt which address it is."""
    found = raw_lines(message, "From")
    if len(found) != 1:
        return ""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', "", found[0]).strip()
    angled = re.fullmatch(r"[^<>]*<\s*([^<>\s]+)\s*>", text)
    address = angled[1] if angled else text
    return address.lower() if _ADDRESS.fullmatch(address) and address.isascii() else ""


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
