"""The shipped campaign against the notice, typed here a second time from the notice's own text."""

from collections import Counter
from datetime import date

import pytest

from campaigns.definition import Part, Role
from campaigns.findings import Severity
from campaigns.graph import NEXT, REPORTS_TO, ROLLS_UP, digraph, edges
from campaigns.plan import Plan
from campaigns.workdays import OfficeHours
from integrations.calendar import workdays
from integrations.definition_files import DEFINITIONS, find_definition, load_plan

COUNTIES = "各县(区)人民政府"
CONSUMER = "消费者权益保护工作联席会议成员单位"
CREDIT = "市社会信用体系建设联席会议成员单位"
BANK = "人民银行贺州市中心支行"

# number, title, lead, cooperating
NOTICE = (
    (1, "打造高品质消费商圈", "市投资促进和商务局", f"市住建局 市文旅局 {COUNTIES}"),
    (2, "升级改造商业步行街", "市自然资源局", f"市住建局 市投资促进和商务局 市公安局 市市场监管局 市城市管理局 {COUNTIES}"),
    (
        3,
        "优化社区便民服务设施",
        "市发展改革委",
        "市教育局 市民政局 市住建局 市投资促进和商务局 市文旅局 市卫健委 市医保局 市体育局 市大数据发展局 市邮政管理局 "
        + COUNTIES,
    ),
    (
        4,
        "活跃夜间商业和市场",
        "市发展改革委",
        "市投资促进和商务局 市住建局 市交通运输局 市文旅局 市应急局 市公安局 市生态环境局 市城市管理局 市市场监管局 "
        f"市消防救援支队 {COUNTIES}",
    ),
    (
        5,
        "拓宽假日消费空间",
        "市城市管理局",
        "市住建局 市交通运输局 市投资促进和商务局 市文旅局 市农业农村局 市应急局 市市场监管局 市消防救援支队 " + COUNTIES,
    ),
    (6, "提升移动支付消费能力", BANK, f"市财政局 {COUNTIES}"),
    (
        7,
        "打造“康养+旅游”产业链",
        "市文旅局",
        f"市财政局 市卫健委 市发展改革委 市民政局 市交通运输局 市投资促进和商务局 {COUNTIES}",
    ),
    (8, "加快推进一批旅游项目建设", "市发展改革委", f"市文旅局 市委宣传部 {COUNTIES}"),
    (9, "加快推进旅游饮食文化建设", "市投资促进和商务局", f"市文旅局 市市场监管局 {COUNTIES}"),
    (10, "扩大农产品流通", "市发展改革委", f"市财政局 市农业农村局 市投资促进和商务局 市大数据发展局 {COUNTIES}"),
    (11, "增加市场优质消费农产品有效供给", "市农业农村局", f"市投资促进和商务局 市市场监管局 {COUNTIES}"),
    (12, "加快物流与相关产业深度融合发展", "市交通运输局", "市发展改革委 市工信局 市大数据发展局"),
    (13, "加强冷链物流基础设施建设", "市投资促进和商务局", "市交通运输局 市发展改革委 市工信局 市大数据发展局"),
    (14, "完善物流配送体系", "市交通运输局", f"市公安局 市工信局 市邮政管理局 {COUNTIES}"),
    (
        15,
        "全面提高标准化水平",
        "市市场监管局",
        "市发展改革委 市工信局 市科技局 市民政局 市农业农村局 市投资促进和商务局 市文旅局 市交通运输局 市财政局",
    ),
    (16, "推进重点领域服务认证", "市市场监管局", "市卫健委 市教育局 市住建局 市生态环境局 市体育局"),
    (
        17,
        "围绕消费安全,大力推进重要产品追溯体系建设",
        "市投资促进和商务局",
        "市大数据发展局 市工信局 市农业农村局 市市场监管局 市林业局 自治区药监局贺州检查分局",
    ),
    (18, "开展食品行业放心消费创建工作", "市市场监管局", f"市农业农村局 市投资促进和商务局 市公安局 市城市管理局 {COUNTIES}"),
    (
        19,
        "提高服务行业水平",
        "市市场监管局",
        f"市交通运输局 市住建局 市文旅局 市投资促进和商务局 市工信局 市民政局 {BANK} 市邮政管理局",
    ),
    (
        20,
        "防患交易安全存隐患,防范信息被泄露",
        "市公安局",
        "市委网信办 市工信局 市教育局 市住建局 市文旅局 市投资促进和商务局 市市场监管局 市邮政管理局",
    ),
    (
        21,
        "开展放心消费示范单位创建工作",
        "市市场监管局",
        f"市教育局 市工信局 市住建局 市交通运输局 市文旅局 市投资促进和商务局 {BANK} 贺州银保监分局 市邮政管理局 {COUNTIES}",
    ),
    (
        22,
        "引导商家落实主体责任",
        "市市场监管局",
        f"市教育局 市工信局 市住建局 市交通运输局 市文旅局 市投资促进和商务局 {BANK} 贺州银保监分局 市邮政管理局 {COUNTIES}",
    ),
    (23, "提高消费维权效能", "市市场监管局", CONSUMER),
    (24, "开展消费维权宣传", "市市场监管局", f"市委宣传部 贺州日报社 市广播电视台 {CONSUMER} {COUNTIES}"),
    (25, "加大消费维权力度", "市市场监管局", CONSUMER),
    (26, "开展消费投诉信息公示", "市市场监管局", CONSUMER),
    (27, "改善市场信用环境", "市发展改革委", CREDIT),
    (28, "加强商品质量监管", "市市场监管局", "市公安局 市检察院"),
    (29, "加强合同格式条款监管", "市市场监管局", "市住建局 市文旅局 市投资促进和商务局"),
    (30, "加强假日旅游市场监管", "市文旅局", "市市场监管局"),
    (31, "加强重点领域价格监管", "市市场监管局", "市发展改革委 市文旅局 市住建局"),
    (32, "加强汽车销售行业监管", "市投资促进和商务局", "市市场监管局"),
    (
        33,
        "开展打击侵害消费者个人信息违法行为专项执法集中行动",
        "市市场监管局",
        f"市委网信办 市工信局 市公安局 市住建局 市教育局 市投资促进和商务局 {BANK} 市邮政管理局",
    ),
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(DEFINITIONS / "hezhou-2020.yaml", workdays(2020, 2023), OfficeHours())


def test_every_duty_stands_as_in_the_notice(plan: Plan) -> None:
    read = tuple((one.number, one.title, " ".join(one.lead), " ".join(one.cooperating)) for one in plan.definition.duties)

    assert read == NOTICE


def test_the_leads_are_counted_as_in_the_notice(plan: Plan) -> None:
    leads = Counter(name for duty in plan.definition.duties for name in duty.lead)

    assert len(plan.definition.duties) == 33
    assert len(leads) == 10
    assert (leads["市市场监管局"], leads["市投资促进和商务局"], leads["市发展改革委"]) == (14, 5, 5)


def test_the_conferences_are_the_departments_the_notice_names(plan: Plan) -> None:
    named = {name for _, _, lead, cooperating in NOTICE for name in (lead, *cooperating.split())}
    named -= {COUNTIES, CONSUMER, CREDIT}
    groups = {group.name: {plan.directory.organ(code).name for code in group.members} for group in plan.directory.groups}

    assert groups[CONSUMER] == groups[CREDIT] == named
    assert groups[COUNTIES] == {f"{name}人民政府" for name in ("八步区", "平桂区", "钟山县", "昭平县", "富川瑶族自治县")}
    assert {organ.name for organ in plan.directory.organs} == named | groups[COUNTIES]
    assert all(group.assumed for group in plan.directory.groups)


def test_each_department_is_in_a_duty_once_and_the_lead_wins(plan: Plan) -> None:
    groups = {group.name: {plan.directory.organ(code).name for code in group.members} for group in plan.directory.groups}
    expected = set()
    for number, _, lead, names in NOTICE:
        expected.add((number, lead, Role.LEAD))
        members = {one for name in names.split() for one in groups.get(name, {name})}
        expected |= {(number, name, Role.COOPERATING) for name in members - {lead}}

    assigned = [(one.duty, plan.directory.organ(one.department).name, one.role) for one in plan.assignments]

    assert len(assigned) == len(set(assigned)) == 406
    assert set(assigned) == expected


def test_the_rounds_fall_on_the_dates_of_the_notice(plan: Plan) -> None:
    assert [a_round.due_on for a_round in plan.rounds] == [
        date(2020, 12, 3),
        date(2021, 6, 20),
        date(2021, 12, 3),
        date(2022, 6, 20),
        date(2022, 12, 3),
    ]
    assert [a_round.label for a_round in plan.rounds] == [
        "2020年下半年",
        "2021年上半年",
        "2021年下半年",
        "2022年上半年",
        "2022年下半年",
    ]
    first = plan.rounds[0]
    assert (first.opens_on, first.due_of(Role.COOPERATING), first.closes_on) == (
        date(2020, 10, 20),
        date(2020, 11, 26),
        date(2020, 12, 10),
    )


def test_what_is_owed_goes_from_cooperating_to_lead_to_office(plan: Plan) -> None:
    hops = {hop.role: hop for hop in plan.definition.reports[0].hops}

    assert hops[Role.COOPERATING].parts == (Part.WORKBOOK,)
    assert hops[Role.LEAD].parts == (Part.WORKBOOK, Part.SUMMARY, Part.SCAN)
    assert len(plan.expected) == 406 * 5
    assert {one.receivers for one in plan.expected if one.role is Role.LEAD} == {("office",)}
    assert {one.receivers for one in plan.expected if one.duty == 15 and one.role is Role.COOPERATING} == {("scjg",)}


def test_the_graph_has_one_way_through(plan: Plan) -> None:
    found = edges(plan)
    kinds = Counter(edge.kind for edge in found)

    assert kinds == {REPORTS_TO: 5 * (406 - 33), ROLLS_UP: 5 * 33, NEXT: 4}
    assert digraph(found).number_of_nodes() == 406 * 5 + 5


def test_what_the_notice_does_not_say_is_marked(plan: Plan) -> None:
    assumed = {one.path[:2] for one in plan.problems if one.severity is Severity.ASSUMPTION}

    assert plan.usable
    assert {("forms", 0), ("reports", 0), ("groups", 1), ("groups", 2), ("rules", 0), ("ladder", 0)} <= assumed
    assert all(rule.assumed for rule in plan.definition.rules) and all(rung.assumed for rung in plan.definition.ladder)
    assert [one.rule for one in plan.problems if one.severity is Severity.WARNING] == ["rest-day", "rest-day"]


def test_the_people_are_made_up(plan: Plan) -> None:
    people = [person for organ in plan.directory.organs for person in (organ.liaison, organ.leader)]

    assert all(person and person.email.endswith("@example.gov.cn") for person in people)
    assert len({person.email for person in people if person}) == len(people)


def test_it_is_found_by_its_id() -> None:
    assert find_definition("hezhou-2020") == DEFINITIONS / "hezhou-2020.yaml"
