"""Threats T1 to T14: every hostile or odd file has its outcome, quickly, and this process is none the worse."""

import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from campaigns.findings import Finding, Severity
from campaigns.submission import Book, Checked, Outcome, Refusal, check
from integrations.excel import nursery
from integrations.excel.annotate import annotate
from integrations.excel.reader import read
from tests.builders import small_definition
from tests.hostile import Case, cases, in_part, mutants, rezipped
from tests.integrations.excel.filling import edited, fill_all, form_of, workbook_of
from tests.integrations.excel.office import convert, needs_office

FORM = form_of("scjg")
SENT = edited(workbook_of(FORM), fill_all)
BLOCK = FORM.blocks[1]
SHEET = "xl/worksheets/sheet3.xml"
CELL, TOTAL, NARRATIVE = BLOCK.cell("own", "cases_filed"), BLOCK.cell("cumulative", "officers"), BLOCK.narrative_cell
CASES = list(cases(SENT, SHEET, CELL, TOTAL, NARRATIVE))


def checked(book: Book | Refusal) -> Checked:
    assert isinstance(book, Book), book
    return check(book, FORM, small_definition().rules)


def blocking(found: Checked) -> list[str]:
    return [one.rule for one in found.all_findings if one.severity is Severity.BLOCK]


def assert_outcome(case: Case) -> None:
    started = time.process_time()
    found = read(case.data)
    assert case.refused != "bomb" or time.process_time() - started < 1
    if case.refused:
        assert isinstance(found, Refusal), found
        assert found.code == case.refused, found
        return
    result = checked(found)
    assert blocking(result) == list(case.rules), result.all_findings
    if not case.rules:
        assert {block.outcome for block in result.blocks} == {Outcome.ACCEPTED}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.threat} {case.name}")
def test_every_threat_has_its_outcome(case: Case) -> None:
    assert_outcome(case)


@pytest.mark.office
@needs_office
def test_threats_in_an_ods(tmp_path: Path) -> None:
    ods = convert(SENT, "ods", tmp_path)
    for case in cases(SENT, SHEET, CELL, TOTAL, NARRATIVE, ods):
        if " ods" in case.name:
            assert_outcome(case)


def test_what_a_file_carries_is_told_and_never_sent_on() -> None:
    carrying = next(case for case in CASES if case.threat == "T11")
    found = checked(read(carrying.data))
    assert [(one.rule, one.value) for one in found.all_findings] == [("carries", "宏、外部链接、嵌入对象")]
    outward = in_part(SENT, SHEET, f'<c r="{CELL}"[^>]*?>.*?</c>', f'<c r="{CELL}"><f>[1]Sheet1!A1</f><v>3</v></c>')
    finding = Finding("x", Severity.BLOCK, "请核对", "配合任务", CELL)
    for data in (carrying.data, outward):
        copy = annotate(data, [finding])
        with zipfile.ZipFile(BytesIO(copy)) as archive:
            assert not [name for name in archive.namelist() if "vba" in name or "external" in name or "embed" in name]
        assert load_workbook(BytesIO(copy))["配合任务"][CELL].value == 3


def test_text_that_looks_like_a_formula_stays_text_in_the_copy() -> None:
    for case in (one for one in CASES if one.threat in ("T9", "T10") and not one.rules):
        cell = load_workbook(BytesIO(annotate(case.data, [Finding("x", Severity.BLOCK, "=1+1", "配合任务", CELL)])))["配合任务"][
            NARRATIVE
        ]
        assert cell.data_type in ("s", "n"), case.name


def test_a_strict_file_gets_its_copy_too() -> None:
    strict = next(case for case in CASES if case.name == "strict")
    book = load_workbook(BytesIO(annotate(strict.data, [Finding("x", Severity.BLOCK, "请核对", "配合任务", CELL)])))
    assert book["配合任务"][CELL].comment and book["配合任务"][CELL].value == 3


def test_a_file_that_kills_its_reader_hurts_nobody_else() -> None:
    with pytest.raises(nursery.Died):
        nursery.in_disposable_process("read", b"PK", 5)
    with pytest.raises(nursery.TooSlow):
        nursery.in_disposable_process("read", SENT, 0.0)
    assert isinstance(read(SENT), Book)


def _open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_damaged_copies_always_have_an_outcome() -> None:
    before = _open_files()
    read_ = refused = 0
    for number, data in enumerate(mutants(SENT, 250, seed=20201203)):
        found = read(data)
        if isinstance(found, Refusal):
            refused += 1
            assert found.message and not found.message.isascii()
            continue
        read_ += 1
        result = checked(found)
        if number % 10 == 0 and blocking(result):
            assert load_workbook(BytesIO(annotate(data, result.all_findings))).sheetnames[0] == "错误清单"
    assert read_ > 20 and refused > 20
    if before:
        assert _open_files() <= before + 4


def test_parts_are_found_whatever_their_case() -> None:
    assert isinstance(read(rezipped(SENT, lambda _, part: part, rename={SHEET: "xl\\worksheets\\Sheet3.xml"})), Book)
