"""A form -> the workbook a department fills in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

from campaigns.forms import Form
from integrations.excel.form_layout import heights_of, lay_out
from integrations.excel.masters import Master, figure_mark, master, text_mark, written

# what a form says to one department alone: a mark stands for it in the master
_OWN: Any = {
    "serial": True, "version": True, "department": True, "department_name": True,
    "blocks": {"__all__": {"expected", "receiver", "previous", "coop", "coop_note", "last"}},
}  # fmt: skip
_FIGURES = ("previous", "coop", "last")  # of a block: what is filled in beforehand
_LONG = 30_000  # Excel cuts long texts: such a form is laid out by itself


def write_form(form: Form, token: str) -> bytes:
    """Return the workbook of a form, carrying its signed token; the same form gives the same bytes.

    Departments that are asked the same share a master, and get a copy with what is their own: names, figures, the token.
    """
    values: list[str | Decimal] = []

    def take(value: str | Decimal) -> str | Decimal:
        values.append(value)
        return value

    _own(form, token, take)
    if any(isinstance(value, str) and len(value) > _LONG for value in values):
        return lay_out(form, token)
    heights = heights_of(form)
    # how many figures a department is shown is not its own: there are none of the last round where there was none
    shown = [[list(getattr(block, line)) for line in _FIGURES] for block in form.blocks]
    asked = form.model_dump_json(exclude=_OWN) + repr((heights, shown))
    return _master(_Outline(sha256(asked.encode()).hexdigest(), form)).copy([written(value) for value in values])


@dataclass(frozen=True)
class _Outline:
    """What departments that share a master have in common, told by the digest of it; the form is any one of theirs."""

    digest: str
    form: Form = field(compare=False)


@lru_cache(maxsize=64)
def _master(outline: _Outline) -> Master:
    marks = 0

    def mark(value: str | Decimal) -> str | Decimal:
        nonlocal marks
        marks += 1
        return text_mark(outline.digest, marks - 1) if isinstance(value, str) else figure_mark(marks - 1)

    form, token = _own(outline.form, "", mark)
    return master(lay_out(form, token, heights_of(outline.form)), outline.digest)


def _own(form: Form, token: str, put: Callable[..., str | Decimal]) -> tuple[Form, str]:
    """Return a form and its token after all that is a department's own was put through a function, in a fixed order."""
    blocks = tuple(
        block.model_copy(
            update={
                "receiver": put(block.receiver),
                "coop_note": put(block.coop_note),
                **{line: {code: put(value) for code, value in getattr(block, line).items()} for line in _FIGURES},
            }
        )
        for block in form.blocks
    )
    own = {"serial": put(form.serial), "department_name": put(form.department_name), "blocks": blocks}
    return form.model_copy(update=own), str(put(token))
