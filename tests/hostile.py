"""Files meant to do harm, or made by programs that do odd things: built here from a filled form, none of them stored.

`cases` gives each with what must become of it: the code of a refusal, or the rules of the findings of a book that is read.
`mutants` gives damaged copies of a workbook, by seed.
"""

import random
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
Change = Callable[[str, bytes], bytes]


@dataclass(frozen=True)
class Case:
    """A file and what must become of it."""

    threat: str
    name: str
    data: bytes
    refused: str = ""
    rules: tuple[str, ...] = ()  # when it is read: of the findings that block


def rezipped(data: bytes, change: Change, more: dict[str, bytes] | None = None, rename: dict[str, str] | None = None) -> bytes:
    """Return a zip with its parts changed, some added, some under another name; a part changed into nothing is left out."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if part := change(name, source.read(name)):
                stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                target.writestr((rename or {}).get(name, name), part, stored)
        for name, part in (more or {}).items():
            target.writestr(name, part)
    return out.getvalue()


def in_part(data: bytes, part: str, old: str | bytes, new: str | bytes) -> bytes:
    """Return a workbook with the first match of a pattern replaced in one part; the pattern must be there."""
    pattern, by = (text.encode() if isinstance(text, str) else text for text in (old, new))

    def change(name: str, found: bytes) -> bytes:
        if name != part:
            return found
        changed, times = re.subn(pattern, lambda _: by, found, count=1)
        assert times, (part, old)
        return changed

    return rezipped(data, change)


def _every(data: bytes, suffix: str, change: Callable[[bytes], bytes]) -> bytes:
    return rezipped(data, lambda name, part: change(part) if name.endswith(suffix) else part)


def _plain_zip(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def _overlapping(data: bytes) -> bytes:
    """Return a zip whose list of parts names one part many times, under other names."""
    start = data.index(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[start : data.index(b"PK\x01\x02", start + 4)]
    length = struct.unpack_from("<H", entry, 28)[0]
    copies = [entry[:46] + f"{at:0{length}}".encode()[-length:] + entry[46 + length :] for at in range(300)]
    listed = data[start:end] + b"".join(copies)
    tail = bytearray(data[end:])
    count = struct.unpack_from("<H", tail, 10)[0] + len(copies)
    struct.pack_into("<HHI", tail, 8, count, count, len(listed))
    return data[:start] + listed + bytes(tail)


def _own(data: bytes, part: str, cell: str, inner: str, kind: str = "") -> bytes:
    """Return a workbook with the raw XML of one cell replaced."""
    return in_part(data, part, rf'<c r="{cell}"[^>]*?(?:/>|>.*?</c>)', f'<c r="{cell}"{kind}>{inner}</c>')


def cases(form: bytes, sheet: str, cell: str, total: str, narrative: str, ods: bytes | None = None) -> Iterator[Case]:
    """Yield every case, made of a filled form: `cell` is an own figure in the part `sheet`, `total` a sum."""
    every_cell = "".join(f'<row r="{row}">' + f'<c r="Z{row}"><v>1</v></c>' * 30 + "</row>" for row in range(1, 9_000))
    yield Case("T1", "part of 120 MB", _plain_zip({"xl/workbook.xml": b"0" * 120_000_000}), "bomb")
    yield Case("T1", "ratio over 100", rezipped(form, lambda _, part: part, {"xl/media/a.bin": bytes(9_000_000)}), "bomb")
    yield Case("T1", "10,000 parts", _plain_zip({"xl/workbook.xml": b"<a/>"} | {f"a/{at}": b"" for at in range(10_000)}), "bomb")
    yield Case("T1", "overlapping parts", _overlapping(form), "bomb")
    yield Case("T1", "parts twice", rezipped(form, lambda _, part: part, {"XL/Workbook.xml": b"<workbook/>"}), "truncated")
    for part in (sheet, "xl/workbook.xml", "xl/styles.xml", "docProps/app.xml"):
        yield Case("T2", f"entities in {part}", in_part(form, part, rb"^(<\?xml[^>]*>)?", LAUGHS), "declaration")
    wide = _every(form, sheet, lambda part: (OUTSIDE.decode() + part.decode()).encode("utf-16"))
    yield Case("T2", "entities in UTF-16", wide, "declaration")
    wider = _every(form, sheet, lambda part: (OUTSIDE.decode() + part.decode()).encode("utf-32"))
    yield Case("T2", "entities in UTF-32", wider, "declaration")
    hidden = b'<?xml version="1.0" encoding="cp037"?>' + OUTSIDE.decode().encode("cp037")
    yield Case("T2", "entities in EBCDIC", rezipped(form, lambda name, part: hidden if name == sheet else part), "declaration")
    drawing = {"xl/drawings/vmlDrawing1.vml": LAUGHS + b"<xml/>"}
    yield Case("T2", "entities in a drawing", rezipped(form, lambda _, part: part, drawing), "declaration")
    yield Case("T3", "270,000 cells", in_part(form, sheet, "</sheetData>", every_cell + "</sheetData>"), "too-big")
    sheets = "".join(f'<sheet name="s{at}" sheetId="{at + 99}" r:id="rId1"/>' for at in range(9_999))
    yield Case("T3", "10,000 sheets", in_part(form, "xl/workbook.xml", "</sheets>", sheets + "</sheets>"), "too-big")
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    yield Case("T3", "two corner cells", in_part(form, sheet, "</sheetData>", corner))
    counted = b'<sst uniqueCount="4294967295" count="4294967295"><si><t>a</t></si></sst>'
    yield Case("T3", "4G strings announced", rezipped(form, lambda _, part: part, {"xl/sharedStrings.xml": counted}))
    merges = "".join(f'<mergeCell ref="A{at}:XFD{at}"/>' for at in range(1_000, 6_000))
    yield Case("T3", "5,000 wide merges", in_part(form, sheet, "</mergeCells>", merges + "</mergeCells>"))
    nested = b"<a>" * 30_000
    yield Case("T3", "deep nesting", rezipped(form, lambda name, part: nested if name == sheet else part), "damaged")
    blank = "".join(
        f'<row r="{row}">' + "".join(f'<c r="{c}{row}" s="1"/>' for c in "ABCDEFGHIJ") + "</row>" for row in range(99, 20_000)
    )
    yield Case("T3", "200,000 blank cells", in_part(form, sheet, "</sheetData>", blank + "</sheetData>"))
    yield Case("T4", "a dimension too small", in_part(form, sheet, '<dimension ref="[^"]*"', '<dimension ref="A1:A1"'))
    yield Case("T4", "a dimension too large", in_part(form, sheet, '<dimension ref="[^"]*"', '<dimension ref="A1:XFD1048576"'))
    strict = rezipped(
        form,
        lambda _, part: part.replace(MAIN, b"http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
            RELATIONS, b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        ),
    )
    yield Case("T5", "strict", strict)
    yield Case("T5", "no sheet part", rezipped(form, lambda name, part: b"" if name == sheet else part), "damaged")
    target = sheet.removeprefix("xl/")
    yield Case(
        "T5",
        "sheet leads to styles",
        in_part(form, "xl/_rels/workbook.xml.rels", f"/?(xl/)?{target}", "/xl/styles.xml"),
        "damaged",
    )
    yield Case("T5", "sheet in UTF-16", _every(form, sheet, lambda part: part.decode().encode("utf-16")))
    yield Case("T5", "sheet in UTF-16 without mark", _every(form, sheet, lambda part: part.decode().encode("utf-16-be")))
    chinese = _every(
        form, sheet, lambda part: b'<?xml version="1.0" encoding="GB2312"?>' + _bare(part).decode().encode("gb18030")
    )
    yield Case("T5", "sheet in GB2312", chinese)
    prefixed = _every(
        form, sheet, lambda part: re.sub(rb"<(/?)([a-zA-Z]+)", rb"<\1x:\2", _bare(part)).replace(b"xmlns=", b"xmlns:x=")
    )
    yield Case("T5", "prefixed names", prefixed)
    yield Case("T5", "parts in capitals", rezipped(form, lambda _, part: part, rename={sheet: sheet.upper()}))
    yield Case("T5", "no workbook", rezipped(form, lambda name, part: b"" if name == "xl/workbook.xml" else part), "damaged")
    again = f'<c r="{cell}"><v>999</v></c><c r="{cell}"><v>12</v></c>'
    yield Case("T6", "a cell twice", in_part(form, sheet, rf'<c r="{cell}"[^>]*?>.*?</c>', again), rules=("cell-repeated",))
    before = f"{chr(ord(cell[0]) - 1)}{cell[1:]}"
    covered = in_part(form, sheet, "</mergeCells>", f'<mergeCell ref="{before}:{cell}"/></mergeCells>')
    yield Case("T6", "a value under a merged range", covered, rules=("value-covered",))
    for text, rule in (("NaN", "error-value"), ("INF", "error-value"), ("1e308", "number-large"), ("9" * 4_000, "error-value"),
                       ("1_000", "error-value"), ("-7", "number-negative"), ("0x1F", "error-value")):  # fmt: skip
        yield Case("T7", f"the number {text[:9]}", _own(form, sheet, cell, f"<v>{text}</v>"), rules=(rule,))
    for text in ("约12", "１２万", "1,23", "十二"):
        inner = f"<is><t>{text}</t></is>"
        yield Case("T7", f"the text {text}", _own(form, sheet, cell, inner, ' t="inlineStr"'), rules=("number-text",))
    yield Case("T7", "minus zero", _own(form, sheet, cell, "<v>-0</v>"), rules=("rule-closed",))  # it is zero: fewer than closed
    yield Case("T8", "a total that lies", _own(form, sheet, total, "<f>1+1</f><v>3000</v>"), rules=("cumulative-differs",))
    yield Case("T8", "a figure nobody worked out", _own(form, sheet, cell, "<f>1+1</f>"), rules=("formula-uncalculated",))
    yield Case("T8", "an error", _own(form, sheet, cell, "<v>#DIV/0!</v>", ' t="e"'), rules=("error-value",))
    for text in ("=cmd|'/c calc'!A1", "@SUM(1)", "+1+1", "＝1+1"):
        inner = f"<is><t>{text}</t></is>"
        yield Case("T9", f"a text like {text[:6]}", _own(form, sheet, narrative, inner, ' t="inlineStr"'))
    for name, text in (
        ("NUL", "_x0000_a"),
        ("half a character", "_xD83D_a"),
        ("1 MB", "".join(chr(0x4E00 + at * 7919 % 20_000) for at in range(400_000))),
        ("script", "&lt;script&gt;"),
    ):
        inner = f"<is><t>{text}</t></is>"
        yield Case("T10", f"text with {name}", _own(form, sheet, narrative, inner, ' t="inlineStr"'))
    script = in_part(
        form, "xl/workbook.xml", "</sheets>", '<sheet name="../../&lt;script&gt;" sheetId="99" r:id="rId1"/></sheets>'
    )
    yield Case("T10", "a sheet called as a script", script, rules=("sheet-repeated",) if target.endswith("sheet1.xml") else ())
    carried = {
        "xl/vbaProject.bin": b"\0" * 99,
        "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
        "xl/embeddings/a.bin": b"a",
    }
    yield Case("T11", "macros, links, objects", rezipped(form, lambda _, part: part, carried))
    locked = bytearray(form)
    at = locked.index(b"PK\x01\x02")
    locked[at + 8] |= 1
    yield Case("T12", "a part with a password", bytes(locked), "password")
    package = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000) + "EncryptedPackage".encode("utf-16-le") + bytes(2_000)
    yield Case("T12", "an encrypted package", package, "password")
    for name, data, code in (
        ("a page", b"<html><table></table></html>", "html"),
        ("a text", "单位,数量\n甲,1\n".encode("gb18030"), "text"),
        ("nothing", b"", "empty"),
        ("half of it", form[: len(form) // 2], "truncated"),
        ("a program in front", b"MZ" + form, "unknown"),
        ("a zip in front", b"PK\x03\x04" + form, "truncated"),
        ("a lock file", b"\x05admin".ljust(165, b" "), "lock-file"),
        ("a binary workbook", _plain_zip({"xl/workbook.bin": b"a"}), "xlsb"),
        ("a document", _plain_zip({"word/document.xml": b"<a/>"}), "other-kind"),
        ("an archive", _plain_zip({"报表.xlsx": form}), "archive"),
        ("an old file cut off", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unreadable"),
    ):
        yield Case("T13", name, data, code)
    empty = '<row r="1"></row>'
    yield Case("T14", "empty rows in front", in_part(form, sheet, "<sheetData>", "<sheetData>" + empty))
    if ods:
        rows = '<table:table-row table:number-rows-repeated="1048576">'
        cells = '<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
        bomb = f"{rows}{cells}</table:table-row></table:table>"
        yield Case("T3", "an ods that repeats itself", in_part(ods, "content.xml", "</table:table>", bomb), "unreadable")
        yield Case("T2", "entities in an ods", in_part(ods, "content.xml", rb"^(<\?xml[^>]*>)?", LAUGHS), "declaration")
        sealed = in_part(ods, "META-INF/manifest.xml", "</manifest:manifest>", "<manifest:encryption-data/></manifest:manifest>")
        yield Case("T12", "an ods with a password", sealed, "password")


def _bare(part: bytes) -> bytes:
    return re.sub(rb"^<\?xml[^>]*\?>", b"", part)


def mutants(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies of a workbook: its bytes, its list of parts, or the XML in it."""
    luck = random.Random(seed)
    for _ in range(count):
        yield luck.choice((_bytes_changed, _parts_mixed, _xml_changed, _xml_changed))(data, luck)


def _bytes_changed(data: bytes, luck: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(luck.randint(1, 12)):
        at = luck.randrange(len(out))
        match luck.randrange(4):
            case 0:
                out[at] ^= 1 << luck.randrange(8)
            case 1:
                del out[at : at + luck.randint(1, 400)]
            case 2:
                out[at:at] = luck.randbytes(luck.randint(1, 60))
            case _:
                out[at : at + 4] = luck.choice((b"\xff\xff\xff\xff", bytes(4), b"PK\x01\x02", b"PK\x05\x06"))
        if not out:
            break
    return bytes(out)


def _parts_mixed(data: bytes, luck: random.Random) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    first, second = luck.sample(sorted(parts), 2)
    if luck.random() < 0.5:
        parts[first], parts[second] = parts[second], parts[first]
    else:
        del parts[first]
    return _plain_zip(parts)


def _xml_changed(data: bytes, luck: random.Random) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = luck.choice([name for name in sorted(parts) if name.startswith("xl/")])
    for _ in range(luck.randint(1, 6)):
        part = parts[name]
        match luck.randrange(4):
            case 0:
                values = list(re.finditer(rb'="([^"]*)"', part)) or [re.match(rb"", part)]
                found = luck.choice(values)
                new = luck.choice(
                    (b'="-1"', b'="99999999999999999999"', b'=""', b'="\xe6\xb1\x89"', b'="A0"', b'="ZZZ1"', b'="1e9"')
                )
            case 1:
                found = luck.choice(list(re.finditer(rb"</?[a-zA-Z:]+[^>]*>", part)) or [re.match(rb"", part)])
                new = luck.choice((b"", found[0] * 2 if found else b"", b"<v>7</v>", b"<f/>"))
            case 2:
                found = luck.choice(list(re.finditer(rb">([^<]+)<", part)) or [re.match(rb"", part)])
                new = luck.choice((b"><", b">NaN<", b">-5<", b">99999999<", b">&#0;<", b">\xff\xfe<", b">=1+1<"))
            case _:
                at = luck.randrange(len(part) or 1)
                found, new = re.compile(rb"[\s\S]{0,40}").match(part, at), luck.randbytes(luck.randint(0, 20))
        if found:
            parts[name] = part[: found.start()] + new + part[found.end() :]
    return _plain_zip(parts)
