"""A letter -> the bytes of one mail: subject, text and HTML from templates, attachments, headers.

The same letter always gives the same bytes, so a letter that is rendered again after a crash is the same mail.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email import message_from_bytes, policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from campaigns.letters import Attachment, Digest, Kind, Letter
from campaigns.plain import printable
from campaigns.workdays import in_chinese, office_date, office_time

_TEMPLATES = Path(__file__).parent / "templates"
_ACCENTS = {Kind.REMINDER: "#b7791f", Kind.OVERDUE: "#b42318"}
_NUMERALS = [*"一二三四五六七八九十", *(f"十{one}" for one in "一二三四五六七八九"), *(f"{n}" for n in range(20, 1000))]
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


class _Policy(policy.EmailPolicy):
    """SMTP, but a Chinese header is encoded as a whole: the standard folding loses or adds spaces where it breaks a line."""

    def fold(self, name: str, value: Any) -> str:
        """Return a header with its line ends."""
        if str(value).isascii():
            return str(super().fold(name, value))
        if name.lower() == "subject":
            return f"{name}: {_encoded(str(value), name)}\r\n"
        if name.lower() in ("from", "to", "reply-to"):
            people = (f"{_encoded(one.display_name, name)}\r\n <{one.addr_spec}>" for one in value.addresses)
            return f"{name}: {', '.join(people)}\r\n"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header with its line ends, as bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


_POLICY = _Policy(linesep="\r\n")


def _encoded(text: str, name: str) -> str:
    return Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


def subject(letter: Letter) -> str:
    """Return a letter's subject line."""
    return _one_line(_environment("text").get_template(f"{letter.kind}/subject").render(_facts(letter)))


def render(
    letter: Letter, attachments: Sequence[Attachment], *, sender: tuple[str, str], message_id: str, date: datetime
) -> bytes:
    """Return the mail as bytes, ready to be stored or sent; `sender` is (name, address), `date` the instant it speaks of."""
    at = letter.occasion
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = subject(letter)
    mail["From"] = _address(*sender)
    mail["To"] = _address(" ".join(dict.fromkeys((letter.to.unit, letter.to.name))), letter.to.email)
    mail["Reply-To"] = _address(at.office, at.mailbox)
    mail["Date"] = format_datetime(office_time(date))
    mail["Message-ID"] = _one_line(message_id)
    mail["Auto-Submitted"] = "auto-generated"
    codes = {"Kind": letter.kind.value, "Campaign": at.campaign, "Round": at.round, "Department": letter.to.department}
    for name, code in codes.items():
        if code:
            mail[f"X-Liandong-{name}"] = _one_line(code).encode("ascii", "ignore").decode()
    names = tuple(_one_line(one.name) for one in attachments)
    mail.set_content(_written("text", letter, names, date), cte="base64")
    mail.add_alternative(_written("html", letter, names, date), subtype="html", cte="base64")
    page = mail.get_payload()[1]  # type: ignore[index]
    for address, picture in _pictures(letter).items():
        page.add_related(_qr(address), maintype="image", subtype="png", cid=f"<{picture}>", disposition="inline")  # type: ignore[union-attr]
    for one, name in zip(attachments, names, strict=True):
        main, _, sub = one.content_type.partition("/")
        mail.add_attachment(one.data, maintype=main, subtype=sub or "octet-stream", filename=name)
    # "=_" occurs in no base64 or quoted-printable text, so a boundary that is always the same is still safe
    stem = hashlib.sha256(letter.key.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_liandong_{stem}_{number}")
    return mail.as_bytes()


def readdress(raw: bytes, to: tuple[str, str], message_id: str, date: datetime) -> bytes:
    """Return a letter once more, to another address, as a letter of its own that refers to the first."""
    mail = message_from_bytes(raw, policy=_POLICY)
    first = mail["Message-ID"]
    for name in ("To", "Date", "Message-ID", "References"):
        del mail[name]
    mail["To"] = _address(*to)  # type: ignore[assignment]
    mail["Date"] = format_datetime(office_time(date))
    mail["Message-ID"] = message_id
    mail["References"] = first
    return mail.as_bytes()


def _written(form: str, letter: Letter, attachments: tuple[str, ...], date: datetime) -> str:
    """Return the letter in one form, `text` or `html`: the same words in either, set with that form's parts."""
    environment = _environment(form)
    parts = environment.get_template(f"{form}/parts").module
    moment = office_time(date)
    facts = _facts(letter) | {
        "the": parts,
        "attachments": attachments,
        "subject": subject(letter),
        "greeting": f"{letter.to.name}同志：" if letter.to.name not in ("", letter.to.unit) else f"{letter.to.unit}：",
        "sent_on": in_chinese(office_date(date)),
        "sent_at": f"{in_chinese(office_date(date))}{moment:%H:%M}",
        "pictures": _pictures(letter),
        "numerals": _NUMERALS,
        "accent": _ACCENTS.get(letter.kind, "#1f5fa8"),
    }
    content = environment.get_template(f"{letter.kind}/body").render(facts)
    if form == "html":
        content = Markup(content)  # escaped already, where it was rendered
    page = environment.get_template(f"{form}/frame").render(facts | {"content": content})
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def _pictures(letter: Letter) -> dict[str, str]:
    """Return the content-id of the QR code of every address a letter offers for uploading."""
    body, domain = letter.body, letter.occasion.mailbox.rpartition("@")[2]
    offered = [one.upload for one in body.sections] if isinstance(body, Digest) else [getattr(body, "upload", "")]
    return {one: f"{hashlib.sha256(one.encode()).hexdigest()[:24]}@{domain}" for one in dict.fromkeys(offered) if one}


def _qr(address: str) -> bytes:
    picture = BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="png", scale=4, border=2)
    return picture.getvalue()


def _facts(letter: Letter) -> dict[str, Any]:
    return {"at": letter.occasion, "to": letter.to, "body": letter.body}


@lru_cache(maxsize=2)
def _environment(form: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        finalize=printable,
        autoescape=form == "html",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["short"] = _short
    return environment


def _short(due: str) -> str:
    """Return a date as a subject line has room for it: `12月3日17:30` of `2020年12月3日（周四）17:30`."""
    return re.sub(r"^\d{4}年|（周.）", "", due)


def _one_line(text: str) -> str:
    """Return a text fit for a header: no line break can start a header of its own."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _address(name: str, address: str) -> Address:
    return Address(display_name=_one_line(name), addr_spec=_one_line(address))
