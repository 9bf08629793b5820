"""Figures entered on a department's behalf: checked as any workbook, previewed, and told with their source."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from campaigns.decisions import Effect, Kind, Selection
from campaigns.errors import Refused
from campaigns.records import EnvelopeRecord
from campaigns.states import State, state
from flows import tick
from integrations import settings
from integrations.database import tables
from integrations.database.engine import engine
from liandong.cli import run
from tasks.attention import attention
from tasks.campaign import launch, standings_of
from tasks.decide import Order, listed
from tasks.entering import accept, enter
from tasks.office import Office
from tests.builders import small_plan
from tests.flows.test_tick import LAUNCHED, at, drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.tasks.test_decide import CAMPAIGN, UNIT, whole

WRONG = {**OWN, "立案（件）": 1, "结案（件）": 9}


@pytest.fixture(params=["sqlite", "postgresql"])
def running(office: Office, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office, on either database, whose first round is open."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
        with engine(url).begin() as connection:
            names = ", ".join(f'"{table.name}"' for table in tables.Base.metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        monkeypatch.setenv("LIANDONG_DATABASE_URL", url)
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 23))
    return Office(settings.load())


def filled(office: Office, path: Path, figures: dict[str, object] = OWN) -> Path:
    """Return a file in which the office filled in the form of the bureau of commerce."""

    def fill(book: Workbook) -> None:
        fill_in(book, "配合任务", 1, figures)

    path.write_bytes(edited(newest_form(office, "swj"), fill))
    return path


def entered(file: Path, unit: str = "市商务局", by: str = "张甲", basis: str = "电话，李乙", *, confirm: bool = True) -> Effect:
    return enter(Order(Kind.ENTER, Selection(()), by, "", basis), unit, file, at(11, 20), confirm=confirm)


def test_what_is_entered_counts_as_sent_and_says_who_entered_it_on_what_basis(running: Office, tmp_path: Path) -> None:
    file, before = filled(running, tmp_path / "商务局.xlsx"), whole(running)
    shown = entered(file, confirm=False)
    assert whole(running) == before
    assert [(one.expected, one.before, one.after) for one in shown.changed] == [(UNIT, "办理中", "已报送")]
    made = entered(file)
    assert (made.changed, made.withdrawn, made.rates) == (shown.changed, shown.withdrawn, shown.rates)
    assert state(standings_of(CAMPAIGN)[UNIT], at(11, 20)) is State.RECEIVED
    (record,) = listed(CAMPAIGN)[0]
    assert (record.kind, record.by, record.basis, record.scope) == ("enter", "张甲", "电话，李乙", (UNIT,))
    with running.ledger() as ledger:
        (envelope,) = ledger.envelopes()
        assert (envelope.door, envelope.outcome, envelope.department) == ("office", "accepted", "swj")
        assert record.granted["envelope"] == envelope.id
        assert {one.expected for one in ledger.figures(CAMPAIGN, "own")} == {UNIT}
        letter = ledger.message(f"receipt:{envelope.id}")
    assert letter and letter.department == "swj"
    said = message_from_bytes(running.bytes_of(letter.sha256), policy=default).get_body(("plain",))
    assert said and "由办公室张甲代为登记" in said.get_content() and "电话，李乙" in said.get_content()


def test_what_would_be_returned_is_not_entered_and_every_fault_is_told_with_its_cell(running: Office, tmp_path: Path) -> None:
    file, before = filled(running, tmp_path / "商务局.xlsx", WRONG | {"检查经营主体（户次）": "约三十"}), whole(running)
    with pytest.raises(Refused) as refused:
        entered(file)
    assert len(refused.value.reasons) == 2 and all("配合任务" in one for one in refused.value.reasons)
    assert whole(running) == before


def test_another_departments_form_no_source_and_what_came_before_are_refused(running: Office, tmp_path: Path) -> None:
    file = filled(running, tmp_path / "商务局.xlsx")
    with pytest.raises(Refused, match=r"是下发给.*的报表，不是“市文旅局”的"):
        entered(file, "市文旅局")
    with pytest.raises(Refused) as refused:
        entered(file, by="", basis=" ")
    assert refused.value.reasons == ("没有写明经办人（--by）", "没有写明依据（--basis）")
    with pytest.raises(Refused, match="找不到或读不到文件"):
        entered(tmp_path / "没有.xlsx")
    with running.ledger() as ledger:
        assert ledger.envelopes() == [] and ledger.decisions(CAMPAIGN) == []
    drop(running, "自己报.xlsx", file.read_bytes(), at(11, 19))
    with pytest.raises(Refused, match="完全相同"):
        entered(file)


def test_the_command_shows_first_and_refuses_in_chinese(
    running: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = filled(running, tmp_path / "商务局.xlsx")
    words = ["enter", "市商务局", str(file), "--by", "张甲", "--basis", "纸质报表", "--as-of", "2020-11-20T10:00"]
    assert run(words) == 0
    assert "预览" in capsys.readouterr().out and listed(CAMPAIGN)[0] == []
    assert run([*words, "--confirm"]) == 0
    assert "已记入台账" in capsys.readouterr().out and len(listed(CAMPAIGN)[0]) == 1
    assert run([*words, "--confirm"]) == 1
    assert "完全相同" in capsys.readouterr().err


def accepted(number: str, *rules: str, confirm: bool = True) -> Effect:
    order = Order(Kind.ACCEPT, Selection(()), "张甲", "联席办主任", "电话核实，李乙")
    return accept(order, number, rules, at(11, 30), confirm=confirm)


def test_a_rule_that_cannot_be_met_is_left_aside_and_the_stored_figures_come_in(running: Office, tmp_path: Path) -> None:
    drop(running, "商务局.xlsx", filled(running, tmp_path / "表.xlsx", WRONG).read_bytes(), at(11, 20))
    with running.ledger() as ledger:
        (first,) = ledger.envelopes()
    with pytest.raises(Refused, match="加 --rule closed"):
        accepted(first.id)
    with pytest.raises(Refused, match="没有逻辑关系“clsed”，可以豁免的有：closed"):
        accepted(first.id, "clsed")
    before = whole(running)
    shown = accepted(first.id, "closed", confirm=False)
    assert whole(running) == before
    made = accepted(first.id, "closed")
    assert (made.changed, made.rates) == (shown.changed, shown.rates)
    standing = standings_of(CAMPAIGN)[UNIT]
    assert (state(standing, at(12, 1)), standing.received_at) == (State.RECEIVED, at(11, 20))  # when its bytes came: on time
    with running.ledger() as ledger:
        old, new = sorted(ledger.envelopes(), key=lambda one: one.id)
        assert old == first and (new.door, new.outcome, new.sha256) == ("office", "accepted", first.sha256)
        assert f"来件{first.id}决定受理" in new.reason and "电话核实，李乙" in new.reason
        assert {one.expected for one in ledger.figures(CAMPAIGN, "own")} == {UNIT}
        assert ledger.altered_rows(CAMPAIGN) == [] and ledger.broken_links(CAMPAIGN) == []
        letter = ledger.message(f"receipt:{new.id}")
    assert letter and letter.department == "swj"
    with pytest.raises(Refused):
        accepted(first.id, "closed")


def stranger(office: Office, folder: Path) -> EnvelopeRecord:
    """Return the envelope of the bureau's report, sent from a mailbox nobody registered."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "nobody@example.com", "office@example.gov.cn", "报表"
    mail.set_content("见附件")
    data = filled(office, folder / "表.xlsx").read_bytes()
    mail.add_attachment(data, "application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet", filename="表.xlsx")
    drop(office, "来信.eml", mail.as_bytes(), at(11, 20))
    with office.ledger() as ledger:
        (first,) = ledger.envelopes()
    return first


def to_see_to(office: Office) -> list[str]:
    with office.ledger() as ledger:
        return [one.partition("《")[0] for one in attention(office, ledger, at(11, 30)) if one.startswith("来件待核")]


def test_what_cannot_be_read_is_not_accepted(running: Office, tmp_path: Path) -> None:
    wrong = WRONG | {"检查经营主体（户次）": "约三十"}
    drop(running, "商务局.xlsx", filled(running, tmp_path / "表.xlsx", wrong).read_bytes(), at(11, 20))
    with running.ledger() as ledger:
        (first,) = ledger.envelopes()
    before = whole(running)
    with pytest.raises(Refused, match="约三十") as refused:
        accepted(first.id, "closed")
    assert len(refused.value.reasons) == 1
    assert whole(running) == before


def test_an_unregistered_mailbox_the_office_verified_is_accepted_unless_something_newer_came(
    running: Office, tmp_path: Path
) -> None:
    first = stranger(running, tmp_path)
    assert first.outcome == "quarantined"
    assert [one.expected for one in accepted(first.id, confirm=False).changed] == [UNIT]
    newer = filled(running, tmp_path / "新.xlsx", OWN | {"出动执法人员（人次）": 41})
    drop(running, "新.xlsx", newer.read_bytes(), at(11, 23))
    with pytest.raises(Refused, match="此后已收到新的有效版本（第1版）"):
        accepted(first.id)


def test_a_quarantined_mail_is_accepted_once(running: Office, tmp_path: Path) -> None:
    first = stranger(running, tmp_path)
    assert to_see_to(running) == [f"来件待核：{first.id}"]
    accepted(first.id)
    assert to_see_to(running) == []
    assert state(standings_of(CAMPAIGN)[UNIT], at(12, 1)) is State.RECEIVED
    with pytest.raises(Refused, match="完全相同"):
        accepted(first.id)
    assert [one.kind for one in listed(CAMPAIGN)[0]] == ["accept"]


def test_the_command_of_acceptance_shows_first_and_names_the_rule(
    running: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drop(running, "商务局.xlsx", filled(running, tmp_path / "表.xlsx", WRONG).read_bytes(), at(11, 20))
    signed = ["--by", "张甲", "--authority", "联席办主任", "--basis", "电话核实", "--as-of", "2020-11-30T10:00"]
    words = ["decide", "accept", "R-2020-000001", *signed]
    assert run([*words, "--confirm"]) == 1
    assert "加 --rule closed" in capsys.readouterr().err
    assert run([*words, "--rule", "closed"]) == 0
    assert "预览" in capsys.readouterr().out and listed(CAMPAIGN)[0] == []
    assert run([*words, "--rule", "closed", "--confirm"]) == 0
    assert "已记入台账" in capsys.readouterr().out and [one.kind for one in listed(CAMPAIGN)[0]] == ["accept"]
