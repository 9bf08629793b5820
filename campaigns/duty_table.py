"""A duty table as offices keep it (责任分工表) -> a definition drafted for a person to finish, each field with its source cell.

What the table says plainly is taken; what had to be guessed carries `assumed`; what is open or ambiguous is `待定`, with what it
may mean in a comment. Nothing ambiguous becomes a date or a role.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from campaigns.definition import day_of
from campaigns.errors import UnreadableFile

OPEN = "待定"
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
_INHERITED = ("chapter", "clause", "lead", "units", "cooperating", "due")
_BLANK_SAYS_NOTHING = ("clause", "cooperating")  # a blank cell of these is not the one above again, unless they are merged
_AND_OTHERS = re.compile(r"等(?:有关|相关|各)?(?:部门|单位|成员单位)?$")
_GOES_ON = ("长期", "持续", "常态", "全年", "贯穿")
_CHINESE = "[一二三四五六七八九十]+"
_WORD = re.compile(
    r"(?<!各)(?<!各项目)[(（]?(牵头(?:负责|单位)?|配合(?:单位)?|协助|参与|分别负责|按(?:照)?职责分工(?:分别)?负责|负责)[)）]?[:：]?"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its text, where a person finds it, and whether it goes on from the one above (merged)."""

    text: str
    place: str
    merged: bool = False


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


def drafted(grid: Sequence[Sequence[Cell]]) -> list[DraftedDuty]:
    """Return the duties of a table, in its order; UnreadableFile when no line of it has the heads of a duty table."""
    at, columns = _heads(grid)
    duties: list[DraftedDuty] = []
    used: set[int] = set()
    above: dict[str, Cell] = {}
    places = [columns["number"]] if "number" in columns else []
    counted = any(_plain(row[place].text).isdecimal() for row in grid[at + 1 :] for place in places if place < len(row))
    for row in grid[at + 1 :]:
        cells = {kind: row[place] for kind, place in columns.items() if place < len(row)}
        if not any(cell.text.strip() for cell in cells.values()) or _plain(cells["title"].text) == _plain(
            grid[at][columns["title"]].text
        ):
            continue  # a blank line, or the head again on the next page
        if chapter := _chapter(cells, counted=counted):
            above = {"chapter": chapter}
            continue
        one = DraftedDuty()
        title = cells["title"]
        if not title.text.strip() and "title" in above and cells.get("content", title).text.strip():
            if not title.merged:  # another measure of the duty above
                one.doubts.append(f"{title.place}空白，按{above['title'].place}填")
            title = _again(above["title"], title)
        elif not title.text.strip() and not title.merged:
            one.doubts.append(f"{title.place}没有写任务")
        if title.text.strip():
            above["title"] = Cell(title.text, title.place.partition("（")[0])
        number = _number(cells.get("number"), used, one)
        used.add(number)
        one.lines.append(Line("number", str(number), cells["number"].place if "number" in cells else "按行次"))
        one.lines.append(Line("title", _quoted(_line(title.text)) if title.text.strip() else OPEN, title.place))
        if "content" in cells and cells["content"].text.strip():
            one.lines.append(Line("content", _quoted(_line(cells["content"].text)), cells["content"].place))
        for kind in _INHERITED:
            cell = cells.get(kind, above.get(kind) if kind == "chapter" else None)
            if cell is None:
                continue
            if not cell.text.strip() and kind in above and (cell.merged or kind not in _BLANK_SAYS_NOTHING):
                if not cell.merged:
                    one.doubts.append(f"{cell.place}空白，按{above[kind].place}填")
                cell = _again(above[kind], cell)
            above[kind] = Cell(cell.text, cell.place.partition("（")[0])
            _add(kind, cell, one)
        if not any(line.key in ("lead", "joint_leads", "units") for line in one.lines):
            one.lines.append(Line("lead", f"[{OPEN}]", "表中没有写牵头单位"))
        duties.append(one)
    if not duties:
        raise UnreadableFile("责任分工表只有表头，没有任务")
    return duties


def heading(grid: Sequence[Sequence[Cell]]) -> Cell | None:
    """Return the one text that stands above the heads of a table; None when there is none, or several."""
    at, _ = _heads(grid)
    said = [cell for row in grid[:at] for cell in row if cell.text.strip() and not cell.merged]
    return next((cell for cell in said if len(cell.text) > 4), None) if len(said) <= 2 else None


def written(duties: Sequence[DraftedDuty], code: str, title: Cell, source: str, directory: str) -> str:
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
        f"directory: {directory}",
        "duties:",
    ]
    for one in duties:
        for at, line in enumerate(one.lines):
            out.append(f"  {'- ' if at == 0 else '  '}{line.key}: {line.value} # {line.comment}")
        if one.doubts:
            out.append(f"    assumed: {_quoted('；'.join(one.doubts))}")
    cooperating = any(line.key == "cooperating" for one in duties for line in one.lines)
    out += [
        "reports: # 表中没有写如何报送",
        "  - id: progress",
        "    title: 工作情况",
        "    form: statistics",
        f"    clock: {OPEN}",
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


def _heads(grid: Sequence[Sequence[Cell]]) -> tuple[int, dict[str, int]]:
    """Return the row of the heads and the column of each kind."""
    for at, row in enumerate(grid[:15]):
        columns: dict[str, int] = {}
        for place, cell in enumerate(row):
            said = _plain(cell.text)
            kind = next(
                (kind for kind, words in _HEADS if said and len(said) <= 15 and any(word in said for word in words)), None
            )
            if kind == "title" and kind in columns:  # of two, the one that says 任务 names the duty, the other what is done
                swap = "任务" in said and "任务" not in _plain(row[columns[kind]].text)
                columns["content"], columns[kind] = (columns[kind], place) if swap else (place, columns[kind])
            elif kind:
                columns.setdefault(kind, place)
        if "title" in columns and {"lead", "units"} & columns.keys():
            return at, columns
    raise UnreadableFile("没有找到责任分工表的表头：应有“任务”一类的列和“牵头单位”或“责任单位”一类的列")


def _again(above: Cell, cell: Cell) -> Cell:
    """Return a cell that says what the one above says."""
    return Cell(above.text, f"{above.place}（{cell.place}{'合并' if cell.merged else '空白'}）")


def _chapter(cells: dict[str, Cell], *, counted: bool) -> Cell | None:
    """Return the heading over the next rows that a row is: one text with a Chinese number, no departments, no merged cells.

    The number may have a cell of its own where duties are `counted` otherwise, 1, 2, 3.
    """
    if any(cells[kind].text.strip() for kind in ("lead", "units", "due") if kind in cells):
        return None
    if any(cells[kind].merged for kind in ("lead", "units") if kind in cells):
        return None
    said = list({cell.text.strip(): cell for cell in cells.values() if cell.text.strip()}.items())
    (text, first), rest = said[0], [text for text, _ in said[1:]]
    if not rest:
        return first if re.match(rf"[(（]?{_CHINESE}[)）、.．]", text) else None
    alone = len(rest) == 1 and first is cells.get("number") and re.fullmatch(rf"[(（]?{_CHINESE}[)）、.．]?", text)
    return Cell(f"{text}{'' if text[-1] in ')）、.．' else '、'}{rest[0]}", first.place) if alone and counted else None


def _number(cell: Cell | None, used: set[int], one: DraftedDuty) -> int:
    said = _plain(cell.text).rstrip(".、)") if cell else ""
    if said.isdecimal() and 1 <= int(said) <= 999 and int(said) not in used:
        return int(said)
    number = max(used, default=0) + 1
    if cell is not None:
        told = f"写的是“{said}”" if said else "没有序号"
        one.doubts.append(f"{cell.place}{told}，暂编为{number}")
    return number


def _add(kind: str, cell: Cell, one: DraftedDuty) -> None:
    text = cell.text.strip()
    if not text:
        return
    if kind == "due":
        _add_due(text, cell.place, one)
    elif kind in ("chapter", "clause"):
        one.lines.append(Line(kind, _quoted(_line(text)), cell.place))
    else:
        for role, names in _roles(kind, text):
            named = [_AND_OTHERS.sub("", name) for name in names]
            if named != names:
                one.doubts.append(f"{cell.place}写了“等”，没有列全，请核对还有哪些单位")
            listed = ", ".join(_quoted(name) for name in named if name)
            one.lines.append(Line(role, f"[{listed}]", f"{cell.place}：{_line(text)}"))


def _roles(kind: str, text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield roles with their departments: as the column says, or as words in the cell say otherwise."""
    found: dict[str, list[str]] = {}
    for clause in re.split(r"[;；。\n]", unicodedata.normalize("NFKC", text)):
        for part in _clauses(clause):
            word = _WORD.search(part)
            role = kind
            if word:
                said = word[1]
                role = (
                    "joint_leads"
                    if "分别" in said or "职责分工" in said
                    else "lead"
                    if "牵头" in said or said == "负责"
                    else "cooperating"
                )
            found.setdefault(role, []).extend(_names(_WORD.sub("", part)))
    if "joint_leads" in found and "lead" in found:  # who leads and who does its share cannot be told apart here
        found = {"units": [*found.pop("lead"), *found.pop("joint_leads")], **found}
    yield from ((role, names) for role, names in found.items() if names)


def _clauses(text: str) -> Iterator[str]:
    """Yield the parts of `市公安局牵头，市教育局配合`: each up to its role word, or all of it."""
    start = 0
    for found in re.finditer(r"(?:牵头(?:负责)?|配合|协助|参与|(?:按(?:照)?职责分工)?(?:分别)?负责)\s*(?:[,，]|$)", text):
        yield text[start : found.end()]
        start = found.end()
    if text[start:].strip(" ,，"):
        yield text[start:]


def _names(text: str) -> list[str]:
    names, depth = [""], 0
    for sign in text:
        depth += (sign in "([{〔【《") - (sign in ")]}〕】》")
        if depth <= 0 and sign in "、,，;；\n\t ":
            names.append("")
        else:
            names[-1] += sign
    found: list[str] = []
    for name in (one.strip("。.:： ") for one in names):
        if name and name not in ("等", "无", "/", "-", "—", "——"):
            carried = found and found[0].startswith(("市", "县")) and not re.match(r"[市县区省州各]|.{2,}[市县区省州]", name)
            found.append(f"{found[0][0]}{name}" if carried and len(name) <= 8 else name)
    return list(dict.fromkeys(found))


_DUE = re.compile(r"(?:(\d{4})年)?(?:(\d{1,2})月)?(?:(\d{1,2})日)?(上旬|中旬|下旬|底|末)?(?:以|之)?前?(?:完成)?")


def _add_due(text: str, place: str, one: DraftedDuty) -> None:
    said = _plain(text).strip("。;；,，")
    comment = f"{place}：{_line(text)}"
    if any(word in said for word in _GOES_ON):
        one.doubts.append(f"{place}“{_line(text)}”，没有完成时限")
        return
    if said.startswith("每"):
        one.doubts.append(f"{place}“{_line(text)}”是定期报送的时间，不是完成时限，请写进 reports 的 clock")
        return
    quarter = re.fullmatch(r"(\d{4})年(?:第)?([一二三四1-4])季度(?:底|末)?(?:以|之)?前?", said)
    if quarter:
        month = 3 * ("一二三四1234".index(quarter[2]) % 4 + 1)
        one.lines.append(Line("due", f"{quarter[1]}-{month:02}", comment))
        one.doubts.append(f"{place}“{_line(text)}”，按季度末月底")
        return
    found = _DUE.fullmatch(said)
    year, month_, day, word = found.groups() if found else (None, None, None, None)
    due = ""
    if year and month_ and day and not word:
        due = f"{year}-{int(month_):02}-{int(day):02}"
    elif year and month_ and not day and word in ("底", "末", None, "下旬"):
        due = f"{year}-{int(month_):02}"
        if word == "下旬":
            one.doubts.append(f"{place}“{_line(text)}”，按月底")
    elif year and not month_ and word in ("底", "末"):
        due = f"{year}-12"
    if due and day_of(due) is not None:
        one.lines.append(Line("due", due, comment))
        return
    told = "没有写年份" if month_ and not year else "读不准，可能缺字" if re.search(r"\d", said) else "不是日期"
    maybe = _candidates(said)
    one.lines.append(Line("due", OPEN, f"{comment}（{told}{f'，可能是 {maybe}' if maybe else ''}）"))


def _candidates(said: str) -> str:
    """Return what a date that lost its signs may be: `20201020日` is 2020-10-20; `202111` may be several."""
    digits = re.fullmatch(r"(20\d\d)年?(\d{2,4})月?日?前?", said)
    if not digits:
        return ""
    rest = digits[2]
    days = {
        f"{digits[1]}-{int(rest[:cut]):02}-{int(rest[cut:]):02}"
        for cut in range(1, len(rest))
        if len(rest) - cut <= 2 and cut <= 2
    }
    months = {f"{digits[1]}-{int(rest):02}"} if len(rest) <= 2 else set()
    real = {one for one in days | months if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-\d\d)?", one) and day_of(one)}
    return " 或 ".join(sorted(real))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back: bare where that is safe, within quotes otherwise."""
    bare = re.fullmatch(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`][^:#,\[\]{}]*", text)
    plain = bare and not re.fullmatch(r"[\d.+-]+|true|false|null|yes|no|~", text, re.IGNORECASE)
    return text if plain else json.dumps(text, ensure_ascii=False)
