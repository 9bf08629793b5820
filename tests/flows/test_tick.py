"""Two rounds of a campaign walked by ticks: on time, doubled, skipped, late; what is sent is always the same, and once."""

import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import icalendar
import pytest
from openpyxl import Workbook, load_workbook

from campaigns.errors import WorldError
from campaigns.plan import expand
from campaigns.states import State, state
from campaigns.workdays import OfficeHours, Slots, instant
from flows import tick
from integrations import settings
from tasks.campaign import launch, plan_of, standings_of
from tasks.doors import take_in
from tasks.office import Office
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, small_definition, small_directory, small_plan
from tests.integrations.excel.filling import OWN, edited, fill_in, row_of

LAUNCHED = datetime(2020, 10, 20, 1, tzinfo=UTC)
CAMPAIGN = "test-2020"


def at(month: int, day: int, hour: int = 10, year: int = 2020) -> datetime:
    """Return an instant given in office time."""
    return instant(date(year, month, day), time(hour))


def newest_form(office: Office, department: str, round_id: str = FIRST_ROUND) -> bytes:
    """Return the newest form that was sent to a department, taken from its letter."""
    with office.ledger() as ledger:
        return office.bytes_of(ledger.forms(round_id, department)[-1].sha256)


def drop(office: Office, name: str, data: bytes, now: datetime) -> None:
    """Drop a file into the watched folder and let it be collected."""
    (office.settings.watched_folder / name).write_bytes(data)
    tick.collect(now)


def answer(office: Office, department: str, blocks: list[tuple[str, int]], now: datetime, round_id: str = FIRST_ROUND) -> None:
    """Fill in some blocks of a department's newest form and drop it."""

    def fill(book: Workbook) -> None:
        for sheet, duty in blocks:
            fill_in(book, sheet, duty)

    drop(office, f"{department}.xlsx", edited(newest_form(office, department, round_id), fill), now)


ANSWERS = {
    at(11, 20): ("swj", [("配合任务", 1)]),
    at(11, 30): ("wlj", [("配合任务", 1)]),  # late: leads hear of it again
    at(12, 2): ("swj", [("牵头任务", 2)]),
    at(12, 7): ("fgw", [("牵头任务", 3)]),  # late at the office
}


_SPELLS = (
    (at(10, 20), at(10, 23)),
    (at(11, 19), at(12, 11)),
    (at(4, 30, year=2021), at(5, 8, year=2021)),
    (at(6, 7, year=2021), at(6, 28, year=2021)),
)


def slots_of_interest(slots: Slots) -> Iterator[datetime]:
    """Yield the daily rounds of the days around everything that happens in the first two rounds."""
    for first, last in _SPELLS:
        day = first
        while day <= last:
            yield from slots.of(day.date())
            day += timedelta(days=1)


def walk(office: Office, moments: list[datetime]) -> list[tuple[str, str, str]]:
    """Return every mail of the walk: Message-ID, recipient, subject; departments answer at fixed times in between."""
    launch(small_plan(), LAUNCHED)
    answers = dict(ANSWERS)
    for moment in moments:
        for due in sorted(answers):
            if due <= moment:
                answer(office, *answers.pop(due), due)
        tick.daily(moment)
    with office.ledger() as ledger:
        return [(one.message_id, one.to_email, one.subject) for one in ledger.messages()]


def on_time(slots: Slots) -> list[datetime]:
    return list(slots_of_interest(slots))


def doubled(slots: Slots) -> list[datetime]:
    return [moment for moment in slots_of_interest(slots) for _ in range(2)]


def one_a_day_and_late(slots: Slots, seed: int = 1) -> list[datetime]:
    """Return ticks of which every day has one, an hour or so late, the other skipped."""
    choice = random.Random(seed)
    days: dict[date, list[datetime]] = {}
    for moment in slots_of_interest(slots):
        days.setdefault(moment.date(), []).append(moment)
    return [choice.choice(found) + timedelta(minutes=choice.randrange(80)) for found in days.values()]


def new_office(folder: Path) -> Office:
    """Return a new office in a folder, and make it the one of LIANDONG_HOME."""
    settings.set_home(folder)
    return Office(settings.initialise("测试市消费者联席办", "office@example.gov.cn", time(8, 30), time(17, 30), None))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, list[tuple[str, str, str]]]]:
    """Yield an office after two rounds walked on time, and the mails it sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIANDONG_HOME", "")
        office = new_office(tmp_path_factory.mktemp("finished") / "office")
        yield office, walk(office, on_time(office.slots(small_plan())))


@pytest.mark.parametrize("ticks", [doubled, one_a_day_and_late], ids=["doubled", "skipped and late"])
def test_ticks_doubled_skipped_and_late_send_the_same_mails(
    finished: tuple[Office, list[tuple[str, str, str]]],
    ticks: Callable[[Slots], list[datetime]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path))
    other = new_office(tmp_path / "other")
    found = walk(other, ticks(other.slots(small_plan())))
    assert sorted(found) == sorted(finished[1])
    assert max(Counter(key for key, _, _ in found).values()) == 1


def test_the_first_two_rounds_from_launch_to_roll_up(
    finished: tuple[Office, list[tuple[str, str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, mails = finished
    monkeypatch.setenv("LIANDONG_HOME", str(office.home))
    kinds = Counter(subject[: subject.index("】") + 1] for _, _, subject in mails)
    assert kinds["【联合执法】"] == 14  # seven departments, two rounds
    assert kinds["【回执】"] == len(ANSWERS)
    assert kinds["【汇总】"] == 2
    assert len(list((office.home / "outbox").glob("*.eml"))) == len(mails)
    assert [path.name for path in sorted((office.home / "rollup").iterdir())] == [
        "放心消费专项行动_2020年下半年_汇总_第1版.xlsx",
        "放心消费专项行动_2021年上半年_汇总_第1版.xlsx",
    ]
    standings = standings_of(CAMPAIGN)
    states = {one: state(standings[f"{FIRST_ROUND}/{one}"], at(12, 15)) for one in ("1/swj", "1/wlj", "2/swj", "3/fgw", "1/scjg")}
    assert states == {
        "1/swj": State.RECEIVED,
        "1/wlj": State.LATE,
        "2/swj": State.RECEIVED,
        "3/fgw": State.LATE,
        "1/scjg": State.MISSING,
    }
    page = (office.home / "台账.html").read_text("utf-8")
    assert "市文旅局" in page and "迟报" in page
    links = {unquote(href) for href in re.findall(r'href="([^"#:]+)"', page)}
    assert {href.split("/")[0] for href in links} == {"documents", "forms", "inbox", "outbox", "rollup"}
    assert not [href for href in links if not (office.home / href).is_file()]


def bundles(office: Office, department: str) -> list[tuple[str, bytes]]:
    """Return the bundles a lead was sent: the day, and the letter."""
    with office.ledger() as ledger:
        found = [
            one for one in ledger.messages() if one.kind == "bundle" and one.department == department and one.round == FIRST_ROUND
        ]
    return [(f"{one.made_at:%m-%d}", office.bytes_of(one.sha256)) for one in found]


def test_a_lead_hears_after_the_first_hop_and_after_each_later_arrival(
    finished: tuple[Office, list[tuple[str, str, str]]],
) -> None:
    office, _ = finished
    (first_day, first), (second_day, second) = bundles(office, "scjg")
    assert (first_day, second_day) == ("11-27", "11-30")
    for raw, reported in ((first, "应报4家，已报1家：市商务局"), (second, "应报4家，已报2家：市商务局、市文旅局")):
        form, _material = message_from_bytes(raw, policy=default).iter_attachments()
        sheet = load_workbook(BytesIO(form.get_payload(decode=True)))["牵头任务"]
        assert str(sheet.cell(row_of(sheet, 1, "配合单位情况"), 3).value).startswith(reported)
    assert sheet.cell(row_of(sheet, 1, "配合单位小计"), 3).value == 2 * OWN["出动执法人员（人次）"]


def test_a_letter_of_assignment_carries_the_form_and_the_dates_for_a_calendar(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    (letter,) = [path for path in (office.home / "outbox").glob("*.eml") if "市市场监管局" in path.name]
    form, dates = message_from_bytes(letter.read_bytes(), policy=default).iter_attachments()
    assert str(form.get_filename()).endswith(".xlsx") and dates.get_content_type() == "text/calendar"
    events = icalendar.Calendar.from_ical(dates.get_content()).walk("VEVENT")
    due = {str(event["UID"]): event["DTEND"].dt.astimezone(UTC) for event in events}
    owed = {one.role: one.due_at for one in small_plan().expected_in(FIRST_ROUND) if one.department == "scjg"}
    assert due == {f"{FIRST_ROUND}/scjg/{role.value}@example.gov.cn": moment for role, moment in owed.items()}
    assert all(event.walk("VALARM") and event["SEQUENCE"] == 0 for event in events)


def test_letter_and_form_say_where_a_duty_stands_in_the_document(office: Office) -> None:
    small = small_definition()
    cited = small.duties[0].model_copy(update={"clause": "三（一）1"})
    plan = small.model_copy(update={"duties": (cited, *small.duties[1:])})
    launch(expand(plan, small_directory(), WORKDAYS, OfficeHours()), LAUNCHED)
    tick.daily(at(10, 26))
    (file,) = [path for path in (office.home / "outbox").glob("*.eml") if "市文旅局" in path.name]
    letter = message_from_bytes(file.read_bytes(), policy=default)
    text, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert "任务1　全面提高标准化水平\n    条款：三（一）1\n    报送给：市市场监管局\n" in text.replace("\r\n", "\n")
    assert "条款：三（一）1" in html
    cover = load_workbook(BytesIO(newest_form(office, "wlj"))).worksheets[0]
    assert cover["C7"].value == "全面提高标准化水平\n条款：三（一）1"


def test_after_a_long_outage_what_is_past_is_not_reminded_of(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    tick.daily(at(12, 1))
    with office.ledger() as ledger:
        subjects = [one.subject for one in ledger.messages() if one.kind in ("reminder", "overdue") and one.department == "gaj"]
        superseded = [key for key, status in ledger.notices(CAMPAIGN).items() if status == "superseded"]
    assert len(subjects) == 2 and all(subject.startswith("【逾期】") for subject in subjects)  # the liaison's and the leader's
    assert f"{FIRST_ROUND}/3/gaj:before3:liaison:v1" in superseded


def test_a_second_version_replaces_the_first_and_the_same_file_again_is_a_duplicate(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    form = newest_form(office, "gaj")
    first = edited(form, lambda book: fill_in(book, "配合任务", 3))
    second = edited(form, lambda book: fill_in(book, "配合任务", 3, {**OWN, "立案（件）": 5}))
    for hour, data in ((9, first), (10, second), (11, second)):
        drop(office, "公安局.xlsx", data, at(11, 20, hour))
    with office.ledger() as ledger:
        assert [one.outcome for one in ledger.envelopes()] == ["accepted", "accepted", "duplicate"]
        assert {fact.indicator: fact.value for fact in ledger.figures(CAMPAIGN, "own")}["cases_filed"] == 5
        assert ledger.standings(CAMPAIGN)[f"{FIRST_ROUND}/3/gaj"].received_at == at(11, 20, 9)


def test_a_form_of_a_round_that_is_over_is_returned_with_the_reason(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    form = newest_form(office, "gaj")
    tick.daily(at(12, 14))
    drop(office, "公安局.xlsx", edited(form, lambda book: fill_in(book, "配合任务", 3)), at(12, 15))
    with office.ledger() as ledger:
        (envelope,) = ledger.envelopes()
    assert envelope.outcome == "returned"
    assert "2020年下半年的报表，该期已于" in envelope.reason
    assert office.bytes_of(envelope.sha256)


def test_a_file_whose_name_is_not_utf8_is_taken_in_and_linked(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    filled = edited(newest_form(office, "gaj"), lambda book: fill_in(book, "配合任务", 3))
    (office.settings.watched_folder / os.fsdecode("公安局.xlsx".encode("gbk"))).write_bytes(filled)
    tick.tick(at(11, 20))
    with office.ledger() as ledger:
        (envelope,) = ledger.envelopes()
    assert (envelope.name, envelope.outcome) == ("公安局.xlsx", "accepted")
    assert "%B9%AB%B0%B2%BE%D6.xlsx" in (office.home / "台账.html").read_text("utf-8")


def test_a_crash_before_a_file_is_put_away_does_not_make_it_arrive_twice(office: Office) -> None:
    file = office.settings.watched_folder / "报表.xlsx"
    file.write_bytes(b"a")
    take_in(at(11, 20))
    file.write_bytes(b"a")  # what a crash right after the file was recorded leaves behind
    tick.tick(at(11, 20, 11))
    with office.ledger() as ledger:
        assert len(ledger.envelopes()) == len(ledger.messages()) == 1
    assert not file.exists()


def test_two_ticks_at_once_take_a_file_in_once(office: Office) -> None:
    for number in range(8):
        (office.settings.watched_folder / f"{number}.xlsx").write_bytes(b"%d" % number)
    code = "from datetime import datetime, UTC; from flows.tick import tick; tick(datetime(2020, 11, 20, tzinfo=UTC))"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(240) for process in running] == [0, 0]
    with office.ledger() as ledger:
        assert [one.name for one in ledger.envelopes()] == [f"{number}.xlsx" for number in range(8)]
        assert Counter(one.status for one in ledger.messages()) == {"sent": 8}


def test_without_its_inbox_the_office_is_told_and_the_rest_is_done(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    office.settings.watched_folder.rmdir()
    with pytest.raises(WorldError, match=r"收件文件夹.*不存在"):
        tick.tick(at(10, 26))
    assert list((office.home / "outbox").glob("*.eml"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "空"),
        (b"<html><body><table><tr><td>1</td></tr></table></body></html>", "网页"),
        (b"PK\x03\x04" + b"\0" * 60, "不完整"),
    ],
    ids=["empty", "html", "truncated"],
)
def test_a_file_that_is_no_workbook_is_refused_in_chinese_and_kept(office: Office, data: bytes, reason: str) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    drop(office, "报表.xlsx", data, at(11, 20))
    with office.ledger() as ledger:
        (envelope,) = ledger.envelopes()
        receipts = [one for one in ledger.messages() if one.kind == "receipt"]
    assert envelope.outcome == "refused" and reason in envelope.reason
    assert office.bytes_of(envelope.sha256) == data
    assert len(receipts) == 1
    assert not list(office.settings.watched_folder.glob("*.xlsx"))


def letter(sender: str, *files: tuple[str, bytes], subject: str = "报表", **headers: str) -> bytes:
    """Return a mail as a department sends it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "office@example.gov.cn", subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("您好")
    for name, data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def test_a_mail_with_another_departments_form_is_quarantined(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    filled = edited(newest_form(office, "gaj"), lambda book: fill_in(book, "配合任务", 3))
    drop(office, "mail.eml", letter("wlj@example.gov.cn", ("报表.xlsx", filled)), at(11, 20))
    with office.ledger() as ledger:
        (envelope,) = ledger.envelopes()
        (receipt,) = [one for one in ledger.messages() if one.kind == "receipt"]
        assert ledger.figures(CAMPAIGN, "own") == []
    assert envelope.outcome == "quarantined"
    assert receipt.to_email == "wlj@example.gov.cn"  # the registered sender hears of it, not the department whose form it is


def test_of_several_forms_in_one_mail_the_senders_own_is_taken_and_the_others_are_named(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    own = edited(newest_form(office, "gaj"), lambda book: fill_in(book, "配合任务", 3))
    newer = edited(newest_form(office, "gaj"), lambda book: fill_in(book, "配合任务", 3, {**OWN, "立案（件）": 5}))
    foreign = edited(newest_form(office, "wlj"), lambda book: fill_in(book, "配合任务", 1))
    files = (("文旅局.xlsx", foreign), ("公安局.xlsx", own), ("公安局（改）.xlsx", newer))
    drop(office, "1.eml", letter("gaj@example.gov.cn", *files), at(11, 20))
    for number, (sender, data) in enumerate((("gaj", newer), ("wlj", foreign)), 2):  # what was not taken is no duplicate
        drop(office, f"{number}.eml", letter(f"{sender}@example.gov.cn", ("报表.xlsx", data)), at(11, 20, 8 + number))
    with office.ledger() as ledger:
        first, second, third = ledger.envelopes()
        assert len(ledger.submissions(FIRST_ROUND)) == 3
    assert [one.outcome for one in (first, second, third)] == ["accepted"] * 3
    assert "《文旅局.xlsx》是下发给市文旅局的报表，没有受理" in first.reason
    assert "《公安局（改）.xlsx》没有受理：一封邮件只受理一份报表" in first.reason


def test_machines_are_not_answered_and_a_letter_that_came_back_is_marked(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    with office.ledger() as ledger:
        ours = next(one for one in ledger.messages() if one.department == "gaj")
    drop(office, "1.eml", letter("gaj@example.gov.cn", subject="自动回复：我在休假"), at(11, 20))
    drop(office, "2.eml", letter("postmaster@example.gov.cn", subject="系统退信", In_Reply_To=ours.message_id), at(11, 20))
    with office.ledger() as ledger:
        assert not [one for one in ledger.messages() if one.kind == "receipt"]
        assert [one.key for one in ledger.messages() if one.status == "undelivered"] == [ours.key]
        assert [one.to_email for one in ledger.messages() if one.kind == "undelivered"] == ["office@example.gov.cn"]
        assert "发往“gaj@example.gov.cn”的" in ledger.envelopes()[1].reason


def test_what_waits_for_a_person_stands_on_the_page(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    with office.ledger() as ledger:
        ours = next(one for one in ledger.messages() if one.department == "gaj")
    inbox = office.settings.watched_folder
    (inbox / "子文件夹").mkdir()
    (inbox / "链接.xlsx").symlink_to("/etc/hostname")
    form = newest_form(office, "gaj")
    (inbox / "1.eml").write_bytes(letter("nobody@example.com", ("报表.xlsx", form)))
    (inbox / "2.eml").write_bytes(letter("postmaster@example.gov.cn", subject="系统退信", In_Reply_To=ours.message_id))
    tick.tick(at(11, 2))
    page = (office.home / "台账.html").read_text("utf-8")
    assert "请办公室处理（4件）" in page
    for words in ("信件没有送达：发给市公安局联络员", "来件待核：R-2020-000001", "“子文件夹”没有收取", "“链接.xlsx”没有收取"):
        assert words in page


def test_a_returned_file_sent_again_unchanged_is_told_to_be_mended(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    blank = newest_form(office, "gaj")
    drop(office, "公安局.xlsx", blank, at(11, 20))
    drop(office, "公安局.xlsx", blank, at(11, 20, 11))
    with office.ledger() as ledger:
        first, second = ledger.envelopes()
        receipt = next(one for one in ledger.messages() if one.key == f"receipt:{first.id}")
    assert (first.outcome, second.outcome) == ("returned", "duplicate")
    assert "那一份已退回修改，请改好后再报" in second.reason
    words = message_from_bytes(office.bytes_of(receipt.sha256), policy=default).get_body(("plain",)).get_content()
    assert "没有填写任何一项任务" in words and "标注在附件" not in words


def test_launching_again_changes_nothing(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(LAUNCHED)
    with office.ledger() as ledger:
        before = len(ledger.events(CAMPAIGN)), len(ledger.messages())
    assert not launch(small_plan(), LAUNCHED)
    tick.daily(LAUNCHED)
    with office.ledger() as ledger:
        assert (len(ledger.events(CAMPAIGN)), len(ledger.messages())) == before
    assert plan_of(CAMPAIGN).rounds[1].id == SECOND_ROUND
