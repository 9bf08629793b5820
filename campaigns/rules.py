"""The small language of rules: sums and products of figures, compared.  `cases_closed <= cases_filed`

A figure is named by its code; in a matrix by its column, for every row in turn, or as `row.column`. `previous.x` is what the
department had reported before, `coop.x` the sum of what a lead's cooperating departments reported.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from campaigns.errors import LiandongError
from campaigns.items import Item

SCOPES = ("previous", "coop")
_SIGNS = {ast.LtE: "≤", ast.Lt: "＜", ast.GtE: "≥", ast.Gt: "＞", ast.Eq: "＝"}
_TURNED = {"≤": "≥", "＜": "＞", "≥": "≤", "＞": "＜", "＝": "＝"}
_EXCEL = {"≤": "<=", "＜": "<", "≥": ">=", "＞": ">", "＝": "="}
_OPERATORS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


class RuleError(LiandongError):
    """A relation that cannot be read."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison of two sides, ready to be asked; `names` are those it holds, in the order in which it is written."""

    left: ast.expr
    right: ast.expr
    sign: str
    names: tuple[str, ...]

    def holds(self, figures: Mapping[str, Decimal]) -> bool:
        """Return whether the relation holds for these figures; every name of the relation must be among them."""
        left, right = self.sides(figures)
        return {"≤": left <= right, "＜": left < right, "≥": left >= right, "＞": left > right, "＝": left == right}[self.sign]

    def sides(self, figures: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
        """Return what its two sides come to for these figures."""
        return _value(self.left, figures), _value(self.right, figures)

    def bound(self, figures: Mapping[str, Decimal], decimals: int, beside: Decimal = Decimal(0)) -> str | None:
        """Return what the subject must be while all other figures stay, such as `≤ 12`; None when nothing from zero on would do.

        It has so many decimals, and counts together with what is `beside` it, the periods before.
        """

        def gap(value: int) -> Decimal:
            left, right = self.sides({**figures, self.subject: value + beside})
            return left - right

        start, slope = gap(0), gap(1) - gap(0)
        if not slope or gap(2) - gap(1) != slope:  # it does not move the relation, or stands in a product with itself
            return None
        sign = self.sign if slope > 0 else _TURNED[self.sign]
        exact = -start / slope
        whole = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_FLOOR if sign in "≤＞" else ROUND_CEILING)
        if whole < 0 or (not whole and sign == "＜") or (sign == "＝" and whole != exact):
            return None
        return f"{sign} {whole.normalize():f}"

    def formula(self, cells: Mapping[str, str]) -> str:
        """Return the relation as a spreadsheet writes it; `cells` gives a cell or a figure for every name."""
        return f"{_written(self.left, cells)}{_EXCEL[self.sign]}{_written(self.right, cells)}"

    @property
    def subject(self) -> str:
        """Return the figure that is marked when the relation fails: the first of the department's own on the left."""
        names = [node for node in _names(self.left) if scope_of(_dotted(node))[0] == ""]
        return _dotted(min(names, key=lambda name: (name.lineno, name.col_offset)))


def parse(text: str) -> Relation:
    """Return the relation a rule states; RuleError, in Chinese, when it is none."""
    fault = RuleError(f"关系式“{text}”读不懂：应是两边由指标代码、数字和 + - * 组成的比较，例如 cases_closed <= cases_filed")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise fault from None
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _SIGNS:
        raise fault
    left, right = tree.left, tree.comparators[0]
    if not (_plain(left) and _plain(right)):
        raise fault
    if not any(scope_of(_dotted(node))[0] == "" for node in _names(left)):
        raise fault
    names = tuple(dict.fromkeys(_dotted(node) for side in (left, right) for node in _names(side)))
    return Relation(left, right, _SIGNS[type(tree.ops[0])], names)


@dataclass(frozen=True, slots=True)
class Expression:
    """Sums and products of figures, ready to be asked."""

    side: ast.expr
    names: tuple[str, ...]

    def value(self, figures: Mapping[str, Decimal]) -> Decimal | None:
        """Return what it comes to, None where one of its figures is not there."""
        return _value(self.side, figures) if figures.keys() >= set(self.names) else None


def expression(text: str) -> Expression:
    """Return what a numerator or denominator says, in codes, numbers and + - *; RuleError, in Chinese, when it is none."""
    fault = RuleError(f"“{text}”读不懂：应由指标代码、数字和 + - * 组成，例如 patents - patents_before")
    try:
        side = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise fault from None
    names = tuple(dict.fromkeys(_dotted(node) for node in _names(side)))
    if not _plain(side) or not names or any(scope_of(name)[0] for name in names):
        raise fault
    return Expression(side, names)


def scope_of(name: str) -> tuple[str, str]:
    """Return where a name looks (`previous`, `coop`, or nothing for the department's own) and the code it names."""
    first, dot, rest = name.partition(".")
    return (first, rest) if dot and first in SCOPES else ("", name)


def instances(relation: Relation, items: Sequence[Item]) -> Iterator[Mapping[str, str]]:
    """Return the readings of a relation among figures: for each name the one it stands for, its scope still in front.

    A name of a matrix column stands for each row in turn that is typed in. Where a figure is not asked there is no reading.
    """
    known = {item.id: item for item in items if item.counts}
    columns = {item.column for item in known.values() if item.column}
    free = [name for name in relation.names if scope_of(name)[1] not in known]
    if not free:
        yield {name: name for name in relation.names}
    if not free or any(scope_of(name)[1] not in columns for name in free):
        return
    for row in dict.fromkeys(item.row for item in known.values() if item.row):
        reading = {name: _in_row(name, row) if name in free else name for name in relation.names}
        if all(scope_of(full)[1] in known for full in reading.values()) and known[reading[relation.subject]].typed:
            yield reading


def _in_row(name: str, row: str) -> str:
    scope, code = scope_of(name)
    return f"{scope}.{row}.{code}" if scope else f"{row}.{code}"


def _names(side: ast.expr) -> list[ast.Name | ast.Attribute]:
    if isinstance(side, ast.BinOp):
        return _names(side.left) + _names(side.right)
    return [side] if isinstance(side, ast.Name | ast.Attribute) else []


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _plain(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS and _plain(node.left) and _plain(node.right)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _value(node: ast.expr, figures: Mapping[str, Decimal]) -> Decimal:
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, figures), _value(node.right, figures)
        if isinstance(node.op, ast.Add):
            return left + right
        return left - right if isinstance(node.op, ast.Sub) else left * right
    if isinstance(node, ast.Constant):
        return Decimal(str(node.value))
    return figures[_dotted(node)]


def _written(node: ast.expr, cells: Mapping[str, str]) -> str:
    if isinstance(node, ast.BinOp):
        return f"({_written(node.left, cells)}{_OPERATORS[type(node.op)]}{_written(node.right, cells)})"
    if isinstance(node, ast.Constant):
        return f"{Decimal(str(node.value)):f}"
    return cells[_dotted(node)]
