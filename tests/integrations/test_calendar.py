"""Working days against another library's record of every State Council notice, and an office's own file for a newer one."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from campaigns.errors import NotConfigured
from integrations.calendar import workdays


def test_every_day_is_as_another_library_has_it() -> None:
    ours = workdays(2018, 2026)
    days = [date(2018, 1, 1) + timedelta(days=n) for n in range((date(2027, 1, 1) - date(2018, 1, 1)).days)]

    assert [day for day in days if ours.is_working(day) != chinese_calendar.is_workday(day)] == []


def test_a_year_without_its_notice_is_not_published() -> None:
    assert workdays(2018, 2090).published >= set(range(2018, 2027))
    assert 2090 not in workdays(2018, 2090).published


def test_an_office_file_replaces_a_year(tmp_path: Path) -> None:
    text = "rest: {2090-02-01: 春节, 2090-02-02: 春节}\nwork: [2090-02-04]\n"
    (tmp_path / "2090.yaml").write_text(text, "utf-8")

    ours = workdays(2089, 2091, tmp_path)

    assert ours.published == {2090}
    assert not ours.is_working(date(2090, 2, 1))  # a Wednesday
    assert ours.is_working(date(2090, 2, 4))  # a Saturday
    assert ours.is_working(date(2090, 10, 2))  # a Monday that the library would have guessed to be free


@pytest.mark.parametrize("text", ["rest: 无", "rest: {2090-02-01: 春节}\nworks: []", "rest: {2031-02-01: 春节}", "rest: [", ""])
def test_a_bad_file_is_named_in_chinese(tmp_path: Path, text: str) -> None:
    (tmp_path / "2090.yaml").write_text(text, "utf-8")

    with pytest.raises(NotConfigured, match=r"放假安排文件 .*2090\.yaml"):
        workdays(2090, 2090, tmp_path)
