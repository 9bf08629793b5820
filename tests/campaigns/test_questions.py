"""Honest-data questions: each cites what it compares; what is injected is found, what is clean is left alone."""

import random
from collections.abc import Sequence
from decimal import Decimal

import pytest

from campaigns.definition import USUAL_DOUBTS, Doubts, Ratio
from campaigns.items import Item
from campaigns.questions import Question, questions, sheet
from campaigns.rollup import Fact

KINDS = {
    "officers": ("出动", "人次", 0),
    "inspections": ("检查", "户次", 0),
    "filed": ("立案", "件", 0),
    "closed": ("结案", "件", 0),
    "value": ("案值", "万元", 2),
    "penalty": ("罚没", "万元", 2),
    "moved": ("移送", "件", 0),
    "calls": ("投诉", "件", 0),
}
ITEMS = tuple(Item(id=code, label=label, unit=unit, decimals=places) for code, (label, unit, places) in KINDS.items())
RATIOS = (
    Ratio(id="two", title="户均出动人次", form="f", numerator="officers", denominator="inspections", at_least=Decimal("0.5")),
    Ratio(id="mean", title="件均罚没（万元）", form="f", numerator="penalty", denominator="closed", at_most=Decimal(50)),
)
DOUBTS = Doubts(ratios=RATIOS)
Cells = dict[tuple[str, str, str], Decimal]  # round, department, indicator


def ask(cells: Cells, rounds: Sequence[str], doubts: Doubts = USUAL_DOUBTS) -> tuple[Question, ...]:
    facts = [
        Fact(f"{a}/1/{unit}", 1, unit, "lead", code, value, "牵头任务", f"{code}9", "s", f"R-{a}-{unit}", f"{unit}.xlsx")
        for (a, unit, code), value in cells.items()
    ]
    return questions(rounds, facts, ITEMS, doubts, {a: f"第{a}期" for a in rounds}, {})


def line(unit: str, code: str, *values: int | str) -> Cells:
    return {(str(at), unit, code): Decimal(value) for at, value in enumerate(values, start=1)}


def texts(cells: Cells, rounds: Sequence[str], doubts: Doubts = USUAL_DOUBTS) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in ask(cells, rounds, doubts)]


def test_a_copy_of_the_round_before_is_asked_about_with_its_cells() -> None:
    same = {"officers": 40, "inspections": 21, "filed": 9, "closed": 7}
    cells = {(a, "甲", code): Decimal(value) for a in "12" for code, value in same.items()}
    (one,) = ask(cells, ["1", "2"])
    assert (one.kind, one.text) == ("copied", "甲任务1：全部4个数与第1期完全相同")
    assert [fact.envelope for fact in one.against] == ["R-1-甲"] * 4
    row = sheet([one]).rows[0]
    assert row[1] == "疑似照抄" and "R-1-甲 甲.xlsx 牵头任务!officers9＝40" in str(row[4])
    cells["2", "甲", "filed"] = Decimal(10)
    assert ask(cells, ["1", "2"]) == ()


def test_a_copy_of_another_department_and_one_figure_everywhere() -> None:
    same = {"officers": 40, "inspections": 21, "filed": 9, "closed": 7}
    cells = {("1", unit, code): Decimal(value) for unit in "甲乙" for code, value in same.items()}
    assert texts(cells, ["1"]) == [("copied", "乙任务1：全部4个数与甲本期完全相同")]
    five = {("1", "甲", code): Decimal(6) for code in same}
    assert texts(five, ["1"]) == [("constant", "甲任务1：4项指标都填6")]


def test_columns_that_do_not_change_over_rounds_or_departments() -> None:
    assert texts(line("甲", "filed", 8, 8, 8, 8), "1234") == [("constant", "甲任务1：“立案”连续4期都是8")]
    assert ask(line("甲", "filed", 1, 1, 1, 1), "1234") == ()  # small numbers repeat
    assert ask(line("甲", "filed", 8, 8, 8, 9), "1234") == ()
    gaps = {at: value for at, value in line("甲", "filed", 8, 8, 8, 8, 8, 8).items() if at[0] not in "24"}
    assert ask(gaps, "123456") == ()  # four rounds, but not one after the other
    column: Cells = {}
    for unit in "甲乙丙丁戊己":
        column |= line(unit, "filed", 12)
    assert {text.partition("：")[2] for _, text in texts(column, "1")} == {"“立案”6家中有6家都是12"}


def test_leaps_are_measured_by_what_the_department_and_all_the_others_did() -> None:
    assert texts(line("甲", "penalty", 30, 25, 32, 310_000), "1234") == [
        ("jump", "甲任务1：“罚没”为310000，此前3期的中位数为30，请核对是否写错了金额单位")
    ]
    assert ask(line("甲", "filed", 0, 1, 0, 6), "1234") == ()  # from nothing to a few is no leap
    skipped = {at: value for at, value in line("甲", "filed", 10, 0, 1000).items() if at[0] != "2"}
    assert texts(skipped, "123") == [("jump", "甲任务1：“立案”为1000，第1期为10")]
    everybody: Cells = {}
    for at, unit in enumerate("甲乙丙丁戊己"):
        everybody |= line(unit, "calls", 10, 12, 11, 130 + at)
    assert ask(everybody, "1234") == ()  # a rush in which all took part
    assert [kind for kind, _ in texts(everybody | line("己", "calls", 10, 12, 11, 9000), "1234")] == ["jump"]


def test_ratios_out_of_bounds() -> None:
    cells = line("甲", "penalty", "900.5") | line("甲", "closed", 2)
    assert texts(cells, "1", DOUBTS) == [("ratio", "甲任务1：件均罚没（万元）为450.25（罚没900.5，结案2），应不高于50")]
    ((_, told),) = texts(line("乙", "officers", 4999) | line("乙", "inspections", 10000), "1", DOUBTS)
    assert "户均出动人次为0.49（" in told  # not 0.5, which is what it should be at least
    assert texts(line("甲", "penalty", 5) | line("甲", "closed", 0), "1", DOUBTS)[0][1].startswith(
        "甲任务1：件均罚没（万元）为分母为0"
    )
    assert ask(line("甲", "penalty", 0) | line("甲", "closed", 0), "1", DOUBTS) == ()


AMOUNTS = (
    Item(id="list.no", label="案件", over_places="distinct"),
    Item(id="list.fine", label="案件·罚没款", over_places="distinct"),
)


def ask_of_list(**rounds: dict[str, str]) -> list[tuple[str, str]]:
    """Return the questions about the last of these rounds, in which a department lists cases with their fines."""
    facts = [
        Fact(f"{a[1:]}/1/{unit}", 1, unit, "lead", f"list#{row}.{code}", value, "表", f"C{row}", "s", "R-1", "甲.xlsx", case)
        for a, said in rounds.items()
        for unit in ("甲", "乙")
        for row, (case, fine) in enumerate(said.items() if unit == "甲" or a == "_1" else (), start=1)
        for code, value in (("no", Decimal(1)), ("fine", Decimal(fine)))
    ]
    codes = [a[1:] for a in rounds]
    found = questions(codes, facts, AMOUNTS, USUAL_DOUBTS, {a: f"第{a}期" for a in codes}, {})
    return [(one.kind, one.text) for one in found]


def test_a_list_that_is_that_of_the_round_before_is_asked_about_and_cases_of_two_departments_are_not() -> None:
    four = {"1号": "10", "2号": "20", "3号": "20", "4号": "7"}
    assert ask_of_list(_1=four, _2=dict(reversed(four.items()))) == [("copied", "甲任务1：所列4件与第1期完全相同")]
    assert ask_of_list(_1=four, _2={**four, "4号": "8"}) == []
    assert ask_of_list(_1=four, _2={**four, "5号": "8"}) == []
    assert ask_of_list(_1={"1号": "10"}, _2={"1号": "10"}) == []  # one case may well go on
    assert ask_of_list(_1=four) == []  # both departments name them: a joint result


def test_one_amount_throughout_a_list_is_asked_about() -> None:
    same = {f"{case}号": "50" for case in range(1, 6)}
    assert ask_of_list(_1={}, _2=same) == [("constant", "甲任务1：“案件·罚没款”5件都填50")]
    assert ask_of_list(_1={}, _2={**same, "6号": "51"}) == []
    assert ask_of_list(_1={}, _2=dict.fromkeys(same, "1")) == []  # small amounts repeat


def poisson(rng: random.Random, mean: float) -> int:
    """Return a count as such counts come: around a mean that itself varies."""
    return sum(rng.random() < mean / 400 for _ in range(400)) if mean < 100 else max(0, round(rng.gauss(mean, mean**0.5)))


def clean(rng: random.Random, units: int, rounds: int) -> Cells:
    """Return honest figures: departments of very different size, busy and quiet rounds, figures that hang together."""
    cells: Cells = {}
    for number in range(units):
        size = rng.lognormvariate(0, 0.9)
        for at in range(1, rounds + 1):
            busy = size * rng.lognormvariate(0.3 * (at % 3), 0.35)
            inspections = poisson(rng, 40 * busy)
            filed = poisson(rng, 6 * busy)
            closed = min(filed, poisson(rng, 4 * busy))
            figures: dict[str, int | float] = {
                "inspections": inspections,
                "officers": inspections * 2 + poisson(rng, 5 * busy),
                "filed": filed,
                "closed": closed,
                "value": round(sum(rng.lognormvariate(0.5, 0.8) for _ in range(filed)), 2),
                "penalty": round(sum(rng.lognormvariate(0.2, 0.8) for _ in range(closed)), 2),
                "moved": poisson(rng, 0.5 * busy),
                "calls": poisson(rng, 20 * busy),
            }
            cells |= {(str(at), f"单位{number}", code): Decimal(str(value)) for code, value in figures.items()}
    return cells


def inject(rng: random.Random, cells: Cells, units: int, rounds: int) -> list[set[tuple[str, str]]]:
    """Spoil some figures of the last round in every way; return, for each injection, the cells one of which must be named."""
    last, codes = str(rounds), [item.id for item in ITEMS]
    wrong: list[set[tuple[str, str]]] = []
    for number in rng.sample(range(units), units // 5):
        unit = f"单位{number}"
        match number % 4:
            case 0:
                for code in codes:
                    cells[last, unit, code] = cells[str(rounds - 1), unit, code]
                wrong.append({(unit, code) for code in codes})
            case 1:
                code = rng.choice(["inspections", "calls"])
                value = max(cells[last, unit, code], Decimal(5))
                cells |= {(str(at), unit, code): value for at in range(rounds - 3, rounds + 1)}
                wrong.append({(unit, code)})
            case 2:
                code = rng.choice(["value", "calls", "inspections"])
                times = 10_000 if code == "value" else rng.choice([20, 50, 100])
                cells[last, unit, code] = max(cells[last, unit, code], Decimal(3)) * times
                wrong.append({(unit, code)})
            case _:
                cells[last, unit, "penalty"] = (cells[last, unit, "closed"] or 1) * Decimal(rng.randint(60, 400))
                wrong.append({(unit, "penalty"), (unit, "closed")})
    return wrong


@pytest.mark.parametrize("seed", range(6))
def test_most_of_what_is_injected_is_found_and_what_is_clean_is_left_alone(seed: int) -> None:
    rng, units, rounds = random.Random(seed), 60, 6
    names = [str(at) for at in range(1, rounds + 1)]
    cells = clean(rng, units, rounds)
    flagged = {(fact.department, fact.indicator) for one in ask(cells, names, DOUBTS) for fact in one.figures}
    assert len(flagged) / (units * len(ITEMS)) <= 0.02
    wrong = inject(rng, cells, units, rounds)
    asked = ask(cells, names, DOUBTS)
    named = [{(fact.department, fact.indicator) for fact in one.figures} for one in asked]
    found = sum(any(mine & one for one in named) for mine in wrong)
    assert found / len(wrong) >= 0.8
    assert all(one.figures and (one.against or one.kind in ("ratio", "constant")) for one in asked)
