"""Duty tables as offices keep them: what they say plainly is taken, whatever is doubtful waits for a person."""

import pytest

from campaigns.duty_table import Cell, drafted, heading
from campaigns.errors import UnreadableFile

HEADS = ("序号", "任务", "牵头单位", "配合单位", "完成时限")


def grid(*rows: tuple[str, ...], heads: tuple[str, ...] = HEADS) -> list[list[Cell]]:
    return [[Cell(text, f"{'ABCDEFG'[at]}{row}") for at, text in enumerate(cells)] for row, cells in enumerate((heads, *rows), 1)]


def fields(row: tuple[str, ...], heads: tuple[str, ...] = HEADS) -> dict[str, str]:
    (one,) = drafted(grid(row, heads=heads))
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
    ],
)
def test_what_a_doubtful_date_may_mean_is_told(text: str, said: str) -> None:
    (one,) = drafted(grid(("1", "检查", "市公安局", "", text)))

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
    first, second = drafted(table)

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
    (duty,) = drafted(grid(("一", *said), ("1", "检查", "市公安局", "", "")))
    assert next((line.value, line.comment) for line in duty.lines if line.key == "chapter") == ("一、净化市场", "A2")
    assert duty.doubts == []

    assert len(drafted(grid(("一", "检查", "市公安局", "", ""), ("二", *said)))) == 2


def test_a_second_measure_of_a_duty_keeps_its_title() -> None:
    heads = ("序号", "工作任务", "具体措施", "条款", "牵头单位")
    table = grid(
        ("1", "整治预付式消费", "摸排发卡企业", "二（一）", "市商务局"),
        ("2", "", "查处格式条款", "", "市市场监管局"),
        ("3", "", "", "", "市公安局"),
        heads=heads,
    )
    table[2][1] = Cell("", "B3", merged=True)
    first, second, third = drafted(table)

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


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="没有找到责任分工表的表头"):
        drafted(grid(("1", "2"), heads=("姓名", "电话")))
    with pytest.raises(UnreadableFile, match="只有表头"):
        drafted(grid())
