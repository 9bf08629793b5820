"""Figures in running text are found where they are meant, and nowhere else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.definition import Indicator
from campaigns.items import Item
from campaigns.prose import _in_words, differing, mentions, numeral, stated
from campaigns.rollup import Fact

INDICATORS = (
    Indicator(id="officers", label="出动执法人员", unit="人次"),
    Indicator(id="inspections", label="检查经营主体", unit="户次"),
    Indicator(id="filed", label="立案", unit="件"),
    Indicator(id="closed", label="结案", unit="件"),
    Indicator(id="penalty", label="罚没金额", unit="万元", decimals=2),
)


def said(text: str) -> list[tuple[str, str]]:
    return [(one.indicator, f"{one.value.normalize():f}") for one in mentions(text, INDICATORS)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("共出动执法人员120人次，检查经营主体1,060户次，立案12件，结案９件。",
         [("officers", "120"), ("inspections", "1060"), ("filed", "12"), ("closed", "9")]),
        ("立案查处违法案件 12 起，罚没款共计3.5万元", [("filed", "12"), ("penalty", "3.5")]),
        ("罚没金额：35000元；检查市场主体1.2万户次", [("penalty", "3.5"), ("inspections", "12000")]),
        ("立案一百二十三件，结案十二件，检查经营主体两千零五户次", [("filed", "123"), ("closed", "12"), ("inspections", "2005")]),
        ("立案12件，同比增长20%，结案8件", [("filed", "12"), ("closed", "8")]),
    ],
)  # fmt: skip
def test_a_figure_stands_between_its_label_and_its_unit(text: str, found: list[tuple[str, str]]) -> None:
    assert said(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "立案2020年12月3日", "立案率达98件次", "立案增长12%", "立案〔2020〕12号", "立案12件次", "立案12余件", "立案12件以上",
        "立案10至12件", "未立案3件", "不予立案3件", "去年立案12件", "上年同期立案12件", "计划立案30件", "其中食品类立案5件",
        "其中，食品类检查经营主体20户次，立案5件", "同比多立案3件，同比立案增加3件", "某公司一案立案1件，罚没款2万元",
        "该店罚没款0.5万元",
        "立案1.5件", "立案12", "12件立案", "立案标准为3万元", "结案件12件",
    ],
)  # fmt: skip
def test_what_is_no_figure_of_ours_is_left_alone(text: str) -> None:
    assert said(text) == []


MATRIX = (
    *INDICATORS,
    Item(id="trademark.filed", label="商标侵权·立案", unit="件", row="trademark", row_label="商标侵权", column="filed"),
    Item(id="trademark.closed", label="商标侵权·结案数", unit="件", row="trademark", row_label="商标侵权", column="closed"),
    Item(id="counterfeit.filed", label="假冒专利·立案", unit="件", row="counterfeit", row_label="假冒专利", column="filed"),
    Item(id="counterfeit.penalty", label="假冒专利·罚没金额", unit="万元", decimals=2, row_label="假冒专利", column="penalty"),
    Item(id="all.filed", label="合计·立案", unit="件", row="all", row_label="合计", column="filed"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("全市立案12件。商标侵权案件立案3件，假冒专利案件立案两百件",
         [("filed", "12"), ("trademark.filed", "3"), ("counterfeit.filed", "200")]),
        ("共查处商标侵权立案共3件；商标侵权：结案2件", [("trademark.filed", "3"), ("trademark.closed", "2")]),
        ("假冒专利罚没款35000元", [("counterfeit.penalty", "3.5")]),
        ("去年商标侵权案件立案3件", []), ("涉外商标侵权案件结案3件", []), ("商标侵权案件未结案3件", []),
    ],
)  # fmt: skip
def test_a_figure_of_a_matrix_is_told_by_its_row_and_its_column(text: str, found: list[tuple[str, str]]) -> None:
    assert [(one.indicator, f"{one.value.normalize():f}") for one in mentions(text, MATRIX)] == found


def test_what_may_be_either_of_two_figures_of_matrices_is_left_alone() -> None:
    twin = Item(id="other.filed", label="商标侵权·立案", unit="件", row="other", row_label="商标侵权", column="filed")
    assert mentions("商标侵权案件立案3件", (*MATRIX, twin)) == ()


LABELS = st.sampled_from(["出动执法人员", "检查经营主体", "立案", "结案", "罚没金额", "罚没款"])
NOISE = st.one_of(
    st.dates().map(lambda day: f"{day.year}年{day.month}月{day.day}日"),
    st.builds("测市监〔{}〕{}号".format, st.integers(2000, 2030), st.integers(1, 999)),
    st.builds("增长{}%".format, st.decimals(0, 500, places=1)),
    st.builds("占比{}%".format, st.integers(0, 100)),
    st.builds("第{}号文件".format, st.integers(1, 99)),
    st.builds("0774-{}".format, st.integers(1000000, 9999999)),
    st.builds("{}:{}".format, st.integers(0, 23), st.integers(10, 59)),
)
JOINTS = st.sampled_from(["", "，", "。", "\n", "工作于", "的", " "])


@given(st.lists(st.tuples(LABELS, JOINTS, NOISE, JOINTS), max_size=8))
def test_dates_numbers_of_documents_and_percentages_are_never_taken(pieces: list[tuple[str, str, str, str]]) -> None:
    assert mentions("".join(part for piece in pieces for part in piece), INDICATORS) == ()


@given(st.integers(0, 10**9), st.sampled_from(["", "共", "共计", "为", "："]), st.sampled_from(["", " "]), NOISE, NOISE)
def test_a_figure_is_found_between_dates_and_numbers_of_documents(value: int, joint: str, gap: str, one: str, other: str) -> None:
    text = f"{one}。立案{joint}{gap}{value}{gap}件，{other}"
    assert [(found.indicator, found.value) for found in mentions(text, INDICATORS)] == [("filed", Decimal(value))]


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    for one in mentions(text + "立案" + text, INDICATORS):
        assert one.value >= 0


def test_only_what_agrees_with_no_figure_of_the_table_differs() -> None:
    stated = {"filed": [Decimal(15), Decimal(12)], "penalty": [Decimal("3.46")], "closed": [Decimal(9)]}
    text = "全市共立案12件，其后立案3件，罚没款3.5万元，结案10件，出动执法人员7人次"
    assert [(one.indicator, one.text) for one in differing(mentions(text, INDICATORS), stated)] == [("closed", "结案10件")]
    assert differing(mentions(text, INDICATORS), {}) == ()


def test_what_a_table_states_comes_together_by_its_formula() -> None:
    items = {code: Item(id=code, label=code, over_places=places) for code, places in (("peak", "max"), ("filed", "sum"))}
    own = [
        Fact(f"r/{duty}/{unit}", duty, unit, "lead", code, Decimal(value), "表", "C5", "s", "e", "f")
        for duty, unit, value in ((1, "甲", 40), (2, "甲", 38), (1, "乙", 50))
        for code in (*items, "list#1.penalty")
    ]
    found = stated(own, (), "甲", {1}, items)
    assert found["peak"][0] == 40 and set(found["peak"]) == {40, 38, 50}
    assert found["filed"][0] == 78 and set(found["filed"]) == {78, 40, 38, 90} and found.keys() == items.keys()


@given(st.decimals(0, 10**6, places=2), st.integers(0, 2))
def test_a_rounded_figure_is_no_difference(value: Decimal, places: int) -> None:
    written = f"{value:.{places}f}"
    assert differing(mentions(f"罚没金额{written}万元", INDICATORS), {"penalty": [value]}) == ()


@given(st.integers(1, 10**8 - 1))
def test_a_number_said_in_full_is_read_and_no_other(value: int) -> None:
    assert numeral(_in_words(value)) == value


@pytest.mark.parametrize("words", ["一百二", "三五", "二〇二", "一万二", "百", "十百", "零", "一零", "万", "二十零", "万万"])
def test_numerals_that_may_mean_several_are_left_alone(words: str) -> None:
    assert numeral(words) is None
    assert said(f"立案{words}件") == []
