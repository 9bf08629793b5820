"""Mailbox, folder and link: whatever comes in is recorded once, under its own name, for its own department."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event

from campaigns.errors import Conflict, UnknownItem, WorldError
from flows import tick
from integrations.database.tables import ExpectedReportRow
from integrations.inbox.imap import ImapAccount
from integrations.inbox.mime import parts_of
from tasks import doors
from tasks.campaign import launch
from tasks.office import Office
from tests.builders import FIRST_ROUND, SECOND_ROUND, small_plan
from tests.flows.test_tick import LAUNCHED, at, newest_form
from tests.integrations import mailboxes
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.integrations.mailboxes import client, mail_from, put
from tests.integrations.test_mime import OldName, zipped

SINCE = date(2020, 10, 20)
NOW = at(11, 20)


def filled(office: Office, department: str = "gaj", duty: int = 3, **figures: Any) -> bytes:
    """Return a department's newest form with one cooperating block filled in."""
    return edited(newest_form(office, department), lambda book: fill_in(book, "配合任务", duty, {**OWN, **figures}))


def outcomes(office: Office) -> list[tuple[str, str, str | None]]:
    with office.ledger() as ledger:
        return [(one.door, one.name, one.outcome) for one in ledger.envelopes()]


def token(office: Office, department: str = "gaj", round_id: str = FIRST_ROUND, renew: bool = False) -> str:
    with office.ledger() as ledger:
        a_round = next(one for one in ledger.rounds(round_id.split("/")[0]) if one.id == round_id)
        return doors.upload_link(office, ledger, a_round, department, NOW, renew)


def scope(office: Office, department: str = "gaj", round_id: str = FIRST_ROUND) -> doors.Scope:
    return doors.scope_of(token(office, department, round_id), NOW)


# -- the mailbox -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["mail_devel", "dovecot"])
def mailbox(request: pytest.FixtureRequest) -> Iterator[ImapAccount]:
    with getattr(mailboxes, request.param)() as account:
        yield replace(account, folder="报送")


def recreate(account: ImapAccount, *mails: bytes) -> None:
    """Make the folder anew, so that its mails are numbered anew, and put mails into it."""
    with client(account) as box:
        box.delete('"&YqWQAQ-"')
        box.create('"&YqWQAQ-"')
    put(account, *mails, folder='"&YqWQAQ-"', arrived=datetime(2020, 11, 19, 9, tzinfo=UTC))


def settings_for(account: ImapAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("host", "port", "security", "user", "password", "folder"):
        monkeypatch.setenv(f"LIANDONG_IMAP__{name.upper()}", str(getattr(account, name)))


def test_mails_are_recorded_once_though_the_mailbox_numbers_them_anew(
    opened: Office, mailbox: ImapAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mail_from("gaj@example.gov.cn", ("公安局.xlsx", filled(opened)))
    two = mail_from("nobody@example.com", subject="你好")
    recreate(mailbox, one, two)
    assert doors.fetch_from(opened, mailbox, SINCE, NOW) == 2
    assert doors.fetch_from(opened, mailbox, SINCE, NOW) == 0
    with client(mailbox, '"&YqWQAQ-"') as box:
        before = box.response("UIDVALIDITY")[1]
    recreate(mailbox, one, two)
    with client(mailbox, '"&YqWQAQ-"') as box:
        assert box.response("UIDVALIDITY")[1] != before
    settings_for(mailbox, monkeypatch)
    tick.collect(NOW)
    assert outcomes(opened) == [("mail", "报表", "accepted"), ("mail", "你好", "refused")]
    with opened.ledger() as ledger:
        first = ledger.envelopes()[0]
        assert opened.bytes_of(first.sha256).replace(b"\r\n", b"\n") == one
        assert first.received_at == datetime(2020, 11, 19, 9, tzinfo=UTC)  # when the server got it, not when it was fetched
        assert {one.to_email for one in ledger.messages() if one.kind == "receipt"} == {
            "gaj@example.gov.cn",
            "office@example.gov.cn",
        }


def test_a_mail_that_could_not_be_fetched_replaces_nothing_that_arrived_after_it(opened: Office, mailbox: ImapAccount) -> None:
    recreate(mailbox, mail_from("gaj@example.gov.cn", ("公安局.xlsx", filled(opened))))  # the day before
    doors.hand_in(scope(opened), "upload", [("更正.xlsx", filled(opened, **{"立案（件）": 9}))], NOW)
    doors.fetch_from(opened, mailbox, SINCE, NOW)
    tick.collect(NOW)
    assert {outcome for _, _, outcome in outcomes(opened)} == {"accepted"}
    with opened.ledger() as ledger:
        assert {one.value for one in ledger.figures("test-2020", "own") if one.indicator == "cases_filed"} == {9}
        (report,) = (one for one in ledger.standings("test-2020", FIRST_ROUND).values() if one.accepted)
        assert (report.version, report.highest) == (1, 2)
        assert report.received_at == datetime(2020, 11, 19, 9, tzinfo=UTC)  # it did report in time
        letters = [opened.bytes_of(one.sha256) for one in ledger.messages() if one.kind == "receipt"]
    assert any("仍以第1版为准" in parts_of(one).text for one in letters)


def test_a_file_is_dealt_with_without_looking_at_what_others_owe(opened: Office) -> None:
    looked_at = set()

    def note(row: ExpectedReportRow, _: object) -> None:
        looked_at.add(row.department_id)

    event.listen(ExpectedReportRow, "load", note)
    try:
        doors.hand_in(scope(opened), "upload", [("公安局.xlsx", filled(opened))], NOW)
    finally:
        event.remove(ExpectedReportRow, "load", note)
    assert looked_at == {"gaj"}


def test_a_mailbox_out_of_order_keeps_no_other_door_shut(opened: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_for(ImapAccount("127.0.0.1", mailboxes.free_port(), "plain", "a", "b"), monkeypatch)
    (opened.settings.watched_folder / "公安局.xlsx").write_bytes(filled(opened))
    with pytest.raises(WorldError, match="连不上邮箱服务器"):
        tick.collect(NOW)
    assert outcomes(opened) == [("folder", "公安局.xlsx", "accepted")]


# -- the folder --------------------------------------------------------------------------------------------------------


def test_an_archive_of_several_departments_with_names_in_gbk_is_taken_file_by_file(opened: Office) -> None:
    files = {"市公安局.xlsx": filled(opened), "报送/市文旅局.xlsx": filled(opened, "wlj", 1)}
    (opened.settings.watched_folder / "各单位.zip").write_bytes(zipped(files, OldName))
    tick.collect(NOW)
    assert outcomes(opened) == [("folder", "市公安局.xlsx", "accepted"), ("folder", "市文旅局.xlsx", "accepted")]
    taken = opened.settings.watched_folder / "已收"
    assert (taken / "R-2020-000002" / "市文旅局.xlsx").is_file()
    assert len(list((taken / "压缩包").rglob("各单位.zip"))) == 1


def test_an_archive_of_one_departments_workbook_and_summary_is_one_envelope(opened: Office) -> None:
    archive = zipped({"市公安局.xlsx": filled(opened), "工作总结.docx": b"PK"}, OldName)
    (opened.settings.watched_folder / "材料.zip").write_bytes(archive)
    tick.collect(NOW)
    assert outcomes(opened) == [("folder", "材料.zip", "accepted")]
    with opened.ledger() as ledger:
        assert [part.name for _, part in ledger.parts(FIRST_ROUND)] == ["市公安局.xlsx", "工作总结.docx"]


# -- links -------------------------------------------------------------------------------------------------------------


def test_one_file_by_three_doors_is_one_submission(opened: Office) -> None:
    data = filled(opened)
    doors.hand_in(scope(opened), "upload", [("公安局.xlsx", data)], NOW)
    (opened.settings.watched_folder / "公安局.xlsx").write_bytes(data)
    (opened.settings.watched_folder / "公安局.eml").write_bytes(mail_from("gaj@example.gov.cn", ("表.xlsx", data)))
    tick.collect(NOW)
    doors.hand_in(scope(opened), "api", [("公安局.xlsx", data)], NOW)
    assert sorted(outcome or "" for _, _, outcome in outcomes(opened)) == ["accepted", "duplicate", "duplicate", "duplicate"]
    with opened.ledger() as ledger:
        assert len(ledger.submissions(FIRST_ROUND)) == 1


def test_a_form_of_another_department_or_round_is_quarantined(opened: Office) -> None:
    foreign, own = filled(opened, "wlj", 1), filled(opened)
    doors.hand_in(scope(opened), "upload", [("文旅局.xlsx", foreign)], NOW)
    doors.hand_in(scope(opened, round_id=SECOND_ROUND), "upload", [("公安局.xlsx", own)], NOW)
    assert [outcome for _, _, outcome in outcomes(opened)] == ["quarantined"] * 2
    with opened.ledger() as ledger:
        assert ledger.submissions(FIRST_ROUND) == []


def test_a_link_shows_its_own_departments_things_and_nothing_else(opened: Office) -> None:
    (mine,) = doors.hand_in(scope(opened), "upload", [("../../公安局.xlsx", filled(opened))], NOW)
    view = doors.upload_view(scope(opened), NOW, [mine])
    assert (view.unit, [one.duty for one in view.items]) == ("市公安局", [3])
    assert [one.file_name for one in view.shown] == ["公安局.xlsx"]
    other = scope(opened, "wlj")
    assert doors.upload_view(other, NOW).earlier == ()
    for look in (doors.receipt, doors.annotated_copy):
        with pytest.raises(UnknownItem):
            look(other, mine)
    with pytest.raises(UnknownItem):
        doors.upload_view(other, NOW, [mine])


def test_a_link_ends_with_its_time_or_when_it_is_renewed_or_was_never_ours(opened: Office) -> None:
    old = token(opened)
    assert token(opened) == old
    for wrong in (old[:-1], old[1:], "", "x" * 5000, old.replace(".", ".x")):
        with pytest.raises(doors.BadLink):
            doors.scope_of(wrong, NOW)
    with pytest.raises(doors.ExpiredLink, match="已过期"):
        doors.scope_of(old, at(3, 1, year=2021))
    token(opened, renew=True)
    with pytest.raises(doors.ExpiredLink, match="已作废"):
        doors.scope_of(old, NOW)


def test_a_key_used_again_gives_the_same_receipt(opened: Office) -> None:
    one, other = filled(opened), filled(opened, **{"立案（件）": 9})
    first = doors.hand_in(scope(opened), "api", [("1.xlsx", one)], NOW, "钥匙1")
    assert doors.hand_in(scope(opened), "api", [("1.xlsx", one)], NOW, "钥匙1") == first
    with pytest.raises(Conflict):
        doors.hand_in(scope(opened), "api", [("1.xlsx", other)], NOW, "钥匙1")
    assert doors.hand_in(scope(opened, "wlj"), "api", [("1.xlsx", one)], NOW, "钥匙1") != first
    assert len(outcomes(opened)) == 2


def test_what_was_stored_and_not_checked_before_a_crash_is_checked_by_the_next_tick(opened: Office) -> None:
    doors.store(scope(opened), "upload", [("公安局.xlsx", filled(opened))], NOW)
    assert outcomes(opened) == [("upload", "公安局.xlsx", None)]
    tick.collect(NOW)
    assert outcomes(opened) == [("upload", "公安局.xlsx", "accepted")]


def test_letters_carry_the_link_when_the_office_has_a_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_WEB__PUBLIC_URL", "https://upload.example.gov.cn/")
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    tick.daily(at(11, 24))
    with office.ledger() as ledger:
        mails = [(one.kind, parts(office.bytes_of(one.sha256))) for one in ledger.messages() if one.department == "gaj"]
    link = f"https://upload.example.gov.cn/u/{token(office)}"
    assert {kind for kind, _ in mails} == {"assignment", "reminder"}
    assert all(link in text for _, text in mails)


def parts(raw: bytes) -> str:
    from integrations.inbox.mime import parts_of

    return parts_of(raw).text
