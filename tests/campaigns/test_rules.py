"""Relations between figures: what is read, what holds, what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.items import Item
from campaigns.rules import RuleError, instances, parse, scope_of

amounts = st.decimals(0, 10**6, places=2)


@given(amounts, amounts, amounts)
def test_a_relation_is_decimal_arithmetic(a: Decimal, b: Decimal, c: Decimal) -> None:
    figures = {"a": a, "b": b, "c": c}

    assert parse("a <= b + c").holds(figures) == (a <= b + c)
    assert parse("a - b > 2 * c").holds(figures) == (a - b > 2 * c)
    assert parse("a == b").holds(figures) == (a == b)
    assert parse("a >= 0.1").holds(figures) == (a >= Decimal("0.1"))


@pytest.mark.parametrize(
    ("check", "figures", "subject", "bound"),
    [
        ("closed <= filed", {"closed": 5, "filed": 3}, "closed", "≤ 3"),
        ("2 * filed + closed <= 50 * officers - 100", {"filed": 600, "closed": 1, "officers": 22}, "filed", "≤ 499"),
        ("published + unpublished == drawn", {"published": 3, "unpublished": 5, "drawn": 10}, "published", "＝ 5"),
        ("100 * drawn >= 3 * base", {"drawn": 0, "base": 50}, "drawn", "≥ 2"),
        ("officers * visits >= 2 * visits", {"officers": 1, "visits": 3}, "officers", "≥ 2"),
        ("filed - closed >= 0", {"closed": 5, "filed": 3}, "filed", "≥ 5"),
        ("10 - closed >= 6", {"closed": 5}, "closed", "≤ 4"),
        ("2 * a < 7", {"a": 4}, "a", "＜ 4"),
        ("a < 0", {"a": 4}, "a", None),
        ("a + b <= c", {"a": 1, "b": 5, "c": 3}, "a", None),  # the other one is too large by itself
        ("2 * a == b", {"a": 1, "b": 5}, "a", None),  # no whole number
        ("a * a <= b", {"a": 3, "b": 5}, "a", None),
    ],
)
def test_a_relation_says_what_its_subject_must_be_while_the_others_stay(
    check: str, figures: dict[str, int], subject: str, bound: str | None
) -> None:
    relation = parse(check)
    given = {name: Decimal(value) for name, value in figures.items()}
    assert not relation.holds(given)
    assert (relation.subject, relation.bound(given, 0)) == (subject, bound)


@given(amounts, amounts, amounts, st.sampled_from(("a + 2 * b <= 3 * c", "b * a >= c", "c - a > b", "a * c < b + 1")))
def test_a_figure_put_on_its_bound_makes_the_relation_hold(a: Decimal, b: Decimal, c: Decimal, check: str) -> None:
    relation, figures = parse(check), {"a": a, "b": b, "c": c}
    bound = relation.bound(figures, 2)
    if bound:
        sign, value = bound.split(" ")
        step = {"＜": Decimal("-0.01"), "＞": Decimal("0.01")}.get(sign, Decimal(0))
        assert relation.holds({**figures, relation.subject: Decimal(value) + step})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a <",
        "a < b < c",
        "a != b",
        "1 <= a",
        "a / b <= 1",
        "a ** 9 <= 1",
        "len(a) <= 1",
        "a().b <= 1",
        "previous.a <= 1",
        "a <= True",
        "a <= 'b'",
        "结案 不超过 立案",
        "__import__('os').system('x') <= 1",
    ],
)
def test_anything_else_is_refused_in_chinese(text: str) -> None:
    with pytest.raises(RuleError, match="读不懂"):
        parse(text)


def test_a_name_may_look_at_the_last_round_the_units_or_one_cell() -> None:
    relation = parse("a + r.c <= 10 * previous.a - coop.r.c")

    assert set(relation.names) == {"a", "r.c", "previous.a", "coop.r.c"}
    assert [scope_of(name) for name in ("a", "r.c", "previous.a", "coop.r.c")] == [
        ("", "a"),
        ("", "r.c"),
        ("previous", "a"),
        ("coop", "r.c"),
    ]
    assert parse("previous.a + b <= c").subject == "b"
    cells = {"a": "C7", "r.c": "D8", "previous.a": "C9", "coop.r.c": "12.5"}
    assert relation.formula(cells) == "(C7+D8)<=((10*C9)-12.5)"


def test_a_column_stands_for_every_row_that_is_typed_in() -> None:
    def cell(row: str, column: str, *sum_of: str) -> Item:
        return Item(id=f"{row}.{column}", label="x", row=row, column=column, sum_of=sum_of)

    items = [
        cell("r", "a"),
        cell("r", "b"),
        cell("s", "a"),
        cell("t", "a", "r.a", "s.a"),
        cell("t", "b", "r.b"),
        Item(id="d", label="x"),
    ]
    assert list(instances(parse("b <= a"), items)) == [{"a": "r.a", "b": "r.b"}]  # s has no b, t is worked out
    assert [reading["a"] for reading in instances(parse("a <= previous.a + d"), items)] == ["r.a", "s.a"]
    assert list(instances(parse("t.a <= d"), items)) == [{"t.a": "t.a", "d": "d"}]
    assert not list(instances(parse("a <= nothing"), items))
