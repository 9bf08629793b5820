"""The head lines of a mail as people meant them: raw bytes, encoded words cut in the middle, wrong charsets and all."""

import base64
import quopri
import re
import unicodedata
from email.message import Message
from typing import Any

_ENCODED = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")


def raw_lines(message: "Message[Any, Any]", name: str) -> list[str]:
    """Return the header lines of that name as they came: bytes that are not ASCII as surrogates, folding undone."""
    return [re.sub(r"[\r\n]+[ \t]?", " ", value) for key, value in message.raw_items() if key.lower() == name.lower()]


def header(message: "Message[Any, Any]", name: str) -> str:
    """Return the first header of that name, raw bytes read as UTF-8 or else GB18030, encoded words left as they are."""
    found = raw_lines(message, name)
    return guess(found[0].encode("utf-8", "surrogateescape")) if found else ""


def guess(data: bytes) -> str:
    """Return text in an unknown charset: UTF-8, or else GB18030."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def decode(data: bytes, charset: str) -> str:
    """Return text in the charset a mail says it has, or in the one it really has."""
    # mail programs say gb2312 and write characters that only its supersets have
    charset = "gb18030" if charset.lower().replace("-", "") in ("gb2312", "gbk", "gb18030", "xgbk", "cp936") else charset
    try:
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError, ValueError):
        return guess(data)


def text_of(data: bytes, charset: object) -> str:
    """Return a part's text, whatever its charset parameter is."""
    return decode(data, charset if isinstance(charset, str) else "utf-8")


def decoded(text: str) -> str:
    """Return a header text with its encoded words (RFC 2047) decoded, also those cut inside a character."""
    text = re.sub(r"(\?=)\s+(=\?)", r"\1\2", text)
    out: list[str] = []
    pending, charset, at = b"", "", 0
    for word in _ENCODED.finditer(text):
        if word.start() != at or word[1].lower() != charset.lower():
            out += [decode(pending, charset), text[at : word.start()]]
            pending, charset = b"", word[1]
        pending += _word(word[2], word[3])
        at = word.end()
    return "".join([*out, decode(pending, charset), text[at:]])


def _word(kind: str, text: str) -> bytes:
    data = text.encode("ascii", "ignore")
    if kind in "qQ":
        return quopri.decodestring(data, header=True)
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except ValueError:
        return b""


def clean(text: str) -> str:
    """Return a text on one line, without control characters and without those that are not seen or turn the direction."""
    visible = "".join(c for c in re.sub(r"[\r\n\t]", " ", text) if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join(visible.split())


def ids(text: str) -> list[str]:
    """Return the Message-IDs in a text."""
    return [one for one in _MESSAGE_ID.findall(text) if one.isascii()]
