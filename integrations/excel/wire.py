"""What parent and child process say to one another: books, refusals and findings as JSON. Nothing that could run."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal

from campaigns.findings import Finding, Severity
from campaigns.submission import At, Book, Refusal, Sheet


def book_to_json(book: Book) -> bytes:
    """Return a book as JSON: cells as [row, column, is a number, text]."""
    sheets = [
        {
            "name": sheet.name,
            "cells": [[row, column, isinstance(value, Decimal), str(value)] for (row, column), value in sheet.cells.items()],
            "formulas": sorted(sheet.formulas),
            "uncalculated": sorted(sheet.uncalculated),
            "errors": sorted(sheet.errors),
            "repeated": sorted(sheet.repeated),
            "covered": sorted(sheet.covered),
            "odd": sorted(sheet.odd),
            "outside": sheet.outside,
        }
        for sheet in book.sheets
    ]
    return json.dumps({"kind": book.kind, "sheets": sheets, "carries": book.carries}).encode()


def refusal_to_json(refusal: Refusal) -> bytes:
    """Return a refusal as JSON."""
    return json.dumps(asdict(refusal)).encode()


def answer_from_json(data: bytes) -> Book | Refusal:
    """Return the book or refusal a child process wrote; ValueError or KeyError when it is neither."""
    answer = json.loads(data)
    if "code" in answer:
        return Refusal(answer["code"], answer["message"])
    return Book(
        answer["kind"],
        tuple(
            Sheet(
                sheet["name"],
                {(row, column): Decimal(text) if number else text for row, column, number, text in sheet["cells"]},
                _places(sheet["formulas"]),
                _places(sheet["uncalculated"]),
                _places(sheet["errors"]),
                _places(sheet["repeated"]),
                _places(sheet["covered"]),
                _places(sheet["odd"]),
                sheet["outside"],
            )
            for sheet in answer["sheets"]
        ),
        tuple(answer["carries"]),
    )


def findings_to_json(findings: Iterable[Finding]) -> bytes:
    """Return findings as one line of JSON."""
    return json.dumps([asdict(finding) for finding in findings]).encode() + b"\n"


def findings_from_json(data: bytes) -> list[Finding]:
    """Return the findings of one line of JSON."""
    return [Finding(**{**finding, "severity": Severity(finding["severity"])}) for finding in json.loads(data)]


def _places(pairs: Iterable[tuple[int, int]]) -> frozenset[At]:
    return frozenset((row, column) for row, column in pairs)
