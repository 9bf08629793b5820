"""A bounded sample of the fault-injection set; `make faults` runs all of it."""

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from campaigns.findings import Severity
from campaigns.submission import Book, check
from integrations.excel.annotate import annotate
from integrations.excel.reader import read
from tests.faults import (
    CALCULATED,
    FAULTS,
    HARMLESS,
    NOT_BY_CELL,
    Tally,
    Target,
    accepted,
    by_libreoffice,
    by_xlsxwriter,
    changed,
    checked,
    every_layout,
    injected,
    mended,
    named,
    saved,
)
from tests.integrations.excel.office import needs_office

SEED = 7
SAMPLES = list(every_layout(6, SEED))


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_named_at_its_cell_and_mending_that_is_enough(kind: str) -> None:
    tally = Tally(kinds=Counter())
    forms = random.Random(kind).sample(SAMPLES, len(SAMPLES))
    sample, data, cells = next((one, *done) for one in forms if (done := injected(one, kind, SEED))[1])
    tally.fault(sample, kind, data, cells)
    if kind not in CALCULATED:
        tally.fault(sample, kind, by_xlsxwriter(data), cells)
    assert (tally.missed, tally.unmended) == (0, 0), tally


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_harmless_change_is_accepted(kind: str) -> None:
    tally = Tally(kinds=Counter())
    sample = random.Random(kind).choice(SAMPLES)
    data = changed(sample, kind, SEED)
    tally.change(sample, kind, data)
    tally.change(sample, kind, by_xlsxwriter(data))
    assert tally.alarms == 0, tally


@pytest.mark.office
@needs_office
def test_faults_in_files_that_libreoffice_saved_are_named_too() -> None:
    tally, sample = Tally(kinds=Counter()), SAMPLES[0]
    kinds = random.Random(SEED).sample(sorted(set(FAULTS) - CALCULATED), 12)
    faults = [(kind, *injected(sample, kind, SEED)) for kind in kinds]
    assert all(cells for _, _, cells in faults)
    files = by_libreoffice([data for _, data, _ in faults] + [changed(sample, kind, SEED) for kind in HARMLESS])
    for (kind, _, cells), data in zip(faults, files, strict=False):
        tally.fault(sample, kind, data, cells)
    for kind, data in zip(HARMLESS, files[len(faults) :], strict=True):
        tally.change(sample, kind, data)
    assert (tally.missed, tally.unmended, tally.alarms) == (0, 0, 0), tally


def test_many_faults_at_once_come_back_marked_and_the_mended_copy_is_accepted() -> None:
    sample = SAMPLES[2]
    book = load_workbook(BytesIO(sample.clean))
    cells = set()
    for kind in ("约数", "带元", "上期累计改动", "累计写死", "零报告乱填", "表头改单位", "封面改单位"):
        cells |= FAULTS[kind](Target(sample, book, random.Random(kind)))
    data = saved(book)
    found = checked(sample, data, read)  # through the real child process
    assert cells <= named(found)
    copy = annotate(data, found.all_findings)
    assert all(load_workbook(BytesIO(copy))[sheet][cell].comment for sheet, cell in cells)
    assert accepted(checked(sample, mended(copy, sample, named(found)), read))


@pytest.mark.parametrize("as_text", [True, False])
def test_a_sum_from_which_a_program_left_a_number_out_that_stands_as_text_is_no_fault(as_text: bool) -> None:
    sample = next(one for one in SAMPLES if any(item.sum_of for item in one.form.table(one.form.blocks[0]).items))
    block = sample.form.blocks[0]
    total = next(item for item in sample.form.table(block).items if item.sum_of)
    book = load_workbook(BytesIO(sample.clean))
    own = book[block.sheet][block.cell("own", total.sum_of[0])]
    own.value = "２" if as_text else 2
    read_as = read(saved(book))
    assert isinstance(read_as, Book)
    (sheet,) = (one for one in read_as.sheets if one.name == block.sheet)
    at = book[block.sheet][block.cell("own", total.id)]
    place = (int(at.row or 0), int(at.column or 0))
    worked_out = replace(
        sheet,
        cells={**sheet.cells, place: Decimal(2 * len(total.sum_of) - 2)},  # as LibreOffice does
        formulas=sheet.formulas | {place},
        uncalculated=sheet.uncalculated - {place},
    )
    sheets = tuple(worked_out if one is sheet else one for one in read_as.sheets)
    found = check(replace(read_as, sheets=sheets), sample.form, sample.rules)
    assert accepted(found) == as_text
    blocking = [one.rule for one in found.all_findings if one.severity is Severity.BLOCK]
    assert blocking == ([] if as_text else ["sum-differs"])


def test_the_set_is_as_large_as_it_says() -> None:
    assert len(FAULTS) >= 40 and set(FAULTS) > NOT_BY_CELL
    layouts = {block.layout for sample in SAMPLES for block in sample.form.blocks}
    assert layouts == {"duties", "matrix", "vertical"} and len({sample.name.partition("/")[0] for sample in SAMPLES}) >= 4
