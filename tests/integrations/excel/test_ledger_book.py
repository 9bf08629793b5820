"""The ledger as a workbook: what each unit owes in each round, in words and in red, yellow and green."""

from dataclasses import replace
from io import BytesIO

from openpyxl import load_workbook

from campaigns.ledger_view import Entry, LedgerView, RoundView, Unit
from integrations.excel.ledger_book import write_ledger


def entry(duty: int, state: str, role: str = "配合", **more: bool) -> Entry:
    return Entry(duty, f"任务名称{duty}", role, "市市场监管局", state, "2020年11月26日（周四）17:30", **more)


FIRST = RoundView(
    "a/1",
    "2020年下半年",
    "报送中",
    units=(
        Unit("swj", "市商务局", (entry(1, "已报送"), entry(2, "零报告", "牵头"), entry(3, "免报")), "张甲", "0000-0000000"),
        Unit("gaj", "市公安局", (entry(1, "逾期未报"), entry(3, "迟报"))),
        Unit("wlj", "市文旅局", (entry(1, "退回"), entry(3, "办理中", extended=True))),
        Unit("dong", "东山县", (entry(1, "办理中"), entry(3, "已报送"))),
    ),
)
VIEW = LedgerView(
    "市联席办", "office@example.gov.cn", "专项行动", "行动", "2020年11月27日", rounds=(FIRST, RoundView("a/2", "下期", ""))
)
GREEN, RED, YELLOW, GREY = "00C6EFCE", "00FFC7CE", "00FFEB9C", "00F2F2F2"


def test_units_and_rounds_in_words_and_colours() -> None:
    book = load_workbook(BytesIO(write_ledger(VIEW)))
    assert book.sheetnames == ["台账", "2020年下半年"]
    rows = list(book["台账"].iter_rows(min_row=5, max_row=8))
    assert [(row[1].value, row[4].value, row[4].fill.start_color.rgb) for row in rows] == [
        ("市商务局", "已报送1，零报告1，免报1", GREEN),
        ("市公安局", "逾期未报1，迟报1", RED),
        ("市文旅局", "退回1，办理中1（延1）", YELLOW),
        ("东山县", "办理中1，已报送1", GREY),
    ]
    assert rows[0][3].value == "0000-0000000"
    assert book["台账"]["E9"].value == "应报8，按时2，零报告1，迟报1，逾期1，未到期3，另有免报等1；报送率50%"
    cells = [[(cell.value, cell.fill.start_color.rgb) for cell in row[2:]] for row in book["2020年下半年"].iter_rows(min_row=5)]
    assert cells[2] == [("退回", YELLOW), (None, "00000000"), ("办理中（延）", GREY)]
    assert book["2020年下半年"].page_setup.orientation == "landscape" and book["台账"].print_title_rows == "$4:$4"


def test_a_round_of_few_duties_fills_its_page_and_every_line_can_be_read() -> None:
    sheet = load_workbook(BytesIO(write_ledger(replace(VIEW, office="某某市某某专项行动联席会议办公室" * 5))))["2020年下半年"]
    assert sheet.column_dimensions["C"].width == 26
    assert sheet.row_dimensions[2].height > 20


def test_the_same_ledger_is_the_same_bytes() -> None:
    assert write_ledger(VIEW) == write_ledger(VIEW)
