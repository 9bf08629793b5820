"""What is wrong with targets, scoring and the bounds of questions, each with its key path."""

import re
from collections.abc import Iterator

from campaigns.checks import Path, error, warning
from campaigns.definition import Definition, Ratio, Target
from campaigns.errors import UnknownOrgan
from campaigns.findings import Problem
from campaigns.items import items_of
from campaigns.organs import Directory
from campaigns.rules import RuleError, expression
from campaigns.targets import quotas_of
from campaigns.units import MONEY

_NUMBER = re.compile(r"(?<!\w)\d")  # in an expression: somebody has thought of the units


def check(definition: Definition, directory: Directory) -> Iterator[Problem]:
    """Return what is wrong with targets, scoring and the bounds of questions."""
    for index, target in enumerate(definition.targets):
        yield from _check_expressions(definition, directory, target, ("targets", index), f"目标“{target.title}”")
        if (target.at_least is None) == (target.at_most is None):
            yield error("bound", ("targets", index), f"目标“{target.title}”要写 at_least（不低于）或 at_most（不高于），二者选一")
        yield from _check_money(definition, directory, target, ("targets", index, "unit"))
        yield from _check_quotas(definition, directory, target, ("targets", index))
        if target.by is not None and not definition.campaign.starts.year <= target.by <= definition.campaign.ends.year:
            told = f"目标“{target.title}”的目标年{target.by}不在专项行动期间，请核对"
            yield warning("outside", ("targets", index, "by"), told)
    for index, ratio in enumerate(definition.doubts.ratios):
        path: Path = ("doubts", "ratios", index)
        yield from _check_expressions(definition, directory, ratio, path, f"比率“{ratio.title}”")
        if ratio.at_least is None and ratio.at_most is None:
            yield error("bound", path, f"比率“{ratio.title}”要写 at_least（不低于）或 at_most（不高于），至少一个")
    scoring = definition.scoring
    if scoring and any(rule.each in ("met", "missed") for rule in scoring.rules) and not definition.targets:
        yield error("no-target", ("scoring", "rules"), "计分规则按目标计分，却没有写目标（targets）")


def _check_money(definition: Definition, directory: Directory, target: Target, path: Path) -> Iterator[Problem]:
    """Return where an amount is held against one in another unit of money, and nobody has written a conversion."""
    sides = target.numerator, target.denominator or target.numerator
    if any(_NUMBER.search(text) for text in sides):
        return
    units = {item.id: item.unit for form in definition.forms for item in items_of(form, None, definition, directory)}
    try:
        above, below = ({units.get(one, "") for one in expression(text).names} & MONEY.keys() for text in sides)
    except RuleError:
        return  # told by itself
    first, _, second = target.unit.partition("/")
    if first in MONEY or second in MONEY:
        mixed = (above - {first} if first in MONEY else set()) | (below - {second} if second in MONEY else set())
    else:
        mixed = above | below if len(above | below) > 1 else set()
    if mixed:
        told = f"目标“{target.title}”的单位是{target.unit}，所取指标的单位是{'、'.join(sorted(mixed))}，金额单位不同"
        yield error("unit-mixed", path, f"{told}，请改成同一单位，或在分子、分母中写明换算")


def _check_quotas(definition: Definition, directory: Directory, target: Target, path: Path) -> Iterator[Problem]:
    """Return what is wrong with the bounds of single departments: who is meant, and whether they come to the whole's."""
    if not target.quotas:
        return
    unknown = False
    for name in target.quotas:
        try:
            if not directory.at_level(name):
                directory.resolve(name, definition.campaign.starts)
        except UnknownOrgan as fault:
            unknown = True
            yield error("unknown-organ", (*path, "quotas", name), f"目标“{target.title}”：{fault}")
    if target.of == "whole":
        yield error(
            "quotas", (*path, "of"), f"目标“{target.title}”只考核合计（of: whole），不能又分解到各单位（quotas），请删去一处"
        )
    elif not (unknown or target.denominator or target.of):
        bound = target.at_least if target.at_least is not None else target.at_most
        total = sum(quotas_of(definition, directory)[target.id].values())
        if bound is not None and total != bound:
            told = f"目标“{target.title}”分解到各单位的数合计{total:f}，与总数{bound:f}不一致，请核对"
            yield warning("quotas", (*path, "quotas"), told)


def _check_expressions(
    definition: Definition, directory: Directory, one: Target | Ratio, path: Path, said: str
) -> Iterator[Problem]:
    forms = [form.id for form in definition.forms]
    if one.form not in forms:
        yield error("unknown-form", (*path, "form"), f"{said}所用报表“{one.form}”没有定义，可用的有：{'、'.join(forms)}")
        return
    codes = [item.id for item in items_of(definition.form(one.form), None, definition, directory) if item.counts]
    for key, text in (("numerator", one.numerator), ("denominator", one.denominator)):
        try:
            names = expression(text).names if text else ()
        except RuleError as fault:
            yield error("rule", (*path, key), str(fault))
            continue
        for name in names:
            if name not in codes:
                told = f"{said}中的“{name}”不是报表“{one.form}”的指标，可用的有：{'、'.join(codes)}"
                yield error("unknown-indicator", (*path, key), told)
