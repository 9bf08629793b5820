"""Matrix and vertical forms, several forms at once, rules over them: read figure by figure, whatever the layout."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from campaigns.definition import Definition, Indicator, Row, Rule
from campaigns.definition import Form as Asked
from campaigns.findings import Severity
from campaigns.forms import Form, design, header
from campaigns.items import figures_of, in_letters, rolled_of
from campaigns.plan import Plan, expand
from campaigns.submission import At, Book, CheckedBlock, Outcome, Sheet, Value, check
from campaigns.workdays import OfficeHours
from tests.builders import IRON_NEXT, IRON_ROUND, WORKDAYS, iron_definition, iron_plan, small_directory
from tests.integrations.excel.filling import iron_form, iron_values

RULES = iron_definition().rules
LEAD = f"{IRON_ROUND}/1/scjg"
Cells = dict[str, dict[At, Value]]


def at(cell: str) -> At:
    letters = cell.rstrip("0123456789")
    column = 0
    for char in letters:
        column = column * 26 + ord(char) - 64
    return int(cell[len(letters) :]), column


def sent(form: Form, values: Mapping[str, Value] | None = None) -> Cells:
    """Return the cells of a form as it goes out, with values typed in."""
    cells: Cells = {"填报说明": {(2, 2): "填报单位", (2, 3): form.department_name}}
    for block in form.blocks:
        sheet = cells.setdefault(block.sheet, {(2, 2): f"填报单位：{form.department_name}"})
        for row, number in block.rows.items():
            sheet[number, 1] = block.tag(row)
        for key, text in form.table(block).heads(block).items():
            sheet[at(f"{block.columns[key]}{block.rows['header']}")] = text
        for item in form.table(block).items:
            if item.id in block.previous:
                sheet[at(block.cell("previous", item.id))] = block.previous[item.id]
                if "coop" in block.lines:
                    sheet[at(block.cell("coop", item.id))] = block.coop[item.id]
            if item.id in (values or {}):
                sheet[at(block.cell("own", item.id))] = (values or {})[item.id]
    return cells


def typed(form: Form, **changed: Value) -> dict[str, Value]:
    """Return something right for everything that is asked, with changes; `__` stands for the dot."""
    values = {code: value if isinstance(value, str) else Decimal(value) for code, value in iron_values(form).items()}
    return values | {name.replace("__", "."): value for name, value in changed.items()}


def result(form: Form, cells: Cells, rules: tuple[Rule, ...] = RULES) -> CheckedBlock:
    found = check(Book("xlsx", tuple(Sheet(name, one) for name, one in cells.items())), form, rules)
    assert not found.findings
    (only,) = found.blocks
    return only


def told(found: CheckedBlock) -> list[tuple[str, str, str]]:
    return [(one.rule, one.sheet, one.cell) for one in found.findings]


def test_each_department_gets_the_forms_and_columns_that_are_its_own() -> None:
    assert [table.code for table in iron_form("scjg").tables] == ["cases", "actions"]
    assert [table.code for table in iron_form("gaj").tables] == ["cases", "actions", "police"]
    definition = iron_definition()
    limited = definition.forms[1].indicators[0].model_copy(update={"only": ("各县(区)人民政府",)})
    forms = (definition.forms[0], definition.forms[1].model_copy(update={"indicators": (limited,)}), definition.forms[2])
    plan = expand(definition.model_copy(update={"forms": forms}), small_directory(), WORKDAYS, OfficeHours())
    assert not [one for one in plan.problems if "limited" in one.rule]
    assert {one.id for one in figures_of(plan.definition, plan.directory, "quarter")} >= {"actions", "trademark.cases_filed"}


def test_a_table_in_a_letter_leaves_out_only_what_a_sum_takes_in() -> None:
    definition = iron_definition()
    columns = tuple(Indicator(id=code, label=label, unit="批次") for code, label in (("sampled", "抽检"), ("failed", "不合格")))
    rows = (Row(id="food", label="食品"), Row(id="drug", label="药品"))
    second = Asked(id="extra", title="抽检表", layout="matrix", rows=rows, indicators=columns)
    report = definition.reports[0].model_copy(update={"more_forms": (*definition.reports[0].more_forms, "extra")})
    both = definition.model_copy(update={"forms": (*definition.forms, second), "reports": (report, *definition.reports[1:])})
    every = rolled_of(both, small_directory(), report.id)
    shown = [one.id for one in in_letters(every)]
    assert {"food.sampled", "drug.failed"} <= set(shown)
    summed = {part for one in every for part in one.sum_of if one.row} & {one.id for one in every if one.typed}
    assert summed and not summed & set(shown)


def test_who_is_asked_nothing_owes_nothing() -> None:
    definition = iron_definition()
    report = definition.reports[0].model_copy(update={"form": "police", "more_forms": ()})
    plan = expand(definition.model_copy(update={"reports": (report,), "rules": ()}), small_directory(), WORKDAYS, OfficeHours())
    assert {one.department for one in plan.expected} == {"gaj"}


def test_a_cell_that_means_nothing_is_not_asked() -> None:
    form = iron_form("swj")
    codes = {item.id for item in form.indicators}
    assert "trademark.foreign" in codes and "agency.foreign" not in codes
    assert form.indicators[-1].id == "hotline"
    assert next(item for item in form.indicators if item.id == "total.foreign").sum_of == tuple(
        f"{row}.foreign" for row in ("trademark", "geographic", "official", "other_marks", "counterfeit", "other_patents")
    )


def test_no_two_figures_share_a_cell_and_a_lead_without_units_sees_no_sub_totals() -> None:
    for form in (iron_form("scjg"), iron_form("gaj")):
        places = [(b.sheet, b.cell(line, i.id)) for b in form.blocks for i in form.table(b).items for line in b.lines]
        assert len(places) == len(set(places))
    assert "coop" in iron_form("scjg").blocks[0].lines
    assert iron_form("swj").blocks[0].lines == ("own", "previous", "cumulative")
    assert Form.model_validate_json(iron_form("gaj").model_dump_json()) == iron_form("gaj")


def test_a_workbook_of_several_tables_is_one_report_and_sums_are_worked_out() -> None:
    form = iron_form("gaj")
    found = result(form, sent(form, typed(form, criminal_cases=Decimal(7))))
    assert (found.outcome, told(found)) == (Outcome.ACCEPTED, [])
    assert found.figures["total.cases_filed"].value == 16
    assert (found.figures["criminal_cases"].value, found.figures["criminal_cases"].sheet) == (7, form.blocks[2].sheet)
    assert found.figures["trademark.penalty"].cell == form.blocks[0].cell("own", "trademark.penalty")
    assert found.narrative == "是否公布典型案例：已公布\n值班电话：0000-0012345"
    assert result(form, sent(form)).outcome is Outcome.BLANK


@pytest.mark.parametrize(
    ("code", "value", "rule"),
    [
        ("trademark.cases_filed", "约12", "number-text"),
        ("other_patents.penalty", Decimal("-1"), "number-negative"),
        ("market_officers", Decimal("1.5"), "number-fraction"),
        ("official.ecommerce", "", "blank"),
        ("published", "不清楚", "option"),
        ("criminal_cases", "", "blank"),
    ],
)
def test_a_fault_is_named_at_its_cell_in_every_layout(code: str, value: Value, rule: str) -> None:
    form = iron_form("gaj")
    block = form.block_of(f"{IRON_ROUND}/1/gaj", code)
    found = result(form, sent(form, typed(form) | {code: value}))
    assert (found.outcome, told(found)) == (Outcome.RETURNED, [(rule, block.sheet, block.cell("own", code))])


def test_a_wrong_sum_and_a_changed_figure_are_told_with_the_right_one() -> None:
    form = iron_form("scjg", previous={LEAD: {"trademark.cases_filed": (Decimal(9),), "officers": (Decimal(4),)}})
    cells = sent(form, typed(form))
    matrix, vertical = form.blocks
    cells[matrix.sheet][at(matrix.cell("own", "total.cases_filed"))] = Decimal(99)
    cells[matrix.sheet][at(matrix.cell("cumulative", "trademark.cases_filed"))] = Decimal(10)
    cells[vertical.sheet][at(vertical.cell("previous", "officers"))] = Decimal(5)
    found = result(form, cells)
    assert {(one.rule, one.cell, one.expected) for one in found.findings} == {
        ("sum-differs", matrix.cell("own", "total.cases_filed"), "16"),
        ("cumulative-differs", matrix.cell("cumulative", "trademark.cases_filed"), "11"),
        ("prefilled-changed", vertical.cell("previous", "officers"), "4"),
    }
    assert "商标侵权＋地理标志" in next(one.message for one in found.findings if one.rule == "sum-differs")


def test_a_table_left_blank_and_a_row_cut_out_are_named() -> None:
    form = iron_form("scjg")
    values = {code: value for code, value in typed(form).items() if "." in code}
    found = result(form, sent(form, values))
    assert [one.rule for one in found.findings] == ["all-blank"] and "执法行动情况" in found.findings[0].message
    cells = sent(form, typed(form))
    row = form.blocks[0].rows["own.agency"]
    cells[form.blocks[0].sheet] = {place: value for place, value in cells[form.blocks[0].sheet].items() if place[0] != row}
    found = result(form, cells)
    assert [one.rule for one in found.findings] == ["row-deleted"] and "本单位本期·商标代理" in found.findings[0].message
    del cells[form.blocks[1].sheet]
    assert "block-missing" in [one.rule for one in result(form, cells).findings]


def test_a_rule_of_columns_is_asked_of_every_row_and_fields_may_add_up_to_more() -> None:
    form = iron_form("scjg")
    found = result(form, sent(form, typed(form)))  # each of three fields equals the two cases filed, together six
    assert found.outcome is Outcome.ACCEPTED
    found = result(form, sent(form, typed(form, geographic__rural=Decimal(3), other_marks__cases_closed=Decimal(4))))
    sheet = form.blocks[0].sheet
    assert told(found) == [
        ("rule-closed", sheet, form.blocks[0].cell("own", "other_marks.cases_closed")),
        ("rule-rural", sheet, form.blocks[0].cell("own", "geographic.rural")),
    ]
    assert "“地理标志·农村市场案件”现为3，应≤ 2" in found.findings[1].message


def test_a_rule_reaches_other_tables_the_round_before_and_the_units() -> None:
    last = {f"{IRON_NEXT}/1/scjg": {"officers": Decimal(2)}}
    coop = {f"{IRON_NEXT}/1/scjg": {"actions": Decimal(5)}}
    form = iron_form("scjg", IRON_NEXT, last=last, coop=coop)
    found = result(form, sent(form, typed(form)))
    assert [(one.rule, one.severity, one.expected) for one in found.findings] == [("rule-tenfold", Severity.WARNING, "≤ 20")]
    assert [(one.rule, one.severity) for one in found.shadow] == [("rule-units_within", Severity.SHADOW)]
    assert found.outcome is Outcome.ACCEPTED
    found = result(form, sent(form, typed(form, officers=Decimal(0), market_officers=Decimal(0))))
    assert [one.rule for one in found.findings] == ["rule-cases_need_officers"]
    first = iron_form("scjg")  # nothing is known of an earlier round: nothing to compare with
    assert result(first, sent(first, typed(first))).findings == ()


@pytest.mark.parametrize(
    ("stage", "severity", "outcome"),
    [
        ("shadow", None, Outcome.ACCEPTED),
        ("warn", Severity.WARNING, Outcome.ACCEPTED),
        ("block", Severity.BLOCK, Outcome.RETURNED),
    ],
)
def test_a_rule_is_tried_in_silence_then_told_then_enforced(stage: str, severity: Severity | None, outcome: Outcome) -> None:
    rules = tuple(rule.model_copy(update={"stage": stage}) for rule in RULES if rule.id == "markets_within")
    form = iron_form("scjg")
    found = result(form, sent(form, typed(form, market_actions=Decimal(3))), rules)
    assert (found.outcome, [one.severity for one in found.findings]) == (outcome, [severity] if severity else [])
    assert len(found.shadow) == (severity is None)


def test_the_sender_reads_the_rules_that_hold_for_it_and_none_on_trial() -> None:
    form = iron_form("scjg")
    assert "实体市场执法行动不超过开展执法行动" in form.rules
    assert not any("配合单位之和" in text for text in form.rules)


def problems(**forms: object) -> set[str]:
    """Return the errors of the campaign with forms changed."""
    definition = iron_definition()
    changed = tuple(form.model_copy(update=forms.get(form.id, {})) for form in definition.forms)  # type: ignore[arg-type]
    plan = expand(definition.model_copy(update={"forms": changed}), small_directory(), WORKDAYS, OfficeHours())
    return {one.rule for one in plan.problems if one.severity is Severity.ERROR}


def test_what_cannot_be_asked_is_told_before_the_launch() -> None:
    def indicators(definition: Definition, code: str, **change: object) -> dict[str, object]:
        form = definition.form(code)
        return {"indicators": (form.indicators[0].model_copy(update=change), *form.indicators[1:])}

    iron = iron_definition()
    assert problems() == set()
    assert problems(cases={"layout": "duties"}) >= {"rows"}
    assert problems(actions={"layout": "matrix"}) >= {"rows", "no-figure"}
    assert problems(police={"only": ("市没有局",)}) == {"unknown-organ"}
    assert problems(police=indicators(iron, "police", unit=None)) == {"no-unit"}
    assert problems(police=indicators(iron, "police", id="officers")) == {"differs", "asked-twice"}
    assert problems(police=indicators(iron, "police", sum_of=("nothing",))) == {"unknown-part"}
    assert problems(police=indicators(iron, "police", id="coop")) == {"reserved"}
    assert problems(actions=indicators(iron, "actions", options=("是,否",))) >= {"options"}
    assert iron_plan().usable and header(iron.forms[0].indicators[0]) == "立案（件）"


def grouped_plan(layout: str = "duties") -> Plan:
    """Return the campaign with one form that has the same headings under two groups, as printed forms do."""
    heads = [("found", "发现隐患"), ("fixed", "整改隐患")]
    indicators = [
        Indicator(id=f"{code}{kind}", label=label, unit="处", group=group)
        for code, group in heads
        for kind, label in (("", "小计"), ("_major", "其中重大"))
    ]
    small = iron_definition()
    rows = small.forms[0].rows[:1] if layout == "matrix" else ()
    form = Asked(id="cases", title="隐患统计表", layout=layout, indicators=(*indicators, *FINE), rows=rows)  # type: ignore[arg-type]
    report = small.reports[0].model_copy(update={"form": "cases", "more_forms": ()})
    definition = small.model_copy(update={"forms": (form,), "reports": (report,), "rules": ()})
    return expand(definition, small_directory(), WORKDAYS, OfficeHours())


FINE = (Indicator(id="fine", label="罚款", unit="万元"),)


@pytest.mark.parametrize("layout", ["duties", "vertical", "matrix"])
def test_a_heading_may_stand_under_two_groups_and_each_is_called_by_its_own(layout: str) -> None:
    plan = grouped_plan(layout)
    assert [one.message for one in plan.problems if one.severity is Severity.ERROR] == []
    rolled = rolled_of(plan.definition, plan.directory, plan.definition.reports[0].id)
    assert [one.head for one in rolled] == ["发现隐患小计", "发现隐患其中重大", "整改隐患小计", "整改隐患其中重大", "罚款"]

    form = design(plan, IRON_ROUND, "scjg", serial="0001", version=1, previous={}, coop={}, coop_notes={})
    (block,) = form.blocks
    values = {item.id: Decimal(number) for number, item in enumerate(form.indicators, start=1)}
    found = result(form, sent(form, values), ())
    assert told(found) == []
    assert {code: one.value for code, one in found.figures.items()} == values
    if layout == "vertical":
        assert form.label(block, "row.fixed_major") == "整改隐患其中重大（处）"


def test_a_heading_twice_under_one_group_is_refused() -> None:
    form = grouped_plan().definition.forms[0]
    again = form.model_copy(update={"indicators": (*form.indicators, form.indicators[0].model_copy(update={"id": "again"}))})
    definition = grouped_plan().definition.model_copy(update={"forms": (again,)})
    plan = expand(definition, small_directory(), WORKDAYS, OfficeHours())
    (problem,) = [one for one in plan.problems if one.severity is Severity.ERROR]
    assert problem.message == "指标名称 发现隐患小计 重复，前面第1条已经用过，请改成不同的，或写上各自所属的上级表头（group）"


def test_one_figure_is_the_same_in_a_form_that_has_its_heading_once() -> None:
    plan = grouped_plan()
    other = Asked(id="counties", title="县区表", indicators=plan.definition.forms[0].indicators[:1], only=("县",))
    forms = (plan.definition.forms[0].model_copy(update={"excluding": ("县",)}), other)
    report = plan.definition.reports[0].model_copy(update={"more_forms": ("counties",)})
    definition = plan.definition.model_copy(update={"forms": forms, "reports": (report,)})
    problems = expand(definition, small_directory(), WORKDAYS, OfficeHours()).problems
    assert [one.message for one in problems if one.severity is Severity.ERROR] == []


def test_a_sum_without_a_unit_is_told_once() -> None:
    form = grouped_plan().definition.forms[0]
    total = Indicator(id="all", label="合计", sum_of=("found", "fixed"))
    definition = grouped_plan().definition.model_copy(
        update={"forms": (form.model_copy(update={"indicators": (*form.indicators, total)}),)}
    )
    plan = expand(definition, small_directory(), WORKDAYS, OfficeHours())
    assert [one.rule for one in plan.problems if one.severity is Severity.ERROR] == ["no-unit"]
