"""Workbooks read and checked per second, against openpyxl, pandas and the script people write to merge files.

python bench/reading.py
"""

import sys
import zipfile
from decimal import Decimal
from functools import partial
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook

sys.path[:0] = [str(Path(__file__).parent.parent)]

from bench.timing import exponent, rates, show, two_processes
from campaigns.submission import At, Book, Sheet, Value
from integrations.excel.child import read_book
from integrations.excel.reader import read
from tests.faults import Sample, checked, samples, saved

FILES = 12
CHECKED = "openpyxl and check"


def with_rows(sample: Sample, rows: int) -> bytes:
    """Return a filled form with so many more rows of notes beside it."""
    book = load_workbook(BytesIO(sample.clean))
    sheet = book[sample.form.blocks[0].sheet]
    for row in range(200, 200 + rows):
        for column in range(2, 11):
            sheet.cell(row, column, row if column > 2 else "备注")
    return saved(book)


def ours(sample: Sample, data: bytes) -> None:
    """Read in a process of its own and check, as the office does."""
    assert checked(sample, data, read).blocks


def plain(sample: Sample, data: bytes) -> None:
    """Read and check without the process around it."""
    assert checked(sample, data, read_book).blocks


def openpyxl_checked(sample: Sample, data: bytes) -> None:
    """Load once, as people do, and give what was read to the same check."""

    def loaded(data: bytes) -> Book:
        sheets = []
        for sheet in load_workbook(BytesIO(data), data_only=True).worksheets:
            cells: dict[At, Value] = {}
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.value is not None:
                        number = isinstance(cell.value, int | float)
                        cells[cell.row, cell.column or 0] = Decimal(str(cell.value)) if number else str(cell.value)
            sheets.append(Sheet(sheet.title, cells))
        return Book("xlsx", tuple(sheets))

    assert checked(sample, data, loaded).blocks


def inflate(_: Sample, data: bytes) -> None:
    """Unpack every part: what no way of reading can do without."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            archive.read(name)


def naive_merge(_: Sample, data: bytes) -> None:
    """Append every row of every sheet to one list."""
    merged = []
    for sheet in load_workbook(BytesIO(data), data_only=True).worksheets:
        merged += [row for row in sheet.iter_rows(values_only=True) if any(row)]


def by_pandas(_: Sample, data: bytes) -> None:
    """Let pandas read every sheet."""
    import pandas

    pandas.read_excel(BytesIO(data), sheet_name=None, header=None, engine="openpyxl")


def one(sample: Sample) -> None:
    """Read one sample: what a second process is given."""
    ours(sample, sample.clean)


def main() -> None:
    """Print rates, ratios and growth."""
    forms = list(samples(FILES))
    ways = {
        "read in a child and check": ours,
        "read and check": plain,
        CHECKED: openpyxl_checked,
        "naive merge": naive_merge,
        "bare inflate": inflate,
    }
    try:
        import pandas  # noqa: F401

        ways["pandas"] = by_pandas
    except ImportError:
        print("pandas is not installed: left out")

    def over(way: object, pairs: list[tuple[Sample, bytes]]) -> int:
        for sample, data in pairs:
            way(sample, data)  # type: ignore[operator]
        return len(pairs)

    small = [(sample, sample.clean) for sample in forms]
    show(
        f"{FILES} forms of up to four reports",
        rates({name: partial(over, way, small) for name, way in ways.items()}),
        CHECKED,
    )
    large = [(forms[0], with_rows(forms[0], 5_000))]
    show(
        "one form with 5,000 rows",
        rates({name: partial(over, way, large) for name, way in ways.items()}, 3),
        CHECKED,
    )
    sizes = {rows: with_rows(forms[0], rows) for rows in (1_000, 8_000)}
    print(f"\ngrowth with rows, exponent   {exponent(lambda rows: ours(forms[0], sizes[rows]), 1_000, 8_000):.2f}")
    print(f"growth with files, exponent  {exponent(lambda count: over(ours, (small * count)[:count]), 25, 200):.2f}")
    print(f"two processes                {two_processes(one, forms * 20):.2f} x one")


if __name__ == "__main__":
    main()
