"""A bounded sample of the fault-injection set; `make faults` runs all of it."""

import random
from collections import Counter
from io import BytesIO

import pytest
from openpyxl import load_workbook

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


def test_the_set_is_as_large_as_it_says() -> None:
    assert len(FAULTS) >= 40 and set(FAULTS) > NOT_BY_CELL
    layouts = {block.layout for sample in SAMPLES for block in sample.form.blocks}
    assert layouts == {"duties", "matrix", "vertical"} and len({sample.name.partition("/")[0] for sample in SAMPLES}) >= 4
