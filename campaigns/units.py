"""Units of money, each in yuan: two of them are never added up, and only converted in a superior's form, which says so."""

from decimal import Decimal

MONEY = {
    "元": Decimal(1),
    "圆": Decimal(1),
    "千元": Decimal(1000),
    "万元": Decimal(10_000),
    "万": Decimal(10_000),
    "百万元": Decimal(10) ** 6,
    "亿元": Decimal(10) ** 8,
    "亿": Decimal(10) ** 8,
}
