"""A workbook written once, with marks where its copies differ, -> any number of copies, fast.

What a library takes long for (styles, columns, validations) is done once. For each copy only the sheets that hold marks are put
together and deflated; every other part is copied as the deflated bytes it already is.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from xml.sax.saxutils import escape

from openpyxl.compat import safe_string

from integrations.excel.workbook import clean

_FIGURE = 10**14  # a mark that is a figure: this much and its number; fifteen digits, which nothing rounds
_BY_NUMBER = re.compile(r"&#(12[89]|1[3-9]\d|[2-9]\d\d|\d{4,7});")
# PKWARE's APPNOTE.TXT, 4.3.7, 4.3.12 and 4.3.16; 20: deflate, 8: deflated, 0x21: 1980-01-01, the earliest day a zip can say
_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
_HEAD = (20, 0, 8, 0, 0x21)
_MODE = 0o600 << 16


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that differs: the texts around the marks, and the number of each mark as they follow one another."""

    name: bytes
    texts: tuple[str, ...]
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Master:
    """A workbook taken apart at its marks: `fixed` holds the parts that never differ, `entries` says where each is in it."""

    fixed: bytes
    entries: tuple[bytes, ...]
    parts: tuple[_Part, ...]

    def copy(self, values: Sequence[str]) -> bytes:
        """Return a copy with `values[n]`, as `written` gives it, for the mark n; the same values give the same bytes."""
        chunks, entries, size = [self.fixed], list(self.entries), len(self.fixed)
        for part in self.parts:
            pieces = [""] * (len(part.texts) + len(part.marks))
            pieces[::2] = part.texts
            pieces[1::2] = [values[number] for number in part.marks]
            local, entry = _deflated(part.name, "".join(pieces).encode(), size)
            chunks.append(local)
            entries.append(entry)
            size += len(local)
        directory = b"".join(entries)
        count = len(entries)
        return b"".join((*chunks, directory, _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), size, 0)))


def text_mark(seal: str, number: int) -> str:
    """Return what stands for a text; the seal is letters and digits that stand nowhere else in the workbook."""
    return f"{seal}.{number}."


def figure_mark(number: int) -> Decimal:
    """Return what stands for a figure."""
    return Decimal(_FIGURE + number)


def written(value: str | Decimal) -> str:
    """Return a value as it stands in a sheet's XML, the same as openpyxl writes it."""
    return escape(clean(value), {"\r": "&#13;"}) if isinstance(value, str) else safe_string(value)


def master(data: bytes, seal: str) -> Master:
    """Return the master made of a workbook that was written with marks."""
    mark = re.compile(rf"{seal}\.(\d+)\.|(?<=<v>)1(\d{{14}})(?=</v>)")
    fixed, entries, parts = b"", [], []
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            # lxml, where openpyxl finds it, writes all that is not ASCII as numbers, eight signs for one
            raw = _BY_NUMBER.sub(lambda found: chr(int(found[1])), archive.read(name).decode())
            # a text that begins or ends with a blank keeps it only where the XML says so
            text = re.sub(rf"<t>(?=[^<]*{seal})", '<t xml:space="preserve">', raw)
            first, *rest = mark.split(text)
            if rest:
                numbers = tuple(int(of_text or of_figure) for of_text, of_figure in zip(rest[::3], rest[1::3], strict=True))
                parts.append(_Part(name.encode(), (first, *rest[2::3]), numbers))
                continue
            local, entry = _deflated(name.encode(), raw.encode(), len(fixed))
            fixed += local
            entries.append(entry)
    return Master(fixed, tuple(entries), tuple(parts))


def _deflated(name: bytes, data: bytes, offset: int) -> tuple[bytes, bytes]:
    """Return a part as it stands in a zip at that offset, and its entry in the directory."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    sizes = zlib.crc32(data), len(packed), len(data)
    local = _LOCAL.pack(b"PK\x03\x04", *_HEAD, *sizes, len(name), 0)
    entry = _CENTRAL.pack(b"PK\x01\x02", 3 << 8 | 20, *_HEAD, *sizes, len(name), 0, 0, 0, 0, _MODE, offset)
    return local + name + packed, entry + name
