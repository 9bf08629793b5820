"""The three parts of a submission: what a file is, which demanded headings a summary has, what of a whole submission is there."""

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from campaigns.definition import Part
from campaigns.records import PartRecord

OTHER = "other"  # a file that is no part of a submission
SUMMARY_SUFFIXES = (".docx", ".doc", ".wps", ".docm", ".odt", ".rtf")
SCAN_SUFFIXES = (".pdf", ".jpg", ".jpeg", ".png", ".ofd", ".tif", ".tiff", ".bmp")
WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsm", ".et", ".ods", ".xlsb", ".csv")
_NOT_FILES = (".txt", ".htm", ".html", ".ics", ".vcf", ".p7s", ".asc", ".gif")
_SMALLEST_PICTURE = 8_000  # bytes: what is smaller is the logo of a signature, no scanned page

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_WORD = "WordDocument".encode("utf-16-le")
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\x00", b"MM\x00*", b"BM")


def kind_of(name: str, data: bytes) -> str:
    """Return what a file is: workbook, summary, scan or other; by its content, and by its name where the content does not say.

    A file named as a workbook is one, whatever it holds: the reader then says what is wrong with it. So is what nobody can tell,
    and a file with nothing in it: an empty scan is none.
    """
    if not data:
        return Part.WORKBOOK.value
    said, held = _by_name(name.lower()), _by_content(data)
    if Part.WORKBOOK in (said, held):
        return Part.WORKBOOK.value
    if held is not None:
        return held
    return said or Part.WORKBOOK.value


def _by_name(name: str) -> str | None:
    for suffixes, kind in (
        (WORKBOOK_SUFFIXES, Part.WORKBOOK.value),
        (SUMMARY_SUFFIXES, Part.SUMMARY.value),
        (SCAN_SUFFIXES, Part.SCAN.value),
        (_NOT_FILES, OTHER),
    ):
        if name.endswith(suffixes):
            return kind
    return None


def _by_content(data: bytes) -> str | None:
    if data.startswith(_OLE):
        if _LOCKED in data:
            return None  # Office packs a locked document of any kind like this
        return Part.SUMMARY.value if _OLD_WORD in data else Part.WORKBOOK.value
    if data.startswith(b"PK"):
        return _by_entries(data)
    if data.startswith(b"{\\rtf"):
        return Part.SUMMARY.value
    if b"%PDF" in data[:1024]:
        return Part.SCAN.value
    if data.startswith(_PICTURES):
        return Part.SCAN.value if len(data) >= _SMALLEST_PICTURE else OTHER
    return None


def _by_entries(data: bytes) -> str | None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
    except Exception:  # damaged: its name may still say what it was
        return None
    if "word/document.xml" in names:
        return Part.SUMMARY.value
    if "OFD.xml" in names:
        return Part.SCAN.value
    if "content.xml" in names and b"opendocument.text" in data[:200]:
        return Part.SUMMARY.value
    return Part.WORKBOOK.value if any(name.startswith("xl/") for name in names) or "content.xml" in names else None


def suffix_of(kind: str, data: bytes) -> str:
    """Return the suffix under which the office opens a file: by its content, never by what its sender says."""
    for magic, suffix in (
        (b"%PDF", ".pdf"), (b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png"), (b"II*\x00", ".tif"), (b"MM\x00*", ".tif"),
        (b"BM", ".bmp"), (b"{\\rtf", ".rtf"), (_OLE, ".doc" if kind == Part.SUMMARY.value else ".xls"),
    ):  # fmt: skip
        if data.startswith(magic):
            return suffix
    if data.startswith(b"PK"):
        return {Part.SUMMARY.value: ".docx", Part.SCAN.value: ".ofd", Part.WORKBOOK.value: ".xlsx"}.get(kind, ".zip")
    return ".pdf" if b"%PDF" in data[:1024] else ".bin"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a document: `heading` when its style says so, `bold` when it begins in bold."""

    text: str
    heading: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: its paragraphs in order, those of tables among them."""

    paragraphs: tuple[Paragraph, ...]

    @property
    def text(self) -> str:
        """Return all paragraphs, one a line."""
        return "\n".join(one.text for one in self.paragraphs)


_NUMBERING = re.compile(
    r"^(?:第[一二三四五六七八九十百0-9]+(?:部分|章|节|条)|[(（]?[一二三四五六七八九十]{1,3}[)）]|[一二三四五六七八九十]{1,3}[、.．是]"
    r"|[(（]?[0-9]{1,2}[)）]|[0-9]{1,2}(?:\.[0-9]{1,2}){0,3}[、.．]?(?![0-9%年月日])|[①-⑳])"
)
_CHAPTER = re.compile(r"^(?:第[一二三四五六七八九十百]+(?:部分|章)|[一二三四五六七八九十]{1,3}[、.．])")
# as officers vary them: “下一步工作计划” is “下一步工作打算”
_SPELLINGS = (("作法", "做法"), ("下一步", "下步"), ("的", ""), ("工作", ""), ("计划", "打算"), ("安排", "打算"))
_SHORT = 30  # signs: what is longer is a sentence, no heading


def missing_headings(demanded: Sequence[str], document: Document) -> tuple[str, ...]:
    """Return the demanded headings a document does not have.

    Numbering, spacing, punctuation, full width, usual variants (作法 for 做法) and words around it do not matter;
    a mention in a sentence is no heading.
    """
    lines = [line for paragraph in document.paragraphs for line in _lines(paragraph)]
    return tuple(one for one in demanded if not any(_heads(_plain(one), *line) for line in lines))


def sections(demanded: Sequence[str], document: Document) -> Mapping[str, tuple[str, ...]]:
    """Return what a document says under each demanded heading it has: its paragraphs verbatim, up to the next chapter.

    Text under a heading that names two of them stands under the first, and the second has nothing of its own.
    """
    found: dict[str, list[str]] = {}
    under: str | None = None
    for paragraph in document.paragraphs:
        for raw in paragraph.text.splitlines():
            text = raw.strip()
            lines = list(_lines(Paragraph(text, paragraph.heading, paragraph.bold)))
            named = [one for one in demanded if any(_heads(_plain(one), *line) for line in lines)]
            if named:
                under = named[0]
                for one in named:
                    found.setdefault(one, [])
                if rest := _after_heading(text):
                    found[under].append(rest)
            elif _CHAPTER.match(text) or paragraph.heading:
                under = None  # a chapter nobody asked for
            elif under and text:
                found[under].append(text)
    return {one: tuple(texts) for one, texts in found.items()}


def _after_heading(text: str) -> str:
    """Return the text into which a heading runs: “（一）主要做法。我局……”; empty when the heading stands alone."""
    return next(iter(re.split(r"[。:：;；!！?？]", text, maxsplit=1)[1:]), "").strip()


def _lines(paragraph: Paragraph) -> Iterable[tuple[str, bool]]:
    """Yield what may be a heading in a paragraph, plain, and whether it is set like one (style, bold, numbering)."""
    for raw in paragraph.text.splitlines():
        text = unicodedata.normalize("NFKC", raw).strip()
        rest = _NUMBERING.sub("", text, count=1).strip()
        marked = paragraph.heading or paragraph.bold or rest != text
        # a heading may run into its text: “（一）主要做法。我局……”
        first = re.split(r"[。:;!?]", rest, maxsplit=1)[0]
        if marked and len(first) <= _SHORT:
            yield _plain(first), True
        elif len(rest) <= _SHORT and not rest.endswith(("。", ";", ",", "、", "!", "?")):
            yield _plain(rest), False


def _heads(wanted: str, line: str, marked: bool) -> bool:
    if wanted in line:
        return marked or len(line) <= len(wanted) + 8
    # “存在的困难和问题” is “存在的问题”: its signs in their order, little between them
    return marked and len(line) <= 2 * len(wanted) + 4 and _in_order(wanted, line)


def _in_order(wanted: str, line: str) -> bool:
    at = iter(line)
    return all(sign in at for sign in wanted)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    text = "".join(sign for sign in text if sign.isalnum())
    short = text
    for one, other in _SPELLINGS:
        short = short.replace(one, other)
    return short or text


@dataclass(frozen=True, slots=True)
class PartStanding:
    """How one demanded part of a submission stands: there or not, what it lacks, and the file that counts.

    `problem` says why a file that came cannot count; `missing` are demanded headings it does not have.
    """

    part: Part
    present: bool
    missing: tuple[str, ...] = ()
    problem: str = ""
    file: str = ""
    envelope: str = ""
    place: int = 0

    @property
    def lacks(self) -> str:
        """Return what an officer reads of it beyond 有 and 缺, empty when there is nothing to say."""
        if self.missing:
            return f"缺少标题：{'、'.join(self.missing)}"
        return "" if self.present else self.problem


def completeness(wanted: Iterable[Part], arrived: Sequence[PartRecord], *, reported: bool) -> tuple[PartStanding, ...]:
    """Return how each demanded part stands: the newest usable file of its kind counts, whenever and however it came."""
    return tuple(
        PartStanding(part, reported) if part is Part.WORKBOOK else _standing(part, [one for one in arrived if one.kind == part])
        for part in wanted
    )


def _standing(part: Part, arrived: Sequence[PartRecord]) -> PartStanding:
    usable = [one for one in arrived if not one.problem]
    if usable:
        one = usable[-1]
        return PartStanding(part, True, one.missing, "", one.name, one.envelope, one.place)
    if arrived:
        one = arrived[-1]
        return PartStanding(part, False, (), one.problem, one.name, one.envelope, one.place)
    return PartStanding(part, False)


def part_counts(submissions: Iterable[Sequence[PartStanding]]) -> Mapping[str, int]:
    """Return of how many submissions each part that is asked is there, how many there must be, and how many are whole."""
    found = [standings for standings in submissions if standings]
    asked = {one.part for standings in found for one in standings}
    counts = {
        part.value: sum(one.part is part and one.present for standings in found for one in standings)
        for part in Part
        if part in asked
    }
    whole = sum(all(one.present and not one.missing for one in standings) for standings in found)
    return {"expected": len(found), **counts, "complete": whole}
