"""A roll-up -> the workbook of a round: totals, who reported when, who did not, coverage, and where every figure came from."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.collecting import no_collecting
from campaigns.definition import Role
from campaigns.forms import header, letter
from campaigns.formulas import shown
from campaigns.intake import DOORS
from campaigns.items import Item, in_letters
from campaigns.pedigree import Change
from campaigns.rollup import Coverage, Entry, Fact, RollUp, Totals, credit, newest, percent
from campaigns.sheets import Sheet
from campaigns.states import State
from campaigns.workdays import moment_in_chinese
from integrations.excel.workbook import (
    AMBER,
    BLUE,
    BOX,
    CENTRE,
    HEI,
    LEFT,
    PALE,
    RED,
    RIGHT,
    fill,
    font,
    formula,
    height_of,
    number_format,
    print_setup,
    row_xml,
    save,
    style_id,
    write,
)

BY_DUTY, BY_DEPARTMENT, CELLS, AS_FORM = "汇总(按任务)", "按单位", "任务单位明细", "汇总(原表式)"
BY_DUTY_SO_FAR, BY_DEPARTMENT_SO_FAR = "累计(按任务)", "累计(按单位)"
CHANGES, JOINT, CREDIT, CREDIT_SO_FAR = "变动说明", "联合成果", "成果分摊", "成果分摊(累计)"
STANDING, MISSING, COVERAGE, ORIGIN, EARLIER = "报送情况", "未报名单", "覆盖率", "来源", "以前各期来源"
_COLOURS = {State.LATE: AMBER, State.MISSING: RED}
_HEADER_ROW = 4
_CELLS_HEADS = 5  # columns before the figures in the sheet of departments' figures
Cell = str | int | Decimal | None
Cached = dict[str, dict[str, str]]


_MOST_ADDENDS = 200  # a formula of Excel takes 255
_MOST_LINKS = 65_000  # a sheet may have 65,530
_MOST_EARLIER = 200_000  # lines of rounds before: a sheet may have 1,048,576, and each of those rounds has a workbook of its own


@no_collecting()
def write_rollup(rollup: RollUp, changes: Sequence[Change] = (), more: Sequence[Sheet] = ()) -> bytes:
    """Return the roll-up workbook, with what changed since the version before and more sheets; the same gives the same bytes.

    Every figure of a department leads to its line in 来源: file, sheet, cell, version, sender, time. A total is a live sum of
    those; one that is no sum, such as a ratio or a cumulative one, leads to the first of the lines it is made of.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = rollup.office
    book.properties.title = f"{rollup.round_label}汇总"
    cached: Cached = {}
    if changes:
        _changes(book, rollup, changes)
    _by_duty(book, rollup, cached)
    _as_form(book, rollup)
    _by_department(book, rollup, cached)
    _cells(book, rollup, cached)
    if rollup.earlier:
        _so_far(book, rollup, cached)
    if rollup.joint:
        _joint(book, rollup)
        _credit(book, rollup)
    if rollup.earlier:
        _credit_so_far(book, rollup)
    _standing(book, rollup)
    _missing(book, rollup)
    _coverage(book, rollup, cached)
    lines = {ORIGIN: _origin(book, rollup, ORIGIN, "数据来源", rollup.facts)}
    if _tells_earlier(rollup):
        lines[EARLIER] = _origin(book, rollup, EARLIER, "数据来源（以前各期）", rollup.earlier)
    for one in more:
        _rows(_sheet(book, rollup, one.name, one.title, one.columns), one.rows, one.columns, one.left)
    return save(book, cached, lines)


def _changes(book: Workbook, rollup: RollUp, changes: Sequence[Change]) -> None:
    columns = (("序号", 7), ("范围", 34), ("指标", 26), ("口径", 9), ("原数", 15), ("现数", 15), ("缘由", 20))
    rows: list[list[Cell]] = []
    for at, one in enumerate(changes, start=1):
        before, after = ("未报" if value is None else value for value in (one.before, one.after))
        rows.append([at, one.where, one.figure, one.line, before, after, one.because])
    sheet = _sheet(book, rollup, CHANGES, "变动说明（与上一版汇总相比）", columns)
    _rows(sheet, rows, columns, left=(2, 3))


_DUTY_COLUMNS = (("任务", 7), ("任务名称", 30), ("牵头单位", 17))
_UNIT_COLUMNS = (("序号", 7), ("单位", 26))
_COUNTED = (("应报", 7), ("已报", 7))


def _by_duty(book: Workbook, rollup: RollUp, cached: Cached) -> None:
    coverage = _counts(rollup.entries, lambda entry: entry.duty)
    rows: list[list[Cell]] = [[number, title, leads, *coverage[number]] for number, (title, leads) in rollup.duties.items()]
    columns = (*_DUTY_COLUMNS, *_COUNTED)
    figures = [rollup.period.by_duty.get(number, {}) for number in rollup.duties]
    parts = _rows_of(rollup, lambda entry: entry.duty)
    sheet = _figures_sheet(book, rollup, BY_DUTY, "汇总表（按任务）", columns, rows, figures, cached)
    _live(sheet, rollup, len(columns), [parts.get(number, []) for number in rollup.duties], figures, cached)
    _lead_to_origin(sheet, rollup, len(columns), list(rollup.duties), attrgetter("duty"))


def _as_form(book: Workbook, rollup: RollUp) -> None:
    """Write the totals of matrix forms the way they are laid out; what nobody reported stays blank.

    Rows and columns of several forms are the same where they also read the same: a code alone may be another's in the next form.
    """
    cells: dict[tuple[tuple[str, str], tuple[str, str]], Item] = {}
    for one in (one for one in rollup.indicators if one.row):
        cells[(one.row, one.row_label), (one.column, header(one.model_copy(update={"label": one.head})))] = one
    if not cells:
        return
    labels, heads = (list(dict.fromkeys(key[side] for key in cells)) for side in (0, 1))
    rows: list[list[Cell]] = []
    for at, label in enumerate(labels, start=1):
        items = [cells.get((label, head)) for head in heads]
        figures: list[Cell] = ["—" if one is None else rollup.overall.get(one.id) for one in items]
        rows.append([at, label[1], *figures])
    columns = (("序号", 7.0), ("类别", 30.0), *((head, 15.0) for _, head in heads))
    sheet = _sheet(book, rollup, AS_FORM, "汇总表（原表式）", columns)
    _rows(sheet, rows, columns, left=(2,))
    for at, label in enumerate(labels, start=_HEADER_ROW + 1):
        for offset, head in enumerate(heads, start=3):
            if item := cells.get((label, head)):
                cell = sheet[f"{letter(offset)}{at}"]
                cell.number_format, cell.alignment = number_format(item.decimals), RIGHT


def _by_department(book: Workbook, rollup: RollUp, cached: Cached) -> None:
    coverage = _counts(rollup.entries, lambda entry: entry.department)
    rows: list[list[Cell]] = [[at, name, *coverage[code]] for at, (code, name) in enumerate(rollup.departments.items(), start=1)]
    columns = (*_UNIT_COLUMNS, *_COUNTED)
    figures = [rollup.period.by_department.get(code, {}) for code in rollup.departments]
    parts = _rows_of(rollup, lambda entry: entry.department)
    sheet = _figures_sheet(book, rollup, BY_DEPARTMENT, "汇总表（按单位）", columns, rows, figures, cached)
    _live(sheet, rollup, len(columns), [parts.get(code, []) for code in rollup.departments], figures, cached)
    _lead_to_origin(sheet, rollup, len(columns), list(rollup.departments), attrgetter("department"))


def _so_far(book: Workbook, rollup: RollUp, cached: Cached) -> None:
    """Write what the round comes to with the rounds before it, in sheets of their own: nobody adds a period to a year."""
    said, covers = rollup.cumulative, _so_far_covers(rollup)
    duties: list[list[Cell]] = [[number, title, leads] for number, (title, leads) in rollup.all_duties.items()]
    figures = [said.by_duty.get(number, {}) for number in rollup.all_duties]
    title = "累计（含以前各期，按任务）"
    sheet = _figures_sheet(book, rollup, BY_DUTY_SO_FAR, title, _DUTY_COLUMNS, duties, figures, cached, said, covers)
    _lead_to_origin(sheet, rollup, len(_DUTY_COLUMNS), list(rollup.all_duties), attrgetter("duty"), so_far=True)
    units: list[list[Cell]] = [[at, name] for at, name in enumerate(rollup.all_departments.values(), start=1)]
    figures = [said.by_department.get(code, {}) for code in rollup.all_departments]
    title = "累计（含以前各期，按单位）"
    sheet = _figures_sheet(book, rollup, BY_DEPARTMENT_SO_FAR, title, _UNIT_COLUMNS, units, figures, cached, said, covers)
    _lead_to_origin(sheet, rollup, len(_UNIT_COLUMNS), list(rollup.all_departments), attrgetter("department"), so_far=True)


def _so_far_covers(rollup: RollUp) -> str:
    return f"{rollup.since}至{rollup.covers.partition('至')[2]}"


def _cells(book: Workbook, rollup: RollUp, cached: Cached) -> None:
    rows: list[list[Cell]] = [
        [e.duty, rollup.duties[e.duty][0], e.department_name, e.role.chinese, _word(e)] for e in rollup.entries
    ]
    columns = (("任务", 7), ("任务名称", 34), ("单位", 22), ("角色", 7), ("状态", 11))
    figures = [rollup.period.cells.get((entry.duty, entry.department), {}) for entry in rollup.entries]
    sheet = _figures_sheet(book, rollup, CELLS, "明细表（任务、单位；数字的出处在“来源”表）", columns, rows, figures, cached)
    _colour(sheet, "E", rollup.entries)
    _lead_to_origin(sheet, rollup, len(columns), [entry.expected for entry in rollup.entries], attrgetter("expected"))


def _joint(book: Workbook, rollup: RollUp) -> None:
    """Write what several departments report and the totals count once: who has which part of the credit, and where it stands."""
    columns = (
        ("序号", 7),
        ("事项", 12),
        ("识别号", 24),
        ("单位", 24),
        ("任务", 7),
        ("份额", 9),
        ("来件", 40),
        ("工作表", 18),
        ("单元格", 9),
        ("所报不同的数（按较大的计）", 30),
    )
    indicators = {one.id: one for one in rollup.indicators}
    rows: list[list[Cell]] = []
    for one in rollup.joint:
        label, differing = indicators[one.indicator].label, "、".join(header(indicators[code]) for code in one.differing)
        for fact in one.claims:
            share, unit = shown(one.share, 2), rollup.departments[fact.department]
            rows.append([len(rows) + 1, label, one.key, unit, fact.duty, share, fact.file, fact.sheet, fact.cell, differing])
    sheet = _sheet(book, rollup, JOINT, "联合成果（几个单位同报一件，合计只计一次，份额平分）", columns)
    _rows(sheet, rows, columns, left=(3, 4, 7, 10))


def _credit(book: Workbook, rollup: RollUp) -> None:
    """Write what each department has of all that counts once: its own, and its part of the joint ones; together the total."""
    title = "成果分摊（独办的全计，联合的按份额）"
    _shares(book, rollup, CREDIT, title, rollup.facts, rollup.period, rollup.covers)


def _credit_so_far(book: Workbook, rollup: RollUp) -> None:
    """Write the same with the rounds before, where departments share a case: be it that each named it in a round of its own."""
    facts = newest((*rollup.earlier, *rollup.facts))
    units = {(one.indicator, one.key, one.department) for one in facts}
    if len(units) > len({(code, key) for code, key, _ in units}):
        title = "成果分摊（含以前各期，独办的全计，联合的按份额）"
        _shares(book, rollup, CREDIT_SO_FAR, title, facts, rollup.cumulative, _so_far_covers(rollup))


def _shares(book: Workbook, rollup: RollUp, name: str, title: str, facts: Sequence[Fact], said: Totals, covers: str) -> None:
    shares = credit(facts)
    sharing, shared = {unit for unit, _ in shares}, {code for _, code in shares}
    items = [one for one in rollup.indicators if one.id in shared]
    units = [code for code in rollup.all_departments if code in sharing]
    columns = (("序号", 7.0), ("单位", 26.0), *((header(one), 17.0) for one in items))
    rows: list[list[Cell]] = []
    for at, code in enumerate(units, start=1):
        mine = [shares.get((code, one.id)) for one in items]
        rows.append([at, rollup.all_departments[code], *(None if one is None else shown(one, 4).normalize() for one in mine)])
    rows.append(["合计", "", *(said.overall.get(one.id) for one in items)])
    sheet = _sheet(book, rollup, name, title, columns, covers)
    _rows(sheet, rows, columns, left=(2,))


def _tells_earlier(rollup: RollUp) -> bool:
    return 0 < len(rollup.earlier) <= _MOST_EARLIER


def _rows_of(rollup: RollUp, key: Callable[[Entry], object]) -> dict[object, list[int]]:
    """Return the places in the list of entries of each duty or department."""
    found: dict[object, list[int]] = {}
    for at, entry in enumerate(rollup.entries):
        found.setdefault(key(entry), []).append(at)
    return found


def _live(
    sheet: Worksheet,
    rollup: RollUp,
    heads: int,
    parts: Sequence[Sequence[int]],
    figures: Sequence[Mapping[str, Decimal]],
    cached: Cached,
) -> None:
    """Make each total a live sum of the departments' figures it is made of, where it is their sum."""
    for column, one in enumerate(in_letters(rollup.indicators)):
        for row, (places, values) in enumerate(zip(parts, figures, strict=True), start=_HEADER_ROW + 1):
            entries = [rollup.entries[at] for at in places]
            addends = [rollup.period.cells.get((entry.duty, entry.department), {}).get(one.id) for entry in entries]
            there = [at for at, value in zip(places, addends, strict=True) if value is not None]
            if not there or len(there) > _MOST_ADDENDS or values.get(one.id) != sum(filter(None, addends), Decimal(0)):
                continue
            cells = ",".join(f"{CELLS}!{letter(_CELLS_HEADS + column + 1)}{_HEADER_ROW + 1 + at}" for at in there)
            at = f"{letter(heads + column + 1)}{row}"
            sheet[at].value = f"=SUM({cells})"
            cached.setdefault(sheet.title, {})[at] = f"{values[one.id]:f}"


def _lead_to_origin(
    sheet: Worksheet,
    rollup: RollUp,
    heads: int,
    keys: Sequence[Hashable],
    key: Callable[[Fact], Hashable],
    *,
    so_far: bool = False,
) -> None:
    """Make every figure that is no live sum lead to the first line that says where what it is made of stands in which file."""
    origins = {EARLIER: rollup.earlier if so_far and _tells_earlier(rollup) else (), ORIGIN: rollup.facts}
    lines: dict[tuple[Hashable, str], str] = {}
    for name, facts in origins.items():
        for at, one in enumerate(facts, start=_HEADER_ROW + 1):
            lines.setdefault((key(one), one.indicator), f"{name}!A{at}")
    found = []
    for row, mine in enumerate(keys, start=_HEADER_ROW + 1):
        for column, item in enumerate(in_letters(rollup.indicators), start=heads + 1):
            cell = sheet[f"{letter(column)}{row}"]
            line = next((lines[mine, part] for part in item.ratio_of or (item.id,) if (mine, part) in lines), None)
            if line and cell.value is not None and cell.data_type != "f":
                found.append((cell, line))
    for cell, line in found if len(found) <= _MOST_LINKS else ():
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=line)


def _standing(book: Workbook, rollup: RollUp) -> None:
    columns = (
        ("序号", 7),
        ("单位", 24),
        ("任务", 7),
        ("任务名称", 36),
        ("角色", 7),
        ("应报时间", 26),
        ("收到时间", 26),
        ("状态", 11),
        ("版本", 7),
        ("来件", 40),
    )
    order = {code: at for at, code in enumerate(rollup.departments)}
    entries = sorted(rollup.entries, key=lambda entry: (order[entry.department], entry.duty))
    rows: list[list[Cell]] = [
        [
            at,
            e.department_name,
            e.duty,
            rollup.duties[e.duty][0],
            e.role.chinese,
            _moment(e.due_at),
            _moment(e.received_at),
            _word(e),
            e.version or None,
            e.file,
        ]
        for at, e in enumerate(entries, start=1)
    ]
    sheet = _sheet(book, rollup, STANDING, "报送情况", columns)
    _rows(sheet, rows, columns, left=(2, 4, 10))
    _colour(sheet, "H", entries)


def _missing(book: Workbook, rollup: RollUp) -> None:
    columns = (("序号", 7), ("单位", 26), ("任务", 7), ("任务名称", 44), ("角色", 8), ("应报时间", 28), ("状态", 14))
    order = {code: at for at, code in enumerate(rollup.departments)}
    entries = [entry for entry in rollup.entries if entry.state in (State.MISSING, State.OPEN)]
    entries.sort(key=lambda entry: (order[entry.department], entry.duty))
    rows: list[list[Cell]] = [
        [at, e.department_name, e.duty, rollup.duties[e.duty][0], e.role.chinese, _moment(e.due_at), e.state_text]
        for at, e in enumerate(entries, start=1)
    ]
    sheet = _sheet(book, rollup, MISSING, "未报名单", columns)
    if not rows:
        sheet.merge_cells("A5:G5")
        write(sheet, "A5", "全部应报事项均已报送。", font=font(), alignment=CENTRE, border=BOX)
    _rows(sheet, rows, columns, left=(2, 4))
    _colour(sheet, "G", entries)


def _coverage(book: Workbook, rollup: RollUp, cached: Cached) -> None:
    columns = (
        ("序号", 7),
        ("单位", 26),
        ("应报", 10),
        ("按时报送", 10),
        ("零报告", 10),
        ("迟报", 10),
        ("逾期未报", 10),
        ("未到期", 10),
        ("免报", 10),
        ("不适用", 10),
        ("报送率", 12),
    )
    keys = ("received", "nil", "late", "missing", "open", "waived", "not_applicable")
    rows: list[list[Cell]] = [
        [at, name, one.owed, *(one.counts[key] for key in keys), _rate(one)]
        for at, (name, one) in enumerate(((rollup.departments[code], one) for code, one in rollup.coverage_of.items()), start=1)
    ]
    sheet = _sheet(book, rollup, COVERAGE, "覆盖率", columns)
    _rows(sheet, rows, columns, left=(2,))
    totals: list[int] = [rollup.coverage.owed, *(rollup.coverage.counts[key] for key in keys)]
    _total_row(sheet, len(rows), 2, [(value, "0") for value in totals], cached)
    write(
        sheet,
        f"K{_HEADER_ROW + len(rows) + 1}",
        _rate(rollup.coverage),
        font=font(bold=True),
        alignment=CENTRE,
        border=BOX,
        fill=fill(PALE),
    )


def _origin(book: Workbook, rollup: RollUp, name: str, title: str, facts: Sequence[Fact]) -> list[str]:
    """Write the head of a sheet that says where each figure stands, and return its rows: a line for every figure."""
    keyed = any(fact.key for fact in facts)  # of a list: which case a figure is about
    columns = (
        ("序号", 7),
        ("任务", 7),
        ("单位", 22),
        ("角色", 7),
        ("指标", 22),
        ("数值", 14),
        ("来件", 42),
        ("工作表", 17),
        ("单元格", 9),
        ("报送编号", 52),
        ("版本", 7),
        ("来件编号", 16),
        ("收到时间", 26),
        ("发件邮箱", 34),
        *((("报送期", 20),) if name == EARLIER else ()),
        *((("识别号", 20),) if keyed else ()),
    )
    indicators = {one.id: one for one in rollup.indicators}
    units = {one.code: one.name for one in rollup.places}
    sheet = _sheet(book, rollup, name, title, columns)
    sheet.auto_filter.ref = f"A{_HEADER_ROW}:{letter(len(columns))}{_HEADER_ROW + len(facts)}"
    centred, left = (style_id(sheet, font=font(), alignment=one, border=BOX) for one in (CENTRE, LEFT))
    styles = [left if at in (3, 5, 7, 10, 14) else centred for at in range(1, len(columns) + 1)]
    amounts = {
        code: style_id(sheet, font=font(), alignment=RIGHT, border=BOX, number_format=number_format(one.decimals))
        for code, one in indicators.items()
    }
    rows = []
    for at, f in enumerate(facts, start=1):
        values: list[Cell] = [
            at,
            f.duty,
            units.get(f.department, f.department),
            Role(f.role).chinese,
            header(indicators[f.indicator]),
            f.value,
            f.file,
            f.sheet,
            f.cell,
            f.submission,
            f.version,
            f.envelope,
            _moment(f.received_at),
            f.sender or DOORS.get(f.door, ""),
            *([rollup.labels[f.round]] if name == EARLIER else []),
            *([f.key] if keyed else []),
        ]
        styles[5] = amounts[f.indicator]
        rows.append(row_xml(_HEADER_ROW + at, _height(values, columns), zip(values, styles, strict=True)))
    return rows


def _figures_sheet(
    book: Workbook,
    rollup: RollUp,
    name: str,
    title: str,
    columns: Sequence[tuple[str, float]],
    rows: Sequence[Sequence[Cell]],
    figures: Sequence[Mapping[str, Decimal]],
    cached: Cached,
    said: Totals | None = None,
    covers: str = "",
) -> Worksheet:
    """Return a sheet of heads and figures, with live sums below; of the period unless other totals and their dates are given.

    A figure that nobody reported stays blank.
    """
    overall = (said or rollup.period).overall
    items = in_letters(rollup.indicators)  # the cells of a matrix stand in a sheet of their own
    every = (*columns, *((header(one), 17.0) for one in items))
    sheet = _sheet(book, rollup, name, title, every, covers)
    left = tuple(at for at, (_, width) in enumerate(columns, start=1) if width > 15)
    _rows(sheet, rows, columns, left)
    first = len(columns) + 1
    for column, one in enumerate(items, start=first):
        look = {"font": font(), "alignment": RIGHT, "border": BOX, "number_format": number_format(one.decimals)}
        for row, values in enumerate(figures, start=_HEADER_ROW + 1):
            write(sheet, f"{letter(column)}{row}", values.get(one.id), **look)
    counts = (rollup.coverage.owed, rollup.coverage.reported) if columns[-1][0] == "已报" else ()
    totals: list[tuple[int | Decimal | None, str]] = [(count, "0") for count in counts]
    totals += [(overall.get(one.id), number_format(one.decimals)) for one in items]
    _total_row(sheet, len(rows), len(every) - len(totals), totals, cached)
    for column, one in enumerate(items, start=first):
        above = sum((values[one.id] for values in figures if one.id in values), Decimal(0))
        if one.id not in overall or not one.adds_up or overall[one.id] != above:  # no sum of what stands above
            sheet[f"{letter(column)}{_HEADER_ROW + len(rows) + 1}"].value = overall.get(one.id)
    return sheet


def _sheet(
    book: Workbook, rollup: RollUp, name: str, title: str, columns: Sequence[tuple[str, float]], covers: str = ""
) -> Worksheet:
    sheet: Worksheet = book.create_sheet(name)
    last = letter(len(columns))
    sheet.sheet_view.showGridLines = False
    for at, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[letter(at)].width = width
    total = sum(width for _, width in columns)
    sheet.merge_cells(f"A1:{last}1")
    text = f"{rollup.campaign_title}{rollup.round_label}{title}"
    write(sheet, "A1", text, font=font(HEI, 16, bold=True, colour=BLUE), alignment=CENTRE)
    sheet.row_dimensions[1].height = height_of(text, total / 1.6, line=24, least=34)
    sheet.merge_cells(f"A2:{last}2")
    newest = max((entry.received_at for entry in rollup.entries if entry.received_at), default=None)
    until = f"　　最后来件：{_moment(newest)}" if newest else ""
    sheet.merge_cells(f"A3:{last}3")
    told = (f"汇总单位：{rollup.office}　　统计期间：{covers or rollup.covers}{until}", rollup.coverage.text)
    for row, text in enumerate(told, start=2):
        write(sheet, f"A{row}", text, font=font(), alignment=Alignment(vertical="center", wrap_text=True))
        sheet.row_dimensions[row].height = height_of(text, total)
    for at, (label, _) in enumerate(columns, start=1):
        write(sheet, f"{letter(at)}{_HEADER_ROW}", label, font=font(HEI, 9), alignment=CENTRE, border=BOX, fill=fill(PALE))
    sheet.row_dimensions[_HEADER_ROW].height = max(height_of(label, width, least=22) for label, width in columns)
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    print_setup(sheet, landscape=True, title_rows=f"{_HEADER_ROW}:{_HEADER_ROW}")
    return sheet


def _rows(sheet: Worksheet, rows: Iterable[Sequence[Cell]], columns: Sequence[tuple[str, float]], left: Sequence[int]) -> None:
    for at, values in enumerate(rows, start=_HEADER_ROW + 1):
        for column, value in enumerate(values, start=1):
            write(sheet, f"{letter(column)}{at}", value, font=font(), alignment=LEFT if column in left else CENTRE, border=BOX)
        sheet.row_dimensions[at].height = _height(values, columns)


def _height(values: Sequence[Cell], columns: Sequence[tuple[str, float]]) -> float:
    """Return the height of a row in which every text has room."""
    return max(
        height_of(value, width, least=20) if isinstance(value, str) else 20
        for value, (_, width) in zip(values, columns, strict=True)
    )


def _total_row(
    sheet: Worksheet, count: int, heads: int, totals: Sequence[tuple[int | Decimal | None, str]], cached: Cached
) -> None:
    """Write a row of live sums below `count` rows: `heads` columns for its name, then the totals, stored beside the formulas."""
    row, first = _HEADER_ROW + count + 1, _HEADER_ROW + 1
    look = {"font": font(HEI, bold=True), "border": BOX, "fill": fill(PALE)}
    for column in range(1, heads + 1):
        write(sheet, f"{letter(column)}{row}", "合计" if column == 1 else None, alignment=CENTRE, **look)
    sheet.merge_cells(f"A{row}:{letter(heads)}{row}")
    for column, (value, look_of) in enumerate(totals, start=heads + 1):
        at = letter(column)
        aligned = CENTRE if look_of == "0" else RIGHT
        formula(sheet, f"{at}{row}", f"=SUM({at}{first}:{at}{row - 1})", number_format=look_of, alignment=aligned, **look)
        if value is None:
            continue
        cached.setdefault(sheet.title, {})[f"{at}{row}"] = f"{value:f}" if isinstance(value, Decimal) else str(value)
    sheet.row_dimensions[row].height = 22


def _colour(sheet: Worksheet, column: str, entries: Iterable[Entry]) -> None:
    for row, entry in enumerate(entries, start=_HEADER_ROW + 1):
        if entry.state in _COLOURS:
            sheet[f"{column}{row}"].fill = fill(_COLOURS[entry.state])


def _counts(entries: Iterable[Entry], key: Callable[[Entry], object]) -> dict[object, list[int]]:
    """Return how many are owed and how many reported, by duty or department."""
    counts: dict[object, list[int]] = {}
    for entry in entries:
        owed, reported = counts.setdefault(key(entry), [0, 0])
        counts[key(entry)] = [owed + entry.owes, reported + entry.reported]
    return counts


def _word(entry: Entry) -> str:
    return "迟报（零报告）" if entry.state is State.LATE and entry.nil else entry.state_text


def _rate(coverage: Coverage) -> str:
    return "—" if coverage.rate is None else percent(coverage.rate)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment_in_chinese(moment)
