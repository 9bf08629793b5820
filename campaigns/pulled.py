"""What a department's own system says of its duties, as JSON, written into the department's form.

`{"duties": {"3": {"figures": {"cases_filed": 5}, "text": "…", "nil": false}}}`: duties by number, figures by code. What is
missing stays blank and what is no figure is written as it stands: the check says so, as it would of anybody's workbook.
"""

import json
from decimal import Decimal
from typing import Any

from campaigns.errors import WorldError
from campaigns.forms import Form

Cells = list[tuple[str, str, Decimal | str]]  # sheet, cell, value


def cells(data: bytes, form: Form) -> Cells | None:
    """Return the cells of a form that an answer fills, None when it is no JSON; WorldError when it says something else."""
    try:
        told = json.loads(data, parse_int=Decimal, parse_float=Decimal, parse_constant=_no_figure)
    except (ValueError, RecursionError):
        return None
    duties = told.get("duties") if isinstance(told, dict) else None
    if not isinstance(duties, dict):
        raise WorldError("对方系统给的 JSON 里没有 duties，请按约定的样子给出")
    found: Cells = []
    known = {str(block.duty) for block in form.blocks}
    if strangers := sorted(str(one) for one in duties if one not in known):
        raise WorldError(f"对方系统给了任务{'、'.join(strangers)[:60]}，本期没有要它报，请核对")
    for number, said in duties.items():
        expected = next(block.expected for block in form.blocks if str(block.duty) == number)
        found += _of_duty(form, expected, number, said)
    return found


def _of_duty(form: Form, expected: str, number: str, said: Any) -> Cells:
    figures = said.get("figures", {}) if isinstance(said, dict) else None
    if not isinstance(figures, dict):
        raise WorldError(f"对方系统给的任务{number}读不懂，应有 figures")
    first = form.of(expected)[0]
    found: Cells = []
    for code, value in figures.items():
        try:
            block = form.block_of(expected, code)
            typed = form.table(block).item(code).typed
        except KeyError:
            typed = False
        if not typed or not isinstance(value, Decimal | str):
            raise WorldError(f"对方系统给的任务{number}里“{str(code)[:40]}”不是要填的数，请核对代码")
        found.append((block.sheet, block.cell("own", code), value))
    if text := str(said.get("text") or ""):
        found.append((first.sheet, first.narrative_cell, text))
    if said.get("nil") is True:
        found += [(block.sheet, block.nil_cell, "是") for block in form.of(expected)]
    return found


def _no_figure(text: str) -> str:
    return text  # NaN and Infinity are no figures: as text they are told
