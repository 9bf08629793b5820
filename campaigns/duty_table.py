"""A duty table as offices keep it (责任分工表) -> a definition drafted for a person to finish, each field with its source cell.

What the table says plainly is taken; what had to be guessed, and what was not taken, carries `assumed`; what is open or ambiguous
is `待定`, with what it may mean in a comment. Nothing ambiguous becomes a date or a role.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from campaigns.duty_cells import OPEN, departments, due, plain
from campaigns.errors import UnreadableFile
from campaigns.prose import numeral

# How heads are worded; the first that fits a head decides what its column is.
_HEADS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("number", ("序号", "编号", "任务号")),
    ("cooperating", ("配合", "协办", "协助", "参与", "参加")),
    ("lead", ("牵头", "主办", "主责", "负责单位", "负责部门")),
    ("units", ("责任单位", "责任部门", "责任科室", "承办单位")),
    ("due", ("完成时", "时限", "时间", "期限", "进度")),
    ("chapter", ("类别", "章节", "领域", "分类")),
    ("clause", ("条款", "依据", "出处")),
    ("title", ("任务", "事项", "工作", "措施", "内容", "项目", "要点")),
)
_PEOPLE = re.compile(r"领导|人员?$|联系")
_FIRST_LEADS = re.compile(r"[第列排]一|首[位个]|[第列排]首")  # 责任单位（列第一位的为牵头单位）
_INHERITED = ("chapter", "clause", "lead", "units", "cooperating", "due")
_ROLES = ("lead", "units", "cooperating")
_BLANK_SAYS_NOTHING = ("clause", "cooperating")  # a blank cell of these is not the one above again, unless they are merged
_AGAIN = ("同上", "〃", "″", '"')
_NOTE = re.compile(r"[(（]?(?:附?注|备注|说明|联系人|联系电话|填表|制表|[*＊※])")
_NUMERAL = r"[一二三四五六七八九十百]{1,5}"
_NUMBERED = re.compile(rf"[(]?(?:(\d{{1,3}})|({_NUMERAL}))[)]?[.、．]?")
_AND_OTHERS = re.compile(r"等(?:有关|相关|各)?(?:部门|单位|成员单位)?$")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its text, where a person finds it, and whether it goes on from the one above or to the left (merged)."""

    text: str
    place: str
    merged: bool = False
    spanned: bool = False


Grid = Sequence[Sequence[Cell]]


@dataclass
class Line:
    """One line of a drafted definition: a key, its YAML value, and a comment on where it comes from."""

    key: str
    value: str
    comment: str


@dataclass
class DraftedDuty:
    """One duty as drafted: its fields in order, and what a person has to know of it (`assumed`)."""

    lines: list[Line] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


@dataclass
class Draft:
    """What duty tables say: the duties in order, the text above the first table, and what was not taken from them."""

    duties: list[DraftedDuty] = field(default_factory=list)
    title: Cell | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Heads:
    """The heads of a table: their rows, the column of each kind, and the columns that say more of what is to be done."""

    first: int
    last: int
    columns: dict[str, int]
    contents: tuple[int, ...]
    labels: tuple[Cell, ...]  # of every column
    titles: frozenset[str]  # what heads the column of the duties, in every row of the heads

    @property
    def said(self) -> tuple[str, ...]:
        """Return the heads as they are compared."""
        return tuple(plain(cell.text) for cell in self.labels)

    def cells(self, row: Sequence[Cell]) -> dict[str, Cell]:
        """Return the cells of a row by their kind."""
        return {kind: row[place] for kind, place in self.columns.items() if place < len(row)}

    def repeated(self, row: Sequence[Cell]) -> bool:
        """Return whether a row is one of the heads again, on the next page."""
        return plain(self.cells(row)["title"].text) in self.titles


def drafted(*tables: Grid) -> Draft:
    """Return what all duty tables say, in their order; UnreadableFile when there is none, or no duty in them."""
    work = _Work()
    for table in tables:
        work.take(table)
    if work.found.duties:
        work.number()
        return work.found
    if work.heads:
        raise UnreadableFile("责任分工表只有表头，没有任务")
    raise UnreadableFile("没有找到责任分工表的表头：应有“任务”一类的列和“牵头单位”或“责任单位”一类的列")


def written(draft: Draft, code: str, title: Cell, source: str, directory: str) -> str:
    """Return the draft as the text of a definition file: `待定` wherever the table is silent."""
    out = [
        f"# 由 {source} 起草。每一项后面注明出自哪一格；“待定”须核对原文后填写，写了 assumed 的请逐条确认。",
        "campaign:",
        f"  id: {code}",
        f"  title: {_quoted(_line(title.text))} # 取自{title.place}，请核对",
        f"  short_title: {OPEN}",
        f"  office: {OPEN}",
        f"  starts: {OPEN}",
        f"  ends: {OPEN}",
        f"  source: {{title: {OPEN}, body: {OPEN}, issued_on: {OPEN}}}",
    ]
    if draft.remarks:
        out.append(f"  assumed: {_quoted('；'.join(draft.remarks))}")
    out += [f"directory: {directory}", "duties:"]
    for one in draft.duties:
        for at, line in enumerate(one.lines):
            out.append(f"  {'- ' if at == 0 else '  '}{line.key}: {line.value} # {line.comment}")
        if one.doubts:
            out.append(f"    assumed: {_quoted('；'.join(one.doubts))}")
    cooperating = any(line.key == "cooperating" for one in draft.duties for line in one.lines)
    out += [
        "reports: # 表中没有写如何报送",
        "  - id: progress",
        "    title: 工作情况",
        "    form: statistics",
        f"    clock: {OPEN} # 例如每月25日 {{monthly: [25]}}、每季度25日 {{quarterly: 25}}",
        "    hops:",
    ]
    if cooperating:
        reason = "表中没有写，拟由配合单位提前5个工作日报牵头单位"
        out.append(f"      - {{role: cooperating, to: lead, working_days_before: 5, assumed: {reason}}}")
    out += [
        "      - {role: lead, to: office, assumed: 表中没有写，拟由牵头单位报办公室}",
        "forms: # 表中没有写报什么",
        "  - id: statistics",
        "    title: 工作情况表",
        "    assumed: 表中没有统计指标，先只报完成情况",
        "    indicators:",
        "      - {id: progress, label: 完成情况, kind: text}",
    ]
    return "\n".join(out) + "\n"


class _Work:
    """The duties as they are read, one table after the other."""

    def __init__(self) -> None:
        self.found = Draft()
        self.heads: _Heads | None = None
        self.width = 0
        self.numbers: list[tuple[DraftedDuty, Cell | None]] = []
        self.above: dict[str, Cell] = {}

    def take(self, table: Grid) -> None:
        """Take a table that has the heads of a duty table, or carries the last one on; note any other."""
        said = [cell for row in table for cell in row if cell.text.strip()]
        heads, width = _heads(table), max(map(len, table), default=0)
        if heads:
            if self.heads is None:
                self.found.title = heading(table)
            elif self.heads.said != heads.said:
                self.above = {}
            self.heads, self.width = heads, width
            self._rows(table[heads.last + 1 :], heads)
        elif said and self.heads and width == self.width and self._carries_on(table[0], self.heads):
            self.found.remarks.append(f"{said[0].place}起没有表头，按前一张表的表头取")
            self._rows(table, self.heads)
        elif said:
            self.found.remarks.append(f"{said[0].place}“{_line(said[0].text)[:20]}”起的表不是责任分工表，没有取用")

    def _carries_on(self, row: Sequence[Cell], heads: _Heads) -> bool:
        number, last = heads.cells(row).get("number"), self.numbers[-1][1] if self.numbers else None
        return number is not None and last is not None and _number_of(number) == (_number_of(last) or -1) + 1

    def _rows(self, rows: Grid, heads: _Heads) -> None:
        signs = {_sign(cells) for cells in map(heads.cells, rows) if _has(cells, _ROLES)}
        taken = {*heads.columns.values(), *heads.contents}
        left: dict[int, int] = {}
        pending: Cell | None = None  # a chapter without a duty so far
        for row in rows:
            said = [cell for cell in row if cell.text.strip()]
            if not said or heads.repeated(row):
                continue
            cells = heads.cells(row)
            chapter = _chapter(row, cells, signs)
            if chapter:
                if pending:
                    self._leave(pending)
                self.above = {"chapter": chapter}
                pending = chapter
            elif _says_no_duty(said, row, cells, heads):
                self._leave(said[0])
            else:
                pending = None
                self._duty(row, cells, heads)
                for place in range(len(heads.labels)):
                    if place not in taken and place < len(row) and row[place].text.strip():
                        left[place] = left.get(place, 0) + 1
        if pending:
            self._leave(pending)
        for place, count in left.items():
            label = heads.labels[place]
            self.found.remarks.append(f"{label.place}“{_line(label.text) or '没有表头'}”这一列有{count}格内容，没有取用")

    def _leave(self, cell: Cell) -> None:
        self.found.remarks.append(f"{cell.place}“{_line(cell.text)[:60]}”没有取用")

    def _duty(self, row: Sequence[Cell], cells: dict[str, Cell], heads: _Heads) -> None:
        one, above = DraftedDuty(), self.above
        content = self._content(row, heads)
        title = cells["title"]
        if title.spanned:  # one cell over several columns
            title = next(cell for cell in reversed(row[: heads.columns["title"]]) if not cell.spanned)
        if not title.text.strip() and "title" in above and content:
            if not title.merged:  # another measure of the duty above
                one.doubts.append(f"{title.place}空白，按{above['title'].place}填")
            title = _again(above["title"], title)
        elif not title.text.strip() and not title.merged:
            one.doubts.append(f"{title.place}没有写任务")
        if title.text.strip():
            above["title"] = Cell(title.text, title.place.partition("（")[0])
        self.numbers.append((one, cells.get("number")))
        one.lines.append(Line("number", OPEN, cells["number"].place if "number" in cells else "按行次"))
        one.lines.append(Line("title", _quoted(_line(title.text)) if title.text.strip() else OPEN, title.place))
        if content:
            one.lines.append(Line("content", _quoted(_line(content.text)), content.place))
        for kind in _INHERITED:
            cell = cells.get(kind, above.get(kind) if kind == "chapter" else None)
            if cell is None or cell.spanned:
                continue
            cell = self._filled(kind, cell, one)
            _add(_open_kind(kind, cells, heads), cell, one)
        if not any(line.key in ("lead", "joint_leads", "units") for line in one.lines):
            one.lines.append(Line("lead", f"[{OPEN}]", "表中没有写牵头单位"))
        self.found.duties.append(one)

    def _filled(self, kind: str, cell: Cell, one: DraftedDuty) -> Cell:
        """Return a cell, with what the one above says where it is blank, merged with it or says 同上."""
        told = plain(cell.text) in _AGAIN
        blank = not cell.text.strip() and (cell.merged or kind not in _BLANK_SAYS_NOTHING)
        if kind in self.above and self.above[kind].text.strip() and (told or blank):
            if not (told or cell.merged):
                one.doubts.append(f"{cell.place}空白，按{self.above[kind].place}填")
            cell = _again(self.above[kind], cell)
        self.above[kind] = Cell(cell.text, cell.place.partition("（")[0])
        return cell

    def _content(self, row: Sequence[Cell], heads: _Heads) -> Cell | None:
        found = []
        for place in heads.contents:
            cell, key = row[place] if place < len(row) else Cell("", ""), f"content {place}"
            if not cell.text.strip() and cell.merged and not cell.spanned and key in self.above:
                cell = _again(self.above[key], cell)
            self.above[key] = cell
            if cell.text.strip():
                found.append(cell)
        return Cell("；".join(_line(cell.text) for cell in found), "、".join(cell.place for cell in found)) if found else None

    def number(self) -> None:
        """Give duties their numbers: those that are written first, then what has none or one that is taken."""
        used: set[int] = set()
        for duty, cell in self.numbers:
            said = _number_of(cell) if cell else None
            if said and said not in used:
                used.add(said)
                duty.lines[0].value = str(said)
        for duty, cell in self.numbers:
            if duty.lines[0].value != OPEN:
                continue
            number = max(used, default=0) + 1
            used.add(number)
            duty.lines[0].value = str(number)
            if cell is not None:
                told = f"写的是“{_line(cell.text)}”" if cell.text.strip() else "没有序号"
                duty.doubts.insert(0, f"{cell.place}{told}，暂编为{number}")


def heading(table: Grid) -> Cell | None:
    """Return the one text that stands above the heads of a table; None when there is none, or several."""
    heads = _heads(table)
    said = [cell for row in table[: heads.first if heads else 0] for cell in row if cell.text.strip()]
    return next((cell for cell in said if len(cell.text) > 4), None) if len(said) <= 2 else None


def _heads(table: Grid) -> _Heads | None:
    """Return the heads of a table, which may take two rows; None when no line of it reads as heads."""
    for first in range(min(len(table), 15)):
        last = first + 1 if _goes_on_below(table, first) else first
        labels = _labels(table[first], table[last])
        columns: dict[str, int] = {}
        contents: list[int] = []
        for place, label in enumerate(labels):
            kind = _kind(label.text)
            if kind == "title" and kind in columns:
                # of several, the one that says 任务 names the duty, the others what is done
                swap = "任务" in plain(label.text) and "任务" not in plain(labels[columns[kind]].text)
                contents.append(columns[kind] if swap else place)
                columns[kind] = place if swap else columns[kind]
            elif kind:
                columns.setdefault(kind, place)
        if "title" in columns and {"lead", "units"} & columns.keys():
            titles = frozenset(plain(row[columns["title"]].text) for row in table[first : last + 1]) - {""}
            return _Heads(first, last, columns, tuple(sorted(contents)), labels, titles)
    return None


def _goes_on_below(table: Grid, at: int) -> bool:
    """Return whether the heads in a row go on in the next one: merged with it, or heads there leave out what stands here."""
    if at + 1 >= len(table) or sum(bool(cell.text.strip()) for cell in table[at]) < 2:
        return False
    pairs = [(above, below) for above, below in zip(table[at], table[at + 1], strict=False) if above.text.strip()]
    below = [cell for cell in table[at + 1] if cell.text.strip()]
    only_heads = len(below) >= 2 and all(_kind(cell.text) for cell in below)
    left_out = any(_kind(upper.text) and not lower.text.strip() for upper, lower in pairs)
    return any(lower.merged for _, lower in pairs) or (only_heads and left_out)


def _labels(upper: Sequence[Cell], lower: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return the head of every column: the lower one where that says what the column is."""
    both = zip(lower, upper, strict=False)
    return tuple(below if _kind(below.text) or (not _kind(above.text) and below.text.strip()) else above for below, above in both)


def _kind(text: str) -> str | None:
    said = plain(text)
    if not said or len(said) > 20 or _PEOPLE.search(said):
        return None
    return next((kind for kind, words in _HEADS if any(word in said for word in words)), None)


def _has(cells: dict[str, Cell], kinds: Sequence[str]) -> bool:
    return any(cells[kind].text.strip() for kind in kinds if kind in cells)


def _again(above: Cell, cell: Cell) -> Cell:
    """Return a cell that says what the one above says."""
    why = "合并" if cell.merged else plain(cell.text) or "空白"
    return Cell(above.text, f"{above.place}（{cell.place}{why}）")


def _chapter(row: Sequence[Cell], cells: dict[str, Cell], signs: Collection[str]) -> Cell | None:
    """Return the heading over the next rows that a row is, None when it is none.

    It has no departments and is not the rest of a merged cell: one text, numbered 一、 or over the whole row; or a numeral and a
    text, where no duty is numbered that way (`signs`).
    """
    said = [cell for cell in row if cell.text.strip()]
    if _has(cells, (*_ROLES, "due")) or any(cells[kind].merged for kind in ("lead", "units") if kind in cells):
        return None
    if len(said) == 2 and (sign := _sign(cells)) and sign not in signs and said[0] is cells["number"]:
        return Cell(f"{_line(said[0].text)}{'' if sign != 'N' else '、'}{_line(said[1].text)}", said[0].place)
    if len(said) != 1 or _NOTE.match(said[0].text.strip()):
        return None
    text = plain(said[0].text)
    whole = all(cell.spanned for cell in row if cell is not said[0]) and len(row) > 1
    return said[0] if re.match(rf"[(]?{_NUMERAL}[)、.]", text) or (whole and len(text) <= 30 and text[-1] not in "。;") else None


def _sign(cells: dict[str, Cell]) -> str:
    """Return how a duty is numbered in Chinese numerals, such as `(N)`; empty when it is not."""
    said = plain(cells["number"].text) if "number" in cells else ""
    return re.sub(_NUMERAL, "N", said) if (found := _NUMBERED.fullmatch(said)) and found[2] else ""


def _says_no_duty(said: Sequence[Cell], row: Sequence[Cell], cells: dict[str, Cell], heads: _Heads) -> bool:
    """Return whether a row is a note under the table, or one text where no duty would say anything."""
    if _has(cells, _ROLES) or cells["title"].merged:
        return False
    places = {*heads.columns.values(), *heads.contents} - {heads.columns.get("number", -1)}
    alone = len(said) == 1 and (cells["title"].spanned or all(row[place] is not said[0] for place in places if place < len(row)))
    return alone or bool(_NOTE.match(said[0].text.strip()))


def _number_of(cell: Cell) -> int | None:
    """Return the number of a duty: 1, （1）, 一、 or （一）; None for anything else."""
    found = _NUMBERED.fullmatch(plain(cell.text))
    return (int(found[1]) if found[1] else numeral(found[2])) or None if found else None


def _open_kind(kind: str, cells: dict[str, Cell], heads: _Heads) -> str:
    """Return what a column says of its departments: one cell over lead and cooperating leaves the roles open."""
    if kind not in _ROLES:
        return kind
    place = heads.columns[kind]
    if any(cells[other].spanned and heads.columns[other] == place + 1 for other in _ROLES if other in cells):
        return "units"
    label = plain(heads.labels[place].text)
    return "first" if "牵头" in label and _FIRST_LEADS.search(label) else kind


def _add(kind: str, cell: Cell, one: DraftedDuty) -> None:
    text = cell.text.strip()
    if not text:
        return
    if kind == "due":
        until = due(text)
        if until.value:
            comment = f"{cell.place}：{_line(text)}"
            one.lines.append(Line("due", until.value, f"{comment}（{until.reason}）" if until.reason else comment))
        if until.doubt:
            one.doubts.append(f"{cell.place}“{_line(text)}”{until.doubt}")
    elif kind in ("chapter", "clause"):
        one.lines.append(Line(kind, _quoted(_line(text)), cell.place))
    else:
        _add_units(kind, text, cell.place, one)


def _add_units(kind: str, text: str, place: str, one: DraftedDuty) -> None:
    roles, left = departments(kind, text)
    one.doubts += [f"{place}写有“{_line(words)}”，没有取用" for words in left]
    if "first" in roles:
        first, *others = roles.pop("first")
        roles = {"lead": [first, *roles.get("lead", ())], **({"cooperating": others} if others else {}), **roles}
        one.doubts.append(f"{place}按表头以第一个单位为牵头" + ("，其余拟作配合" if others else ""))
    for role, names in roles.items():
        named = [_AND_OTHERS.sub("", name) for name in names]
        if named != names:
            one.doubts.append(f"{place}写了“等”，没有列全，请核对还有哪些单位")
        listed = ", ".join(_quoted(name) for name in dict.fromkeys(named) if name)
        one.lines.append(Line(role, f"[{listed}]", f"{place}：{_line(text)}"))


def _line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back: bare where that is safe, within quotes otherwise."""
    bare = re.fullmatch(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`][^:#,\[\]{}]*", text)
    plain = bare and not re.fullmatch(r"[\d.+-]+|true|false|null|yes|no|~", text, re.IGNORECASE)
    return text if plain else json.dumps(text, ensure_ascii=False)
