"""Definition files as people write them: every problem in one pass, with file, line, key path and how to mend it."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from campaigns import clocks, definition, organs
from campaigns.errors import DefinitionError, UnreadableFile
from campaigns.findings import Problem, Severity
from campaigns.messages import dotted, placeholder
from campaigns.plan import Plan
from campaigns.workdays import OfficeHours
from integrations.definition_files import DEFINITIONS, find_definition, load_plan, read_definition
from tests.builders import WORKDAYS

DIRECTORY = """\
id: small
title: 测试市通讯录
organs:
  - id: scjg
    name: 市市场监管局
    liaison: {name: 联络员甲, email: liaison.scjg@example.gov.cn}
  - id: gaj
    name: 市公安局
    liaison: {name: 联络员乙, email: liaison.gaj@example.gov.cn}
"""

GOOD = """\
campaign:
  id: small-2021
  title: 小小专项行动
  short_title: 小行动
  office: 市联席办
  starts: 2021-01-05
  ends: 2021-12-31
  source: {title: 通知, body: 市联席办, issued_on: 2021-01-05}
directory: small
duties:
  - number: 1
    title: 第一项
    lead: [市市场监管局]
    cooperating: [市公安局]
  - number: 2
    title: 第二项
    lead: [市公安局]
reports:
  - id: summary
    title: 总结
    form: statistics
    clock: {yearly: [06-18, 12-03]}
    hops:
      - {role: cooperating, to: lead, working_days_before: 5}
      - {role: lead, to: office}
forms:
  - id: statistics
    title: 统计表
    indicators:
      - {id: cases_filed, label: 立案, unit: 件}
      - {id: cases_closed, label: 结案, unit: 件}
rules:
  - {id: closed, form: statistics, text: 结案不超过立案, check: cases_closed <= cases_filed}
ladder:
  - {id: before3, title: 到期前, working_days: -3, to: [liaison]}
"""

FAULTY = """\
campaign:
  id: ten-2021
  titel: 十处错误
  short_title: 十错
  office: 市联席办
  starts: 2021-02-30
  ends: 2021-12-31
  source: {title: 通知, body: 市联席办, issued_on: 2021-01-05}
directory: small
duties:
  - number: 1
    title: 第一项
    lead: [市市场监督局]
    cooperating: [市公安局]
    needs: [2]
  - number: 2
    lead: [市公安局]
    needs: [1, 9]
  - number: 3
    title: 第三项
    title: 又写一遍
    lead: 市公安局
  - number: 三
    title: 第四项
    lead: []
  - number: 1
\ttitle：第五项
    lead: [市公安局]
    配合单位: [市市场监管局]
reports:
  - id: summary
    title: 总结
    form: statistic
    clock: {yearly: [06-31, 12-03, 6月20日]}
    hops:
      - {role: leader, to: office}
forms:
  - id: statistics
    title: 统计表
    indicators:
      - {id: cases_filed, label: 立案, unit: 件, decimals: 8}
rules:
  - {id: closed, form: statistics, text: 结案不超过立案, check: cases_closed <= cases_filed, severity: fatal}
  - {id: odd, form: statistics, text: 读不懂, check: 立案 大于 结案}
ladder:
  - {id: t3, title: 提前, working_days: 三, to: [liason]}
assumptions: 无
"""

TOLD = """\
3 campaign.titel 没有“titel”这一项，是否应为 title（名称）？
6 campaign.starts “起始日期”写成了“2021-02-30”，应是真实的日期，写成 年-月-日，例如 2020-10-20
13 duties[0].lead[0] 任务1：通讯录里没有“市市场监督局”，您是否指：市市场监管局？
15 duties[0].needs 前置任务互相等待：任务1 → 任务2 → 任务1，请去掉其中一个前置关系
16 duties[1].title 缺少 title（任务），请补上
18 duties[1].needs[1] 任务2的前置任务9不存在，请改成已有的任务序号
21 duties[2].title “title”在第20行已经写过，同一处只能写一次，请删去其中一个
22 duties[2].lead “牵头单位”写成了“市公安局”，应是列表，只有一项也写成 [市公安局]
23 duties[3].number “序号”写成了“三”，应是整数，例如 15
25 duties[3].lead 没有写牵头单位：请补上 lead，各单位分别负责的写 joint_leads
26 duties[4].number 任务序号 1 重复，前面第1条已经用过，请改成不同的
27 duties[4].title “title”后面是全角冒号“：”，请改成半角冒号加一个空格“: ”
27 duties[4].title 缩进用了制表符（Tab），请改成空格
29 duties[4].配合单位 没有“配合单位”这一项，是否应为 cooperating（配合单位）？
33 reports[0].form 报送事项“总结”所用报表“statistic”没有定义，可用的有：statistics
34 reports[0].clock.yearly[0] “06-31”不是真实的日期，请核对月和日
34 reports[0].clock.yearly[2] “每年”写成了“6月20日”，写法不对，应是月-日，例如 06-20
36 reports[0].hops[0].role “报送角色”写成了“leader”，只能是 lead、cooperating 之一
41 forms[0].indicators[0].decimals “小数位数”写成了“8”，不能大于4
43 rules[0].check 关系式中的“cases_closed”不是报表“statistics”的指标代码，可用的有：cases_filed
43 rules[0].severity “级别”写成了“fatal”，只能是 block、warning 之一
44 rules[1].check 关系式“立案 大于 结案”读不懂：应是两边由指标代码、数字和 + - * 组成的比较，例如 cases_closed <= cases_filed
46 ladder[0].to[0] “提醒对象”写成了“liason”，只能是 liaison、deputy、lead、leader、office 之一
46 ladder[0].working_days “工作日”写成了“三”，应是整数，例如 15
47 assumptions 没有“assumptions”这一项，请删去或改正
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(DIRECTORY, "utf-8")
    return tmp_path


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "campaign.yaml"
    file.write_bytes(text.encode(encoding))
    return file


def plan(file: Path) -> Plan:
    return load_plan(file, WORKDAYS, OfficeHours())


def errors(file: Path) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        plan(file)
    return [one for one in caught.value.problems if one.severity is Severity.ERROR]


def told(problems: list[Problem]) -> list[str]:
    return [f"{one.line} {dotted(one.path)} {one.message}" for one in problems]


def test_every_fault_is_told_in_one_pass(folder: Path) -> None:
    problems = errors(write(folder, FAULTY))

    assert sorted(told(problems)) == sorted(TOLD.splitlines())
    assert [one.line for one in problems] == sorted(one.line for one in problems)
    assert {one.file for one in problems} == {str(folder / "campaign.yaml")}


def test_reading_without_a_calendar_tells_the_same(folder: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_definition(write(folder, FAULTY))

    assert sorted(told(list(caught.value.problems))) == sorted(TOLD.splitlines())


def test_a_good_file_is_read_whatever_its_encoding_and_line_ends(folder: Path) -> None:
    definition, directory = read_definition(write(folder, GOOD))

    assert (definition.campaign.title, directory.organs[1].name) == ("小小专项行动", "市公安局")
    for encoding in ("gb18030", "utf-8-sig", "utf-16"):
        assert read_definition(write(folder, GOOD.replace("\n", "\r\n"), encoding)) == (definition, directory)


def test_a_plan_carries_its_problems_with_file_and_line(folder: Path) -> None:
    laid_out = plan(write(folder, GOOD.replace("lead: [市公安局]", "lead: [市公安局, 市教育局]")))

    assert not laid_out.usable
    (problem,) = [one for one in laid_out.problems if one.severity is Severity.ERROR]
    assert (problem.file, problem.line, problem.path) == (str(folder / "campaign.yaml"), 17, ("duties", 1, "lead", 1))


def test_faults_of_both_files_are_told_together(folder: Path) -> None:
    faulty = DIRECTORY.replace("name: 市公安局", "nmae: 市公安局").replace("liaison.gaj@", "liaison.gaj＠")
    (folder / "small.yaml").write_text(faulty + "groups:\n  - {id: all, name: 全部, members: [scjg, nobody]}\n", "utf-8")

    problems = errors(write(folder, GOOD.replace("number: 2", "number: 二")))

    assert [(Path(one.file).name, one.line, dotted(one.path), one.message) for one in problems] == [
        ("campaign.yaml", 15, "duties[1].number", "“序号”写成了“二”，应是整数，例如 15"),
        ("small.yaml", 8, "organs[1].nmae", "没有“nmae”这一项，是否应为 name（名称）？"),
        (
            "small.yaml",
            9,
            "organs[1].liaison.email",
            "“邮箱”写成了“liaison.gaj＠example.gov.cn”，写法不对，应是邮箱地址，例如 name@example.gov.cn"
            "；其中有全角字符，请改成半角",
        ),
        ("small.yaml", 11, "groups[0].members[1]", "“全部”的成员代码“nobody”在通讯录里没有对应单位"),
    ]


def test_faults_of_choices_that_may_be_left_out_and_of_mappings_hide_no_others(folder: Path) -> None:
    usual = "form: statistics, unit: 件, at_least: 3"
    targets = (
        "targets:\n"
        f"  - {{id: a, title: 甲, {usual}, numerator: cases_filed, of: eech, quotas: {{市公安局: 三, 市公案局: 1}}}}\n"
        f"  - {{id: b, title: 乙, {usual}, numerator: cases_filed, kind: 约束}}\n"
        f"  - {{id: c, title: 丙, {usual}, numerator: cases_lost}}\n"
        "doubts: {copied: 很多}\n"
    )
    upward = GOOD.replace(
        "      - {role: lead, to: office}\n",
        "      - {role: lead, to: office}\n    upward: {to: 省, codes: 无, duties: {一: [1]}}\n",
    )
    said = [one.message.partition("，可用的有")[0] for one in errors(write(folder, upward + targets)) if one.severity == "error"]

    assert said == [
        "“任务对照”写成了“一”，应是整数，例如 15",
        "“指标对照”写成了“无”，应是一组“名称: 内容”，每项一行，缩进对齐",
        "“考核对象”写成了“eech”，只能是 whole、each 之一",
        "“市公安局”写成了“三”，应是数字",
        "目标“甲”：通讯录里没有“市公案局”，您是否指：市公安局？",
        "“属性”写成了“约束”，只能是 binding、expected 之一",
        "目标“丙”中的“cases_lost”不是报表“statistics”的指标",
        "“相同项数”写成了“很多”，应是整数，例如 15",
    ]


def test_a_bad_hour_or_holiday_hides_no_others(folder: Path) -> None:
    needs = GOOD.replace("number: 2\n", "number: 2\n    needs: [1]\n").replace("number: 1\n", "number: 1\n    needs: [2]\n")
    wrong = needs.replace("cooperating: [市公安局]", "cooperating: [市公按局]")
    circle = "12 duties[0].needs 前置任务互相等待：任务1 → 任务2 → 任务1，请去掉其中一个前置关系"
    others = {circle, "15 duties[0].cooperating[0] 任务1：通讯录里没有“市公按局”，您是否指：市公安局？"}
    festivals = "只能是 元旦、春节、清明、五一、端午、中秋、国庆 之一"
    for clock, message in (
        ('{yearly: [06-18, 12-03], hour: "9:00"}', '.hour “时刻”写成了“9:00”，写法不对，应是时刻，两位小时，例如 "08:30"'),
        ("{before_holiday: 中秋国庆, days: 1}", f".before_holiday “节前”写成了“中秋国庆”，{festivals}"),
        ("{after_holiday: 春节假期, days: 1}", f".after_holiday “节后”写成了“春节假期”，{festivals}"),
    ):
        found = errors(write(folder, wrong.replace("{yearly: [06-18, 12-03]}", clock)))
        assert set(told(found)) == others | {f"24 reports[0].clock{message}"}


def _fields() -> list[tuple[type[BaseModel], str]]:
    models = {one for module in (definition, organs, clocks) for one in vars(module).values() if isinstance(one, type)}
    records = sorted((one for one in models if issubclass(one, BaseModel)), key=lambda one: one.__qualname__)
    return [(record, key) for record in records for key in record.model_fields]


@pytest.mark.parametrize(("record", "key"), _fields(), ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_every_field_has_a_stand_in_so_that_no_fault_hides_another(record: type[BaseModel], key: str) -> None:
    field = record.model_fields[key]
    stand_in = placeholder(record, (key,))

    assert stand_in is not None
    TypeAdapter[Any](Annotated[(field.annotation, None, *field.metadata)]).validate_python(stand_in)


def test_a_directory_may_lie_in_a_folder_beside_the_definition(folder: Path) -> None:
    (folder / "directories").mkdir()
    (folder / "directories" / "small2.yaml").write_text(DIRECTORY.replace("id: small\n", "id: small2\n"), "utf-8")

    assert plan(write(folder, GOOD.replace("directory: small", "directory: small2"))).usable


def test_a_directory_that_is_not_there_is_one_problem(folder: Path) -> None:
    problems = errors(write(folder, GOOD.replace("directory: small", "directory: nowhere")))

    assert told(problems) == ["9 directory 没有找到通讯录“nowhere”，请核对名称，或把 nowhere.yaml 放进通讯录文件夹"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: 小小专项行动", 'title: "小小专项行动', "引号没有成对"),
        ("  office: 市联席办", "   office: 市联席办", "缩进"),
        ("office: 市联席办", "office", "缺少冒号"),
        ("lead: [市公安局]", "lead: [市公安局", "括号"),
        ("office: 市联席办", "office: @市联席办", "加引号"),
    ],
)
def test_text_that_is_no_yaml_is_told_with_its_line(folder: Path, old: str, new: str, message: str) -> None:
    (problem,) = errors(write(folder, GOOD.replace(old, new, 1)))

    assert problem.rule == "syntax" and problem.line > 1
    assert problem.message.startswith("读到这里读不下去了：") and message in problem.message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "是空文件"),
        (b"PK\x03\x04\x00\x00", "不是文本文件"),
        (b"\xff\xfe\xff", "编码不能识别"),
        ("一段普通的文字。".encode(), "不是定义文件"),
        (b"a\x07b: 1", "不能识别的字符"),
    ],
)
def test_what_is_no_definition_at_all_is_unreadable(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(data)

    with pytest.raises(UnreadableFile, match=message):
        plan(tmp_path / "x.yaml")


def test_a_file_that_lies_beside_definitions_is_told_in_one_sentence_what_it_is(folder: Path) -> None:
    (folder / "small.yaml").write_text(DIRECTORY, "utf-8")
    (folder / "lineages.yaml").write_text("lineages: []\n", "utf-8")
    (folder / "2027.yaml").write_text("rest: {2027-02-05: 春节}\n", "utf-8")
    said = [
        [one.message.partition("；")[0] for one in errors(folder / name)] for name in ("small.yaml", "lineages.yaml", "2027.yaml")
    ]
    assert said == [
        ["这是通讯录，不是专项行动的定义"],
        ["这是机构沿革，不是专项行动的定义"],
        ["这是某一年的放假安排，不是专项行动的定义"],
    ]


def test_what_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="没有找到文件"):
        plan(tmp_path / "nothing.yaml")
    with pytest.raises(UnreadableFile, match="是文件夹"):
        plan(tmp_path)


def test_a_definition_is_found_by_path_name_or_id(folder: Path) -> None:
    file = write(folder, GOOD)

    assert find_definition(str(file), [folder]) == file
    assert find_definition("campaign", [folder, DEFINITIONS]) == file
    assert find_definition("small-2021", [folder, DEFINITIONS]) == file
    assert find_definition("hezhou-2020", [folder, DEFINITIONS]) == DEFINITIONS / "hezhou-2020.yaml"
    with pytest.raises(UnreadableFile, match=r"没有找到定义“wuzhou-2020”。可用的定义有：campaign、small、.*hezhou-2020、"):
        find_definition("wuzhou-2020", [folder, DEFINITIONS])


SLIPS = ("", "3", "[]", "{}", "null", "x y", "-1", "true", '"', "*q", "!x y", "1.5", "&a [*a]", "2020-02-30", "甲：乙")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from("dtciw"), st.sampled_from(SLIPS)), min_size=1, max_size=3))
def test_whatever_is_mistyped_is_answered_in_chinese_with_a_line(folder: Path, slips: list[tuple[int, str, str]]) -> None:
    lines = GOOD.splitlines()
    for number, kind, value in slips:
        at = number % len(lines)
        line = lines[at]
        mistyped = {
            "d": [],
            "t": ["\t" + line],
            "c": [line.replace(":", "：", 1)],
            "i": ["  " + line],
            "w": [re.sub(r": .*", lambda _, value=value: f": {value}", line, count=1)],
        }
        lines[at : at + 1] = mistyped[kind]
    try:
        problems = plan(write(folder, "\n".join(lines))).problems
    except DefinitionError as fault:
        problems = fault.problems
    except UnreadableFile as fault:
        problems = (Problem("unreadable", Severity.ERROR, (), str(fault), line=1),)

    for one in problems:
        assert one.line > 0
        assert re.search("[一-鿿]", one.message) and not re.search(r"[A-Za-z]{2,} [A-Za-z]{2,} [a-z]{2,}", one.message)
