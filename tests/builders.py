"""Small values for tests: a made-up city with five departments and two counties, three duties and two rounds a year."""

from datetime import date

from campaigns.clocks import Clock
from campaigns.definition import Campaign, Definition, Duty, Form, Hop, Indicator, Part, Report, Role, Row, Rule, Rung, Source
from campaigns.findings import Severity
from campaigns.organs import Alias, Contact, Directory, Group, Organ
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours, Workdays

FIRST_ROUND = "test-2020/summary-2020-2"
SECOND_ROUND = "test-2020/summary-2021-1"

WORKDAYS = Workdays(
    rest=frozenset(date(2020, 10, day) for day in range(1, 9)) | {date(2021, 1, 1), date(2021, 6, 14)},
    makeup=frozenset({date(2020, 10, 10)}),
    published=frozenset({2020, 2021}),
)


def organ(code: str, name: str, level: str = "市", *aliases: str) -> Organ:
    """Return a department with a made-up liaison and leader."""
    return Organ(
        id=code,
        name=name,
        level=level,
        aliases=tuple(Alias(name=alias) for alias in aliases),
        liaison=Contact(name=f"{name}联络员", email=f"{code}@example.gov.cn", phone="0000-0000000"),
        leader=Contact(name=f"{name}分管领导", email=f"{code}-leader@example.gov.cn"),
    )


def small_directory() -> Directory:
    """Return five departments, two counties and the group of the two counties."""
    return Directory(
        id="test-city",
        title="测试市通讯录",
        organs=(
            organ("scjg", "市市场监管局", "市", "市工商局"),
            organ("swj", "市商务局"),
            organ("wlj", "市文旅局"),
            organ("fgw", "市发展改革委"),
            organ("gaj", "市公安局"),
            organ("dong", "东山县", "县"),
            organ("xi", "西山县", "县"),
        ),
        groups=(Group(id="counties", name="各县(区)人民政府", members=("dong", "xi")),),
    )


def small_definition() -> Definition:
    """Return three duties, one report due on 20 June and 3 December, the eight usual indicators and two rules."""
    return Definition(
        campaign=Campaign(
            id="test-2020",
            title="测试市放心消费联合执法专项行动",
            short_title="放心消费专项行动",
            doc_no="测市监〔2020〕1号",
            office="市消费者联席办",
            starts=date(2020, 10, 20),
            ends=date(2021, 12, 31),
            source=Source(title="关于开展专项行动的通知", body="市消费者联席办", issued_on=date(2020, 10, 20)),
        ),
        directory="test-city",
        duties=(
            Duty(
                number=1,
                title="全面提高标准化水平",
                lead=("市市场监管局",),
                cooperating=("市商务局", "市文旅局", "各县(区)人民政府"),
            ),
            Duty(number=2, title="打造高品质消费商圈", lead=("市商务局",), cooperating=("市市场监管局",)),
            Duty(
                number=3, title="活跃夜间商业和市场", lead=("市发展改革委",), cooperating=("市公安局", "市市场监管局"), needs=(1,)
            ),
        ),
        reports=(
            Report(
                id="summary",
                title="工作总结及统计表",
                form="statistics",
                clock=Clock(yearly=("06-20", "12-03")),
                hops=(
                    Hop(role=Role.COOPERATING, to="lead", parts=(Part.WORKBOOK,), working_days_before=5),
                    Hop(role=Role.LEAD, to="office", parts=(Part.WORKBOOK, Part.SUMMARY, Part.SCAN)),
                ),
            ),
        ),
        forms=(
            Form(
                id="statistics",
                title="联合执法情况统计表",
                indicators=(
                    Indicator(id="officers", label="出动执法人员", unit="人次"),
                    Indicator(id="inspections", label="检查经营主体", unit="户次"),
                    Indicator(id="cases_filed", label="立案", unit="件"),
                    Indicator(id="cases_closed", label="结案", unit="件"),
                    Indicator(id="case_value", label="案值", unit="万元", decimals=4),
                    Indicator(id="penalty", label="罚没款", unit="万元", decimals=4),
                    Indicator(id="recovered", label="挽回经济损失", unit="万元", decimals=4),
                    Indicator(id="transferred", label="移送公安机关", unit="件"),
                ),
                notes=("金额单位为万元，最多保留四位小数。",),
            ),
        ),
        rules=(
            Rule(
                id="closed",
                form="statistics",
                text="累计结案数不超过累计立案数",
                check="cases_closed <= cases_filed",
                over="cumulative",
                severity=Severity.BLOCK,
            ),
            Rule(
                id="pairs",
                form="statistics",
                text="出动执法人员不少于检查户次的两倍属正常，偏少请核对",
                check="officers >= inspections",
            ),
        ),
        ladder=(
            Rung(id="before3", title="到期前3个工作日", working_days=-3, to=("liaison",)),
            Rung(id="after1", title="逾期1个工作日", working_days=1, to=("liaison", "leader")),
        ),
    )


def small_plan() -> Plan:
    """Return the plan of the small definition."""
    return expand(small_definition(), small_directory(), WORKDAYS, OfficeHours())


IRON_ROUND, IRON_NEXT = "iron-2020/quarter-2020-1", "iron-2020/quarter-2021-1"


def iron_definition() -> Definition:
    """Return a campaign after the 2020 statistics of 知识产权执法“铁拳”: a matrix, a vertical form, one for the police alone.

    Rows, columns and units are those of the published form; its dates, departments and everything else are made up.
    """
    fields = ("电商领域案件", "ecommerce"), ("重点实体市场案件", "markets"), ("农村市场案件", "rural")
    small = small_definition()
    return Definition(
        campaign=small.campaign.model_copy(
            update={"id": "iron-2020", "title": "测试市知识产权执法“铁拳”行动", "short_title": "铁拳"}
        ),
        directory="test-city",
        duties=(
            Duty(number=1, title="知识产权执法", lead=("市市场监管局",), cooperating=("市公安局", "各县(区)人民政府")),
            Duty(number=2, title="宣传引导", lead=("市商务局",)),
        ),
        reports=(
            Report(
                id="quarter",
                title="知识产权执法数据统计",
                form="cases",
                more_forms=("actions", "police"),
                clock=Clock(yearly=("12-03",)),
                hops=(
                    Hop(role=Role.COOPERATING, to="lead", working_days_before=5),
                    Hop(role=Role.LEAD, to="office"),
                ),
            ),
        ),
        forms=(
            Form(
                id="cases",
                title="知识产权执法案件统计表",
                layout="matrix",
                rows=(
                    Row(id="trademark", label="商标侵权"),
                    Row(id="geographic", label="地理标志"),
                    Row(id="official", label="官方标志、特殊标志和奥林匹克标志"),
                    Row(id="agency", label="商标代理", without=("foreign", "foreign_recovered")),
                    Row(id="other_marks", label="其他商标"),
                    Row(id="counterfeit", label="假冒专利"),
                    Row(id="patent_agency", label="专利代理", without=("foreign", "foreign_recovered")),
                    Row(id="other_patents", label="其他专利"),
                    Row(
                        id="total",
                        label="合计",
                        sum_of=(
                            "trademark",
                            "geographic",
                            "official",
                            "agency",
                            "other_marks",
                            "counterfeit",
                            "patent_agency",
                            "other_patents",
                        ),
                    ),
                ),
                indicators=(
                    Indicator(id="cases_filed", label="立案", unit="件"),
                    Indicator(id="cases_closed", label="结案", unit="件"),
                    Indicator(id="case_value", label="涉案金额", unit="万元", decimals=2),
                    Indicator(id="penalty", label="罚没款金额", unit="万元", decimals=2),
                    Indicator(id="recovered", label="挽回经济损失", unit="万元", decimals=2),
                    Indicator(id="transferred", label="移送司法机关案件", unit="件"),
                    *(Indicator(id=code, label=label, unit="件", group="其中（可重复统计）") for label, code in fields),
                    Indicator(id="foreign", label="外商投资企业被侵权案件", unit="件", group="其中（可重复统计）"),
                    Indicator(id="foreign_recovered", label="挽回外商投资企业经济损失", unit="万元", decimals=2),
                ),
                notes=("同一案件涉及多个领域的可以重复统计；各领域案件按立案口径统计。",),
            ),
            Form(
                id="actions",
                title="执法行动情况",
                layout="vertical",
                indicators=(
                    Indicator(id="actions", label="开展执法行动", unit="次"),
                    Indicator(id="officers", label="出动执法人员", unit="人次"),
                    Indicator(id="market_actions", label="实体市场执法行动", unit="次", group="其中"),
                    Indicator(id="market_officers", label="实体市场出动执法人员", unit="人次", group="其中"),
                    Indicator(id="published", label="是否公布典型案例", options=("已公布", "未公布")),
                    Indicator(id="hotline", label="值班电话", kind="code", prompt="带区号"),
                ),
            ),
            Form(
                id="police",
                title="公安机关办理情况",
                only=("市公安局",),
                indicators=(
                    Indicator(id="criminal_cases", label="刑事案件", unit="件"),
                    Indicator(id="accounts", label="关停账号", unit="个"),
                ),
            ),
        ),
        rules=(
            Rule(
                id="closed",
                form="cases",
                text="累计结案不超过累计立案",
                check="cases_closed <= cases_filed",
                over="cumulative",
                severity=Severity.BLOCK,
            ),
            *(
                Rule(
                    id=code,
                    form="cases",
                    text=f"{label}按立案统计，不超过立案；各领域可重复统计，相加可以超过立案",
                    check=f"{code} <= cases_filed",
                    severity=Severity.BLOCK,
                )
                for label, code in fields
            ),
            Rule(
                id="markets_within",
                form="actions",
                text="实体市场执法行动不超过开展执法行动",
                check="market_actions <= actions",
                severity=Severity.BLOCK,
            ),
            Rule(
                id="cases_need_officers",
                form="cases",
                text="有立案就应有出动人次（执法行动情况表）",
                check="total.cases_filed <= 100 * officers",
            ),
            Rule(
                id="tenfold",
                form="actions",
                text="出动执法人员超过上期十倍的，请核对",
                check="officers <= 10 * previous.officers",
            ),
            Rule(
                id="units_within",
                form="actions",
                text="牵头单位开展执法行动不少于配合单位之和",
                check="actions >= coop.actions",
                severity=Severity.BLOCK,
                stage="shadow",
            ),
        ),
        ladder=small.ladder,
    )


def iron_plan() -> Plan:
    """Return the plan of the campaign with several forms."""
    return expand(iron_definition(), small_directory(), WORKDAYS, OfficeHours())
