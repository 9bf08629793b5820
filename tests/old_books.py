"""Workbooks of the old kind (.xls, .et), written record by record: no library writes what these tests need."""

import struct
from collections.abc import Mapping, Sequence

_FREE, _END, _TABLE, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_SECTOR = 512


def record(kind: int, body: bytes = b"") -> bytes:
    """Return a record of an old workbook."""
    return struct.pack("<HH", kind, len(body)) + body


def old_book(
    sheets: Mapping[str, Mapping[tuple[int, int], float | str]],
    *,
    since_1904: bool = False,
    dates: Sequence[tuple[int, int]] = (),
    globals_: bytes = b"",
) -> bytes:
    """Return an .xls with these cells by (row, column) counted from 1; `globals_` are more records at its head."""
    head = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)) + globals_
    head += record(0x42, struct.pack("<H", 1200)) + record(0x22, struct.pack("<H", since_1904))
    head += record(0xE0, struct.pack("<HH", 0, 0) + bytes(16)) + record(0xE0, struct.pack("<HH", 0, 14) + bytes(16))
    names = [name.encode("utf-16-le") for name in sheets]
    at = len(head) + sum(4 + 8 + len(name) for name in names) + 4
    bodies = []
    for name, cells in zip(names, sheets.values(), strict=True):
        body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6))
        for (row, column), value in cells.items():
            where = struct.pack("<HHH", row - 1, column - 1, int((row, column) in dates))
            if isinstance(value, str):
                body += record(0x204, where + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le", "surrogatepass"))
            else:
                body += record(0x203, where + struct.pack("<d", value))
        bodies.append(body + record(0x0A))
        head += record(0x85, struct.pack("<IHBB", at, 0, len(name) // 2, 1) + name)
        at += len(bodies[-1])
    return compound("Workbook", head + record(0x0A) + b"".join(bodies))


def compound(name: str, stream: bytes) -> bytes:
    """Return a compound file that holds one stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")
    sectors = len(stream) // _SECTOR
    tables = -(-(sectors + 2) // 127)
    chain = [*range(1, sectors), _END, _END, *[_TABLE] * tables]  # the stream, the directory, the table itself
    chain += [_FREE] * (tables * 128 - len(chain))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, tables, sectors, 0, 4096, _END, 0, _END, 0)
    header += b"".join(struct.pack("<I", sectors + 1 + at if at < tables else _FREE) for at in range(109))
    return (
        header
        + stream
        + _entry("Root Entry", 5, 1, _END, 0)
        + _entry(name, 2, _NONE, 0, len(stream))
        + bytes(256)
        + b"".join(struct.pack("<I", one) for one in chain)
    )


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, _NONE, _NONE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
