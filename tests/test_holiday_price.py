"""One template of the price patrol serves every holiday, and asks for a daily return on each of its days, rest days too."""

from pathlib import Path

import pytest

from integrations.definition_files import DEFINITIONS
from integrations.definition_files.writing import derived
from tasks.definitions import load


@pytest.mark.parametrize(
    ("holiday", "issued", "last", "days"),
    [
        ("元旦", "2024-12-23", "2025-01-01", 1),
        ("春节", "2025-01-13", "2025-02-04", 8),
        ("清明", "2025-03-24", "2025-04-06", 3),
        ("五一", "2025-04-21", "2025-05-05", 5),
        ("端午", "2025-05-19", "2025-06-02", 3),
        ("中秋", "2024-09-02", "2024-09-17", 3),
        ("国庆", "2025-09-22", "2025-10-08", 8),
    ],
)
def test_every_holiday_from_one_template(tmp_path: Path, holiday: str, issued: str, last: str, days: int) -> None:
    given = {
        "年份": last[:4],
        "节日": holiday,
        "印发日期": issued,
        "假期最后一天": last,
        "通知标题": "示例通知",
        "发文机关": "示例市市场监督管理局",
        "单位": "各县(市、区)市场监管局",
    }
    file = tmp_path / "made.yaml"
    file.write_text(derived("holiday-price", "made", given, [DEFINITIONS]), "utf-8")
    plan = load(str(file))
    assert plan.usable, [one.message for one in plan.problems]
    daily = {one.round.rpartition("/")[2] for one in plan.expected if "daily-" in one.round}
    assert len(daily) == days
    assert max(daily).endswith(f"daily-{last}")
