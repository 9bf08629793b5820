"""What parent and child process say to one another: books, refusals and findings as JSON. Nothing that could run."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal

from pydantic_core import from_json, to_json

from campaigns.findings import Finding, Severity
from campaigns.submission import At, Book, Refusal, Sheet, Value

WRITING = ("annotate", "fill")  # what openpyxl is needed for: such work has a process of its own


def book_to_json(book: Book) -> bytes:
    """Return a book as JSON: of the cells the rows, the columns, the texts, and which of these are numbers."""
    sheets = [
        {
            "name": sheet.name,
            "rows": [row for row, _ in sheet.cells],
            "columns": [column for _, column in sheet.cells],
            "texts": list(map(str, sheet.cells.values())),
            "numbers": [place for place, value in enumerate(sheet.cells.values()) if isinstance(value, Decimal)],
            "formulas": sorted(sheet.formulas),
            "uncalculated": sorted(sheet.uncalculated),
            "errors": sorted(sheet.errors),
            "repeated": sorted(sheet.repeated),
            "covered": sorted(sheet.covered),
            "odd": sorted(sheet.odd),
            "outside": sheet.outside,
            "merged": sheet.merged,
        }
        for sheet in book.sheets
    ]
    return to_json({"kind": book.kind, "sheets": sheets, "carries": book.carries})


def refusal_to_json(refusal: Refusal) -> bytes:
    """Return a refusal as JSON."""
    return json.dumps(asdict(refusal)).encode()


def answer_from_json(data: bytes) -> Book | Refusal:
    """Return the book or refusal a child process wrote; ValueError or KeyError when it is neither."""
    answer = from_json(data)
    if "code" in answer:
        return Refusal(answer["code"], answer["message"])
    return Book(
        answer["kind"],
        tuple(
            Sheet(
                sheet["name"],
                _cells(sheet["rows"], sheet["columns"], sheet["texts"], sheet["numbers"]),
                _places(sheet["formulas"]),
                _places(sheet["uncalculated"]),
                _places(sheet["errors"]),
                _places(sheet["repeated"]),
                _places(sheet["covered"]),
                _places(sheet["odd"]),
                sheet["outside"],
                tuple(((top, left), (bottom, right)) for (top, left), (bottom, right) in sheet["merged"]),
            )
            for sheet in answer["sheets"]
        ),
        tuple(answer["carries"]),
    )


def copy_order(findings: Iterable[Finding], issued: bytes, data: bytes) -> bytes:
    """Return what the child process needs for a marked copy: a line of JSON, the form as issued, the workbook."""
    head = {"issued": len(issued), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(head).encode() + b"\n" + issued + data


def read_copy_order(order: bytes) -> tuple[list[Finding], bytes, bytes]:
    """Return the findings, the form as issued, and the workbook."""
    line, _, rest = order.partition(b"\n")
    head = json.loads(line)
    findings = [Finding(**{**finding, "severity": Severity(finding["severity"])}) for finding in head["findings"]]
    return findings, rest[: head["issued"]], rest[head["issued"] :]


def fill_order(cells: Iterable[tuple[str, str, Decimal | str]], data: bytes) -> bytes:
    """Return what the child process needs to fill a form in: a line of JSON, then the workbook."""
    told = [[sheet, cell, str(value), isinstance(value, Decimal)] for sheet, cell, value in cells]
    return json.dumps(told).encode() + b"\n" + data


def read_fill_order(order: bytes) -> tuple[list[tuple[str, str, Value]], bytes]:
    """Return the cells to fill in, and the workbook."""
    line, _, data = order.partition(b"\n")
    told = json.loads(line)
    return [(sheet, cell, Decimal(text) if number else text) for sheet, cell, text, number in told], data


def _cells(rows: list[int], columns: list[int], texts: list[str], numbers: list[int]) -> dict[At, Value]:
    values: list[Value] = list(texts)
    figures = {text: Decimal(text) for text in {texts[place] for place in numbers}}  # most come again and again
    for place in numbers:
        values[place] = figures[texts[place]]
    return dict(zip(zip(rows, columns, strict=True), values, strict=True))


def _places(pairs: Iterable[tuple[int, int]]) -> frozenset[At]:
    return frozenset((row, column) for row, column in pairs)
