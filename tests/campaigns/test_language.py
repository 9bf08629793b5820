"""What a definition can say beyond one lead and its helpers, and what follows for who owes what to whom."""

from datetime import date
from typing import Any

import pytest

from campaigns import graph
from campaigns.definition import Definition, day_of
from campaigns.findings import Severity
from campaigns.organs import Directory, Group, Organ
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from tests.builders import WORKDAYS

DIRECTORY = Directory.model_validate(
    {
        "id": "zhi",
        "title": "测试通讯录",
        "organs": [
            {"id": "gaj", "name": "市公安局"},
            {"id": "jyj", "name": "市教育局"},
            {"id": "dong", "name": "东区市场监管局", "level": "县"},
            {"id": "xi", "name": "西区市场监管局", "level": "县"},
            {"id": "dong1", "name": "东区一所", "level": "所", "parent": "dong"},
            {"id": "xi1", "name": "西区一所", "level": "所", "parent": "xi"},
        ],
        "groups": [
            {"id": "xian", "name": "各区市场监管局", "members": ["dong", "xi"]},
            {"id": "suo", "name": "各市场监管所", "members": ["dong1", "xi1"]},
        ],
    }
)


def plan(**changes: Any) -> Plan:
    raw: dict[str, Any] = {
        "campaign": {
            "id": "zhi-2021",
            "title": "测试行动",
            "short_title": "测试",
            "office": "市联席办",
            "starts": "2021-01-05",
            "ends": "2021-12-31",
            "source": {"title": "通知", "body": "市联席办", "issued_on": "2021-01-05"},
        },
        "directory": "zhi",
        "duties": [{"number": 1, "title": "第一项", "lead": ["市公安局"], "cooperating": ["市教育局"]}],
        "reports": [
            {
                "id": "summary",
                "title": "总结",
                "form": "statistics",
                "clock": {"yearly": ["06-18"]},
                "hops": [
                    {"role": "cooperating", "to": "lead", "working_days_before": 5},
                    {"role": "lead", "to": "office"},
                ],
            }
        ],
        "forms": [{"id": "statistics", "title": "统计表", "indicators": [{"id": "cases", "label": "立案", "unit": "件"}]}],
    }
    raw["campaign"] |= changes.pop("campaign", {})
    raw["reports"][0] |= changes.pop("report", {})
    raw["forms"][0] |= changes.pop("form", {})
    return expand(Definition.model_validate(raw | changes), DIRECTORY, WORKDAYS, OfficeHours())


def owed(laid_out: Plan) -> dict[str, tuple[str, ...]]:
    return {f"{one.duty}/{one.department}": one.receivers for one in laid_out.expected}


def told(laid_out: Plan, *severities: Severity) -> list[str]:
    return [one.message for one in laid_out.problems if one.severity in (severities or (Severity.ERROR,))]


def test_joint_leads_each_report_their_share_to_the_office() -> None:
    laid_out = plan(duties=[{"number": 1, "title": "第一项", "joint_leads": ["市公安局", "市教育局"]}])

    assert owed(laid_out) == {"1/gaj": ("office",), "1/jyj": ("office",)}
    assert told(laid_out) == []


def test_a_duty_without_leads_or_with_unknown_roles_is_asked_about() -> None:
    duties = [
        {"number": 1, "title": "第一项", "cooperating": ["市教育局"]},
        {"number": 2, "title": "第二项", "units": ["市公安局", "市教育局"]},
        {"number": 3, "title": "第三项", "lead": ["市公安局"], "joint_leads": ["市教育局"]},
    ]

    assert told(plan(duties=duties), Severity.ERROR, Severity.ASKED) == [
        "没有写牵头单位：请补上 lead，各单位分别负责的写 joint_leads",
        "责任单位（市公安局、市教育局）是牵头还是配合，原文没有写明：请核对后改写到 lead、joint_leads 或 cooperating",
        "任务3既写了 lead 又写了 joint_leads，只能写一种",
    ]


def test_a_duty_without_a_clause_is_told_where_others_cite_one() -> None:
    leads = {"lead": ["市公安局"], "cooperating": ["市教育局"]}
    duties = [
        {"number": 1, "title": "第一项", "clause": "二（一）", **leads},
        {"number": 2, "title": "第二项", **leads},
        {"number": 3, "title": "第三项", "assumed": "通知没有写", **leads},
    ]
    said = "任务2没有写出自文件哪一条：请补上 clause；文件里没有的，用 assumed 写明是拟定的"
    assert [one for one in told(plan(duties=duties), Severity.WARNING) if "条" in one] == [said]
    assert not any("条" in one for one in told(plan(duties=[duties[1]]), Severity.WARNING))


def test_stations_report_to_the_bureau_above_them() -> None:
    duties = [{"number": 1, "title": "第一项", "joint_leads": ["各区市场监管局"], "cooperating": ["各市场监管所"]}]
    hops = [{"role": "cooperating", "to": "parent", "working_days_before": 3}, {"role": "lead", "to": "office"}]
    laid_out = plan(duties=duties, report={"hops": hops})

    assert owed(laid_out) == {"1/dong": ("office",), "1/xi": ("office",), "1/dong1": ("dong",), "1/xi1": ("xi",)}
    reports_to = {(one.source[-5:], one.target[-4:]) for one in graph.edges(laid_out) if one.kind == graph.REPORTS_TO}
    assert reports_to == {("dong1", "dong"), ("1/xi1", "1/xi")}


def test_who_has_no_lead_above_it_is_named_unless_it_owes_nothing() -> None:
    hops = [{"role": "cooperating", "to": "parent", "working_days_before": 3}, {"role": "lead", "to": "office"}]

    assert told(plan(report={"hops": hops})) == [
        "“总结”要报送给上级或本地的牵头单位，但市教育局的上级及其下属单位都不是这项任务的牵头单位，请核对任务和通讯录里的上级（parent）"
    ]
    assert told(plan(report={"hops": hops, "excluding": ["市教育局"]})) == []
    unread = [
        {"number": 1, "title": "第一项", "lead": ["市旅游公司"], "cooperating": ["市教育局"]}
    ]  # then nobody knows whose lead
    assert [one.partition("“")[0] for one in told(plan(duties=unread, report={"hops": hops}))] == ["任务1：通讯录里没有"]


def test_an_event_leaves_nobody_too_little_time() -> None:
    hops = [{"role": "cooperating", "to": "lead"}, {"role": "lead", "to": "office"}]

    def doubted(clock: dict[str, Any]) -> bool:
        laid_out = plan(report={"hops": hops, "clock": clock})
        return any("不早于牵头单位报送" in one for one in told(laid_out, Severity.WARNING))

    assert not doubted({"event": "发现重大案件"})
    assert doubted({"date": "2020-12-03"})


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, {"1/gaj", "1/jyj", "2/dong", "2/xi"}),
        ({"duties": [2]}, {"2/dong", "2/xi"}),
        ({"only": ["市公安局", "县"]}, {"1/gaj", "2/dong", "2/xi"}),
        ({"excluding": ["各区市场监管局"]}, {"1/gaj", "1/jyj"}),
        ({"only": ["县"], "excluding": ["西区市场监管局"]}, {"2/dong"}),
        ({"only": ["市公安局、教育局"]}, {"1/gaj", "1/jyj"}),
        ({"excluding": ["市公安局、县"]}, {"1/jyj"}),
    ],
)
def test_a_report_can_be_about_some_duties_and_some_departments(limits: dict[str, Any], expected: set[str]) -> None:
    duties = [
        {"number": 1, "title": "第一项", "lead": ["市公安局"], "cooperating": ["市教育局"]},
        {"number": 2, "title": "第二项", "joint_leads": ["各区市场监管局"]},
    ]

    assert set(owed(plan(duties=duties, report=limits))) == expected


def test_limits_name_what_exists() -> None:
    laid_out = plan(report={"duties": [7], "only": ["市公安局、市工商局"], "excluding": ["镇"]}, form={"excluding": ["省"]})

    assert told(laid_out)[:3] == [
        "报送事项“总结”：通讯录里没有“市工商局”，请在通讯录中登记后再用",
        "报送事项“总结”：没有层级写作“镇”的单位，通讯录里的层级有：市、县、所",
        "“总结”涉及的任务7不存在，请改成已有的任务序号",
    ]


def test_a_level_that_has_more_than_one_name_is_told_where_only_one_is_said() -> None:
    levels = {"xi": "区", "xi1": "镇"}
    organs = tuple(one.model_copy(update={"level": levels.get(one.id, one.level)}) for one in DIRECTORY.organs)
    mixed = DIRECTORY.model_copy(update={"organs": organs})

    def said(*names: str) -> list[str]:
        definition = plan(form={"only": names}).definition
        return [one.message for one in expand(definition, mixed, WORKDAYS, OfficeHours()).problems if one.rule == "level"]

    assert said("县", "市") == ["报表“统计表”：“县”不含层级写作“区”的单位（西区市场监管局），也要的请一并写出"]
    assert said("县", "区") == said("东区市场监管局") == said("所") == []


def test_a_form_for_a_level_is_asked_of_that_level_alone() -> None:
    duties = [{"number": 1, "title": "第一项", "joint_leads": ["市公安局", "各区市场监管局"]}]

    assert set(owed(plan(duties=duties, form={"only": ["县"]}))) == {"1/dong", "1/xi"}
    assert set(owed(plan(duties=duties, form={"excluding": ["县"]}))) == {"1/gaj"}


def test_a_phase_that_needs_another_makes_its_duties_wait() -> None:
    phases = [{"id": "check", "title": "自查"}, {"id": "act", "title": "整治", "needs": ["check"]}]
    duties = [
        {"number": 1, "title": "第一项", "lead": ["市公安局"], "phase": "check"},
        {"number": 2, "title": "第二项", "lead": ["市教育局"], "phase": "act"},
        {"number": 3, "title": "第三项", "lead": ["市教育局"]},
    ]
    laid_out = plan(phases=phases, duties=duties)

    assert [laid_out.definition.needs_of(duty) for duty in laid_out.definition.duties] == [(), (1,), ()]
    assert [(one.source[-5:], one.target[-5:]) for one in graph.edges(laid_out) if one.kind == graph.NEEDS] == [
        ("1/gaj", "2/jyj")
    ]


def test_those_of_one_county_wait_for_and_report_to_each_other() -> None:
    kinds, counties = (("ny", "农业农村局"), ("ga", "公安局")), (("a", "甲县"), ("b", "乙县"))
    organs = [
        *(Organ(id=f"xian-{one}", name=f"{county}人民政府", level="县") for one, county in counties),
        *(
            Organ(id=f"{kind}-{one}", name=f"{county}{name}", level="县", parent=f"xian-{one}")
            for kind, name in kinds
            for one, county in counties
        ),
    ]
    groups = [Group(id=kind, name=f"各县{name}", members=(f"{kind}-a", f"{kind}-b")) for kind, name in kinds]
    hops = [{"role": "cooperating", "to": "parent"}, {"role": "lead", "to": "office"}]
    duties = [
        {"number": 1, "title": "第一项", "joint_leads": ["各县农业农村局"], "cooperating": ["各县公安局"]},
        {"number": 2, "title": "第二项", "joint_leads": ["各县公安局"], "needs": [1]},
    ]
    directory = Directory(id="zhi", title="测试通讯录", organs=tuple(organs), groups=tuple(groups))
    laid_out = expand(plan(duties=duties, report={"hops": hops}).definition, directory, WORKDAYS, OfficeHours())

    assert {one.department: one.receivers for one in laid_out.expected if one.role == "cooperating"} == {
        "ga-a": ("ny-a",),
        "ga-b": ("ny-b",),
    }
    assert not [one for one in laid_out.problems if one.rule == "no-parent"]
    needs = [(one.source[-6:], one.target[-6:]) for one in graph.edges(laid_out) if one.kind == graph.NEEDS]
    assert needs == [("1/ny-a", "2/ga-a"), ("1/ny-b", "2/ga-b")]


def test_a_lead_waits_for_itself_else_for_those_next_to_it_else_for_all() -> None:
    duties = [
        {"number": 1, "title": "第一项", "joint_leads": ["各区市场监管局"]},
        {"number": 2, "title": "第二项", "joint_leads": ["各区市场监管局", "市公安局"], "needs": [1]},
        {"number": 3, "title": "第三项", "joint_leads": ["各市场监管所"], "needs": [1]},
        {"number": 4, "title": "第四项", "joint_leads": ["各区市场监管局"], "needs": [3]},
    ]
    waits: dict[str, list[str]] = {}
    for one in graph.edges(plan(duties=duties)):
        if one.kind == graph.NEEDS:
            waits.setdefault("/".join(one.target.split("/")[-2:]), []).append(one.source.rpartition("/")[2])

    assert waits == {
        "2/dong": ["dong"],
        "2/xi": ["xi"],
        "2/gaj": ["dong", "xi"],
        "3/dong1": ["dong"],
        "3/xi1": ["xi"],
        "4/dong": ["dong1"],
        "4/xi": ["xi1"],
    }


def test_thousands_waiting_for_thousands_are_told_and_each_waiting_for_its_own_is_not() -> None:
    def laid(*duties: dict[str, Any]) -> Plan:
        organs = [
            Organ(id=f"{kind}{n}", name=f"{name}{n}局", level="县")
            for kind, name in (("a", "甲"), ("b", "乙"))
            for n in range(320)
        ]
        groups = [
            Group(id=kind, name=name, members=[f"{kind}{n}" for n in range(320)])
            for kind, name in (("a", "各甲局"), ("b", "各乙局"))
        ]
        directory = DIRECTORY.model_copy(update={"organs": (*DIRECTORY.organs, *organs), "groups": (*DIRECTORY.groups, *groups)})
        return expand(plan(duties=list(duties)).definition, directory, WORKDAYS, OfficeHours())

    first = {"number": 1, "title": "第一项", "joint_leads": ["各甲局"]}
    entangled = laid(
        {**first, "cooperating": ["各乙局"]}, {"number": 2, "title": "第二项", "joint_leads": ["各乙局"], "needs": [1]}
    )
    assert [one.message for one in entangled.problems if one.rule == "entangled"] == [
        "任务1的320个配合单位都要报给320个牵头单位：只报给上级或本地牵头单位的，请写 to: parent",
        "任务2的320个牵头单位都要等任务1的320个牵头单位：只等本单位或本地单位的，请让同一单位牵头两项任务，或在通讯录里写明上级（parent）",
    ]
    its_own = laid(first, {"number": 2, "title": "第二项", "joint_leads": ["各甲局"], "needs": [1]})
    assert not [one for one in its_own.problems if one.rule == "entangled"]
    assert sum(one.kind == graph.NEEDS for one in graph.edges(its_own)) == 320 * len(its_own.rounds)


def test_phases_in_a_circle_are_named() -> None:
    phases = [
        {"id": "one", "title": "自查", "needs": ["two"]},
        {"id": "two", "title": "整治", "needs": ["one", "three"]},
    ]

    assert told(plan(phases=phases)) == [
        "整治的前置阶段“three”没有定义，可用的有：one、two",
        "前置阶段互相等待：自查 → 整治 → 自查，请去掉其中一个前置关系",
    ]


def test_the_end_of_the_work_is_held_against_its_phase_and_the_campaign() -> None:
    phases = [{"id": "act", "title": "整治", "starts": "2021-03-10", "ends": "2021-06"}]
    duty = {"title": "一项", "lead": ["市公安局"], "phase": "act"}
    duties = [
        {**duty, "number": number, "due": due} for number, due in enumerate(("2021-06", "2021-07-01", "2022-01", "2021-02-30"), 1)
    ]
    laid_out = plan(phases=phases, duties=duties)

    assert told(laid_out) == ["“2021-02-30”不是真实的日期，请核对月和日"]
    assert [one for one in told(laid_out, Severity.WARNING) if "完成时限" in one] == [
        "任务2的完成时限（2021-07-01）晚于整治的结束，请核对",
        "任务3的完成时限（2022-01）不在专项行动期间，请核对",
    ]
    assert laid_out.definition.duties[0].due_on == date(2021, 6, 30)


def test_a_month_has_a_first_and_a_last_day() -> None:
    assert (day_of("2024-02"), day_of("2024-02", last=True)) == (date(2024, 2, 1), date(2024, 2, 29))
    assert (day_of("2024-02-10", last=True), day_of("2023-02-29")) == (date(2024, 2, 10), None)


def test_who_is_addressed_and_has_nothing_to_do_is_told() -> None:
    laid_out = plan(campaign={"addressees": ["市公安局", "各区市场监管局", "市工商局"]})

    assert told(laid_out) == ["主送：通讯录里没有“市工商局”，请在通讯录中登记后再用"]
    assert "主送单位“各区市场监管局”没有任何任务，请核对是否漏写" in told(laid_out, Severity.WARNING)


def test_what_nobody_is_asked_about_is_told() -> None:
    def told_of(asked: list[dict[str, Any]], **report: Any) -> list[tuple[str, str]]:
        return [(one.rule, one.message) for one in plan(duties=asked, report=report).problems if one.rule in NOBODY]

    two = [
        {"number": 1, "title": "第一项", "joint_leads": ["市公安局", "各区市场监管局"]},
        {"number": 2, "title": "第二项", "lead": ["市教育局"]},
    ]
    assert told_of(two) == []
    assert told_of(two, only=["县"]) == [
        ("not-asked", "任务1的牵头单位市公安局没有报送事项要报，请核对应报单位（only、excluding）和通讯录里的层级"),
        ("not-asked", "任务2没有报送事项涉及，办得怎样没有单位报送，请核对报送事项的涉及任务（duties）"),
    ]
    assert told_of(two, duties=[2], only=["县"])[0][1].startswith("没有任何单位要报“总结”：请核对")
    unread = [{"number": 1, "title": "第一项", "lead": ["市旅游公司"]}]
    assert told_of(unread, only=["县"]) == []  # one fault is told once


NOBODY = ("nobody-owes", "not-asked")


def test_a_date_before_the_document_that_asks_for_it_is_told() -> None:
    def told_of(issued: str) -> list[str]:
        source = {"title": "通知", "body": "市联席办", "issued_on": issued}
        laid_out = plan(campaign={"source": source}, report={"clock": {"dates": ["2021-06-18", "2021-12-03"]}})
        return [one for one in told(laid_out, Severity.WARNING) if "成文日期" in one]

    assert told_of("2021-06-18") == []
    assert told_of("2021-06-20") == ["成文日期2021年6月20日（周日）晚于截止日2021年6月18日（周五），请核对"]


def test_letters_for_listed_dates_close_together_do_not_all_go_out_at_once() -> None:
    dates = ["2021-03-10", "2021-03-19", "2021-03-31"]
    rounds = plan(report={"clock": {"dates": dates}}).rounds
    assert [one.opens_on.isoformat() for one in rounds] == ["2021-01-27", "2021-03-11", "2021-03-22"]
    written = plan(report={"clock": {"dates": dates}, "opens_working_days_before": 6}).rounds
    assert [one.opens_on.isoformat() for one in written] == ["2021-03-02", "2021-03-11", "2021-03-23"]
