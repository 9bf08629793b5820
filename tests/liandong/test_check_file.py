"""`liandong check-file`: the verdict on a filled workbook, without sending anything."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from flows import tick
from integrations.signing import sign
from liandong.cli import run
from tasks.campaign import cancel, launch
from tasks.office import Office
from tests.builders import small_plan
from tests.integrations.excel.filling import OWN, edited, fill_in

LAUNCHED = datetime(2020, 10, 20, 1, tzinfo=UTC)


def stamps(folder: Path) -> dict[Path, int]:
    files = (path for path in folder.rglob("*") if path.is_file() and "liandong.db-" not in path.name)
    return {path: path.stat().st_mtime_ns for path in files}


@pytest.fixture
def asked(office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that gives the exit code and the answer on a file, after proving that nothing was written."""

    def ask(data: bytes) -> tuple[int, Any]:
        file = tmp_path / "报表.xlsx"
        file.write_bytes(data)
        before = stamps(office.home)
        code = run(["check-file", str(file), "--json"])
        assert before == stamps(office.home)
        return code, json.loads(capsys.readouterr().out)

    return ask


def form_of(office: Office) -> bytes:
    launch(small_plan(), LAUNCHED)
    tick.daily(datetime(2020, 10, 26, 1, tzinfo=UTC))
    with office.ledger() as ledger:
        return office.bytes_of(ledger.forms("test-2020/summary-2020-2", "gaj")[-1].sha256)


def test_the_outcomes_and_their_exit_codes(office: Office, asked: Any) -> None:
    form = form_of(office)
    good = edited(form, lambda book: fill_in(book, "配合任务", 3))
    assert asked(good) == (0, {"outcome": "accepted", "findings": []})
    code, answer = asked(edited(form, lambda book: fill_in(book, "配合任务", 3, {**OWN, "立案（件）": "约3"})))
    (finding,) = answer["findings"]
    assert (code, answer["outcome"], finding["sheet"], finding["value"]) == (1, "returned", "配合任务", "约3")
    assert finding.keys() == {"rule", "severity", "sheet", "cell", "value", "expected", "message"}
    assert (finding["severity"], finding["cell"][0]) == ("block", "E")
    assert (asked(form)[0], asked(form)[1]["findings"][0]["rule"]) == (1, "nothing-filled")
    assert (asked(b"%PDF-1.7")[0], asked(b"%PDF-1.7")[1]["outcome"]) == (2, "refused")
    assert asked(edited(good, lambda book: book.remove(book["_ld"])))[1]["findings"][0]["rule"] == "token-missing"
    (office.settings.watched_folder / "a.xlsx").write_bytes(good)
    tick.collect(datetime(2020, 11, 20, 1, tzinfo=UTC))
    code, answer = asked(good)
    assert (code, answer["outcome"]) == (0, "duplicate")


def test_what_would_be_quarantined_whoever_sends_it(office: Office, asked: Any) -> None:
    form = form_of(office)
    good = edited(form, lambda book: fill_in(book, "配合任务", 3))
    for forged in ({"serial": "x"}, {}):
        strange = sign(forged, "a secret of somebody else")
        code, answer = asked(edited(good, lambda book, token=strange: write_token(book, token)))
        assert (code, answer["outcome"], answer["findings"][0]["rule"]) == (3, "quarantined", "token-invalid")
    unknown = sign({"serial": "never issued"}, office.settings.secret)
    code, answer = asked(edited(good, lambda book: write_token(book, unknown)))
    assert (code, answer["findings"][0]["rule"]) == (3, "form-unknown")
    cancel("test-2020", "会议纪要（示例）", LAUNCHED)
    code, answer = asked(good)
    assert (code, answer["findings"][0]["rule"]) == (3, "campaign-cancelled")


def test_the_verdict_is_what_sending_brings(office: Office, asked: Any) -> None:
    form = form_of(office)
    good = edited(form, lambda book: fill_in(book, "配合任务", 3))
    files = {
        "accepted": good,
        "returned": edited(form, lambda book: fill_in(book, "配合任务", 3, {**OWN, "立案（件）": "约3"})),
        "refused": b"PK\x03\x04 no archive",
        "quarantined": edited(good, lambda book: write_token(book, "x.y")),
    }
    told = {name: asked(data)[1]["outcome"] for name, data in files.items()}
    for name, data in files.items():
        (office.settings.watched_folder / f"{name}.xlsx").write_bytes(data)
    tick.collect(datetime(2020, 11, 20, 1, tzinfo=UTC))
    with office.ledger() as ledger:
        brought = {one.name.removesuffix(".xlsx"): one.outcome for one in ledger.envelopes()}
    assert told == brought == {name: name for name in files}
    assert {asked(files["accepted"])[1]["outcome"], asked(files["returned"])[1]["outcome"]} == {"duplicate"}


def write_token(book: Workbook, token: str) -> None:
    book["_ld"]["A1"] = token


def test_it_speaks_plainly_and_needs_no_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "none"))
    file = tmp_path / "a.xls"
    file.write_bytes(b"<html>")
    assert run(["check-file", str(file)]) == 2
    assert "这是网页不是表格" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
