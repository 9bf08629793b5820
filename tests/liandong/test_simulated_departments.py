"""The simulated departments answer letters as the table of personas says, knowing only letters and labels."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from liandong.simulated_departments import BY_FOLDER, ERROR_SHEET, MISTAKES, PERSONAS, City, Persona, find_blocks

HEADERS = ["出动执法人员（人次）", "检查经营主体（户次）", "立案（件）", "结案（件）", "罚没款（万元）"]
START = datetime(2020, 10, 22, 0, 30, tzinfo=UTC)
ROUNDS = ("c/r-1", "c/r-2")
DUE = {
    "c/r-1": ("2020年11月26日（周四）17:30", "2020年12月3日（周四）17:30"),
    "c/r-2": ("2021年6月11日（周五）", "2021年6月20日（周日）"),
}
LEAD_ROWS = ["本单位本期", "配合单位小计", "本期合计", "上期累计", "累计", "配合单位情况", "工作进展", "零报告"]
COOPERATING_ROWS = ["本期", "上期累计", "累计", "工作进展", "零报告"]


def form(unit: str, round_id: str, lead: list[int], cooperating: list[int]) -> bytes:
    book = Workbook()
    cover = book.active
    cover.title = "填报说明"
    for row, label in enumerate(["填报单位", "填报人", "联系电话", "审核人", "填报日期"], start=2):
        cover.cell(row, 2).value = label
    cover["C2"] = unit
    for sheet_name, duties, rows, due in (
        ("牵头任务", lead, LEAD_ROWS, DUE[round_id][1]),
        ("配合任务", cooperating, COOPERATING_ROWS, DUE[round_id][0]),
    ):
        if not duties:
            continue
        sheet, at = book.create_sheet(sheet_name), 3
        for duty in duties:
            sheet.cell(at, 2).value = f"任务{duty}　演示任务"
            sheet.cell(at + 1, 2).value = f"本单位角色：{sheet_name[:2]}　截止：{due}"
            for column, text in enumerate(["填报项", *HEADERS], start=2):
                sheet.cell(at + 2, column).value = text
            for row, label in enumerate(rows, start=at + 3):
                sheet.cell(row, 2).value = label
                for column in range(3, 3 + len(HEADERS)):
                    if label in ("配合单位小计", "上期累计"):
                        sheet.cell(row, column).value = 4
                    elif label in ("本期合计", "累计"):
                        sheet.cell(row, column).value = "=1+1"
            at += len(rows) + 4
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def letter(outbox: Path, name: str, kind: str, code: str, round_id: str, subject: str, *books: bytes) -> None:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"] = "office@example.gov.cn", f"liaison.{code}@example.gov.cn"
    mail["Subject"], mail["Message-ID"] = subject, f"<{name}@example.gov.cn>"
    mail["X-Liandong-Kind"], mail["X-Liandong-Round"], mail["X-Liandong-Department"] = kind, round_id, code
    mail.set_content("请查收。")
    for number, book in enumerate(books):
        mail.add_attachment(book, maintype="application", subtype="octet-stream", filename=f"报表{number}.xlsx")
    (outbox / f"{name}.eml").write_bytes(mail.as_bytes())


class Office:
    """A hand-made office: it hands out forms and collects what lies in the inbox."""

    def __init__(self, folder: Path) -> None:
        self.outbox, self.inbox = folder / "outbox", folder / "inbox"
        self.outbox.mkdir()
        self.inbox.mkdir()
        self.city = City(self.outbox, self.inbox)

    def open_round(self, round_id: str, duties: dict[str, tuple[list[int], list[int]]], now: datetime) -> None:
        for code, (lead, cooperating) in duties.items():
            number = ROUNDS.index(round_id)
            book = form(f"单位{code}", round_id, lead, cooperating)
            letter(self.outbox, f"{number}-1-{code}", "assignment", code, round_id, "【联合执法】分工", book)
        self.city.act(now)

    def pass_time(self, until: datetime) -> Iterator[tuple[datetime, str]]:
        while (moment := self.city.next_action()) and moment <= until:
            yield from ((moment, line) for line in self.city.act(moment))

    def received(self, code: str) -> list[tuple[str, bytes]]:
        """Return (file name, bytes) of what a department has sent, in order, from mails and from the folder."""
        found = [(p.name, p.read_bytes()) for p in sorted(self.inbox.iterdir()) if p.name.startswith(f"单位{code}_")]
        for path in sorted(self.inbox.glob(f"*-{code}.eml")):
            mail = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
            assert f"liaison.{code}@" in mail["From"]
            assert mail["Subject"] == "Re: 【联合执法】分工"
            assert mail["In-Reply-To"].endswith(f"-1-{code}@example.gov.cn>")
            found += [(part.get_filename() or "", part.get_content()) for part in mail.iter_attachments()]
        return found


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def own_row(data: bytes) -> list[object]:
    book = load_workbook(BytesIO(data))
    block = next(find_blocks(book))
    row = block.rows.get("本单位本期") or block.rows["本期"]
    return [book[block.sheet].cell(row, column).value for column in block.columns.values()]


def who(persona: Persona, a_round: int) -> str:
    return next(code for code, personas in PERSONAS.items() if personas[a_round] is persona)


def test_each_persona_occurs_over_the_two_rounds() -> None:
    assert {persona for pair in PERSONAS.values() for persona in pair} == set(Persona)
    assert BY_FOLDER


def test_a_cooperating_department_fills_its_row_and_signs_before_the_date(office: Office) -> None:
    office.open_round(ROUNDS[0], {"ontime": ([], [1, 2])}, START)
    lines = list(office.pass_time(START + timedelta(days=60)))
    [(name, data)] = office.received("ontime")
    assert name == "单位ontime_报表.xlsx"
    assert lines[0][0].date() <= datetime(2020, 11, 26, tzinfo=UTC).date()
    book = load_workbook(BytesIO(data))
    assert book["填报说明"]["C3"].value
    blocks = list(find_blocks(book))
    assert [block.duty for block in blocks] == [1, 2]
    for block in blocks:
        sheet = book[block.sheet]
        for column in block.columns.values():
            own, previous, total = (sheet.cell(block.rows[label], column).value for label in ("本期", "上期累计", "累计"))
            assert total == pytest.approx(own + previous)
        assert sheet.cell(block.rows["零报告"], block.first).value == "否"


def test_a_lead_waits_for_the_cooperating_units_material_and_uses_its_form(office: Office) -> None:
    office.open_round(ROUNDS[0], {"both": ([7], [9])}, START)
    list(office.pass_time(datetime(2020, 11, 26, 10, tzinfo=UTC)))
    [(_, first)] = office.received("both")
    assert own_row(first) == [None] * len(HEADERS)  # the lead's block is left blank until the material is there
    other = form("单位other", ROUNDS[0], [], [7])
    letter(
        office.outbox, "0-2-both", "bundle", "both", ROUNDS[0], "【配合单位材料】", other, form("单位both", ROUNDS[0], [7], [9])
    )
    office.city.act(datetime(2020, 11, 27, 0, 30, tzinfo=UTC))
    lines = list(office.pass_time(datetime(2020, 12, 3, 9, tzinfo=UTC)))
    assert len(lines) == 1
    assert datetime(2020, 11, 27, 12, tzinfo=UTC) < lines[0][0] < datetime(2020, 12, 3, 9, 30, tzinfo=UTC)
    names = [name for name, _ in office.received("both")]
    assert names[1:] == ["单位both_报表.xlsx", "单位both_工作总结.docx", "单位both_盖章扫描件.pdf"]
    sent = office.received("both")[1][1]
    book = load_workbook(BytesIO(sent))
    assert book["填报说明"]["C2"].value == "单位both"
    assert None not in own_row(sent)
    lead, cooperating = find_blocks(book)
    assert book[lead.sheet].cell(lead.rows["本期合计"], 3).value == own_row(sent)[0] + 4
    assert book[cooperating.sheet].cell(cooperating.rows["本期"], 3).value is None  # sent once already


def test_the_late_come_late_the_silent_never_and_nil_is_ticked(office: Office) -> None:
    late, silent, nil = who(Persona.LATE, 0), who(Persona.SILENT, 0), who(Persona.NIL, 0)
    office.open_round(ROUNDS[0], {code: ([], [1]) for code in (late, silent, nil)}, START)
    moments = {line.partition("：")[0]: moment for moment, line in office.pass_time(START + timedelta(days=90))}
    assert moments[f"单位{late}"].date() > datetime(2020, 11, 26, tzinfo=UTC).date()
    assert office.received(silent) == []
    [(_, data)] = office.received(nil)
    book = load_workbook(BytesIO(data))
    block = next(find_blocks(book))
    assert book[block.sheet].cell(block.rows["零报告"], block.first).value == "是"
    assert set(own_row(data)) == {None}


@pytest.mark.parametrize("persona", MISTAKES)
def test_a_mistake_is_made_once_and_mended_after_the_receipt(office: Office, persona: Persona) -> None:
    code = who(persona, 0)
    office.open_round(ROUNDS[0], {code: ([5], []), "zz": ([5], [])}, START)
    [moment] = [m for m, line in office.pass_time(START + timedelta(days=90)) if f"单位{code}：" in line]
    wrong = next(data for name, data in office.received(code) if name.endswith(".xlsx"))
    letter(office.outbox, f"0-3-{code}", "receipt", code, ROUNDS[0], "【退回修改】", *_annotated(wrong, persona))
    assert office.city.act(moment + timedelta(hours=2)) == []
    assert len(list(office.pass_time(moment + timedelta(days=9)))) == 1
    right = [data for name, data in office.received(code) if name.endswith(".xlsx")][-1]
    assert right != wrong
    book = load_workbook(BytesIO(right))
    assert book["填报说明"]["C2"].value == f"单位{code}"
    block = next(find_blocks(book))
    assert book[block.sheet].cell(block.rows["本期合计"], 3).value == own_row(right)[0] + 4
    letter(office.outbox, f"0-4-{code}", "receipt", code, ROUNDS[0], "【回执】")
    office.city.act(moment + timedelta(days=10))
    assert office.city.next_action() is None


def _annotated(data: bytes, persona: Persona) -> list[bytes]:
    """Return the copy an office would send back, where the file could be read at all."""
    if persona not in (Persona.WRONG_TOTAL, Persona.TEXT):
        return []
    book = load_workbook(BytesIO(data))
    errors = book.create_sheet(ERROR_SHEET, 0)
    block = next(find_blocks(book))
    own, total = block.rows["本单位本期"], block.rows["本期合计"]
    errors.append(["错误清单"])
    errors.append(["序号", "单元格", "现值", "应为", "怎么改", "级别"])
    if persona is Persona.TEXT:
        assert "约" in str(book["牵头任务"].cell(own, 3).value)
        errors.append([1, f"牵头任务!C{own}", "约", "不小于0的整数", "请填数字", "必须改正"])
    else:
        expected = book["牵头任务"].cell(own, 3).value + 4
        assert book["牵头任务"].cell(total, 3).value == expected + 10
        errors.append([1, f"牵头任务!C{total}", "", str(expected), "请改为合计", "必须改正"])
    stream = BytesIO()
    book.save(stream)
    return [stream.getvalue()]


def test_somebody_sends_another_departments_form_from_the_own_mailbox(office: Office) -> None:
    code = who(Persona.OTHERS_FORM, 0)
    office.open_round(ROUNDS[0], {"aa": ([], [3]), code: ([], [4])}, START)
    list(office.pass_time(START + timedelta(days=60)))
    [(_, data)] = office.received(code)
    assert load_workbook(BytesIO(data))["填报说明"]["C2"].value == "单位aa"


def test_a_second_version_differs_from_the_first(office: Office) -> None:
    code = who(Persona.SECOND_VERSION, 0)
    office.open_round(ROUNDS[0], {code: ([], [3])}, START)
    list(office.pass_time(START + timedelta(days=60)))
    first, second = (own_row(data) for _, data in office.received(code))
    assert first[0] < second[0]


@pytest.mark.office
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_some_files_pass_through_libreoffice(office: Office) -> None:
    xls, xlsx = who(Persona.XLS, 0), who(Persona.LIBREOFFICE, 0)
    office.open_round(ROUNDS[0], {xls: ([], [3]), xlsx: ([], [3])}, START)
    list(office.pass_time(START + timedelta(days=60)))
    [(name, data)] = office.received(xls)
    assert name.endswith(".xls")
    assert data.startswith(bytes.fromhex("d0cf11e0"))
    [(name, data)] = office.received(xlsx)
    assert None not in own_row(data)


def test_the_same_seed_gives_the_same_city(tmp_path: Path) -> None:
    def sent(name: str) -> dict[str, list[object]]:
        (tmp_path / name).mkdir()
        office = Office(tmp_path / name)
        office.open_round(ROUNDS[0], {"one": ([], [3]), "two": ([], [3])}, START)
        list(office.pass_time(START + timedelta(days=60)))
        return {code: own_row(office.received(code)[0][1]) for code in ("one", "two")}

    assert sent("a") == sent("b")
    assert sent("a2")["one"] != sent("b2")["two"]
