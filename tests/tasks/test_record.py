"""The record proves the ledger: whatever is touched behind the program's back, event, row or file, is found and named."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from campaigns.decisions import Kind, Selection
from campaigns.events import chain
from flows import tick
from integrations import settings
from liandong.cli import run
from tasks.campaign import launch
from tasks.decide import ask, decide
from tasks.office import Office
from tasks.record import verify
from tests.builders import FIRST_ROUND, small_plan
from tests.flows.test_tick import answer, new_office
from tests.tasks.test_decide import LEAD, UNIT, at, extension, order


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder of an office whose first round is over, with every kind of decision in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIANDONG_HOME", "")
        office = new_office(tmp_path_factory.mktemp("walked") / "office")
        launch(small_plan(), datetime(2020, 10, 20, 1, tzinfo=UTC))
        tick.daily(at(10, 23))
        answer(office, "swj", [("配合任务", 1)], at(11, 19))
        answer(office, "wlj", [("配合任务", 1)], at(11, 19))
        asked = ask(Selection((f"{FIRST_ROUND}/1/dong",)), date(2020, 12, 1), "停电", "东山县联络员", "phone", at(11, 20))
        decide(order(Kind.DECLINE, request=asked.id), at(11, 20), confirm=True)
        decide(order(Kind.WITHDRAW, UNIT), at(11, 20, 11), confirm=True)
        answer(office, "swj", [("牵头任务", 2)], at(11, 23))
        decide(extension(LEAD, to="2020-12-15"), at(11, 24), confirm=True)
        decide(order(Kind.WAIVE, f"{FIRST_ROUND}/1/xi"), at(11, 24), confirm=True)
        person = {"capacity": "liaison", "name": "李乙", "email": "li@example.gov.cn", "phone": ""}
        decide(order(Kind.SUBSTITUTE, "gaj", granted=person), at(11, 24), confirm=True)
        for day in (at(11, 25), at(11, 30), at(12, 14)):
            tick.daily(day)
        decide(order(Kind.CLOSE, FIRST_ROUND), at(12, 14, 15), confirm=True)
        tick.daily(at(12, 15))
        yield office.home


@pytest.fixture
def copy(walked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of that folder, for one test alone."""
    home = tmp_path / "copy"
    shutil.copytree(walked, home)
    monkeypatch.setenv("LIANDONG_HOME", str(home))
    return home


def test_an_untouched_ledger_is_what_its_record_says(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify()
    assert found.faults == ()
    assert (found.campaigns, found.anchors) == (1, 5)
    assert run(["verify"]) == 0
    assert "与存证完全相符" in capsys.readouterr().out


ROWS = {
    "campaign": ("title", "test-2020"),
    "round": ("due_on", FIRST_ROUND),
    "expected_report": ("due_at", LEAD),
    "submission": ("received_at", f"R-2020-000002:{FIRST_ROUND}/1/wlj#1"),
    "fact": ("value", f"R-2020-000002:{FIRST_ROUND}/1/wlj#1"),
    "envelope": ("received_at", "R-2020-000002"),
    "part": ("name", "R-2020-000002"),
    "decision": ("basis", "test-2020/D0003"),
    "request": ("reason", "test-2020/Q0001"),
    "message": ("to_email", "receipt:R-2020-000002"),
    "notice": ("slot", ""),
    "rollup": ("coverage", FIRST_ROUND),
    "form": ("layout", f"{FIRST_ROUND}:wlj:v1"),
}
OTHER = {"due_on": "2020-12-04", "due_at": "2020-12-30 09:30:00.000000", "received_at": "2020-11-01 09:30:00.000000"}
OTHER |= {"value": "990000", "slot": "2020-11-01 00:30:00.000000"}


@pytest.mark.parametrize("table", ROWS)
def test_an_altered_row_is_named(copy: Path, table: str) -> None:
    column, code = ROWS[table]
    named = code.split("#", maxsplit=1)[0]
    with sqlite3.connect(copy / "liandong.db") as ledger:
        where = f"rowid = (SELECT min(rowid) FROM {table} WHERE {_key(table)} LIKE ? || '%')"
        done = ledger.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (OTHER.get(column, "别的"), code))
        assert done.rowcount == 1
    found = verify().faults
    assert found
    assert any(named in one for one in found), found


KEYS = {"fact": "submission_id", "part": "envelope_id", "rollup": "round_id", "notice": "key", "message": "key", "form": "serial"}


def _key(table: str) -> str:
    return KEYS.get(table, "id")


@pytest.mark.parametrize("table", ["expected_report", "message", "decision", "rollup", "form", "campaign"])
def test_a_removed_row_is_named(copy: Path, table: str) -> None:
    code = ROWS[table][1]
    with sqlite3.connect(copy / "liandong.db") as ledger:
        assert ledger.execute(f"DELETE FROM {table} WHERE {_key(table)} = ?", (code,)).rowcount == 1
    assert any(code in one and "不见了" in one for one in verify().faults)


@pytest.mark.parametrize(("status", "says"), [("queued", "不见了"), ("refused", "与存证不符")])
def test_whether_a_letter_left_is_proved_too(copy: Path, status: str, says: str) -> None:
    key = ROWS["message"][1]
    with sqlite3.connect(copy / "liandong.db") as ledger:
        ledger.execute("UPDATE message SET status = ? WHERE key = ?", (status, key))
    assert f"test-2020：信件的投递结果“{key}”{says}" in verify().faults


def test_what_can_no_longer_be_read_is_named_with_its_table_and_hides_nothing_else(copy: Path) -> None:
    with sqlite3.connect(copy / "liandong.db") as ledger:
        ledger.execute("UPDATE round SET tally = 'x'")
        ledger.execute("UPDATE decision SET basis = '别的' WHERE id = 'test-2020/D0003'")
    faults = verify().faults
    assert "test-2020：报送期的表里有读不出的内容，被改动" in faults
    assert any("决定“test-2020/D0003”" in one for one in faults)


PUT_IN = {
    "fact": "INSERT INTO fact SELECT 'x' || submission_id, {rest} FROM fact LIMIT 1",
    "part": "INSERT INTO part SELECT 'x' || envelope_id, {rest} FROM part LIMIT 1",
    "submission": "DELETE FROM envelope WHERE id = 'R-2020-000002'",
    "notice": "UPDATE notice SET status = 'superseded', by = 'nobody' WHERE rowid = (SELECT min(rowid) FROM notice)",
    "event": "UPDATE event SET recorded_at = 'gestern' WHERE sequence = (SELECT max(sequence) FROM event)",
    "envelope": "UPDATE envelope SET received_at = 'gestern' WHERE id = 'R-2020-000002'",
}


@pytest.mark.parametrize("table", PUT_IN)
def test_rows_put_in_left_alone_or_made_unreadable_are_named_and_stop_nothing(copy: Path, table: str) -> None:
    with sqlite3.connect(copy / "liandong.db") as ledger:
        columns = [one[1] for one in ledger.execute(f"PRAGMA table_info({table})")]
        ledger.execute(PUT_IN[table].format(rest=", ".join(columns[1:])))
    faults = verify().faults
    said = {"notice": "信件“", "event": "事件的表里有读不出的内容", "envelope": "来件的表里有读不出的内容"}.get(
        table, f"表{table}里的“"
    )
    assert any(said in one for one in faults), faults


def test_an_altered_removed_or_replaced_event_is_named(copy: Path) -> None:
    with sqlite3.connect(copy / "liandong.db") as ledger:
        ledger.execute("UPDATE event SET text = replace(text, '来函', '口头') WHERE sequence = 30")
        ledger.execute("UPDATE event SET text = replace(text, 'office', 'offlce') WHERE sequence = 12")
        ledger.execute("DELETE FROM event WHERE sequence = 20")
    faults = verify().faults
    assert any("第12号事件" in one and "指纹不符" in one for one in faults)
    assert any("第21号事件" in one and "缺少第20号事件" in one for one in faults)


def test_a_chain_written_anew_is_found_by_the_anchors(copy: Path) -> None:
    """Who rewrites the last event and its hash alike is still contradicted by the day's anchor."""
    with sqlite3.connect(copy / "liandong.db") as ledger:
        rows = list(ledger.execute("SELECT sequence, text, hash FROM event ORDER BY sequence"))
        last, before = rows[-1], rows[-2]
        text = last[1].replace('"actor":"', '"actor":"x')
        ledger.execute("UPDATE event SET text = ?, hash = ? WHERE sequence = ?", (text, chain(before[2], text), last[0]))
    assert [one for one in verify().faults if "存证不符" in one and f"第{last[0]}号" in one]


def test_a_file_with_one_other_byte_is_named(copy: Path) -> None:
    letter = sorted((copy / "outbox").glob("*.eml"))[3]
    book = next((copy / "rollup").iterdir())
    raw = next(path for path in (copy / "raw").rglob("*") if path.is_file() and path.stat().st_size > 1000)
    for path in (letter, book):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    found = verify().faults
    assert f"outbox/{letter.name}被改动" in found
    assert f"rollup/{book.name}被改动" in found
    raw.chmod(0o600)
    raw.unlink()
    assert any(raw.name in one and "不见了" in one for one in verify().faults)


def test_a_receipt_says_where_the_record_of_it_stands(copy: Path) -> None:
    with Office(settings.load()).ledger() as ledger:
        message = ledger.message("receipt:R-2020-000002")
        events = [json.loads(text) | {"hash": mark} for text, mark in ledger.events("test-2020")]
    settled = next(one for one in events if one["kind"] == "envelope.settled" and one["about"] == "R-2020-000002")
    assert message
    letter = message_from_bytes((copy / "outbox" / message.file).read_bytes(), policy=default)
    text = letter.get_body(("plain",))
    assert text
    assert f"第{settled['sequence']}号 {settled['hash'][:16]}" in text.get_content()


@pytest.mark.parametrize("gone", [slice(2, 3), slice(0, 5)])
def test_anchors_that_are_gone_are_missed(copy: Path, gone: slice) -> None:
    for path in sorted((copy / "anchors").iterdir())[gone]:
        path.unlink()
    assert any(("存证文件" in one and "不见了" in one) or "删除" in one for one in verify().faults)


def test_an_altered_anchor_is_named(copy: Path) -> None:
    path = sorted((copy / "anchors").iterdir())[1]
    path.write_text(path.read_text("utf-8").replace("第", "第1", 1), "utf-8")
    assert any(path.name in one for one in verify().faults)
    assert run(["verify", "--json"]) == 1
