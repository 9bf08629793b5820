"""The small language of rules: sums and products of indicators, compared.  `cases_closed <= cases_filed`"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from campaigns.errors import LiandongError

_SIGNS = {ast.LtE: "≤", ast.Lt: "＜", ast.GtE: "≥", ast.Gt: "＞", ast.Eq: "＝"}


class RuleError(LiandongError):
    """A relation that cannot be read."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison of two sides, ready to be asked."""

    left: ast.expr
    right: ast.expr
    sign: str
    names: frozenset[str]

    def holds(self, figures: Mapping[str, Decimal]) -> bool:
        """Return whether the relation holds for these figures; every name of the relation must be among them."""
        left, right = _value(self.left, figures), _value(self.right, figures)
        return {"≤": left <= right, "＜": left < right, "≥": left >= right, "＞": left > right, "＝": left == right}[self.sign]

    def expected(self, figures: Mapping[str, Decimal]) -> str:
        """Return the bound the left side must keep, such as `≤ 12`."""
        return f"{self.sign} {_value(self.right, figures).normalize():f}"

    @property
    def subject(self) -> str:
        """Return the indicator that is marked when the relation fails: the first one on the left."""
        names = (node for node in ast.walk(self.left) if isinstance(node, ast.Name))
        return min(names, key=lambda name: (name.lineno, name.col_offset)).id


def parse(text: str) -> Relation:
    """Return the relation a rule states; RuleError, in Chinese, when it is none."""
    fault = RuleError(f"关系式“{text}”读不懂：应是两边由指标代码、数字和 + - * 组成的比较，例如 cases_closed <= cases_filed")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise fault from None
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _SIGNS:
        raise fault
    left, right = tree.left, tree.comparators[0]
    if not (_plain(left) and _plain(right)):
        raise fault
    names = frozenset(node.id for side in (left, right) for node in ast.walk(side) if isinstance(node, ast.Name))
    if not any(isinstance(node, ast.Name) for node in ast.walk(left)):
        raise fault
    return Relation(left, right, _SIGNS[type(tree.ops[0])], names)


def _plain(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Sub | ast.Mult) and _plain(node.left) and _plain(node.right)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return isinstance(node, ast.Name)


def _value(node: ast.expr, figures: Mapping[str, Decimal]) -> Decimal:
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, figures), _value(node.right, figures)
        if isinstance(node.op, ast.Add):
            return left + right
        return left - right if isinstance(node.op, ast.Sub) else left * right
    if isinstance(node, ast.Name):
        return figures[node.id]
    assert isinstance(node, ast.Constant)
    return Decimal(str(node.value))
