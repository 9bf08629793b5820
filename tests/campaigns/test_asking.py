"""Requests for more time as people write them."""

from datetime import date

import pytest

from campaigns.asking import Asked, asked, day, speaks_of_time


@pytest.mark.parametrize(
    ("subject", "text", "found"),
    [
        ("Re: 报表", "申请延期至2026-12-10，理由：数据尚未汇总完。\n谢谢", Asked(date(2026, 12, 10), "数据尚未汇总完。")),
        ("申请延期到２０２６年１２月１０日，原因是系统升级", "", Asked(date(2026, 12, 10), "系统升级")),
        ("x", "我局申请延长报送至2026.1.5", Asked(date(2026, 1, 5), "")),
        ("x", "申请延期至2026-13-40，理由：没有这一天", None),
        ("x", "申请延期至12月10日，理由：没写年份", None),
        ("x", "请问能否延期？", None),
        ("x", "收到。\n> 申请延期至2026-12-10，理由：引用的", None),
        ("x", "收到。\n-----原始邮件-----\n申请延期至2026-12-10，理由：引用的", None),
    ],
)
def test_what_a_mail_asks_for(subject: str, text: str, found: Asked | None) -> None:
    assert asked(subject, text) == found


def test_a_mail_that_speaks_of_more_time_is_known_by_its_own_words() -> None:
    assert speaks_of_time("Re: 报表", "申请延期到12月10日，因为忙") and speaks_of_time("能否宽限几天", "")
    assert not speaks_of_time("Re: 催办", "收到。\n> 写明“申请延期至某年某月某日，理由：……”")


def test_a_day_is_read_as_people_write_it() -> None:
    assert day(" 2026-12-10 ") == day("2026年12月10日") == day("２０２６．１２．１０") == date(2026, 12, 10)
    assert day("明天") is day("2026-02-30") is day("") is None
