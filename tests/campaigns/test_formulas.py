"""The formulas over periods and places: recomputed from the leaves, whatever the tree and the order in which figures came."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from campaigns.definition import Indicator
from campaigns.findings import Severity
from campaigns.forms import Block, Form, design
from campaigns.formulas import shown
from campaigns.items import Item
from campaigns.plan import expand
from campaigns.rollup import Fact, totals
from campaigns.workdays import OfficeHours
from integrations.excel.forms_out import write_form
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory

ITEMS = (
    Item(id="filed", label="立案", unit="件"),
    Item(id="closed", label="结案", unit="件"),
    Item(id="markets", label="辖区市场", unit="个", over_periods="latest"),
    Item(id="peak", label="最多同时出动", unit="人", over_periods="max", over_places="max"),
    Item(id="mean", label="月均检查", unit="户次", decimals=1, over_periods="average"),
    Item(id="rate", label="结案率", unit="%", decimals=1, ratio_of=("closed", "filed")),
)
ASKED = [item.id for item in ITEMS if not item.ratio_of]
Tree = Sequence[int]  # of each organ the one above it, -1 at the top

trees = st.integers(1, 12).flatmap(lambda size: st.tuples(*(st.integers(-1, at - 1) for at in range(size))))
figures = st.lists(
    st.tuples(st.integers(0, 11), st.integers(1, 2), st.integers(0, 3), st.sampled_from(ASKED), st.integers(0, 50)),
    max_size=60,
    unique_by=lambda one: one[:4],
)


def facts_of(said: Sequence[tuple[int, int, int, str, int]], size: int) -> list[Fact]:
    """Return facts of organ, duty, round, indicator and value, the rounds in order."""
    return [
        Fact(f"c/{when}/{duty}/{who % size}", duty, str(who % size), "lead", code, Decimal(value), "表", "A1", "s", "e", "f")
        for who, duty, when, code, value in sorted(said, key=lambda one: one[2])
    ]


def below(tree: Tree, organ: int) -> set[str]:
    """Return an organ and all below it."""

    def is_below(one: int) -> bool:
        return one == organ or (one >= 0 and is_below(tree[one]))

    return {str(one) for one in range(len(tree)) if is_below(one)}


def from_the_leaves(facts: Sequence[Fact], code: str) -> Fraction | None:
    """Return what some figures come to, by the words of the definition language alone."""
    if code == "rate":
        closed, filed = from_the_leaves(facts, "closed"), from_the_leaves(facts, "filed")
        return None if closed is None or not filed else closed / filed * 100
    own: dict[tuple[int, str], list[Fraction]] = {}
    for fact in facts:
        if fact.indicator == code:
            own.setdefault((fact.duty, fact.department), []).append(Fraction(fact.value))
    if not own:
        return None
    match code:
        case "markets":
            return sum((values[-1] for values in own.values()), Fraction(0))
        case "peak":
            return max(max(values) for values in own.values())
        case "mean":
            return sum((sum(values) / len(values) for values in own.values()), Fraction(0))
    return sum((sum(values) for values in own.values()), Fraction(0))


@given(trees, figures, st.randoms(use_true_random=False))
def test_the_total_at_every_level_is_that_of_the_leaves_in_whatever_order_they_came(
    tree: Tree, said: list[tuple[int, int, int, str, int]], random: Random
) -> None:
    above = {str(one): str(up) if up >= 0 else "" for one, up in enumerate(tree)}
    facts = facts_of(list({(one[0] % len(tree), *one[1:4]): one for one in said}.values()), len(tree))
    found = totals(facts, ITEMS, above)
    shuffled = random.sample(facts, len(facts))
    assert totals(sorted(shuffled, key=lambda fact: fact.round), ITEMS, above) == found
    for item in ITEMS:
        for organ in range(len(tree)):
            mine = [fact for fact in facts if fact.department in below(tree, organ)]
            wanted = from_the_leaves(mine, item.id)
            assert found.by_place.get(str(organ), {}).get(item.id) == (None if wanted is None else shown(wanted, item.decimals))
        whole = from_the_leaves(facts, item.id)
        assert found.overall.get(item.id) == (None if whole is None else shown(whole, item.decimals))


@given(trees, figures, st.integers(0, 11), st.integers(1, 2), st.integers(0, 99))
def test_what_is_reported_again_changes_its_ancestors_and_nothing_beside_them(
    tree: Tree, said: list[tuple[int, int, int, str, int]], who: int, duty: int, value: int
) -> None:
    above = {str(one): str(up) if up >= 0 else "" for one, up in enumerate(tree)}
    facts = facts_of(list({(one[0] % len(tree), *one[1:4]): one for one in said}.values()), len(tree))
    organ, place = str(who % len(tree)), (duty, str(who % len(tree)))
    again = [one._replace(value=Decimal(value)) if (one.duty, one.department) == place else one for one in facts]
    before, after = totals(facts, ITEMS, above), totals(again, ITEMS, above)
    upwards = {str(one) for one in range(len(tree)) if organ in below(tree, one)}
    for kept, was, now in (
        ({place}, before.cells, after.cells), ({duty}, before.by_duty, after.by_duty),
        ({organ}, before.by_department, after.by_department), (upwards, before.by_place, after.by_place),
    ):  # fmt: skip
        assert {one: mine for one, mine in was.items() if one not in kept} == {
            one: mine for one, mine in now.items() if one not in kept
        }


@pytest.mark.parametrize(
    ("value", "decimals", "wanted"),
    [(Fraction(1, 2), 0, "1"), (Fraction(1, 3), 2, "0.33"), (Fraction(5, 8), 2, "0.63"), (Fraction(200, 3), 1, "66.7")],
)
def test_what_divides_is_rounded_half_up_when_it_is_shown(value: Fraction, decimals: int, wanted: str) -> None:
    assert str(shown(value, decimals)) == wanted


def with_formula(**formula: object) -> tuple[Form, Block, Item]:
    """Return the form of a lead in its third round, one figure of which has a formula of its own."""
    small = small_definition()
    counted = small.forms[0].indicators[0].model_copy(update=formula)
    asked = small.forms[0].model_copy(update={"indicators": (counted, *small.forms[0].indicators[1:])})
    plan = expand(small.model_copy(update={"forms": (asked,)}), small_directory(), WORKDAYS, OfficeHours())
    before, coop = {LEAD: {"officers": (Decimal(31), Decimal(28))}}, {LEAD: {"officers": Decimal(25)}}
    form = design(plan, FIRST_ROUND, "scjg", serial="T", version=1, previous=before, coop=coop, coop_notes={})
    block = form.blocks[0]
    return form, block, form.table(block).item("officers")


LEAD = "test-2020/summary-2020-2/1/scjg"


@pytest.mark.parametrize(
    ("formula", "total", "cumulative"),
    [
        ({}, 45, "104"),
        ({"over_periods": "latest"}, 45, "45"),
        ({"over_periods": "max", "over_places": "max"}, 25, "31"),
        ({"over_periods": "average"}, 45, "35"),
        ({"over_periods": "average", "decimals": 1, "over_places": "max"}, 25, "28"),
        ({"over_periods": "average", "over_places": "max"}, 25, "28"),
    ],
)
def test_the_lines_of_a_form_follow_the_formulas(formula: dict[str, object], total: int, cumulative: str) -> None:
    _, block, item = with_formula(**formula)
    assert block.total(item, Decimal(20)) == total
    assert block.cumulated(item, Decimal(20)) == Decimal(cumulative)


def test_an_average_is_rounded_once_however_often_it_was_shown_before() -> None:
    small = small_definition()
    mean = small.forms[0].indicators[0].model_copy(update={"over_periods": "average"})
    asked = small.forms[0].model_copy(update={"indicators": (mean,)})
    plan = expand(small.model_copy(update={"forms": (asked,), "rules": ()}), small_directory(), WORKDAYS, OfficeHours())
    before = {f"{FIRST_ROUND}/1/swj": {"officers": (Decimal(1), Decimal(2))}}
    form = design(plan, FIRST_ROUND, "swj", serial="T", version=1, previous=before, coop={}, coop_notes={})
    block = next(one for one in form.blocks if one.duty == 1)
    assert block.previous["officers"] == 2
    facts = facts_of([(0, 1, when, "mean", value) for when, value in enumerate((1, 2, 1))], 1)
    (item,) = (one for one in ITEMS if one.id == "mean")
    whole = totals(facts, [item.model_copy(update={"decimals": 0})], {"0": ""}).overall["mean"]
    assert block.cumulated(form.table(block).item("officers"), Decimal(1)) == whole == 1


def test_an_average_counts_no_rounds_in_which_it_was_not_yet_asked_for() -> None:
    small = small_definition()
    mean = Indicator(id="mean", label="平均用时", unit="天", decimals=1, over_periods="average")
    asked = small.forms[0].model_copy(update={"indicators": (*small.forms[0].indicators, mean)})
    plan = expand(small.model_copy(update={"forms": (asked,)}), small_directory(), WORKDAYS, OfficeHours())
    before = {LEAD: {"officers": (Decimal(10), Decimal(20))}}  # by an amendment since
    form = design(plan, FIRST_ROUND, "scjg", serial="T", version=1, coop={}, coop_notes={}, previous=before)
    block = form.blocks[0]
    assert block.cumulated(form.table(block).item("mean"), Decimal(9)) == 9
    sheet = load_workbook(BytesIO(write_form(form, "x")))[block.sheet]
    total, cumulative = (block.cell(line, "mean") for line in ("total", "cumulative"))
    assert sheet[cumulative].value == f"=ROUND((0+{total})/1,1)"


def problems(*indicators: Indicator) -> set[str]:
    definition = small_definition()
    form = definition.forms[0].model_copy(update={"indicators": (*definition.forms[0].indicators, *indicators)})
    plan = expand(definition.model_copy(update={"forms": (form,)}), small_directory(), WORKDAYS, OfficeHours())
    return {one.rule for one in plan.problems if one.severity is Severity.ERROR}


def test_units_are_never_mixed_and_a_ratio_is_of_two_figures() -> None:
    filed, yuan = ("cases_closed", "cases_filed"), Indicator(id="fine", label="罚款", unit="元")
    assert problems(Indicator(id="rate", label="结案率", unit="%", decimals=1, ratio_of=filed)) == set()
    each = ("penalty", "cases_closed")
    assert problems(Indicator(id="each", label="平均罚没", unit="万元/件", decimals=2, ratio_of=each)) == set()
    assert problems(Indicator(id="each", label="平均罚没", unit="万元", decimals=2, ratio_of=each)) == {"unit-mixed"}
    assert problems(yuan, Indicator(id="each", label="占比", unit="万元/元", ratio_of=("penalty", "fine"))) == {"unit-mixed"}
    assert problems(yuan, Indicator(id="all", label="合计", unit="万元", sum_of=("penalty", "fine"))) == {"unit-mixed"}
    assert problems(Indicator(id="rate", label="结案率", unit="%", ratio_of=("cases_closed", "none"))) == {"unknown-part"}
    assert problems(Indicator(id="rate", label="结案率", unit="%", ratio_of=filed, over_periods="max")) == {"ratio"}
    assert problems(Indicator(id="name", label="名称", kind="text", over_places="max")) == {"no-figure"}
