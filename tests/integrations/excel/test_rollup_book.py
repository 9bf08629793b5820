from dataclasses import replace
from io import BytesIO

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from campaigns.definition import Indicator
from campaigns.plan import expand
from campaigns.rollup import roll_up
from campaigns.states import Standing
from campaigns.workdays import OfficeHours
from integrations.excel.rollup_book import write_rollup
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, small_definition, small_directory
from tests.campaigns.test_rollup import AFTER, fact, rolled


def test_a_reader_that_does_not_calculate_sees_the_totals_and_a_sheet_that_does_keeps_them_live() -> None:
    data = write_rollup(rolled())
    values = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_name("汇总(按任务)").to_python()
    header, total = values[3], values[-1]
    assert total[header.index("出动执法人员（人次）")] == 15 and total[header.index("罚没款（万元）")] == 0.3
    assert (total[header.index("应报")], total[header.index("已报")]) == (9, 3)
    sheet = load_workbook(BytesIO(data))["汇总(按任务)"]
    assert sheet.cell(sheet.max_row, header.index("出动执法人员（人次）") + 1).value == "=SUM(F5:F7)"


def test_the_book_says_who_reported_who_did_not_and_where_each_figure_came_from() -> None:
    book = load_workbook(BytesIO(write_rollup(rolled())), data_only=True)
    assert book.sheetnames == ["汇总(按任务)", "按单位", "任务单位明细", "报送情况", "未报名单", "覆盖率", "来源"]
    missing = {row[1].value for row in book["未报名单"].iter_rows(min_row=5)}
    assert "市发展改革委" in missing and "西山县" not in missing
    origin = [[cell.value for cell in row] for row in book["来源"].iter_rows(min_row=5)]
    assert origin[0][1:9] == [1, "市市场监管局", "牵头", "出动执法人员（人次）", 10, "表.xlsx", "配合任务", "C7"]
    assert all("报送率33.3%" in sheet["A3"].value for sheet in book)
    by_department = {row[1].value: row[4].value for row in book["按单位"].iter_rows(min_row=5)}
    assert (by_department["市文旅局"], by_department["市公安局"]) == (0, None)  # zero was reported, nothing was not
    for name in ("汇总(按任务)", "按单位", "任务单位明细"):
        heads, *_, total = book[name].iter_rows(min_row=4, values_only=True)
        assert (total[heads.index("出动执法人员（人次）")], total[heads.index("立案（件）")]) == (15, None)


def test_every_figure_leads_to_its_file_and_cell_and_every_total_is_a_live_sum_of_them() -> None:
    found = rolled()
    data = write_rollup(found)
    live, shown = load_workbook(BytesIO(data)), load_workbook(BytesIO(data), data_only=True)
    led = 0
    for row in live["任务单位明细"].iter_rows(min_row=5, min_col=6, max_row=live["任务单位明细"].max_row - 1):
        for cell in filter(lambda cell: cell.value is not None, row):
            at = int(cell.hyperlink.location.removeprefix("来源!A"))
            line = [one.value for one in shown["来源"][at]]
            assert (line[5], line[1]) == (cell.value, live["任务单位明细"].cell(cell.row, 1).value)
            assert line[10] >= 1 and line[11] == found.facts[at - 5].envelope
            assert line[12:] == ["2020年11月20日（周五）10:00", "swj@example.gov.cn"]
            led += 1
    assert led == len(found.facts) > 0
    for name in ("汇总(按任务)", "按单位"):
        for row, values in zip(live[name].iter_rows(min_row=5), shown[name].iter_rows(min_row=5), strict=True):
            for cell, value in zip(row, values, strict=True):
                if isinstance(cell.value, str) and cell.value.startswith("=SUM(任务"):
                    parts = cell.value[5:-1].split(",")
                    added = sum(shown["任务单位明细"][part.split("!")[1]].value for part in parts)
                    assert abs(added - value.value) < 1e-9


def test_a_total_that_is_no_sum_leads_to_the_first_line_it_is_made_of() -> None:
    """A ratio of the period leads to its line there; a cumulative figure to the first one of the rounds before."""
    small = small_definition()
    (form,) = small.forms
    rate = Indicator(id="rate", label="结案率", unit="%", decimals=1, ratio_of=("cases_closed", "cases_filed"))
    with_rate = form.model_copy(update={"indicators": (*form.indicators, rate)})
    plan = expand(small.model_copy(update={"forms": (with_rate,)}), small_directory(), WORKDAYS, OfficeHours())
    owed = {one.id: one for of in (FIRST_ROUND, SECOND_ROUND) for one in plan.expected_in(of)}
    facts = []
    for of, filed in ((FIRST_ROUND, "8"), (SECOND_ROUND, "4")):
        for unit in ("swj", "wlj"):
            mine = owed[f"{of}/1/{unit}"]
            facts += [fact(mine, "cases_filed", filed), fact(mine, "cases_closed", "2")]
    standings = {code: Standing(one.due_at) for code, one in owed.items()}
    found = roll_up(plan, SECOND_ROUND, facts, standings, AFTER)
    book = load_workbook(BytesIO(write_rollup(found)))

    def led(name: str, row: int) -> dict[str, tuple[object, ...]]:
        heads = {cell.column: cell.value for cell in book[name][4]}
        origins = {heads[cell.column]: cell.hyperlink.location.split("!A") for cell in book[name][row] if cell.hyperlink}
        return {
            head: (sheet, *(book[sheet].cell(int(line), column).value for column in (3, 5, 6)))
            for head, (sheet, line) in origins.items()
        }

    assert led("汇总(按任务)", 5) == {"结案率（%）": ("来源", "市商务局", "结案（件）", 2)}
    assert (
        led("累计(按任务)", 5)
        == led("累计(按单位)", 6)
        == {
            "立案（件）": ("以前各期来源", "市商务局", "立案（件）", 8),
            "结案（件）": ("以前各期来源", "市商务局", "结案（件）", 2),
            "结案率（%）": ("以前各期来源", "市商务局", "结案（件）", 2),
        }
    )
    before = [cell.value for cell in book["以前各期来源"][5]]
    assert before[12:] == ["2020年11月20日（周五）10:00", "swj@example.gov.cn", "2020年下半年"]


def test_no_name_can_become_a_formula_or_break_the_book() -> None:
    found = rolled()
    names = {**found.departments, "swj": "=cmd|'/c calc'!A1\x00\x07"}
    found = replace(found, departments=names, facts=tuple(one._replace(file="=1+1\ud800.xlsx") for one in found.facts))
    book = load_workbook(BytesIO(write_rollup(found)))
    formulas = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert formulas and all(formula.startswith("=SUM(") for formula in formulas)
    assert "=cmd|'/c calc'!A1" in {row[1].value for row in book["按单位"].iter_rows(min_row=5)}


def test_a_reader_that_trusts_the_stated_size_of_a_sheet_sees_every_source() -> None:
    found = rolled()
    book = load_workbook(BytesIO(write_rollup(found)), read_only=True)
    assert len(list(book["来源"].iter_rows(min_row=5))) == len(found.facts) > 0


def test_the_same_roll_up_gives_the_same_bytes() -> None:
    assert write_rollup(rolled()) == write_rollup(rolled())
