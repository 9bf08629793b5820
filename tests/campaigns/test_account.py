"""What the office tells of a round: sections of summaries, sentences with the same numbers as the roll-up, what is missing."""

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from campaigns.account import MOST_SIGNS, Summary, account, last_change, numeral
from campaigns.definition import Target
from campaigns.leader_page import facts, page
from campaigns.parts import Document, Paragraph, sections
from campaigns.plain import file_name
from campaigns.rollup import Fact, RollUp, roll_up
from campaigns.sheets import Sheet
from campaigns.states import Accepted, Standing, State
from campaigns.targets import WHOLE, Attainment
from campaigns.workdays import in_chinese
from tests.builders import FIRST_ROUND, small_plan

PLAN = small_plan()
AFTER = datetime(2020, 12, 14, tzinfo=UTC)
CAME = datetime(2020, 11, 20, 2, tzinfo=UTC)
DEMANDED = ("主要作法", "亮点经验", "存在的问题")


def rolled(*reported: str, as_of: datetime = AFTER) -> RollUp:
    """Return the roll-up of the first round in which these duties' departments reported 12 cases and 1.5 of value each."""
    standings, found = {}, []
    for one in PLAN.expected_in(FIRST_ROUND):
        key = f"{one.duty}/{one.department}"
        valid = (Accepted(f"{one.id}#1", 1, CAME, False),) if key in reported else ()
        came = CAME if valid else None
        standings[one.id] = Standing(one.due_at, received_at=came, version=len(valid), accepted=valid, opened_at=CAME)
        for indicator, value in (("cases_filed", Decimal(12)), ("case_value", Decimal("1.50"))) if valid else ():
            found.append(
                Fact(
                    one.id, one.duty, one.department, one.role.value, indicator, value, "表", "C9", f"{one.id}#1", "R-1", "a.xlsx"
                )
            )
    return roll_up(PLAN, FIRST_ROUND, found, standings, as_of)


def document(*lines: str) -> Document:
    return Document(tuple(Paragraph(line) for line in lines))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("一、主要做法", "甲。", "乙。", "二、亮点经验", "丙。"), {"主要作法": ("甲。", "乙。"), "亮点经验": ("丙。",)}),
        (("（一）主要做法。我局全面排查。", "又。"), {"主要作法": ("我局全面排查。", "又。")}),
        (("一、主要做法", "（一）严格执法", "甲。"), {"主要作法": ("（一）严格执法", "甲。")}),
        (("一、主要做法", "甲。", "二、附带说明", "乙。"), {"主要作法": ("甲。",)}),
        (("一、主要做法和亮点经验", "甲。"), {"主要作法": ("甲。",), "亮点经验": ()}),
        (("前言。", "主要做法写在别处，见附件，不再重复说明。"), {}),
    ],
)
def test_a_summary_falls_into_what_was_demanded(lines: tuple[str, ...], found: dict[str, tuple[str, ...]]) -> None:
    assert sections(DEMANDED, document(*lines)) == found


def test_the_sentences_say_what_the_roll_up_says() -> None:
    result = rolled("1/swj", "2/swj")
    told = account(PLAN, result, None, (), ("scjg",), {})
    assert told.standing[0] == result.coverage.text
    assert "市公安局（1项）" in told.standing[2] and "东山县（1项）" in told.standing[2]
    assert told.standing[3] == "没有收到工作总结的牵头单位：市市场监管局。"
    assert told.figures == ("据已报单位统计，立案24件，案值3万元。",)
    assert told.totals.rows[-1][3:] == ("2/10", "", "", "24", "", "3", "", "", "")
    assert told.ahead[0].startswith("下一期（2021年上半年）") and "2021年6月20日（周日）前报办公室" in told.ahead[0]


def test_targets_and_questions_are_told_and_their_sheets_annexed() -> None:
    target = Target(
        id="rate",
        title="结案率",
        form="statistics",
        numerator="a",
        denominator="b",
        at_least=Decimal(95),
        unit="%",
        kind="binding",
    )
    aims = [Attainment(target, code, Decimal("90.5"), Decimal(181), Decimal(200), False, ()) for code in (WHOLE, "swj")]
    sheet = Sheet(
        "数据疑问", "数据疑问（供核对）", (("序号", 7.0), ("数", 7.0)), tuple((at, Decimal("1.50")) for at in range(150))
    )
    told = account(PLAN, rolled("1/swj"), None, (), (), {}, aims, 3, [sheet])
    assert told.figures[1].startswith("结案率（约束性，目标") and told.figures[1].endswith("完成90.5%，未达到。")
    assert told.figures[2].startswith("有3处数据") and len(told.figures) == 3
    by_each = [replace(one, target=target.model_copy(update={"of": "each"})) for one in aims[1:]]
    met = replace(by_each[0], department="gaj", met=True)
    said = account(PLAN, rolled("1/swj"), None, (), (), {}, [*by_each, met]).figures[1]
    assert said == "结案率（每个单位不低于95%）：1个单位未达到，1个单位已达到。"
    (table,) = told.more
    assert (table.title, table.rows[0], len(table.rows)) == ("数据疑问（供核对）", ("0", "1.5"), 101)
    assert table.rows[-1] == ("……", "共150行，其余见汇总表")


def test_nothing_reported_is_no_zero_and_the_round_before_is_told_with_its_coverage() -> None:
    told = account(PLAN, rolled(), rolled("1/swj"), (), (), {})
    assert told.figures == ("没有收到数据。", "上一期（2020年下半年，报送率10%）：立案12件，案值1.5万元。")


def test_what_is_too_long_is_cut_and_says_where_the_rest_is() -> None:
    summary = Summary("swj", "R-2020-000009", {"主要作法": ("甲" * (MOST_SIGNS - 10), "乙" * 40, "丙")})
    definition = PLAN.definition.model_copy(
        update={"reports": tuple(one.model_copy(update={"summary_headings": DEMANDED}) for one in PLAN.definition.reports)}
    )
    told = account(replace(PLAN, definition=definition), rolled(), None, (summary,), (), {})
    (quote,) = told.chapters[0].quotes
    assert sum(map(len, quote.paragraphs)) <= MOST_SIGNS
    assert quote.source == f"摘自市商务局工作总结，来件R-2020-000009；全文较长，此处只摘录前{MOST_SIGNS}字"
    assert told.chapters[1].silent == ("市商务局",)


def test_time_that_changes_nothing_changes_no_page() -> None:
    first, later = rolled("1/swj"), rolled("1/swj", as_of=datetime(2021, 1, 9, tzinfo=UTC))
    assert last_change(first) == last_change(later) < AFTER
    pages = [facts(PLAN, one, None, {"gaj": 2}, (), 1, closed=False) for one in (first, later)]
    assert pages[0] == pages[1]
    assert pages[0].decide == ("是否约谈多次逾期的单位：市公安局。", "暂存待核的来件1件：是否受理，或请原单位重报。")
    assert pages[0].who[0].startswith("市市场监管局：3项未报")
    before = facts(PLAN, rolled("1/swj", as_of=datetime(2020, 11, 21, tzinfo=UTC)), None, {}, (), 0, closed=False)
    assert before.stuck == ("各项任务都没有逾期。",) and before.ahead.startswith("2020年11月26日（周四）17:30：")


def test_the_leaders_page_counts_those_who_had_to_report_and_looks_ahead_from_now() -> None:
    rollup = rolled()
    waived = [replace(one, state=State.WAIVED) if one.duty == 1 and one.department == "swj" else one for one in rollup.entries]
    stuck = facts(PLAN, replace(rollup, entries=tuple(waived)), None, {}, (), 0, closed=True).stuck
    ((told, owed),) = [(one, sum(x.duty == 1 for x in rollup.entries)) for one in stuck if one.startswith("任务1")]
    assert f"应报{owed - 1}项，未报{owed - 1}项" in told
    opens = min(one.opens_on for one in PLAN.rounds if one.id != FIRST_ROUND)
    assert facts(PLAN, rollup, None, {}, (), 0, closed=True).ahead.startswith(in_chinese(opens))
    that_day = rolled(as_of=datetime.combine(opens, time(4), UTC))
    assert not facts(PLAN, that_day, None, {}, (), 0, closed=True).ahead.startswith(in_chinese(opens))


def test_two_figures_of_a_row_with_a_long_name_are_told_apart_on_the_leaders_page() -> None:
    rollup = rolled("1/swj")
    row = {"row": "time", "row_label": "企业平均登记注册时间（天）：1，约束性"}
    named = tuple(one.model_copy(update={**row, "label": f"{row['row_label']}·{one.label}"}) for one in rollup.indicators)
    now = facts(PLAN, replace(rollup, indicators=named), None, {}, (), 0, closed=False)
    assert [(one.label, one.value) for one in now.figures] == [
        ("企业平均登记注册…·立案", "12"),
        ("企业平均登记注册…·案值", "1.5"),
    ]
    alike = replace(now, figures=tuple(replace(one, label="企业平均登记注册时间…") for one in now.figures))
    assert page(alike, alike.record()).changes == ("没有变化。",)


def test_chapters_are_counted_in_chinese() -> None:
    assert [numeral(one) for one in (1, 10, 11, 20, 21, 99)] == ["一", "十", "十一", "二十", "二十一", "九十九"]


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("汇总/总表:2020", "汇总_总表_2020.docx"),
        ("../../etc/passwd", "_.._etc_passwd.docx"),
        ("a\x00b\ud800c", "abc.docx"),
        ("gpj.\u202exslx", "gpj.xslx.docx"),
        (" . ", "未命名.docx"),
        ("甲" * 300, "甲" * 66 + ".docx"),
    ],
)
def test_a_name_of_a_file_leads_nowhere_and_is_never_too_long(stem: str, name: str) -> None:
    assert file_name(stem, ".docx") == name
