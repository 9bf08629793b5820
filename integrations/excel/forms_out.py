"""A form -> the workbook a department fills in."""

from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.definition import Role
from campaigns.forms import COVER, HEADER_LABEL, NIL_NOTE, SIGNATURES, TOKEN_SHEET, Block, Form, header, letter
from campaigns.items import Item
from integrations.excel.workbook import (
    BLUE,
    BOX,
    CENTRE,
    CREAM,
    GREY,
    HEI,
    KAI,
    LEFT,
    OPEN,
    PALE,
    RED,
    RIGHT,
    SONG,
    TOP,
    fill,
    font,
    formula,
    height_of,
    link,
    number_format,
    print_setup,
    save,
    write,
)

_COVER_WIDTHS = {"A": 2, "B": 12, "C": 36, "D": 12, "E": 20, "F": 27, "G": 2}
_LABEL_WIDTH, _FIGURE_WIDTH = 16, 18.5  # a header of ten characters stays on one line
_ROW, _TEXT_ROW, _HEAD = 19, 45, 52  # heights: a line, the progress text, what is repeated on each page
_PAGE = 590.0  # height that fits an A4 page lying down at this width: two leads, or two others


def write_form(form: Form, token: str) -> bytes:
    """Return the workbook of a form, carrying its signed token; the same form gives the same bytes."""
    book = Workbook()
    book.properties.creator = form.office
    book.properties.title = f"{form.round_label}{form.title}"
    cover = book.active
    assert isinstance(cover, Worksheet)
    cover.title = COVER
    _cover(cover, form)
    for name in form.sheets:
        _data_sheet(book.create_sheet(name), form, [block for block in form.blocks if block.sheet == name])
    hidden = book.create_sheet(TOKEN_SHEET)
    write(hidden, "A1", token)
    hidden.sheet_state = "hidden"
    _protect(hidden)
    return save(book)


def _protect(sheet: Worksheet) -> None:
    """Lock all but the inputs; without a password: the check, not the lock, is what guards the figures."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False  # False: allowed


def _cover(sheet: Worksheet, form: Form) -> None:
    for column, width in _COVER_WIDTHS.items():
        sheet.column_dimensions[column].width = width
    sheet.sheet_view.showGridLines = False
    title = f"{form.campaign_title}\n{form.round_label}{form.title}"
    _merged(sheet, "B1:F1", title, font=font(HEI, 17, bold=True, colour=BLUE), alignment=CENTRE)
    sheet.row_dimensions[1].height = height_of(title, 70, line=26, least=62)
    for row, pairs in enumerate(
        (("填报单位", form.department_name, "报送期", form.round_label), ("统计期间", form.covers, "报表编号", form.serial)),
        start=2,
    ):
        sheet.row_dimensions[row].height = 24
        for column, text in zip("BCDE", pairs, strict=True):
            _boxed(sheet, f"{column}{row}", text, label=column in "BD")
        _join(sheet, f"E{row}:F{row}")
    row = _owed(sheet, form, 5)
    row = _signatures(sheet, row)
    row = _numbered(sheet, row, "三、填写说明", [*_how_to(form), *form.notes])
    if form.rules:
        row = _numbered(sheet, row, "四、逻辑关系", list(form.rules))
    sheet.print_area = f"A1:G{row}"
    print_setup(sheet, landscape=False)
    sheet.page_setup.fitToHeight = 1
    _protect(sheet)


def _heading(sheet: Worksheet, row: int, text: str) -> None:
    write(sheet, f"B{row}", text, font=font(HEI, 12, bold=True, colour=BLUE), alignment=Alignment(vertical="center"))
    sheet.row_dimensions[row].height = 26


def _owed(sheet: Worksheet, form: Form, row: int) -> int:
    _heading(sheet, row, "一、本单位应报事项")
    for column, text in zip("BCDEF", ("任务", "任务名称", "本单位角色", "报送给", "截止日期"), strict=True):
        _boxed(sheet, f"{column}{row + 1}", text, label=True)
    sheet.row_dimensions[row + 1].height = 22
    for at, block in enumerate(form.blocks, start=row + 2):
        texts = (f"任务{block.duty}", block.duty_title, block.role.chinese, block.receiver, block.due)
        for column, text in zip("BCDEF", texts, strict=True):
            _boxed(sheet, f"{column}{at}", text, label=False, left=column == "C")
        link(sheet[f"B{at}"], block.sheet, f"B{block.rows['title']}")
        sheet.row_dimensions[at].height = max(
            height_of(block.duty_title, _COVER_WIDTHS["C"], least=22), height_of(block.receiver, _COVER_WIDTHS["E"], least=22)
        )
    return row + 3 + len(form.blocks)


def _signatures(sheet: Worksheet, row: int) -> int:
    _heading(sheet, row, "二、填报人信息（请填写）")
    prompt = DataValidation(allow_blank=True, showInputMessage=True, promptTitle="填报人信息", prompt="请填写，便于核对时联系")
    for index, label in enumerate(SIGNATURES):
        at = row + 1 + index // 2
        column, beside = ("B", "C") if index % 2 == 0 else ("D", "E")
        _boxed(sheet, f"{column}{at}", label, label=True)
        cell = write(sheet, f"{beside}{at}", None, border=BOX, fill=fill(CREAM), font=font(), alignment=CENTRE, protection=OPEN)
        cell.number_format = "@"  # telephone numbers and dates stay as they were typed
        sheet.row_dimensions[at].height = 24
        prompt.add(f"{beside}{at}")
        if beside == "E":
            sheet[f"F{at}"].protection = OPEN
            _join(sheet, f"E{at}:F{at}")
    sheet.add_data_validation(prompt)
    return row + 4


def _how_to(form: Form) -> list[str]:
    sheets = "、".join(f"“{name}”" for name in form.sheets)
    return [
        f"请在{sheets}工作表中填报，只填浅黄色的格子；灰色格子已预填或自动计算，请勿改动。",
        "没有发生的指标请填0，空白不等于零。某项任务本期确无情况的，请在该任务的“零报告”处选“是”，指标可不填。",
        "请不要删除或增加行、列和工作表，不要改动表头；各项任务可以分次报送，未填的任务视为未报，不影响已填的任务。",
        f"填好后请保存为 .xlsx，直接回复下发邮件并附上本表，或交{form.office}。",
        "有问题的报表会退回，错处在原表中标出，改正后重新报送即可。",
    ]


def _numbered(sheet: Worksheet, row: int, title: str, texts: list[str]) -> int:
    _heading(sheet, row, title)
    width = sum(_COVER_WIDTHS[column] for column in "BCDEF")
    for at, text in enumerate(texts, start=row + 1):
        line = f"{at - row}．{text}"
        _merged(sheet, f"B{at}:F{at}", line, font=font(), alignment=Alignment(vertical="center", wrap_text=True))
        sheet.row_dimensions[at].height = height_of(line, width)
    sheet.row_dimensions[row + len(texts) + 1].height = 8
    return row + len(texts) + 2


def _data_sheet(sheet: Worksheet, form: Form, blocks: list[Block]) -> None:
    last = letter(2 + len(form.indicators))
    sheet.column_dimensions["A"].width = 4
    sheet.column_dimensions["A"].hidden = True
    sheet.column_dimensions["B"].width = _LABEL_WIDTH
    for column in blocks[0].columns.values():
        sheet.column_dimensions[column].width = _FIGURE_WIDTH
    sheet.sheet_view.showGridLines = False
    _merged(
        sheet,
        f"B1:{last}1",
        f"{form.round_label}{form.title}（{sheet.title}）",
        font=font(HEI, 16, bold=True, colour=BLUE),
        alignment=CENTRE,
    )
    sheet.row_dimensions[1].height = 28
    write(sheet, "B2", f"填报单位：{form.department_name}", font=font(bold=True))
    write(sheet, f"{last}2", f"报送期：{form.round_label}（{form.covers}）", font=font(), alignment=RIGHT)
    sheet.row_dimensions[2].height = 20
    sheet.row_dimensions[3].height = 4
    for block in blocks:
        _block(sheet, form, block, last)
    _validate(sheet, form, blocks)
    _break_pages(sheet, blocks)
    sheet.freeze_panes = "C3"
    sheet.print_area = f"B1:{last}{max(blocks[-1].rows.values())}"
    print_setup(sheet, landscape=True, title_rows="1:2")
    _protect(sheet)


def _block(sheet: Worksheet, form: Form, block: Block, last: str) -> None:
    rows = block.rows
    width = _FIGURE_WIDTH * len(form.indicators)
    for line, row in rows.items():
        write(sheet, f"A{row}", block.tag(line), font=font(size=8, colour="808080"))
        sheet.row_dimensions[row].height = _ROW
    _merged(sheet, f"B{rows['title']}:{last}{rows['title']}", block.title, font=font(HEI, 12, bold=True, colour="FFFFFF"),
            alignment=LEFT, fill=fill(BLUE))  # fmt: skip
    sheet.row_dimensions[rows["title"]].height = height_of(block.title, width, line=18, least=22)
    _merged(sheet, f"B{rows['info']}:{last}{rows['info']}", block.info, font=font(KAI, 11), alignment=LEFT)
    _box(sheet, f"B{rows['info']}:{last}{rows['info']}")
    _box(sheet, f"B{rows['title']}:{last}{rows['title']}")
    _boxed(sheet, f"B{rows['header']}", HEADER_LABEL, label=True)
    sheet.row_dimensions[rows["header"]].height = 28
    for one in form.indicators:
        _boxed(sheet, f"{block.columns[one.id]}{rows['header']}", header(one), label=True, size=9.5)
        _figures(sheet, block, one)
    for line in ("own", "coop", "total", "previous", "cumulative", "narrative", "nil", "coopnote"):
        if line in rows:
            _boxed(sheet, f"B{rows[line]}", form.label(block, line), label=True)
    _texts(sheet, block, last, width)


def _figures(sheet: Worksheet, block: Block, one: Item) -> None:
    column, rows = block.columns[one.id], block.rows
    look = {"border": BOX, "alignment": RIGHT, "number_format": number_format(one.decimals)}
    write(sheet, f"{column}{rows['own']}", None, font=font(), fill=fill(CREAM), protection=OPEN, **look)
    locked = {"fill": fill(GREY), "font": font(colour="404040"), **look}
    write(sheet, f"{column}{rows['previous']}", block.previous[one.id], **locked)
    base = "own"
    if block.role is Role.LEAD:
        write(sheet, f"{column}{rows['coop']}", block.coop[one.id], **locked)
        formula(sheet, f"{column}{rows['total']}", f"={column}{rows['own']}+{column}{rows['coop']}", **locked)
        base = "total"
    formula(sheet, f"{column}{rows['cumulative']}", f"={column}{rows[base]}+{column}{rows['previous']}", **locked)


def _texts(sheet: Worksheet, block: Block, last: str, width: float) -> None:
    rows, first = block.rows, block.nil_cell.rstrip("0123456789")
    if block.role is Role.LEAD:
        row = rows["coopnote"]
        _merged(sheet, f"{first}{row}:{last}{row}", block.coop_note, font=font(colour="404040"), alignment=LEFT, fill=fill(GREY))
        _box(sheet, f"{first}{row}:{last}{row}")
        sheet.row_dimensions[row].height = height_of(block.coop_note, width, least=_ROW)
    row = rows["narrative"]
    _merged(sheet, f"{first}{row}:{last}{row}", None, font=font(), alignment=TOP, fill=fill(CREAM), protection=OPEN)
    _box(sheet, f"{first}{row}:{last}{row}")
    for cells in sheet[f"{first}{row}:{last}{row}"]:
        for cell in cells:
            cell.protection = OPEN
    sheet.row_dimensions[row].height = _TEXT_ROW
    row = rows["nil"]
    write(sheet, f"{first}{row}", None, font=font(bold=True), alignment=CENTRE, fill=fill(CREAM), protection=OPEN)
    beside = letter(_index(first) + 1)
    _merged(sheet, f"{beside}{row}:{last}{row}", NIL_NOTE, font=font(KAI, 10, colour="595959"), alignment=LEFT)
    _box(sheet, f"{first}{row}:{last}{row}")


def _validate(sheet: Worksheet, form: Form, blocks: list[Block]) -> None:
    for whole in (True, False):
        columns = [one for one in form.indicators if (one.decimals == 0) is whole]
        if not columns:
            continue
        wanted = "不小于0的整数" if whole else "不小于0的数"
        rule = DataValidation(
            type="whole" if whole else "decimal",
            operator="greaterThanOrEqual",
            formula1="0",
            allow_blank=True,
            showErrorMessage=True,
            showInputMessage=True,
            errorTitle="填写有误",
            error=f"请填{wanted}，不要填文字、单位或负数。",
            promptTitle="请填数字",
            prompt=f"{wanted}；没有发生的填0，空白不等于零。",
        )
        for block in blocks:
            for one in columns:
                rule.add(f"{block.columns[one.id]}{block.rows['own']}")
        sheet.add_data_validation(rule)
    choice = DataValidation(
        type="list",
        formula1='"是,否"',
        allow_blank=True,
        showErrorMessage=True,
        showInputMessage=True,
        errorTitle="填写有误",
        error="请从下拉列表中选“是”或“否”。",
        promptTitle="零报告",
        prompt="本期确无情况的选“是”。",
    )
    for block in blocks:
        choice.add(block.nil_cell)
        own = [f"{column}{block.rows['own']}" for column in block.columns.values()]
        negative = Rule(type="cellIs", operator="lessThan", formula=["0"], dxf=DifferentialStyle(fill=PatternFill(end_color=RED)))
        sheet.conditional_formatting.add(f"{own[0]}:{own[-1]}", negative)
    sheet.add_data_validation(choice)


def _break_pages(sheet: Worksheet, blocks: list[Block]) -> None:
    """Put page breaks between blocks, so that no block is torn in two."""
    used = float(_HEAD)
    for block in blocks:
        height = sum(sheet.row_dimensions[row].height or _ROW for row in block.rows.values()) + 15
        if used + height > _PAGE and used > _HEAD:
            sheet.row_breaks.append(Break(id=block.rows["title"] - 1))
            used = float(_HEAD)
        used += height


def _merged(sheet: Worksheet, cells: str, text: str | None, **styles: object) -> None:
    sheet.merge_cells(cells)
    write(sheet, cells.split(":")[0], text, **styles)


def _boxed(sheet: Worksheet, cell: str, text: str, *, label: bool, left: bool = False, size: float = 10.5) -> None:
    write(sheet, cell, text, font=font(HEI if label else SONG, size), border=BOX, alignment=LEFT if left else CENTRE)
    if label:
        sheet[cell].fill = fill(PALE)


def _box(sheet: Worksheet, cells: str) -> None:
    """Draw borders around every cell of a range."""
    for row in sheet[cells]:
        for cell in row:
            cell.border = BOX


def _join(sheet: Worksheet, cells: str) -> None:
    """Merge a range whose first cell is written already, borders and all."""
    sheet.merge_cells(cells)
    _box(sheet, cells)


def _index(letters: str) -> int:
    value = 0
    for char in letters:
        value = value * 26 + ord(char) - 64
    return value
