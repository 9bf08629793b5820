"""A department asks for more time, by mail or on its page: the request waits for the office and moves nothing."""

from datetime import date

import pytest

from campaigns.errors import Refused
from flows import tick
from tasks import doors
from tasks.attention import attention
from tasks.office import Office
from tasks.record import verify
from tests.builders import FIRST_ROUND
from tests.flows.test_tick import at
from tests.integrations.machine_mails import plain
from tests.tasks.test_doors import scope

NOW = at(11, 20)
WORDS = "申请延期至2020-12-10，理由：数据尚未汇总完。"


def ask(office: Office, sender: str, text: str, **headers: str) -> None:
    (office.settings.watched_folder / "1.eml").write_bytes(plain(sender, "Re: 报表", text, **headers))
    tick.collect(NOW)


def test_a_mail_that_asks_is_a_request_and_moves_nothing(opened: Office) -> None:
    with opened.ledger() as ledger:
        before = ledger.standings("test-2020")
        letter = next(one for one in ledger.messages() if one.to_email == "gaj@example.gov.cn")
    ask(opened, "gaj@example.gov.cn", WORDS, In_Reply_To=letter.message_id)
    with opened.ledger() as ledger:
        (made,) = ledger.requests("test-2020")
        assert (made.wanted, made.reason, made.door, made.decision) == (date(2020, 12, 10), "数据尚未汇总完。", "mail", None)
        assert made.scope == (f"{FIRST_ROUND}/3/gaj",)
        assert ledger.standings("test-2020") == before
        (envelope,) = ledger.envelopes()
        assert (envelope.kind, envelope.outcome, envelope.department) == ("request", None, "gaj")
        (answer,) = [one for one in ledger.messages() if one.kind == "receipt"]
        assert answer.to_email == "gaj@example.gov.cn" and made.id in envelope.reason and "原截止时间不变" in envelope.reason
        assert [line for line in attention(opened, ledger, NOW) if line.startswith("延期申请待决定")]
    tick.collect(NOW)
    with opened.ledger() as ledger:
        assert len(ledger.requests("test-2020")) == 1
    assert verify().faults == ()


@pytest.mark.parametrize(
    ("sender", "text", "why"),
    [
        ("nobody@example.com", WORDS, "没有登记"),
        ("gaj@example.gov.cn", "申请延期至2020-12-10", "没有写明理由"),
    ],
)
def test_a_request_that_cannot_be_put_waits_for_a_person(opened: Office, sender: str, text: str, why: str) -> None:
    ask(opened, sender, text)
    with opened.ledger() as ledger:
        (envelope,) = ledger.envelopes()
        assert envelope.outcome == "quarantined" and why in envelope.reason
        assert ledger.requests("test-2020") == []


def test_the_page_takes_a_request_and_shows_it(opened: Office) -> None:
    with pytest.raises(Refused, match=r"没有写对.*没有写明理由"):
        doors.ask(scope(opened), "明天", " ", NOW)
    with pytest.raises(Refused, match="今天以后"):
        doors.ask(scope(opened), "2020-11-20", "忙", NOW)
    doors.ask(scope(opened), "2020年12月10日", "系统升级", NOW)
    (line,) = doors.upload_view(scope(opened), NOW).requests
    assert "申请延期至2020年12月10日" in line and "系统升级" in line and "原截止时间不变" in line
    assert doors.upload_view(scope(opened, "wlj"), NOW).requests == ()
    with opened.ledger() as ledger:
        (made,) = ledger.requests("test-2020")
        assert (made.door, made.asked_by) == ("page", "市公安局")
