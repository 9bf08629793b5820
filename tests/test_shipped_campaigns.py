"""The campaigns that ship: which there are, where in its document each duty stands, and that none is a copy of another."""

import re
from collections.abc import Callable
from itertools import combinations

import pytest

from campaigns.account import numeral
from campaigns.definition import Definition
from integrations.definition_files import DEFINITIONS
from tasks.definitions import load

CAMPAIGNS = {
    "wangjian": "网络市场监管专项行动（网剑行动）",
    "iron-fist": "知识产权执法“铁拳”行动",
    "holiday-price": "市场价格巡查",
    "shopping-618": "“618”消费节点市场监测与规范",
    "consumer-day": "“3·15”国际消费者权益日系列活动",
    "hezhou-2020": "贺州市优化放心消费环境提升消费者满意度工作",
    "contract-terms": "不公平格式条款专项整治",
    "training-contracts": "校外培训机构使用合同示范文本检查",
    "cotton-guard": "“监管护棉”专项整治",
    "blue-sky": "专利代理行业“蓝天”行动",
    "pyramid-selling": "打击传销专项行动",
    "anti-counterfeit": "打击侵犯知识产权和制售假冒伪劣商品工作",
    "false-ads": "整治虚假违法广告部门联动行动",
    "wildlife": "野生动物及其制品经营利用监管",
    "yinchuan-equipment": "银川市特种设备安全专项整治",
    "hezhou-health-2020": "保健品类会销专项整治",
    "hezhou-privacy-2020": "打击侵害消费者个人信息违法行为专项执法集中行动",
    "double-random": "部门联合“双随机、一公开”抽查",
    "clue-check": "网络交易监测线索核查",
    "platform-sellers": "网络交易平台内经营者信息报送",
    "binhai-2024": "滨海新区市场监管局2024年市场和网监工作要点",
    "yili-indicators": "伊犁州直市场监管“十四五”主要发展指标监测",
    "yinchuan-plan": "银川市市场监管“十四五”规划实施情况",
}
# how a clause names a document that is not the campaign's own, and what stands in that document's title
DOCUMENTS = {
    "滨海要点": "滨海新区市场监管局2024年市场和网监工作要点",
    "贺州方案": "贺州市优化放心消费环境提升消费者满意度工作实施方案",
    "伊犁规划": "伊犁州直市场监督管理“十四五”规划",
    "银川规划": "银川市市场监管“十四五”规划",
    "总局方案": "“铁拳”行动方案",
    "讲话": "“618”消费节点市场监测与规范工作会议上的讲话",
}
_NUMBER = r"[一二三四五六七八九十]+（[一二三四五六七八九十]+）(（[一二三四五六七八九十]+）)?\d{0,2}"
CLAUSE = re.compile(rf"(第[一二三四五六七八九十]章)?{_NUMBER}(、{_NUMBER})?(“主要发展指标”表)?|附件《.+》")


@pytest.fixture(scope="module")
def shipped() -> dict[str, Definition]:
    return {code: load(code).definition for code in sorted(path.stem for path in DEFINITIONS.glob("*.yaml"))}


def test_every_campaign_of_the_documents_is_there(shipped: dict[str, Definition]) -> None:
    assert sorted(shipped) == sorted(CAMPAIGNS)
    assert {code: name for code, name in CAMPAIGNS.items() if name not in shipped[code].campaign.title} == {}


def test_every_duty_cites_its_clause_or_is_told_to_be_assumed(shipped: dict[str, Definition]) -> None:
    assert [
        (code, one.number) for code, found in shipped.items() for one in found.duties if not (one.clause or one.assumed)
    ] == []
    astray = []
    for code, found in shipped.items():
        titles = "；".join(one.title for one in found.campaign.basis)
        for duty in found.duties:
            for cited in duty.clause.split("；") if duty.clause else ():
                document = next((short for short in DOCUMENTS if cited.startswith(short)), "")
                known = DOCUMENTS[document] in titles if document else "<" not in found.campaign.source.title
                if not (known and CLAUSE.fullmatch(cited.removeprefix(document))):
                    astray.append((code, duty.number, cited))
    assert astray == []


def test_the_clauses_follow_the_numbering_of_their_documents(shipped: dict[str, Definition]) -> None:
    hezhou, binhai = shipped["hezhou-2020"].duties, shipped["binhai-2024"].duties
    assert [one.clause for one in hezhou] == [f"三（{(one.chapter or '')[1]}）{one.number}" for one in hezhou]
    assert [one.clause for one in binhai] == [f"{(one.chapter or '')[0]}（{numeral(one.number)}）" for one in binhai]


def test_no_campaign_is_a_copy_of_another(shipped: dict[str, Definition]) -> None:
    def alike(of: Callable[[Definition], object]) -> list[tuple[str, str]]:
        return [(a, b) for a, b in combinations(shipped, 2) if of(shipped[a]) == of(shipped[b])]

    forms = {
        code: {(one.layout, *((item.label, item.unit) for item in one.indicators)) for one in found.forms}
        for code, found in shipped.items()
    }
    assert [(a, b) for a, b in combinations(shipped, 2) if forms[a] & forms[b]] == []
    assert alike(lambda one: [(bool(duty.lead), duty.leads, duty.cooperating) for duty in one.duties]) == []
    # these two rest on the same sentence of the same document
    assert alike(lambda one: {report.clock for report in one.reports}) == [("hezhou-2020", "hezhou-privacy-2020")]


YILI = """
企业平均登记注册时间（天）|1|约束性|不高于1天
一般企业开办时间（天）|3|约束性|不高于3天
新设企业网上登记率（%）|90以上|约束性|不低于90%
企业名称网上自主申报率（%）|100|约束性|不低于100%
企业年报率（%）|98以上|预期性|不低于98%
“双随机”抽查覆盖市场主体比例（%）|不低于3|约束性|不低于3%
抽查计划、事项、清单、抽查结果公示率（%）|100|约束性|不低于100%
网络经营主体亮标亮照率（%）|100|约束性|不低于100%
行政事业性收费监管覆盖率（%）|100|约束性|不低于100%
涉企收费监管覆盖率（%）|100|约束性|不低于100%
明码标价完成率（%）|100|约束性|不低于100%
明码实价完成率（%）|100|预期性|不低于100%
消费者投诉举报按时办结率（%）|100|约束性|不低于100%
行政执法全过程记录登记率（%）|100|约束性|不低于100%
""".strip().splitlines()


def test_yili_asks_for_every_row_of_the_plans_table(shipped: dict[str, Definition]) -> None:
    found = shipped["yili-indicators"]
    rows = next(one for one in found.forms if one.id == "indicators").rows
    asked = [re.fullmatch(r"(.+)：(.+)，(.+)", one.label) for one in rows]
    said = [f"{row[1]}|{row[2]}|{row[3]}|{one.bound}" for row, one in zip(asked, found.targets, strict=True) if row is not None]
    assert said == YILI
    assert [(one.title, one.chinese, one.by) for one in found.targets] == [
        (line.partition("（天）|")[0].partition("（%）|")[0], line.split("|")[2], 2025) for line in YILI
    ]


YINCHUAN = """
价格举报投诉办结率|不低于95%
抽查结果公开率|不低于100%
抽查结果归集率|不低于100%
特种设备重点使用单位开户率|不低于100%
气瓶充装信息化平台建设覆盖率|不低于100%
行政机关负责人出庭应诉率|不低于100%
行政执法人员资格取证率|不低于100%
有效发明专利增长率|不低于12%
商标有效注册量增长率|不低于13%
每万人有效发明专利拥有量|不低于13件
规模以上广告经营单位当年新增|不低于4家
规模以上广告经营单位累计新增|不低于20家
新增国家级标准化试点项目|不低于4个
新增自治区级标准化试点项目|不低于15个
调整电梯检验检测方式试点县(市)区|不低于2个
改进电梯维护保养模式试点县(市)区|不低于6个
""".strip().splitlines()


def test_yinchuan_asks_for_every_figure_the_plan_names(shipped: dict[str, Definition]) -> None:
    found = shipped["yinchuan-plan"].targets
    assert [f"{one.title}|{one.bound}" for one in found] == YINCHUAN
    assert {one.kind for one in found} == {None}  # the plan calls none of them 约束性 or 预期性
