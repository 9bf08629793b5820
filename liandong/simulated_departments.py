"""The departments of the demo: they get letters, open the attached workbook, find cells by their labels and answer.

They know nothing of the rest of the project: what a real liaison cannot see, they cannot see either. All people and all
figures are made up.
"""

import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime
from enum import StrEnum
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet

OFFICE_ZONE = ZoneInfo("Asia/Shanghai")
XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
DOCX = ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document")
HEADINGS = ("行业领域采取的措施", "主要作法", "亮点经验", "存在的问题", "下一步工作打算")
LEAD_SHEET, COOPERATING_SHEET, ERROR_SHEET, COVER_SHEET = "牵头任务", "配合任务", "错误清单", "填报说明"
OWN_LABELS = ("本期", "本单位本期")


class Persona(StrEnum):
    """How a department behaves in a round; the values are what the demo prints."""

    ON_TIME = "按时报送"
    LATE = "逾期后才报送"
    NIL = "零报告"
    SILENT = "一直不报"
    WRONG_TOTAL = "合计被改错，退回后更正"
    OTHERS_FORM = "误交其他单位的报表，随后补交本单位的"
    XLS = "另存为 .xls 后报送"
    LIBREOFFICE = "用 LibreOffice 填写后报送"
    SECOND_VERSION = "报送后又报更正版"
    TEXT = "数字格里写了文字，退回后更正"
    EMPTY_FILE = "附件是空文件，随后重报"
    HTML = "附件名为 .xlsx 实为网页，随后重报"
    EARLY_LEAD = "牵头单位不等配合材料，提前报送"


# Who behaves how: department code -> (first round, second round). Everyone else is on time in both.
PERSONAS: dict[str, tuple[Persona, Persona]] = {
    "jyj": (Persona.LATE, Persona.ON_TIME),
    "mzj": (Persona.NIL, Persona.ON_TIME),
    "tyj": (Persona.SILENT, Persona.LATE),
    "scjg": (Persona.WRONG_TOTAL, Persona.ON_TIME),
    "wjw": (Persona.OTHERS_FORM, Persona.NIL),
    "czj": (Persona.XLS, Persona.SECOND_VERSION),
    "gxj": (Persona.SECOND_VERSION, Persona.WRONG_TOTAL),
    "kjj": (Persona.TEXT, Persona.XLS),
    "ybj": (Persona.EMPTY_FILE, Persona.SILENT),
    "lyj": (Persona.HTML, Persona.TEXT),
    "zjj": (Persona.LIBREOFFICE, Persona.OTHERS_FORM),
    "nyncj": (Persona.EARLY_LEAD, Persona.LIBREOFFICE),
}
BY_FOLDER = frozenset({"jyj", "sthjj", "yjj"})  # these put a file into the inbox folder; the others answer by mail
WITHOUT_SCAN = frozenset({"jtysj"})  # these leads send no sealed scan

MISTAKES = (Persona.WRONG_TOTAL, Persona.OTHERS_FORM, Persona.TEXT, Persona.EMPTY_FILE, Persona.HTML)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a form as a person sees it: the rows and columns found by their labels."""

    sheet: str
    duty: int
    due: date | None
    columns: dict[str, int]
    rows: dict[str, int]
    first: int  # the column right of the labels

    @property
    def is_lead(self) -> bool:
        """Return whether the block stands on the sheet of lead duties."""
        return self.sheet == LEAD_SHEET


@dataclass(slots=True)
class Department:
    """A department's liaison with the newest form of each round on the desk."""

    code: str
    address: str
    name: str = ""
    forms: dict[str, bytes] = field(default_factory=dict)
    letters: dict[str, EmailMessage] = field(default_factory=dict)  # the letter of assignment of each round
    mistake: str | None = None  # the round of a faulty file that no receipt has answered yet


@dataclass(frozen=True, slots=True)
class Sending:
    """Something a department means to do at a time."""

    when: datetime
    department: str
    round: str
    part: str  # cooperating · lead · again · corrected
    flaw: Persona | None = None
    workbook: bytes | None = None  # the corrected copy, where there is one


class City:
    """All departments of a place, between the office's outbox and its inbox."""

    def __init__(self, outbox: Path, inbox: Path, seed: int = 2020) -> None:
        self._outbox, self._inbox, self._seed = outbox, inbox, seed
        self._read: set[str] = set()
        self._departments: dict[str, Department] = {}
        self._rounds: list[str] = []
        self._agenda: dict[tuple[str, str, str], Sending] = {}
        self._desk = _Desk()
        self._sent = 0

    def act(self, now: datetime) -> list[str]:
        """Read the new letters, send what is due, and return what was done, one Chinese line each."""
        done = [line for path in self._new_letters() for line in self._receive(path, now)]
        due = sorted((s for s in self._agenda.values() if s.when <= now), key=lambda s: (s.when, s.department, s.part))
        for sending in due:
            del self._agenda[sending.department, sending.round, sending.part]
            done += self._send(sending, now)
        return done

    def next_action(self) -> datetime | None:
        """Return when somebody next means to send something, if anybody does."""
        return min((sending.when for sending in self._agenda.values()), default=None)

    def draft(self, code: str, now: datetime) -> tuple[str, bytes]:
        """Return the name and bytes of what a department means to send next, without sending it."""
        sending = min((one for one in self._agenda.values() if one.department == code), key=lambda one: one.when)
        department = self._departments[code]
        return f"{department.name}_报表.xlsx", self._fill(department, sending, now, leading=sending.part == "lead")

    def persona(self, code: str, round_id: str) -> Persona:
        """Return how a department behaves in a round, the first two of which are in the table."""
        index = self._rounds.index(round_id)
        return PERSONAS[code][index] if code in PERSONAS and index < 2 else Persona.ON_TIME

    # ---- letters in

    def _new_letters(self) -> list[Path]:
        new = sorted(path for path in self._outbox.rglob("*.eml") if path.name not in self._read)
        self._read.update(path.name for path in new)
        return new

    def _receive(self, path: Path, now: datetime) -> Iterator[str]:
        letter = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
        liaisons = [address for address in _addresses(letter, "To") if address.startswith("liaison.")]
        if not liaisons:  # to a leader or to the office: not for us
            return
        code = liaisons[0].partition("@")[0].removeprefix("liaison.")
        department = self._departments.setdefault(code, Department(code, liaisons[0]))
        kind, round_id = letter.get("X-Liandong-Kind", ""), letter.get("X-Liandong-Round", "")
        if kind == "assignment":
            yield from self._assigned(department, round_id, letter, now)
        elif kind == "bundle":
            self._bundled(department, round_id, letter, now)
        elif kind == "receipt":
            self._answered(department, letter, now)

    def _assigned(self, department: Department, round_id: str, letter: EmailMessage, now: datetime) -> Iterator[str]:
        form = self._own_form(letter, department.name)
        if form is None:
            return
        if round_id not in self._rounds:
            self._rounds.append(round_id)
        seen = self._desk.look(form)
        department.name, department.forms[round_id] = seen.unit or department.code, form
        department.letters[round_id] = letter
        persona = self.persona(department.code, round_id)
        if persona is Persona.SILENT:
            yield f"{department.name}：收到报表，没有动静"
            return
        leads, others = [b for b in seen.blocks if b.is_lead], [b for b in seen.blocks if not b.is_lead]
        mistake = persona if persona in MISTAKES else None
        if others:
            flaw = None if leads else mistake  # with both roles, the mistake is made in the lead's report
            self._plan(department, round_id, "cooperating", self._day(department, round_id, others, persona, now, 4), flaw)
        if leads:
            when = self._day(department, round_id, leads, persona, now, 1)
            if persona is Persona.EARLY_LEAD:
                when = _workday(now, 6, 10)
            self._plan(department, round_id, "lead", when, mistake)

    def _day(
        self, department: Department, round_id: str, blocks: list[Block], persona: Persona, now: datetime, spread: int
    ) -> datetime:
        """Return when a department answers: some working days before the date in the form, or two after it when late."""
        due = min((block.due for block in blocks if block.due), default=now.astimezone(OFFICE_ZONE).date())
        if persona is Persona.LATE:
            return _workday(due, 2, 10)
        before = self._number(department.code, round_id, "day") % spread
        return max(_workday(due, -before, 10), _workday(now, 1, 10))

    def _own_form(self, letter: EmailMessage, name: str) -> bytes | None:
        """Return the attached form that bears the department's own name (the first form when it is not known yet)."""
        for _, data in _workbooks(letter):
            seen = self._desk.look(data)
            if {LEAD_SHEET, COOPERATING_SHEET} & set(seen.sheets) and (not name or seen.unit == name):
                return data
        return None

    def _bundled(self, department: Department, round_id: str, letter: EmailMessage, now: datetime) -> None:
        """The cooperating units' material is there: the lead takes the refreshed form and answers in a day or two."""
        form = self._own_form(letter, department.name)
        if form is not None:
            department.forms[round_id] = form
        waiting = self._agenda.get((department.code, round_id, "lead"))
        if waiting and self.persona(department.code, round_id) is not Persona.LATE:
            days = 1 + self._number(department.code, round_id, "lead") % 2
            when = min(waiting.when, _workday(now, days, 10))
            self._plan(department, round_id, "lead", when, waiting.flaw)

    def _answered(self, department: Department, letter: EmailMessage, now: datetime) -> None:
        """A receipt after a faulty file: mend the cells it names, or send the right file."""
        if department.mistake is None:
            return
        annotated = next((data for _, data in _workbooks(letter) if ERROR_SHEET in self._desk.look(data).sheets), None)
        corrected = None if annotated is None else self._correct(department, department.mistake, annotated)
        self._plan(department, department.mistake, "corrected", _workday(now, 1, 10), None, corrected)
        department.mistake = None

    def _plan(
        self,
        department: Department,
        round_id: str,
        part: str,
        when: datetime,
        flaw: Persona | None,
        workbook: bytes | None = None,
    ) -> None:
        self._agenda[department.code, round_id, part] = Sending(when, department.code, round_id, part, flaw, workbook)

    # ---- answers out

    def _send(self, sending: Sending, now: datetime) -> Iterator[str]:
        department = self._departments[sending.department]
        persona = self.persona(department.code, sending.round)
        name, note = f"{department.name}_报表.xlsx", _manner(persona, sending)
        leading = sending.part != "cooperating" and self._leads(department, sending.round)
        data = sending.workbook or self._fill(department, sending, now, leading)
        if sending.flaw is Persona.EMPTY_FILE:
            data = b""
        elif sending.flaw is Persona.HTML:
            data = _as_html(department.name)
        elif persona in (Persona.XLS, Persona.LIBREOFFICE) and data:
            ending = "xls" if persona is Persona.XLS else "xlsx"
            converted = through_libreoffice(data, ending)
            if converted is None:
                note += "（本机没有 LibreOffice，仍报 .xlsx）"
            else:
                data, name = converted, f"{department.name}_报表.{ending}"
        if sending.flaw:
            department.mistake = sending.round
        if (
            sending.part in ("cooperating", "lead")
            and persona is Persona.SECOND_VERSION
            and (sending.part == "lead" or not self._leads(department, sending.round))
        ):
            self._plan(department, sending.round, "again", _workday(now, 1, 10), None)
        door = self._deliver(department, sending, now, name, data, leading)
        yield f"{department.name}：{door}，{note}"

    def _fill(self, department: Department, sending: Sending, now: datetime, leading: bool) -> bytes:
        """Return the department's form with the blocks of this sending filled in."""
        form, unit = department.forms[sending.round], department.code
        if sending.flaw is Persona.OTHERS_FORM:
            unit, form = next(
                (other.code, other.forms[sending.round])
                for other in sorted(self._departments.values(), key=lambda one: one.code)
                if other.code != department.code and sending.round in other.forms
            )
        book = self._desk.take(form)
        blocks = [block for block in self._desk.look(form).blocks if unit != department.code or block.is_lead == leading]
        persona = self.persona(department.code, sending.round)
        for block in blocks:
            nil = persona is Persona.NIL and sending.part in ("cooperating", "lead")
            version = 2 if sending.part == "again" else 1
            self._fill_block(book[block.sheet], block, self.figures(department.code, sending.round, block, version), nil)
        if blocks:
            spoil(book[blocks[0].sheet], blocks[0], sending.flaw)
        _sign(book, now.astimezone(OFFICE_ZONE).date(), self._number(department.code))
        return _bytes(book)

    def _fill_block(self, sheet: Worksheet, block: Block, figures: dict[str, float], nil: bool) -> None:
        for header, column in block.columns.items():
            own = 0 if nil else figures[header]
            total = own
            for label, row in block.rows.items():
                if label in OWN_LABELS and not nil:
                    sheet.cell(row, column).value = own
                elif label == "配合单位小计":
                    total += _figure(sheet, row, column)
            if "本期合计" in block.rows:
                sheet.cell(block.rows["本期合计"], column).value = _neat(total)
            if "累计" in block.rows:
                previous = _figure(sheet, block.rows["上期累计"], column) if "上期累计" in block.rows else 0
                sheet.cell(block.rows["累计"], column).value = _neat(total + previous)
        if "零报告" in block.rows:
            sheet.cell(block.rows["零报告"], block.first).value = "是" if nil else "否"
        if "工作进展" in block.rows and not nil:
            progress = f"已按任务{block.duty}的要求开展检查和宣传（演示用的虚构文字）。"
            sheet.cell(block.rows["工作进展"], block.first).value = progress

    def figures(self, code: str, round_id: str, block: Block, version: int = 1) -> dict[str, float]:
        """Return the made-up figures a department keeps for a duty in a round, by column header."""
        draw = self._number(code, round_id, str(block.duty))
        inspections = 5 + draw % 60 + (version - 1) * 3
        filed = inspections // 9
        closed = max(0, filed - draw % 2)
        found: dict[str, float] = {}
        for position, header in enumerate(block.columns):
            if "人次" in header:
                value: float = inspections * 2 + draw % 7
            elif "户次" in header or "家次" in header:
                value = inspections
            elif header.startswith("立案"):
                value = filed
            elif header.startswith("结案"):
                value = closed
            elif "移送" in header:
                value = 1 if filed > 4 and draw % 5 == 0 else 0
            elif "罚没" in header:
                value = _neat(closed * (0.35 + draw % 90 / 100))
            elif "万元" in header:
                value = _neat(filed * (0.8 + (draw + position) % 150 / 100))
            else:
                value = (draw >> position) % 12
            found[header] = value
        return found

    def _leads(self, department: Department, round_id: str) -> bool:
        return LEAD_SHEET in self._desk.look(department.forms[round_id]).sheets

    def _correct(self, department: Department, round_id: str, annotated: bytes) -> bytes:
        """Return the annotated copy with exactly the cells mended that its list of errors names."""
        book = self._desk.take(annotated)
        for sheet_name, cell, expected in named_errors(book):
            sheet = book[sheet_name]
            number = _as_number(expected)
            target = sheet[cell]
            if number is None:
                number = self._own_figure(department, round_id, book, sheet_name, target.row, target.column)
            if number is not None:
                target.value = number
        return _bytes(book)

    def _own_figure(
        self, department: Department, round_id: str, book: Workbook, sheet: str, row: int, column: int
    ) -> float | None:
        for block in find_blocks(book):
            for header, at in block.columns.items():
                if block.sheet == sheet and at == column and row in {block.rows.get(label) for label in OWN_LABELS}:
                    return self.figures(department.code, round_id, block)[header]
        return None

    def _deliver(self, department: Department, sending: Sending, now: datetime, name: str, data: bytes, leading: bool) -> str:
        self._sent += 1
        if department.code in BY_FOLDER and sending.flaw is None:
            _put(self._inbox / name, data)
            return f"把“{name}”放进收件文件夹"
        mail = self._reply(department, sending.round, now)
        mail.add_attachment(data, maintype=XLSX[0], subtype=XLSX[1], filename=name)
        if leading:
            summary, scan = f"{department.name}_工作总结.docx", f"{department.name}_盖章扫描件.pdf"
            mail.add_attachment(_docx(department.name), maintype=DOCX[0], subtype=DOCX[1], filename=summary)
            if department.code not in WITHOUT_SCAN:
                mail.add_attachment(_pdf(department.name), maintype="application", subtype="pdf", filename=scan)
        stamp = now.astimezone(OFFICE_ZONE).strftime("%Y%m%d-%H%M")
        _put(self._inbox / f"{stamp}-{self._sent:03}-{department.code}.eml", mail.as_bytes())
        return f"邮件报送“{name}”" + ("，附工作总结" if leading else "")

    def _reply(self, department: Department, round_id: str, now: datetime) -> EmailMessage:
        letter = department.letters[round_id]
        office = _addresses(letter, "From")[0]
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = Address(f"{department.name}联络员", addr_spec=department.address)
        mail["To"] = Address(addr_spec=office)
        mail["Subject"] = f"Re: {letter['Subject']}"
        mail["Date"] = format_datetime(now.astimezone(OFFICE_ZONE))
        token = sha256(f"{self._seed}/{department.code}/{round_id}/{self._sent}".encode()).hexdigest()[:24]
        mail["Message-ID"] = f"<{token}@example.gov.cn>"
        if letter["Message-ID"]:
            mail["In-Reply-To"] = str(letter["Message-ID"])
        name = department.name
        mail.set_content(f"联席会议办公室：\n\n现报送{name}的报表，请查收。\n\n{name}（演示用的虚构来件）\n")
        return mail

    def _number(self, *words: str) -> int:
        """Return a number that depends on nothing but the seed and the words: the same demo every time."""
        return int.from_bytes(sha256("/".join((str(self._seed), *words)).encode()).digest()[:6])


def _manner(persona: Persona, sending: Sending) -> str:
    """Return how a sending is told: a mistake only where it is made."""
    if sending.part == "corrected":
        return "按回执更正后重报"
    if sending.part == "again":
        return "报送更正版（第二版）"
    if sending.flaw is None and persona in MISTAKES:
        return Persona.ON_TIME.value
    if persona is Persona.EARLY_LEAD and sending.part != "lead":
        return Persona.ON_TIME.value
    return persona.value


def find_blocks(book: Workbook) -> Iterator[Block]:
    """Return the blocks of a form, found as a person finds them: by title, header and row labels."""
    for sheet in book.worksheets:
        if sheet.title not in (LEAD_SHEET, COOPERATING_SHEET):
            continue
        titles = [(cell.row, re.match(r"任务\s*(\d+)\s", cell.value)) for cell in _texts(sheet)]
        starts = [(row, int(found[1])) for row, found in titles if found]
        for (start, duty), (end, _) in zip(starts, [*starts[1:], (sheet.max_row + 1, 0)], strict=True):
            block = _block(sheet, duty, start, end)
            if block:
                yield block


def _block(sheet: Worksheet, duty: int, start: int, end: int) -> Block | None:
    texts = [cell for cell in _texts(sheet) if start <= cell.row < end]
    head = next((cell for cell in texts if cell.value == "填报项"), None)
    if head is None:
        return None
    columns = {str(c.value).strip(): c.column for c in texts if c.row == head.row and c.column > head.column}
    rows = {str(c.value).strip(): c.row for c in texts if c.row > head.row and c.column == head.column}
    due = next((found for c in texts if c.row < head.row and (found := _date_in(str(c.value)))), None)
    return Block(sheet.title, duty, due, columns, rows, head.column + 1)


def named_errors(book: Workbook) -> list[tuple[str, str, str]]:
    """Return (sheet, cell, what it should be) of every line in the list of errors that must be mended."""
    columns: dict[str, int] = {}
    found = []
    for row in book[ERROR_SHEET].iter_rows():
        texts = {cell.column: str(cell.value).strip() for cell in row if cell.value is not None}
        if not columns:
            columns = {text: at for at, text in texts.items()} if "单元格" in texts.values() else {}
            continue
        place = re.fullmatch(r"(.+)!\$?([A-Z]{1,3})\$?(\d+)", texts.get(columns["单元格"], ""))
        if place and texts.get(columns["级别"]) == "必须改正":
            found.append((place[1], place[2] + place[3], texts.get(columns["应为"], "")))
    return found


def spoil(sheet: Worksheet, block: Block, flaw: Persona | None) -> None:
    """Make the mistake a persona makes in the first figure of a block."""
    column = next(iter(block.columns.values()))
    if flaw is Persona.WRONG_TOTAL:
        row = block.rows.get("本期合计") or block.rows["累计"]
        sheet.cell(row, column).value = _figure(sheet, row, column) + 10
    elif flaw is Persona.TEXT:
        row = next(block.rows[label] for label in OWN_LABELS if label in block.rows)
        sheet.cell(row, column).value = f"约{_figure(sheet, row, column):g}人"


def through_libreoffice(data: bytes, ending: str) -> bytes | None:
    """Return a workbook opened and saved by LibreOffice, or None where it is not installed."""
    program = shutil.which("soffice")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in", "book.xlsx"), Path(folder, "out")
        source.parent.mkdir()
        source.write_bytes(data)
        command = [program, f"-env:UserInstallation={Path(folder, 'profile').as_uri()}", "--headless", "--convert-to", ending]
        subprocess.run([*command, "--outdir", str(target), str(source)], check=True, capture_output=True, timeout=120)
        return (target / f"book.{ending}").read_bytes()


# ---- workbooks


def _open(data: bytes) -> Workbook:
    return load_workbook(BytesIO(data))


def _bytes(book: Workbook) -> bytes:
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _texts(sheet: Worksheet) -> list[Any]:
    return [cell for row in sheet.iter_rows(min_col=2) for cell in row if isinstance(cell.value, str) and cell.value.strip()]


def _figure(sheet: Worksheet, row: int, column: int) -> float:
    value = sheet.cell(row, column).value
    return value if isinstance(value, int | float) else 0


def _neat(value: float) -> float:
    value = round(value, 2)
    return int(value) if value == int(value) else value


def _as_number(text: str) -> float | None:
    try:
        return _neat(float(text.replace(",", "")))
    except ValueError:
        return None


def _date_in(text: str) -> date | None:
    found = re.search(r"(\d{4})年(\d{1,2})月(\d{1,2})日", text)
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None


def _right_of(sheet: Worksheet, label: Any) -> Any:
    column = label.column + 1
    while isinstance(sheet.cell(label.row, column), MergedCell):
        column += 1
    return sheet.cell(label.row, column)


def _cover_labels(book: Workbook) -> Iterator[tuple[str, Any]]:
    """Return the labels of the cover with the cell right of each."""
    if COVER_SHEET not in book.sheetnames:
        return
    sheet = book[COVER_SHEET]
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                yield cell.value.strip().rstrip("：:"), _right_of(sheet, cell)


@dataclass(frozen=True, slots=True)
class _Glance:
    """What a person sees on opening a workbook: whose it is, its sheets and its blocks."""

    unit: str
    sheets: tuple[str, ...]
    blocks: tuple[Block, ...]


class _Desk:
    """Workbooks that were opened. Opening is most of the work here: one that was only looked at is there to be filled in."""

    def __init__(self, room: int = 40) -> None:
        self._room = room
        self._seen: dict[bytes, _Glance] = {}
        self._books: dict[bytes, Workbook] = {}

    def look(self, data: bytes) -> _Glance:
        """Return what a person sees on opening a workbook."""
        if data not in self._seen:
            book = _open(data)
            unit = next((str(cell.value) for label, cell in _cover_labels(book) if label == "填报单位" and cell.value), "")
            self._seen[data] = _Glance(unit, tuple(book.sheetnames), tuple(find_blocks(book)))
            self._books[data] = book
            if len(self._books) > self._room:
                del self._books[next(iter(self._books))]
        return self._seen[data]

    def take(self, data: bytes) -> Workbook:
        """Return a workbook as it came, to be filled in."""
        return self._books.pop(data, None) or _open(data)


def _sign(book: Workbook, today: date, number: int) -> None:
    answers = {
        "填报人": f"样例甲{number % 90 + 10}",
        "联系电话": "0774-0000000",
        "审核人": f"样例乙{number % 90 + 10}",
        "填报日期": f"{today.year}-{today.month:02}-{today.day:02}",
    }
    for label, cell in _cover_labels(book):
        if label in answers:
            cell.value = answers[label]


# ---- letters and files


def _addresses(letter: EmailMessage, header: str) -> list[str]:
    value = letter[header]
    return [one.addr_spec for one in value.addresses] if value is not None else []


def _workbooks(letter: EmailMessage) -> Iterator[tuple[str, bytes]]:
    for part in letter.iter_attachments():
        name = part.get_filename() or ""
        if name.lower().endswith(".xlsx"):
            yield name, part.get_payload(decode=True)  # type: ignore[misc]


def _put(path: Path, data: bytes) -> None:
    """Write a file so that nobody sees half of it, beside an earlier one of the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    target, count = path, 1
    while target.exists():
        count += 1
        target = path.with_name(f"{path.stem}（{count}）{path.suffix}")
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as stream:
        stream.write(data)
    Path(stream.name).chmod(0o644)
    Path(stream.name).rename(target)


def _workday(start: date | datetime, days: int, hour: int) -> datetime:
    """Return an hour of the day that lies so many Mondays to Fridays away; departments keep no holiday calendar here."""
    day = start.astimezone(OFFICE_ZONE).date() if isinstance(start, datetime) else start
    step = timedelta(days=1 if days > 0 else -1)
    while day.weekday() > 4:
        day += step
    for _ in range(abs(days)):
        day += step
        while day.weekday() > 4:
            day += step
    return datetime.combine(day, time(hour), OFFICE_ZONE)


def _as_html(name: str) -> bytes:
    table = f"<table><tr><td>{name}</td><td>本期</td></tr></table>"
    return f"<html><head><meta charset='utf-8'></head><body>{table}</body></html>".encode()


def _docx(name: str) -> bytes:
    """Return the smallest document a word processor opens: the five headings, each with a made-up sentence."""
    lines = [f"{name}工作总结（演示用的虚构文字）"]
    lines += [text for heading in HEADINGS for text in (heading, "本段为演示文字，不含真实情况。")]
    body = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    ns = "http://schemas.openxmlformats.org"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{ns}/package/2006/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{ns}/package/2006/relationships"><Relationship Id="rId1" Type='
        f'"{ns}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{ns}/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>',
    }
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in parts.items():
            archive.writestr(path, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
    return stream.getvalue()


def _pdf(name: str) -> bytes:
    """Return a one-page file that stands for the sealed scan and says so, with a red square for the seal."""
    text = f"{name}（演示：代替加盖公章的扫描件）".encode("utf-16-be").hex()
    page = f"BT /F1 14 Tf 72 700 Td <{text}> Tj ET 0.8 0 0 RG 3 w 380 600 90 90 re S".encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 7 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120"
        b"/CapHeight 880/StemV 93>>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(out),
    )  # fmt: skip
