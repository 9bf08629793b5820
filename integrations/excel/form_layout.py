"""How a form is laid out in a workbook: the slow way, cell by cell with openpyxl, by which masters are made."""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils.cell import absolute_coordinate
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.forms import (
    COOPERATING_SHEET,
    COVER,
    HEADER_LABEL,
    ITEM_LABEL,
    LEAD_SHEET,
    NIL_NOTE,
    NUMBER_LABEL,
    SIGNATURES,
    TOKEN_SHEET,
    Block,
    Form,
    letter,
)
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
_OWED_ROW = 5  # of the cover: where the list of what is owed begins
_LABEL_WIDTH, _FIGURE_WIDTH = 16, 18.5  # a header of ten characters stays on one line
_ROW, _LOW_ROW, _TEXT_ROW, _HEAD = (
    19,
    17,
    45,
    52,
)  # heights: a line, a line of a matrix, the progress text, what is repeated on each page
_LEAST_WIDTH = 112.0
_LABEL_AND_UNIT = 44.0
_PAGE_WIDTH, _PAGE_HEIGHT = 147.0, 528.0  # characters across and points down that fit an A4 page lying down, unscaled


_ELSEWHERE = re.compile(r"'(?:[^']|'')+'![A-Z]+[0-9]+")  # a cell of another sheet in a formula

Heights = Mapping[tuple[str, int], float]


def heights_of(form: Form) -> Heights:
    """Return the heights of the rows in which a department's own words stand, by sheet and row."""
    heights = {}
    for at, block in enumerate(_owing(form), start=_OWED_ROW + 2):
        title = height_of(block.named, _COVER_WIDTHS["C"], least=22)
        heights[COVER, at] = max(title, height_of(block.receiver, _COVER_WIDTHS["E"], least=22))
    for sheet in form.sheets:
        blocks = [block for block in form.blocks if block.sheet == sheet]
        widths = _widths(form, blocks[0])
        width = sum(widths[column] for column in blocks[0].columns.values())
        for block in blocks:
            heights[sheet, block.rows["info"]] = height_of(block.info, width, least=_ROW)
            if "coopnote" in block.rows:
                heights[sheet, block.rows["coopnote"]] = height_of(block.coop_note, width, least=_ROW)
    return heights


def lay_out(form: Form, token: str, heights: Heights | None = None) -> bytes:
    """Return the workbook of a form, carrying its token, with those heights instead of what its own words need."""
    heights = heights or heights_of(form)
    book = Workbook()
    book.properties.creator = form.office
    book.properties.title = form.headed(form.title)
    cover = book.active
    assert isinstance(cover, Worksheet)
    cover.title = COVER
    _cover(cover, form, heights)
    for name in form.sheets:
        _data_sheet(book.create_sheet(name), form, [block for block in form.blocks if block.sheet == name], heights)
    hidden = book.create_sheet(TOKEN_SHEET)
    write(hidden, "A1", token)
    hidden.sheet_state = "hidden"
    _protect(hidden)
    return save(book)


def _protect(sheet: Worksheet) -> None:
    """Lock all but the inputs; without a password: the check, not the lock, is what guards the figures."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False  # False: allowed


def _cover(sheet: Worksheet, form: Form, heights: Heights) -> None:
    for column, width in _COVER_WIDTHS.items():
        sheet.column_dimensions[column].width = width
    sheet.sheet_view.showGridLines = False
    title = f"{form.campaign_title}\n{form.headed(form.title)}"
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
    row = _owed(sheet, form, _OWED_ROW, heights)
    row = _signatures(sheet, form, row)
    row = _numbered(sheet, row, "三、填写说明", [*_how_to(form), *_notes(form)])
    if form.rules:
        row = _numbered(sheet, row, "四、逻辑关系", list(form.rules))
    sheet.print_area = f"A1:G{row}"
    print_setup(sheet, landscape=False)
    sheet.page_setup.fitToHeight = 1
    _protect(sheet)


def _heading(sheet: Worksheet, row: int, text: str) -> None:
    write(sheet, f"B{row}", text, font=font(HEI, 12, bold=True, colour=BLUE), alignment=Alignment(vertical="center"))
    sheet.row_dimensions[row].height = 26


def _owed(sheet: Worksheet, form: Form, row: int, heights: Heights) -> int:
    _heading(sheet, row, "一、本单位应报事项")
    for column, text in zip("BCDEF", ("任务", "任务名称", "本单位角色", "报送给", "截止日期"), strict=True):
        _boxed(sheet, f"{column}{row + 1}", text, label=True)
    sheet.row_dimensions[row + 1].height = 22
    for at, block in enumerate(_owing(form), start=row + 2):
        texts = (f"任务{block.duty}", block.named, block.role.chinese, block.receiver, block.due)
        for column, text in zip("BCDEF", texts, strict=True):
            _boxed(sheet, f"{column}{at}", text, label=False, left=column == "C")
        link(sheet[f"B{at}"], block.sheet, f"B{block.rows['title']}")
        sheet.row_dimensions[at].height = heights[COVER, at]
    return row + 3 + len(_owing(form))


def _owing(form: Form) -> list[Block]:
    """Return one block for each expected report: the first."""
    return list({block.duty: block for block in reversed(form.blocks)}.values())[::-1]


def _signatures(sheet: Worksheet, form: Form, row: int) -> int:
    _heading(sheet, row, "二、填报人信息（请填写）")
    prompt = DataValidation(allow_blank=True, showInputMessage=True, promptTitle="填报人信息", prompt="请填写，便于核对时联系")
    for label, place in _signature_cells(form).items():
        beside, at = place[0], int(place[1:])
        _boxed(sheet, f"{letter(_index(beside) - 1)}{at}", label, label=True)
        cell = write(sheet, f"{beside}{at}", None, border=BOX, fill=fill(CREAM), font=font(), alignment=CENTRE, protection=OPEN)
        cell.number_format = "@"  # telephone numbers and dates stay as they were typed
        sheet.row_dimensions[at].height = 24
        prompt.add(f"{beside}{at}")
        if beside == "E":
            sheet[f"F{at}"].protection = OPEN
            _join(sheet, f"E{at}:F{at}")
    sheet.add_data_validation(prompt)
    return row + 4


def _signature_cells(form: Form) -> dict[str, str]:
    """Return where on the cover each signature is typed in."""
    first = _OWED_ROW + 4 + len(_owing(form))
    return {label: f"{'CE'[index % 2]}{first + index // 2}" for index, label in enumerate(SIGNATURES)}


def _notes(form: Form) -> list[str]:
    several = len(form.tables) > 1
    return [f"{table.title}：{note}" if several else note for table in form.tables for note in table.notes]


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


def _data_sheet(sheet: Worksheet, form: Form, blocks: list[Block], heights: Heights) -> None:
    block = blocks[0]
    table, widths = form.table(block), _widths(form, block)
    width = sum(widths.values())
    for column, across in widths.items():
        sheet.column_dimensions[column].width = across
    sheet.column_dimensions["A"].width = 4
    sheet.column_dimensions["A"].hidden = True
    last = max(block.columns.values(), key=_index)
    sheet.sheet_view.showGridLines = False
    name = f"（{sheet.title}）" if sheet.title in (LEAD_SHEET, COOPERATING_SHEET) else ""
    title = f"{form.headed(table.title)}{name}"
    _merged(sheet, f"B1:{last}1", title, font=font(HEI, 16, bold=True, colour=BLUE), alignment=CENTRE)
    sheet.row_dimensions[1].height = height_of(title, width / 1.6, line=24, least=28)
    write(sheet, "B2", f"填报单位：{form.department_name}", font=font(bold=True))
    write(sheet, f"{last}2", f"报送期：{form.round_label}（{form.covers}）", font=font(), alignment=RIGHT)
    sheet.row_dimensions[2].height = 20
    sheet.row_dimensions[3].height = 4
    for one in blocks:
        _block(sheet, form, one, last, heights)
    _validate(sheet, form, blocks)
    _redden(sheet, form, blocks)
    bottom, heading = max(blocks[-1].rows.values()), 2
    if block.layout != "duties":
        bottom, heading = _foot(sheet, form, block, last, width), block.rows["header"]
    _break_pages(sheet, blocks, width)
    sheet.freeze_panes = f"{block.first_column}{heading + 1}"
    sheet.print_area = f"B1:{last}{bottom}"
    print_setup(sheet, landscape=True, title_rows=f"1:{heading}")
    _protect(sheet)


def _widths(form: Form, block: Block) -> dict[str, float]:
    """Return the widths of the columns that are printed."""
    heads = form.table(block).heads(block)
    if block.layout == "duties":
        label = _LABEL_WIDTH if len(block.columns) > 1 else _LABEL_AND_UNIT  # beside one figure, the unit's name has no more room
        widths = {"B": label, **dict.fromkeys(block.columns.values(), _FIGURE_WIDTH)}
    elif block.layout == "vertical":
        widths = {"B": 6.0, "C": 46.0, **dict.fromkeys(block.columns.values(), 20.0)}
    else:
        # a head stands in two or three lines, so that eleven columns still fit a page
        widths = {"B": 6.0, "C": 24.0}
        widths |= {block.columns[key]: max(11.5, min(16.0, len(text) * 0.9 + 3)) for key, text in heads.items()}
    short = _LEAST_WIDTH - sum(widths.values())
    if short > 0:  # a few columns share the width that titles and notes need
        widths |= {column: widths[column] + short / len(block.columns) for column in block.columns.values()}
    return widths


def _block(sheet: Worksheet, form: Form, block: Block, last: str, heights: Heights) -> None:
    rows, table = block.rows, form.table(block)
    width = sum(sheet.column_dimensions[column].width for column in block.columns.values())
    for key, row in rows.items():
        write(sheet, f"A{row}", block.tag(key), font=font(size=8, colour="808080"))
        sheet.row_dimensions[row].height = _LOW_ROW if block.layout == "matrix" else _ROW
    _merged(sheet, f"B{rows['title']}:{last}{rows['title']}", block.title, font=font(HEI, 12, bold=True, colour="FFFFFF"),
            alignment=LEFT, fill=fill(BLUE))  # fmt: skip
    sheet.row_dimensions[rows["title"]].height = height_of(block.title, width, line=18, least=22)
    _merged(sheet, f"B{rows['info']}:{last}{rows['info']}", block.info, font=font(KAI, 11), alignment=LEFT)
    sheet.row_dimensions[rows["info"]].height = heights[sheet.title, rows["info"]]
    _box(sheet, f"B{rows['info']}:{last}{rows['info']}")
    _box(sheet, f"B{rows['title']}:{last}{rows['title']}")
    _heads(sheet, form, block)
    number = 0
    for key, row in rows.items():
        line, _, rest = key.partition(".")
        if line == "section":
            _merged(sheet, f"B{row}:{last}{row}", form.label(block, key), font=font(HEI), alignment=LEFT, fill=fill(GREY))
            _box(sheet, f"B{row}:{last}{row}")
            number = 0
        elif rest:
            number += 1
            text = table.row_labels[rest] if block.layout in ("matrix", "list") else form.label(block, key)
            _boxed(sheet, f"B{row}", number, label=True)
            _boxed(sheet, f"C{row}", text, label=True, left=True)
            sheet.row_dimensions[row].height = height_of(text, sheet.column_dimensions["C"].width - 2, line=13, least=_LOW_ROW)
        elif line in block.lines or line in ("narrative", "nil", "coopnote"):
            _boxed(sheet, f"B{row}", form.label(block, line), label=True)
            if block.layout != "duties":
                _join(sheet, f"B{row}:C{row}")
    if block.layout == "matrix":
        _close_cells(sheet, form, block)
    for one in table.items:
        _figures(sheet, form, block, one)
    _texts(sheet, block, last, heights)


def _heads(sheet: Worksheet, form: Form, block: Block) -> None:
    """Write the heads of the columns, in two levels where some stand under a common one."""
    table, low = form.table(block), block.rows["header"]
    top = block.rows.get("group", low)
    labels = (("B", HEADER_LABEL),) if block.layout == "duties" else (("B", NUMBER_LABEL), ("C", ITEM_LABEL))
    for column, text in labels:
        _boxed(sheet, f"{column}{top}", text, label=True)
        if top != low:
            _join(sheet, f"{column}{top}:{column}{low}")
    heads = table.heads(block)
    if block.layout == "matrix":  # its columns are narrow: the unit gets a line of its own
        heads = {key: text.replace("（", "\n（") for key, text in heads.items()}
    for key, text in heads.items():
        _boxed(sheet, f"{block.columns[key]}{low}", text, label=True, size=9.5)
    sheet.row_dimensions[low].height = max(
        height_of(text, sheet.column_dimensions[block.columns[key]].width, line=13, least=28) for key, text in heads.items()
    )
    if top == low:
        return
    for group, members in groupby(table.columns, key=lambda one: one.group):
        columns = [block.columns[one.id] for one in members]
        if group:
            _boxed(sheet, f"{columns[0]}{top}", group, label=True, size=9.5)
            _join(sheet, f"{columns[0]}{top}:{columns[-1]}{top}")
            continue
        for column in columns:  # nothing above it: one head over both rows
            _boxed(sheet, f"{column}{top}", str(sheet[f"{column}{low}"].value), label=True, size=9.5)
            sheet[f"{column}{low}"].value = None
            _join(sheet, f"{column}{top}:{column}{low}")


def _close_cells(sheet: Worksheet, form: Form, block: Block) -> None:
    """Cross out the cells of a matrix that mean nothing."""
    asked = {item.id for item in form.table(block).items}
    for line in block.lines:
        for row in form.table(block).row_labels:
            for column in block.columns:
                if f"{row}.{column}" not in asked:
                    _crossed(sheet, block.cell(line, f"{row}.{column}"))


def _crossed(sheet: Worksheet, cell: str) -> None:
    write(sheet, cell, "—", font=font(colour="8C8C8C"), alignment=CENTRE, border=BOX, fill=fill(GREY))


def _figures(sheet: Worksheet, form: Form, block: Block, one: Item) -> None:
    own = block.cell("own", one.id)
    if not one.counts:
        at = write(sheet, own, None, font=font(), fill=fill(CREAM), protection=OPEN, border=BOX, alignment=CENTRE)
        at.number_format = "@"  # codes keep their zeros, long numbers their digits
        for line in block.lines[1:]:
            _crossed(sheet, block.cell(line, one.id))
        return
    look = {"border": BOX, "alignment": RIGHT, "number_format": number_format(one.decimals)}
    locked = {"fill": fill(GREY), "font": font(colour="404040"), **look}
    if one.typed:
        write(sheet, own, None, font=font(), fill=fill(CREAM), protection=OPEN, **look)
    else:
        formula(sheet, own, f"=SUM({_range(block.cell('own', part) for part in one.sum_of)})", **locked)
    if "previous" not in block.lines:
        return
    write(sheet, block.cell("previous", one.id), block.previous[one.id], **locked)
    base = own
    if "coop" in block.lines:
        coop, base = block.cell("coop", one.id), block.cell("total", one.id)
        write(sheet, coop, block.coop[one.id], **locked)
        formula(sheet, base, f"=MAX({own},{coop})" if one.over_places == "max" else f"={own}+{coop}", **locked)
    previous, (whole, rounds) = block.cell("previous", one.id), block.average_of(one.id)
    cumulative = {
        "sum": f"={base}+{previous}",
        "latest": f"={base}",
        "max": f"=MAX({base},{previous})",
        "average": f"=ROUND(({whole:f}+{base})/{rounds + 1},{one.decimals})",
    }[one.over_periods]
    formula(sheet, block.cell("cumulative", one.id), cumulative, **locked)


def _range(cells: Iterable[str]) -> str:
    """Return cells as a formula names them: those that follow one another as one range."""
    runs: list[list[tuple[int, int]]] = []
    for cell in cells:
        column = cell.rstrip("0123456789")
        at = (_index(column), int(cell[len(column) :]))
        run = runs[-1] if runs else []
        step = (at[0] - run[-1][0], at[1] - run[-1][1]) if run else (0, 0)
        along = (run[1][0] - run[0][0], run[1][1] - run[0][1]) if len(run) > 1 else step
        if step in ((0, 1), (1, 0)) and step == along:
            run.append(at)
        else:
            runs.append([at])
    ends = [[f"{letter(column)}{row}" for column, row in (run[0], run[-1])] for run in runs]
    return ",".join(first if first == final else f"{first}:{final}" for first, final in ends)


def _texts(sheet: Worksheet, block: Block, last: str, heights: Heights) -> None:
    rows, first = block.rows, block.first_column
    if "coopnote" in rows:
        row = rows["coopnote"]
        _merged(sheet, f"{first}{row}:{last}{row}", block.coop_note, font=font(colour="404040"), alignment=LEFT, fill=fill(GREY))
        _box(sheet, f"{first}{row}:{last}{row}")
        sheet.row_dimensions[row].height = heights[sheet.title, row]
    row = rows["narrative"]
    _merged(sheet, f"{first}{row}:{last}{row}", None, font=font(), alignment=TOP, fill=fill(CREAM), protection=OPEN)
    _box(sheet, f"{first}{row}:{last}{row}")
    for cells in sheet[f"{first}{row}:{last}{row}"]:
        for cell in cells:
            cell.protection = OPEN
    sheet.row_dimensions[row].height = _TEXT_ROW
    row = rows["nil"]
    write(sheet, f"{first}{row}", None, font=font(bold=True), alignment=CENTRE, fill=fill(CREAM), protection=OPEN)
    if first != last:
        beside = letter(_index(first) + 1)
        _merged(sheet, f"{beside}{row}:{last}{row}", NIL_NOTE, font=font(KAI, 10, colour="595959"), alignment=LEFT)
    _box(sheet, f"{first}{row}:{last}{row}")


def _foot(sheet: Worksheet, form: Form, block: Block, last: str, width: float) -> int:
    """Return the last row, after writing what such a sheet ends with: who filled it in, how, and what must agree."""
    table, row = form.table(block), max(block.rows.values()) + 1
    signed = [f"\"{label}：\"&'{COVER}'!{cell}" for label, cell in _signature_cells(form).items()]
    sheet.merge_cells(f"B{row}:{last}{row}")
    formula(sheet, f"B{row}", "=" + '&"　　　　"&'.join(signed), font=font(), alignment=LEFT)
    sheet.row_dimensions[row].height = 24
    for title, texts in (("填写说明", table.notes), ("逻辑关系", tuple(rule.text for rule in table.rules))):
        if texts:
            row += 1
            text = f"{title}：" + "".join(f"{at}．{one.rstrip('。；')}。" for at, one in enumerate(texts, start=1))
            _merged(sheet, f"B{row}:{last}{row}", text, font=font(KAI, 10), alignment=TOP)
            sheet.row_dimensions[row].height = height_of(text, width)
    return row


def _validate(sheet: Worksheet, form: Form, blocks: list[Block]) -> None:
    """Let each input say what it takes, and refuse what it does not."""
    rules: dict[tuple[str, str], DataValidation] = {}
    for block in blocks:
        for one in form.table(block).items:
            if not one.typed:
                continue
            kind = "list" if one.options else "text" if not one.counts else "decimal" if one.decimals else "whole"
            key = (f"{kind}:{','.join(one.options)}", one.prompt)
            if key not in rules:
                rules[key] = _validation(kind, one)
            rules[key].add(block.cell("own", one.id))
    choice = _choice(("是", "否"), "零报告", "本期确无情况的选“是”。")
    for block in blocks:
        choice.add(block.nil_cell)
    for rule in (*rules.values(), choice):
        sheet.add_data_validation(rule)


def _validation(kind: str, one: Item) -> DataValidation:
    if kind == "list":
        return _choice(one.options, "请选择", one.prompt or "请从下拉列表中选一项。")
    if kind == "text":
        wanted = "代码、证号、电话等按原样填写，前面的0不会丢" if one.kind == "code" else "填文字"
        return DataValidation(
            type="textLength", operator="lessThanOrEqual", formula1="1000", allow_blank=True, showErrorMessage=True,
            showInputMessage=True, errorTitle="填写有误", error="内容过长，请控制在1000字以内。",
            promptTitle="请填写", prompt=one.prompt or f"{wanted}。",
        )  # fmt: skip
    wanted = "不小于0的整数" if kind == "whole" else "不小于0的数"
    return DataValidation(
        type="whole" if kind == "whole" else "decimal", operator="greaterThanOrEqual", formula1="0",
        allow_blank=True, showErrorMessage=True, showInputMessage=True,
        errorTitle="填写有误", error=f"请填{wanted}，不要填文字、单位或负数。",
        promptTitle="请填数字", prompt=f"{one.prompt}　" * bool(one.prompt) + f"{wanted}；没有发生的填0，空白不等于零。",
    )  # fmt: skip


def _choice(options: Iterable[str], title: str, prompt: str) -> DataValidation:
    options = tuple(options)
    told = "或".join(f"“{option}”" for option in options) if len(options) == 2 else "一项"
    return DataValidation(
        type="list", formula1=f'"{",".join(options)}"', allow_blank=True, showErrorMessage=True, showInputMessage=True,
        errorTitle="填写有误", error=f"请从下拉列表中选{told}。", promptTitle=title, prompt=prompt,
    )  # fmt: skip


def _redden(sheet: Worksheet, form: Form, blocks: list[Block]) -> None:
    """Colour what is negative, and what breaks a rule, while it is being filled in."""
    style = DifferentialStyle(fill=PatternFill(end_color=RED))
    for block in blocks:
        typed = [block.cell("own", one.id) for one in form.table(block).items if one.counts and one.typed]
        negative = Rule(type="cellIs", operator="lessThan", formula=["0"], dxf=style)
        sheet.conditional_formatting.add(_range(typed).replace(",", " "), negative)
        for rule in form.table(block).rules:
            for cell, failed in rule.red.get(block.key, ()):
                formula = _ELSEWHERE.sub(lambda there: _name_of(sheet, there[0]), failed)
                sheet.conditional_formatting.add(cell, Rule(type="expression", formula=[formula], dxf=style))


def _name_of(sheet: Worksheet, there: str) -> str:
    """Return the name of a cell on another sheet: the format of a cell may look there by name in every Excel, by address not."""
    at, _, cell = there.rpartition("!")
    book = sheet.parent
    assert isinstance(book, Workbook)
    names: dict[str, str] = {one.attr_text: name for name, one in book.defined_names.items()}
    target = f"{at}!{absolute_coordinate(cell)}"
    if target not in names:
        names[target] = f"shown_{len(names) + 1}"
        book.defined_names[names[target]] = DefinedName(names[target], attr_text=target)
    return names[target]


def _break_pages(sheet: Worksheet, blocks: list[Block], width: float) -> None:
    """Put page breaks between blocks, and in a matrix between its lines, so that none is torn in two."""
    page = _PAGE_HEIGHT * max(1.0, width / _PAGE_WIDTH)
    head = float(_HEAD)
    units: list[tuple[int, float]] = []
    for block in blocks:
        starts = [row for key, row in block.rows.items() if key.startswith("section.")][1:]
        for key, row in block.rows.items():
            height = sheet.row_dimensions[row].height or _ROW
            if key == "title" or row in starts:
                units.append((row, 0.0))
            units[-1] = (units[-1][0], units[-1][1] + height)
        if block.layout == "matrix":
            head = sum(sheet.row_dimensions[row].height or _ROW for row in range(1, block.rows["header"] + 1))
            # the heads are printed on every page, so the first unit must not count them twice
            units[0] = (units[0][0], units[0][1] - head + _HEAD)
    used = head
    for row, height in units:
        if used + height + 15 > page and used > head:
            sheet.row_breaks.append(Break(id=row - 1))
            used = head
        used += height + 15


def _merged(sheet: Worksheet, cells: str, text: str | None, **styles: object) -> None:
    sheet.merge_cells(cells)
    write(sheet, cells.split(":")[0], text, **styles)


def _boxed(sheet: Worksheet, cell: str, text: str | int, *, label: bool, left: bool = False, size: float = 10.5) -> None:
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
