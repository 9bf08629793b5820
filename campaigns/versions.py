"""The versions of one expected report: which counts, and what changed from one to the next, cell by cell.

Blank is not zero and nil is a value: a version that ticks nil over figures is told as such, not as figures gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

SAME = "与上一版相同"


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure and where it stands."""

    value: Decimal
    sheet: str = ""
    cell: str = ""
    key: str = ""  # of a row of a list: which case it is


@dataclass(frozen=True, slots=True)
class Version:
    """What one envelope says for one expected report; `number` is 0 for one that was returned."""

    number: int
    envelope: str
    received_at: datetime
    outcome: str
    nil: bool = False
    figures: Mapping[str, Cell] = field(default_factory=dict)
    narrative: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A version and what it changes in the accepted one before it, in words; nothing for the first and for returned ones."""

    version: Version
    changes: tuple[str, ...]
    counts: bool


def in_effect(versions: Sequence[Version]) -> Version | None:
    """Return the version that counts: the accepted one that arrived last, by whatever door it was read first; None if none is."""
    accepted = (one for one in versions if one.outcome == "accepted")
    return max(accepted, key=lambda one: (one.received_at, one.number), default=None)


def series(versions: Sequence[Version], labels: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the versions in their order, each with its changes, and which of them counts."""
    newest = in_effect(versions)
    steps = []
    before: Version | None = None
    for one in versions:
        accepted = one.outcome == "accepted"
        steps.append(Step(one, changes(before, one, labels) if accepted and before else (), one is newest))
        if accepted:
            before = one
    return tuple(steps)


def changes(before: Version, after: Version, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an officer reads of the difference: `立案：3 → 5（配合任务!E12）`, or 与上一版相同."""
    told = []
    if after.nil and not before.nil:
        told.append("改报零报告")
    elif before.nil and not after.nil:
        told.append("由零报告改报数字")
    codes = [*(code for code in labels if code in before.figures or code in after.figures)]
    codes += sorted((before.figures.keys() | after.figures.keys()) - labels.keys())
    no_more = {code for code, one in before.figures.items() if code not in labels and not one.key} - after.figures.keys()
    for code in (one for one in codes if one not in no_more):  # what an amendment asks for no more has not changed
        old, new = before.figures.get(code), after.figures.get(code)
        if old and new and (old.value, old.key) == (new.value, new.key):
            continue
        at = new or old
        where = f"（{at.sheet}!{at.cell}）" if at and at.cell else ""
        told.append(f"{labels.get(code, code)}：{_shown(old)} → {_shown(new)}{where}")
    if before.narrative.split() != after.narrative.split():
        told.append("文字内容有改动")
    return tuple(told) or (SAME,)


def _shown(one: Cell | None) -> str:
    if one is None:
        return "未填"
    return f"{one.value.normalize():f}" + f"（{one.key}）" * bool(one.key)
