"""Text from outside made fit for any file we write: a workbook, a document, a page, a name on the disk."""

import re

# what no XML can hold, and the signs that turn the order of what is shown around them
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_SEPARATORS = re.compile('[\\\\/:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]+')
_STILL = str.maketrans('<>`[]|"', "＜＞｀［］｜＂")
_LONGEST_NAME = 200  # bytes of UTF-8: with a suffix and a mark it stays below the 255 a name may have


def legible(text: str) -> str:
    """Return a text without signs that nobody sees: control characters, halves of characters, what turns the order of others."""
    return _UNSEEN.sub("", text)


def printable(value: object) -> object:
    """Return a value as a template may print it: of a text what is legible, of one that is markup already all of it."""
    return legible(value) if type(value) is str else value


def one_line(text: str) -> str:
    """Return a text on one line, legible."""
    return " ".join(legible(text).split())


def still(text: str) -> str:
    """Return a text in which neither Markdown nor HTML can begin: the signs that begin it are set in full width."""
    return legible(text).translate(_STILL)


def unmarked(text: str) -> str:
    """Return a text as matplotlib may draw it, which sets as mathematics what stands between dollars: they are full width."""
    return legible(text).replace("$", "＄")


def shortened(text: str, most: int) -> str:
    """Return a text cut to so many signs, with the sign that says so."""
    return text if len(text) <= most else text[: most - 1] + "…"


def file_name(stem: str, suffix: str = "") -> str:
    """Return a name that any file system takes: at most 255 bytes, nothing in it that leads elsewhere or hides what it is."""
    kept = _SEPARATORS.sub("_", legible(stem))
    kept = " ".join(kept.split()).strip(". ")
    kept = kept.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(". ")
    return f"{kept or '未命名'}{suffix}"
