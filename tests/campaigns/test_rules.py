"""Relations between figures: what is read, what holds, what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules import RuleError, parse

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

    assert relation.names == {"filed", "closed", "officers"}
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
