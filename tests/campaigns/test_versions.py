"""The versions of an expected report: the newest accepted counts, and every change is told, no other."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from campaigns.versions import SAME, Cell, Version, changes, in_effect, series

WHEN = datetime(2020, 11, 20, tzinfo=UTC)
LABELS = {"filed": "立案", "closed": "结案", "penalty": "罚没款"}
FIGURES = st.dictionaries(st.sampled_from(list(LABELS)), st.decimals(0, 10**6, places=2), max_size=3)
VERSIONS = st.builds(
    lambda accepted, nil, figures: (accepted, nil, figures), st.booleans(), st.booleans(), FIGURES
)  # fmt: skip


def version(number: int, figures: dict[str, Decimal], *, nil: bool = False, text: str = "", accepted: bool = True) -> Version:
    cells = {code: Cell(value, "配合任务", f"E{place}") for place, (code, value) in enumerate(figures.items(), 12)}
    return Version(number if accepted else 0, "R-1", WHEN, "accepted" if accepted else "returned", nil, cells, text)


def test_a_change_is_told_by_label_old_new_and_cell() -> None:
    one, two = version(1, {"filed": Decimal(3)}, text="甲"), version(2, {"filed": Decimal("5.0")}, text="乙")
    assert changes(one, two, LABELS) == ("立案：3 → 5（配合任务!E12）", "文字内容有改动")
    assert changes(one, version(2, {"filed": Decimal("3.00")}, text=" 甲\n"), LABELS) == (SAME,)


def test_what_is_asked_for_no_more_has_not_changed() -> None:
    one, two = version(1, {"filed": Decimal(3), "recovered": Decimal(2)}), version(2, {"filed": Decimal(3)})
    assert changes(one, two, LABELS) == (SAME,)


def test_nil_is_a_value_and_blank_is_not_zero() -> None:
    one, zero = version(1, {"filed": Decimal(3)}), version(2, {"filed": Decimal(0)}, nil=True)
    assert changes(one, zero, LABELS) == ("改报零报告", "立案：3 → 0（配合任务!E12）")
    assert changes(zero, one, LABELS)[0] == "由零报告改报数字"
    assert changes(version(1, {}), version(2, {"filed": Decimal(0)}), LABELS) == ("立案：未填 → 0（配合任务!E12）",)


@given(st.lists(VERSIONS, max_size=8))
def test_the_newest_accepted_one_counts_and_each_differs_from_the_accepted_one_before(
    found: list[tuple[bool, bool, dict[str, Decimal]]],
) -> None:
    number = 0
    versions = []
    for accepted, nil, figures in found:
        number += accepted
        versions.append(version(number, figures, nil=nil, accepted=accepted))
    steps = series(versions, LABELS)
    assert [step.version for step in steps] == versions
    assert [step.version for step in steps if step.counts] == [one for one in [in_effect(versions)] if one]
    accepted_steps = [step for step in steps if step.version.outcome == "accepted"]
    assert all(step.changes == () for step in steps if step not in accepted_steps[1:])
    for before, after in pairwise(accepted_steps):
        old = {code: cell.value for code, cell in before.version.figures.items()}
        new = {code: cell.value for code, cell in after.version.figures.items()}
        same = old == new and before.version.nil == after.version.nil
        assert (after.changes == (SAME,)) is same
        told = sum("→" in change for change in after.changes)
        assert told == len({code for code in old.keys() | new.keys() if old.get(code) != new.get(code)})
