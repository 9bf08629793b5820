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


def test_a_relation_says_what_it_expects_and_of_whom() -> None:
    relation = parse("2 * filed + closed <= 50 * officers - 100")

    assert set(relation.names) == {"filed", "closed", "officers"}
    assert relation.subject == "filed"
    assert relation.expected({"filed": Decimal(1), "closed": Decimal(1), "officers": Decimal(22)}) == "≤ 1000"


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
