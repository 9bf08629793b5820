"""How a department fills a form in tests: by what it reads on the sheet, with openpyxl."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.forms import Form, design
from integrations.excel.forms_out import write_form
from integrations.signing import sign
from tests.builders import FIRST_ROUND, IRON_ROUND, iron_plan, small_plan

SECRET = "测试密钥"
OWN = {
    "出动执法人员（人次）": 40,
    "检查经营主体（户次）": 20,
    "立案（件）": 3,
    "结案（件）": 2,
    "案值（万元）": 12.5,
    "罚没款（万元）": 3.1,
    "挽回经济损失（万元）": 0,
    "移送公安机关（件）": 0,
}


def form_of(department: str, round_id: str = FIRST_ROUND, **given: Any) -> Form:
    """Return the form of a department of the small city."""
    given = {"serial": "T-1", "version": 1, "previous": {}, "coop": {}, "coop_notes": {}, **given}
    return design(small_plan(), round_id, department, **given)


def workbook_of(form: Form) -> bytes:
    """Return the workbook as it is sent."""
    return write_form(form, sign(form.identity, SECRET))


def edited(data: bytes, change: Callable[[Workbook], object]) -> bytes:
    """Return a workbook after somebody changed it."""
    book = load_workbook(BytesIO(data))
    change(book)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def row_of(sheet: Worksheet, duty: int, label: str) -> int:
    """Return the row of a label within the block of a duty, as a reader finds it."""
    inside = False
    for row in range(1, sheet.max_row + 1):
        text = str(sheet.cell(row, 2).value or "")
        if text.startswith("任务"):
            inside = text.startswith(f"任务{duty}　")
        if inside and text == label:
            return row
    raise LookupError(label)


def column_of(sheet: Worksheet, duty: int, header: str) -> int:
    """Return the column of a header within the block of a duty."""
    row = row_of(sheet, duty, "填报项")
    return next(column for column in range(1, sheet.max_column + 1) if sheet.cell(row, column).value == header)


def fill_in(
    book: Workbook,
    sheet: str,
    duty: int,
    figures: Mapping[str, Any] = OWN,
    *,
    text: str | None = "已开展检查。",
    nil: str | None = None,
) -> None:
    """Fill in one block."""
    at = book[sheet]
    own = row_of(at, duty, "本单位本期" if sheet == "牵头任务" else "本期")
    for header, value in figures.items():
        at.cell(own, column_of(at, duty, header), value)
    if text:
        at.cell(row_of(at, duty, "工作进展"), 3, text)
    if nil:
        at.cell(row_of(at, duty, "零报告"), 3, nil)


def fill_all(book: Workbook) -> None:
    """Fill in every block of 市市场监管局 and sign."""
    fill_in(book, "牵头任务", 1)
    fill_in(book, "配合任务", 2)
    fill_in(book, "配合任务", 3)
    cover = book["填报说明"]
    for row in cover.iter_rows():
        for cell in row:
            if cell.value == "填报人":
                cover.cell(cell.row, cell.column + 1, "张测试")


def iron_form(department: str, round_id: str = IRON_ROUND, **given: Any) -> Form:
    """Return the form of a department in the campaign with several forms."""
    given = {"serial": "T-1", "version": 1, "previous": {}, "coop": {}, "coop_notes": {}, **given}
    return design(iron_plan(), round_id, department, **given)


def iron_values(form: Form) -> dict[str, Any]:
    """Return something right for everything a form of that campaign asks: each figure 2, the officers 30."""
    texts = {"published": "已公布", "hotline": "0000-0012345"}
    return {item.id: texts.get(item.id, 30 if item.id == "officers" else 2) for item in form.indicators if item.typed}


def fill_iron(book: Workbook, form: Form, **changed: Any) -> None:
    """Fill in every table of a form; a changed figure is named with `__` for the dot."""
    values = iron_values(form) | {name.replace("__", "."): value for name, value in changed.items()}
    for block in form.blocks:
        for item in form.table(block).items:
            if item.id in values:
                book[block.sheet][block.cell("own", item.id)] = values[item.id]
