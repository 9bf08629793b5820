"""Duty tables as offices keep them: what they say plainly is taken, whatever is doubtful waits for a person."""

import pytest

from campaigns.duty_table import Cell, drafted, heading
from campaigns.errors import UnreadableFile

HEADS = ("序号", "任务", "牵头单位", "配合单位", "完成时限")


def grid(*rows: tuple[str, ...], heads: tuple[str, ...] = HEADS) -> list[list[Cell]]:
    return [[Cell(text, f"{'ABCDEFG'[at]}{row}") for at, text in enumerate(cells)] for row, cells in enumerate((heads, *rows), 1)]


def fields(row: tuple[str, ...], heads: tuple[str, ...] = HEADS) -> dict[str, str]:
    (one,) = drafted(grid(row, heads=heads)).duties
    return {line.key: line.value for line in one.lines} | ({"doubts": "；".join(one.doubts)} if one.doubts else {})


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026年6月底前", "2026-06"),
        ("2026年6月", "2026-06"),
        ("2026年6月30日前", "2026-06-30"),
        ("2026年6月30日前完成", "2026-06-30"),
        ("２０２６年６月３０日", "2026-06-30"),
        ("2026年底前", "2026-12"),
        ("2026年第三季度", "2026-09"),
        ("2026年二季度末前", "2026-06"),
        ("6月底前", "待定"),
        ("2026年6月31日", "待定"),
        ("2026年6月25前", "待定"),
        ("20201020日", "待定"),
        ("202111", "待定"),
        ("2026年6月中旬", "待定"),
        ("每月底前", ""),
        ("按上级要求", "待定"),
        ("2026.6.30", "2026-06-30"),
        ("2026/6/30前", "2026-06-30"),
        ("2026年3月—11月", "待定"),
        ("2026年5月底前并长期坚持", "待定"),
        ("长期坚持", ""),
        ("持续推进", ""),
    ],
)
def test_only_a_whole_date_becomes_a_date(text: str, due: str) -> None:
    assert fields(("1", "检查", "市公安局", "", text)).get("due", "") == due


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("6月底前", "E2：6月底前（没有写年份）"),
        ("20201020日", "E2：20201020日（读不准，可能缺字，可能是 2020-10-20）"),
        ("202111", "E2：202111（读不准，可能缺字，可能是 2021-01-01 或 2021-11）"),
        ("按上级要求", "E2：按上级要求（不是日期）"),
        ("6月、12月底前", "E2：6月、12月底前（不止一个日期）"),
        ("2026年底前，持续推进", "E2：2026年底前，持续推进（既有日期又说长期）"),
    ],
)
def test_what_a_doubtful_date_may_mean_is_told(text: str, said: str) -> None:
    (one,) = drafted(grid(("1", "检查", "市公安局", "", text))).duties

    assert next(line.comment for line in one.lines if line.key == "due") == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("市公安局", {"lead": "[市公安局]"}),
        ("市公安局、市教育局", {"lead": "[市公安局, 市教育局]"}),
        ("市公安局，市教育局", {"lead": "[市公安局, 市教育局]"}),
        ("市公安局\n市教育局", {"lead": "[市公安局, 市教育局]"}),
        ("市住建局、文旅局", {"lead": "[市住建局, 市文旅局]"}),
        ("各县(市、区)人民政府", {"lead": "[各县(市、区)人民政府]"}),
        ("市公安局牵头，市教育局、市民政局配合", {"lead": "[市公安局]", "cooperating": "[市教育局, 市民政局]"}),
        ("市公安局（牵头）", {"lead": "[市公安局]"}),
        ("各牵头单位", {"lead": "[各牵头单位]"}),
        ("各项目牵头单位、市教育局", {"lead": "[各项目牵头单位, 市教育局]"}),
        ("市公安局牵头负责", {"lead": "[市公安局]"}),
        ("市教育局、市民政局按职责分工分别负责", {"joint_leads": "[市教育局, 市民政局]"}),
        ("市公安局牵头，市教育局、市民政局按职责分工负责", {"units": "[市公安局, 市教育局, 市民政局]"}),
        ("牵头单位：市公安局，配合单位：市教育局、市民政局", {"lead": "[市公安局]", "cooperating": "[市教育局, 市民政局]"}),
        ("牵头单位：\n市公安局\n配合单位：\n市教育局\n市民政局", {"lead": "[市公安局]", "cooperating": "[市教育局, 市民政局]"}),
        ("责任领导：李四；牵头单位：市公安局", {"lead": "[市公安局]"}),
        ("市公安局，市教育局配合", {"lead": "[市公安局]", "cooperating": "[市教育局]"}),
        (
            "市公安局（牵头）、市教育局、市民政局（配合）",
            {"lead": "[市公安局]", "units": "[市教育局]", "cooperating": "[市民政局]"},
        ),
        ("由市公安局牵头，会同市教育局", {"lead": "[市公安局]", "units": "[市教育局]"}),
        ("市公安局，各区政府、管委会", {"lead": "[市公安局, 各区政府, 管委会]"}),
        ("市场监管局、公安局", {"lead": "[市场监管局, 公安局]"}),
    ],
)
def test_roles_are_as_the_cell_says(text: str, expected: dict[str, str]) -> None:
    found = fields(("1", "检查", text, "", ""))

    assert {key: found[key] for key in ("lead", "joint_leads", "cooperating", "units") if key in found} == expected


@pytest.mark.parametrize(
    "heads",
    [
        ("序号", "重点任务", "牵头部门", "参与部门", "完成时间"),
        ("编号", "工作事项", "主办单位", "协办单位", "时限要求"),
        ("序 号", "任  务", "牵头\n单位", "配合\n单位", "完成\n时限"),
    ],
)
def test_heads_are_worded_in_many_ways(heads: tuple[str, ...]) -> None:
    found = fields(("1", "检查", "市公安局", "市教育局", "2026年6月底前"), heads)

    assert found == {"number": "1", "title": "检查", "lead": "[市公安局]", "cooperating": "[市教育局]", "due": "2026-06"}


def test_a_recurring_date_is_no_end_of_the_work_and_is_told() -> None:
    said = fields(("1", "检查", "市公安局", "", "每月25日前"))
    assert said["doubts"] == "E2“每月25日前”是定期报送的时间，不是完成时限，请写进 reports 的 clock"


def test_the_text_above_the_heads_is_the_table_s_title() -> None:
    table = grid(HEADS, ("1", "检查", "市公安局", "", ""), heads=("附件", "2025年放心消费专项行动责任分工表", "", "", ""))
    found = heading(table)
    assert found is not None and (found.text, found.place) == ("2025年放心消费专项行动责任分工表", "B1")
    assert heading(table[1:]) is None


def test_units_whose_role_is_open_stay_open() -> None:
    heads = ("序号", "任务", "责任单位", "完成时限")

    assert fields(("1", "检查", "市公安局、市教育局", "2026年底前"), heads)["units"] == "[市公安局, 市教育局]"


def test_blank_and_merged_cells_take_what_stands_above_and_say_so() -> None:
    table = grid(
        ("一、净化市场", "", "", "", ""),
        ("1", "检查", "市公安局", "市教育局", "2026年6月底前"),
        ("1", "宣传", "", "", ""),
    )
    table[3][4] = Cell("", "E4", merged=True)
    first, second = drafted(table).duties

    assert {line.key: line.comment for line in second.lines} == {
        "number": "A4",
        "title": "B4",
        "chapter": "A2",
        "lead": "C3（C4空白）：市公安局",
        "due": "E3（E4合并）：2026年6月底前",
    }
    assert second.doubts == ["A4写的是“1”，暂编为2", "C4空白，按C3填"]
    assert first.doubts == []


def test_a_heading_whose_number_has_a_cell_of_its_own_is_a_chapter_unless_all_are_numbered_like_it() -> None:
    said = ("净化市场", "", "", "")
    (duty,) = drafted(grid(("一", *said), ("1", "检查", "市公安局", "", ""))).duties
    assert next((line.value, line.comment) for line in duty.lines if line.key == "chapter") == ("一、净化市场", "A2")
    assert duty.doubts == []

    assert len(drafted(grid(("一", "检查", "市公安局", "", ""), ("二", *said))).duties) == 2


def test_a_second_measure_of_a_duty_keeps_its_title() -> None:
    heads = ("序号", "工作任务", "具体措施", "条款", "牵头单位")
    table = grid(
        ("1", "整治预付式消费", "摸排发卡企业", "二（一）", "市商务局"),
        ("2", "", "查处格式条款", "", "市市场监管局"),
        ("3", "", "", "", "市公安局"),
        heads=heads,
    )
    table[2][1] = Cell("", "B3", merged=True)
    first, second, third = drafted(table).duties

    assert [(line.key, line.value, line.comment) for line in first.lines][1:4] == [
        ("title", "整治预付式消费", "B2"),
        ("content", "摸排发卡企业", "C2"),
        ("clause", "二（一）", "D2"),
    ]
    assert [(line.key, line.value, line.comment) for line in second.lines][1:3] == [
        ("title", "整治预付式消费", "B2（B3合并）"),
        ("content", "查处格式条款", "C3"),
    ]
    assert second.doubts == [] and third.doubts == ["B4没有写任务"]


def test_departments_that_are_not_all_named_are_asked_about() -> None:
    said = fields(("1", "检查", "市公安局", "市教育局、市民政局等部门", ""))
    assert (said["cooperating"], said["doubts"]) == ("[市教育局, 市民政局]", "D2写了“等”，没有列全，请核对还有哪些单位")


def test_heads_may_take_two_rows_and_come_again_on_the_next_page() -> None:
    heads = ("序号", "工作任务", "", "责任分工", "", "时限", "备注")
    below = ("", "重点任务", "具体措施", "牵头单位", "配合单位", "", "")
    one, two = (
        ("1", "摸底", "建台账", "市公安局", "市教育局", "2026年6月底", "每户一档"),
        ("2", "宣传", "", "市公安局", "", "", ""),
    )
    found = drafted(grid(below, one, heads, below, two, heads=heads))
    first, second = ({line.key: line.value for line in duty.lines} for duty in found.duties)

    assert first == {
        "number": "1", "title": "摸底", "content": "建台账", "lead": "[市公安局]", "cooperating": "[市教育局]", "due": "2026-06",
    }  # fmt: skip
    assert second["number"] == "2" and second["title"] == "宣传"
    assert found.remarks == ["G1“备注”这一列有1格内容，没有取用"]


def test_tables_with_the_same_heads_go_on_and_what_is_none_is_told() -> None:
    other = grid(("第一组", "李四"), heads=("组别", "组长"))
    bare = grid(heads=("3", "考核", "市公安局", "", ""))
    found = drafted(
        other,
        grid(("1", "检查", "市公安局", "", "")),
        grid(("2", "宣传", "市教育局", "", ""), ("注：以上各项按月调度。", *[""] * 4)),
        bare,
    )

    assert [[line.value for line in one.lines[:3]] for one in found.duties] == [
        ["1", "检查", "[市公安局]"],
        ["2", "宣传", "[市教育局]"],
        ["3", "考核", "[市公安局]"],
    ]
    assert found.remarks == [
        "A1“组别”起的表不是责任分工表，没有取用",
        "A3“注：以上各项按月调度。”没有取用",
        "A1起没有表头，按前一张表的表头取",
    ]


def test_chinese_numerals_number_duties_or_chapters() -> None:
    found = drafted(
        grid(
            ("一", "民生领域", "", "", ""),
            ("（一）", "查处广告", "市公安局", "", ""),
            ("1.", "医疗广告", "市公安局", "", ""),
            ("二", "知识产权", "", "", ""),
            ("（二）", "查处假冒", "市公安局", "", ""),
        )
    )
    lines = [{line.key: line.value for line in one.lines} for one in found.duties]

    assert [(one["number"], one["title"], one["chapter"]) for one in lines] == [
        ("1", "查处广告", "一、民生领域"),
        ("3", "医疗广告", "一、民生领域"),
        ("2", "查处假冒", "二、知识产权"),
    ]
    assert [one.doubts for one in found.duties] == [[], ["A4写的是“1.”，暂编为3"], []]


def test_one_cell_over_lead_and_cooperating_leaves_the_roles_open() -> None:
    table = grid(("1", "检查", "市公安局、市教育局", "", "2026年6月底"), ("2", "宣传", "市公安局", "市教育局", "同上"))
    table[1][3] = Cell("", "D2", spanned=True)
    first, second = ({line.key: line.value for line in one.lines} for one in drafted(table).duties)

    assert first["units"] == "[市公安局, 市教育局]" and "lead" not in first
    assert second["due"] == "2026-06"


def test_a_head_may_say_that_the_first_department_leads() -> None:
    heads = ("序号", "任务", "责任单位（列第一位的为牵头单位）")
    found = fields(("1", "检查", "市公安局、市教育局"), heads)

    assert (found["lead"], found["cooperating"]) == ("[市公安局]", "[市教育局]")
    assert found["doubts"] == "C2按表头以第一个单位为牵头，其余拟作配合"


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="没有找到责任分工表的表头"):
        drafted(grid(("1", "2"), heads=("姓名", "电话")))
    with pytest.raises(UnreadableFile, match="只有表头"):
        drafted(grid())
