"""The cells of an .xlsx file, straight from its XML: ordinary or strict, each cell at the address it states.

Runs in the child process. Two readers that are usual for this lose what we need: one takes error values for blanks and tells no
formulas, the other believes a sheet's stated size and reads strict files as empty.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from campaigns.forms import letter
from campaigns.submission import At, Book, Sheet, Value
from integrations.excel.refusals import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, MOST_SHEETS, damaged, no_form, too_big
from integrations.excel.xml_parts import Attributes, Parts, walk

_MOST_STRINGS, _MOST_PLACES = 500_000, 3_000_000
_LONGEST = 32_767  # what Excel itself holds in a cell
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_BLANK_CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"(?: [a-z]+="[^"<>]*")* ?/>')
# A cell and a shared string as nearly all are written; [ -%'-;=?-~] is what ASCII prints but for < > &.
# Some programs write what is not ASCII by its number.
_WORDS = rb"[^<>&\x00-\x08\x0b-\x1f]*(?:&#[1-9][0-9]{2,4};[^<>&\x00-\x08\x0b-\x1f]*)*"
_NUMBERED = re.compile(r"&#([0-9]+);")
_PLAIN_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([1-9][0-9]{0,6})"(?: s="([0-9]{1,9})")?(?: t="([a-zA-Z]{1,9})")?(?: ?/>|>'
    rb"(<f>[ -%'-;=?-~]*</f>)?(?:<v>([ -%'-;=?-~]*)</v>|<v ?/>|"
    rb'<is><t(?: xml:space="preserve")?>(' + _WORDS + rb")</t></is>)?</c>)"
)
_CELL_GROUPS = _PLAIN_CELL.groups + 1
_PLAIN_SIZE = 4 * 2**20  # a larger sheet is read from end to end, which takes time and not memory
_PLAIN_STRING = re.compile(rb'<si><t(?: xml:space="preserve")?>(' + _WORDS + rb")</t></si>")
_STRING_LEFT = re.compile(rb"[<:]si[\s/>]")
_COLUMNS = {letter(column).encode(): column for column in range(1, MOST_COLUMNS + 1)}
_CELL_WITHOUT_PLACE = re.compile(rb"<(?:[A-Za-z0-9]+:)?c(?:>|/| (?!r=))")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_PERCENT_FORMATS = {9, 10}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_SCALED = re.compile(r"[0#?],+(?![0#?,])|!\.")
_CARRIED = {
    "宏": ("vbaproject", "/macrosheets/", "/dialogsheets/"),
    "外部链接": ("/externallinks/",),
    "数据连接": ("connections.xml", "/querytables/"),
    "嵌入对象": ("/embeddings/", "/activex/", "/ctrlprops/"),
}


def read_xlsx(data: bytes, ours: Sequence[str]) -> Book:
    """Return the cells of an .xlsx file; Unreadable when there are names of ours, and no sheet has one."""
    parts = Parts(data)
    main = _main(parts)
    sheets, since_1904 = _sheets(parts, main)
    if ours and not set(ours) & {name for name, _ in sheets}:
        raise no_form()
    if len(sheets) > MOST_SHEETS:
        raise too_big()
    parts.refuse_declarations()
    related = parts.related(main).values()
    strings = _strings(parts, next((one for one in related if one.lower().endswith("sharedstrings.xml")), ""))
    formats = _formats(parts, next((one for one in related if one.lower().endswith("styles.xml")), ""))
    found: list[Sheet] = []
    left = [MOST_CELLS, _MOST_PLACES]
    for name, part in sheets:
        if part not in parts:
            if name in ours:
                raise damaged(f"工作表“{name}”的内容缺失")
            continue
        sheet = read_sheet(name, parts.read(part), strings, formats, since_1904, left)
        if sheet:
            found.append(sheet)
        elif name in ours:
            raise damaged(f"“{name}”不是普通工作表")
    carries = tuple(word for word, marks in _CARRIED.items() if any(mark in name for name in parts for mark in marks))
    return Book("xlsx", tuple(found), carries)


def clean(text: str) -> str:
    """Return the text of a cell without what no text of ours may hold, not longer than a cell can be."""
    return _ILLEGAL.sub("", text)[: _LONGEST + 1]


def decimal(value: float) -> Decimal | None:
    """Return a figure as Excel shows it: it keeps fifteen digits, the rest is noise. None for what is no figure."""
    return Decimal(format(value, ".15g")) if math.isfinite(value) else None


def moment(serial: float, since_1904: bool) -> str | None:
    """Return the date, or date and time, a serial number stands for; None when it stands for none."""
    try:
        found = datetime(1899, 12, 30) + timedelta(days=round(serial, 6) + (1462 if since_1904 else 0))  # noqa: DTZ001
    except (OverflowError, ValueError):
        return None
    return shown(found)


def shown(found: datetime) -> str:
    """Return a date and time as text, the date alone at midnight."""
    found = found.replace(microsecond=0, tzinfo=None)
    return str(found.date()) if found.time() == datetime.min.time() else found.isoformat(sep=" ")


def covered(cells: Mapping[At, Value], merged: Sequence[tuple[At, At]]) -> frozenset[At]:
    """Return the cells whose value nobody sees, because a merged range lies over them; Unreadable when too many do."""
    columns: dict[int, list[int]] = {}
    highest, lowest = min((top for (top, _), _ in merged), default=0), max((bottom for _, (bottom, _) in merged), default=0)
    for row, column in sorted(at for at in cells if highest <= at[0] <= lowest):
        columns.setdefault(row, []).append(column)
    rows, found, steps = list(columns), set[At](), 0
    for (top, left), (bottom, right) in merged:
        for row in rows[bisect_left(rows, top) : bisect_right(rows, bottom)]:
            there = columns[row]
            inside = there[bisect_left(there, left) : bisect_right(there, right)]
            found.update((row, column) for column in inside if (row, column) != (top, left))
            steps += 1 + len(inside)
        if steps > _MOST_PLACES:
            raise too_big()
    return frozenset(found)


def _main(parts: Parts) -> str:
    """Return the part that names the sheets."""
    for name in ("xl/workbook.xml", *sorted(parts)):
        if name.endswith("workbook.xml") and name in parts:
            return name
    raise damaged("缺少工作簿")


def _sheets(parts: Parts, main: str) -> tuple[list[tuple[str, str]], bool]:
    """Return the sheets by name with the parts they stand in, and whether dates count from 1904."""
    targets, found, flags = parts.related(main), [], []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "workbookPr" and attributes.get("date1904", "0").lower() in ("1", "true"):
            flags.append(tag)
        if tag == "sheet":
            code = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id" and ":" in key), "")
            found.append((clean(attributes.get("name", ""))[:100], targets.get(code, "")))
            if len(found) > 10 * MOST_SHEETS:
                raise too_big()

    walk(parts.read(main), start)
    return found, bool(flags)


def _strings(parts: Parts, name: str) -> list[str]:
    """Return the shared strings; what only tells how a word is read aloud is left out."""
    found: list[str] = []
    if name not in parts:
        return found
    data = parts.read(name)
    if plain := _plain_strings(data):
        return plain
    pieces: list[str] = []
    inside = [False, False]  # in a text, in its reading

    def start(tag: str, _: Attributes) -> None:
        if tag == "si":
            pieces.clear()
        elif tag == "t":
            inside[0] = not inside[1]
        elif tag == "rPh":
            inside[1] = True

    def end(tag: str) -> None:
        if tag == "si":
            found.append(_unescaped("".join(pieces)))
            if len(found) > _MOST_STRINGS:
                raise too_big()
        elif tag == "t":
            inside[0] = False
        elif tag == "rPh":
            inside[1] = False

    walk(data, start, end, lambda text: pieces.append(text) if inside[0] else None)
    return found


def _plain_strings(data: bytes) -> list[str]:
    """Return the shared strings when all are written the plain way, none when they have to be read from end to end."""
    rest, count = _PLAIN_STRING.subn(b"", data)
    if count > _MOST_STRINGS or b"<!" in data or _STRING_LEFT.search(rest):
        return []
    walk(rest, lambda *_: None)
    return [_unescaped(_decoded(found)) for found in _PLAIN_STRING.findall(data)]


def _decoded(data: bytes) -> str:
    try:
        words = data.decode()
        if b"&#" not in data:
            return words
        words = _NUMBERED.sub(lambda found: chr(int(found[1])), words)
        words.encode()  # a number that no character has is found here
    except UnicodeError:
        raise damaged("内容不完整或已损坏") from None
    if "\ufffe" in words or "\uffff" in words:
        raise damaged("内容不完整或已损坏")
    return words


def _formats(parts: Parts, name: str) -> list[str]:
    """Return for each cell style whether it shows a number as a `date`, as something `odd`, or as it is."""
    codes: dict[int, str] = {}
    styles: list[int] = []
    inside: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "numFmt":
            codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            inside.append(tag)
        elif tag == "xf" and inside and len(styles) < 100_000:
            styles.append(_whole(attributes.get("numFmtId")))

    def end(tag: str) -> None:
        if tag == "cellXfs":
            inside.clear()

    if name in parts:
        walk(parts.read(name), start, end)
    return [_shows(number, codes.get(number)) for number in styles]


def _shows(number: int, code: str | None) -> str:
    if code is None:
        return "date" if number in _DATE_FORMATS else "odd" if number in _PERCENT_FORMATS else ""
    first = code.split(";")[0]
    bare = _LITERAL.sub("", first)
    if re.search("[ymdhs年月日]", bare, re.IGNORECASE) and bare.lower() != "general" and not re.search("[0#?]", bare):
        return "date"
    if (bare.strip() and bare.lower() != "general" and not re.search("[0#?@]", bare)) or (first and not bare):
        return "odd"  # words in the place of a figure, such as TRUE
    plain = re.sub(r"\[[^\]]*\]", "", first)
    return "odd" if "%" in bare or _SCALED.search(bare) or re.search("[元万亿千]", plain) else ""


def _unescaped(text: str) -> str:
    return clean(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def read_sheet(
    name: str,
    data: bytes,
    strings: Sequence[str],
    formats: Sequence[str],
    since_1904: bool,
    left: list[int],
    *,
    end_to_end: bool = False,
) -> Sheet | None:
    """Return what stands in the part of a sheet, None when it is no worksheet; `left` counts down what may still be read.

    Both ways come to the same; `end_to_end` keeps to the slow one. The quick one takes the cells that are written the plain way
    out of the text, and reads only the rest element by element.
    """
    if not end_to_end:
        quick = _Reading(name, strings, formats, since_1904, [*left])
        rest = quick.take_plain_cells(data)
        if rest is not None:
            taken = len(quick.cells)
            is_worksheet = quick.read(rest)
            if not (quick.repeated or quick.outside):
                left[:] = quick.left
                if len(quick.cells) > taken:
                    quick.cells = dict(sorted(quick.cells.items()))
                return quick.sheet() if is_worksheet else None
    reading = _Reading(name, strings, formats, since_1904, left)
    return reading.sheet() if reading.read(data) else None


class _Reading:
    """One sheet being read."""

    def __init__(self, name: str, strings: Sequence[str], formats: Sequence[str], since_1904: bool, left: list[int]) -> None:
        self.name, self.strings, self.formats, self.since_1904, self.left = name, strings, formats, since_1904, left
        self.cells: dict[At, Value] = {}
        self.formulas: set[At] = set()
        self.uncalculated: set[At] = set()
        self.errors: set[At] = set()
        self.repeated: set[At] = set()
        self.odd: set[At] = set()
        self.merged: list[tuple[At, At]] = []
        self.outside = ""
        self.is_worksheet: bool | None = None
        self.row = self.column = 0
        self.kind = self.style = ""
        self.value: list[str] = []
        self.has_formula = self.has_value = self.collecting = self.aloud = False

    def read(self, data: bytes) -> bool:
        """Return whether the part is a worksheet, after reading it."""
        if not _CELL_WITHOUT_PLACE.search(data):
            data = _BLANK_CELL.sub(b"", data)  # columns of empty, formatted cells: there may be millions
        walk(data, self.start, self.end, self.text)
        return bool(self.is_worksheet)

    def take_plain_cells(self, data: bytes) -> bytes | None:
        """Return the text without the cells that are written the plain way, after reading these.

        None when that could come to something else than reading it from end to end: cells that do not say where they stand, that
        stand somewhere twice or too far out, more of them than are read, or comments, in which there may be anything.
        """
        pieces = _PLAIN_CELL.split(data) if len(data) <= _PLAIN_SIZE and b"<!" not in data else []
        rest = b"".join(pieces[::_CELL_GROUPS])
        if len(pieces) < _CELL_GROUPS or _CELL_WITHOUT_PLACE.search(rest):
            return None
        plain = {str(style).encode() for style, shows in enumerate(self.formats) if not shows} | {None}
        words, cells, left = self.strings, self.cells, self.left[0]
        figures: dict[bytes, Decimal] = {}  # most are small counts, which come again and again
        groups = (pieces[group::_CELL_GROUPS] for group in range(1, _CELL_GROUPS))
        for letters, digits, style, kind, formula, value, words_inside in zip(*groups, strict=False):
            if not value and not words_inside and not formula:
                continue
            left -= 1
            row, column = int(digits), _COLUMNS.get(letters, 0)
            at = row, column
            if at in cells or not column or row > MOST_ROWS or not left:
                return None
            if formula:
                pass
            elif words_inside and kind == b"inlineStr":
                if word := _unescaped(_decoded(words_inside)):
                    cells[at] = word
                continue
            elif value and len(value) < 15 and value.isdigit():
                if kind in (None, b"n") and style in plain:
                    figure = figures.get(value)
                    if figure is None:
                        figure = figures[value] = Decimal(value.decode())
                    cells[at] = figure
                    continue
                if kind == b"s" and int(value) < len(words):
                    if word := words[int(value)]:
                        cells[at] = word
                    continue
            self.row, self.column = at
            self.kind, self.style = (kind or b"n").decode(), (style or b"").decode()
            self.has_formula, self.value = bool(formula), [_decoded(value or words_inside or b"")]
            self.cell()
        self.left[0] = left
        return rest

    def sheet(self) -> Sheet:
        """Return what was read."""
        return Sheet(
            self.name,
            self.cells,
            frozenset(self.formulas),
            frozenset(self.uncalculated),
            frozenset(self.errors),
            frozenset(self.repeated),
            covered(self.cells, self.merged),
            frozenset(self.odd),
            self.outside,
            tuple(self.merged),
        )

    def start(self, tag: str, attributes: Attributes) -> None:
        """Take note of an element that begins."""
        if tag == "c":
            self.left[1] -= 1
            if self.left[1] < 0:
                raise too_big()
            place = attributes.get("r")
            self.column += 1
            if place is not None:
                self.row, self.column = _at(place)
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
            self.has_formula = self.has_value = self.aloud = False
            self.value = []
        elif tag in ("v", "t"):
            self.collecting = not self.aloud
            self.has_value = self.has_value or not self.aloud
        elif tag == "f":
            self.has_formula = True
        elif tag == "rPh":
            self.aloud = True
        elif tag == "row":
            stated = attributes.get("r")
            self.row, self.column = _whole(stated) if stated else self.row + 1, 0
            self.left[1] -= 1
            if self.left[1] < 0:
                raise too_big()
        elif tag == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            if len(self.merged) < 5_000 and _REFERENCE.fullmatch(first) and _REFERENCE.fullmatch(last or first):
                self.merged.append((_at(first), _at(last or first)))
        if self.is_worksheet is None:
            self.is_worksheet = tag == "worksheet"

    def text(self, text: str) -> None:
        """Take note of a piece of text."""
        if self.collecting:
            self.value.append(text)

    def end(self, tag: str) -> None:
        """Take note of an element that ends."""
        if tag == "c":
            if self.has_value or self.has_formula:
                self.cell()
        elif tag in ("v", "t"):
            self.collecting = False
        elif tag == "rPh":
            self.aloud = False

    def cell(self) -> None:
        """Take note of a cell that is not blank."""
        at, text = (self.row, self.column), "".join(self.value)
        if not text and not self.has_formula:
            return
        if not (0 < at[0] <= MOST_ROWS and 0 < at[1] <= MOST_COLUMNS):
            self.outside = self.outside or f"{letter(min(at[1], 99_999))}{at[0]}"
            return
        self.left[0] -= 1
        if self.left[0] < 0:
            raise too_big()
        value = self.valued(at, text) if text else None
        if self.has_formula:
            self.formulas.add(at)
            if not text:
                self.uncalculated.add(at)
        if value is None:
            return
        if at in self.cells:
            self.repeated.add(at)
        self.cells[at] = value

    def valued(self, at: At, text: str) -> Value | None:
        """Return the value of a cell; None, and a note of it, when it is an error or no number."""
        if self.kind == "s":
            index = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else len(self.strings)
            return (self.strings[index] or None) if index < len(self.strings) else self.wrong(at)
        if self.kind in ("inlineStr", "str"):
            return _unescaped(text) or None
        if self.kind == "b":
            return "是" if text.strip() in ("1", "true") else "否"
        if self.kind == "d":
            return clean(text).replace("T00:00:00", "").replace("T", " ")
        bare = text.strip()
        if self.kind == "e" or len(bare) > 400 or not _NUMBER.fullmatch(bare):
            return self.wrong(at)
        style = _whole(self.style)
        shows = self.formats[style] if style < len(self.formats) else ""
        if shows == "date" and (date := moment(float(bare), self.since_1904)) is not None:
            return date
        found = Decimal(bare) if len(bare) < 15 and bare.isdigit() else decimal(float(bare))
        if found is None:
            return self.wrong(at)
        if shows:
            self.odd.add(at)
        return found

    def wrong(self, at: At) -> Value | None:
        """Return nothing, after taking note of an error value."""
        self.errors.add(at)
        return None


@lru_cache(maxsize=10_000)
def _at(reference: str) -> At:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise damaged(f"单元格地址“{clean(reference)[:20]}”不对")
    number = 0
    for char in found[1]:
        number = number * 26 + ord(char) - 64
    return int(found[2]), number
