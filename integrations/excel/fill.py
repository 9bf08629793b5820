"""Filling in a form of another office: values into named cells, all else as it came, in a disposable process."""

from collections.abc import Sequence
from decimal import Decimal

from campaigns.submission import Refusal
from integrations.excel.guard import guard
from integrations.excel.reader import in_child
from integrations.excel.wire import fill_order

Cells = Sequence[tuple[str, str, Decimal | str]]  # sheet, cell, value


def fill(data: bytes, cells: Cells) -> bytes | Refusal:
    """Return the workbook with these cells filled in, or why it cannot be opened; the same values give the same bytes."""
    found = guard(data)
    if isinstance(found, Refusal):
        return found
    if found != "xlsx":
        return Refusal("other-kind", "上级的报表不是 .xlsx 文件，不能自动填写")
    return in_child("fill", fill_order(cells, data))
