"""Lists: a row for each case, read with all its faults, and counted once however many departments report it."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from campaigns.definition import Definition, Indicator, Rule, Upward
from campaigns.definition import Form as Asked
from campaigns.findings import Severity
from campaigns.forms import Form, design
from campaigns.items import Item
from campaigns.plan import ExpectedReport, Plan, expand
from campaigns.rollup import Fact, credit, roll_up, totals
from campaigns.states import Standing
from campaigns.submission import CheckedBlock, Figure, Outcome
from campaigns.workdays import OfficeHours
from integrations.excel.forms_out import write_form
from integrations.excel.rollup_book import write_rollup
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, small_definition, small_directory
from tests.campaigns.test_rollup import AFTER
from tests.campaigns.test_tables import Cells, at, result, sent, told

LIST = Asked(
    id="list",
    title="案件明细表",
    layout="list",
    each="案件",
    unit="件",
    key="case_no",
    most=3,
    indicators=(
        Indicator(id="case_no", label="案号", kind="code"),
        Indicator(id="party", label="当事人", kind="text"),
        Indicator(id="penalty", label="罚没款", unit="万元", decimals=2),
    ),
)
RULE = Rule(id="big", form="list", text="单件罚没款超过一百万元的请核对", check="penalty <= 100", severity=Severity.BLOCK)


def definition(form: Asked = LIST, *, alone: bool = True) -> Definition:
    small = small_definition()
    report = small.reports[0].model_copy(
        update={"form": form.id if alone else "statistics", "more_forms": () if alone else (form.id,)}
    )
    return small.model_copy(update={"forms": (*small.forms, form), "reports": (report,), "rules": (RULE,)})


def plan(form: Asked = LIST, *, alone: bool = True) -> Plan:
    return expand(definition(form, alone=alone), small_directory(), WORKDAYS, OfficeHours())


def blank(department: str = "gaj", *, alone: bool = True) -> Form:
    return design(plan(alone=alone), FIRST_ROUND, department, serial="T", version=1, previous={}, coop={}, coop_notes={})


def filled(form: Form, *rows: tuple[str, str, str]) -> Cells:
    """Return the cells of a form in which the first rows are filled in: number, party, penalty."""
    values: dict[str, str | Decimal] = {}
    for number, (case, party, penalty) in enumerate(rows, start=1):
        said = {"case_no": case, "party": party, "penalty": Decimal(penalty) if penalty else ""}
        values |= {f"list#{number}.{code}": value for code, value in said.items() if value != ""}
    return sent(form, values)


def read(*rows: tuple[str, str, str]) -> CheckedBlock:
    return result(blank(), filled(blank(), *rows), (RULE,))


def test_each_row_is_a_case_and_empty_rows_are_none() -> None:
    found = read(("测罚〔2020〕1号", "甲店", "1.5"), ("测罚〔2020〕2号", "", "0"))
    assert (found.outcome, told(found), found.nil) == (Outcome.ACCEPTED, [], False)
    assert {code: (one.value, one.key) for code, one in found.figures.items()} == {
        "list#1.case_no": (1, "测罚(2020)1号"),
        "list#1.penalty": (Decimal("1.5"), "测罚(2020)1号"),
        "list#2.case_no": (1, "测罚(2020)2号"),
        "list#2.penalty": (0, "测罚(2020)2号"),
    }
    assert "甲店" in found.narrative


def test_what_is_wrong_in_a_list_is_told_in_its_cells() -> None:
    found = read(("1号", "甲", "1"), (" １号", "乙", "2"), ("", "丙", "300"))
    place = {code: blank().blocks[0].cell("own", code) for code in ("list#2.case_no", "list#3.case_no", "list#3.penalty")}
    assert {(rule, cell) for rule, _, cell in told(found)} == {
        ("key-repeated", place["list#2.case_no"]),
        ("key-blank", place["list#3.case_no"]),
        ("rule-big", place["list#3.penalty"]),
    }
    assert [rule for rule, *_ in told(read(("1号", "甲", "")))] == ["blank"]


def test_rows_put_in_by_hand_are_not_lost_and_rows_taken_away_are_no_fault() -> None:
    form, block = blank(), blank().blocks[0]
    cells = filled(form, ("1号", "甲", "1"))
    third = block.rows["own.list#3"]
    added = cells | {block.sheet: {place: value for place, value in cells[block.sheet].items() if place[0] != third}}
    assert told(result(form, added)) == []
    added[block.sheet][third, at(block.cell("own", "list#3.party"))[1]] = "后加的"
    assert [rule for rule, *_ in told(result(form, added))] == ["row-added"]


def test_nothing_to_list_is_a_zero_report_only_when_it_is_said() -> None:
    form, block = blank(), blank().blocks[0]
    assert read().outcome is Outcome.BLANK
    cells = filled(form)
    cells[block.sheet][at(block.nil_cell)] = "是"
    assert (result(form, cells).outcome, result(form, cells).nil) == (Outcome.ACCEPTED, True)
    cells = filled(form, ("1号", "甲", "1"))
    cells[block.sheet][at(block.nil_cell)] = "是"
    assert [rule for rule, *_ in told(result(form, cells))] == ["nil-with-figures"]


def test_a_zero_report_of_a_list_says_that_nothing_is_to_be_listed() -> None:
    form, block = blank(), blank().blocks[0]
    cells = filled(form)
    cells[block.sheet] = {place: value for place, value in cells[block.sheet].items() if place[0] != block.rows["own.list#1"]}
    cells[block.sheet][at(block.nil_cell)] = "是"
    nothing = result(form, cells, (RULE.model_copy(update={"check": "penalty >= 1"}),))  # no rule is asked of no case
    assert (nothing.outcome, told(nothing)) == (Outcome.ACCEPTED, [])
    assert {(one.value, one.cell, one.key) for one in nothing.figures.values()} == {(0, block.nil_cell, "")}
    made = plan()
    (gaj,) = (one for one in made.expected_in(FIRST_ROUND) if one.department == "gaj")
    standings = {one.id: Standing(one.due_at) for one in made.expected_in(FIRST_ROUND)}
    standings[gaj.id] = replace(standings[gaj.id], received_at=gaj.due_at, version=1, nil=True)
    zero = facts_of(nothing, gaj)
    found = roll_up(made, FIRST_ROUND, zero, standings, AFTER)
    assert found.overall == found.period.cells[gaj.duty, "gaj"] == {"list.case_no": 0, "list.penalty": 0}
    assert (found.coverage.counts["nil"], found.joint) == (1, ())
    later = [fact("scjg", "1", "case_no", "1"), fact("scjg", "1", "penalty", "3")]
    both = roll_up(made, FIRST_ROUND, [*zero, *later], standings, AFTER)
    assert both.overall == {"list.case_no": 1, "list.penalty": 3}
    assert both.period.by_department["gaj"] == {"list.case_no": 0, "list.penalty": 0}
    again = [one._replace(expected=f"{SECOND_ROUND}/3/gaj", duty=3, department="gaj") for one in later]
    then = {one.id: Standing(one.due_at) for one in made.expected_in(SECOND_ROUND)}
    so_far = roll_up(made, SECOND_ROUND, [*zero, *again], then, AFTER).cumulative
    assert so_far.cells[3, "gaj"] == {"list.case_no": 1, "list.penalty": 3}
    rows = load_workbook(BytesIO(write_rollup(found)))["来源"].iter_rows(min_row=5, values_only=True)
    assert [row[4:6] + row[7:9] for row in rows] == [
        ("案件（件）", 0, block.sheet, block.nil_cell),
        ("案件·罚没款（万元）", 0, block.sheet, block.nil_cell),
    ]


def facts_of(said: CheckedBlock, one: ExpectedReport) -> list[Fact]:
    return [
        Fact(one.id, one.duty, one.department, one.role, code, at.value, at.sheet, at.cell, "s", "e", "f", at.key)
        for code, at in said.figures.items()
    ]


def test_a_zero_report_of_several_tables_is_one_of_the_list_too() -> None:
    form = blank(alone=False)
    first, second = form.blocks
    cells = sent(form)
    cells[first.sheet][at(first.nil_cell)] = "是"
    found = result(form, cells, ())
    assert (found.outcome, found.nil) == (Outcome.ACCEPTED, True)
    assert found.figures["list#1.penalty"] == Figure(Decimal(0), first.sheet, first.nil_cell)
    values = {item.id: Decimal(2) for item in form.indicators if item.counts and "#" not in item.id}
    cells = sent(form, values)
    cells[second.sheet][at(second.nil_cell)] = "是"  # of the list alone
    found = result(form, cells, ())
    assert (found.outcome, found.nil, found.figures["list#1.case_no"].cell) == (Outcome.ACCEPTED, False, second.nil_cell)


def test_a_list_beside_a_table_may_stay_empty_and_its_form_can_be_written() -> None:
    form = blank(alone=False)
    values = {item.id: Decimal(2) for item in form.indicators if item.counts and "#" not in item.id}
    found = result(form, sent(form, values), ())
    assert (found.outcome, told(found), len(found.figures)) == (Outcome.ACCEPTED, [], 8)
    book = load_workbook(BytesIO(write_form(form, "token")))
    assert book["案件明细表"][form.blocks[1].cell("own", "list#3.case_no")].number_format == "@"


def fact(department: str, case: str, indicator: str, value: str, duty: int = 1) -> Fact:
    row = f"list#{int(case) % 3 + 1}"
    expected = f"{FIRST_ROUND}/{duty}/{department}"
    return Fact(expected, duty, department, "lead", f"{row}.{indicator}", Decimal(value), "表", "C5", "s", "e", "f", f"{case}号")


def test_a_case_of_two_departments_counts_once_with_its_credit_shared() -> None:
    made = plan()
    facts = [fact(unit, "1", "case_no", "1") for unit in ("scjg", "wlj")] + [fact("scjg", "2", "case_no", "1")]
    facts += [fact("scjg", "1", "penalty", "3"), fact("wlj", "1", "penalty", "5"), fact("scjg", "2", "penalty", "1")]
    standings = {one.id: Standing(one.due_at) for one in made.expected_in(FIRST_ROUND)}
    found = roll_up(made, FIRST_ROUND, facts, standings, AFTER)
    assert found.overall == {"list.case_no": 2, "list.penalty": 6}  # where two disagree the larger counts
    assert found.period.by_department["scjg"] == {"list.case_no": 2, "list.penalty": 4}
    (only,) = found.joint
    assert (only.key, only.share, [one.department for one in only.claims]) == ("1号", Decimal("0.5"), ["scjg", "wlj"])
    assert only.differing == ("list.penalty",)
    book = load_workbook(BytesIO(write_rollup(found)))
    assert [[cell.value for cell in row[2:6]] for row in book["联合成果"].iter_rows(min_row=5)] == [
        ["1号", "市市场监管局", 1, 0.5],
        ["1号", "市文旅局", 1, 0.5],
    ]
    assert [[cell.value for cell in row[1:]] for row in book["成果分摊"].iter_rows(min_row=5)] == [
        ["市市场监管局", 1.5, 3.5],  # one of its own, and half of the other, of which the larger penalty counts
        ["市文旅局", 0.5, 2.5],
        [None, 2, 6],
    ]
    lines = [[cell.value for cell in row] for row in book["来源"].iter_rows(min_row=4)]
    assert lines[0][-1] == "识别号" and [line[-1] for line in lines[1:]] == [one.key for one in found.facts]


def test_credit_is_shared_over_all_rounds_by_what_each_said_last() -> None:
    made = plan()
    first = [fact("scjg", "1", code, value) for code, value in (("case_no", "1"), ("penalty", "3"))]
    first += [fact("wlj", "1", code, value) for code, value in (("case_no", "1"), ("penalty", "5"))]
    then = [one._replace(expected=f"{SECOND_ROUND}/1/wlj") for one in first[2:]]
    then = [one._replace(value=Decimal(4)) if one.indicator.endswith("penalty") else one for one in then]
    also = [fact("swj", "1", code, value) for code, value in (("case_no", "1"), ("penalty", "1"))]
    then += [one._replace(expected=f"{SECOND_ROUND}/1/swj") for one in also]
    standings = {one.id: Standing(one.due_at) for one in made.expected_in(SECOND_ROUND)}
    found = roll_up(made, SECOND_ROUND, [*first, *then], standings, AFTER)
    assert found.cumulative.overall == {"list.case_no": 1, "list.penalty": 4}  # not the 5 that was put right
    book = load_workbook(BytesIO(write_rollup(found)))
    assert [[cell.value for cell in row[1:]] for row in book["成果分摊(累计)"].iter_rows(min_row=5)] == [
        ["市市场监管局", 0.3333, 1.3333],
        ["市商务局", 0.3333, 1.3333],
        ["市文旅局", 0.3333, 1.3333],
        [None, 1, 4],
    ]
    assert "2020年10月20日至" in book["成果分摊(累计)"]["A2"].value
    alone = roll_up(made, SECOND_ROUND, [*first[:2], *then[:0]], standings, AFTER)
    assert "成果分摊(累计)" not in load_workbook(BytesIO(write_rollup(alone))).sheetnames


ITEMS = tuple(Item(id=code, label=code, over_places="distinct") for code in ("list.case_no", "list.penalty"))
claims = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 2), st.integers(1, 5), st.integers(0, 9)), max_size=30)


@given(claims, st.randoms(use_true_random=False))
def test_however_often_and_by_whom_a_case_is_reported_it_counts_once(
    said: list[tuple[int, int, int, int]], random: object
) -> None:
    above = {str(one): str((one - 1) // 2) if one else "" for one in range(7)}
    facts = []
    for who, duty, case, amount in said:
        facts += [
            fact(str(who), str(case), "x", value, duty)._replace(indicator=f"list.{code}")
            for code, value in (("case_no", "1"), ("penalty", str(amount)))
        ]
    newest = {(one.duty, one.department, one.indicator, one.key): one for one in facts}
    found = totals(newest.values(), ITEMS, above)
    assert totals([*newest.values(), *newest.values()], ITEMS, above) == found  # idempotent
    for place in above:
        below = {one for one in above if one == place or f"{place}" in _line(one, above)}
        keys = {one.key for one in newest.values() if one.department in below}
        assert found.by_place.get(place, {}).get("list.case_no", 0) == len(keys)
    amounts: dict[str, Decimal] = {}
    for one in newest.values():
        if one.indicator == "list.penalty":
            amounts[one.key] = max(one.value, amounts.get(one.key, one.value))
    assert found.overall.get("list.penalty", 0) == sum(amounts.values())
    shares = credit(newest.values())
    for code in ("list.case_no", "list.penalty"):
        assert sum(share for (_, indicator), share in shares.items() if indicator == code) == found.overall.get(code, 0)


def _line(one: str, above: dict[str, str]) -> list[str]:
    """Return all above a place."""
    return [] if not above[one] else [above[one], *_line(above[one], above)]


def problems(**changed: object) -> set[str]:
    form = LIST.model_copy(update=changed)
    return {one.rule for one in plan(form).problems if one.severity is Severity.ERROR}


def test_a_list_says_what_its_rows_are() -> None:
    assert problems() == set()
    assert problems(key=None) == problems(key="penalty") == problems(each=None) == {"list"}
    assert problems(layout="duties") >= {"list"}
    penalty = LIST.indicators[2].model_copy(update={"over_periods": "max"})
    assert problems(indicators=(*LIST.indicators[:2], penalty)) == {"list"}


def test_what_a_list_counts_and_adds_up_can_go_up_as_a_figure_or_case_by_case() -> None:
    def found(**codes: str) -> list[str]:
        small = definition()
        reports = (small.reports[0].model_copy(update={"upward": Upward(to="省", codes=codes)}),)
        made = expand(small.model_copy(update={"reports": reports}), small_directory(), WORKDAYS, OfficeHours())
        return [one.message for one in made.problems if one.rule == "unknown-indicator"]

    assert found(cases="list.case_no", fines="list.penalty") == []
    assert found(party="list.party") == [] and len(found(cases="list#1.case_no", party="list.person")) == 2
