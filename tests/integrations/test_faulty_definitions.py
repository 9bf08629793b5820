"""Faults people make in definitions, one at a time: each is told once, in these words, at this line."""

from pathlib import Path

import pytest

from campaigns.errors import DefinitionError
from campaigns.findings import Severity
from campaigns.workdays import OfficeHours
from integrations.definition_files import load_plan
from tests.builders import WORKDAYS
from tests.integrations.test_definition_files import DIRECTORY, GOOD

# what is wrong, the line as it should be, the line as it is, at which line it is told, and how
FAULTS: list[tuple[str, str, str, int, str]] = [
    ("a misspelt key", "  title: 小小", "  titel: 小小", 3, "没有“titel”这一项，是否应为 title（名称）？"),
    ("a key in Chinese", "  office: ", "  联席会议办公室: ", 5, "没有“联席会议办公室”这一项，是否应为 office（联席会议办公室）？"),
    ("a key in capitals", "directory: ", "Directory: ", 9, "没有“Directory”这一项，是否应为 directory（通讯录）？"),
    ("a section nobody knows", "directory: small", "directory: small\nassumptions: 无", 10, "没有“assumptions”这一项，请删去或改正"),
    ("a missing key", "  short_title: 小行动\n", "", 1, "缺少 short_title（简称），请补上"),
    ("a missing section", "directory: small\n", "", 1, "缺少 directory（通讯录），请补上"),
    ("a key without a value", "  title: 小小专项行动", "  title:", 3, "“名称”留空了，应是文字；纯数字、true 之类请加引号"),
    ("a key twice", "  office: 市联席办", "  office: 市联席办\n  office: 另一个", 6, "“office”在第5行已经写过，同一处只能写一次，请删去其中一个"),
    ("an empty list", "    lead: [市公安局]", "    lead: []", 17, "没有写牵头单位：请补上 lead，各单位分别负责的写 joint_leads"),
    ("a name where a list belongs", "    lead: [市公安局]", "    lead: 市公安局", 17, "“牵头单位”写成了“市公安局”，应是列表，只有一项也写成 [市公安局]"),
    ("a list where a text belongs", "  office: 市联席办", "  office: [市联席办]", 5, "“联席会议办公室”写成了列表，应只有一项，请去掉方括号"),
    ("a group where a list belongs", "    lead: [市公安局]", "    lead: 各县（区）公安局", 17, "“牵头单位”写成了“各县（区）公安局”，应是列表，只有一项也写成 [各县（区）公安局]"),
    ("a text where a section belongs", "  source: {title: 通知, body: 市联席办, issued_on: 2021-01-05}", "  source: 通知", 8, "“印发文件”写成了“通知”，应是一组“名称: 内容”，每项一行，缩进对齐"),
    ("a section that is a list", "campaign:\n  id: small-2021", "campaign:\n  - id: small-2021", 3, "读到这里读不下去了：缩进与上下行不一致，请对齐"),
    ("no department", "    lead: [市公安局]\n", "", 15, "没有写牵头单位：请补上 lead，各单位分别负责的写 joint_leads"),
    ("a full-width colon", "  office: 市", "  office：市", 5, "“office”后面是全角冒号“：”，请改成半角冒号加一个空格“: ”"),
    ("no blank after a colon", "  office: 市", "  office:市", 5, "“office:”后面要有一个空格"),
    ("a full-width comma in a list", "    lead: [市公安局]", "    lead: [市公安局，市市场监管局]", 17, "“lead”的各项用“，”隔开了，请改成半角逗号加一个空格“, ”"),
    ("full-width brackets in braces", "to: [liaison]}", "to: 【liaison】}", 35, "“to”的方括号是全角的，请改成半角的 [ ]"),
    ("full-width brackets", "    lead: [市公安局]", "    lead: ［市公安局］", 17, "“lead”的方括号是全角的，请改成半角的 [ ]"),
    ("full-width quotes around a date", "  starts: 2021-01-05", "  starts: “2021-01-05”", 6, "“起始日期”写成了““2021-01-05””，应是真实的日期，写成 年-月-日，例如 2020-10-20；外面的引号是全角的，请去掉"),
    ("full-width digits", "  starts: 2021-01-05", "  starts: ２０２１-０１-０５", 6, "“起始日期”写成了“２０２１-０１-０５”，应是真实的日期，写成 年-月-日，例如 2020-10-20；其中有全角字符，请改成半角"),
    ("a full-width digit as a number", "  - number: 2", "  - number: ２", 15, "“序号”写成了“２”，应是整数，例如 15；其中有全角字符，请改成半角"),
    ("a tab", "  office: 市联席办", "\toffice: 市联席办", 5, "缩进用了制表符（Tab），请改成空格"),
    ("a line too far in", "  office: 市联席办", "   office: 市联席办", 5, "读到这里读不下去了：这里不该有冒号：请核对上一行的缩进，内容里本来有冒号的请加引号"),
    ("a line without a colon", "  office: 市联席办", "  office 市联席办", 5, "读到这里读不下去了：这一行缺少冒号，写法是“名称: 内容”"),
    ("an open quote", "  title: 小小专项行动", '  title: "小小专项行动', 3, "读到这里读不下去了：引号没有成对"),
    ("an open bracket", "    lead: [市公安局]", "    lead: [市公安局", 17, "读到这里读不下去了：列表的括号或逗号不成对，请用半角的 [ ] 和逗号"),
    ("an open brace", "working_days: -3", "working_days: -3, extra: {a: 1", 35, "读到这里读不下去了：花括号或逗号不成对：写在一行的一组“名称: 内容”请用半角的 { } 和逗号"),
    ("a vague group", "    lead: [市公安局]", "    lead: [市公安局等部门]", 17, "任务2：“市公安局等部门”没有写明是哪几个单位，请逐个写出单位名称，原文没有写全的请问清；通讯录里也可以登记为组（groups）"),
    ("a vague group of nobody known", "    lead: [市公安局]", "    lead: [水务等有关部门]", 17, "任务2：“水务等有关部门”没有写明是哪几个单位，请逐个写出单位名称，原文没有写全的请问清；通讯录里也可以登记为组（groups）"),
    ("those concerned", "    lead: [市公安局]", "    lead: [市直有关部门]", 17, "任务2：“市直有关部门”没有写明是哪几个单位，请逐个写出单位名称，原文没有写全的请问清；通讯录里也可以登记为组（groups）"),
    ("a group of several levels", "    lead: [市公安局]", "    lead: ['市公安局、各县、自治县、区人民政府']", 17, "任务2：通讯录里没有“各县、自治县、区人民政府”，请在通讯录中登记后再用"),
    ("a colon within a text", "  title: 小小专项行动", "  title: 通知: 小小专项行动", 3, "读到这里读不下去了：这里不该有冒号：请核对上一行的缩进，内容里本来有冒号的请加引号"),
    ("an at sign in front", "  office: 市联席办", "  office: @市联席办", 5, "读到这里读不下去了：行首的符号不能这样用，文字请加引号"),
    ("a percent sign in front", "  office: 市联席办", "  office: %市联席办", 5, "读到这里读不下去了：行首的符号不能这样用，文字请加引号"),
    ("a star in front", "  office: 市联席办", "  office: *市联席办", 5, "不能用“*市联席办”引用别处的内容，请直接写出来；文字以 & 或 * 开头的请加引号，沿用另一份定义请用 extends"),
    ("an ampersand in front", "  office: 市联席办", "  office: &市联席办", 5, "不能用“&市联席办”引用别处的内容，请直接写出来；文字以 & 或 * 开头的请加引号，沿用另一份定义请用 extends"),
    ("an anchor", "    lead: [市公安局]", "    lead: &a [市公安局]", 17, "不能用“&a”引用别处的内容，请直接写出来；文字以 & 或 * 开头的请加引号，沿用另一份定义请用 extends"),
    ("a merge key", "directory: small", "directory: small\n<<: {rules: []}", 10, "不能用“<<”引用别处的内容，请直接写出来；文字以 & 或 * 开头的请加引号，沿用另一份定义请用 extends"),
    ("an exclamation mark in front", "  office: 市联席办", "  office: !市 联席办", 5, "读到这里读不下去了：“!”有特别含义，文字以 ! 开头时请加引号"),
    ("two documents", "directory: small", "---\ndirectory: small", 9, "读到这里读不下去了：一个文件只能有一份定义，请删去多余的“---”"),
    ("a number where a text belongs", "  title: 小小专项行动", "  title: 618", 3, "“名称”写成了“618”，应是文字；纯数字、true 之类请加引号"),
    ("true where a text belongs", "  short_title: 小行动", "  short_title: true", 4, "“简称”写成了“true”，应是文字；纯数字、true 之类请加引号"),
    ("a time where a number belongs", "working_days: -3", "working_days: 12:30", 35, "“工作日”写成了“12:30”，应是整数，例如 15"),
    ("a word where a number belongs", "working_days: -3", "working_days: 三", 35, "“工作日”写成了“三”，应是整数，例如 15"),
    ("a fraction where a whole number belongs", "  - number: 2", "  - number: 2.5", 15, "“序号”写成了“2.5”，应是整数，例如 15"),
    ("a number beyond reason", "working_days: -3", "working_days: -90", 35, "“工作日”写成了“-90”，不能小于-60"),
    ("a number that is used", "  - number: 2", "  - number: 1", 15, "任务序号 1 重复，前面第1条已经用过，请改成不同的"),
    ("a date that does not exist", "  starts: 2021-01-05", "  starts: 2021-02-30", 6, "“起始日期”写成了“2021-02-30”，应是真实的日期，写成 年-月-日，例如 2020-10-20"),
    ("a date in Chinese", "  starts: 2021-01-05", "  starts: 2021年1月5日", 6, "“起始日期”写成了“2021年1月5日”，应是真实的日期，写成 年-月-日，例如 2020-10-20"),
    ("a date with strokes", "  starts: 2021-01-05", "  starts: 2021/01/05", 6, "“起始日期”写成了“2021/01/05”，应是真实的日期，写成 年-月-日，例如 2020-10-20"),
    ("a date without zeros", "  starts: 2021-01-05", "  starts: 2021-1-5", 6, "“起始日期”写成了“2021-1-5”，应是真实的日期，写成 年-月-日，例如 2020-10-20"),
    ("a date in one piece", "  starts: 2021-01-05", "  starts: 20210105", 6, "“起始日期”写成了“20210105”，应是真实的日期，写成 年-月-日，例如 2020-10-20"),
    ("an end before the beginning", "  ends: 2021-12-31", "  ends: 2020-12-31", 7, "专项行动的结束日期早于起始日期，请核对两个日期"),
    ("an end far away", "  ends: 2021-12-31", "  ends: 2201-12-31", 7, "专项行动超过20年，结束日期大概写错了，请核对"),
    ("a code in Chinese", "  id: small-2021", "  id: 小行动", 2, "“代码”写成了“小行动”，写法不对，应是小写字母、数字和短横线，例如 hezhou-2020"),
    ("a code with capitals", "id: statistics", "id: Statistics", 27, "“代码”写成了“Statistics”，写法不对，应是小写字母、数字和下划线，以字母开头，例如 cases_filed"),
    ("a code twice", "label: 结案, unit: 件}", "label: 结案, unit: 件}\n      - {id: cases_closed, label: 办结, unit: 件}", 32, "指标代码 cases_closed 重复，前面第2条已经用过，请改成不同的"),
    ("a label twice", "label: 结案, unit", "label: 立案, unit", 31, "指标名称 立案 重复，前面第1条已经用过，请改成不同的，或写上各自所属的上级表头（group）"),
    ("a form nobody defined", "    form: statistics", "    form: statistic", 21, "报送事项“总结”所用报表“statistic”没有定义，可用的有：statistics"),
    ("a role nobody knows", "{role: lead, to: office}", "{role: leader, to: office}", 25, "“报送角色”写成了“leader”，只能是 lead、cooperating 之一"),
    ("a receiver nobody knows", "{role: lead, to: office}", "{role: lead, to: lead}", 25, "牵头单位只能报送给办公室，请改为 office"),
    ("no hop of the leads", "      - {role: lead, to: office}\n", "", 23, "“总结”没有写牵头单位报送办公室这一环节，请补上 role: lead、to: office"),
    ("a hop twice", "      - {role: lead, to: office}", "      - {role: lead, to: office}\n      - {role: lead, to: office}", 23, "“牵头”在报送环节中出现了2次，只能有一次"),
    ("a department nobody knows", "    lead: [市公安局]", "    lead: [市公案局]", 17, "任务2：通讯录里没有“市公案局”，您是否指：市公安局？"),
    ("a need nobody defined", "    lead: [市公安局]", "    lead: [市公安局]\n    needs: [9]", 18, "任务2的前置任务9不存在，请改成已有的任务序号"),
    ("a duty that waits for itself", "    lead: [市公安局]", "    lead: [市公安局]\n    needs: [2]", 18, "前置任务互相等待：任务2 → 任务2，请去掉其中一个前置关系"),
    ("a phase nobody defined", "    lead: [市公安局]", "    lead: [市公安局]\n    phase: act", 18, "任务2所属阶段“act”没有定义，可用的有：（还没有写任何一个）"),
    ("a role the notice leaves open", "    lead: [市公安局]", "    units: [市公安局]", 17, "责任单位（市公安局）是牵头还是配合，原文没有写明：请核对后改写到 lead、joint_leads 或 cooperating"),
    ("leads of both kinds", "    lead: [市公安局]", "    lead: [市公安局]\n    joint_leads: [市市场监管局]", 18, "任务2既写了 lead 又写了 joint_leads，只能写一种"),
    ("an end of the work that does not exist", "    lead: [市公安局]", "    lead: [市公安局]\n    due: 2021-06-31", 18, "“2021-06-31”不是真实的日期，请核对月和日"),
    ("an end of the work in words", "    lead: [市公安局]", "    lead: [市公安局]\n    due: 6月底前", 18, "“完成时限”写成了“6月底前”，写法不对，应是年-月-日或年-月，例如 2020-10-20、2020-10"),
    ("a figure without a unit", "{id: cases_closed, label: 结案, unit: 件}", "{id: cases_closed, label: 结案}", 31, "“结案”没有写单位（unit），请写明件、户次、万元等"),
    ("a sum of nothing", "label: 结案, unit: 件}", "label: 结案, unit: 件, sum_of: [a]}", 31, "“结案”的合计项“a”没有定义，可用的有：cases_filed"),
    ("decimals beyond reason", "label: 结案, unit: 件}", "label: 结案, unit: 件, decimals: 8}", 31, "“小数位数”写成了“8”，不能大于4"),
    ("a matrix without rows", "    title: 统计表", "    title: 统计表\n    layout: matrix", 29, "报表“统计表”的版式是 matrix，却没有写行（rows），请核对"),
    ("a form for a department nobody knows", "    title: 统计表", "    title: 统计表\n    only: [市工商局]", 29, "报表“统计表”：“市工商局”最迟到2019-03-31已经撤并，您是否指：市市场监管局？"),
    ("a relation in Chinese", "check: cases_closed <= cases_filed", "check: 结案不超过立案", 33, "关系式“结案不超过立案”读不懂：应是两边由指标代码、数字和 + - * 组成的比较，例如 cases_closed <= cases_filed"),
    ("a relation with a single equals sign", "check: cases_closed <= cases_filed", "check: cases_closed = cases_filed", 33, "关系式“cases_closed = cases_filed”读不懂：应是两边由指标代码、数字和 + - * 组成的比较，例如 cases_closed <= cases_filed"),
    ("a relation about another figure", "check: cases_closed <= cases_filed", "check: cases_closed <= cases_open", 33, "关系式中的“cases_open”不是报表“statistics”的指标代码，可用的有：cases_filed、cases_closed"),
    ("a severity nobody knows", "check: cases_closed <= cases_filed}", "check: cases_closed <= cases_filed, severity: error}", 33, "“级别”写成了“error”，只能是 block、warning 之一"),
    ("a person nobody knows", "to: [liaison]", "to: [liason]", 35, "“提醒对象”写成了“liason”，只能是 liaison、deputy、lead、leader、office 之一"),
    ("a directory that is not there", "directory: small", "directory: nowhere", 9, "没有找到通讯录“nowhere”，请核对名称，或把 nowhere.yaml 放进通讯录文件夹"),
    ("a definition to extend that is not there", "directory: small", "directory: small\nextends: nowhere", 10, "没有找到要沿用的定义“nowhere”，请核对名称"),
    ("values without a template", "directory: small", "directory: small\nvalues: {年份: 2021}", 10, "写了 values，却没有写 extends（沿用哪一份模板）"),
    ("something still open", "issued_on: 2021-01-05", "issued_on: 待定", 8, "“成文日期”待定，请核对原文后填写"),
    ("days counted from no end", "    clock: {yearly: [06-18, 12-03]}", "    clock: {quarterly: 25, working_days: 3}", 22, "从期末往后数几日的，日期写 end（每年的写 12-31 和 covers: this），例如 {quarterly: end, working_days: 10}"),
    ("dates in no order", "    clock: {yearly: [06-18, 12-03]}", "    clock: {dates: [2021-09-01, 2021-06-01]}", 22, "“2021-06-01”不晚于前一个日期2021年9月1日（周三），几个日期请按先后顺序写"),
    ("months in one piece", "    clock: {yearly: [06-18, 12-03]}", "    clock: {monthly: [end], months: [4-10]}", 22, "“月份”写成了“4-10”，写法不对，应是月份，逐个写，例如 [4, 5, 6]"),
    ("a half year in words", "    clock: {yearly: [06-18, 12-03]}", "    clock: {half_yearly: 月底}", 22, "“每半年”写成了“月底”，写法不对，应是几日，例如 10；月底写 end"),
    ("a period nobody knows", "    clock: {yearly: [06-18, 12-03]}", "    clock: {monthly: [15], covers: 下月}", 22, "“统计时间”写成了“下月”，只能是 since、last、this、next 之一"),
    ("a contact beyond reason", "  office: 市联席办", "  office: 市联席办\n  contact: " + "甲" * 101, 6, "“联系人”写成了“" + "甲" * 40 + "…”，太长，最多100个字"),
    ("a report about a duty nobody defined", "    form: statistics", "    form: statistics\n    duties: [9]", 22, "“总结”涉及的任务9不存在，请改成已有的任务序号"),
]  # fmt: skip


def test_there_are_faults_enough_and_no_two_the_same() -> None:
    assert len(FAULTS) >= 60
    assert len({(old, new) for _, old, new, _, _ in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize(("old", "new", "line", "message"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_fault_is_told_once_at_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    (tmp_path / "small.yaml").write_text(DIRECTORY, "utf-8")
    (tmp_path / "campaign.yaml").write_text(GOOD.replace(old, new, 1), "utf-8")

    try:
        found = load_plan(tmp_path / "campaign.yaml", WORKDAYS, OfficeHours(), [tmp_path], [tmp_path]).problems
    except DefinitionError as fault:
        found = fault.problems

    forbidding = [one for one in found if one.severity in (Severity.ERROR, Severity.ASKED)]
    assert [(one.line, one.message) for one in forbidding] == [(line, message)]
    assert forbidding[0].file == str(tmp_path / "campaign.yaml")
