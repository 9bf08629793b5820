"""Bounces, automatic replies, our own letters, floods and forgeries: recorded, told to the office, never answered."""

from datetime import timedelta

import pytest

from flows import tick
from tasks.attention import attention
from tasks.doors import take_in
from tasks.intake import check_envelopes
from tasks.office import Office
from tasks.record import verify
from tests.builders import FIRST_ROUND
from tests.flows.test_tick import at, newest_form
from tests.integrations.excel.filling import edited, fill_in
from tests.integrations.machine_mails import BOUNCES, GONE, OTHERS, OURS
from tests.integrations.mailboxes import mail_from

NOW = at(11, 20)
OFFICE = "office@example.gov.cn"


def collect(office: Office, *mails: bytes) -> None:
    """Let mails arrive as files and be looked into."""
    for number, raw in enumerate(mails):
        (office.settings.watched_folder / f"{number:04}.eml").write_bytes(raw)
    tick.collect(NOW)


def made(office: Office, *kinds: str) -> list[tuple[str, str]]:
    with office.ledger() as ledger:
        return [(one.kind, one.to_email) for one in ledger.messages() if one.kind in kinds]


def told(office: Office) -> tuple[str, ...]:
    with office.ledger() as ledger:
        return attention(office, ledger, NOW)


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_marks_the_letter_and_tells_the_office_once(opened: Office, name: str) -> None:
    raw, why = BOUNCES[name]
    with opened.ledger() as ledger:
        sent = next(one for one in ledger.messages() if one.to_email == GONE)
    raw = raw.replace(OURS.encode(), sent.message_id.encode())
    collect(opened, raw, raw + b"\r\n")
    with opened.ledger() as ledger:
        now = ledger.message(sent.key)
        assert now and (now.status, now.error) == ("undelivered", f"{why}。")
        assert {one.status for one in ledger.messages() if one.key != sent.key} <= {"sent", "queued"}
        for one in ledger.envelopes():
            assert (one.kind, one.outcome, one.department, one.round) == ("bounce", None, "gaj", FIRST_ROUND)
            assert why in one.reason
    assert made(opened, "receipt", "undelivered") == [("undelivered", OFFICE)]
    (line,) = [one for one in told(opened) if one.startswith("信件没有送达")]
    assert GONE in line and why in line
    tick.daily(at(11, 23))
    with opened.ledger() as ledger:  # no later run sends it again, or takes it for sent
        again = ledger.message(sent.key)
        assert again and again.status == "undelivered"
    assert verify().faults == ()


def test_a_bounce_of_no_letter_of_ours_waits_for_a_person(opened: Office) -> None:
    collect(opened, BOUNCES["qq"][0], BOUNCES["postfix"][0].replace(GONE.encode(), b"nobody@example.com"))
    with opened.ledger() as ledger:
        kinds = [(one.kind, one.department) for one in ledger.envelopes()]
    assert kinds == [("bounce", "gaj"), ("bounce", None)]  # the first is told by its address alone
    assert len([one for one in told(opened) if one.startswith("退信待核")]) == 1


def test_a_letter_to_the_office_that_comes_back_brings_no_other(opened: Office) -> None:
    collect(opened, mail_from("nobody@example.com", subject="你好"))
    with opened.ledger() as ledger:
        (answer,) = [one for one in ledger.messages() if one.to_email == OFFICE]
    raw = BOUNCES["postfix"][0].replace(OURS.encode(), answer.message_id.encode())
    (opened.settings.watched_folder / "b.eml").write_bytes(raw)
    tick.collect(NOW)
    assert made(opened, "undelivered") == []
    with opened.ledger() as ledger:
        assert [one.status for one in ledger.messages() if one.key == answer.key] == ["undelivered"]


def test_machines_are_recorded_and_never_answered(opened: Office) -> None:
    form = edited(newest_form(opened, "gaj"), lambda book: fill_in(book, "配合任务", 3))
    vacation = mail_from(GONE, ("报表.xlsx", form), subject="自动回复：请假")
    collect(opened, *OTHERS.values(), vacation)
    with opened.ledger() as ledger:
        assert {(one.kind, one.outcome) for one in ledger.envelopes()} == {("machine", None)}
        assert len(ledger.envelopes()) == len(OTHERS) + 1
        assert ledger.submissions(FIRST_ROUND) == []
        assert {one.status for one in ledger.messages()} == {"sent"}
    assert made(opened, "receipt", "undelivered") == []


def test_a_program_that_hands_in_a_form_is_taken_and_only_a_person_is_answered(opened: Office) -> None:
    form = edited(newest_form(opened, "gaj"), lambda book: fill_in(book, "配合任务", 3))
    collect(opened, mail_from(GONE, ("报表.xlsx", form), Auto_Submitted="auto-generated", Return_Path="<>"))
    with opened.ledger() as ledger:
        assert [(one.kind, one.outcome) for one in ledger.envelopes()] == [("submission", "accepted")]
    assert made(opened, "receipt") == [("receipt", OFFICE)]


def test_our_own_letters_in_our_own_mailbox_start_nothing(opened: Office) -> None:
    with opened.ledger() as ledger:
        own = [opened.bytes_of(one.sha256) for one in ledger.messages()]
    collect(opened, *own, mail_from(OFFICE, subject="我给自己的便条"))
    with opened.ledger() as ledger:
        kinds = [one.kind for one in ledger.envelopes()]
    assert kinds == ["machine"] * len(own) + ["submission"]
    assert made(opened, "receipt") == []


def test_a_flood_is_recorded_whole_and_answered_in_part(opened: Office) -> None:
    flood = [mail_from(GONE, subject=f"第{number}封") for number in range(25)]
    collect(opened, *flood, mail_from("wlj@example.gov.cn", subject="一封"))
    with opened.ledger() as ledger:
        assert [one.outcome for one in ledger.envelopes()] == ["refused"] * 26
    answered = made(opened, "receipt")
    assert (answered.count(("receipt", GONE)), answered.count(("receipt", "wlj@example.gov.cn"))) == (20, 1)
    assert [one for one in told(opened) if "一天内来件25件" in one]
    (opened.settings.watched_folder / "next.eml").write_bytes(mail_from(GONE, subject="隔日"))
    tick.collect(NOW + timedelta(days=2))
    assert made(opened, "receipt").count(("receipt", GONE)) == 21


@pytest.mark.parametrize(
    ("trusts", "outcome"), [("", "accepted"), ("mx.example.gov.cn", "quarantined"), ("mx.other.cn", "accepted")]
)
def test_a_sender_our_own_server_found_forged_is_quarantined(
    opened: Office, monkeypatch: pytest.MonkeyPatch, trusts: str, outcome: str
) -> None:
    for name, value in {"HOST": "imap.example.gov.cn", "USER": "a", "TRUSTS": trusts}.items():
        monkeypatch.setenv(f"LIANDONG_IMAP__{name}", value)
    form = edited(newest_form(opened, "gaj"), lambda book: fill_in(book, "配合任务", 3))
    fail = "mx.example.gov.cn; dmarc=fail header.from=example.gov.cn"
    (opened.settings.watched_folder / "1.eml").write_bytes(mail_from(GONE, ("报表.xlsx", form), Authentication_Results=fail))
    take_in(NOW)
    check_envelopes(NOW)
    with opened.ledger() as ledger:
        (envelope,) = ledger.envelopes()
    assert envelope.outcome == outcome
    assert ("没有通过本单位邮件服务器的验证（dmarc=fail）" in envelope.reason) == (outcome == "quarantined")
