"""Definitions made of others: last year's with other dates, one template for many holidays. Each line keeps its place."""

from pathlib import Path

import pytest

from campaigns.errors import DefinitionError
from campaigns.findings import Problem, Severity
from campaigns.plan import Plan
from campaigns.workdays import OfficeHours
from integrations.definition_files import load_plan
from tests.builders import WORKDAYS
from tests.integrations.test_definition_files import DIRECTORY, GOOD

NEXT_YEAR = """\
extends: small-2021
campaign:
  id: small-2022
  starts: 2022-01-05
  ends: 2022-12-31
  doc_no: 〔2022〕1号
duties:
  - {number: 1, cooperating: [市公安局], due: 2022-06}
  - {number: 2, removed: true}
  - {number: 3, title: 第三项, lead: [市公安局]}
reports:
  - {id: summary, clock: {yearly: [11-30]}}
rules: null
"""

TEMPLATE = """\
template:
  - {name: 年份, kind: number, example: 2021}
  - {name: 节日, example: 国庆节, help: 见放假通知}
  - {name: 代码, kind: code, example: guoqing}
  - {name: 开始, kind: date, example: 2021-09-20}
  - {name: 单位, kind: names, example: [市市场监管局]}
campaign:
  id: jiage-<年份>-<代码>
  title: <年份>年<节日>市场价格检查
  short_title: <节日>价格
  office: 市联席办
  starts: <开始>
  ends: <年份>-12-31
  source: {title: 通知, body: 市联席办, issued_on: <开始>}
directory: small
duties:
  - {number: 1, title: 巡查<单位>, joint_leads: [<单位>, 市公安局]}
reports:
  - id: summary
    title: 总结
    form: statistics
    clock: {yearly: [12-03]}
    hops: [{role: lead, to: office}]
forms:
  - id: statistics
    title: 统计表
    indicators: [{id: cases, label: 立案, unit: 件}]
"""

FILLED = """\
extends: holiday
values:
  年份: 2022
  节日: 中秋节
  代码: zhongqiu
  开始: 2022-09-01
  单位: [市市场监管局]
campaign:
  id: jiage-2022-zhongqiu
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("small", DIRECTORY), ("small-2021", GOOD), ("holiday", TEMPLATE)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def plan(folder: Path, text: str) -> Plan:
    file = folder / "this.yaml"
    file.write_text(text, "utf-8")
    return load_plan(file, WORKDAYS, OfficeHours(), [folder], [folder])


def problems(folder: Path, text: str) -> list[Problem]:
    try:
        found = plan(folder, text).problems
    except DefinitionError as fault:
        found = fault.problems
    return [one for one in found if one.severity in (Severity.ERROR, Severity.ASKED)]


def told(folder: Path, text: str) -> list[str]:
    return [f"{Path(one.file).name}:{one.line} {one.message}" for one in problems(folder, text)]


def test_what_is_not_said_stays_as_it_was(folder: Path) -> None:
    definition = plan(folder, NEXT_YEAR).definition

    assert (definition.campaign.id, definition.campaign.title, definition.campaign.doc_no) == (
        "small-2022",
        "小小专项行动",
        "〔2022〕1号",
    )
    assert [(duty.number, duty.title, duty.due) for duty in definition.duties] == [
        (1, "第一项", "2022-06"),
        (3, "第三项", None),
    ]
    assert (definition.report("summary").clock.yearly, len(definition.report("summary").hops)) == (("11-30",), 2)
    assert (definition.rules, len(definition.ladder)) == ((), 1)


def test_a_fault_is_told_in_the_file_in_which_it_stands(folder: Path) -> None:
    (folder / "small-2021.yaml").write_text(GOOD.replace("lead: [市公安局]", "lead: [市教育局]"), "utf-8")
    faulty = NEXT_YEAR.replace("yearly: [11-30]", "yearly: [11-31]").replace("  - {number: 2, removed: true}\n", "")

    assert told(folder, faulty) == [
        "this.yaml:11 “11-31”不是真实的日期，请核对月和日",
        "this.yaml:11 “总结”在专项行动期间没有任何报送日期",
        "small-2021.yaml:17 任务2：通讯录里没有“市教育局”，请在通讯录中登记后再用",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("extends: small-2021", "extends: nowhere", "this.yaml:1 没有找到要沿用的定义“nowhere”，请核对名称"),
        ("extends: small-2021", "extends: this", "this.yaml:1 “this”最终又沿用了本定义，请去掉其中一个 extends"),
        (
            "  id: small-2022\n",
            "",
            "this.yaml:2 沿用别的定义时，campaign 里要写代码（id）：新的专项行动写新代码，补充通知写原来的代码",
        ),
        ("{number: 2, removed", "{number: 8, removed", "this.yaml:9 要去掉的“8”在沿用的定义里没有，请核对"),
        (
            "extends: small-2021\n",
            "extends: small-2021\nvalues: {年份: 2022}\n",
            "this.yaml:2 模板“small-2021”没有要填“年份”，要填的有：（无）",
        ),
        ("number: 3, title", "nomber: 3, title", "this.yaml:10 没有“nomber”这一项，是否应为 number（序号）？"),
    ],
)
def test_what_cannot_be_taken_over_is_told(folder: Path, old: str, new: str, message: str) -> None:
    assert message in told(folder, NEXT_YEAR.replace(old, new, 1))


def test_a_template_asks_for_what_it_leaves_open(folder: Path) -> None:
    assert told(folder, TEMPLATE) == [
        "this.yaml:1 这是模板：用 liandong new 代码 --from 模板 填好下列各项，才能下发",
        "this.yaml:2 要填“年份”：整数，例如 2021",
        "this.yaml:3 要填“节日”：文字，例如 国庆节；见放假通知",
        "this.yaml:4 要填“代码”：小写字母、数字和短横线，例如 guoqing",
        "this.yaml:5 要填“开始”：日期，如 2025-09-30，例如 2021-09-20",
        "this.yaml:6 要填“单位”：单位名称的列表，例如 [市市场监管局]",
    ]
    assert plan(folder, TEMPLATE).definition.campaign.title == "2021年国庆节市场价格检查"
    assert not plan(folder, TEMPLATE).usable


def test_a_template_is_checked_with_its_examples(folder: Path) -> None:
    assert [one for one in told(folder, TEMPLATE.replace("[市市场监管局]}", "[市外星局]}", 1)) if "通讯录" in one] == [
        "this.yaml:6 任务1：通讯录里没有“市外星局”，请在通讯录中登记后再用"
    ]
    assert "this.yaml:9 “<节>”没有在 template 里写明，请补上或改正" in told(folder, TEMPLATE.replace("<节日>市场", "<节>市场"))
    assert "this.yaml:5 “开始”的例子“9月20日”不是日期，如 2025-09-30，请核对" in told(
        folder, TEMPLATE.replace("2021-09-20", "9月20日")
    )


def test_a_filled_template_is_a_campaign(folder: Path) -> None:
    laid_out = plan(folder, FILLED)

    assert laid_out.usable
    assert laid_out.definition.campaign.title == "2022年中秋节市场价格检查"
    assert [one.department for one in laid_out.assignments] == ["scjg", "gaj"]
    assert laid_out.definition.duties[0].title == "巡查市市场监管局"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  年份: 2022\n", "", "this.yaml:2 “年份”待填：整数，例如 2021"),
        ("节日: 中秋节", "节日: 待定", "this.yaml:4 “节日”待填：文字，例如 国庆节；见放假通知"),
        ("开始: 2022-09-01", "开始: 9月1日", "this.yaml:6 “开始”写成了“9月1日”，应是日期，如 2025-09-30，例如 2021-09-20"),
        (
            "单位: [市市场监管局]",
            "单位: 市市场监管局",
            "this.yaml:7 “单位”写成了“市市场监管局”，应是单位名称的列表，例如 [市市场监管局]",
        ),
        ("节日:", "节曰:", "this.yaml:4 模板“holiday”没有要填“节曰”，要填的有：年份、节日、代码、开始、单位"),
        ("extends: holiday\n", "", "this.yaml:1 写了 values，却没有写 extends（沿用哪一份模板）"),
    ],
)
def test_what_is_not_filled_in_is_asked_for(folder: Path, old: str, new: str, message: str) -> None:
    assert message in told(folder, FILLED.replace(old, new, 1))


def test_what_is_still_open_is_asked_for_and_the_rest_is_checked(folder: Path) -> None:
    text = GOOD.replace("issued_on: 2021-01-05", "issued_on: 待定").replace("lead: [市公安局]", "lead: [市教育局]")

    assert told(folder, text) == [
        "this.yaml:8 “成文日期”待定，请核对原文后填写",
        "this.yaml:17 任务2：通讯录里没有“市教育局”，请在通讯录中登记后再用",
    ]
