"""A directory as a workbook, since that is where offices keep it: one row a department, contacts in columns; and back.

What a workbook says is returned as the raw values of a directory with the cell of each, for the directory's own rules to judge.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from campaigns.findings import Finding, Severity
from campaigns.organs import Directory, plain
from campaigns.submission import Book, Sheet
from integrations.excel.workbook import BLUE, BOX, CENTRE, GREY, LEFT, fill, font, print_setup, save, write

Path = tuple[str | int, ...]
Place = tuple[str, str]  # sheet, cell
Cells = dict[str, tuple[str, str]]  # key -> text, cell

ORGANS, ALIASES, PARENTS, GROUPS, MEMBERS = "单位", "别名", "原上级", "成组单位", "组成员"
LINEAGES, ABOUT = "机构沿革", "通讯录"
_ASSUMED = ("assumed", "拟定")
_PERSON = (("name", ""), ("email", "邮箱"), ("phone", "电话"), ("assumed", "拟定"))
_PEOPLE = (("liaison", "联络员"), ("deputy", "副联络员"), ("leader", "分管领导"))
_DATED = (("since", "起用日期"), ("until", "停用日期"))
_LINES = "（一行一个）"
# sheet -> columns: key of the record, Chinese head
_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    ORGANS: (
        ("id", "代码"),
        ("name", "名称"),
        ("full_name", "全称"),
        ("level", "层级"),
        ("parent", "上级代码"),
        ("since", "设立日期"),
        ("until", "撤销日期"),
        *((f"{who}.{key}", f"{head}{more}") for who, head in _PEOPLE for key, more in _PERSON),
        _ASSUMED,
    ),
    ALIASES: (("of", "代码"), ("name", "别名"), *_DATED, _ASSUMED),
    PARENTS: (("of", "代码"), ("id", "上级代码"), ("until", "截止日期"), _ASSUMED),
    GROUPS: (("id", "代码"), ("name", "名称"), *_DATED, _ASSUMED),
    MEMBERS: (("of", "组代码"), ("member", "成员代码"), ("called", "成员名称（供核对）")),
    LINEAGES: (
        ("of", "序号"),
        ("now", f"现名{_LINES}"),
        ("names", f"原名{_LINES}"),
        ("until", "最迟停用日期"),
        ("basis", "依据"),
        ("assumed", "拟定"),
        ("former_assumed", "原名拟定"),
    ),
    ABOUT: (("key", "项目"), ("value", "内容")),
}
_ABOUT = (("id", "代码"), ("title", "名称"), _ASSUMED)
_DATES = ("since", "until")
_WIDTHS = {
    "email": 30.0,
    "name": 18.0,
    "full_name": 30.0,
    "assumed": 30.0,
    "value": 50.0,
    "now": 30.0,
    "names": 30.0,
    "basis": 40.0,
}
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00(?::00)?)?")


def write_directory(directory: Directory) -> bytes:
    """Return the workbook of a directory; the same directory gives the same bytes."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = directory.title
    for name, columns in _COLUMNS.items():
        sheet = book.create_sheet(name)
        for at, (key, head) in enumerate(columns, start=1):
            write(
                sheet,
                f"{get_column_letter(at)}1",
                head,
                font=font(bold=True, colour="FFFFFF"),
                fill=fill(BLUE),
                alignment=CENTRE,
                border=BOX,
            )
            sheet.column_dimensions[get_column_letter(at)].width = _WIDTHS.get(key.split(".")[-1], 14.0)
        for row, values in enumerate(_rows(name, directory), start=2):
            for at, (key, _) in enumerate(columns, start=1):
                shade = {"fill": fill(GREY)} if key == "called" else {}
                cell = f"{get_column_letter(at)}{row}"
                write(
                    sheet, cell, str(values.get(key) or ""), font=font(), alignment=LEFT, border=BOX, number_format="@", **shade
                )
        sheet.freeze_panes = "C2" if name == ORGANS else "A2"
        print_setup(sheet, landscape=True, title_rows="1:1")
    return save(book)


def _rows(sheet: str, directory: Directory) -> Iterator[Mapping[str, Any]]:
    if sheet == ORGANS:
        for organ in directory.organs:
            people = {who: getattr(organ, who) for who, _ in _PEOPLE}
            yield {
                **dict(organ),
                **{f"{who}.{key}": getattr(one, key) for who, one in people.items() if one for key, _ in _PERSON},
            }
    elif sheet == ALIASES:
        yield from ({"of": organ.id, **dict(one)} for organ in directory.organs for one in organ.aliases)
        yield from ({"of": group.id, **dict(one)} for group in directory.groups for one in group.aliases)
    elif sheet == PARENTS:
        yield from ({"of": organ.id, **dict(one)} for organ in directory.organs for one in organ.former_parents)
    elif sheet == GROUPS:
        yield from (dict(group) for group in directory.groups)
    elif sheet == MEMBERS:
        names = {organ.id: organ.name for organ in directory.organs}
        yield from ({"of": g.id, "member": code, "called": names.get(code)} for g in directory.groups for code in g.members)
    elif sheet == LINEAGES:
        for number, lineage in enumerate(directory.lineages, start=1):
            head = {"of": number, "now": "\n".join(lineage.now), "basis": lineage.basis, "assumed": lineage.assumed}
            for at, former in enumerate(lineage.was or (None,)):
                more = (
                    {"names": "\n".join(former.names), "until": former.until, "former_assumed": former.assumed} if former else {}
                )
                yield {**(head if not at else {"of": number}), **more}
    else:
        yield from ({"key": head, "value": getattr(directory, key)} for key, head in _ABOUT)


def raw_directory(book: Book) -> tuple[dict[str, Any], dict[Path, Place], list[Finding]]:
    """Return the raw values of a directory, the cell of each key path, and what is wrong with the workbook itself."""
    raw: dict[str, Any] = {"organs": []}
    places: dict[Path, Place] = {}
    findings: list[Finding] = []
    sheets = {sheet.name: sheet for sheet in book.sheets}
    if ORGANS not in sheets:
        told = f"没有“{ORGANS}”工作表：请用 liandong directory export 导出的表格填写，不要改工作表的名称"
        return raw, places, [Finding("no-sheet", Severity.BLOCK, told)]
    for name in (name for name, sheet in sheets.items() if name not in _COLUMNS and sheet.cells):
        findings.append(Finding("unknown-sheet", Severity.WARNING, f"不认识工作表“{name}”，没有读取", name, "A1"))
    if gone := [name for name in _COLUMNS if name not in sheets and name != ABOUT]:
        told = f"没有{''.join(f'“{name}”' for name in gone)}工作表，按没有内容处理；通讯录里原来有的会因此去掉"
        findings.append(Finding("no-sheet", Severity.WARNING, told))
    tables = {name: list(_table(sheets[name], findings)) if name in sheets else [] for name in _COLUMNS}
    places[("organs",)] = (ORGANS, "A1")
    heads = {head: key for key, head in _ABOUT}
    for cells in tables[ABOUT]:
        key, value = (cells.get(one, ("", ""))[0] for one in ("key", "value"))
        if key in heads and value:
            raw[heads[key]] = value
            places[(heads[key],)] = (ABOUT, cells["value"][1])
    holders: dict[str, tuple[str, int]] = {}
    for name, section in ((ORGANS, "organs"), (GROUPS, "groups")):
        for cells in tables[name]:
            at = len(raw.setdefault(section, []))
            record = _record(cells, (section, at), name, places)
            raw[section].append(record)
            code = str(record.get("id", ""))
            holders.setdefault(code, (section, at))
    for name, key in ((ALIASES, "aliases"), (PARENTS, "former_parents"), (MEMBERS, "members")):
        for cells in tables[name]:
            code, cell = cells.get("of", ("", next(iter(cells.values()))[1]))
            section, at = holders.get(code, ("", 0))
            if not section or ((key == "members") != (section == "groups") and key != "aliases"):
                kind = (
                    f"“{GROUPS}”" if key == "members" else f"“{ORGANS}”" if key == "former_parents" else f"“{ORGANS}”或“{GROUPS}”"
                )
                told = f"代码“{code}”在{kind}工作表里没有，请核对或补上" if code else "没有写代码，请补上"
                findings.append(Finding("unknown-code", Severity.BLOCK, told, name, cell))
                continue
            listed = raw[section][at].setdefault(key, [])
            path: Path = (section, at, key, len(listed))
            if key == "members":
                value, where, fault = _member(cells, cell, raw["organs"])
                if value:
                    listed.append(value)
                    places[path] = (name, where)
                if fault:
                    findings.append(Finding("other-member", Severity.BLOCK, fault, name, where))
            else:
                listed.append(_record({one: found for one, found in cells.items() if one != "of"}, path, name, places))
    _lineages(tables[LINEAGES], raw, places)
    return raw, places, findings


def _member(cells: Cells, cell: str, organs: Iterable[Mapping[str, Any]]) -> tuple[str, str, str]:
    """Return the code of a member, the cell that says it, and what is wrong: code and name must speak of one department."""
    called, named = cells.get("called", ("", cell))
    known = [(str(one.get("id", "")), str(one.get("name", ""))) for one in organs]
    if "member" not in cells:
        codes = [code for code, name in known if called and plain(name) == plain(called)]
        told = f"没有写成员代码，“{ORGANS}”工作表里也没有名称是“{called}”的一个单位，请补上代码"
        return (codes[0], named, "") if len(codes) == 1 else ("", named, told)
    value, where = cells["member"]
    name = dict(known).get(value, "")
    differs = called and name and plain(name) != plain(called)
    return value, where, f"成员代码“{value}”是“{name}”，名称写的是“{called}”，请核对后改成一致" if differs else ""


def place_of(path: Sequence[str | int], places: Mapping[Path, Place]) -> Place:
    """Return the sheet and cell of a key path, or of the nearest thing above it that has one."""
    for length in range(len(path), 0, -1):
        if found := places.get(tuple(path[:length])):
            return found
    return (ORGANS, "")


def _table(sheet: Sheet, findings: list[Finding]) -> Iterator[Cells]:
    """Yield the rows of a sheet by the keys of its heads, wherever the columns stand; what cannot be understood is noted."""
    known = {_bare(head): key for key, head in _COLUMNS[sheet.name]}
    columns: dict[int, str] = {}
    for (row, column), value in sorted(sheet.cells.items()):
        if row == 1:
            head = str(value).strip()
            if _bare(head) in known and known[_bare(head)] not in columns.values():
                columns[column] = known[_bare(head)]
            else:
                told = f"不认识“{head}”这一列，或与前面的列重复；可用的有：{'、'.join(head for _, head in _COLUMNS[sheet.name])}"
                findings.append(Finding("unknown-column", Severity.BLOCK, told, sheet.name, _cell(1, column)))
    rows: dict[int, Cells] = {}
    for (row, column), value in sorted(sheet.cells.items()):
        if row > 1 and column in columns and (text := _text(value)):
            key = columns[column]
            rows.setdefault(row, {})[key] = (_date(text) if key in _DATES else text, _cell(row, column))
    for row, column in sorted(sheet.errors | sheet.uncalculated):
        told = "这一格是错误值或没有算出的公式，请改成文字"
        findings.append(Finding("cell-error", Severity.BLOCK, told, sheet.name, _cell(row, column)))
    for row, cells in rows.items():
        yield {"": ("", _cell(row, 1)), **cells}


def _record(cells: Cells, path: Path, sheet: str, places: dict[Path, Place]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    places[path] = (sheet, cells[""][1])
    for key, (text, cell) in cells.items():
        if not key:
            continue
        who, _, part = key.rpartition(".")
        if who:
            record.setdefault(who, {})[part] = text
            places.setdefault((*path, who), (sheet, cell))
            places[(*path, who, part)] = (sheet, cell)
        else:
            record[key] = text
            places[(*path, key)] = (sheet, cell)
    return record


def _lineages(rows: Iterable[Cells], raw: dict[str, Any], places: dict[Path, Place]) -> None:
    numbered: dict[str, int] = {}
    for cells in rows:
        number = cells.get("of", ("", ""))[0]
        listed = raw.setdefault("lineages", [])
        if number not in numbered:
            numbered[number] = len(listed)
            listed.append({"was": []})
        at = numbered[number]
        path: Path = ("lineages", at)
        places.setdefault(path, (LINEAGES, cells[""][1]))
        for key in ("now", "basis", "assumed"):
            if key in cells:
                text, cell = cells[key]
                listed[at][key] = text.split("\n") if key == "now" else text
                places[(*path, key)] = (LINEAGES, cell)
        former: dict[str, Any] = {}
        above: Path = (*path, "was", len(listed[at]["was"]))
        for key, name in (("names", "names"), ("until", "until"), ("former_assumed", "assumed")):
            if key in cells:
                text, cell = cells[key]
                former[name] = text.split("\n") if key == "names" else text
                places[(*above, name)] = (LINEAGES, cell)
        if former:
            places[above] = (LINEAGES, cells[""][1])
            listed[at]["was"].append(former)


def _bare(head: str) -> str:
    return "".join(re.sub(r"[（(].*?[)）]", "", head).split())


def _text(value: str | Decimal) -> str:
    if isinstance(value, Decimal):
        return str(int(value)) if value == value.to_integral_value() else str(value)
    return value.replace("\r\n", "\n").strip()


def _date(text: str) -> str:
    found = _DATE.fullmatch(text)
    return f"{int(found[1])}-{int(found[2]):02}-{int(found[3]):02}" if found else text


def _cell(row: int, column: int) -> str:
    return f"{get_column_letter(column)}{row}"
